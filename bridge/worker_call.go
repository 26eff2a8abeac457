package bridge

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"
)

// errTooLong is why a call was ended.
var errTooLong = errors.New("the surface took too long")

// newToken makes a delivery token: 120 bits in 24 characters of the base32 alphabet,
// short enough for the smallest field that any platform gives.
func newToken() string { return rand.Text()[:24] }

// call makes one call exactly once in effect: Begin, Deliver, Settle.
func (t *turn) call(key DeliveryKey, c Call) error {
	if d := t.delivery(key); d != nil {
		if d.Done {
			return nil
		}
		return t.resume(*d, c)
	}
	if b, ok := t.h.p.Surface.(Budgeted); ok {
		if wait, whole := b.Wait(t.w.Mirror, c); wait > 0 {
			return t.hold(key, wait, whole)
		}
	}
	token := newToken()
	res, err := t.append(&Begin{Fence: t.h.fence, Key: key, Token: token, Call: c})
	if errors.Is(err, ErrConflict) {
		return errStop // parked, or shown, since we looked
	}
	if err != nil {
		return err
	}
	switch res.Outcome {
	case Duplicate: // begun by an earlier life of this daemon since we looked
		return errStop
	case Ignored:
		return nil
	}
	// If we crash here, the row says that the call may have been made.
	return t.deliver(Delivery{DeliveryKey: key, Token: token, BegunAt: time.Now()}, c)
}

func (t *turn) delivery(key DeliveryKey) *Delivery {
	for i := range t.w.Deliveries {
		if t.w.Deliveries[i].DeliveryKey == key {
			return &t.w.Deliveries[i]
		}
	}
	return nil
}

// hold waits for a budget: the whole channel in memory, or just this mirror.
func (t *turn) hold(key DeliveryKey, wait time.Duration, whole bool) error {
	until := time.Now().Add(wait)
	if whole {
		t.h.holdChannel(t.w.Mirror.Place, until)
		return errStop
	}
	_, err := t.append(&Defer{Fence: t.h.fence, Key: key, Until: until, Held: true, Uncertain: true})
	return stopped(err)
}

func (t *turn) attempt(d Delivery, c Call) Attempt {
	return Attempt{
		Mirror: t.w.Mirror, Call: c, Token: d.Token, BegunAt: d.BegunAt, Memo: d.Memo, Known: t.w.Copies,
		Remember: func(ctx context.Context, memo string) error {
			_, err := t.h.r.Store.Append(ctx, &Remember{Fence: t.h.fence, Key: d.DeliveryKey, Memo: memo})
			return err
		},
	}
}

// deliver makes the call of a delivery that is recorded as begun.
func (t *turn) deliver(d Delivery, c Call) error {
	if !t.h.leased() {
		return ErrFenced
	}
	timeout := t.h.r.CallTimeout
	if c.Slow {
		timeout = t.h.r.FileTimeout
	}
	ctx, cancel := context.WithTimeoutCause(t.h.calls, timeout, errTooLong)
	receipt, err := t.h.p.Surface.Deliver(ctx, t.attempt(d, c))
	cancel()
	// If we crash here, the call was made and nobody knows: Find will tell.
	if err != nil {
		return t.failed(d.DeliveryKey, AsSurfaceError(err))
	}
	return t.settle(d, c, receipt)
}

func (t *turn) settle(d Delivery, c Call, receipt Receipt) error {
	settle := &Settle{Fence: t.h.fence, Key: d.DeliveryKey, Token: d.Token, Receipt: receipt, Parts: d.Part + 1}
	if !c.Last {
		settle.Parts++ // at least
	}
	if c.Ref != "" {
		place := t.w.Mirror.Place
		settle.Target = CopyKey{place.Surface, place.Workspace, place.Channel, c.Ref}
	}
	res, err := t.append(settle)
	if err != nil {
		return err
	}
	if res.Outcome == Ignored {
		return errStop // somebody else settled it, with another post: look again
	}
	t.h.r.Count("delivered", t.h.p.lease())
	t.w.settled(d.DeliveryKey, c, receipt)
	return nil
}

// find looks for the effect of a call among everything that is not known to be there.
func (t *turn) find(d Delivery, c Call) (Receipt, bool, error) {
	ctx, cancel := context.WithTimeoutCause(t.h.calls, t.h.r.CallTimeout, errTooLong)
	defer cancel()
	known, err := t.h.r.Store.MirrorCopies(ctx, t.w.Mirror.ID)
	if err != nil {
		return Receipt{}, false, fmt.Errorf("read what is known of the thread: %w", err)
	}
	a := t.attempt(d, c)
	a.Known = known
	return t.h.p.Surface.Find(ctx, a)
}

// resume takes up a delivery whose outcome nobody knows: the daemon died, or the
// answer was lost. What can be repeated is repeated; a post is looked for, and
// sent again only when the doubt has passed without a trace.
func (t *turn) resume(d Delivery, c Call) error {
	if c.Verb != VerbPost {
		return t.deliver(d, c)
	}
	receipt, found, err := t.find(d, c)
	if err != nil {
		e := *AsSurfaceError(err)
		e.Uncertain = true // looking changes nothing, so the doubt stays
		return t.failed(d.DeliveryKey, &e)
	}
	if found {
		t.h.r.Count("resolved", t.h.p.lease())
		return t.settle(d, c, receipt)
	}
	now := time.Now()
	if until := nextLook(d.BegunAt, now, t.h.r.Doubt); until.After(now) {
		_, err := t.append(&Defer{Fence: t.h.fence, Key: d.DeliveryKey, Until: until, Error: "looking for a post of unknown outcome", Uncertain: true, Held: true})
		return stopped(err)
	}
	if t.h.r.ParkUncertain && d.Attempts == 0 {
		return t.failed(d.DeliveryKey, &SurfaceError{
			Class: Gone, Uncertain: true, Code: ParkedUncertain,
			Remedy: "Look in the thread whether the message is there, then resume: it is sent if it cannot be found.",
		})
	}
	res, err := t.append(&Resend{Fence: t.h.fence, Key: d.DeliveryKey})
	if err != nil {
		return err
	}
	if res.Outcome != Accepted {
		return errStop // an echo or a listing settled it while we looked
	}
	t.h.r.Count("resent", t.h.p.lease())
	d.BegunAt = now
	return t.deliver(d, c)
}

// append runs a command of the turn. It is not cut short by the lease's end: the
// fence in the database decides.
func (t *turn) append(c Command) (Result, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.h.calls), t.h.r.CallTimeout)
	defer cancel()
	return t.h.r.Store.Append(ctx, c)
}

// settled brings what the worker has in memory up to a call that took effect, so
// that the entries after it are planned with it.
func (w *Work) settled(key DeliveryKey, c Call, r Receipt) {
	switch c.Verb {
	case VerbPost:
		w.Copies = append(w.Copies, Copy{
			CopyKey: CopyKey{w.Mirror.Place.Surface, w.Mirror.Place.Workspace, w.Mirror.Place.Channel, r.Ref},
			Message: c.Message, Mirror: key.Mirror.Seq, Part: key.Part, Entry: key.Seq, Rev: r.Print,
		})
		if c.Root {
			w.Mirror.Thread = r.Ref
		}
	case VerbDelete:
		for i := range w.Copies {
			if w.Copies[i].Ref == c.Ref {
				w.Copies[i].Gone = true
			}
		}
	}
	if c.Last {
		w.Mirror.Cursor = key.Seq
	}
	w.Mirror.Attempts = 0
}
