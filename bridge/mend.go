package bridge

import (
	"fmt"
	"time"
)

// What an admin does about a mirror that does not get on by itself. Resume is the
// third of them.

// SkippedByHand is why an entry was not shown that an admin gave up.
const SkippedByHand = "skipped_by_hand"

// RetryNow lets a mirror that waits for a time be tried at once. What the platform
// itself asked to wait for is still waited for.
type RetryNow struct {
	Actor  Actor
	Mirror ID
}

// Skip gives up the entry that a mirror does not get past. A note takes its place in
// the thread, and the mirror goes on after it.
type Skip struct {
	Actor  Actor
	Mirror ID
	// Seq is the entry, which Work.Stuck names.
	Seq int64
}

// Rebind ends a mirror and opens another for its conversation. A mirror that works
// shows what it has still to show and where the conversation goes on; of one that is
// parked nothing more is asked, and the new one shows what it has missed. What people
// say in the old thread is recorded as before.
type Rebind struct {
	Actor  Actor
	Mirror ID
	To     Place
}

// Needs implements Command.
func (c *RetryNow) Needs() Needs { return Needs{Ticket: c.Mirror.Ticket, Mirror: c.Mirror} }

// Needs implements Command.
func (c *Skip) Needs() Needs {
	return Needs{Ticket: c.Mirror.Ticket, Mirror: c.Mirror, Messages: []ID{{c.Mirror.Ticket, c.Seq}}}
}

// Needs implements Command.
func (c *Rebind) Needs() Needs { return Needs{Ticket: c.Mirror.Ticket, Mirror: c.Mirror} }

// Stuck returns the entry that the mirror has to show next, nil when there is none.
func (w *Work) Stuck() *Entry {
	for _, e := range w.Entries {
		if e.concerns(&w.Mirror) && !e.saidIn(&w.Mirror) {
			return e
		}
	}
	return nil
}

// mend finds a mirror for an admin.
func (s *State) mend(id ID, who Actor) (*Mirror, error) {
	if who.Role != RoleAdmin {
		return nil, fmt.Errorf("%w: only an admin mends what is not shown", ErrForbidden)
	}
	return s.mirror(id)
}

func (c *RetryNow) decide(s *State) (Result, error) {
	m, err := s.mend(c.Mirror, c.Actor)
	switch {
	case err != nil:
		return Result{}, err
	case m.Parked != "":
		return (&Resume{Actor: c.Actor, Mirror: c.Mirror, Reason: "by hand"}).decide(s)
	case !m.Behind():
		return Result{Outcome: Ignored, ID: m.ID, Why: "everything is shown"}, nil
	}
	m.Due, m.Attempts = s.Now, 0
	s.Changed.Mirrors[m.ID] = true
	return Result{Outcome: Accepted, ID: m.ID}, nil
}

func (c *Skip) decide(s *State) (Result, error) {
	m, err := s.mend(c.Mirror, c.Actor)
	switch {
	case err != nil:
		return Result{}, err
	case c.Seq <= m.Cursor:
		return Result{Outcome: Ignored, ID: m.ID, Why: "it has been shown, or skipped, already"}, nil
	case c.Seq > m.Head:
		return Result{}, fmt.Errorf("entry %d of mirror %s: %w", c.Seq, m.ID, ErrNotFound)
	case m.Conversation != 0 && m.Thread == "":
		return Result{}, fmt.Errorf("%w: the thread itself could not be opened: move the conversation to another channel", ErrConflict)
	}
	message := s.giveUp(m, c.Seq)
	e := s.add(m.ID.Ticket, DeliveryFailed, c.Actor, Facts{
		Conversation: m.Conversation, Mirror: m.ID.Seq, Message: message, Entry: c.Seq, Reason: SkippedByHand,
	}, Words{})
	if m.Parked != "" {
		e = s.add(m.ID.Ticket, MirrorResumed, c.Actor, Facts{
			Conversation: m.Conversation, Mirror: m.ID.Seq, Reason: SkippedByHand,
		}, Words{})
	}
	m.Due, m.Attempts, m.Error = s.Now, 0, ""
	s.Changed.Mirrors[m.ID] = true
	return Result{Outcome: Accepted, ID: m.ID, Seq: e.Seq}, nil
}

