package bridge

import (
	"fmt"
	"slices"
	"time"
)

// State is the working set of one transaction: the rows that a batch of
// commands may touch, loaded under the tickets' locks. Decide changes it and
// adds entries; the store writes back what changed. Verify uses the same State
// to replay a log, so what an entry does to the rows is written once, in apply.
type State struct {
	Now time.Time
	// ReopenOnReply: a reply on a closed conversation reopens it.
	ReopenOnReply bool
	// CustomerWebhook: new tickets get a reader for the customer's replies.
	CustomerWebhook bool
	// ReactionRules: some reactions to a card are gestures, see cardRule.
	ReactionRules bool

	Tickets       map[int64]*Ticket
	Conversations map[ID]*Conversation
	Mirrors       map[ID]*Mirror
	Messages      map[ID]*Message
	Copies        map[CopyKey]*Copy
	Reactions     map[ReactionKey]*Reaction
	TakenBack     map[ReactionKey]int64 // by which entry
	Approvals     map[ID]*Approval
	Approvers     map[ApproverKey]*Approver
	Reviews       map[ID]*Review
	Participants  map[ParticipantKey]*Participant
	Deliveries    map[DeliveryKey]*Delivery
	Files         map[FileKey]*File
	Keys          map[string]ID
	Accounts      map[Account]*Known
	// NoticeGrace is how long somebody has for reading what was said before they are told.
	NoticeGrace time.Duration
	// ManyPeople is how many people a conversation may have before adding one more must be
	// confirmed; zero: nothing need be.
	ManyPeople int
	// Rights are what the people whom the commands name may do; nil: nobody has any.
	Rights Rights
	// Logs are all entries of the tickets whose log a command needs.
	Logs map[int64][]*Entry
	// Fences are the present fencing numbers of the leases named by the batch.
	Fences map[string]int64

	Entries []*Entry
	Changed Changes

	// Hidden are conversations that are there, but not for whoever looks, see Veil.
	Hidden map[ID]bool
}

// NoticeGrace is how long people have for reading before they are told, where nothing
// else is configured.
const NoticeGrace = time.Minute

// FileKey names a file of a message.
type FileKey struct {
	Message ID
	N       int
}

// Changes are the keys of the rows that differ from what was loaded.
type Changes struct {
	Tickets       map[int64]bool
	Conversations map[ID]bool
	Mirrors       map[ID]bool
	Messages      map[ID]bool
	Copies        map[CopyKey]bool     // missing from State.Copies: removed
	Reactions     map[ReactionKey]bool // missing from State.Reactions: removed
	Approvals     map[ID]bool
	Approvers     map[ApproverKey]bool
	Reviews       map[ID]bool
	Participants  map[ParticipantKey]bool
	Deliveries    map[DeliveryKey]bool // missing from State.Deliveries: removed
	Files         map[FileKey]bool
	Keys          map[string]bool
	Accounts      map[Account]bool
	Erased        map[ID]bool     // entries whose words are to be removed
	Blobs         map[string]bool // bytes to be removed, unless a file has them still
}

// NewState returns an empty working set.
func NewState(now time.Time) *State {
	return &State{
		Now: now, ReopenOnReply: true, ReactionRules: true, ManyPeople: ManyPeople,
		Tickets: map[int64]*Ticket{}, Conversations: map[ID]*Conversation{},
		Mirrors: map[ID]*Mirror{}, Messages: map[ID]*Message{}, Copies: map[CopyKey]*Copy{},
		Reactions: map[ReactionKey]*Reaction{}, TakenBack: map[ReactionKey]int64{}, Approvals: map[ID]*Approval{}, Approvers: map[ApproverKey]*Approver{},
		Reviews: map[ID]*Review{}, Participants: map[ParticipantKey]*Participant{},
		Deliveries: map[DeliveryKey]*Delivery{}, Files: map[FileKey]*File{},
		Keys: map[string]ID{}, Accounts: map[Account]*Known{}, Fences: map[string]int64{}, Logs: map[int64][]*Entry{},
		NoticeGrace: NoticeGrace,
		Changed: Changes{
			Tickets: map[int64]bool{}, Conversations: map[ID]bool{}, Mirrors: map[ID]bool{},
			Messages: map[ID]bool{}, Copies: map[CopyKey]bool{}, Reactions: map[ReactionKey]bool{}, Deliveries: map[DeliveryKey]bool{},
			Approvals: map[ID]bool{}, Approvers: map[ApproverKey]bool{}, Reviews: map[ID]bool{}, Participants: map[ParticipantKey]bool{},
			Files: map[FileKey]bool{}, Keys: map[string]bool{}, Accounts: map[Account]bool{},
			Erased: map[ID]bool{}, Blobs: map[string]bool{},
		},
	}
}

