package bridge

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A draft is a message that offers the text of a reply to the customer for review. Its
// edits are newer texts of it. What people suggest instead are messages too, so that
// every thread shows them, whole; what they think of it, and what became of a suggestion,
// are entries of their own. Nothing here writes to the customer.

// The states of a review.
const (
	ReviewApproved  = "approved"
	ReviewSuggested = "suggested" // another text, of which nothing has become yet
	ReviewTaken     = "taken"     // the text was put into the reply box
	ReviewDismissed = "dismissed"
)

// The actions of a draft's buttons. PressSuggest has the other text in Inbound.Body.
const (
	PressGood    = "good"
	PressSuggest = "suggest"
)

// Review is what somebody said of a draft. Its ID is the entry that approved, or the
// message that suggests another text.
type Review struct {
	ID           ID
	Conversation int64
	// Draft is the message, Text the entry of the draft's text that it is about: an
	// older one when that is not the message's BodySeq.
	Draft int64
	Text  int64
	// By is the person, or the account of somebody the directory does not know.
	By    string
	State string
	// StateSeq is the entry that set the state.
	StateSeq int64
}

// OfferDraft asks the people of a conversation to review a reply to the customer.
type OfferDraft struct {
	Actor        Actor
	Conversation ID
	Body         string
	Key          string
}

// ApproveDraft says that a draft is good as it is.
type ApproveDraft struct {
	Actor Actor
	Draft ID
	// Text is the entry of the text that was seen; zero is the present one.
	Text int64
}

// SuggestDraft suggests another text for a draft.
type SuggestDraft struct {
	Actor Actor
	Draft ID
	// Text is the entry of the text that was seen; zero is the present one.
	Text int64
	Body string
	Key  string
}

// TakeDraft records that a suggested text was put into the reply box.
type TakeDraft struct {
	Actor      Actor
	Suggestion ID
}

// DismissDraft records that a suggested text is not wanted.
type DismissDraft struct {
	Actor      Actor
	Suggestion ID
}

// Needs implements Command.
func (c *OfferDraft) Needs() Needs { return Needs{Ticket: c.Conversation.Ticket, Key: c.Key} }

// Needs implements Command.
func (c *ApproveDraft) Needs() Needs { return Needs{Ticket: c.Draft.Ticket, Reviews: true} }

// Needs implements Command.
func (c *SuggestDraft) Needs() Needs {
	return Needs{Ticket: c.Draft.Ticket, Reviews: true, Key: c.Key}
}

// Needs implements Command.
func (c *TakeDraft) Needs() Needs {
	return Needs{Ticket: c.Suggestion.Ticket, Messages: []ID{c.Suggestion}, Reviews: true}
}

// Needs implements Command.
func (c *DismissDraft) Needs() Needs {
	return Needs{Ticket: c.Suggestion.Ticket, Messages: []ID{c.Suggestion}, Reviews: true}
}

func (c *OfferDraft) decide(s *State) (Result, error) {
	conv, err := s.conversation(c.Conversation, c.Actor)
	switch {
	case err != nil:
		return Result{}, err
	case !c.Actor.worksAtDesk():
		return Result{}, fmt.Errorf("%w: only an agent offers a draft", ErrForbidden)
	case !conv.Open:
		return Result{}, fmt.Errorf("%w: the conversation is closed: reopen it first", ErrConflict)
	}
	body, err := cleanBody(c.Body, 0)
	if err != nil {
		return Result{}, err
	}
	e := s.add(conv.ID.Ticket, MessagePosted, c.Actor, Facts{Conversation: conv.ID.Seq, Draft: true}, Words{Body: body})
	return Result{Outcome: Accepted, ID: e.ID(), Seq: e.Seq}, nil
}

// draft finds a draft that can still be reviewed by an actor.
func (s *State) draft(id ID, actor Actor) (*Message, error) {
	m := s.Messages[id]
	switch {
	case m == nil || m.Draft != id.Seq || !s.mayAct(s.Conversations[ID{id.Ticket, m.Conversation}], actor):
		return nil, fmt.Errorf("draft %s: %w", id, ErrNotFound)
	case m.DeletedSeq != 0:
		return nil, fmt.Errorf("%w: the draft was withdrawn", ErrConflict)
	case actor.Person == "" && actor.Account == Account{}:
		return nil, fmt.Errorf("%w: nobody reviews a draft without a name", ErrForbidden)
	case actor.Person != "" && actor.Person == m.Author:
		return nil, fmt.Errorf("%w: nobody reviews their own draft: edit it to change its text", ErrForbidden)
	}
	return m, nil
}

func (c *ApproveDraft) decide(s *State) (Result, error) {
	m, err := s.draft(c.Draft, c.Actor)
	if err != nil {
		return Result{}, err
	}
	if c.Text != 0 && c.Text != m.BodySeq {
		return Result{}, fmt.Errorf("%w: the draft has a newer text: look at it first", ErrConflict)
	}
	return s.approveDraft(m, c.Actor, 0), nil
}