// giveUp marks the calls of an entry as refused, so that the relay puts a note in its
// place. A call that was not begun gets a row that says so. It returns the message
// that the entry is about, as far as its calls tell.
func (s *State) giveUp(m *Mirror, seq int64) (message int64) {
	begun := false
	for key, d := range s.Deliveries {
		if key.Mirror != m.ID || key.Seq != seq {
			continue
		}
		message = max(message, d.Message)
		if !d.Done {
			d.Done, d.Rejected, begun = true, SkippedByHand, true
			s.Changed.Deliveries[key] = true
		}
	}
	if begun {
		return message
	}
	key := DeliveryKey{Mirror: m.ID, Seq: seq}
	for s.Deliveries[key] != nil {
		key.Part++ // the parts before are shown
	}
	if s.Messages[ID{m.ID.Ticket, seq}] != nil {
		message = seq
	}
	s.Deliveries[key] = &Delivery{
		DeliveryKey: key, Token: fmt.Sprintf("skipped:%s:%d:%d", m.ID, seq, key.Part), BegunAt: s.Now,
		Verb: VerbPost, Message: message, Done: true, Rejected: SkippedByHand,
	}
	s.Changed.Deliveries[key] = true
	return message
}

func (c *Rebind) decide(s *State) (Result, error) {
	m, err := s.mend(c.Mirror, c.Actor)
	switch {
	case err != nil:
		return Result{}, err
	case m.Conversation == 0:
		return Result{}, fmt.Errorf("%w: this is no thread that could be elsewhere", ErrInvalid)
	case m.Ended != 0:
		return Result{}, fmt.Errorf("%w: the conversation goes on elsewhere already", ErrConflict)
	case c.To.Surface == "" || c.To.Channel == "":
		return Result{}, fmt.Errorf("%w: pick the channel where the conversation is to go on", ErrInvalid)
	}
	for _, other := range s.Mirrors {
		if other.ID.Ticket == m.ID.Ticket && other.Conversation == m.Conversation && other.Place == c.To && other.Ended == 0 && other.ID != m.ID {
			return Result{}, fmt.Errorf("%w: the conversation is shown in that channel already", ErrConflict)
		}
	}
	// Only one that has a thread and is not stopped can still show something.
	works, missed := m.Parked == "" && m.Thread != "", m.Cursor
	to := c.To
	s.add(m.ID.Ticket, MirrorEnded, c.Actor, Facts{Conversation: m.Conversation, Mirror: m.ID.Seq, Place: &to}, Words{})
	if !works {
		s.advance(m, m.Head)
	}
	e := s.add(m.ID.Ticket, MirrorOpened, c.Actor, Facts{Conversation: m.Conversation, Place: &to, Rule: m.Rule}, Words{})
	if !works {
		// The thread is opened first all the same, see turn.openFirst.
		next := s.Mirrors[e.ID()]
		next.Cursor = min(missed, next.Cursor)
	}
	return Result{Outcome: Accepted, ID: e.ID(), Seq: e.Seq, Mirror: e.ID()}, nil
}

// applyEnd ends a mirror: entries after this one do not concern it.
func (s *State) applyEnd(e *Entry) {
	id := ID{e.Ticket, e.Facts.Mirror}
	m := s.Mirrors[id]
	if m == nil {
		return
	}
	m.Ended = e.Seq
	m.Parked, m.Remedy, m.Error, m.Attempts, m.Due = "", "", "", 0, time.Time{}
	s.Changed.Mirrors[id] = true
}
