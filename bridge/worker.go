package bridge

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// workLimit is how many entries a worker reads at once.
const workLimit = 64

// notePart is the part of the note that stands for a rejected entry, out of the
// way of the entry's own parts.
const notePart = 1000

// errStop ends a worker's turn: the mirror waits, is parked, or ctx ended.
var errStop = errors.New("the mirror waits")

// turn is one worker's turn on one mirror.
type turn struct {
	h    *holder
	stop context.Context
	log  *slog.Logger
	w    Work
	desk *TicketContext
	// early: what is shown comes before its turn, so that the cursor does not move.
	early bool
}

// bring shows a mirror's entries in order until nothing is left or the mirror has
// to wait. It returns the cursor it left, zero when it does not know.
func (h *holder) bring(ctx context.Context, id ID) int64 {
	t := &turn{h: h, stop: ctx, log: h.log.With("mirror", id.String())}
	for ctx.Err() == nil && h.leased() {
		w, err := h.r.Store.Work(h.calls, id, workLimit)
		if err != nil {
			t.log.Warn("mirror not read", "error", err)
			return 0
		}
		if len(w.Entries) == 0 || w.Mirror.Parked != "" || w.Mirror.Due.After(time.Now()) {
			return w.Mirror.Cursor
		}
		t.w, t.desk = w, nil
		err = t.guarded()
		if err == nil {
			err = t.showAll()
		}
		if err != nil {
			if !errors.Is(err, errStop) {
				t.log.Warn("mirror not brought forward", "error", err)
				pause(ctx, h.r.Poll)
			}
			return t.w.Mirror.Cursor
		}
	}
	return 0
}

// showAll shows the entries that were read, stepping over those that need no call.
func (t *turn) showAll() (err error) {
	if err := t.resolve(); err != nil {
		return err
	}
	if err := t.openFirst(); err != nil {
		return err
	}
	for i, e := range t.w.Entries {
		if t.stop.Err() != nil {
			return errStop
		}
		if t.followed(e, t.w.Entries[i+1:]) {
			continue // the next one shows the present state
		}
		if err := t.show(e); err != nil {
			return err
		}
	}
	last := t.w.Entries[len(t.w.Entries)-1].Seq
	if t.w.Mirror.Cursor >= last {
		return nil
	}
	_, err = t.append(&Step{Fence: t.h.fence, Mirror: t.w.Mirror.ID, Seq: last})
	t.w.Mirror.Cursor = last
	return err
}

// openFirst opens the thread of a mirror that begins with what another one has missed,
// before the entries of that. The cursor stays: when it comes to the thread's own entry,
// that is done already.
func (t *turn) openFirst() error {
	m := t.w.Mirror
	if m.Thread != "" || m.Conversation == 0 || t.w.Entries[0].Seq >= m.ID.Seq {
		return nil
	}
	w, err := t.h.r.Store.Work(t.h.calls, m.ID, int(m.ID.Seq-m.Cursor))
	if err != nil {
		return err
	}
	for _, e := range w.Entries {
		if e.ID() == m.ID {
			t.early = true
			err = t.show(e)
			t.early = false
		}
	}
	return err
}

// followed reports whether a later entry shows what this one would: an update of the
// card, or the same emoji on the same message.
func (t *turn) followed(e *Entry, rest []*Entry) bool {
	for _, next := range rest {
		switch {
		case e.Kind == TicketChanged && next.Kind == TicketChanged:
			return true
		case e.Kind.reaction() && next.Kind.reaction() && next.Facts.Emoji == e.Facts.Emoji &&
			next.Facts.Message == e.Facts.Message && !next.saidIn(&t.w.Mirror):
			return true
		}
	}
	return false
}

// show makes the calls of one entry.
func (t *turn) show(e *Entry) (err error) {
	key := DeliveryKey{Mirror: t.w.Mirror.ID, Seq: e.Seq}
	defer func() {
		if err != nil && !errors.Is(err, errStop) && !errors.Is(err, ErrFenced) {
			e := *AsSurfaceError(err)
			e.Uncertain = true // no call was made, so what is known of an earlier one stays
			err = t.failed(key, &e)
		}
	}()
	defer t.h.protect(&err)
	if r := t.rejected(e.Seq); r != "" {
		return t.showNote(e, r)
	}
	if t.nothingToShow(e) {
		return nil
	}
	view, err := t.view(e)
	if err != nil {
		return err
	}
	calls := t.h.p.Surface.Plan(view)
	for part, c := range calls {
		key.Part = part
		c.Last = part == len(calls)-1 && !t.early
		if err := t.call(key, c); err != nil {
			if errors.Is(err, errRejected) {
				return t.showNote(e, t.rejected(e.Seq))
			}
			return err
		}
	}
	return nil
}

// nothingToShow: an entry of another conversation is none of this mirror's
// business, what was said in this very thread is there, and a message that was
// deleted before it was shown need not appear. A call that was begun is always
// seen through, since it may have had its effect.
func (t *turn) nothingToShow(e *Entry) bool {
	if !e.concerns(&t.w.Mirror) || e.saidIn(&t.w.Mirror) {
		return true
	}
	message := e.Facts.Message
	switch e.Kind {
	case MessagePosted:
		message = e.Seq
	case FileStored:
		if t.saidHere(message) {
			return true // the file is where it came from
		}
	case MessageEdited, ReactionAdded, ReactionRemoved:
	default:
		return false
	}
	for _, d := range t.w.Deliveries {
		if d.Seq == e.Seq {
			return false
		}
	}
	return t.w.Messages[message].DeletedSeq != 0
}

// saidHere reports whether a message was said in the mirror's own thread.
func (t *turn) saidHere(message int64) bool {
	for _, c := range t.w.Copies {
		if c.Message == message && !c.Ours() {
			return true
		}
	}
	return false
}

var errRejected = errors.New("the entry cannot be shown there")

// rejected returns why an entry was found impossible to show, from its delivery.
func (t *turn) rejected(seq int64) string {
	for _, d := range t.w.Deliveries {
		if d.Seq == seq && d.Rejected != "" {
			return d.Rejected
		}
	}
	return ""
}

// showNote puts a visible note in the place of an entry that cannot be shown, so
// that people there know that something is missing. When not even that can be
// shown, the audit trail has the reason and the mirror goes on.
func (t *turn) showNote(e *Entry, reason string) error {
	view, err := t.view(e)
	if err != nil {
		return err
	}
	view.Rejected = reason
	key := DeliveryKey{Mirror: t.w.Mirror.ID, Seq: e.Seq, Part: notePart}
	var calls []Call
	if !e.Kind.reaction() { // too small a thing to be missed
		calls = t.h.p.Surface.Plan(view)
	}
	if len(calls) > 0 {
		note := calls[0]
		note.Last = true
		if err := t.call(key, note); !errors.Is(err, errRejected) {
			return err
		}
	}
	_, err = t.append(&Reject{Fence: t.h.fence, Key: key, Reason: reason, Skip: true})
	t.w.Mirror.Cursor = e.Seq
	return err
}
