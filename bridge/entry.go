package bridge

import (
	"encoding/json"
	"fmt"
	"time"
)

// Kind says what an entry records. The words are those of the audit trail.
type Kind string

// The kinds of entries. kinds (below) says which readers each one concerns.
const (
	TicketCreated Kind = "ticket.created"
	TicketChanged Kind = "ticket.changed" // assignee, status, priority, group, tags
	CustomerWrote Kind = "customer.wrote"
	CustomerReply Kind = "customer.replied" // what an agent sent to the customer
	NoteWritten   Kind = "note.written"
	WordsTaken    Kind = "words.taken" // an expert's words were put into the reply box

	ConversationStarted  Kind = "conversation.started"
	ConversationClosed   Kind = "conversation.closed"
	ConversationReopened Kind = "conversation.reopened"
	ParticipantAdded     Kind = "participant.added"
	ParticipantRemoved   Kind = "participant.removed"
	// ConversationRestricted: from now on only those who take part see it.
	ConversationRestricted Kind = "conversation.restricted"
	// ConversationUnrestricted: from now on everybody at the desk sees it again.
	ConversationUnrestricted Kind = "conversation.unrestricted"

	MessagePosted  Kind = "message.posted"
	MessageEdited  Kind = "message.edited"
	MessageDeleted Kind = "message.deleted"
	UnseenDeleted  Kind = "unseen.deleted" // a delete that came before, or without, its post

	ReactionAdded   Kind = "reaction.added"
	ReactionRemoved Kind = "reaction.removed"

	FileStored Kind = "file.stored"
	FileFailed Kind = "file.failed"

	MirrorOpened   Kind = "mirror.opened"   // the conversation is to be shown in a channel
	ThreadOpened   Kind = "thread.opened"   // its root exists, the mirror has its thread
	ThreadAttached Kind = "thread.attached" // the mirror has a thread that people began
	DeliveryShown  Kind = "delivery.shown"  // a post of ours exists on a surface: a copy
	DeliveryResent Kind = "delivery.resent" // the outcome stayed unknown, it was sent once more
	DeliveryParked Kind = "delivery.parked"
	DeliveryFailed Kind = "delivery.rejected"
	MirrorResumed  Kind = "mirror.resumed"
	MirrorMoved    Kind = "mirror.moved" // the platform gave the channel another id
	MirrorEnded    Kind = "mirror.ended" // the conversation goes on in another channel
	CopyRemoved    Kind = "copy.removed" // somebody removed our copy on the surface, or we removed a spare one
	CopyChanged    Kind = "copy.changed" // somebody changed our copy on the surface
	CopyDoubled    Kind = "copy.doubled" // a second copy with a known token came up; it is deleted

	ContentErased Kind = "content.erased"

	ApprovalAsked     Kind = "approval.asked" // of named people
	ApprovalGiven     Kind = "approval.given" // by one of them
	ApprovalRefused   Kind = "approval.refused"
	ApprovalWithdrawn Kind = "approval.withdrawn"

	DraftApproved  Kind = "draft.approved"  // somebody finds the draft of a reply good
	DraftTaken     Kind = "draft.taken"     // a suggested text was put into the reply box
	DraftDismissed Kind = "draft.dismissed" // a suggested text is not wanted
)

// Reach says whose head an entry moves: who has to hear of it.
type Reach int

// The reaches.
const (
	ReachNobody       Reach = iota
	ReachConversation       // the conversation's mirrors
	ReachCards              // the mirrors of all the ticket's open conversations, whose root cards show it
	ReachDesk               // the ticket's own readers, such as the customer webhook
	ReachMirror             // just the one mirror that the entry names
)

