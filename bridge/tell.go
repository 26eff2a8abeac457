package bridge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// Notice is what somebody is told in a chat of their own: messages that they have not
// read, oldest first. Several are a digest.
type Notice struct {
	News []News
	// Excerpt: the first words of each may be shown.
	Excerpt bool
	// Link returns the address of each in the ticket view.
	Link func(News) string
}

// Teller tells people something in a chat where only they read it.
type Teller interface {
	// Tell makes one call that tells, once, without retries. Errors are SurfaceErrors:
	// Rejected and Gone mean that this account cannot be told anything, with a remedy.
	Tell(ctx context.Context, to Account, n Notice) error
}

// Wish is how one person wants to be told.
type Wish struct {
	// Accounts are the chat accounts in which they can be told, the first one first.
	Accounts []Account
	Excerpt  bool
	// On reports whether they want to hear of something for one of these reasons.
	On func(why []string) bool
	// When returns the earliest time for telling of what was said between two times.
	When func(first, last time.Time, urgent bool) time.Time
}

// NoticeStore is the durable state that telling works on; package store has it.
type NoticeStore interface {
	Log
	Acquire(ctx context.Context, name string, ttl time.Duration) (Fence, bool, error)
	Release(ctx context.Context, name string) error
	// DueParticipants returns rows that are due, those due first first.
	DueParticipants(ctx context.Context, now time.Time, limit int) ([]Participant, error)
	// BegunParticipants returns rows of which a call was begun and not settled.
	BegunParticipants(ctx context.Context, limit int) ([]Participant, error)
	// Untold returns what somebody may see, has not read, and was told neither by us nor
	// by a chat in whose thread they are, of the conversations whose rows are due.
	Untold(ctx context.Context, person string, limit int) ([]News, error)
	// Unreachable records that an account cannot be told anything and what to do; an
	// empty code records that it can.
	Unreachable(ctx context.Context, a Account, code, remedy string) error
}

// Notifier tells people in their chats what they have not read. One daemon at a time does.
type Notifier struct {
	Store NoticeStore
	// Tellers are by surface and workspace: a Place without a channel.
	Tellers map[Place]Teller
	// Wish returns how a person wants to be told.
	Wish func(ctx context.Context, person string) (Wish, error)
	// Link returns the address of a message or a request in the ticket view.
	Link func(News) string
	Log  *slog.Logger
	// Now is the clock.
	Now func() time.Time
	// Count is told of what became of each notice, for metrics; may be nil.
	Count func(event, surface string)
}

// The times and bounds of telling.
const (
	noticeLease = "notices"
	noticeTTL   = 60 * time.Second
	noticeCall  = 20 * time.Second // the lease's end is always further away
	noticePoll  = time.Second
	noticeLook  = 200 // rows that one look takes
	noticeMost  = 20  // messages that one notice tells of
	noticeRest  = 15 * time.Minute
)

// Run tells until ctx ends.
func (n *Notifier) Run(ctx context.Context) error {
	var held Fence
	for ctx.Err() == nil {
		fence, ok, err := n.Store.Acquire(ctx, noticeLease, noticeTTL)
		if ok && err == nil && fence != held {
			err = n.abandon(ctx, fence)
			if err == nil {
				held = fence
			}
		}
		if ok && err == nil {
			_, err = n.Once(ctx, fence)
		}
		if err != nil && ctx.Err() == nil {
			n.Log.Warn("nobody was told", "error", err)
		}
		pause(ctx, noticePoll)
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime)
	defer cancel()
	if held != (Fence{}) {
		if err := n.Store.Release(end, noticeLease); err != nil {
			n.Log.Warn("lease not released, others wait for its end", "error", err)
		}
	}
	return nil
}

// abandon settles the calls of an earlier holder. Whether they told anybody is not known,
// so they are not made again: nobody is told twice.
func (n *Notifier) abandon(ctx context.Context, fence Fence) error {
	rows, err := n.Store.BegunParticipants(ctx, noticeLook)
	for _, p := range rows {
		if _, err := n.Store.Append(ctx, &SettleNotice{Fence: fence, Key: p.ParticipantKey}); err != nil {
			return fmt.Errorf("settle an earlier notice: %w", err)
		}
		n.count("unknown", "")
	}
	return err
}

// Once tells everybody for whom something is due now, and reports how many rows it took.
func (n *Notifier) Once(ctx context.Context, fence Fence) (int, error) {
	rows, err := n.Store.DueParticipants(ctx, n.Now(), noticeLook)
	if err != nil {
		return 0, err
	}
	by := map[string][]Participant{}
	var people []string
	for _, p := range rows {
		if by[p.Person] == nil {
			people = append(people, p.Person)
		}
		by[p.Person] = append(by[p.Person], p)
	}
	for _, person := range people {
		if renewed, ok, err := n.Store.Acquire(ctx, noticeLease, noticeTTL); err != nil || !ok || renewed != fence {
			return len(rows), errors.Join(err, ErrFenced)
		}
		if err := n.person(ctx, fence, person, by[person]); err != nil {
			return len(rows), fmt.Errorf("tell person %s: %w", person, err)
		}
	}
	return len(rows), nil
}

