package web

import (
	"context"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// Mending is what the health page needs beside what is troubled.
type Mending interface {
	// Work reads what a mirror has still to show.
	Work(ctx context.Context, mirror bridge.ID, limit int) (bridge.Work, error)
	// Waiting returns since when mirrors have had something to show.
	Waiting(ctx context.Context, limit int) (map[bridge.ID]time.Time, error)
	// Activity returns when something last came from a channel and was last shown there.
	Activity(ctx context.Context, p bridge.Place) (in, out time.Time, err error)
}

// Merging makes one person of two, and two of one.
type Merging interface {
	MergePeople(ctx context.Context, from, into, by string) error
	SplitAccount(ctx context.Context, a bridge.Account, by string) (person string, err error)
	// Unlinked calls each for up to limit accounts of nobody, those seen last first.
	Unlinked(ctx context.Context, limit int, each func(a bridge.Account, name string, seen time.Time)) error
}

// Changes is the record of changed settings.
type Changes interface {
	RecordChange(ctx context.Context, by bridge.Actor, area, subject, was, became string) error
	Changes(ctx context.Context, area, person string, before time.Time, limit int, each func(at time.Time, by, area, subject, was, became string)) error
}

// Connection is one workspace, or one bot, that is connected, as its adapter checks it.
type Connection struct {
	Surface string
	// Name is what the configuration calls it.
	Name string
	// Check looks at everything that the connection needs, and at the mapped channels
	// that are its own. It sends nothing that people see.
	Check func(ctx context.Context, mapped []bridge.Place) []Finding
}

// Finding is one thing that a check looked at.
type Finding struct {
	What string
	OK   bool
	// Remedy says what to do when it is not OK.
	Remedy string
}