// approveDraft records that somebody finds the present text good, once.
func (s *State) approveDraft(m *Message, actor Actor, mirror int64) Result {
	by := reviewer(actor.Person, actor.Account)
	for _, r := range s.Reviews {
		if r.ID.Ticket == m.ID.Ticket && r.Draft == m.ID.Seq && r.Text == m.BodySeq && r.By == by && r.State == ReviewApproved {
			return Result{Outcome: Ignored, ID: m.ID, Why: "You have said so already."}
		}
	}
	e := s.add(m.ID.Ticket, DraftApproved, actor, Facts{Conversation: m.Conversation, Message: m.ID.Seq, Entry: m.BodySeq, Mirror: mirror}, Words{})
	return Result{Outcome: Accepted, ID: m.ID, Seq: e.Seq, Why: "You said that the draft looks good."}
}

func (c *SuggestDraft) decide(s *State) (Result, error) {
	m, err := s.draft(c.Draft, c.Actor)
	if err != nil {
		return Result{}, err
	}
	if conv := s.Conversations[ID{m.ID.Ticket, m.Conversation}]; conv != nil && !conv.Open {
		return Result{}, fmt.Errorf("%w: the conversation is closed: reopen it first", ErrConflict)
	}
	return s.suggest(m, c.Actor, c.Text, c.Body, 0)
}

// suggest records another text for a draft. What was written for a text that was changed
// meanwhile is not lost: it is about that one.
func (s *State) suggest(m *Message, actor Actor, text int64, body string, mirror int64) (Result, error) {
	if text < m.ID.Seq || text > m.BodySeq {
		text = m.BodySeq
	}
	body, err := cleanBody(body, 0)
	if err != nil {
		return Result{}, err
	}
	e := s.add(m.ID.Ticket, MessagePosted, actor, Facts{
		Conversation: m.Conversation, Suggests: m.ID.Seq, Entry: text, Mirror: mirror,
	}, Words{Body: body})
	return Result{Outcome: Accepted, ID: e.ID(), Seq: e.Seq, Why: "Your text was suggested. The agent sees what you changed."}, nil
}

func (c *TakeDraft) decide(s *State) (Result, error) {
	return s.settleSuggestion(c.Suggestion, c.Actor, DraftTaken)
}

func (c *DismissDraft) decide(s *State) (Result, error) {
	return s.settleSuggestion(c.Suggestion, c.Actor, DraftDismissed)
}

// settleSuggestion says what became of a suggestion. What was taken stays taken.
func (s *State) settleSuggestion(id ID, actor Actor, kind Kind) (Result, error) {
	m, err := s.message(id, actor)
	r := s.Reviews[id]
	switch {
	case err != nil:
		return Result{}, err
	case r == nil || m.Draft == id.Seq:
		return Result{}, fmt.Errorf("suggestion %s: %w", id, ErrNotFound)
	case !actor.worksAtDesk():
		return Result{}, fmt.Errorf("%w: only an agent takes or dismisses a suggestion", ErrForbidden)
	case m.DeletedSeq != 0:
		return Result{}, fmt.Errorf("%w: the suggestion is deleted", ErrConflict)
	case r.State == settledBy[kind] || r.State == ReviewTaken:
		return Result{Outcome: Ignored, ID: id, Why: "it was " + r.State + " already"}, nil
	}
	e := s.add(id.Ticket, kind, actor, Facts{Conversation: m.Conversation, Message: id.Seq, Entry: m.BodySeq}, Words{})
	return Result{Outcome: Accepted, ID: id, Seq: e.Seq}, nil
}

// settledBy is the state that an entry gives a suggestion.
var settledBy = map[Kind]string{DraftTaken: ReviewTaken, DraftDismissed: ReviewDismissed}

// decideReview takes a press of a draft's button, which is found by its post. Why tells
// who pressed it what came of it.
func (in *Inbound) decideReview(s *State, m *Mirror) Result {
	out := Result{Outcome: Ignored, ID: ID{m.ID.Ticket, m.Conversation}, Mirror: m.ID}
	actor := in.actor(s)
	draft, err := in.reviewed(s, m, actor)
	if err != nil {
		out.Why = why(err)
		return out
	}
	var res Result
	if in.Action == PressGood {
		if draft.BodySeq > m.Cursor {
			out.Why = "The draft has a newer text, which is on its way here. Read it, then press again."
			return out
		}
		res = s.approveDraft(draft, actor, m.ID.Seq)
	} else if res, err = s.suggest(draft, actor, in.Text, in.Body, m.ID.Seq); err != nil {
		out.Why = why(err)
		return out
	}
	if conv := s.Conversations[ID{m.ID.Ticket, m.Conversation}]; in.Action == PressSuggest && conv != nil && !conv.Open && s.ReopenOnReply {
		s.setState(conv, true, actor, "reply")
	}
	res.Mirror = m.ID
	return res
}

// reviewed finds the draft whose post has the button.
func (in *Inbound) reviewed(s *State, m *Mirror, actor Actor) (*Message, error) {
	c := s.Copies[sourceKey(&in.Source)]
	if c != nil && c.Mirror == m.ID.Seq && c.Message == 0 {
		draft, err := s.draft(ID{c.Ticket, c.Entry}, actor)
		if !errors.Is(err, ErrNotFound) {
			return draft, err
		}
	}
	return nil, fmt.Errorf("%w: there is no draft behind this button any more", ErrNotFound)
}