// person tells one person everything that is to be told now, in one call.
func (n *Notifier) person(ctx context.Context, fence Fence, person string, rows []Participant) error {
	wish, err := n.Wish(ctx, person)
	if err != nil {
		return err
	}
	untold, err := n.Store.Untold(ctx, person, noticeLook)
	if err != nil {
		return err
	}
	news := map[ID][]News{}
	for _, m := range untold {
		if len(wish.Accounts) > 0 && wish.On(m.Why) {
			news[m.Conversation] = append(news[m.Conversation], m)
		}
	}
	var begun []Participant
	var tell []News
	ctx = context.WithoutCancel(ctx) // what is begun is settled; the call has its own end
	for _, p := range rows {
		list := news[p.Conversation]
		if until := wish.due(list); len(list) == 0 || until.After(n.Now()) {
			if _, err := n.Store.Append(ctx, &DeferNotice{Fence: fence, Key: p.ParticipantKey, Until: until, Head: p.Head}); err != nil {
				return err
			}
			continue
		}
		upto := slices.MaxFunc(list, func(a, b News) int { return cmp.Compare(a.ID.Seq, b.ID.Seq) }).ID.Seq
		res, err := n.Store.Append(ctx, &BeginNotice{Fence: fence, Key: p.ParticipantKey, Upto: upto, Head: p.Head})
		if err != nil {
			return err
		}
		if res.Outcome == Accepted {
			begun, tell = append(begun, p), append(tell, list...)
		}
	}
	if len(begun) == 0 {
		return nil
	}
	slices.SortStableFunc(tell, func(a, b News) int { return a.At.Compare(b.At) })
	notice := Notice{News: tell, Excerpt: wish.Excerpt, Link: n.Link}
	return n.settle(ctx, fence, begun, n.deliver(ctx, wish.Accounts, notice))
}

// due returns when somebody is to be told of messages, zero when there are none.
func (w *Wish) due(list []News) time.Time {
	if len(list) == 0 {
		return time.Time{}
	}
	first, last, urgent := list[0].At, list[0].At, false
	for _, m := range list {
		if m.At.Before(first) {
			first = m.At
		}
		if m.At.After(last) {
			last = m.At
		}
		urgent = urgent || m.Asked
	}
	return w.When(first, last, urgent)
}

// deliver tells in the first of the accounts that can be told anything.
func (n *Notifier) deliver(ctx context.Context, accounts []Account, notice Notice) error {
	err := error(&SurfaceError{Class: Gone, Code: "no_account"})
	for _, to := range accounts {
		teller := n.Tellers[Place{Surface: to.Surface, Workspace: to.Workspace}]
		if teller == nil {
			continue // its workspace is configured no more
		}
		call, cancel := context.WithTimeoutCause(ctx, noticeCall, errTooLong)
		err = teller.Tell(call, to, notice)
		cancel()
		if err == nil {
			n.count("told", to.Surface)
			return n.reached(ctx, to, "", "")
		}
		e := AsSurfaceError(err)
		n.count(e.Class.String(), to.Surface)
		n.Log.Warn("notice not delivered", "surface", to.Surface, "class", e.Class.String(), "code", e.Code)
		if e.Uncertain || e.Class != Rejected && e.Class != Gone {
			return err
		}
		if err := n.reached(ctx, to, e.Code, e.Remedy); err != nil {
			return err
		}
	}
	return err
}

// reached records whether an account could be told. That is no reason to tell again.
func (n *Notifier) reached(ctx context.Context, to Account, code, remedy string) error {
	if err := n.Store.Unreachable(ctx, to, code, remedy); err != nil {
		n.Log.Warn("it was not recorded whether an account can be told", "error", err)
	}
	return nil
}

// settle records what became of the call. Only one that certainly told nobody is made again.
func (n *Notifier) settle(ctx context.Context, fence Fence, begun []Participant, failed error) error {
	var errs []error
	for _, p := range begun {
		c := &SettleNotice{Fence: fence, Key: p.ParticipantKey}
		if failed != nil {
			e := AsSurfaceError(failed)
			v := decideRetry(e, p.Attempts, n.Now(), jitter())
			c.Failed, c.Until, c.Held = !e.Uncertain, v.until, v.held
			switch v.action {
			case actBlock: // the relay probes the workspace; we look now and then
				c.Until = n.Now().Add(noticeRest)
			case actReject, actPark:
				c.Until = time.Time{} // their pages show it; what comes next is tried again
			}
		}
		if _, err := n.Store.Append(ctx, c); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (n *Notifier) count(event, surface string) {
	if n.Count != nil {
		n.Count(event, surface)
	}
}
