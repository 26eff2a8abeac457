package bridge

import "context"

// InboundKind says what happened on the surface.
type InboundKind string

// The kinds of inbound.
const (
	InPost   InboundKind = "post"
	InEdit   InboundKind = "edit"
	InDelete InboundKind = "delete"
	InPress  InboundKind = "press" // a button of the card
	// InReact and InUnreact: Source.Ref is the post, and need have no thread. An
	// InUnreact without author takes away everybody's, of one emoji or, when that is
	// empty too, of all.
	InReact   InboundKind = "react"
	InUnreact InboundKind = "unreact"
)

// The actions that a press may carry.
const (
	PressClose  = "close"
	PressReopen = "reopen"
	PressTake   = "take"
	PressShow   = "show" // answered by the adapter, to the presser only
)

// Inbound is something received from a surface, translated and not yet accepted.
type Inbound struct {
	Kind   InboundKind
	Source Source
	// Author is who did it there; Name may be empty when the platform was slow to say.
	Author     Account
	AuthorName string
	// Ours: the author is our own bot, app or webhook.
	Ours bool
	// Token is the delivery token that the message carries, when it is ours.
	Token string
	Body  string // Markdown
	Files []InboundFile
	// Print is the fingerprint of the words, to tell our own edit from another's.
	Print string
	// Action is what was pressed.
	Action string
	// Text is, for PressSuggest, the entry of the draft's text that the form had in it.
	Text int64
	// Emoji is the reaction: a Unicode emoji, or ":name:" for a workspace's own one.
	Emoji string
	// Guest: the author may speak there and not act, as members of another organisation
	// may not: their reaction to the card is no gesture.
	Guest bool
	// ThreadLives: the thread outlives its first post, so that the delete of that post
	// is nothing more than one.
	ThreadLives bool
	// AsOf is, for what a listing shows, the last entry that concerned the mirror when the
	// listing began: a reaction gives way to what was recorded of it since.
	AsOf ID
	// Key identifies a gesture that the platform may report under two refs, or a press.
	Key string
}

// InboundFile is a file that still has to be fetched.
type InboundFile struct {
	Ref  string
	Name string
	MIME string
	Size int64
}

// Log is where everything is accepted. An append that returns nil is committed.
type Log interface {
	Append(ctx context.Context, c Command) (Result, error)
}

// Needs implements Command.
func (in *Inbound) Needs() Needs {
	return Needs{
		Thread:  Copies{in.Source.Place(), in.Source.Thread},
		Copies:  []CopyKey{sourceKey(&in.Source)},
		Token:   in.Token,
		Account: in.Author,
		Key:     in.Key,

		Reactions: in.Kind == InReact || in.Kind == InUnreact,
		TakenBack: in.takenBack(),
		Approvals: in.Kind == InPress,
		Reviews:   in.Kind == InPress,
	}
}

func (in *Inbound) takenBack() ID {
	if in.Kind == InReact {
		return in.AsOf
	}
	return ID{}
}

func (in *Inbound) decide(s *State) (Result, error) {
	in.Body, in.AuthorName = Clean(in.Body), Clean(in.AuthorName)
	switch in.Kind {
	case InPost:
		return in.decidePost(s)
	case InEdit:
		return in.decideEdit(s)
	case InDelete:
		return in.decideDelete(s)
	case InReact, InUnreact:
		return in.decideReaction(s, false)
	default:
		return in.decidePress(s)
	}
}

// mirror finds the mirror whose thread the inbound is in.
func (in *Inbound) mirror(s *State) *Mirror {
	if in.Source.Thread == "" {
		return nil
	}
	for _, m := range s.Mirrors {
		if m.Thread == in.Source.Thread && m.Place == in.Source.Place() && m.Conversation != 0 {
			return m
		}
	}
	return nil
}

