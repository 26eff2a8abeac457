package bridge

import "time"

// InboxView is a choice of tickets by what a person has to do about them.
type InboxView string

// The views.
const (
	// InboxUnread has tickets with messages that the person has not read.
	InboxUnread InboxView = "unread"
	// InboxForMe has tickets whose open conversations were answered, and the
	// person began them or has the ticket.
	InboxForMe InboxView = "for-me"
	// InboxUnanswered has tickets with an open conversation in which the desk spoke last.
	InboxUnanswered InboxView = "unanswered"
	// InboxStale has those of them in which nobody has spoken since InboxQuery.Quiet.
	InboxStale InboxView = "stale"
)

// InboxQuery asks for a page of tickets, the last changed first.
type InboxQuery struct {
	// Person is who looks: what they may not see is not counted and not found by.
	Person string
	// View limits the tickets to one of the views; "" does not.
	View InboxView
	// Statuses and Assignee limit them further; empty ones take any.
	Statuses []string
	Assignee string
	// Quiet is since when nobody has spoken in a stale conversation.
	Quiet time.Time
	// Tickets limits them to these, and Since to those changed after a time; empty ones do not.
	Tickets []int64
	Since   time.Time
	// Before and BeforeID are the time and id of the last ticket of the page before.
	Before   time.Time
	BeforeID int64
	Limit    int
}

// Reading is how far a person has read a conversation.
type Reading struct {
	// Upto is the last entry that they have read.
	Upto int64
	// Follows: the conversation is theirs to follow. They began it, wrote in it, have its
	// ticket, or have marked it as unread.
	Follows bool
	// Unread counts the messages of others after Upto, as far as MaxUnread. It is zero
	// where they follow nothing.
	Unread int64
}

// MaxUnread is how far unread messages are counted.
const MaxUnread = 100
