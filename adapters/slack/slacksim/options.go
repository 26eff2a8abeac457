package slacksim

import (
	"slices"
	"time"
)

// Options describe the simulated workspace and app. The zero value works: every
// field has a default.
type Options struct {
	// Now is the clock that stamps messages, events and signatures and that
	// fills rate buckets. It defaults to time.Now. Delays of deliveries always
	// run on real timers.
	Now func() time.Time
	// Seed makes ids, faults with a probability and shuffles repeatable.
	Seed uint64

	TeamID, TeamName, TeamDomain string
	AppID, AppName               string
	BotUserID, BotID             string
	// BotToken is what Web API calls carry, AppToken what opens sockets.
	BotToken, AppToken string
	// SigningSecret signs everything sent to EventsURL and InteractivityURL.
	SigningSecret string
	// Scopes are what the bot token was granted; nil means AllScopes.
	Scopes []string
	// Commands and Shortcuts are what the app's manifest offers people; by default
	// /sidebridge and "Attach to ticket".
	Commands  []string
	Shortcuts []Shortcut

	// EventsURL receives events over HTTP, InteractivityURL button presses and
	// the like; it defaults to EventsURL. Both are ignored in Socket Mode.
	EventsURL, InteractivityURL string
	// SocketMode delivers everything over WebSockets that the app opens.
	SocketMode bool

	// AckTimeout is how long a receiver may take to acknowledge; 3 s.
	AckTimeout time.Duration
	// RetryDelays are the pauses before each redelivery of a failed event;
	// Slack's are 0, 1 min and 5 min. Crash provers take milliseconds.
	RetryDelays []time.Duration
	// DelayedEvents adds the app setting of that name: after RetryDelays, 24
	// more tries an hour apart (DelayedEvery).
	DelayedEvents bool
	DelayedEvery  time.Duration
	// EventTTL is the age after which an event is no longer sent unless
	// DelayedEvents is on; 2 h by the clock.
	EventTTL time.Duration
	// Workers is how many HTTP deliveries are in flight at once; 4.
	Workers int
	// Echo says when the event of the app's own post leaves, compared with the
	// answer to the post.
	Echo Echo
	// PingInterval is the time between pings on a socket; 10 s.
	PingInterval time.Duration
	// WarningGrace is the time between a disconnect warning and the end of that
	// socket; 10 s.
	WarningGrace time.Duration

	// Limits switch the documented rate limits.
	Limits Limits
	// HistoryPageCap is the largest page conversations.history and .replies
	// give. 15 also sets their default page and allows one call a minute, as
	// for unlisted commercial apps.
	HistoryPageCap int
	// EditWindow, if positive, is the workspace's policy for editing: later
	// chat.update calls get edit_window_closed.
	EditWindow time.Duration
	// AllowCustomDelete lets chat.delete remove messages posted with a
	// customised author. Slack documents that it does not.
	AllowCustomDelete bool
	// QuietParents leaves out the events Slack sends for a parent whose reply
	// count changed.
	QuietParents bool
	// MessagesTab is the app's Messages tab in App Home: people can write to the app by
	// default; TabOff lets the app not even write to them, TabReadOnly only the app.
	MessagesTab Tab
	// ShareDelay is the time between files.completeUploadExternal and the
	// message it makes; sharing is asynchronous. 5 ms.
	ShareDelay time.Duration
}

// Echo says when the event of the app's own post leaves.
type Echo int

// The moments at which an echo can leave.
const (
	// EchoDuring lets event and answer race, as on Slack.
	EchoDuring Echo = iota
	// EchoBefore answers the call only after the event was acknowledged.
	EchoBefore
	// EchoAfter sends the event a little after the answer was written.
	EchoAfter
)

// Tab says what the app's Messages tab is good for.
type Tab int

// The states of the Messages tab. https://docs.slack.dev/surfaces/app-home
const (
	TabOn Tab = iota
	TabReadOnly
	TabOff
)

// Limits scale or switch off the rate limits.
type Limits struct {
	// Off lets everything through.
	Off bool
	// Scale multiplies every rate; 0 means 1. Retry-After stays at least one
	// second because Slack gives whole seconds.
	Scale float64
	// PostBurst is how many posts a channel takes at once before the rate of
	// one a second applies. Slack allows short bursts of unpublished size; 3.
	PostBurst int
}

// AllScopes returns every bot scope the simulator knows.
func AllScopes() []string {
	return []string{
		"channels:history", "channels:join", "channels:read", "chat:write", "chat:write.customize",
		"chat:write.public", "commands", "files:read", "files:write", "groups:history", "groups:read",
		"im:history", "im:read", "im:write", "mpim:history", "mpim:read", "mpim:write", "reactions:read",
		"reactions:write", "team:read", "usergroups:read", "users:read", "users:read.email",
	}
}

func (o Options) withDefaults() Options {
	text := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	duration := func(field *time.Duration, value time.Duration) {
		if *field == 0 {
			*field = value
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	text(&o.TeamID, "T0SIMTEAM1")
	text(&o.TeamName, "Simulated Workspace")
	text(&o.TeamDomain, "simulated")
	text(&o.AppID, "A0SIMAPP01")
	text(&o.AppName, "Sidebridge")
	text(&o.BotUserID, "U0SIMBOT01")
	text(&o.BotID, "B0SIMBOT01")
	text(&o.BotToken, "xoxb-0000000000-simulated-bot-token")
	text(&o.AppToken, "xapp-1-A0SIMAPP01-0000000000-simulated-app-token")
	text(&o.SigningSecret, "simulated0signing0secret00000000")
	if o.Scopes == nil {
		o.Scopes = AllScopes()
	}
	o.Scopes = slices.Clone(o.Scopes)
	if o.Commands == nil {
		o.Commands = []string{"/sidebridge"}
	}
	if o.Shortcuts == nil {
		o.Shortcuts = []Shortcut{{Name: "Attach to ticket", CallbackID: "sidebridge_attach"}}
	}
	text(&o.InteractivityURL, o.EventsURL)
	duration(&o.AckTimeout, 3*time.Second)
	if o.RetryDelays == nil {
		o.RetryDelays = []time.Duration{0, time.Minute, 5 * time.Minute}
	}
	duration(&o.DelayedEvery, time.Hour)
	duration(&o.EventTTL, 2*time.Hour)
	duration(&o.PingInterval, 10*time.Second)
	duration(&o.WarningGrace, 10*time.Second)
	duration(&o.ShareDelay, 5*time.Millisecond)
	if o.Workers == 0 {
		o.Workers = 4
	}
	if o.Limits.Scale == 0 {
		o.Limits.Scale = 1
	}
	if o.Limits.PostBurst == 0 {
		o.Limits.PostBurst = 3
	}
	return o
}