var kinds = map[Kind]Reach{
	TicketCreated: ReachNobody, TicketChanged: ReachCards, CustomerWrote: ReachNobody,
	CustomerReply: ReachDesk, NoteWritten: ReachNobody, WordsTaken: ReachNobody,
	ConversationStarted: ReachNobody, ConversationClosed: ReachConversation,
	ConversationReopened: ReachConversation, ConversationRestricted: ReachConversation, ConversationUnrestricted: ReachConversation,
	ParticipantAdded: ReachConversation, ParticipantRemoved: ReachConversation,
	MessagePosted: ReachConversation, MessageEdited: ReachConversation, MessageDeleted: ReachConversation,
	UnseenDeleted: ReachNobody, FileStored: ReachConversation, FileFailed: ReachNobody,
	ReactionAdded: ReachConversation, ReactionRemoved: ReachConversation,
	MirrorOpened: ReachMirror, ThreadOpened: ReachNobody, ThreadAttached: ReachMirror, DeliveryShown: ReachNobody,
	DeliveryResent: ReachNobody, DeliveryParked: ReachNobody, DeliveryFailed: ReachNobody,
	MirrorResumed: ReachNobody, MirrorMoved: ReachNobody, MirrorEnded: ReachMirror, CopyRemoved: ReachNobody, CopyChanged: ReachNobody, CopyDoubled: ReachMirror,
	ContentErased: ReachNobody,
	ApprovalAsked: ReachConversation, ApprovalGiven: ReachConversation,
	ApprovalRefused: ReachConversation, ApprovalWithdrawn: ReachConversation,
	DraftApproved: ReachConversation, DraftTaken: ReachConversation, DraftDismissed: ReachConversation,
}

// Reach returns whom an entry of this kind concerns.
func (k Kind) Reach() Reach { return kinds[k] }

// Known reports whether k is one of the kinds above.
func (k Kind) Known() bool { _, ok := kinds[k]; return ok }

// reaction reports whether the kind is one of the two about reactions.
func (k Kind) reaction() bool { return k == ReactionAdded || k == ReactionRemoved }

// Entry is one line of a ticket's log. It is never changed once accepted.
type Entry struct {
	Ticket int64
	Seq    int64
	Kind   Kind
	At     time.Time
	Facts  Facts
	Words  Words
	// Erased: the words were erased; the entry and its hash stay.
	Erased bool
	// Withheld: whoever reads it may know its place and hash, and nothing else.
	Withheld bool

	// Envelope is Facts as it was hashed and is stored.
	Envelope []byte
	// Commitment is SHA-256(salt ‖ content), or empty when the entry has no words.
	Commitment []byte
	Salt       []byte
	Content    []byte
	Hash       []byte
}

// ID returns the ID of what the entry created.
func (e *Entry) ID() ID { return ID{e.Ticket, e.Seq} }

// Actor returns who did it, with the name they had at the time.
func (e *Entry) Actor() Actor {
	return Actor{Person: e.Facts.Person, Role: e.Facts.Role, Account: e.Facts.Account, Name: e.Words.Name}
}

// concerns reports whether the entry is one for the mirror to hear of. Between a
// mirror's cursor and its head there are also entries of the ticket's other
// conversations, which must never be shown there.
func (e *Entry) concerns(m *Mirror) bool {
	if m.ended(e) {
		return false
	}
	switch e.Kind.Reach() {
	case ReachConversation:
		return m.Conversation != 0 && m.Conversation == e.Facts.Conversation
	case ReachCards:
		return m.Conversation != 0
	case ReachDesk:
		return m.Conversation == 0
	case ReachMirror:
		return m.ID.Seq == e.Facts.Mirror || m.ID.Seq == e.Seq
	default:
		return false
	}
}

// saidIn reports whether the entry was made in the mirror's own thread, so that
// there is nothing to show there.
func (e *Entry) saidIn(m *Mirror) bool {
	return e.Facts.Source != nil && e.Facts.Mirror == m.ID.Seq
}

