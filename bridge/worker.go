package bridge

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
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

// errTooLong is why a call was ended.
var errTooLong = errors.New("the surface took too long")

// newToken makes a delivery token: 120 bits in 24 characters of the base32 alphabet,
// short enough for the smallest field that any platform gives.
func newToken() string { return rand.Text()[:24] }

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

// The reasons for parking that no probe can lift.
const (
	ParkedUncertain = "uncertain"
	ParkedThread    = "thread_deleted"
	ParkedDefect    = "defect"
)

// failed does what the schedule says of a failed call. It returns errStop when
// the mirror's turn is over, errRejected when a note takes the entry's place.
func (t *turn) failed(key DeliveryKey, e *SurfaceError) error {
	if errors.Is(context.Cause(t.h.calls), ErrFenced) {
		return ErrFenced
	}
	v := decideRetry(e, t.w.Mirror.Attempts, time.Now(), jitter())
	t.h.r.Count(e.Class.String(), t.h.p.lease())
	t.logFailure(key, e)
	var err error
	switch v.action {
	case actReject:
		_, err = t.append(&Reject{Fence: t.h.fence, Key: key, Reason: e.Code})
		if err != nil {
			return err
		}
		t.w.Deliveries = append(t.w.Deliveries, Delivery{DeliveryKey: key, Done: true, Rejected: e.Code})
		return errRejected
	case actPark:
		_, err = t.append(&Park{Fence: t.h.fence, Key: key, Reason: parkReason(e), Remedy: parkRemedy(e), Error: e.Error(), Uncertain: e.Uncertain})
	case actBlock:
		t.h.block(t.h.calls, e)
		fallthrough
	default:
		_, err = t.append(&Defer{Fence: t.h.fence, Key: key, Until: v.until, Error: e.Error(), Uncertain: e.Uncertain, Held: v.held})
	}
	return stopped(err)
}

// stopped ends a turn: as planned, or because that the mirror waits could not be recorded.
func stopped(err error) error {
	if err != nil {
		return err
	}
	return errStop
}

func parkReason(e *SurfaceError) string {
	if e.Code == "" {
		return e.Class.String()
	}
	return e.Code
}

func parkRemedy(e *SurfaceError) string {
	if e.Remedy == "" {
		return fmt.Sprintf("The surface answered %q. Mend the cause there, then resume the mirror.", parkReason(e))
	}
	return e.Remedy
}

// logFailure logs the first failure of a mirror at full voice; the same again is for the metrics.
func (t *turn) logFailure(key DeliveryKey, e *SurfaceError) {
	level := slog.LevelDebug
	if t.w.Mirror.Attempts == 0 && e.Class != RateLimited {
		level = slog.LevelWarn
	}
	t.log.Log(t.h.calls, level, "delivery failed", "seq", key.Seq, "part", key.Part, "class", e.Class.String(), "code", e.Code, "uncertain", e.Uncertain, "error", e.Err)
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
