package discord

import (
	"context"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// Inbox is where what was received is accepted.
type Inbox interface {
	// Accept returns nil only when the inbound is committed.
	Accept(ctx context.Context, in bridge.Inbound) (bridge.Result, error)
	// Quarantine keeps an event that cannot be accepted, for an admin to look at.
	Quarantine(ctx context.Context, surface, reason string, raw []byte) error
}

// Requests is what people ask for from the chat itself: a conversation on a
// ticket, or to be known as the person they are.
type Requests interface {
	// Ask starts or attaches a conversation. Result.Why is what the asker is told; so
	// is the text of an error that is ErrInvalid, ErrForbidden, ErrNotFound or ErrConflict.
	Ask(ctx context.Context, ask bridge.Ask) (bridge.Result, error)
	// LinkURL makes the address at which a person who can sign in takes the account
	// as their own. It is shown to that account only and works for a short time.
	LinkURL(ctx context.Context, account bridge.Account, name string) (string, error)
	// Reads puts on record that an account is shown the ticket of a mirror, before it is.
	Reads(ctx context.Context, account bridge.Account, name string, m bridge.Mirror) error
}

// Desk reads tickets, for who presses Show ticket. bridge.Desk satisfies it.
type Desk interface {
	Context(ctx context.Context, ticket int64) (bridge.TicketContext, error)
}

// Threads finds the mirror that has a thread, and the draft whose buttons a post has.
// bridge.Directory satisfies it.
type Threads interface {
	MirrorByThread(ctx context.Context, place bridge.Place, thread string) (bridge.Mirror, error)
	// DraftAt is ErrNotFound when there is no draft any more.
	DraftAt(ctx context.Context, place bridge.Place, ref string) (bridge.DraftText, error)
}

// Leases say which of several daemons holds the gateway. bridge.LeaseStore
// satisfies it.
type Leases interface {
	Acquire(ctx context.Context, name string, ttl time.Duration) (bridge.Fence, bool, error)
	Release(ctx context.Context, name string) error
}

// Sessions keep the gateway session over a restart. The value is the adapter's own;
// one that is older than what was committed only makes Discord repeat events.
type Sessions interface {
	LoadSession(ctx context.Context, name string) (string, error) // empty when there is none
	SaveSession(ctx context.Context, name, value string) error
}

// NotReceiving is the reason of a Blocked that concerns the gateway only: posts to
// the guild go on. Its end is reported by a Recovered.
const NotReceiving = "not_receiving"

// Watcher hears what changes about channels and guilds. A place without a channel
// is the whole guild.
type Watcher interface {
	// Recovered: posts to the place may work again.
	Recovered(ctx context.Context, place bridge.Place) error
	// Blocked: posts to the place cannot work until a person has done what remedy says.
	Blocked(ctx context.Context, place bridge.Place, reason, remedy string) error
	// MembersChanged: others may see the place than did before.
	MembersChanged(ctx context.Context, place bridge.Place) error
}

// nobody is the ports of an adapter that was given none.
type nobody struct{}

func (nobody) Recovered(context.Context, bridge.Place) error               { return nil }
func (nobody) Blocked(context.Context, bridge.Place, string, string) error { return nil }
func (nobody) MembersChanged(context.Context, bridge.Place) error          { return nil }

func (nobody) Context(context.Context, int64) (bridge.TicketContext, error) {
	return bridge.TicketContext{}, bridge.ErrNotFound
}

func (nobody) MirrorByThread(context.Context, bridge.Place, string) (bridge.Mirror, error) {
	return bridge.Mirror{}, bridge.ErrNotFound
}

func (nobody) Ask(context.Context, bridge.Ask) (bridge.Result, error) {
	return bridge.Result{}, bridge.ErrForbidden
}

func (nobody) LinkURL(context.Context, bridge.Account, string) (string, error) {
	return "", bridge.ErrForbidden
}

func (nobody) Reads(context.Context, bridge.Account, string, bridge.Mirror) error { return nil }

func (nobody) Acquire(_ context.Context, name string, _ time.Duration) (bridge.Fence, bool, error) {
	return bridge.Fence{Lease: name, Number: 1}, true, nil
}

func (nobody) Release(context.Context, string) error { return nil }

func (nobody) LoadSession(context.Context, string) (string, error) { return "", nil }
func (nobody) SaveSession(context.Context, string, string) error   { return nil }

func (nobody) DraftAt(context.Context, bridge.Place, string) (bridge.DraftText, error) {
	return bridge.DraftText{}, bridge.ErrNotFound
}