// Facts is an entry's envelope: everything about it that is not personal text.
// Numbers name other entries of the same ticket by their seq.
type Facts struct {
	Person  string  `json:"person,omitempty"`
	Role    Role    `json:"role,omitempty"`
	Account Account `json:"account,omitzero"`

	Conversation int64 `json:"conversation,omitempty"`
	Message      int64 `json:"message,omitempty"`
	Mirror       int64 `json:"mirror,omitempty"`
	// Entry is the entry that a delivery, a refusal or an erasure is about, or the text of
	// a draft that a review is about.
	Entry int64 `json:"entry,omitempty"`
	Part  int   `json:"part,omitempty"`

	// Source is where a message was said, when it was said on a surface.
	Source *Source `json:"source,omitempty"`
	Place  *Place  `json:"place,omitempty"`
	Ref    string  `json:"ref,omitempty"`
	Token  string  `json:"token,omitempty"`
	Print  string  `json:"print,omitempty"`
	Rule   string  `json:"rule,omitempty"`
	// Emoji is a Unicode emoji, or the name of a workspace's own one between colons.
	Emoji string `json:"emoji,omitempty"`

	Files []FileFacts `json:"files,omitempty"`
	// Shared are the comments of the ticket that a message quotes, behind the first Own
	// bytes of its words, which are its author's own.
	Shared []int64 `json:"shared,omitempty"`
	Own    int     `json:"own,omitempty"`
	// Draft: the message offers the draft of a reply for review. Suggests is the draft for
	// which a message suggests another text.
	Draft    bool  `json:"draft,omitempty"`
	Suggests int64 `json:"suggests,omitempty"`

	Desk     string   `json:"desk,omitempty"`
	DeskRef  string   `json:"desk_ref,omitempty"`
	Status   string   `json:"status,omitempty"`
	Assignee *string  `json:"assignee,omitempty"`
	Priority string   `json:"priority,omitempty"`
	Group    string   `json:"group,omitempty"`
	Channel  string   `json:"channel,omitempty"` // how the ticket came in: form, api
	Tags     []string `json:"tags,omitempty"`
	Untag    []string `json:"untag,omitempty"`

	// Who is the person that an entry about a participant, or an approver, is about.
	Who string `json:"who,omitempty"`
	// People are those whom a request or a message names, or an entry adds as participants,
	// in order.
	People []string `json:"people,omitempty"`

	// Restricted: the conversation that the entry starts is so from the start.
	Restricted bool `json:"restricted,omitempty"`

	// Reason is the platform's code or our own word for why.
	Reason string `json:"reason,omitempty"`
}

// Source is the place of a message on the surface where it was said.
type Source struct {
	Surface   string `json:"surface"`
	Workspace string `json:"workspace"`
	Channel   string `json:"channel"`
	Thread    string `json:"thread"`
	Ref       string `json:"ref"`
	Rev       string `json:"rev,omitempty"`
	// Order is the platform's own order key within the thread.
	Order string `json:"order,omitempty"`
	// SentAt is the platform's time in microseconds.
	SentAt int64 `json:"sent_at,omitempty"`
}

// Place returns the channel of the source.
func (s *Source) Place() Place { return Place{s.Surface, s.Workspace, s.Channel} }

// FileFacts is a file of a message without its name.
type FileFacts struct {
	N    int    `json:"n"`
	MIME string `json:"mime,omitempty"`
	Size int64  `json:"size,omitempty"`
	// Hash is the hex SHA-256 of the bytes once we hold them.
	Hash string `json:"hash,omitempty"`
	// Ref is the surface's id of a file that is still to be fetched.
	Ref string `json:"ref,omitempty"`
}

// Words is an entry's content: all its personal text, which can be erased.
type Words struct {
	Name      string   `json:"name,omitempty"`
	Subject   string   `json:"subject,omitempty"`
	Body      string   `json:"body,omitempty"` // Markdown
	Files     []string `json:"files,omitempty"`
	Requester string   `json:"requester,omitempty"`
	Email     string   `json:"email,omitempty"`
	Note      string   `json:"note,omitempty"`
	// People are the names of Facts.People.
	People []string `json:"people,omitempty"`
}

func (w Words) isZero() bool {
	return w.Name == "" && w.Subject == "" && w.Body == "" && len(w.Files) == 0 &&
		w.Requester == "" && w.Email == "" && w.Note == "" && len(w.People) == 0
}

// Decode fills Facts and Words from the stored bytes. An entry whose content is
// gone but was committed to counts as erased.
func (e *Entry) Decode() error {
	if err := json.Unmarshal(e.Envelope, &e.Facts); err != nil {
		return fmt.Errorf("envelope of entry %d-%d: %w", e.Ticket, e.Seq, err)
	}
	if len(e.Content) == 0 {
		e.Erased = len(e.Commitment) > 0
		return nil
	}
	if err := json.Unmarshal(e.Content, &e.Words); err != nil {
		return fmt.Errorf("content of entry %d-%d: %w", e.Ticket, e.Seq, err)
	}
	return nil
}
