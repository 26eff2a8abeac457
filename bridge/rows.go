package bridge

import "time"

// The current-state rows. They hold no text of their own, only the seq of the
// entry that set them, so that Verify can check every one against the log.

// Ticket is the present state of a ticket, and the head of its chain.
type Ticket struct {
	ID int64
	// Head is the last seq, HeadHash its hash: the lock on this row orders the log.
	Head     int64
	HeadHash []byte

	Desk, DeskRef string
	Status        string
	Assignee      string // a person's id, or empty
	Priority      string
	Group         string
	Tags          []string
	// Created is the entry that has subject and requester.
	Created   int64
	UpdatedAt time.Time
}

// The statuses of a ticket on the built-in desk, in Zendesk's words.
const (
	StatusNew     = "new"
	StatusOpen    = "open"
	StatusPending = "pending"
	StatusHold    = "hold"
	StatusSolved  = "solved"
	StatusClosed  = "closed"
)

// Conversation is the present state of a side conversation.
type Conversation struct {
	ID    ID
	Open  bool
	Group string
	// Starter is the person who started it.
	Starter string
	// Restricted is the entry since which only those who take part, and auditors, see it,
	// or zero.
	Restricted int64
	// StateSeq is the entry that opened or closed it last.
	StateSeq int64
	// Attached is when a thread that people had begun was attached to it, in microseconds
	// as in Source.SentAt, or zero. What was said there before is no news to anybody.
	Attached int64
	// Messages counts the posts, LastSeq is the last entry that said something.
	Messages int64
	LastSeq  int64
}

// Message is the present state of a message.
type Message struct {
	ID           ID
	Conversation int64
	// BodySeq is the entry that has the present text: the post or the last edit.
	BodySeq int64
	// DeletedSeq is the entry that deleted it, or zero.
	DeletedSeq int64
	// Author is the person who said it, empty when the directory does not know them.
	Author string
	// Surface is where it was said; Order is that surface's own order key.
	Surface string
	Order   string
	// Shares: it quotes comments of the ticket.
	Shares bool
	// Draft is the draft that it suggests another text for; a draft names itself.
	Draft int64
}

// Mirror is a reader with a thread: one conversation in one channel. A reader
// without a thread, such as the customer webhook, has Conversation zero.
type Mirror struct {
	ID           ID
	Conversation int64
	Place        Place
	Rule         string // the mapping rule that chose the channel
	Thread       string // the root's ref, empty before it exists
	Cursor       int64
	Head         int64
	// Seen is the platform position up to which a finished listing has shown us the thread.
	Seen string

	// Parked is why a person is needed, empty when nobody is; Remedy says what to do.
	Parked, Remedy string
	// Due is when the next attempt may be made; Attempts counts the failed ones.
	Due      time.Time
	Attempts int
	// Error is the last failure, shown to admins.
	Error string
	// DeliveredAt is when the cursor last moved by a delivery.
	DeliveredAt time.Time
	// Ended is the entry since which the conversation goes on elsewhere, or zero.
	Ended int64
}

// ended reports whether the entry came when the mirror had ended.
func (m *Mirror) ended(e *Entry) bool { return m.Ended != 0 && e.Seq > m.Ended }

// Behind reports whether the mirror has entries to hear of.
func (m *Mirror) Behind() bool { return m.Cursor < m.Head }

// CopyKey is where a copy exists. A platform's message enters once under it.
type CopyKey struct {
	Surface, Workspace, Channel, Ref string
}

// Copy is one message, or part of it, as it exists on one surface. Message zero
// is a post of ours that is no message (root card, notice), or the tombstone of
// a message that was deleted before we saw it.
type Copy struct {
	CopyKey
	Ticket  int64
	Seq     int64 // the entry that made it
	Message int64
	Mirror  int64
	Part    int
	// Entry is what a copy of ours shows; zero for a message said there.
	Entry int64
	Token string
	// Rev is the platform's stamp of the last edit accepted; for a copy of ours, the
	// fingerprint of the words last sent.
	Rev  string
	Gone bool
}

// Ours reports whether we posted the copy.
func (c *Copy) Ours() bool { return c.Entry != 0 }

// ReactionKey names somebody's reaction to a message, or, when Message is a mirror, a
// gesture on that mirror's card.
type ReactionKey struct {
	Message ID
	Account Account
	Emoji   string
}

// Reaction is a reaction that is there now.
type Reaction struct {
	ReactionKey
	Seq int64 // the entry that added it
	// Mirror is whose thread it was made in, zero for the ticket view.
	Mirror int64
}

// DeliveryKey names exactly one outward call.
type DeliveryKey struct {
	Mirror ID
	Seq    int64
	Part   int
}

// Delivery is a call that was begun. The row is there before the call is made
// and goes when the cursor has passed it.
type Delivery struct {
	DeliveryKey
	Token   string
	BegunAt time.Time
	// Attempts are those that a person has granted by resuming a mirror that was
	// parked for the call's unknown outcome, and that are not used yet.
	Attempts int
	// Verb, Root, Message, Ref and Last repeat the call, so that an echo can settle it.
	Verb    Verb
	Root    bool
	Message int64
	Ref     string
	Last    bool
	// Memo is what the adapter must remember to recognise the call's effect,
	// such as the ids of files uploaded but not yet shared.
	Memo string
	// Resent: the call was made once more after a doubt without a trace.
	Resent bool
	// Done: the call took effect, or was rejected for the reason in Rejected.
	Done     bool
	Rejected string
}

// The states of a file.
const (
	FilePending = "pending"
	FileStoredS = "stored"
	FileFailedS = "failed"
)

// File is a file of a message.
type File struct {
	Ticket  int64
	Message int64
	N       int
	State   string
	MIME    string
	Size    int64
	Hash    string
	Ref     string
	Place   Place
	Seq     int64 // the entry that set the state

	Attempts int
	Due      time.Time
}

// Known is what the directory says of an account.
type Known struct {
	Account Account
	Person  string
	Role    Role
	Name    string
}

// Work is what a worker needs to bring one mirror forward.
type Work struct {
	Mirror       Mirror
	Conversation Conversation
	Subject      string
	StarterName  string
	// Question is the present text of the first message, empty when it is deleted;
	// Asked is that message.
	Question string
	Asked    int64
	// Entries are those after the mirror's cursor, oldest first.
	Entries []*Entry
	// Messages are the present states of the messages that the entries are about.
	Messages map[int64]Message
	Files    map[int64][]File
	// Posts are the posts of messages whose files an entry shows later.
	Posts map[int64]*Entry
	// Reactions are those that are there now, of the messages whose reactions the
	// entries are about.
	Reactions map[int64][]Reaction
	// Requests are the requests for approval that the entries are about.
	Requests []Request
	// Reviewed are the drafts that the entries are about.
	Reviewed []Reviewed
	// Digests are for those whom entries bring in, by the entries' seqs.
	Digests map[int64]Digest
	// Copies are the mirror's copies, ours and theirs, of the messages that the entries are
	// about, and of no message.
	Copies     []Copy
	Deliveries []Delivery
}
