package bridge

import "time"

// ListenerKey names a person as a reader of a conversation.
type ListenerKey struct {
	Conversation ID
	Person       string
}

// Listener is a person as a reader of a conversation who is told, in a chat of their
// own, of what they have not read. Told is their position: what was said up to it is
// never told again. No entry sets these rows; they move as mirrors' heads and cursors do.
type Listener struct {
	ListenerKey
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

// listen makes an entry due to those whose business it is: who began the conversation,
// has the ticket, takes part, was named or asked. What they want to hear, and when, is
// asked when it is due; here it only must not be lost.
func (s *State) listen(e *Entry) {
	if e.Kind != MessagePosted && e.Kind != ApprovalAsked {
		return
	}
	c := s.Conversations[ID{e.Ticket, e.Facts.Conversation}]
	if c == nil {
		return // unreachable: a message is said in a conversation
	}
	people := map[string]bool{c.Starter: true}
	if t := s.Tickets[e.Ticket]; t.Status != StatusSolved && t.Status != StatusClosed {
		people[t.Assignee] = true
	}
	for key := range s.Listeners {
		if key.Conversation == c.ID {
			people[key.Person] = true
		}
	}
	for _, named := range e.Facts.People {
		people[named] = true
	}
	due := e.At.Add(s.NoticeGrace)
	if e.Kind == ApprovalAsked {
		for person := range people {
			people[person] = false
		}
		for _, asked := range e.Facts.People {
			people[asked] = true
		}
		due = e.At
	}
	for person, told := range people {
		if person != "" && person != e.Facts.Person && told {
			s.listener(c.ID, person).hear(due)
		}
	}
	if e.Facts.Person != "" && e.Facts.Source == nil {
		s.listener(c.ID, e.Facts.Person) // who writes on the pages takes part from now on
	}
}

func (s *State) listener(conversation ID, person string) *Listener {
	key := ListenerKey{conversation, person}
	l := s.Listeners[key]
	if l == nil {
		l = &Listener{ListenerKey: key}
		s.Listeners[key] = l
	}
	s.Changed.Listeners[key] = true
	return l
}

func (l *Listener) hear(due time.Time) {
	if l.Due.IsZero() || due.Before(l.Due) {
		l.Due = due
	}
}

// BeginNotice records that somebody is about to be told of a conversation up to an
// entry. If we crash before the SettleNotice, nobody knows whether they were, and they
// are not told again.
type BeginNotice struct {
	Fence
	Key  ListenerKey
	Upto int64
	// Head is the ticket's head as it was when what is to be told was read: what came
	// later makes the row due again.
	Head int64
}

// SettleNotice records what became of the call. Failed: it certainly told nobody, and is
// to be made again at Until, or not at all when that is zero.
type SettleNotice struct {
	Fence
	Key    ListenerKey
	Failed bool
	Until  time.Time
	// Held: the platform said wait, which is no failure and costs no attempt.
	Held bool
}

// DeferNotice puts off a look at what somebody is to be told; a zero Until says that
// there is nothing to tell.
type DeferNotice struct {
	Fence
	Key   ListenerKey
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

// heldListener returns the row that the holder of the lease may change.
func (s *State) heldListener(f Fence, key ListenerKey) (*Listener, error) {
	if err := s.checkFence(f); err != nil {
		return nil, err
	}
	if l := s.Listeners[key]; l != nil {
		return s.listener(key.Conversation, key.Person), nil
	}
	return nil, ErrNotFound
}

func (c *BeginNotice) decide(s *State) (Result, error) {
	l, err := s.heldListener(c.Fence, c.Key)
	switch {
	case err != nil:
		return Result{}, err
	case !l.Begun.IsZero() || l.Told >= c.Upto:
		return Result{Outcome: Duplicate, Why: "they were told of it, or a call to tell them was begun"}, nil
	}
	l.Was, l.Told, l.Begun = l.Told, c.Upto, s.Now
	s.rest(l, c.Head)
	return Result{Outcome: Accepted}, nil
}

// rest makes a row due no more, unless something came since it was read.
func (s *State) rest(l *Listener, head int64) {
	l.Due = time.Time{}
	if s.Tickets[l.Conversation.Ticket].Head > head {
		l.Due = s.Now.Add(s.NoticeGrace)
	}
}

func (c *SettleNotice) decide(s *State) (Result, error) {
	l, err := s.heldListener(c.Fence, c.Key)
	if err != nil {
		return Result{}, err
	}
	l.Begun = time.Time{}
	if !c.Failed {
		l.Attempts = 0
		return Result{Outcome: Accepted}, nil
	}
	l.Told = l.Was
	if !c.Until.IsZero() {
		l.hear(c.Until)
		if !c.Held {
			l.Attempts++
		}
	}
	return Result{Outcome: Accepted}, nil
}

func (c *DeferNotice) decide(s *State) (Result, error) {
	l, err := s.heldListener(c.Fence, c.Key)
	if err != nil {
		return Result{}, err
	}
	if c.Until.IsZero() {
		s.rest(l, c.Head)
	} else {
		l.Due = c.Until
	}
	return Result{Outcome: Accepted}, nil
}
