package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// The times of a stream.
const (
	streamBeat  = 20 * time.Second      // a comment, so that proxies keep the connection
	streamGap   = 50 * time.Millisecond // what comes within it is sent together
	streamWrite = 10 * time.Second      // a browser that takes longer is gone
	namesAge    = time.Minute           // how long a stream trusts the names it knows
	streamAgain = time.Second           // after news: a mirror's position may move without an entry
	streamMost  = int64(1000)           // entries; a page further behind is loaded again
	retryAfter  = 2000                  // milliseconds until a browser reconnects
)

// follower is a reader of one ticket's log for one page: it has a position and
// renders what came after it.
type follower struct {
	s       *Server
	ticket  int64
	after   int64
	me      me
	ring    <-chan struct{} // the ticket's bell, as it was taken last
	names   names
	namesAt time.Time
	// sent has a hash of what was sent of each piece that has no entry of its own,
	// such as the state of a mirror: it is sent again only when it differs.
	sent map[string]uint64
	// hidden is how many conversations they may not see, -1 before it is known.
	hidden int
}

func (s *Server) follow(ticket, after int64, m me) *follower {
	// Until it waits for the bell it shares its looks with nobody.
	return &follower{s: s, ticket: ticket, after: after, me: m, ring: make(chan struct{}), sent: map[string]uint64{}, hidden: -1}
}

// errBehind: the page is so far behind that loading it again is quicker.
var errBehind = errors.New("the page is far behind")

// next renders what is new since the position, and moves it.
func (f *follower) next(ctx context.Context, b *bytes.Buffer) (event string, err error) {
	k, err := f.s.looks.since(ctx, f.ring, f.me.ID, f.ticket, f.after)
	if err != nil {
		return "", err
	}
	st := k.st
	head := st.Tickets[f.ticket].Head
	if head-f.after > streamMost {
		return "", errBehind
	}
	if f.hidden >= 0 && f.hidden != len(st.Hidden) {
		return "", errBehind // whole conversations came or went for whoever looks
	}
	f.hidden = len(st.Hidden)
	if what := readNew(st, f.after); len(what) > 0 {
		if err := f.s.store.RecordAccess(ctx, f.me.actor(), bridge.AccessPage, what...); err != nil {
			return "", err
		}
	}
	if err := f.freshNames(k); err != nil {
		return "", err
	}
	v := newView(st, f.ticket, f.names, f.me, f.s.now())
	if err := f.render(v, b); err != nil {
		return "", err
	}
	f.after = head
	return "update", nil
}

// freshNames reads the names again when they are old or one is missing.
func (f *follower) freshNames(k *look) (err error) {
	fresh := f.s.now().Sub(f.namesAt) < namesAge
	for _, e := range k.st.Entries {
		known := true
		if e.Facts.Source != nil {
			_, known = f.names.channels[e.Facts.Source.Place()]
		}
		fresh = fresh && known && (e.Seq <= f.after || e.Kind != bridge.TicketChanged && e.Kind != bridge.MirrorOpened && e.Kind != bridge.ParticipantAdded)
	}
	if !fresh {
		f.names, err = k.names()
		f.namesAt = f.s.now()
	}
	return err
}

// render writes the pieces: what is set on the ticket, conversations, then what was said.
func (f *follower) render(v *view, b *bytes.Buffer) error {
	p := f.s.pages
	if err := f.unlessSent(b, "props", v.props(v.st.Tickets[f.ticket])); err != nil {
		return err
	}
	if err := f.conversations(v, b); err != nil {
		return err
	}
	if err := f.requests(v, b); err != nil {
		return err
	}
	for _, e := range v.st.Entries {
		if e.Seq <= f.after {
			continue
		}
		switch e.Kind {
		case bridge.CustomerWrote, bridge.CustomerReply, bridge.NoteWritten:
			if err := p.piece(b, "message", v.said(e)); err != nil {
				return err
			}
		}
	}
	return f.messages(v, b)
}