// add accepts an entry into the ticket's log: it takes the next seq, extends the
// chain, sets the current-state rows and moves the heads of those concerned.
func (s *State) add(ticket int64, kind Kind, actor Actor, facts Facts, words Words) *Entry {
	t := s.Tickets[ticket]
	facts.Person, facts.Role, facts.Account = actor.Person, actor.Role, actor.Account
	words.Name = actor.Name
	e := &Entry{
		Ticket: ticket, Seq: t.Head + 1, Kind: kind,
		At: s.Now.Truncate(time.Microsecond), Facts: facts, Words: words,
	}
	if err := Seal(e, t.HeadHash); err != nil {
		panic(fmt.Sprintf("sealing entry %d-%d: %v", e.Ticket, e.Seq, err)) // unreachable: both structs marshal
	}
	s.Entries = append(s.Entries, e)
	s.apply(e)
	s.bump(e)
	s.listen(e)
	return e
}

// bump moves the heads of the readers that the entry concerns. A mirror that has
// shown everything steps over what was said in its own thread at once, so that an
// answer from a chat costs the relay nothing.
func (s *State) bump(e *Entry) {
	for id, m := range s.Mirrors {
		if id.Ticket != e.Ticket || !s.concerns(e, m) {
			continue
		}
		if m.Cursor == m.Head && e.saidIn(m) {
			m.Cursor = e.Seq
		}
		m.Head = e.Seq
		s.Changed.Mirrors[id] = true
	}
}

func (s *State) concerns(e *Entry, m *Mirror) bool {
	if e.Kind.Reach() == ReachCards && !m.ended(e) {
		c := s.Conversations[ID{e.Ticket, m.Conversation}]
		return c != nil && c.Open
	}
	return e.concerns(m)
}

// apply sets the rows that entry e sets. It is total: Verify replays logs that
// may have been tampered with.
func (s *State) apply(e *Entry) {
	t := s.Tickets[e.Ticket]
	if t == nil {
		t = &Ticket{ID: e.Ticket}
		s.Tickets[e.Ticket] = t
	}
	t.Head, t.HeadHash, t.UpdatedAt = e.Seq, e.Hash, e.At
	s.Changed.Tickets[t.ID] = true
	switch e.Kind {
	case TicketCreated, TicketChanged:
		s.applyTicket(t, e)
	case ConversationStarted, ConversationClosed, ConversationReopened, ConversationRestricted, ConversationUnrestricted:
		s.applyConversation(e)
	case MessagePosted, MessageEdited, MessageDeleted, UnseenDeleted:
		s.applyMessage(e)
	case ReactionAdded, ReactionRemoved:
		s.applyReaction(e)
	case CustomerWrote, CustomerReply, NoteWritten:
		s.applyFiles(e, e.Seq)
	case FileStored, FileFailed:
		s.applyFile(e)
	case ApprovalAsked, ApprovalGiven, ApprovalRefused, ApprovalWithdrawn:
		s.applyApproval(e)
	case DraftApproved, DraftTaken, DraftDismissed:
		s.applyReview(e)
	case ContentErased:
		s.applyErased(e)
	case CopyChanged:
		s.changeCopy(e)
	case MirrorMoved:
		s.moveMirror(e)
	case MirrorEnded:
		s.applyEnd(e)
	case MirrorOpened, ThreadOpened, ThreadAttached, DeliveryShown, CopyRemoved, CopyDoubled, DeliveryParked, MirrorResumed:
		s.applyMirror(e)
	}
	s.applyParticipants(e)
}

func (s *State) applyTicket(t *Ticket, e *Entry) {
	f := e.Facts
	if e.Kind == TicketCreated {
		t.Created, t.Desk, t.DeskRef = e.Seq, f.Desk, f.DeskRef
	}
	if f.Status != "" {
		t.Status = f.Status
	}
	if f.Priority != "" {
		t.Priority = f.Priority
	}
	if f.Group != "" {
		t.Group = f.Group
	}
	if f.Assignee != nil {
		t.Assignee = *f.Assignee
	}
	for _, tag := range f.Tags {
		if !slices.Contains(t.Tags, tag) {
			t.Tags = append(t.Tags, tag)
		}
	}
	t.Tags = slices.DeleteFunc(t.Tags, func(tag string) bool { return slices.Contains(f.Untag, tag) })
	slices.Sort(t.Tags)
}