// why makes a sentence of a refusal.
func why(err error) string {
	text := err.Error()
	for _, class := range []error{ErrNotFound, ErrConflict, ErrForbidden, ErrInvalid} { // "conflict: …"
		text = strings.TrimPrefix(text, class.Error()+": ")
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// reviewer names who reviews: a person, or an account that is linked to nobody.
func reviewer(person string, a Account) string {
	if person != "" {
		return person
	}
	return a.Surface + "/" + a.Workspace + "/" + a.ID
}

// applyReview sets the rows of what an entry says of a draft.
func (s *State) applyReview(e *Entry) {
	f := e.Facts
	switch e.Kind {
	case MessagePosted, DraftApproved:
		draft, state := f.Message, ReviewApproved
		if e.Kind == MessagePosted {
			draft, state = f.Suggests, ReviewSuggested
		}
		if draft == 0 {
			return
		}
		s.putReview(&Review{
			ID: e.ID(), Conversation: f.Conversation, Draft: draft, Text: f.Entry,
			By: reviewer(f.Person, f.Account), State: state, StateSeq: e.Seq,
		})
	case DraftTaken, DraftDismissed:
		if r := s.Reviews[ID{e.Ticket, f.Message}]; r != nil {
			r.State, r.StateSeq = settledBy[e.Kind], e.Seq
			s.putReview(r)
		}
	}
}

func (s *State) putReview(r *Review) {
	s.Reviews[r.ID] = r
	s.Changed.Reviews[r.ID] = true
}

// Reviewed is a draft with what was said of it, as a rendering needs it.
type Reviewed struct {
	// Draft is the draft's message.
	Draft Message
	// Answers are the reviews in order, with their authors' names at the time.
	Answers []NamedReview
	// Post is the ref of the post of ours that has the buttons, empty when there is none.
	Post string
}

// NamedReview is a review with the name of who made it, empty when that was erased.
type NamedReview struct {
	Review
	Name string
}

// Older reports whether a review is about a text that the draft no longer has.
func (r *Reviewed) Older(a NamedReview) bool { return a.Text != r.Draft.BodySeq }

// NewReviewed puts a draft and its reviews together; reviews may hold those of other
// drafts too. entries are those that made the reviews.
func NewReviewed(draft Message, reviews []Review, entries []*Entry) Reviewed {
	out := Reviewed{Draft: draft}
	for _, r := range reviews {
		if r.Draft != draft.ID.Seq || r.ID.Ticket != draft.ID.Ticket {
			continue
		}
		named := NamedReview{Review: r}
		if i := slices.IndexFunc(entries, func(e *Entry) bool { return e.ID() == r.ID }); i >= 0 {
			named.Name = entries[i].Words.Name
		}
		out.Answers = append(out.Answers, named)
	}
	slices.SortFunc(out.Answers, func(a, b NamedReview) int { return int(a.ID.Seq - b.ID.Seq) })
	return out
}

// DraftOf returns the draft that an entry about one of these messages is about, zero when
// it is about none.
func (e *Entry) DraftOf(messages map[int64]Message) int64 {
	if e.Kind == MessagePosted {
		return messages[e.Seq].Draft
	}
	return messages[e.Facts.Message].Draft
}

// reviewed finds the draft that an entry is about among what a worker has.
func (w *Work) reviewed(e *Entry) *Reviewed {
	draft := e.DraftOf(w.Messages)
	for _, r := range w.Reviewed {
		if draft == 0 || r.Draft.ID.Seq != draft {
			continue
		}
		for _, c := range w.Copies {
			if c.Entry == draft && c.Message == 0 && !c.Gone && c.Ours() {
				r.Post = c.Ref
			}
		}
		return &r
	}
	return nil
}

// AlsoShown adds to messages of one ticket those that are shown otherwise when one of them
// changes: a draft, and what was suggested for it.
func (s *State) AlsoShown(touched map[int64]bool) {
	drafts := map[int64]bool{}
	for _, m := range s.Messages {
		if m.Draft != 0 && touched[m.ID.Seq] {
			drafts[m.Draft] = true
		}
	}
	for _, m := range s.Messages {
		if drafts[m.Draft] {
			touched[m.ID.Seq] = true
		}
	}
}

// PlanReview adds to the calls that show an entry about a draft the one for the post with
// its buttons, which follows the draft's own posts and every answer. A post that somebody
// removed is not brought back.
func (v *View) PlanReview(calls []Call, post func() any) []Call {
	switch {
	case v.Reviewed == nil:
		return calls
	case v.Entry.Facts.Draft:
		return append(calls, Call{Verb: VerbPost, Payload: post()})
	case v.Reviewed.Post == "":
		return calls
	}
	return append(calls, Call{Verb: VerbEdit, Ref: v.Reviewed.Post, Payload: post()})
}

// DraftText is the present text of a draft, for a form in which somebody changes it.
type DraftText struct {
	Draft ID
	// Text is the entry that has it.
	Text int64
	Body string
}