func (f *follower) conversations(v *view, b *bytes.Buffer) error {
	ids := make([]bridge.ID, 0, len(v.st.Conversations))
	for id := range v.st.Conversations {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b bridge.ID) int { return int(a.Seq - b.Seq) })
	for _, id := range ids {
		head, ok := v.head(v.st.Conversations[id])
		if !ok {
			continue
		}
		if id.Seq > f.after {
			if err := f.s.pages.piece(b, "conversation", talk{conversation: head, Key: newKey(), Limit: f.s.o.MaxFile}); err != nil {
				return err
			}
		}
		if err := f.unlessSent(b, "conversation-head", head); err != nil {
			return err
		}
		if err := f.people(v, v.st.Conversations[id], b); err != nil {
			return err
		}
	}
	return nil
}

// talk is a conversation with the forms that belong to it.
type talk struct {
	conversation
	Form  typed
	Key   string
	Limit int64
}

// unlessSent renders a piece and keeps it back when it was sent so before.
func (f *follower) unlessSent(b *bytes.Buffer, name string, data any) error {
	var piece bytes.Buffer
	if err := f.s.pages.piece(&piece, name, data); err != nil {
		return err
	}
	key := name
	if c, ok := data.(interface{ Anchor() string }); ok {
		key += c.Anchor()
	}
	h := fnv.New64a()
	h.Write(piece.Bytes())
	if sum := h.Sum64(); f.sent[key] != sum {
		f.sent[key] = sum
		b.Write(piece.Bytes())
	}
	return nil
}

// messages renders the messages that the new entries touched, in page order, and
// the order itself where a new one does not come last.
func (f *follower) messages(v *view, b *bytes.Buffer) error {
	touched, fresh := map[int64]bool{}, map[int64]bool{}
	for _, e := range v.st.Entries {
		if e.Seq <= f.after {
			continue
		}
		touched[e.Facts.Message] = true
		if e.Kind == bridge.MessagePosted {
			touched[e.Seq], fresh[e.Seq] = true, true
		}
	}
	v.st.AlsoShown(touched)
	by := map[int64][]*bridge.Message{}
	for _, m := range v.st.Messages {
		by[m.Conversation] = append(by[m.Conversation], m)
	}
	for conv, list := range by {
		ordered := pageOrder(list)
		moved := false
		for i, m := range ordered {
			moved = moved || (i > 0 && m.ID.Seq < ordered[i-1].ID.Seq && (fresh[m.ID.Seq] || fresh[ordered[i-1].ID.Seq]))
			if !touched[m.ID.Seq] {
				continue
			}
			if shown, ok := v.message(m); ok {
				if err := f.s.pages.piece(b, "message", shown); err != nil {
					return err
				}
			}
		}
		if moved {
			if err := f.s.pages.piece(b, "order", orderPiece(conv, ordered)); err != nil {
				return err
			}
		}
	}
	return nil
}

// orderOf is the order of a conversation's messages, for a page to follow.
type orderOf struct {
	Conversation string
	Anchors      string
}

func orderPiece(conv int64, messages []*bridge.Message) orderOf {
	anchors := make([]string, len(messages))
	for i, m := range messages {
		anchors[i] = fmt.Sprintf("m%d", m.ID.Seq)
	}
	return orderOf{Conversation: conversationAnchor(conv), Anchors: strings.Join(anchors, " ")}
}

// feed is what a stream sends: what came after a position that it keeps.
type feed interface {
	// wake returns a channel that is closed when there may be something new. It is
	// taken before looking.
	wake() <-chan struct{}
	// next writes what is new since the position, and moves it. It says as which event.
	next(ctx context.Context, b *bytes.Buffer) (event string, err error)
	// at is the position: where a browser that connects again goes on.
	at() int64
	// gap is the least time between two looks; again is when to look once more after
	// news without being woken.
	gap() time.Duration
	again() time.Duration
}

// The feed of a ticket's page is its log from a position on.
func (f *follower) wake() <-chan struct{} {
	f.ring = f.s.o.Bell.Ticket(f.ticket)
	return f.ring
}
func (f *follower) at() int64            { return f.after }
func (f *follower) gap() time.Duration   { return streamGap }
func (f *follower) again() time.Duration { return streamAgain }

