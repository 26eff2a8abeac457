package bridge

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ID names something that an entry created: a conversation, a message, a mirror.
// It is the ticket and the seq of that entry, so it never changes, needs no
// generator, and survives an export into another server. Written "12-34".
type ID struct {
	Ticket int64
	Seq    int64
}

// String returns the form that ParseID reads, "12-34".
func (id ID) String() string { return fmt.Sprintf("%d-%d", id.Ticket, id.Seq) }

// IsZero reports whether id names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// ParseID reads the form that String writes.
func ParseID(s string) (ID, error) {
	a, b, ok := strings.Cut(s, "-")
	ticket, err1 := strconv.ParseInt(a, 10, 64)
	seq, err2 := strconv.ParseInt(b, 10, 64)
	if !ok || err1 != nil || err2 != nil || ticket <= 0 || seq <= 0 {
		return ID{}, fmt.Errorf("id %q: %w: want two numbers such as 12-34", s, ErrInvalid)
	}
	return ID{ticket, seq}, nil
}

// Place is a channel on a surface, where threads can be opened.
type Place struct {
	Surface   string
	Workspace string
	Channel   string
}

// String returns "slack/T1/C1".
func (p Place) String() string { return p.Surface + "/" + p.Workspace + "/" + p.Channel }

// Account is the key of an identity: somebody's account on one surface.
type Account struct {
	Surface   string `json:"s,omitempty"`
	Workspace string `json:"w,omitempty"`
	ID        string `json:"id,omitempty"`
}

// Role is what a person is to the desk.
type Role string

// The roles. An expert needs no account with us; system is the daemon itself.
const (
	RoleExpert   Role = "expert"
	RoleAgent    Role = "agent"
	RoleAdmin    Role = "admin"
	RoleCustomer Role = "customer"
	RoleSystem   Role = "system"
)

// Actor is who did something. Authority comes from Person and Role, which our
// own directory gives; Name is what they were called at the time and proves nothing.
type Actor struct {
	Person  string
	Role    Role
	Account Account
	Name    string
}

// System is the actor of what the daemon does by itself.
func System() Actor { return Actor{Role: RoleSystem, Name: "Sidebridge"} }

// Micros is how times are stored: integer microseconds since 1970, UTC.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// FromMicros is the inverse of Micros.
func FromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
