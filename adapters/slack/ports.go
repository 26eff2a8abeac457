package slack

import (
	"context"
	"fmt"

	"github.com/sidebridge/sidebridge/bridge"
)

// Inbox is where what was received is accepted.
type Inbox interface {
	// Accept returns nil only when the inbound is committed; then it is acknowledged.
	Accept(ctx context.Context, in bridge.Inbound) (bridge.Result, error)
	// Quarantine keeps an envelope that cannot be accepted, for an admin to look at.
	Quarantine(ctx context.Context, surface, reason string, raw []byte) error
}

// Requests is what people ask for from Slack itself: a conversation on a ticket, or
// to be known as the person they are.
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

// NotReceiving is the reason of a Blocked that concerns receiving by Socket Mode
// only: posts to the workspace go on. Its end is reported by a Recovered.
const NotReceiving = "not_receiving"

// Watcher hears what changes about channels and the workspace. An error keeps
// the event unacknowledged, so that Slack sends it again. A place without a
// channel is the whole workspace.
type Watcher interface {
	// Recovered: posts to the place may work again.
	Recovered(ctx context.Context, place bridge.Place) error
	// Blocked: posts to the place cannot work until a person has done what remedy says.
	Blocked(ctx context.Context, place bridge.Place, reason, remedy string) error
	// MembersChanged: others can read the channel than did before.
	MembersChanged(ctx context.Context, place bridge.Place) error
	// Renamed: the channel has another id now.
	Renamed(ctx context.Context, from, to bridge.Place) error
	// Opened: to is the direct message with the people that from stands for, and this is
	// what they are called.
	Opened(ctx context.Context, from, to bridge.Place, name string) error
}

// nobody is the ports of an adapter that was given none.
type nobody struct{}

func (nobody) Recovered(context.Context, bridge.Place) error               { return nil }
func (nobody) Blocked(context.Context, bridge.Place, string, string) error { return nil }
func (nobody) MembersChanged(context.Context, bridge.Place) error          { return nil }
func (nobody) Renamed(context.Context, bridge.Place, bridge.Place) error   { return nil }
func (nobody) Opened(context.Context, bridge.Place, bridge.Place, string) error {
	return nil
}

func (nobody) Ask(context.Context, bridge.Ask) (bridge.Result, error) {
	return bridge.Result{}, errNoRequests
}

func (nobody) LinkURL(context.Context, bridge.Account, string) (string, error) {
	return "", errNoRequests
}

var errNoRequests = fmt.Errorf("%w: this can only be done in the ticket view", bridge.ErrForbidden)

func (nobody) Context(context.Context, int64) (bridge.TicketContext, error) {
	return bridge.TicketContext{}, bridge.ErrNotFound
}

func (nobody) MirrorByThread(context.Context, bridge.Place, string) (bridge.Mirror, error) {
	return bridge.Mirror{}, bridge.ErrNotFound
}

func (nobody) Reads(context.Context, bridge.Account, string, bridge.Mirror) error { return nil }

func (nobody) DraftAt(context.Context, bridge.Place, string) (bridge.DraftText, error) {
	return bridge.DraftText{}, bridge.ErrNotFound
}
