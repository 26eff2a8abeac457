package bridge

import (
	"context"
	"errors"
)

// Resolver is what a surface offers whose places can name people instead of a channel:
// the channel in which they are reached is found, or made, when the first thing is to
// be said there, so that nobody who starts a conversation waits for the platform.
type Resolver interface {
	// Resolve returns the place where the mirror's thread is to be opened: its own, or
	// the channel that its place stands for. It has said nothing there, and for the same
	// people it gives the same channel however often it is asked. Errors are
	// SurfaceErrors, as Deliver's; none is Rejected.
	Resolve(ctx context.Context, m Mirror) (Place, error)
}

// MovedOpened is why a mirror moved whose place named people: their channel was opened.
const MovedOpened = "opened"

// resolve takes a mirror that has no thread yet to the channel which its place stands
// for. No call is begun before that, so a crash anywhere in between leaves nothing in
// doubt: the channel is asked for again, and is the same. Then the turn is over, since
// the channel's own mirrors take turns.
func (t *turn) resolve() error {
	m := t.w.Mirror
	r, ok := t.h.p.Surface.(Resolver)
	if !ok || m.Thread != "" || m.Conversation == 0 {
		return nil
	}
	to, err := t.askPlace(r)
	if err != nil {
		e := *AsSurfaceError(err)
		e.Uncertain = false
		if e.Class == Rejected {
			e.Class = Gone // a note in the place of an entry would go there, too
		}
		return t.failed(DeliveryKey{Mirror: m.ID, Seq: t.w.Entries[0].Seq}, &e)
	}
	if to == m.Place {
		return nil
	}
	// If we crash here, the channel is there and the mirror is not in it yet.
	_, err = t.append(&MoveMirror{Fence: t.h.fence, Mirror: m.ID, From: m.Place, To: to, Reason: MovedOpened})
	if errors.Is(err, ErrFenced) {
		return err
	}
	return stopped(err)
}

func (t *turn) askPlace(r Resolver) (to Place, err error) {
	defer t.h.protect(&err)
	ctx, cancel := context.WithTimeoutCause(t.h.calls, t.h.r.CallTimeout, errTooLong)
	defer cancel()
	return r.Resolve(ctx, t.w.Mirror)
}
