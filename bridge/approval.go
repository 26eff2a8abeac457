package bridge

import (
	"fmt"
	"slices"
	"strings"
)

// The states of an approval, and of each approver's answer. A request waits until
// everybody has approved; one refusal ends it.
const (
	ApprovalPending   = "pending"
	ApprovalApproved  = "approved"
	ApprovalRefusedS  = "refused"
	ApprovalWithdrawS = "withdrawn"
)

// MaxApprovers is the most people of one request.
const MaxApprovers = 20

// MaxApprovalText is the most characters of what is to be approved: it is shown with its
// answers in one post of any chat.
const MaxApprovalText = 1000

// The actions of an approval's buttons, answered to who pressed them.
const (
	PressApprove = "approve"
	PressRefuse  = "refuse"
)

// Approval is the present state of a request for approval. Its ID is the entry that
// asked, which has what is to be approved and the approvers' names.
type Approval struct {
	ID           ID
	Conversation int64
	State        string
	// StateSeq is the entry that set the state.
	StateSeq int64
	// By is the person who asked.
	By string
}

// ApproverKey names a person's part in a request.
type ApproverKey struct {
	Approval ID
	Person   string
}

// Approver is what one of the named people has answered.
type Approver struct {
	ApproverKey
	// N is their place among the approvers, as they were named.
	N     int
	State string
	// Seq is the entry that set the state: the request itself until they answer.
	Seq int64
}

// AskApproval asks named people to approve something. Only they can answer, from the
// ticket view or from a chat by an account that is linked to them.
type AskApproval struct {
	Actor        Actor
	Conversation ID
	Approvers    []Known // their ids and names
	Body         string
	Key          string
}

// AnswerApproval is an approver's answer.
type AnswerApproval struct {
	Actor    Actor
	Approval ID
	Approve  bool
	Note     string
}

// WithdrawApproval ends a request that nobody needs answered any more.
type WithdrawApproval struct {
	Actor    Actor
	Approval ID
}

// Needs implements Command.
func (c *AskApproval) Needs() Needs { return Needs{Ticket: c.Conversation.Ticket, Key: c.Key} }

// Needs implements Command.
func (c *AnswerApproval) Needs() Needs { return Needs{Ticket: c.Approval.Ticket, Approvals: true} }

// Needs implements Command.
func (c *WithdrawApproval) Needs() Needs { return Needs{Ticket: c.Approval.Ticket, Approvals: true} }

func (c *AskApproval) decide(s *State) (Result, error) {
	conv, err := s.conversation(c.Conversation, c.Actor)
	switch {
	case err != nil:
		return Result{}, err
	case !c.Actor.worksAtDesk():
		return Result{}, fmt.Errorf("%w: only an agent asks for approval", ErrForbidden)
	case !conv.Open:
		return Result{}, fmt.Errorf("%w: the conversation is closed: reopen it first", ErrConflict)
	}
	body, err := cleanBody(c.Body, 0)
	if err != nil {
		return Result{}, err
	}
	if len([]rune(body)) > MaxApprovalText {
		return Result{}, fmt.Errorf("%w: what is to be approved is longer than %d characters: write it as a message and name it here", ErrInvalid, MaxApprovalText)
	}
	facts, words, err := c.named()
	if err != nil {
		return Result{}, err
	}
	facts.Conversation, words.Body = conv.ID.Seq, body
	e := s.add(conv.ID.Ticket, ApprovalAsked, c.Actor, facts, words)
	return Result{Outcome: Accepted, ID: e.ID(), Seq: e.Seq}, nil
}

// named are the approvers, each once.
func (c *AskApproval) named() (f Facts, w Words, err error) {
	for _, k := range c.Approvers {
		switch {
		case k.Person == "":
			return f, w, fmt.Errorf("%w: an approver is nobody we know", ErrInvalid)
		case k.Person == c.Actor.Person:
			return f, w, fmt.Errorf("%w: nobody approves what they ask for themselves", ErrInvalid)
		case slices.Contains(f.People, k.Person):
			continue
		}
		f.People, w.People = append(f.People, k.Person), append(w.People, Clean(k.Name))
	}
	switch {
	case len(f.People) == 0:
		return f, w, fmt.Errorf("%w: name at least one approver", ErrInvalid)
	case len(f.People) > MaxApprovers:
		return f, w, fmt.Errorf("%w: %d approvers, the most is %d", ErrInvalid, len(f.People), MaxApprovers)
	}
	return f, w, nil
}

