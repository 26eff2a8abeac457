package bridge

import (
	"fmt"
	"time"
)

// Defer puts off a mirror's next attempt. Unless the outcome of the call is
// uncertain, the call counts as never begun.
type Defer struct {
	Fence
	Key       DeliveryKey
	Until     time.Time
	Error     string
	Uncertain bool
	// Held: the platform said wait, which is no failure and costs no attempt.
	Held bool
}

// Park stops a mirror until a person, or a probe that succeeds, resumes it.
type Park struct {
	Fence
	Key       DeliveryKey
	Reason    string
	Remedy    string
	Error     string
	Uncertain bool
}

// Reject records that an entry can never be shown on a mirror. The relay posts a
// note in its place and goes on.
type Reject struct {
	Fence
	Key    DeliveryKey
	Reason string
	// Skip: not even the note can be shown, so the cursor moves over the entry.
	Skip bool
}

// Resend records that a call whose outcome stayed unknown is made once more.
type Resend struct {
	Fence
	Key DeliveryKey
}

// Remember stores what the adapter needs to recognise the call's effect later.
type Remember struct {
	Fence
	Key  DeliveryKey
	Memo string
}

// Resume takes a mirror out of the parked state.
type Resume struct {
	Actor  Actor
	Mirror ID
	Reason string
}

// Needs implements Command.
func (c *Defer) Needs() Needs { return mirrorNeeds(c.Key.Mirror, c.Fence) }

// Needs implements Command.
func (c *Park) Needs() Needs { return mirrorNeeds(c.Key.Mirror, c.Fence) }

// Needs implements Command.
func (c *Reject) Needs() Needs { return mirrorNeeds(c.Key.Mirror, c.Fence) }

// Needs implements Command.
func (c *Resend) Needs() Needs { return mirrorNeeds(c.Key.Mirror, c.Fence) }

// Needs implements Command.
func (c *Remember) Needs() Needs { return mirrorNeeds(c.Key.Mirror, c.Fence) }

// Needs implements Command.
func (c *Resume) Needs() Needs { return Needs{Ticket: c.Mirror.Ticket, Mirror: c.Mirror} }

func (c *Defer) decide(s *State) (Result, error) {
	m, err := s.sending(c.Key.Mirror, c.Fence)
	if err != nil {
		return Result{}, err
	}
	m.Due, m.Error = c.Until, c.Error
	if !c.Held {
		m.Attempts++
	}
	s.Changed.Mirrors[m.ID] = true
	s.forget(c.Key, c.Uncertain)
	return Result{Outcome: Accepted, ID: m.ID}, nil
}

// forget drops a delivery that certainly had no effect, so that the next Begin is a
// first one. One that was sent again is kept: its first attempt may still come up.
func (s *State) forget(key DeliveryKey, uncertain bool) {
	if d := s.Deliveries[key]; d != nil && !d.Done && !d.Resent && !uncertain {
		s.drop(key)
	}
}

func (c *Park) decide(s *State) (Result, error) {
	m, err := s.sending(c.Key.Mirror, c.Fence)
	if err != nil {
		return Result{}, err
	}
	s.forget(c.Key, c.Uncertain)
	if m.Parked != "" {
		return Result{Outcome: Ignored, ID: m.ID, Why: "it is parked already"}, nil
	}
	e := s.park(m, c.Reason, c.Remedy, c.Error)
	return Result{Outcome: Accepted, ID: m.ID, Seq: e.Seq}, nil
}

func (s *State) park(m *Mirror, reason, remedy, errText string) *Entry {
	e := s.add(m.ID.Ticket, DeliveryParked, System(), Facts{
		Conversation: m.Conversation, Mirror: m.ID.Seq, Reason: reason,
	}, Words{})
	m.Remedy, m.Error = remedy, errText
	return e
}

func (c *Reject) decide(s *State) (Result, error) {
	m, err := s.sending(c.Key.Mirror, c.Fence)
	if err != nil {
		return Result{}, err
	}
	var seq int64
	if d := s.Deliveries[c.Key]; d != nil && !d.Done {
		seq = s.add(m.ID.Ticket, DeliveryFailed, System(), Facts{
			Conversation: m.Conversation, Mirror: m.ID.Seq, Message: d.Message, Entry: c.Key.Seq,
			Part: c.Key.Part, Reason: c.Reason,
		}, Words{}).Seq
		d.Done, d.Rejected = true, c.Reason
		s.Changed.Deliveries[c.Key] = true
	}
	if c.Skip {
		s.advance(m, c.Key.Seq)
	}
	return Result{Outcome: Accepted, ID: m.ID, Seq: seq}, nil
}

func (c *Resend) decide(s *State) (Result, error) {
	m, err := s.sending(c.Key.Mirror, c.Fence)
	if err != nil {
		return Result{}, err
	}
	d := s.Deliveries[c.Key]
	if d == nil || d.Done {
		return Result{Outcome: Duplicate, ID: m.ID}, nil
	}
	d.BegunAt, d.Resent = s.Now, true
	d.Attempts = 0
	s.Changed.Deliveries[c.Key] = true
	var seq int64
	if d.Verb == VerbPost {
		seq = s.add(m.ID.Ticket, DeliveryResent, System(), Facts{
			Conversation: m.Conversation, Mirror: m.ID.Seq, Message: d.Message, Entry: d.Seq, Part: d.Part,
			Reason: "no trace of it after the doubt", Token: d.Token,
		}, Words{}).Seq
	}
	return Result{Outcome: Accepted, ID: m.ID, Seq: seq}, nil
}

func (c *Remember) decide(s *State) (Result, error) {
	m, err := s.sending(c.Key.Mirror, c.Fence)
	if err != nil {
		return Result{}, err
	}
	d := s.Deliveries[c.Key]
	if d == nil {
		return Result{}, fmt.Errorf("delivery %v: %w", c.Key, ErrNotFound)
	}
	// What is remembered comes just before the request that decides, so the doubt
	// of a call that took minutes to get there begins now.
	d.Memo, d.BegunAt = c.Memo, s.Now
	s.Changed.Deliveries[c.Key] = true
	return Result{Outcome: Accepted, ID: m.ID}, nil
}

func (c *Resume) decide(s *State) (Result, error) {
	m, err := s.mirror(c.Mirror)
	if err != nil {
		return Result{}, err
	}
	if m.Parked == "" {
		return Result{Outcome: Ignored, ID: m.ID, Why: "it is not parked"}, nil
	}
	if m.Parked == ParkedUncertain {
		s.grant(m)
	}
	e := s.add(m.ID.Ticket, MirrorResumed, c.Actor, Facts{
		Conversation: m.Conversation, Mirror: m.ID.Seq, Reason: c.Reason,
	}, Words{})
	return Result{Outcome: Accepted, ID: m.ID, Seq: e.Seq}, nil
}

// grant lets the calls of unknown outcome be made once more: a person has looked.
func (s *State) grant(m *Mirror) {
	for key, d := range s.Deliveries {
		if key.Mirror == m.ID && !d.Done {
			d.Attempts++
			s.Changed.Deliveries[key] = true
		}
	}
}
