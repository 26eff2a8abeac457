package slacksim

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// Cursors are opaque to clients. Inside they name the listing they belong to,
// so that one used elsewhere is refused as Slack refuses it.

func makeCursor(listing string, position int64) string {
	return base64.StdEncoding.EncodeToString([]byte("next:" + strconv.FormatInt(position, 10) + ":" + listing))
}

// readCursor returns the position of a cursor, or the fallback if there is none.
func readCursor(a args, listing string, fallback int64) (int64, error) {
	text := a.text("cursor")
	if text == "" {
		return fallback, nil
	}
	plain, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return 0, fail("invalid_cursor")
	}
	number, found := strings.CutSuffix(strings.TrimPrefix(string(plain), "next:"), ":"+listing)
	position, err := strconv.ParseInt(number, 10, 64)
	if !found || err != nil {
		return 0, fail("invalid_cursor")
	}
	return position, nil
}

// page returns the bounds of one page over n items and the cursor after it.
func page(a args, listing string, n, fallback, most int) (from, to int, next string, err error) {
	limit, err := a.number("limit", fallback)
	if err != nil {
		return 0, 0, "", err
	}
	if limit <= 0 || limit > most {
		if limit < 0 {
			return 0, 0, "", fail("invalid_limit")
		}
		limit = most
	}
	start, err := readCursor(a, listing, 0)
	if err != nil || start < 0 || start > int64(n) {
		return 0, 0, "", fail("invalid_cursor")
	}
	to = min(n, int(start)+limit)
	if to < n {
		next = makeCursor(listing, int64(to))
	}
	return int(start), to, next, nil
}

// span is a range of time in a listing, in microseconds, both ends included.
type span struct{ oldest, latest int64 }

const forever = int64(1) << 62

// readSpan reads oldest, latest and inclusive. Without inclusive the ends
// themselves are left out.
func readSpan(a args) (span, error) {
	r := span{oldest: 0, latest: forever}
	for name, end := range map[string]*int64{"oldest": &r.oldest, "latest": &r.latest} {
		text := a.text(name)
		if text == "" {
			continue
		}
		micros, valid := parseBound(text)
		if !valid {
			return r, fail("invalid_ts_" + name)
		}
		*end = micros
		if a.flag("inclusive") {
			continue
		}
		if name == "oldest" {
			*end++
		} else {
			*end--
		}
	}
	return r, nil
}

// key makes cursors of different ranges differ.
func (r span) key() string {
	return strconv.FormatInt(r.oldest, 36) + "-" + strconv.FormatInt(r.latest, 36)
}

// unlistedPage is the page size of unlisted commercial apps.
// https://docs.slack.dev/apis/web-api/rate-limits
const unlistedPage = 15

// pageSize applies the history cap to the limit argument.
func (s *Sim) pageSize(a args, fallback, most int) (int, error) {
	limit, err := a.number("limit", fallback)
	if err != nil {
		return 0, err
	}
	if limit < 0 {
		return 0, fail("invalid_limit")
	}
	if cap := s.opts.HistoryPageCap; cap > 0 && most > cap {
		most = cap
	}
	if limit == 0 || limit > most {
		limit = most
	}
	return limit, nil
}
