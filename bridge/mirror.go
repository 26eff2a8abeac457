package bridge

import "fmt"

// MarkSeen moves the position up to which a finished listing has shown the thread.
type MarkSeen struct {
	Mirror ID
	Seen   string
}

// MoveMirror follows a channel to the id that the platform gave it, or takes a mirror
// whose place named people to the channel that was opened for them. Threads keep
// their refs (Slack: sharing a private channel turns G… into C…).
// https://docs.slack.dev/apis/slack-connect
type MoveMirror struct {
	Fence  // of the worker that opened the channel, see Resolver
	Mirror ID
	// From is where the mirror must still be, unless it is zero.
	From   Place
	To     Place
	Reason string
}

// Needs implements Command.
func (c *MoveMirror) Needs() Needs {
	n := mirrorNeeds(c.Mirror, c.Fence)
	n.AllCopies = true
	return n
}

func (c *MoveMirror) decide(s *State) (Result, error) {
	m, err := s.sending(c.Mirror, c.Fence)
	if err != nil {
		return Result{}, err
	}
	if m.Place == c.To || (c.From != Place{} && m.Place != c.From) {
		return Result{Outcome: Ignored, ID: m.ID, Why: "it is there already, or went elsewhere"}, nil
	}
	to := c.To
	e := s.add(m.ID.Ticket, MirrorMoved, System(), Facts{
		Conversation: m.Conversation, Mirror: m.ID.Seq, Place: &to, Reason: c.Reason,
	}, Words{})
	m.Due, m.Attempts, m.Error = s.Now, 0, ""
	return Result{Outcome: Accepted, ID: m.ID, Seq: e.Seq}, nil
}

// Needs implements Command.
func (c *MarkSeen) Needs() Needs { return Needs{Ticket: c.Mirror.Ticket, Mirror: c.Mirror} }

func (s *State) mirror(id ID) (*Mirror, error) {
	m := s.Mirrors[id]
	if m == nil {
		return nil, fmt.Errorf("mirror %s: %w", id, ErrNotFound)
	}
	return m, nil
}

func (c *MarkSeen) decide(s *State) (Result, error) {
	m, err := s.mirror(c.Mirror)
	if err != nil {
		return Result{}, err
	}
	if laterRev(c.Seen, m.Seen) {
		m.Seen = c.Seen
		s.Changed.Mirrors[m.ID] = true
	}
	return Result{Outcome: Accepted, ID: m.ID}, nil
}
