// Package config reads what an installation is told: a TOML file, and
// environment variables that override it.
//
// A key nobody knows is an error that names it, a wrong value is an error that
// says what to write instead, and there is no key without an effect. Secrets
// have the type Secret, which prints as "[redacted]" wherever it turns up. The
// annotated example file is Example; a test keeps it complete.
package config

import (
	"net/netip"
	"time"
)

// Config is everything a daemon is told at start. Default holds the defaults;
// Load returns a complete and valid Config with every path resolved.
type Config struct {
	// DataDir is the folder for everything the daemon keeps on disk: the
	// SQLite database, the checkpoint file and its key. Relative paths of
	// other keys lie in it. Default "data", in the working directory.
	DataDir string `toml:"data_dir"`

	// Listen is the address, host:port, that pages, APIs and platform
	// callbacks are served on. Default "127.0.0.1:8080", which only this
	// machine can reach.
	Listen string `toml:"listen"`

	// PublicURL is the address under which people and platforms reach the
	// daemon, without a path. Links in chat messages begin with it. Default:
	// "http://" and Listen.
	PublicURL string `toml:"public_url"`

	// TrustedProxies are the networks of the proxies in front of the daemon,
	// whose X-Forwarded-For says who asks. Default: none, so that
	// nobody can pretend to be at another address.
	TrustedProxies []netip.Prefix `toml:"trusted_proxies"`

	Log      Log      `toml:"log"`
	Database Database `toml:"database"`
	Desk     Desk     `toml:"desk"`
	CatchUp  CatchUp  `toml:"catchup"`
	Audit    Audit    `toml:"audit"`
	Metrics  Metrics  `toml:"metrics"`
	Webhook  Webhook  `toml:"webhook"`
	SignIn   SignIn   `toml:"sign_in"`
	OIDC     OIDC     `toml:"oidc"`
	Notices  Notices  `toml:"notices"`

	// Slack lists the Slack workspaces, each a [[slack]] table.
	Slack []Slack `toml:"slack"`

	// Discord lists the Discord bots, each a [[discord]] table.
	Discord []Discord `toml:"discord"`

	// UnusedEnv lists environment variables that begin with SIDEBRIDGE_ and
	// name no key. They are worth a warning and no more, since orchestrators
	// inject some of their own.
	UnusedEnv []string `toml:"-"`
}

// Log says what is logged, and how. Message bodies and secrets never are.
type Log struct {
	// Level is the least level that is logged: "debug", "info", "warn" or
	// "error". Default "info".
	Level string `toml:"level"`

	// Format is "text" for people or "json" for machines. Default "text".
	Format string `toml:"format"`
}

// Database says where the log of every ticket is kept.
type Database struct {
	// SQLite is the path of the database file. Not used when Postgres is
	// set. Default "sidebridge.db", in DataDir.
	SQLite string `toml:"sqlite"`

	// Postgres is the DSN of a Postgres database, which several daemons may
	// share. Default: none, which means SQLite.
	Postgres Secret `toml:"postgres"`
}

// Desk is the built-in desk, which owns tickets where no Zendesk does.
type Desk struct {
	// Name is what people see as the name of this desk. Default "Sidebridge".
	Name string `toml:"name"`

	// ManyPeople is how many people a side conversation may have before adding one more,
	// as adding a whole group always, must be confirmed. 0: nothing need be. Default 5.
	ManyPeople int `toml:"many_people"`
	// ReopenOnReply says whether a reply to a closed conversation reopens
	// it. The reply is recorded in any case. Default true.
	ReopenOnReply bool `toml:"reopen_on_reply"`

	// ReactionRules says whether reactions to a thread's card are gestures: a
	// tick closes the conversation, eyes take the ticket, as the card's buttons
	// do. Default true.
	ReactionRules bool `toml:"reaction_rules"`
}

// CatchUp says how what a platform did not tell us is found.
type CatchUp struct {
	// Every is the time between two listings of an open thread. Each start
	// and each new connection lists as well. Default 15 minutes.
	Every time.Duration `toml:"every"`
}

// Audit is about the signed checkpoints over the hash chains, with which a
// person can prove later that nobody changed the audit trail.
type Audit struct {
	// CheckpointFile is the file to which checkpoints are appended. It
	// protects best on another disk or machine than the database. Default
	// "checkpoints.log", in DataDir.
	CheckpointFile string `toml:"checkpoint_file"`

	// CheckpointKeyFile holds the ed25519 key that signs checkpoints. It is
	// created when it does not exist. Default "checkpoint.key", in DataDir.
	CheckpointKeyFile string `toml:"checkpoint_key_file"`

	// Every is the time between two checkpoints. Default 1 minute.
	Every time.Duration `toml:"every"`

	// AccessLogDays is for how many days it is kept who read what; older
	// readings are removed. Default 0: for good. At least 30 otherwise.
	AccessLogDays int `toml:"access_log_days"`
}

// Metrics is about figures for Prometheus.
type Metrics struct {
	// Listen is the address, host:port, on which GET /metrics is served. It
	// is apart from Config.Listen so that it need not be public. Default
	// empty: no metrics are served.
	Listen string `toml:"listen"`
}

