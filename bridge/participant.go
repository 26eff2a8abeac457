package bridge

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// ParticipantKey names a person's part in a conversation.
type ParticipantKey struct {
	Conversation ID
	Person       string
}

// String returns the conversation and the person, as a finding names them.
func (k ParticipantKey) String() string { return k.Conversation.String() + " " + k.Person }

// Participant is a person who takes part in a conversation, or did: somebody added
// them, they started it, spoke in it, were asked there to approve something, or took
// its ticket over. The row stays when they are removed, as does all that was said.
//
// They are a reader of the conversation as well, whom we tell in a chat of their own of
// what they have not read: Told is their position, and what was said up to it is never
// told again. Who has the ticket or was named without taking part has a row for that alone.
type Participant struct {
	ParticipantKey
	// Since is the entry by which they take part: of those who came back, the last one.
	// It is zero for somebody who never did.
	Since int64
	// Left is the entry that removed them last, or zero. They take part when Since is
	// later than it.
	Left int64
	// Chat is the surface of the thread in which they wrote last, empty when they never
	// wrote in one. That chat tells them of what is said there.
	Chat string

	// The following is set by no entry, as mirrors' heads and cursors are not.

	// Told is the entry up to which they were told, or a call to tell them was begun.
	// Was is what it was before that call.
	Told, Was int64
	// Due is when to look whether there is something to tell; zero while there is not.
	Due time.Time
	// Begun is when a call was begun whose outcome is not known yet; zero when none is.
	Begun    time.Time
	Attempts int
	// Head is the ticket's head when the row was read for telling; it is not stored.
	Head int64
}

// TakesPart reports whether the person takes part now.
func (p *Participant) TakesPart() bool { return p != nil && p.Since > p.Left }

// HasLeft reports whether the person was removed and has not come back.
func (p *Participant) HasLeft() bool { return p != nil && p.Left > p.Since }

// ofEntries returns what entries say of the person.
func (p Participant) ofEntries() Participant {
	return Participant{ParticipantKey: p.ParticipantKey, Since: p.Since, Left: p.Left, Chat: p.Chat}
}

// takesPart reports whether a person takes part in a conversation now.
func (s *State) takesPart(conv ID, person string) bool {
	return s.Participants[ParticipantKey{conv, person}].TakesPart()
}

// ParticipantsOf returns who takes part in a conversation now, those who came first first.
func (s *State) ParticipantsOf(conv ID) []*Participant {
	var out []*Participant
	for key, p := range s.Participants {
		if key.Conversation == conv && p.TakesPart() {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *Participant) int {
		return cmp.Or(cmp.Compare(a.Since, b.Since), cmp.Compare(a.Person, b.Person))
	})
	return out
}

// Added are the people whom an entry about participants adds, or removes, in order.
func (e *Entry) Added() []string {
	if e.Facts.Who != "" {
		return []string{e.Facts.Who}
	}
	return e.Facts.People
}

// ManyPeople is how many people a conversation may have before adding one more must be
// confirmed, where nothing else is configured.
const ManyPeople = 5

// MaxAdded is the most people that are added to a conversation at once.
const MaxAdded = 50

// AddParticipants brings people into a conversation, at any time, as far as the actor
// may. Those who take part already stay as they are.
type AddParticipants struct {
	Actor        Actor
	Conversation ID
	// People are those to be added, by id and name.
	People []Known
	// Group is the id of the group whose people they are, when the whole of it is added.
	Group string
	// Confirmed: whoever adds them was told how many they are.
	Confirmed bool
	Key       string
}

// RemoveParticipant ends a person's part in a conversation. What they said stays.
type RemoveParticipant struct {
	Actor        Actor
	Conversation ID
	Person       string
	// Name is what they are called now, for the audit trail.
	Name string
}

// Needs implements Command.
func (c *AddParticipants) Needs() Needs {
	return Needs{Ticket: c.Conversation.Ticket, Key: c.Key, People: idsOf(c.Actor, c.People)}
}

// Needs implements Command.
func (c *RemoveParticipant) Needs() Needs { return Needs{Ticket: c.Conversation.Ticket} }

func (c *AddParticipants) decide(s *State) (Result, error) {
	conv, err := s.joinable(c)
	if err != nil {
		return Result{}, err
	}
	if c.Actor.Person == "" {
		return Result{}, fmt.Errorf("%w: only somebody who is known here adds people", ErrForbidden)
	}
	var add []Known
	for _, k := range c.People {
		switch {
		case k.Person == "":
			return Result{}, fmt.Errorf("%w: one of the people is nobody we know", ErrInvalid)
		case s.takesPart(conv.ID, k.Person) || slices.ContainsFunc(add, func(a Known) bool { return a.Person == k.Person }):
			continue
		}
		if k.Person != c.Actor.Person { // whoever may speak there takes part by that
			if err := s.mayInvite(c.Actor, s.takesPart(conv.ID, c.Actor.Person), k.Person); err != nil {
				return Result{}, err
			}
		}
		add = append(add, k)
	}
	switch {
	case len(add) == 0:
		return Result{Outcome: Ignored, ID: conv.ID, Why: "They take part already."}, nil
	case len(add) > MaxAdded:
		return Result{}, fmt.Errorf("%w: %d people at once, the most is %d: ask their group in its channel instead", ErrInvalid, len(add), MaxAdded)
	}
	if err := c.warn(s, conv.ID, len(add)); err != nil {
		return Result{}, err
	}
	e := s.admit(conv.ID, c.Actor, add, Facts{Group: c.Group})
	return Result{Outcome: Accepted, ID: conv.ID, Seq: e.Seq}, nil
}

