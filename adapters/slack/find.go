package slack

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// findMargin is how far before the attempt we look: clocks and the Date header
// have their grain.
const findMargin = 5 * time.Second

// Find implements bridge.Surface: it looks in the thread, or in the channel for a
// root, for a post of ours with the attempt's token.
func (a *Adapter) Find(ctx context.Context, at bridge.Attempt) (bridge.Receipt, bool, error) {
	if at.Call.Verb != bridge.VerbPost {
		return bridge.Receipt{}, false, nil // repeating it is as good
	}
	if err := a.knowing(ctx); err != nil {
		return bridge.Receipt{}, false, err
	}
	ids := memoIDs(at.Memo)
	if u, ok := at.Call.Payload.(*upload); ok {
		r, found, err := a.findShared(ctx, at, u, ids)
		if found || err != nil {
			return r, found, err
		}
	}
	oldest := a.findFrom(at)
	var receipt bridge.Receipt
	match := func(m *message) bool {
		hit := a.isOurs(m) && (tokenIn(m) == at.Token || sharesAny(m, ids))
		if hit && (at.Call.Root || isReply(m.TS, m.ThreadTS)) {
			receipt = bridge.Receipt{Ref: m.TS, Print: a.printOf(m)}
		}
		return receipt.Ref != ""
	}
	err := a.scan(ctx, at, oldest, match)
	return receipt, receipt.Ref != "", err
}

// findFrom returns where looking begins, as a ts. Our clock may have been set back
// since the attempt, and a post that is not found is made twice, so the time alone is
// not trusted: a thread is looked through from where it was listed up to, since that
// listing would have shown the post, and a channel from the day before if the attempt
// seems to be still to come.
func (a *Adapter) findFrom(at bridge.Attempt) string {
	begun := at.BegunAt
	if now := a.now(); at.Call.Root && begun.After(now) {
		begun = now.Add(-24 * time.Hour)
	}
	from := a.clock.At(begun).Add(-findMargin).UnixMicro()
	if !at.Call.Root {
		if at.Mirror.Seen == "" {
			return ""
		}
		from = min(from, tsMicros(at.Mirror.Seen)-a.settle.Microseconds())
	}
	return microsTS(from)
}

// scan shows every message since oldest to match until it says yes.
func (a *Adapter) scan(ctx context.Context, at bridge.Attempt, oldest string, match func(*message) bool) error {
	l := listing{a: a, channel: at.Mirror.Place.Channel, oldest: oldest}
	if !at.Call.Root {
		l.thread = at.Mirror.Thread
	}
	for {
		page, err := l.next(ctx)
		if err != nil {
			return err
		}
		for i := range page {
			if match(&page[i]) {
				return nil
			}
		}
		if l.done {
			return nil
		}
	}
}

func tokenIn(m *message) string {
	if m.Metadata != nil && m.Metadata.EventType == eventType {
		return m.Metadata.Payload.Token
	}
	return ""
}

func sharesAny(m *message, ids []string) bool {
	return slices.ContainsFunc(m.Files, func(f file) bool { return slices.Contains(ids, f.ID) })
}

// findShared asks the files themselves where they are.
func (a *Adapter) findShared(ctx context.Context, at bridge.Attempt, u *upload, ids []string) (bridge.Receipt, bool, error) {
	for _, id := range ids {
		f, err := a.fileInfo(ctx, id)
		var se *bridge.SurfaceError
		if errors.As(err, &se) && se.Class == bridge.Rejected {
			continue // it was never completed
		}
		if err != nil {
			return bridge.Receipt{}, false, err
		}
		if s, ok := sharedIn([]file{f}, at.Mirror.Place.Channel); ok {
			inThread, err := a.inThread(ctx, at, s)
			if err != nil || inThread {
				return bridge.Receipt{Ref: s.TS, Print: u.print}, inThread, err
			}
		}
	}
	return bridge.Receipt{}, false, nil
}

// listing pages through a thread, oldest first, or through a channel's roots.
// A page may be smaller than asked for, even empty, and still not be the last:
// only a missing cursor ends it.
type listing struct {
	a       *Adapter
	channel string
	thread  string // empty: the channel's history
	oldest  string

	cursor   string
	done     bool
	restarts int
}

// next returns the next page.
func (l *listing) next(ctx context.Context) ([]message, error) {
	method := "conversations.history"
	args := url.Values{
		"channel": {l.channel}, "limit": {strconv.Itoa(l.a.pageSize)}, "inclusive": {"true"},
		"include_all_metadata": {"true"},
	}
	if l.thread != "" {
		method = "conversations.replies"
		args.Set("ts", l.thread)
	}
	if l.oldest != "" {
		args.Set("oldest", l.oldest)
	}
	if l.cursor != "" {
		args.Set("cursor", l.cursor)
	}
	var page struct {
		Messages []message `json:"messages"`
		HasMore  bool      `json:"has_more"`
		Meta     struct {
			Cursor string `json:"next_cursor"`
		} `json:"response_metadata"`
	}
	err := l.a.readCall(ctx, method, l.channel, func(ctx context.Context) error {
		return l.a.raw(ctx, method, args, &page)
	})
	if l.restart(err) {
		return l.next(ctx)
	}
	if err != nil {
		return nil, err
	}
	if page.HasMore && page.Meta.Cursor == "" {
		return nil, &bridge.SurfaceError{Class: bridge.Transient, Code: "no_cursor"}
	}
	l.cursor, l.done = page.Meta.Cursor, page.Meta.Cursor == ""
	return page.Messages, nil
}

// restart begins again after Slack has forgotten the cursor. What is shown twice
// is accepted once.
func (l *listing) restart(err error) bool {
	var se *bridge.SurfaceError
	if !errors.As(err, &se) || se.Code != "invalid_cursor" || l.cursor == "" || l.restarts >= 5 {
		return false
	}
	l.restarts++
	l.cursor = ""
	return true
}