func (s *State) approval(id ID, actor Actor) (*Approval, error) {
	a := s.Approvals[id]
	if a == nil || !s.mayAct(s.Conversations[ID{id.Ticket, a.Conversation}], actor) {
		return nil, fmt.Errorf("approval %s: %w", id, ErrNotFound)
	}
	return a, nil
}

func (c *AnswerApproval) decide(s *State) (Result, error) {
	a, err := s.approval(c.Approval, c.Actor)
	if err != nil {
		return Result{}, err
	}
	return s.answer(a, c.Actor, c.Approve, Facts{}, Clean(strings.TrimSpace(c.Note)))
}

// answer takes an approver's answer. While the request waits, who has approved may
// still refuse; a refusal ends it.
func (s *State) answer(a *Approval, actor Actor, approve bool, f Facts, note string) (Result, error) {
	mine := s.Approvers[ApproverKey{a.ID, actor.Person}]
	switch {
	case actor.Person == "" || mine == nil:
		return Result{}, fmt.Errorf("%w: only the people who are named in the request can answer it", ErrForbidden)
	case a.State != ApprovalPending:
		return Result{}, fmt.Errorf("%w: the request is over: it was %s", ErrConflict, a.State)
	case len([]rune(note)) > MaxApprovalText:
		return Result{}, fmt.Errorf("%w: the note is longer than %d characters", ErrInvalid, MaxApprovalText)
	case approve && mine.State == ApprovalApproved:
		return Result{Outcome: Ignored, ID: a.ID, Why: "You have approved this already."}, nil
	}
	kind, why := ApprovalGiven, "You approved this."
	if !approve {
		kind, why = ApprovalRefused, "You refused this."
	}
	f.Conversation, f.Entry, f.Who = a.Conversation, a.ID.Seq, actor.Person
	e := s.add(a.ID.Ticket, kind, actor, f, Words{Note: note})
	return Result{Outcome: Accepted, ID: a.ID, Seq: e.Seq, Why: why}, nil
}

func (c *WithdrawApproval) decide(s *State) (Result, error) {
	a, err := s.approval(c.Approval, c.Actor)
	switch {
	case err != nil:
		return Result{}, err
	case !c.Actor.worksAtDesk():
		return Result{}, fmt.Errorf("%w: only an agent withdraws a request", ErrForbidden)
	case a.State != ApprovalPending:
		return Result{Outcome: Ignored, ID: a.ID, Why: "the request is over"}, nil
	}
	e := s.add(a.ID.Ticket, ApprovalWithdrawn, c.Actor, Facts{Conversation: a.Conversation, Entry: a.ID.Seq}, Words{})
	return Result{Outcome: Accepted, ID: a.ID, Seq: e.Seq}, nil
}

// decideAnswer takes a press of an approval's button, which is found by its post. Why
// tells who pressed it what came of it.
func (in *Inbound) decideAnswer(s *State, m *Mirror) Result {
	ignored := Result{Outcome: Ignored, ID: ID{m.ID.Ticket, m.Conversation}, Mirror: m.ID}
	c := s.Copies[sourceKey(&in.Source)]
	var a *Approval
	if c != nil && c.Mirror == m.ID.Seq {
		a = s.Approvals[ID{c.Ticket, c.Entry}]
	}
	if a == nil {
		ignored.Why = "There is no request behind this button any more."
		return ignored
	}
	actor := in.actor(s)
	res, err := s.answer(a, actor, in.Action == PressApprove, Facts{Mirror: m.ID.Seq}, "")
	if err == nil {
		res.Mirror = m.ID
		return res
	}
	ignored.Why = "The request is over: it was " + a.State + "."
	if a.State == ApprovalPending {
		ignored.Why = "Only the people who are named in the request can answer it."
		if actor.Person == "" {
			ignored.Unlinked = true
			ignored.Why += " This account is linked to nobody."
		}
	}
	return ignored
}

