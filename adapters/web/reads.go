package web

import (
	"context"
	"io"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/mapping/words"
)

// Tickets reads tickets for people: for the viewer, by their id, who gets nothing that
// they may not see. Every State holds rows and entries of one moment.
type Tickets interface {
	// Inbox returns a page of tickets with the entries that created them, their open
	// conversations, and how far the person who looks has read those.
	Inbox(ctx context.Context, q bridge.InboxQuery) (*bridge.State, map[bridge.ID]bridge.Reading, error)
	// CountInbox counts the tickets that a query is about, up to its limit.
	CountInbox(ctx context.Context, q bridge.InboxQuery) (int64, error)
	// TicketPage returns all that was said on a ticket, its mirrors and what they show.
	TicketPage(ctx context.Context, viewer string, ticket int64) (*bridge.State, error)
	// TicketSaid returns a ticket with what was said to, by and about the customer.
	TicketSaid(ctx context.Context, ticket int64) (*bridge.State, error)
	// TicketSince returns the entries after one and the messages they touched.
	TicketSince(ctx context.Context, viewer string, ticket, after int64) (*bridge.State, error)
	// Entries returns up to limit entries of every kind after one, in order. Those that the
	// viewer may not see are withheld.
	Entries(ctx context.Context, viewer string, ticket, after int64, limit int) ([]*bridge.Entry, error)
	// History returns the entries that posted, edited and deleted a message, in order.
	History(ctx context.Context, viewer string, message bridge.ID) ([]*bridge.Entry, error)
	// MessageFile returns a file, its name, and the conversation it is in, or zero.
	MessageFile(ctx context.Context, viewer string, message bridge.ID, n int) (f *bridge.File, name string, conversation int64, err error)
}

// Readings keeps how far people have read conversations.
type Readings interface {
	// Readings returns how far a person has read the conversations of a ticket.
	Readings(ctx context.Context, person string, ticket int64) (map[bridge.ID]bridge.Reading, error)
	// Unread counts the tickets on which a person has something unread, up to a limit.
	Unread(ctx context.Context, person string, limit int) (int64, error)
	// News returns the last messages after a time on some tickets that a person follows
	// and has not read.
	News(ctx context.Context, person string, tickets map[int64]bool, after time.Time, limit int) ([]bridge.News, error)
	// MarkRead moves a position forward, MarkUnread puts it before a message.
	MarkRead(ctx context.Context, person string, conversation bridge.ID, upto int64) error
	MarkUnread(ctx context.Context, person string, message bridge.ID) error
	MarkAllRead(ctx context.Context, person string) error
}

// Searching finds what was said.
type Searching interface {
	// Search returns up to limit finds that a person may see, the newest first, that come
	// before a position (zero: from the start), with the tickets and entries they are about.
	Search(ctx context.Context, person string, q words.Query, before int64, limit int) (*bridge.State, []bridge.Found, error)
}

// Naming finds what somebody may mean who types a name.
type Naming interface {
	// Named returns what is found by the beginning of a name, without asking a platform.
	Named(ctx context.Context, q bridge.NameQuery) ([]bridge.Named, error)
	// ConversationPlaces returns the channels of a conversation that a person may see.
	ConversationPlaces(ctx context.Context, person string, id bridge.ID) ([]bridge.Place, error)
}

// Blobs keeps the bytes of files.
type Blobs interface {
	PutBlob(ctx context.Context, r io.Reader, limit int64) (hash string, size int64, err error)
	OpenBlob(ctx context.Context, hash string) (io.ReadCloser, error)
}

// SignIns knows who may sign in. A Known's account is the e-mail address.
type SignIns interface {
	HasAdmin(ctx context.Context) (bool, error)
	CreateFirstAdmin(ctx context.Context, p bridge.Known, hash string) (id string, err error)
	SignIn(ctx context.Context, email string) (p bridge.Known, hash string, err error)
	Person(ctx context.Context, id string) (p bridge.Known, hash string, err error)
	SetPassword(ctx context.Context, id, hash string) error
	// Admit returns the person whom an identity provider has signed in, and adds
	// somebody new with the role, unless it is "".
	Admit(ctx context.Context, a bridge.Account, name, email string, role bridge.Role) (p bridge.Known, hash string, err error)
	// BeginSignIn records that somebody has signed in; SignedIn returns who, until the
	// sign-in ends.
	BeginSignIn(ctx context.Context, id, person, way, browser, network string, expires time.Time) error
	SignedIn(ctx context.Context, id string) (p bridge.Known, hash, way string, twoFactor bool, err error)
	SignIns(ctx context.Context, person string, each func(id, way, browser, network string, began, seen time.Time)) error
	EndSignIn(ctx context.Context, person, id string) error
	EndSignIns(ctx context.Context, person, except string) error
	Preference(ctx context.Context, person, name string) (string, error)
	SetPreference(ctx context.Context, person, name, value string) error
	// ChatAccounts calls each for a person's accounts in chats, with why nothing can be
	// told there, what to do about it and since when; UnreachableAccounts for those of
	// everybody in which that is so.
	ChatAccounts(ctx context.Context, person string, each func(k bridge.Known, unreachable, remedy string, since time.Time)) error
	UnreachableAccounts(ctx context.Context, each func(k bridge.Known, unreachable, remedy string, since time.Time)) error
}

