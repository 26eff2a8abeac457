package bridge

import (
	"context"
	"io"
	"time"
)

// SurfaceWeb is the ticket view's own surface: what agents write there.
const SurfaceWeb = "web"

// Call is one outward call, planned by the adapter from an entry.
type Call struct {
	Verb Verb
	// Root: the post opens the thread.
	Root bool
	// Message is the seq of the message that the call shows, zero for cards and notices,
	// and for reactions, which are edits that leave the words alone.
	Message int64
	// Ref is the post to edit or delete.
	Ref string
	// Slow: the call moves a file and may take minutes.
	Slow bool
	// Last: after this call the entry is shown. Set by the relay.
	Last bool
	// Payload is the adapter's own rendering. It is made again after a restart.
	Payload any
}

// View is an entry as a mirror's adapter sees it, with all that a rendering needs.
type View struct {
	Entry  *Entry
	Mirror Mirror
	// Conversation and its subject and starter's name.
	Conversation Conversation
	Subject      string
	StarterName  string
	// Question is the present text of the conversation's first message, empty when
	// that is deleted; Asked is its seq.
	Question string
	Asked    int64
	// Ticket is the ticket as its desk has it now.
	Ticket TicketContext
	// Message is the seq of the message that the entry is about, zero when it is about none.
	Message int64
	// Copies are the copies of the entry's message on this mirror that still exist, in part order.
	Copies []Copy
	// Card is the ref of the thread's card, the post of ours that tells of the ticket:
	// the root, or in an attached thread the post that was made at its end. Empty when
	// there is none, or somebody removed it.
	Card string
	// Reactions are, for an entry about one, the reactions that the message has now from
	// elsewhere than the mirror's own thread.
	Reactions []Reaction
	// Request is, for an entry about a request for approval, the request as it stands.
	Request *Request
	// Reviewed is, for an entry about a draft or a suggestion, the draft as it stands.
	Reviewed *Reviewed
	// Digest is, for an entry that brings people in, what they have to know.
	Digest *Digest
	// Files are the stored files that the entry is to show.
	Files []ViewFile
	// Post is, for an entry about a file that was fetched later, the post that has it.
	Post *Entry
	// Rejected is why the entry could not be shown; a plan then is one note in its place.
	Rejected string
}

// Reacted reports whether anybody elsewhere has now given the message the emoji that
// the entry is about. Then our bot's own reaction stands for them all, otherwise it is
// taken away: one call that can be repeated, an edit of the copy's ref with Message zero.
func (v *View) Reacted() bool {
	for _, r := range v.Reactions {
		if r.Emoji == v.Entry.Facts.Emoji {
			return true
		}
	}
	return false
}

// ViewFile is a file to be shown, whose bytes Open gives.
type ViewFile struct {
	Name string
	MIME string
	Size int64
	Hash string
	Open func(context.Context) (io.ReadCloser, error)
}

// Attempt is what Deliver needs to make a call recognisable.
type Attempt struct {
	Mirror Mirror
	Call   Call
	Token  string
	// BegunAt is when the call was begun first.
	BegunAt time.Time
	// Known are copies on the mirror. Find is given all: a post that is one of them is not
	// this one. Deliver is given those of the entry's message and of no message.
	Known []Copy
	// Memo is what was remembered by an earlier attempt; Remember stores it durably.
	Memo     string
	Remember func(ctx context.Context, memo string) error
}

// Surface is a place where people read and write, as the relay uses it. All
// methods may be called at the same time for different mirrors; for one mirror
// the relay makes one call at a time.
type Surface interface {
	// Name is the surface's name in Place.Surface.
	Name() string
	// Plan returns the calls that show an entry on a mirror, in order; none when
	// there is nothing to show. It is pure: the same view gives the same calls.
	// ThreadAttached is shown by one post, the card, inside the thread that is there.
	Plan(v View) []Call
	// Deliver makes exactly one call, once, without retries. Errors are SurfaceErrors.
	Deliver(ctx context.Context, a Attempt) (Receipt, error)
	// Find looks for the effect of an attempt whose outcome is unknown.
	Find(ctx context.Context, a Attempt) (Receipt, bool, error)
	// List shows a mirror's thread from its Seen position to accept, oldest first,
	// and returns the new position only when the listing was complete.
	List(ctx context.Context, m Mirror, known []Copy, accept func(context.Context, Inbound) error) (seen string, err error)
	// Fetch opens a file that an inbound named. The reader ends with an error, not
	// EOF, when the file is larger than the surface's limit.
	Fetch(ctx context.Context, place Place, ref string) (io.ReadCloser, error)
	// Probe reports whether posts to the place would work now; nil means they should.
	Probe(ctx context.Context, place Place) error
}

// TicketContext is what a card or Show ticket may tell of a ticket, before the
// mapping's field policy has taken away what it does not allow.
type TicketContext struct {
	ID        int64
	Subject   string
	Status    string
	Priority  string
	Group     string
	Tags      []string
	Requester string
	Email     string
	Assignee  string // a name
	URL       string
	Messages  []TicketMessage // only filled by Desk.Context
}

// TicketMessage is one customer message, reply or note of a ticket.
type TicketMessage struct {
	Kind Kind
	Name string
	At   time.Time
	Body string
}

// Desk is the system that owns tickets. Changes that others make there arrive
// as commands to the Log; notes are written by a mirror of the desk's surface.
type Desk interface {
	// Context reads a ticket with its messages.
	Context(ctx context.Context, ticket int64) (TicketContext, error)
	// Change asks the desk for a change; the log has it when the desk has accepted it.
	Change(ctx context.Context, c *ChangeTicket) (Result, error)
}