// Webhook is told each reply that an agent sends to a customer at the
// built-in desk, so that another program can carry it there.
type Webhook struct {
	// URL receives a POST for each customer reply. Default empty: none.
	URL string `toml:"url"`

	// Secret is the HMAC-SHA256 key of the signature in each request's
	// header. Needed with URL; at least 16 characters.
	Secret Secret `toml:"secret"`

	// AllowPrivate lets URL lead into a private network, such as another
	// container's. Default false: only public addresses and this machine.
	AllowPrivate bool `toml:"allow_private"`
}

// Receiving events from Slack.
const (
	ModeSocket = "socket" // over a WebSocket that we open
	ModeHTTP   = "http"   // by requests to our public URL
)

// What to do about a post of which nobody knows whether it arrived.
const (
	AmbiguousResend = "resend"
	AmbiguousPark   = "park"
)

// Whose name mirrored messages carry.
const (
	IdentityApp   = "app"
	IdentityAgent = "agent"
)

// Slack is one Slack workspace.
type Slack struct {
	// Name is our own short name of the workspace: lower-case letters,
	// digits and hyphens. It appears in logs and metrics and in the names of
	// environment variables. Required.
	Name string `toml:"name"`

	// Enabled switches the workspace on. Default true.
	Enabled bool `toml:"enabled"`

	// TeamID is Slack's own id of the workspace, T…, as in the address
	// app.slack.com/client/T…. Required.
	TeamID string `toml:"team_id"`

	// Mode is how events arrive: "socket" (Socket Mode, no public address
	// needed) or "http" (Events API at PublicURL). Default "socket".
	Mode string `toml:"mode"`

	// BotToken is the bot's token, xoxb-…. Required.
	BotToken Secret `toml:"bot_token"`

	// AppToken is the app-level token, xapp-…, with the scope
	// connections:write. Required in mode "socket".
	AppToken Secret `toml:"app_token"`

	// SigningSecrets are the secrets that Slack's requests are signed with.
	// One is required in mode "http"; two are accepted while you rotate.
	SigningSecrets []Secret `toml:"signing_secrets"`

	// Identity is whose name a mirrored message carries: "app" (the app's,
	// the agent named in the text) or "agent" (the agent's name and picture
	// instead of the app's; needs the scope chat:write.customize). Default
	// "app".
	Identity string `toml:"identity"`

	// AllowBots lists bot and app ids (B…, A…) whose messages in a mirrored
	// thread count as replies. Default: none, bots are not heard.
	AllowBots []string `toml:"allow_bots"`

	// AllowTeams lists the ids (T…) of further workspaces whose members may
	// press the buttons in channels shared with them. Default: none.
	AllowTeams []string `toml:"allow_teams"`

	// JoinChannels says whether the bot may join public channels by itself
	// (needs the scope channels:join). Default false: it is invited.
	JoinChannels bool `toml:"join_channels"`

	// MaxFileBytes is the size in bytes up to which files are carried in
	// either direction; larger ones are named and linked. Default 104857600
	// (100 MiB).
	MaxFileBytes int64 `toml:"max_file_bytes"`

	// HistoryPageSize is the number of messages asked for in one listing
	// call. Default 200; use 15 for a commercially distributed app outside
	// Slack's Marketplace, because Slack gives it no more
	// (https://docs.slack.dev/apis/web-api/rate-limits). At most 999.
	HistoryPageSize int `toml:"history_page_size"`

	// PostInterval is the least time between two posts to one channel.
	// Default 1 second, Slack's own limit.
	PostInterval time.Duration `toml:"post_interval"`

	// PostsPerMinute is how many posts the whole workspace gets in a minute
	// at most. Slack says no more than "several hundred". Default 240.
	PostsPerMinute int `toml:"posts_per_minute"`

	// Ambiguous says what becomes of a post whose answer was lost and that
	// does not turn up within Doubt: "resend" (once, and the audit trail says
	// so) or "park" (never twice; a person decides). Default "resend".
	Ambiguous string `toml:"ambiguous"`

	// Doubt is how long a post whose answer was lost is looked for. Default
	// 30 seconds.
	Doubt time.Duration `toml:"doubt"`

	// APIURL replaces https://slack.com/api/ for simulators and tests. It
	// must be https, or http on this machine. Default empty: Slack itself.
	APIURL string `toml:"api_url"`
}

// Default returns the configuration of an installation that says nothing.
func Default() Config {
	return Config{
		DataDir:  "data",
		Listen:   "127.0.0.1:8080",
		Log:      Log{Level: "info", Format: "text"},
		Database: Database{SQLite: "sidebridge.db"},
		Desk:     Desk{Name: "Sidebridge", ManyPeople: 5, ReopenOnReply: true, ReactionRules: true},
		CatchUp:  CatchUp{Every: 15 * time.Minute},
		Audit: Audit{
			CheckpointFile:    "checkpoints.log",
			CheckpointKeyFile: "checkpoint.key",
			Every:             time.Minute,
		},
		SignIn:  DefaultSignIn(),
		OIDC:    DefaultOIDC(),
		Notices: DefaultNotices(),
	}
}

// DefaultSlack returns a workspace that says nothing but its name.
func DefaultSlack(name string) Slack {
	return Slack{
		Name:            name,
		Enabled:         true,
		Mode:            ModeSocket,
		Identity:        IdentityApp,
		MaxFileBytes:    100 << 20,
		HistoryPageSize: 200,
		PostInterval:    time.Second,
		PostsPerMinute:  240,
		Ambiguous:       AmbiguousResend,
		Doubt:           30 * time.Second,
	}
}
