package bridge

import "time"

// AccessSpan is how long one reading counts: reading the same thing again within it is
// no news to whoever asks who has read what.
const AccessSpan = 15 * time.Minute

// AccessWay is by which way something was read.
type AccessWay string

// The ways.
const (
	AccessPage    AccessWay = "page"         // the ticket view, and what it is told while it is open
	AccessSearch  AccessWay = "search"       // a find, or the page that one leads to
	AccessAPI     AccessWay = "api"          // a program with a token
	AccessExport  AccessWay = "export"       // a trail as a file
	AccessChat    AccessWay = "chat"         // Show ticket, in a chat
	AccessCommand AccessWay = "command line" // the daemon's own commands
)

// AccessWays are all ways, in the order in which people choose among them.
func AccessWays() []AccessWay {
	return []AccessWay{AccessPage, AccessSearch, AccessAPI, AccessExport, AccessChat, AccessCommand}
}

// Access says that somebody read something of a ticket. What was read is named by
// numbers only, so that this record holds nothing of what was said.
type Access struct {
	// At is when it was read first within its AccessSpan.
	At time.Time
	// By is who read it. An account that nobody is linked to has no Person.
	By  Actor
	Way AccessWay
	// Ticket and Conversation are what was read; Conversation zero is the ticket itself.
	Ticket, Conversation int64
	// Item is the part of it: "" for the page, "audit trail", "file 12/0" or
	// "versions of 12".
	Item string
	// Position is where the next page of a query begins.
	Position string
}

// AccessQuery selects readings, the newest first. Zero fields select everything.
type AccessQuery struct {
	Person string
	Way    AccessWay
	// Ticket and Conversation narrow it down; Conversation needs Ticket.
	Ticket, Conversation int64
	// From and Until are the times between which it was read.
	From, Until time.Time
	// Before is the Position of the last reading of the page before, or "".
	Before string
	// Limit is the most readings that are returned.
	Limit int
}