// actor returns the author as the directory knows them, under the name they have now.
func (in *Inbound) actor(s *State) Actor {
	a := Actor{Account: in.Author, Role: RoleExpert, Name: in.AuthorName}
	known := s.Accounts[in.Author]
	// Of an account that is linked to nobody, the admin wants to know when it was last seen.
	if known == nil || (in.AuthorName != "" && (known.Name != in.AuthorName || known.Person == "")) {
		if known == nil {
			known = &Known{Account: in.Author, Role: RoleExpert}
			s.Accounts[in.Author] = known
		}
		known.Name = in.AuthorName
		s.Changed.Accounts[in.Author] = true
	}
	a.Person = known.Person
	if known.Role != "" {
		a.Role = known.Role
	}
	if a.Name == "" {
		a.Name = known.Name
	}
	if a.Name == "" {
		a.Name = in.Author.ID
	}
	return a
}

func (in *Inbound) decidePost(s *State) (Result, error) {
	if c := s.Copies[sourceKey(&in.Source)]; c != nil {
		if c.Ours() {
			return Result{Outcome: Echo, ID: ID{c.Ticket, c.Message}}, nil
		}
		return Result{Outcome: Duplicate, ID: ID{c.Ticket, c.Message}}, nil
	}
	if in.Ours {
		return in.settleEcho(s), nil
	}
	m := in.mirror(s)
	if m == nil {
		return Result{Outcome: NotOurs, Why: "no conversation is mirrored in this thread"}, nil
	}
	if err := in.refuseOutsider(s, m); err != nil {
		return Result{}, err
	}
	e := in.accept(s, m)
	return Result{Outcome: Accepted, ID: e.ID(), Seq: e.Seq, Mirror: m.ID}, nil
}

// settleEcho takes our own message coming back as the proof that the delivery
// with its token took effect, whether or not the call's answer ever comes.
func (in *Inbound) settleEcho(s *State) Result {
	if in.Token == "" {
		return Result{Outcome: Echo}
	}
	for _, d := range s.Deliveries {
		if d.Token == in.Token && !d.Done && d.Verb == VerbPost && in.whereSent(s.Mirrors[d.Mirror], d) {
			res := s.settle(d, Receipt{Ref: in.Source.Ref, Print: in.Print})
			return Result{Outcome: Echo, ID: d.Mirror, Seq: res.Seq, Mirror: d.Mirror}
		}
	}
	for _, c := range s.Copies {
		if c.Token == in.Token && c.Ref != in.Source.Ref {
			e := s.add(c.Ticket, CopyDoubled, System(), Facts{
				Mirror: c.Mirror, Entry: c.Entry, Part: c.Part, Ref: in.Source.Ref,
			}, Words{})
			return Result{Outcome: Echo, ID: ID{c.Ticket, c.Message}, Seq: e.Seq, Why: "a second copy is deleted"}
		}
	}
	return Result{Outcome: Echo}
}

// whereSent reports whether our message came up where it was sent to. A reply whose
// thread was lost can land in the channel instead; that proves no delivery.
func (in *Inbound) whereSent(m *Mirror, d *Delivery) bool {
	return m != nil && m.Place == in.Source.Place() && (d.Root || m.Thread == in.Source.Thread)
}

// accept records the message and, when its conversation is closed, reopens it.
func (in *Inbound) accept(s *State, m *Mirror) *Entry {
	actor := in.actor(s)
	src := in.Source
	facts := Facts{Conversation: m.Conversation, Mirror: m.ID.Seq, Source: &src}
	words := Words{Body: in.Body}
	for i, f := range in.Files {
		facts.Files = append(facts.Files, FileFacts{N: i, MIME: f.MIME, Size: f.Size, Ref: f.Ref})
		words.Files = append(words.Files, Clean(f.Name))
	}
	e := s.add(m.ID.Ticket, MessagePosted, actor, facts, words)
	if c := s.Conversations[ID{m.ID.Ticket, m.Conversation}]; c != nil && !c.Open && s.ReopenOnReply {
		s.setState(c, true, actor, "reply")
	}
	return e
}

