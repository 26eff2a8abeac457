package bridge

import "time"

// listen makes an entry due to those whose business it is: who takes part in the
// conversation, has the ticket, was named or asked. What they want to hear, and when, is
// asked when it is due; here it only must not be lost. No entry says that something is
// due or was told: that moves as mirrors' heads and cursors do.
func (s *State) listen(e *Entry) {
	c := s.Conversations[ID{e.Ticket, e.Facts.Conversation}]
	if c == nil {
		return
	}
	switch e.Kind {
	case ParticipantRemoved:
		s.tellNothing(c.ID, e.Facts.Who)
	case ApprovalAsked:
		for _, asked := range e.Facts.People {
			s.hear(c.ID, asked, e, e.At)
		}
	case MessagePosted:
		if src := e.Facts.Source; src != nil && src.SentAt != 0 && src.SentAt < c.Attached {
			return
		}
		due := e.At.Add(s.NoticeGrace)
		if t := s.Tickets[e.Ticket]; t.Status != StatusSolved && t.Status != StatusClosed {
			s.hear(c.ID, t.Assignee, e, due)
		}
		for _, named := range e.Facts.People {
			s.hear(c.ID, named, e, due)
		}
		for key, p := range s.Participants {
			if key.Conversation == c.ID && p.TakesPart() {
				s.hear(c.ID, p.Person, e, due)
			}
		}
	}
}

// hear makes an entry due to somebody, unless they said it themselves, have left, or are
// told of it by the chat in whose thread they write.
func (s *State) hear(conv ID, person string, e *Entry, due time.Time) {
	if person == "" || person == e.Facts.Person {
		return
	}
	key := ParticipantKey{conv, person}
	p := s.Participants[key]
	if p == nil {
		p = &Participant{ParticipantKey: key}
	}
	if p.HasLeft() || e.Kind == MessagePosted && s.toldByChat(p) {
		return
	}
	if p.Due.IsZero() && p.Begun.IsZero() {
		p.Told = max(p.Told, e.Seq-1) // nothing before it is to be told
	}
	if p.hear(due) {
		s.putParticipant(p)
	}
}

// toldByChat reports whether the chat tells somebody itself of what is said, since they
// write in a thread of it that is kept up.
func (s *State) toldByChat(p *Participant) bool {
	if p.Chat == "" {
		return false
	}
	for _, m := range s.Mirrors {
		if m.ID.Ticket == p.Conversation.Ticket && m.Conversation == p.Conversation.Seq && m.Place.Surface == p.Chat &&
			m.Thread != "" && m.Parked == "" && m.Ended == 0 {
			return true
		}
	}
	return false
}

// tellNothing leaves nothing due to somebody.
func (s *State) tellNothing(conv ID, person string) {
	if p := s.Participants[ParticipantKey{conv, person}]; p != nil && !p.Due.IsZero() {
		p.Due = time.Time{}
		s.putParticipant(p)
	}
}

// hear makes the row due at a time, if it is not due earlier, and reports whether it changed.
func (p *Participant) hear(due time.Time) bool {
	if !p.Due.IsZero() && !due.Before(p.Due) {
		return false
	}
	p.Due = due
	return true
}

// BeginNotice records that somebody is about to be told of a conversation up to an
// entry. If we crash before the SettleNotice, nobody knows whether they were, and they
// are not told again.
type BeginNotice struct {
	Fence
	Key  ParticipantKey
	Upto int64
	// Head is the ticket's head as it was when what is to be told was read: what came
	// later makes the row due again.
	Head int64
}

// SettleNotice records what became of the call. Failed: it certainly told nobody, and is
// to be made again at Until, or not at all when that is zero.
type SettleNotice struct {
	Fence
	Key    ParticipantKey
	Failed bool
	Until  time.Time
	// Held: the platform said wait, which is no failure and costs no attempt.
	Held bool
}

// DeferNotice puts off a look at what somebody is to be told; a zero Until says that
// there is nothing to tell.
type DeferNotice struct {
	Fence
	Key   ParticipantKey
	Until time.Time
	Head  int64
}

// Needs implements Command.
func (c *BeginNotice) Needs() Needs {
	return Needs{Ticket: c.Key.Conversation.Ticket, Lease: c.Lease}
}

// Needs implements Command.
func (c *SettleNotice) Needs() Needs {
	return Needs{Ticket: c.Key.Conversation.Ticket, Lease: c.Lease}
}

// Needs implements Command.
func (c *DeferNotice) Needs() Needs {
	return Needs{Ticket: c.Key.Conversation.Ticket, Lease: c.Lease}
}

// heldParticipant returns the row that the holder of the lease may change.
func (s *State) heldParticipant(f Fence, key ParticipantKey) (*Participant, error) {
	if err := s.checkFence(f); err != nil {
		return nil, err
	}
	if p := s.Participants[key]; p != nil {
		s.putParticipant(p)
		return p, nil
	}
	return nil, ErrNotFound
}

func (c *BeginNotice) decide(s *State) (Result, error) {
	p, err := s.heldParticipant(c.Fence, c.Key)
	switch {
	case err != nil:
		return Result{}, err
	case !p.Begun.IsZero() || p.Told >= c.Upto:
		return Result{Outcome: Duplicate, Why: "they were told of it, or a call to tell them was begun"}, nil
	}
	p.Was, p.Told, p.Begun = p.Told, c.Upto, s.Now
	s.rest(p, c.Head)
	return Result{Outcome: Accepted}, nil
}

// rest makes a row due no more, unless something came since it was read.
func (s *State) rest(p *Participant, head int64) {
	p.Due = time.Time{}
	if s.Tickets[p.Conversation.Ticket].Head > head {
		p.Due = s.Now.Add(s.NoticeGrace)
	}
}

func (c *SettleNotice) decide(s *State) (Result, error) {
	p, err := s.heldParticipant(c.Fence, c.Key)
	if err != nil {
		return Result{}, err
	}
	p.Begun = time.Time{}
	if !c.Failed {
		p.Attempts = 0
		return Result{Outcome: Accepted}, nil
	}
	p.Told = p.Was
	if !c.Until.IsZero() {
		p.hear(c.Until)
		if !c.Held {
			p.Attempts++
		}
	}
	return Result{Outcome: Accepted}, nil
}

func (c *DeferNotice) decide(s *State) (Result, error) {
	p, err := s.heldParticipant(c.Fence, c.Key)
	if err != nil {
		return Result{}, err
	}
	if c.Until.IsZero() {
		s.rest(p, c.Head)
	} else {
		p.Due = c.Until
	}
	return Result{Outcome: Accepted}, nil
}
