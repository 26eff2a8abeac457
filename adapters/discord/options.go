package discord

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/mapping"
)

// Surface is the adapter's name in places and accounts.
const Surface = "discord"

// Policy tells what a mapping rule lets the card, the notices and Show ticket
// tell of a ticket.
type Policy func(rule string) (fields mapping.Policy, allowExternal bool)

// The identities under which an agent's messages are posted.
const (
	// IdentityBot posts as the bot, with the agent's name in the text. A nonce makes
	// it effectively once.
	IdentityBot = "bot"
	// IdentityAgent posts by a webhook with the agent's own name, and with the picture of
	// their account in the guild. A webhook has no nonce: a post of unknown outcome is
	// read back.
	IdentityAgent = "agent"
)

// Options are what an adapter for one bot needs. Token, Guilds and Inbox are required.
type Options struct {
	Token string
	// Guilds are the ids of the guilds that are served; events of others are counted.
	Guilds []string
	// APIURL is the base of the REST API with its version, https://discord.com/api/v10/
	// by default.
	APIURL string
	// FileHosts are the hosts that files may be fetched from: Discord's CDN.
	FileHosts []string

	Inbox    Inbox
	Requests Requests
	Desk     Desk
	Threads  Threads
	Watcher  Watcher
	Leases   Leases
	Sessions Sessions
	Policy   Policy // shows nothing of tickets by default

	// Mention returns the id of the account or channel in a guild that a mention's or
	// channel link's target stands for: "discord/<guild>/<id>", or "person/<id>", by which
	// the pictures for IdentityAgent are found too. By default only the guild's own ids.
	Mention func(guild, target string) (id string, ok bool)
	// TicketURL makes the address of a ticket in the ticket view when the ticket
	// itself has none.
	TicketURL func(ticket int64) string
	// Count counts what happened, by name and label.
	Count func(name, label string)

	// Bots are user, application or webhook ids whose messages are mirrored although
	// they are no people's.
	Bots []string
	// Identity is IdentityBot or IdentityAgent.
	Identity string
	// LockClosed locks and archives the thread of a conversation that is closed.
	LockClosed bool
	// AutoArchive is after how many idle minutes Discord archives a thread: 60, 1440,
	// 4320 or 10080, the default.
	AutoArchive int

	// NonceWindow is how long repeating a post with its nonce is relied on, 2 min.
	NonceWindow time.Duration
	// Settle is how long after a post a listing may lack it, 10 s.
	Settle time.Duration
	// MaxFile is the largest file fetched or uploaded: 10 MiB, as unboosted guilds take.
	MaxFile int64
	// Timing is how fast the gateway reconnects.
	Timing Timing

	Log *slog.Logger
	// Now is the clock; time.Now by default.
	Now func() time.Time
	// Transport replaces the network in tests.
	Transport http.RoundTripper
}

// Timing are the gateway's waits. Zero values mean those in brackets.
type Timing struct {
	// Reconnect is the first wait before a new connection [1 s]; it doubles up to
	// ReconnectMost [60 s]. A resume costs nothing, so it is tried soon.
	Reconnect, ReconnectMost time.Duration
	// Identify is the wait before a new session [5 s], doubled up to IdentifyMost [10 min].
	// Discord gives 1,000 a day and resets the token of who takes more.
	Identify, IdentifyMost time.Duration
	// Handshake is how long a connection may take until Hello, and until Ready [20 s].
	Handshake time.Duration
	// Lease is how long another daemon waits for ours to be gone [20 s].
	Lease time.Duration
}

// check names the first thing that is missing.
func (o *Options) check() error {
	switch {
	case strings.TrimSpace(o.Token) == "":
		return errors.New("discord: the bot token is missing")
	case len(o.Guilds) == 0:
		return errors.New("discord: no guild is named")
	case o.Inbox == nil:
		return errors.New("discord: no inbox")
	case o.Identity != IdentityBot && o.Identity != IdentityAgent:
		return fmt.Errorf("discord: identity %q: want %s or %s", o.Identity, IdentityBot, IdentityAgent)
	}
	for _, g := range o.Guilds {
		if !validID(g) {
			return fmt.Errorf("discord: guild id %q: want the number that Copy Server ID gives", g)
		}
	}
	return nil
}

// withDefaults fills in what was left empty.
func (o Options) withDefaults() Options {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&o.NonceWindow, 2 * time.Minute},
		{&o.Settle, 10 * time.Second},
		{&o.Timing.Reconnect, time.Second},
		{&o.Timing.ReconnectMost, time.Minute},
		{&o.Timing.Identify, 5 * time.Second},
		{&o.Timing.IdentifyMost, 10 * time.Minute},
		{&o.Timing.Handshake, 20 * time.Second},
		{&o.Timing.Lease, 20 * time.Second},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if o.APIURL == "" {
		o.APIURL = "https://discord.com/api/v10/"
	}
	if !strings.HasSuffix(o.APIURL, "/") {
		o.APIURL += "/"
	}
	if len(o.FileHosts) == 0 {
		o.FileHosts = []string{"cdn.discordapp.com", "media.discordapp.net"}
	}
	if o.Identity == "" {
		o.Identity = IdentityBot
	}
	if o.AutoArchive == 0 {
		o.AutoArchive = 10080
	}
	if o.MaxFile <= 0 {
		o.MaxFile = 10 << 20
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o.withNobody()
}

func (o Options) withNobody() Options {
	if o.Requests == nil {
		o.Requests = nobody{}
	}
	if o.Desk == nil {
		o.Desk = nobody{}
	}
	if o.Threads == nil {
		o.Threads = nobody{}
	}
	if o.Watcher == nil {
		o.Watcher = nobody{}
	}
	if o.Leases == nil {
		o.Leases = nobody{}
	}
	if o.Sessions == nil {
		o.Sessions = nobody{}
	}
	if o.Policy == nil {
		o.Policy = func(string) (mapping.Policy, bool) { return mapping.Policy{}, false }
	}
	if o.Mention == nil {
		o.Mention = func(guild, target string) (string, bool) {
			id, ok := strings.CutPrefix(target, Surface+"/"+guild+"/")
			return id, ok && validID(id)
		}
	}
	if o.TicketURL == nil {
		o.TicketURL = func(int64) string { return "" }
	}
	if o.Count == nil {
		o.Count = func(string, string) {}
	}
	return o
}

// validID reports whether s is a snowflake: a decimal number of 64 bits.
// https://docs.discord.com/developers/reference#snowflakes
func validID(s string) bool {
	if len(s) == 0 || len(s) > 20 || s[0] == '0' {
		return false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