func (in *Inbound) decideEdit(s *State) (Result, error) {
	c := s.Copies[sourceKey(&in.Source)]
	switch {
	case c == nil && in.Ours:
		return in.settleEcho(s), nil
	case c == nil:
		m := in.mirror(s)
		if m == nil {
			return Result{Outcome: NotOurs, Why: "no conversation is mirrored in this thread"}, nil
		}
		if err := in.refuseOutsider(s, m); err != nil {
			return Result{}, err
		}
		e := in.accept(s, m)
		return Result{Outcome: Accepted, ID: e.ID(), Seq: e.Seq, Mirror: m.ID}, nil
	case c.Gone || c.Message == 0:
		return Result{Outcome: Echo}, nil
	case c.Ours():
		return in.editOfOurs(s, c), nil
	case !laterRev(in.Source.Rev, c.Rev):
		return Result{Outcome: Duplicate, ID: ID{c.Ticket, c.Message}}, nil
	}
	m := s.Messages[ID{c.Ticket, c.Message}]
	if m == nil || m.DeletedSeq != 0 {
		return Result{Outcome: Ignored, Why: "the message is deleted"}, nil
	}
	if mirror := s.Mirrors[ID{c.Ticket, c.Mirror}]; mirror != nil {
		if err := in.refuseOutsider(s, mirror); err != nil {
			return Result{}, err
		}
	}
	src := in.Source
	e := s.add(c.Ticket, MessageEdited, in.actor(s), Facts{
		Conversation: m.Conversation, Message: m.ID.Seq, Mirror: c.Mirror, Source: &src,
	}, Words{Body: in.Body})
	return Result{Outcome: Accepted, ID: m.ID, Seq: e.Seq, Mirror: ID{c.Ticket, c.Mirror}}, nil
}

// editOfOurs tells our own edit from somebody else's change of our copy, which
// is recorded and not spread. While a call is under way there, it is ours.
func (in *Inbound) editOfOurs(s *State, c *Copy) Result {
	if in.Print == "" || in.Print == c.Rev {
		return Result{Outcome: Echo, ID: ID{c.Ticket, c.Message}}
	}
	for _, d := range s.Deliveries {
		if d.Mirror == (ID{c.Ticket, c.Mirror}) {
			return Result{Outcome: Echo, ID: ID{c.Ticket, c.Message}}
		}
	}
	e := s.add(c.Ticket, CopyChanged, in.actor(s), Facts{
		Message: c.Message, Mirror: c.Mirror, Entry: c.Entry, Part: c.Part, Ref: c.Ref, Print: in.Print,
	}, Words{})
	return Result{Outcome: Accepted, ID: ID{c.Ticket, c.Message}, Seq: e.Seq}
}

// laterRev compares two revision stamps of one surface: decimal numbers of equal
// form, so the longer or the greater is the later.
func laterRev(a, b string) bool {
	if len(a) != len(b) {
		return len(a) > len(b)
	}
	return a > b
}

func (in *Inbound) decideDelete(s *State) (Result, error) {
	c := s.Copies[sourceKey(&in.Source)]
	switch {
	case c == nil:
		return in.deleteUnseen(s), nil
	case c.Gone:
		return in.deleteAgain(s, c), nil
	case c.Ours():
		return in.deleteOfOurs(s, c), nil
	}
	m := s.Messages[ID{c.Ticket, c.Message}]
	if m == nil {
		return Result{Outcome: Duplicate, ID: ID{c.Ticket, c.Message}}, nil
	}
	if m.DeletedSeq != 0 {
		return in.deleteOfErased(s, c), nil
	}
	src := in.Source
	e := s.add(c.Ticket, MessageDeleted, in.actor(s), Facts{
		Conversation: m.Conversation, Message: m.ID.Seq, Mirror: c.Mirror, Source: &src,
	}, Words{})
	in.loseThread(s, s.Mirrors[ID{c.Ticket, c.Mirror}])
	return Result{Outcome: Accepted, ID: m.ID, Seq: e.Seq, Mirror: ID{c.Ticket, c.Mirror}}, nil
}

// deleteOfErased: the message was taken out of the record, and now somebody who may
// has taken the original away too, which its proof waits for.
func (in *Inbound) deleteOfErased(s *State, c *Copy) Result {
	e := s.add(c.Ticket, CopyRemoved, System(), Facts{
		Message: c.Message, Mirror: c.Mirror, Ref: c.Ref, Reason: "the original was removed there",
	}, Words{})
	in.loseThread(s, s.Mirrors[ID{c.Ticket, c.Mirror}])
	return Result{Outcome: Accepted, ID: ID{c.Ticket, c.Message}, Seq: e.Seq, Mirror: ID{c.Ticket, c.Mirror}}
}