func (s *State) applyConversation(e *Entry) {
	id := ID{e.Ticket, e.Facts.Conversation}
	if e.Kind == ConversationStarted {
		id = e.ID()
		s.Conversations[id] = &Conversation{ID: id, Group: e.Facts.Group, Starter: e.Facts.Person, LastSeq: e.Seq}
	}
	c := s.Conversations[id]
	if c == nil {
		return
	}
	s.Changed.Conversations[id] = true
	switch e.Kind {
	case ConversationRestricted:
		c.Restricted = e.Seq
	case ConversationUnrestricted:
		c.Restricted = 0
	default:
		c.Open, c.StateSeq = e.Kind != ConversationClosed, e.Seq
		if e.Facts.Restricted {
			c.Restricted = e.Seq
		}
	}
}

func (s *State) applyMessage(e *Entry) {
	f := e.Facts
	switch e.Kind {
	case MessagePosted:
		m := &Message{ID: e.ID(), Conversation: f.Conversation, BodySeq: e.Seq, Author: f.Person, Surface: f.Account.Surface, Shares: len(f.Shared) > 0, Draft: f.Suggests}
		if f.Draft {
			m.Draft = e.Seq
		}
		if f.Source != nil {
			m.Surface, m.Order = f.Source.Surface, f.Source.Order
			s.putCopy(&Copy{
				CopyKey: sourceKey(f.Source), Ticket: e.Ticket, Seq: e.Seq, Message: e.Seq,
				Mirror: f.Mirror, Rev: f.Source.Rev,
			})
		}
		s.Messages[m.ID] = m
		s.Changed.Messages[m.ID] = true
		s.said(e, 1)
		s.applyFiles(e, e.Seq)
		s.applyReview(e)
	case MessageEdited, MessageDeleted:
		id := ID{e.Ticket, f.Message}
		if m := s.Messages[id]; m != nil {
			if e.Kind == MessageEdited {
				m.BodySeq = e.Seq
			} else {
				m.DeletedSeq = e.Seq
			}
			s.Changed.Messages[id] = true
		}
		if f.Source != nil {
			s.touchSource(e)
		}
		s.said(e, 0)
	case UnseenDeleted:
		if f.Source == nil {
			return // forged: there is none without its source
		}
		s.putCopy(&Copy{
			CopyKey: sourceKey(f.Source), Ticket: e.Ticket, Seq: e.Seq, Mirror: f.Mirror, Gone: true,
		})
	}
}

func (s *State) said(e *Entry, posts int64) {
	id := ID{e.Ticket, e.Facts.Conversation}
	if c := s.Conversations[id]; c != nil {
		c.Messages += posts
		c.LastSeq = e.Seq
		s.Changed.Conversations[id] = true
	}
}

// touchSource brings the copy on the surface where an edit or delete was made up to it.
func (s *State) touchSource(e *Entry) {
	key := sourceKey(e.Facts.Source)
	c := s.Copies[key]
	if c == nil {
		return
	}
	if e.Kind == MessageDeleted {
		c.Gone = true
	} else {
		c.Rev = e.Facts.Source.Rev
	}
	s.Changed.Copies[key] = true
}

// changeCopy takes what somebody made of our copy as what is there now, so that
// hearing of the same change again is no news.
func (s *State) changeCopy(e *Entry) {
	m := s.Mirrors[ID{e.Ticket, e.Facts.Mirror}]
	if m == nil {
		return
	}
	key := CopyKey{m.Place.Surface, m.Place.Workspace, m.Place.Channel, e.Facts.Ref}
	if c := s.Copies[key]; c != nil {
		c.Rev = e.Facts.Print
		s.Changed.Copies[key] = true
	}
}

