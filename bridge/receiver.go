package bridge

import (
	"context"
	"fmt"
)

// Directory tells who an account belongs to.
type Directory interface {
	// Identify returns what is known of an account; an unknown one is no error.
	Identify(ctx context.Context, a Account) (Known, error)
	// MirrorByThread returns the mirror that has a thread, or ErrNotFound. A place
	// without channel is any channel of its workspace, for platforms whose threads have
	// ids of their own.
	MirrorByThread(ctx context.Context, place Place, thread string) (Mirror, error)
	// DraftAt returns the draft whose buttons a post of ours has, or ErrNotFound when it
	// is no such post or the draft was withdrawn.
	DraftAt(ctx context.Context, place Place, ref string) (DraftText, error)
}

// Receiver is the one way in for what surfaces receive. An adapter acknowledges
// to its platform only after Accept has returned nil.
type Receiver struct {
	Log       Log
	Desk      Desk
	Directory Directory
	// Starter starts what people Ask for; nil when nobody can be asked here.
	Starter Starter
	// Count is told of every outcome, for metrics; may be nil.
	Count func(outcome Outcome, surface string)
}

// Accept appends what was received. After it returned nil, the inbound is
// committed, or is certainly nothing for us.
func (r *Receiver) Accept(ctx context.Context, in Inbound) (Result, error) {
	if in.Kind == InPress && in.Action == PressTake {
		return r.take(ctx, in)
	}
	res, err := r.Log.Append(ctx, &in)
	if err == nil && res.Action == PressTake {
		return r.takeByReaction(ctx, in, res)
	}
	if err == nil && r.Count != nil {
		r.Count(res.Outcome, in.Source.Surface)
	}
	return res, err
}

// takeByReaction takes the ticket and then records the reaction, so that hearing of
// it again takes nothing.
func (r *Receiver) takeByReaction(ctx context.Context, in Inbound, asked Result) (Result, error) {
	keyless := in
	keyless.Key = "" // taking twice is taking once; the key is the record's
	res, err := r.takeTicket(ctx, keyless, asked.Mirror, asked.ID.Seq)
	if err != nil {
		return Result{}, fmt.Errorf("%w: %w", ErrDesk, err)
	}
	if _, err := r.Log.Append(ctx, &gestureDone{in}); err != nil {
		return Result{}, err
	}
	return res, nil
}

// take makes the presser the ticket's assignee, by the desk that owns it. Result.Why
// is what the presser is told.
func (r *Receiver) take(ctx context.Context, in Inbound) (Result, error) {
	m, err := r.Directory.MirrorByThread(ctx, in.Source.Place(), in.Source.Thread)
	if err != nil {
		return Result{Outcome: NotOurs, Why: "no conversation is mirrored in this thread"}, ignoreNotFound(err)
	}
	return r.takeTicket(ctx, in, m.ID, m.Conversation)
}

func (r *Receiver) takeTicket(ctx context.Context, in Inbound, mirror ID, conversation int64) (Result, error) {
	known, err := r.Directory.Identify(ctx, in.Author)
	if err != nil {
		return Result{}, err
	}
	if no, refused := agentsOnly(known, "Only an agent can take a ticket"); refused {
		no.Mirror = mirror
		return no, nil
	}
	name := known.Name
	if name == "" {
		name = in.AuthorName
	}
	res, err := r.Desk.Change(ctx, &ChangeTicket{
		Actor:  Actor{Person: known.Person, Role: known.Role, Account: in.Author, Name: name},
		Ticket: mirror.Ticket, Assignee: &known.Person, AssigneeName: name, Status: StatusOpen,
		Reason: "taken from " + in.Source.Surface, Conversation: conversation, Key: in.Key,
	})
	if err != nil {
		return Result{}, fmt.Errorf("take ticket %d: %w", mirror.Ticket, err)
	}
	res.Mirror = mirror
	res.Why = fmt.Sprintf("You have ticket #%d now.", mirror.Ticket)
	return res, nil
}

// agentsOnly refuses who is no agent, and says why: their account may be linked to
// nobody, which they can mend themselves, or to an expert.
func agentsOnly(known Known, rule string) (no Result, refused bool) {
	switch {
	case known.Person == "":
		return Result{Outcome: Ignored, Unlinked: true, Why: rule + ", and this account is not linked to one."}, true
	case known.Role == RoleExpert:
		return Result{Outcome: Ignored, Why: rule + ", and this account is linked to an expert. An admin can make you an agent under People."}, true
	}
	return Result{}, false
}