// loseThread parks the mirror when what was deleted is the thread's first post, and
// the thread went with it.
func (in *Inbound) loseThread(s *State, m *Mirror) bool {
	if m == nil || in.ThreadLives || m.Thread != in.Source.Ref || m.Parked != "" {
		return false
	}
	s.park(m, ParkedThread, "The thread's first post was deleted there. Open the conversation in another channel, or start a new one.", "")
	return true
}

// deleteAgain: what is gone is gone, but the thread may have outlived its first post
// only until now.
func (in *Inbound) deleteAgain(s *State, c *Copy) Result {
	id := ID{c.Ticket, c.Message}
	if m := s.Mirrors[ID{c.Ticket, c.Mirror}]; in.loseThread(s, m) {
		return Result{Outcome: Accepted, ID: id, Seq: s.Tickets[c.Ticket].Head, Mirror: m.ID}
	}
	return Result{Outcome: Duplicate, ID: id}
}

// deleteUnseen leaves a tombstone, so that the post itself, when it comes late, stays out.
func (in *Inbound) deleteUnseen(s *State) Result {
	m := in.mirror(s)
	if m == nil || in.Ours {
		return Result{Outcome: NotOurs, Why: "no conversation is mirrored in this thread"}
	}
	src := in.Source
	e := s.add(m.ID.Ticket, UnseenDeleted, in.actor(s), Facts{
		Conversation: m.Conversation, Mirror: m.ID.Seq, Source: &src,
	}, Words{})
	in.loseThread(s, m)
	return Result{Outcome: Accepted, ID: e.ID(), Seq: e.Seq, Mirror: m.ID}
}

// deleteOfOurs: our copy is gone. When the message is deleted, or we are just taking
// the copy away, that was our own doing; otherwise somebody removed it there, which
// is recorded and not spread.
func (in *Inbound) deleteOfOurs(s *State, c *Copy) Result {
	id := ID{c.Ticket, c.Message}
	if m := s.Messages[id]; m != nil && m.DeletedSeq != 0 {
		return Result{Outcome: Echo, ID: id}
	}
	for _, d := range s.Deliveries {
		if d.Mirror == (ID{c.Ticket, c.Mirror}) && d.Verb == VerbDelete && d.Ref == c.Ref && !d.Done {
			return Result{Outcome: Echo, ID: id, Seq: s.settle(d, Receipt{Ref: c.Ref}).Seq}
		}
	}
	e := s.add(c.Ticket, CopyRemoved, System(), Facts{
		Message: c.Message, Mirror: c.Mirror, Entry: c.Entry, Part: c.Part, Ref: c.Ref, Reason: "removed there",
	}, Words{})
	in.loseThread(s, s.Mirrors[ID{c.Ticket, c.Mirror}])
	return Result{Outcome: Accepted, ID: id, Seq: e.Seq}
}

func (in *Inbound) decidePress(s *State) (Result, error) {
	m := in.mirror(s)
	if m == nil {
		return Result{Outcome: NotOurs, Why: "no conversation is mirrored in this thread"}, nil
	}
	if in.outsider(s, m) {
		return Result{Outcome: Ignored, ID: ID{m.ID.Ticket, m.Conversation}, Mirror: m.ID, Why: onlyMembers}, nil
	}
	if in.Action == PressApprove || in.Action == PressRefuse {
		return in.decideAnswer(s, m), nil
	}
	if in.Action == PressGood || in.Action == PressSuggest {
		return in.decideReview(s, m), nil
	}
	c := s.Conversations[ID{m.ID.Ticket, m.Conversation}]
	if c == nil || (in.Action != PressClose && in.Action != PressReopen) {
		return Result{Outcome: Ignored, ID: ID{m.ID.Ticket, m.Conversation}, Mirror: m.ID, Why: "unknown action"}, nil
	}
	res := s.setState(c, in.Action == PressReopen, in.actor(s), "button")
	res.Mirror = m.ID
	return res, nil
}