// applyApproval sets the rows of a request and its answers.
func (s *State) applyApproval(e *Entry) {
	if e.Kind == ApprovalAsked {
		a := &Approval{ID: e.ID(), Conversation: e.Facts.Conversation, State: ApprovalPending, StateSeq: e.Seq, By: e.Facts.Person}
		s.putApproval(a)
		for i, person := range e.Facts.People {
			s.putApprover(&Approver{ApproverKey: ApproverKey{a.ID, person}, N: i, State: ApprovalPending, Seq: e.Seq})
		}
		return
	}
	a := s.Approvals[ID{e.Ticket, e.Facts.Entry}]
	if a == nil {
		return
	}
	state := map[Kind]string{ApprovalGiven: ApprovalApproved, ApprovalRefused: ApprovalRefusedS, ApprovalWithdrawn: ApprovalWithdrawS}[e.Kind]
	if mine := s.Approvers[ApproverKey{a.ID, e.Facts.Who}]; mine != nil {
		mine.State, mine.Seq = state, e.Seq
		s.putApprover(mine)
	}
	if e.Kind == ApprovalGiven && !s.allApproved(a.ID) {
		return
	}
	a.State, a.StateSeq = state, e.Seq
	s.putApproval(a)
}

func (s *State) allApproved(id ID) bool {
	for key, p := range s.Approvers {
		if key.Approval == id && p.State != ApprovalApproved {
			return false
		}
	}
	return true
}

func (s *State) putApproval(a *Approval) {
	s.Approvals[a.ID] = a
	s.Changed.Approvals[a.ID] = true
}

func (s *State) putApprover(p *Approver) {
	s.Approvers[p.ApproverKey] = p
	s.Changed.Approvers[p.ApproverKey] = true
}

// Request is a request for approval with its answers, as a rendering needs it.
type Request struct {
	Approval Approval
	// Asked is the entry that asked, with what is to be approved.
	Asked *Entry
	// Approvers are the named people in order, with their names at the time.
	Approvers []NamedApprover
	// Post is the ref of the post of ours that shows the request, empty when there is none.
	Post string
}

// NamedApprover is an approver with their name.
type NamedApprover struct {
	Approver
	Name string
}

// NewRequest puts a request together; approvers may hold those of other requests too.
func NewRequest(a Approval, asked *Entry, approvers []Approver) Request {
	r := Request{Approval: a, Asked: asked}
	for _, p := range approvers {
		if p.Approval != a.ID {
			continue
		}
		name := ""
		if p.N < len(asked.Words.People) {
			name = asked.Words.People[p.N]
		}
		r.Approvers = append(r.Approvers, NamedApprover{Approver: p, Name: name})
	}
	slices.SortFunc(r.Approvers, func(a, b NamedApprover) int { return a.N - b.N })
	return r
}

// approvalOf returns which request an entry is about, zero when it is about none.
func approvalOf(e *Entry) int64 {
	switch e.Kind {
	case ApprovalAsked:
		return e.Seq
	case ApprovalGiven, ApprovalRefused, ApprovalWithdrawn:
		return e.Facts.Entry
	}
	return 0
}

// ApprovalOf returns which request for approval an entry is about, zero when none.
func (e *Entry) ApprovalOf() int64 { return approvalOf(e) }

// request finds the request that an entry is about among what a worker has.
func (w *Work) request(e *Entry) *Request {
	seq := approvalOf(e)
	for _, r := range w.Requests {
		if seq == 0 || r.Approval.ID.Seq != seq {
			continue
		}
		for _, c := range w.Copies {
			if c.Entry == seq && c.Message == 0 && !c.Gone && c.Ours() {
				r.Post = c.Ref
			}
		}
		return &r
	}
	return nil
}
