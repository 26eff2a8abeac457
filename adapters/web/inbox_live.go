package web

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// The times of a list that follows what changes.
const (
	inboxGap  = time.Second // between two looks: a list is read, not watched
	inboxMost = 200         // tickets; a list further behind is loaded again
	// inboxOverlap is how far a look reaches back: what was committed last may have been
	// decided a moment earlier, and by another daemon's clock.
	inboxOverlap = 5 * time.Second
	seldom       = time.Hour
)

// inboxFeed brings the lines of one list up to what changed. It looks at the tickets
// that the bell was rung for, and at no others.
type inboxFeed struct {
	s      *Server
	choice string
	me     me
	upto   time.Time // by which time everything was shown
	mark   uint64    // of the bell
	lines  map[int64]string
	counts string
}

func (f *inboxFeed) wake() <-chan struct{} { return f.s.o.Bell.Any() }
func (f *inboxFeed) at() int64             { return bridge.Micros(f.upto) }
func (f *inboxFeed) gap() time.Duration    { return inboxGap }
func (f *inboxFeed) again() time.Duration  { return seldom }

// next sends the lines of tickets that changed, an empty one for each that is not one of
// the list's any more, and the filters with their counts.
func (f *inboxFeed) next(ctx context.Context, b *bytes.Buffer) (string, error) {
	now := f.s.now()
	rung, mark, known := f.s.o.Bell.Since(f.mark)
	ids := make([]int64, 0, len(rung))
	for id := range rung {
		ids = append(ids, id)
	}
	if !known {
		st, _, err := f.s.store.Inbox(ctx, bridge.InboxQuery{Since: f.upto.Add(-inboxOverlap), Limit: inboxMost + 1})
		if err != nil {
			return "", err
		}
		for id := range st.Tickets {
			ids = append(ids, id)
		}
	}
	if len(ids) > inboxMost {
		return "", errBehind
	}
	if len(ids) > 0 {
		if err := f.render(ctx, ids, b); err != nil {
			return "", err
		}
	}
	f.mark, f.upto = mark, now
	return "update", nil
}

// render writes the lines of some tickets as they are now.
func (f *inboxFeed) render(ctx context.Context, ids []int64, b *bytes.Buffer) error {
	q := f.s.choice(f.choice, f.me)
	q.Tickets, q.Limit = ids, len(ids)
	st, readings, err := f.s.store.Inbox(ctx, q)
	if err != nil {
		return err
	}
	names, err := f.s.namesOf(ctx, st)
	if err != nil {
		return err
	}
	here := map[int64]bool{}
	for _, line := range ticketLines(st, readings, names) {
		here[line.ID] = true
		var piece bytes.Buffer
		if err := f.s.pages.piece(&piece, "ticket-line", line); err != nil {
			return err
		}
		f.unlessSent(b, line.ID, piece.String())
	}
	for _, id := range ids {
		if !here[id] {
			f.unlessSent(b, id, fmt.Sprintf(`<tr id="t%d" data-gone></tr>`, id))
		}
	}
	return f.filters(ctx, b)
}

func (f *inboxFeed) unlessSent(b *bytes.Buffer, id int64, piece string) {
	if f.lines[id] != piece {
		f.lines[id] = piece
		b.WriteString(piece)
	}
}

// filters writes the filters when one counts something else than before.
func (f *inboxFeed) filters(ctx context.Context, b *bytes.Buffer) error {
	list := filters()
	choose(list, f.choice)
	if err := f.s.countFilters(ctx, list, f.me); err != nil {
		return err
	}
	var piece bytes.Buffer
	if err := f.s.pages.piece(&piece, "filters", list); err != nil {
		return err
	}
	if f.counts != piece.String() {
		f.counts = piece.String()
		b.WriteString(f.counts)
	}
	return nil
}

// inboxStream sends the list what changes in it.
func (s *Server) inboxStream(w http.ResponseWriter, r *http.Request) error {
	after, err := positionOf(r)
	if err != nil {
		return err
	}
	return s.sendStream(w, r, s.followInbox(r, bridge.FromMicros(after)))
}

func (s *Server) followInbox(r *http.Request, from time.Time) *inboxFeed {
	return &inboxFeed{s: s, choice: s.chosen(r), me: whoIs(r), upto: from, lines: map[int64]string{}}
}

// inboxLines answers the list's script with the lines of tickets that the person has
// read meanwhile, which is no change of theirs.
func (s *Server) inboxLines(w http.ResponseWriter, r *http.Request) error {
	var ids []int64
	for text := range strings.SplitSeq(r.FormValue("tickets"), ",") {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || id <= 0 || len(ids) == inboxMost {
			return fmt.Errorf("%w: which tickets?", bridge.ErrInvalid)
		}
		ids = append(ids, id)
	}
	var b bytes.Buffer
	if err := s.followInbox(r, s.now()).render(r.Context(), ids, &b); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // the client may be gone
	return nil
}