// warn refuses to make a crowd of a conversation before that is confirmed.
func (c *AddParticipants) warn(s *State, conv ID, add int) error {
	switch {
	case c.Confirmed || s.ManyPeople == 0:
		return nil
	case c.Group != "" && add > 1:
		return fmt.Errorf("%w: this adds a whole group, %d people, and calls each of them in their chat. Confirm that you mean all of them", ErrUnconfirmed, add)
	}
	return s.warnOf(conv, add)
}

// warnOf warns of how many people a conversation would have.
func (s *State) warnOf(conv ID, add int) error {
	if total := add + len(s.ParticipantsOf(conv)); s.ManyPeople > 0 && total > s.ManyPeople {
		return fmt.Errorf("%w: with this, %d people take part in the conversation, and all of them are called to it. Confirm that you need so many", ErrUnconfirmed, total)
	}
	return nil
}

// admit records that people were added: the new ones together, and whoever comes back
// alone, with the entry since which they have missed what was said.
func (s *State) admit(conv ID, by Actor, people []Known, f Facts) (last *Entry) {
	f.Conversation = conv.Seq
	var names []string
	for _, k := range people {
		if was := s.Participants[ParticipantKey{conv, k.Person}]; was.HasLeft() {
			back := f
			back.Who, back.Entry = k.Person, was.Left
			last = s.add(conv.Ticket, ParticipantAdded, by, back, Words{People: []string{Clean(k.Name)}})
			continue
		}
		f.People, names = append(f.People, k.Person), append(names, Clean(k.Name))
	}
	if len(names) > 0 {
		last = s.add(conv.Ticket, ParticipantAdded, by, f, Words{People: names})
	}
	return last
}

func (c *RemoveParticipant) decide(s *State) (Result, error) {
	conv, err := s.conversation(c.Conversation, c.Actor)
	switch {
	case err != nil:
		return Result{}, err
	case !c.Actor.worksAtDesk() && (c.Actor.Person == "" || c.Actor.Person != c.Person):
		return Result{}, fmt.Errorf("%w: only an agent, or they themselves, can end somebody's part", ErrForbidden)
	case !s.takesPart(conv.ID, c.Person):
		return Result{Outcome: Ignored, ID: conv.ID, Why: "They do not take part."}, nil
	}
	e := s.add(conv.ID.Ticket, ParticipantRemoved, c.Actor, Facts{Conversation: conv.ID.Seq, Who: c.Person}, Words{People: []string{Clean(c.Name)}})
	return Result{Outcome: Accepted, ID: conv.ID, Seq: e.Seq}, nil
}

// applyParticipants sets the rows of those who take part by an entry: whom it adds,
// and whoever starts, speaks, is asked for an approval or takes the ticket over.
func (s *State) applyParticipants(e *Entry) {
	f := e.Facts
	conv := ID{e.Ticket, f.Conversation}
	switch e.Kind {
	case ConversationStarted:
		s.join(e.ID(), f.Person, e)
	case MessagePosted:
		// Who was removed does not come back by going on in a chat's thread.
		if f.Source == nil || !s.Participants[ParticipantKey{conv, f.Person}].HasLeft() {
			s.join(conv, f.Person, e)
		}
		if p := s.Participants[ParticipantKey{conv, f.Person}]; p != nil && f.Source != nil && p.Chat != f.Source.Surface {
			p.Chat = f.Source.Surface
			s.putParticipant(p)
		}
	case ParticipantAdded, ApprovalAsked:
		for _, person := range e.Added() {
			s.join(conv, person, e)
		}
	case ParticipantRemoved:
		if p := s.Participants[ParticipantKey{conv, f.Who}]; p.TakesPart() {
			p.Left = e.Seq
			s.putParticipant(p)
		}
	case TicketChanged:
		if f.Assignee == nil {
			return
		}
		for id, c := range s.Conversations {
			if id.Ticket == e.Ticket && c.Open && c.Restricted == 0 {
				s.join(id, *f.Assignee, e)
			}
		}
	}
}

// join makes a person take part, unless they do already.
func (s *State) join(conv ID, person string, e *Entry) {
	if person == "" || s.Conversations[conv] == nil || s.takesPart(conv, person) {
		return
	}
	key := ParticipantKey{conv, person}
	p := s.Participants[key]
	if p == nil {
		p = &Participant{ParticipantKey: key}
	}
	p.Since = e.Seq
	s.putParticipant(p)
}

func (s *State) putParticipant(p *Participant) {
	s.Participants[p.ParticipantKey] = p
	s.Changed.Participants[p.ParticipantKey] = true
}