// moveMirror takes a mirror and everything that exists in its thread to the
// channel's new id. All of the mirror's copies must be loaded.
func (s *State) moveMirror(e *Entry) {
	m := s.Mirrors[ID{e.Ticket, e.Facts.Mirror}]
	if m == nil || e.Facts.Place == nil {
		return
	}
	var copies []*Copy
	for _, c := range s.Copies {
		if c.Ticket == e.Ticket && c.Mirror == e.Facts.Mirror {
			copies = append(copies, c)
		}
	}
	for _, c := range copies {
		delete(s.Copies, c.CopyKey)
		s.Changed.Copies[c.CopyKey] = true
		c.Surface, c.Workspace, c.Channel = e.Facts.Place.Surface, e.Facts.Place.Workspace, e.Facts.Place.Channel
		s.putCopy(c)
	}
	m.Place = *e.Facts.Place
	s.Changed.Mirrors[m.ID] = true
}

func (s *State) putCopy(c *Copy) {
	s.Copies[c.CopyKey] = c
	s.Changed.Copies[c.CopyKey] = true
}

func sourceKey(src *Source) CopyKey {
	return CopyKey{src.Surface, src.Workspace, src.Channel, src.Ref}
}

func (s *State) applyFiles(e *Entry, message int64) {
	for _, f := range e.Facts.Files {
		key := FileKey{ID{e.Ticket, message}, f.N}
		file := &File{
			Ticket: e.Ticket, Message: message, N: f.N, MIME: f.MIME, Size: f.Size,
			Hash: f.Hash, Ref: f.Ref, Seq: e.Seq, State: FilePending,
		}
		if f.Hash != "" {
			file.State = FileStoredS
		}
		if e.Facts.Source != nil {
			file.Place = e.Facts.Source.Place()
		}
		s.Files[key] = file
		s.Changed.Files[key] = true
	}
}

func (s *State) applyFile(e *Entry) {
	for _, f := range e.Facts.Files {
		key := FileKey{ID{e.Ticket, e.Facts.Message}, f.N}
		file := s.Files[key]
		if file == nil {
			continue
		}
		file.Seq = e.Seq
		if e.Kind == FileFailed {
			file.State = FileFailedS
		} else {
			file.State, file.Hash, file.Size, file.MIME = FileStoredS, f.Hash, f.Size, f.MIME
		}
		s.Changed.Files[key] = true
	}
}

func (s *State) applyMirror(e *Entry) {
	f := e.Facts
	id := ID{e.Ticket, f.Mirror}
	if e.Kind == MirrorOpened {
		id = e.ID()
		if f.Place == nil {
			return
		}
		s.Mirrors[id] = &Mirror{
			ID: id, Conversation: f.Conversation, Place: *f.Place, Rule: f.Rule,
			Cursor: e.Seq - 1, Head: e.Seq - 1,
		}
	}
	m := s.Mirrors[id]
	if m == nil {
		return
	}
	switch e.Kind {
	case ThreadOpened:
		m.Thread = f.Ref
		s.putCopy(&Copy{
			CopyKey: CopyKey{m.Place.Surface, m.Place.Workspace, m.Place.Channel, f.Ref},
			Ticket:  e.Ticket, Seq: e.Seq, Mirror: f.Mirror, Entry: f.Entry, Token: f.Token,
		})
	case ThreadAttached:
		m.Thread = f.Ref
		if c := s.Conversations[ID{e.Ticket, m.Conversation}]; c != nil {
			c.Attached = Micros(e.At)
			s.Changed.Conversations[c.ID] = true
		}
	case DeliveryShown:
		s.putCopy(&Copy{
			CopyKey: CopyKey{m.Place.Surface, m.Place.Workspace, m.Place.Channel, f.Ref},
			Ticket:  e.Ticket, Seq: e.Seq, Message: f.Message, Mirror: f.Mirror, Part: f.Part,
			Entry: f.Entry, Token: f.Token, Rev: f.Print,
		})
	case CopyDoubled:
		s.putCopy(&Copy{
			CopyKey: CopyKey{m.Place.Surface, m.Place.Workspace, m.Place.Channel, f.Ref},
			Ticket:  e.Ticket, Seq: e.Seq, Mirror: f.Mirror, Part: f.Part, Entry: f.Entry, Gone: true,
		})
	case CopyRemoved:
		key := CopyKey{m.Place.Surface, m.Place.Workspace, m.Place.Channel, f.Ref}
		if c := s.Copies[key]; c != nil {
			c.Gone = true
			s.Changed.Copies[key] = true
		}
	case DeliveryParked:
		m.Parked = f.Reason
	case MirrorResumed:
		m.Parked, m.Remedy, m.Error, m.Attempts, m.Due = "", "", "", 0, time.Time{}
	}
	s.Changed.Mirrors[id] = true
}
