package bridge

import "fmt"

// Receipt is what a successful call left on the surface.
type Receipt struct {
	// Ref is the platform's id of the post.
	Ref string
	// Print is the fingerprint of the words that were sent.
	Print string
}

// Verb is what a call does on the surface.
type Verb string

// The verbs. Only a post can happen twice; the others can be repeated safely.
const (
	VerbPost   Verb = "post"
	VerbEdit   Verb = "edit"
	VerbDelete Verb = "delete"
)

// Fence is the lease a worker sends under, with the number it had when taken.
type Fence struct {
	Lease  string
	Number int64
}

func (s *State) checkFence(f Fence) error {
	if f.Lease != "" && s.Fences[f.Lease] != f.Number {
		return ErrFenced
	}
	return nil
}

// Begin records that a call is about to be made. A Begin of a call that was begun
// before and not settled answers Duplicate: its outcome must be resolved first.
type Begin struct {
	Fence
	Key   DeliveryKey
	Token string
	Call  Call
}

// Settle records that a call took effect, and moves the cursor after the last part.
type Settle struct {
	Fence
	Key     DeliveryKey
	Token   string
	Receipt Receipt
	// Parts is how many calls the present plan has, when it may be another number
	// than was planned when the call was begun; zero when it is not.
	Parts int
	// Target is the copy that the call edited or deleted, zero for a post.
	Target CopyKey
}

// Step moves the cursor over entries that need no call on this mirror.
type Step struct {
	Fence
	Mirror ID
	Seq    int64
}

func mirrorNeeds(id ID, f Fence) Needs { return Needs{Ticket: id.Ticket, Mirror: id, Lease: f.Lease} }

// Needs implements Command.
func (c *Begin) Needs() Needs {
	n := mirrorNeeds(c.Key.Mirror, c.Fence)
	n.Token = c.Token
	return n
}

// Needs implements Command.
func (c *Settle) Needs() Needs {
	n := mirrorNeeds(c.Key.Mirror, c.Fence)
	n.Token, n.Copies = c.Token, []CopyKey{c.Target}
	return n
}

// Needs implements Command.
func (c *Step) Needs() Needs { return mirrorNeeds(c.Mirror, c.Fence) }

// sending checks what every command of a sending worker needs.
func (s *State) sending(id ID, f Fence) (*Mirror, error) {
	if err := s.checkFence(f); err != nil {
		return nil, err
	}
	return s.mirror(id)
}

func (c *Begin) decide(s *State) (Result, error) {
	m, err := s.sending(c.Key.Mirror, c.Fence)
	if err != nil {
		return Result{}, err
	}
	if m.Parked != "" || m.Cursor >= c.Key.Seq {
		return Result{}, fmt.Errorf("begin %v: %w: the mirror is parked or past it", c.Key, ErrConflict)
	}
	if d := s.Deliveries[c.Key]; d != nil {
		if d.Done {
			return Result{Outcome: Ignored, ID: m.ID, Why: "done"}, nil
		}
		return Result{Outcome: Duplicate, ID: m.ID}, nil
	}
	s.Deliveries[c.Key] = &Delivery{
		DeliveryKey: c.Key, Token: c.Token, BegunAt: s.Now,
		Verb: c.Call.Verb, Root: c.Call.Root, Message: c.Call.Message, Ref: c.Call.Ref, Last: c.Call.Last,
	}
	s.Changed.Deliveries[c.Key] = true
	return Result{Outcome: Accepted, ID: m.ID}, nil
}

func (c *Settle) decide(s *State) (Result, error) {
	if _, err := s.sending(c.Key.Mirror, c.Fence); err != nil {
		return Result{}, err
	}
	d := s.Deliveries[c.Key]
	if d == nil || d.Done || d.Token != c.Token {
		return s.settledBefore(c), nil
	}
	if c.Parts > 0 {
		d.Last = d.Part == c.Parts-1
	}
	return s.settle(d, c.Receipt), nil
}

