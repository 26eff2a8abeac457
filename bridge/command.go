package bridge

import "time"

// Command is something asked of the log. A command is accepted as a whole, in
// one transaction, or refused as a whole with an error that says why.
type Command interface {
	// Needs names the rows that deciding the command reads.
	Needs() Needs
	decide(*State) (Result, error)
}

// Needs are the keys by which the store finds the tickets that a command
// concerns and loads the rows it reads. For every ticket found, the ticket is
// locked and all its conversations and mirrors are loaded.
type Needs struct {
	Ticket    int64
	Create    bool          // a new ticket is to be made first
	Thread    Copies        // a place and thread, to find the mirror by
	Copies    []CopyKey     // copies by where they are
	Token     string        // a delivery or copy by its token
	Messages  []ID          // messages by id, with their files
	Delivery  []DeliveryKey // deliveries by key
	Mirror    ID            // all deliveries and copies of a mirror are not loaded, only these
	AllCopies bool          // all copies of Mirror, too
	Reactions bool          // the reactions to the messages, named or found by a copy
	TakenBack ID            // the reactions that were taken back after this entry
	Approvals bool          // the tickets' requests for approval
	Reviews   bool          // the tickets' drafts, and what was said of them
	Log       bool          // all entries, messages and files of Ticket
	Key       string        // the idempotency key
	Account   Account       // who the author is
	Lease     string        // the lease whose fence is checked
	People    []string      // people whose rights are asked about, by their ids
}

// Copies names a thread: a place and the root's ref.
type Copies struct {
	Place  Place
	Thread string
}

// Outcome says what became of a command. Only Accepted changed anything.
type Outcome string

// The outcomes.
const (
	Accepted  Outcome = "accepted"
	Duplicate Outcome = "duplicate" // entered before
	Echo      Outcome = "echo"      // our own copy coming back
	NotOurs   Outcome = "not ours"  // no thread of ours
	Ignored   Outcome = "ignored"   // nothing that changes the record
)

// Result is the answer to an accepted command.
type Result struct {
	Outcome Outcome
	// ID is what the command created or changed.
	ID ID
	// Seq is the last entry that the command added, zero when none.
	Seq int64
	// Why explains an outcome other than Accepted.
	Why string
	// Unlinked: it is ignored because the account is linked to no person. Why leaves out
	// what one does about that, which each surface has its own words for.
	Unlinked bool
	// Mirror is the mirror an inbound belonged to.
	Mirror ID
	// Action is what else an inbound asks for, PressTake, which the Receiver does.
	Action string
}

// Decide runs one command against the working set. After an error the State is
// as it was before.
func Decide(s *State, c Command) (Result, error) {
	if key := c.Needs().Key; key != "" {
		if id, ok := s.Keys[key]; ok {
			return Result{Outcome: Duplicate, ID: id, Why: "this request was accepted before"}, nil
		}
	}
	res, err := c.decide(s)
	if err != nil {
		return Result{}, err
	}
	if key := c.Needs().Key; key != "" && res.Outcome == Accepted {
		s.Keys[key] = res.ID
		s.Changed.Keys[key] = true
	}
	return res, nil
}

// FileUpload is a file whose bytes the store holds already.
type FileUpload struct {
	Name string
	MIME string
	Size int64
	Hash string // hex SHA-256
}

func uploadFacts(files []FileUpload) ([]FileFacts, []string) {
	var facts []FileFacts
	var names []string
	for i, f := range files {
		facts = append(facts, FileFacts{N: i, MIME: f.MIME, Size: f.Size, Hash: f.Hash})
		names = append(names, f.Name)
	}
	return facts, names
}

// CreateTicket makes a ticket on the built-in desk with the customer's first words.
type CreateTicket struct {
	Actor     Actor
	Subject   string
	Requester string
	Email     string
	Body      string
	Files     []FileUpload
	Group     string
	Priority  string
	Tags      []string
	Channel   string // form, api
	Key       string
	// Desk and DeskRef name a ticket of another desk; empty for the built-in one.
	Desk, DeskRef string

	ticket int64 // given by the store before Decide
}

// SetTicket tells the command the number that the store drew for the new ticket.
func (c *CreateTicket) SetTicket(id int64) { c.ticket = id }

// CustomerMessage is something more that the customer wrote.
type CustomerMessage struct {
	Actor  Actor
	Ticket int64
	Body   string
	Files  []FileUpload
	Key    string
}

// ReplyToCustomer is the only command whose words reach the customer. Only an
// agent's own act in the ticket view makes one.
type ReplyToCustomer struct {
	Actor  Actor
	Ticket int64
	Body   string
	Files  []FileUpload
	Key    string
}

// WriteNote writes an internal note on the ticket.
type WriteNote struct {
	Actor  Actor
	Ticket int64
	Body   string
	Files  []FileUpload
	Key    string
}

// ChangeTicket changes what is set; a nil Assignee leaves the assignee.
type ChangeTicket struct {
	Actor    Actor
	Ticket   int64
	Status   string
	Priority string
	Group    string
	Assignee *string
	// AssigneeName is the assignee's name now, for the audit trail.
	AssigneeName string
	Tags         []string
	Untag        []string
	Note         string
	Reason       string
	// Conversation is where the change was made from, or zero.
	Conversation int64
	Key          string
}

