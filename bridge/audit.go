package bridge

import "time"

// AuditQuery asks for entries of all tickets, or of one, the newest first.
type AuditQuery struct {
	// Viewer is who looks: entries that they may not see are not found.
	Viewer string
	// Person is who did it; "" is anybody.
	Person string
	// Kinds are the kinds that are looked for; none means all.
	Kinds []Kind
	// Ticket is the only ticket that is looked at, zero for all.
	Ticket int64
	// From and Until are the times between which it was done; zero is any.
	From, Until time.Time
	// Before is where the page begins, as AuditPage.Next says; "" is the newest entry.
	Before string
	// Limit is the most entries that are returned.
	Limit int
}

// AuditPage is what an AuditQuery found.
type AuditPage struct {
	// Found are the entries, the newest first. State has them, with the tickets and mirrors
	// that they are about, and the entries that began those tickets and their conversations.
	Found []ID
	State *State
	// Next is where the next page begins, "" when there is nothing more.
	Next string
	// Reached is the time of the last entry that was looked at, where the search stopped
	// before it had found enough: a page looks at a bounded number of entries.
	Reached time.Time
}