// stream sends a ticket's page what comes after the entry that it shows.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) error {
	ticket, err := ticketOf(r)
	if err != nil {
		return err
	}
	after, err := positionOf(r)
	if err != nil {
		return err
	}
	if _, err := s.ticketRow(r.Context(), ticket); err != nil {
		return err
	}
	return s.sendStream(w, r, s.follow(ticket, after, whoIs(r)))
}

// positionOf returns where a browser wants a stream to go on.
func positionOf(r *http.Request) (int64, error) {
	from := r.FormValue("after")
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		from = last
	}
	after, err := strconv.ParseInt(from, 10, 64)
	if err != nil || after < 0 {
		return 0, fmt.Errorf("%w: after which entry?", bridge.ErrInvalid)
	}
	return after, nil
}

// sendStream sends a feed until the page is left, the person is signed out, or the
// server closes.
func (s *Server) sendStream(w http.ResponseWriter, r *http.Request, f feed) error {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would hold it back
	out := eventWriter{w: w, rc: http.NewResponseController(w), now: time.Now}
	if err := out.write(fmt.Sprintf("retry: %d\n\n", retryAfter)); err != nil {
		return nil // the browser has gone already
	}
	if err := s.sendEvents(r, f, out); err != nil && r.Context().Err() == nil {
		s.o.Logger.Warn("stream ended", "route", r.Pattern, "error", err)
	}
	return nil
}

// sendEvents is the loop of a stream. The bell is taken before looking, so that
// what comes while we look rings it.
func (s *Server) sendEvents(r *http.Request, f feed, out eventWriter) error {
	beat := time.NewTicker(s.beat)
	defer beat.Stop()
	gap, again := time.NewTimer(0), time.NewTimer(f.again())
	defer gap.Stop()
	defer again.Stop()
	for {
		ring := f.wake()
		<-gap.C
		var b bytes.Buffer
		event, err := f.next(r.Context(), &b)
		switch {
		case errors.Is(err, errBehind):
			return out.event("reload", f.at(), nil)
		case err != nil:
			return err
		case b.Len() > 0:
			if err := out.event(event, f.at(), b.Bytes()); err != nil {
				return err
			}
			again.Reset(f.again())
		}
		gap.Reset(f.gap())
		select {
		case <-r.Context().Done():
			return nil
		case <-s.quit:
			return nil
		case <-ring:
		case <-again.C:
		case <-beat.C:
			if s.signedOut(r) {
				return out.event("signed-out", f.at(), nil)
			}
			if err := out.write(": beat\n\n"); err != nil {
				return err
			}
		}
	}
}

// signedOut reports whether the session that the request came with is over. The
// request's own context has the session as it was at the start, so it is read anew.
func (s *Server) signedOut(r *http.Request) bool {
	cookie, err := r.Cookie(s.sessions.Cookie.Name)
	if err != nil {
		return true
	}
	ctx, cancel := context.WithTimeout(context.Background(), streamWrite)
	defer cancel()
	if ctx, err = s.sessions.Load(ctx, cookie.Value); err != nil {
		return false // the database is away; the next beat asks again
	}
	_, err = s.session(ctx)
	return errors.Is(err, bridge.ErrNotFound)
}

// eventWriter writes server-sent events.
type eventWriter struct {
	w   http.ResponseWriter
	rc  *http.ResponseController
	now func() time.Time
}

// event writes one event; its id is where a browser that reconnects goes on.
func (e eventWriter) event(name string, id int64, data []byte) error {
	var b strings.Builder
	fmt.Fprintf(&b, "event: %s\nid: %d\n", name, id)
	for line := range strings.Lines(string(data)) {
		b.WriteString("data: " + strings.TrimRight(line, "\r\n") + "\n")
	}
	if len(data) == 0 {
		b.WriteString("data:\n")
	}
	b.WriteString("\n")
	return e.write(b.String())
}

func (e eventWriter) write(text string) error {
	// A server without deadlines, such as httptest's recorder, says so; then there is none.
	_ = e.rc.SetWriteDeadline(e.now().Add(streamWrite))
	if _, err := e.w.Write([]byte(text)); err != nil {
		return err
	}
	return e.rc.Flush()
}