// TwoFactors keeps people's second factors. A code's time step, and a recovery code,
// is good once.
type TwoFactors interface {
	TwoFactor(ctx context.Context, person string) (secret string, confirmed bool, codesLeft int, err error)
	OfferTwoFactor(ctx context.Context, person, secret string) error
	ConfirmTwoFactor(ctx context.Context, person, secret string, step int64, hashes []string) error
	RemoveTwoFactor(ctx context.Context, person string) error
	UseStep(ctx context.Context, person string, step int64) error
	UseRecoveryCode(ctx context.Context, person, hash string) (bool, error)
	SetRecoveryCodes(ctx context.Context, person string, hashes []string) error
	TwoFactorPeople(ctx context.Context) (map[string]bool, error)
}

// People is the directory of people and their accounts on surfaces.
type People interface {
	Merging
	People(ctx context.Context, disabled bool) ([]bridge.Known, error)
	CreatePerson(ctx context.Context, p bridge.Known, hash string) (id string, err error)
	SetRole(ctx context.Context, id string, role bridge.Role) error
	SetDisabled(ctx context.Context, id string, disabled bool) error
	Accounts(ctx context.Context, limit int) ([]bridge.Known, error)
	LinkAccount(ctx context.Context, a bridge.Account, person, by string) error
	// Identify returns what is known of an account; an unknown one is no error.
	Identify(ctx context.Context, a bridge.Account) (bridge.Known, error)
	// TakeAccount links an account to the person who has shown that it is theirs.
	TakeAccount(ctx context.Context, a bridge.Account, name, person string) error
}

// Settings are what the installation remembers for itself, as JSON by name.
type Settings interface {
	Changes
	// Setting reads a setting into dest, which stays as it is when there is none.
	Setting(ctx context.Context, name string, dest any) error
	SetSetting(ctx context.Context, name string, value any) error
}

// Groups is the directory of groups.
type Groups interface {
	// Groups returns the groups' names by their ids, Members their people's ids.
	Groups(ctx context.Context) (map[string]string, error)
	Members(ctx context.Context) (map[string][]string, error)
	// SaveGroup renames a group, or makes one when the id is empty.
	SaveGroup(ctx context.Context, id, name string) (string, error)
	SetMembers(ctx context.Context, group string, people []string) error
}

// Mapping is which channels a conversation goes to.
type Mapping interface {
	Rules(ctx context.Context) ([]mapping.Rule, error)
	// ChangeRules replaces the rules by what change makes of them.
	ChangeRules(ctx context.Context, change func([]mapping.Rule) ([]mapping.Rule, error)) error
	// Channels calls each for up to limit channels whose name or id begins with prefix.
	Channels(ctx context.Context, prefix string, limit int, each func(place bridge.Place, name string, private, external, member bool)) error
	ChannelNames(ctx context.Context, places []bridge.Place) (map[bridge.Place]string, error)
	ChannelExternal(ctx context.Context, place bridge.Place) (bool, error)
}

// Tokens are what programs sign in with at the API. Only their hashes are kept.
type Tokens interface {
	CreateToken(ctx context.Context, name, hash, by string) error
	DeleteToken(ctx context.Context, id string) error
	Tokens(ctx context.Context, each func(id, name, by string, created, used time.Time)) error
	// Token returns who made the token with that hash, and its name.
	Token(ctx context.Context, hash string) (by bridge.Known, name string, err error)
}

// Health is what an admin has to look after.
type Health interface {
	Mending
	// Troubled returns the mirrors that are parked or behind and the calls under way.
	Troubled(ctx context.Context, limit int) (*bridge.State, error)
	BlockedWorkspaces(ctx context.Context, each func(surface, workspace, reason, remedy string, since time.Time)) error
	Quarantined(ctx context.Context, limit int, each func(id string, at time.Time, surface, reason string, size int64)) error
}

// Store is everything that the pages read and the directory they change. What
// changes tickets goes to the Log instead.
type Store interface {
	Tickets
	Readings
	Searching
	Naming
	Reaching
	Blobs
	SignIns
	TwoFactors
	People
	Groups
	Mapping
	Tokens
	Health
	Settings
	Records
	Erasers
	Accesses
	Audits
}

// Prober reports whether posts to a place would work now, as bridge.Surface does.
type Prober interface {
	Probe(ctx context.Context, place bridge.Place) error
}