// settledBefore: the echo was quicker than the answer. When the answer names the
// same post it is a Duplicate. When it names another one there are two, and one is
// deleted; then, or when nothing is known of it, the answer is Ignored.
func (s *State) settledBefore(c *Settle) Result {
	for _, have := range s.Copies {
		switch {
		case have.Token != c.Token || c.Receipt.Ref == "" || have.Entry != c.Key.Seq:
		case have.Ref == c.Receipt.Ref:
			return Result{Outcome: Duplicate, ID: c.Key.Mirror}
		case s.Copies[CopyKey{have.Surface, have.Workspace, have.Channel, c.Receipt.Ref}] == nil:
			e := s.add(have.Ticket, CopyDoubled, System(), Facts{
				Mirror: have.Mirror, Entry: have.Entry, Part: have.Part, Ref: c.Receipt.Ref,
			}, Words{})
			return Result{Outcome: Ignored, ID: c.Key.Mirror, Seq: e.Seq, Why: "a second copy is deleted"}
		}
	}
	return Result{Outcome: Ignored, ID: c.Key.Mirror, Why: "it was settled before"}
}

// settle records the effect of a delivery. It is the same for the call's own
// answer, for an echo that came first, and for a resolution after a crash.
func (s *State) settle(d *Delivery, r Receipt) Result {
	m := s.Mirrors[d.Mirror]
	var seq int64
	facts := Facts{
		Conversation: m.Conversation, Mirror: m.ID.Seq, Entry: d.Seq, Part: d.Part, Message: d.Message,
		Ref: r.Ref, Token: d.Token, Print: r.Print,
	}
	switch {
	case d.Verb == VerbPost && d.Root:
		seq = s.add(m.ID.Ticket, ThreadOpened, System(), facts, Words{}).Seq
	case d.Verb == VerbPost:
		seq = s.add(m.ID.Ticket, DeliveryShown, System(), facts, Words{}).Seq
	case d.Verb == VerbEdit && d.Message != 0:
		facts.Ref = d.Ref
		if c := s.Copies[CopyKey{m.Place.Surface, m.Place.Workspace, m.Place.Channel, d.Ref}]; c != nil {
			facts.Token = c.Token // that of its post, by which a second copy is known
		}
		seq = s.add(m.ID.Ticket, DeliveryShown, System(), facts, Words{}).Seq
	case d.Verb == VerbDelete:
		key := CopyKey{m.Place.Surface, m.Place.Workspace, m.Place.Channel, d.Ref}
		if c := s.Copies[key]; c == nil || !c.Gone {
			facts.Ref, facts.Reason = d.Ref, "we removed it"
			seq = s.add(m.ID.Ticket, CopyRemoved, System(), facts, Words{}).Seq
		}
	}
	d.Done = true
	s.Changed.Deliveries[d.DeliveryKey] = true
	// Due is now rather than never, so that the channel's mirrors take turns.
	m.Attempts, m.Error, m.Due, m.DeliveredAt = 0, "", s.Now, s.Now
	s.Changed.Mirrors[m.ID] = true
	if d.Last {
		s.advance(m, d.Seq)
	}
	return Result{Outcome: Accepted, ID: m.ID, Seq: seq}
}

// advance moves the cursor, which only ever grows, and drops what lies behind it.
func (s *State) advance(m *Mirror, seq int64) {
	if seq <= m.Cursor {
		return
	}
	m.Cursor = min(seq, m.Head)
	s.Changed.Mirrors[m.ID] = true
	for key := range s.Deliveries {
		if key.Mirror == m.ID && key.Seq <= m.Cursor {
			s.drop(key)
		}
	}
}

func (s *State) drop(key DeliveryKey) {
	if s.Deliveries[key] != nil {
		delete(s.Deliveries, key)
		s.Changed.Deliveries[key] = true
	}
}

func (c *Step) decide(s *State) (Result, error) {
	m, err := s.sending(c.Mirror, c.Fence)
	if err != nil {
		return Result{}, err
	}
	s.advance(m, c.Seq)
	return Result{Outcome: Accepted, ID: m.ID}, nil
}