// Target is a channel that a new conversation is to be mirrored to.
type Target struct {
	Place Place
	Rule  string
}

// StartConversation opens a side conversation with its first message.
type StartConversation struct {
	Actor   Actor
	Ticket  int64
	Subject string
	Group   string
	Targets []Target
	Body    string
	Files   []FileUpload
	// Share, when it names any, makes a second message of comments of the ticket.
	Share Share
	Key   string
	// Restricted: only those who take part, and auditors, see it. People are those who
	// take part from the start, beside the actor.
	Restricted bool
	People     []Known
	// Mentions are those whom the body calls, who take part by that; Confirmed is as in
	// PostMessage.
	Mentions  []Mention
	Confirmed bool
}

// AttachThread opens a side conversation from a thread that people have begun. All
// that was said in it comes in by the listing that every new thread has, each message
// as its author's, with its own time and order.
type AttachThread struct {
	Actor   Actor
	Ticket  int64
	Subject string
	Group   string
	Target  Target
	Thread  string
	Key     string
}

// React adds a reaction to a message from the ticket view, or takes it back.
type React struct {
	Actor   Actor
	Message ID
	Emoji   string
	On      bool
}

// PostMessage says something in a conversation from the ticket view.
type PostMessage struct {
	Actor        Actor
	Conversation ID
	Body         string
	Files        []FileUpload
	// Share names comments of the ticket that the message quotes behind its own words.
	Share Share
	// Mentions are those whom the body calls, who take part by that. Confirmed: whoever wrote
	// it was told how many people there will be.
	Mentions  []Mention
	Confirmed bool
	Key       string
}

// EditMessage replaces the text of a message that the actor wrote.
type EditMessage struct {
	Actor   Actor
	Message ID
	Body    string
	// Was is the entry the editor saw; an edit against another one is a conflict. Zero: not checked.
	Was int64
}

// DeleteMessage deletes a message; the audit trail keeps it.
type DeleteMessage struct {
	Actor   Actor
	Message ID
}

// SetState closes or reopens a conversation.
type SetState struct {
	Actor        Actor
	Conversation ID
	Open         bool
}

// TakeWords records that a message's words were put into the reply box.
type TakeWords struct {
	Actor   Actor
	Message ID
}

// StoreFile records that the bytes of a message's file are held now.
type StoreFile struct {
	Message ID
	N       int
	MIME    string
	Size    int64
	Hash    string
}

// FailFile records that a file cannot be had, and why.
type FailFile struct {
	Message ID
	N       int
	Reason  string
}

// DeferFile puts off the next attempt to fetch a file.
type DeferFile struct {
	Message ID
	N       int
	Until   time.Time
	// Held: the surface said wait, which is no failure and costs no attempt.
	Held bool
}

func (c *CreateTicket) Needs() Needs    { return Needs{Create: true, Ticket: c.ticket, Key: c.Key} }
func (c *CustomerMessage) Needs() Needs { return Needs{Ticket: c.Ticket, Key: c.Key} }
func (c *ReplyToCustomer) Needs() Needs { return Needs{Ticket: c.Ticket, Key: c.Key} }
func (c *WriteNote) Needs() Needs       { return Needs{Ticket: c.Ticket, Key: c.Key} }
func (c *ChangeTicket) Needs() Needs    { return Needs{Ticket: c.Ticket, Key: c.Key} }
func (c *StartConversation) Needs() Needs {
	n := Needs{Ticket: c.Ticket, Key: c.Key, Log: !c.Share.empty()}
	if len(c.People)+len(c.Mentions) > 0 || c.Restricted {
		n.People = idsOf(c.Actor, append(callsOf(c.Mentions), c.People...))
	}
	return n
}

func (c *PostMessage) Needs() Needs {
	n := Needs{Ticket: c.Conversation.Ticket, Key: c.Key, Log: !c.Share.empty()}
	if len(c.Mentions) > 0 {
		n.People = idsOf(c.Actor, callsOf(c.Mentions))
	}
	return n
}

// Needs implements Command.
func (c *AttachThread) Needs() Needs {
	return Needs{Ticket: c.Ticket, Thread: Copies{c.Target.Place, c.Thread}, Key: c.Key}
}

// Needs implements Command.
func (c *React) Needs() Needs {
	return Needs{Ticket: c.Message.Ticket, Messages: []ID{c.Message}, Reactions: true}
}

func (c *EditMessage) Needs() Needs {
	return Needs{Ticket: c.Message.Ticket, Messages: []ID{c.Message}}
}

func (c *DeleteMessage) Needs() Needs {
	return Needs{Ticket: c.Message.Ticket, Messages: []ID{c.Message}}
}
func (c *SetState) Needs() Needs  { return Needs{Ticket: c.Conversation.Ticket} }
func (c *TakeWords) Needs() Needs { return Needs{Ticket: c.Message.Ticket, Messages: []ID{c.Message}} }

func (c *StoreFile) Needs() Needs { return Needs{Ticket: c.Message.Ticket, Messages: []ID{c.Message}} }

func (c *FailFile) Needs() Needs { return Needs{Ticket: c.Message.Ticket, Messages: []ID{c.Message}} }

func (c *DeferFile) Needs() Needs { return Needs{Ticket: c.Message.Ticket, Messages: []ID{c.Message}} }
