package slack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"golang.org/x/sync/errgroup"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// Policy tells what a mapping rule lets the card, the notices and Show ticket
// tell of a ticket, and whether other organisations may be in the channel.
type Policy func(rule string) (fields mapping.Policy, allowExternal bool)

// The identities under which an agent's messages are posted.
const (
	IdentityApp   = "app"   // the app, with the agent's name in the text
	IdentityAgent = "agent" // the agent's name and picture as the post's author's; see ProbeIdentity
)

// Options are what an adapter for one workspace needs. Workspace, BotToken and
// Inbox are required, and either AppToken or SigningSecrets.
type Options struct {
	// Workspace is the team's id, T….
	Workspace string
	BotToken  string
	// AppToken (xapp-…) opens Socket Mode connections; Run does nothing else without it.
	AppToken string
	// SigningSecrets check the Events API's requests; two while one is being replaced.
	SigningSecrets []string
	// APIURL is the base of the Web API's methods; slack.com's by default.
	APIURL string

	Inbox    Inbox
	Requests Requests
	Desk     Desk
	Threads  Threads
	Watcher  Watcher
	Policy   Policy // shows nothing of tickets by default

	// Forbidden reports whether the mapping names a channel and no rule that does lets
	// other organisations read along. By default none is.
	Forbidden func(place bridge.Place) bool
	// ThreadsIn returns the threads of ours in a channel, newest first: those whose
	// conversation is open, and those whose is closed. Without it nobody is told that
	// they have written beside them.
	ThreadsIn func(ctx context.Context, place bridge.Place) (open, closed []bridge.Mirror, err error)

	// Mention returns the id of the account or channel here that a mention's or
	// channel link's target stands for. By default only this workspace's own ids.
	Mention func(target string) (id string, ok bool)
	// TicketURL makes the address of a ticket in the ticket view when the ticket
	// itself has none.
	TicketURL func(ticket int64) string
	// Count counts what happened, by name and label.
	Count func(name, label string)
	// Seen hears the e-mail address that Slack has confirmed of somebody who was looked
	// up, which needs the scope users:read.email. It comes before what they said.
	Seen func(ctx context.Context, account bridge.Account, name, email string) error

	// Teams are the workspaces whose members may press buttons and ask for things; only
	// this one by default.
	Teams []string
	// Bots are bot or app ids whose messages are mirrored although they are no people's.
	Bots []string
	// Identity is IdentityApp or IdentityAgent.
	Identity string
	// Join lets Probe join public channels, which needs the scope channels:join.
	Join bool

	Budget Budget
	// HistoryPageSize is how many messages a listing asks for at once: 200, and 15
	// for an unlisted commercial app.
	HistoryPageSize int
	// Settle is how long Slack's index may lag behind a post, 30 s: what a listing
	// lacks is not taken for deleted while it is younger.
	Settle time.Duration
	// EchoWait is how long Slack may take to show us a post of our own, 60 s; then it
	// is looked for.
	EchoWait time.Duration
	// MaxFile is the largest file fetched or uploaded: 100 MiB.
	MaxFile int64
	// Connections is the number of sockets, 2: while one is refreshed the other receives.
	Connections int
	// PingInterval is how often Slack pings a socket, 30 s; after twice that
	// without a sign of life it counts as dead.
	PingInterval time.Duration

	Log *slog.Logger
	// Now is the clock; time.Now by default.
	Now func() time.Time
	// Transport replaces the network in tests.
	Transport http.RoundTripper
}

// Adapter is one Slack workspace. It is a bridge.Surface.
type Adapter struct {
	workspace string
	apiURL    string
	apiHost   *url.URL
	token     string
	appToken  string
	secrets   [][]byte

	inbox     Inbox
	requests  Requests
	desk      Desk
	threads   Threads
	watcher   Watcher
	policy    Policy
	forbidden func(bridge.Place) bool
	threadsIn func(context.Context, bridge.Place) (open, closed []bridge.Mirror, err error)
	mention   func(string) (string, bool)
	ticketURL func(int64) string
	count     func(name, label string)
	seen      func(ctx context.Context, account bridge.Account, name, email string) error
	log       *slog.Logger
	now       func() time.Time

	teams, bots map[string]bool
	identity    string
	join        bool
	pageSize    int
	maxFile     int64
	settle      time.Duration
	echoWait    time.Duration
	sockets     int
	ping        time.Duration
	nameBudget  time.Duration
	prompt      time.Duration // how soon who asks is answered
	acceptance  time.Duration // how soon an envelope must be committed
	rest        time.Duration // between attempts with a token that was refused

	http     *http.Client
	files    *http.Client
	api      *slack.Client
	dialer   *websocket.Dialer
	clock    chat.ServerClock
	limits   *limits
	verdicts map[string]verdict

	names        *names
	homes        *names // the team that somebody is of
	channelNames *names
	pictures     *names // addresses of the pictures of those who post under their own name
	channels     *channelCache
	uploads      uploadTokens
	breaker      chat.Breaker
	own          *ownPosts
	refused      refusedRules
	failing      failures
	reactions    *reactionMemory
	errands      chan func(context.Context) error
	reconnected  atomic.Bool // what was said may have to be listed
	missed       atomic.Bool // an envelope was not accepted
	toldScope    atomic.Bool // the admin knows that we may not react
	toldBeside   lately      // who was told that nobody hears them beside the threads

	identified chan struct{} // closed when me is known
	known      sync.Once
	mu         sync.Mutex
	me         identity
	granted    string
}

var (
	_ bridge.Surface      = (*Adapter)(nil)
	_ bridge.Budgeted     = (*Adapter)(nil)
	_ bridge.Resolver     = (*Adapter)(nil)
	_ bridge.Reconnecting = (*Adapter)(nil)
)

// New returns an adapter that has not called Slack yet.
func New(o Options) (*Adapter, error) {
	a := &Adapter{
		workspace: o.Workspace, token: o.BotToken, appToken: o.AppToken,
		apiURL: cmp.Or(o.APIURL, slack.APIURL), inbox: o.Inbox, requests: o.Requests,
		desk: o.Desk, watcher: o.Watcher, policy: o.Policy, mention: o.Mention, ticketURL: o.TicketURL,
		forbidden: o.Forbidden, threadsIn: o.ThreadsIn, threads: o.Threads, count: o.Count, seen: o.Seen, log: o.Log, now: o.Now,
		identity: o.Identity, join: o.Join, pageSize: o.HistoryPageSize, maxFile: o.MaxFile, settle: o.Settle, echoWait: o.EchoWait,
		sockets: o.Connections, ping: o.PingInterval, nameBudget: nameBudget, prompt: promptTime, acceptance: acceptTimeout, rest: fatalPause,
		teams: set(o.Teams), bots: set(o.Bots), verdicts: verdicts(),
		errands: make(chan func(context.Context) error, maxErrands), identified: make(chan struct{}),
		reactions: newReactionMemory(),
	}
	for _, secret := range o.SigningSecrets {
		a.secrets = append(a.secrets, []byte(secret))
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := a.setAPI(); err != nil {
		return nil, err
	}
	a.setDefaults()
	a.connect(o.Transport)
	a.limits = newLimits(o.Budget, a.now)
	a.own = newOwnPosts()
	a.names = newNames(a.now, formerMember, a.lookupUser)
	a.homes = newNames(a.now, "", a.lookupHome)
	a.channelNames = newNames(a.now, "", a.lookupChannel)
	a.pictures = newNames(a.now, "", a.lookupPicture)
	a.channels = newChannelCache(a.now, a.lookupInfo)
	return a, nil
}

// check names the first thing that is missing.
func (o *Options) check() error {
	empty := func(s string) bool { return strings.TrimSpace(s) == "" }
	switch {
	case empty(o.Workspace):
		return errors.New("slack: the workspace's team id (T…) is missing")
	case empty(o.BotToken):
		return errors.New("slack: the bot token (xoxb-…) is missing")
	case empty(o.AppToken) && len(o.SigningSecrets) == 0:
		return errors.New("slack: either an app-level token (xapp-…) or a signing secret is needed to receive messages")
	case o.Inbox == nil:
		return errors.New("slack: no inbox")
	case o.Identity != "" && o.Identity != IdentityApp && o.Identity != IdentityAgent:
		return fmt.Errorf("slack: identity %q: want %s or %s", o.Identity, IdentityApp, IdentityAgent)
	}
	for _, secret := range o.SigningSecrets {
		if empty(secret) {
			return errors.New("slack: a signing secret is empty")
		}
	}
	return nil
}

func (a *Adapter) setAPI() error {
	if !strings.HasSuffix(a.apiURL, "/") {
		a.apiURL += "/"
	}
	u, err := url.Parse(a.apiURL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return fmt.Errorf("slack: api url %q: want https://host/api/", a.apiURL)
	}
	a.apiHost = u
	return nil
}

func (a *Adapter) setDefaults() {
	if a.requests == nil {
		a.requests = nobody{}
	}
	if a.desk == nil {
		a.desk = nobody{}
	}
	if a.watcher == nil {
		a.watcher = nobody{}
	}
	if a.policy == nil {
		a.policy = func(string) (mapping.Policy, bool) { return mapping.Policy{}, false }
	}
	if a.forbidden == nil {
		a.forbidden = func(bridge.Place) bool { return false }
	}
	if a.count == nil {
		a.count = func(string, string) {}
	}
	if a.threads == nil {
		a.threads = nobody{}
	}
	if a.ticketURL == nil {
		a.ticketURL = func(int64) string { return "" }
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	a.log = a.log.With("surface", Surface, "workspace", a.workspace)
	if a.now == nil {
		a.now = time.Now
	}
	if a.settle == 0 {
		a.settle = 30 * time.Second
	}
	if a.echoWait <= 0 {
		a.echoWait = time.Minute
	}
	if len(a.teams) == 0 {
		a.teams = map[string]bool{a.workspace: true}
	}
	if a.pageSize <= 0 {
		a.pageSize = 200
	}
	if a.maxFile <= 0 {
		a.maxFile = 100 << 20
	}
	if a.sockets <= 0 {
		a.sockets = 2
	}
	if a.ping <= 0 {
		a.ping = 30 * time.Second
	}
}

// connect makes the clients. Files have a client of their own, which takes bytes
// as they are.
func (a *Adapter) connect(transport http.RoundTripper) {
	base, raw := transport, transport
	if transport == nil {
		plain := chat.NewTransport()
		plain.DisableCompression = true
		base, raw = chat.NewTransport(), plain
	}
	watched := watch{base: base, clock: &a.clock, scopes: a.learnScopes}
	a.http = &http.Client{Transport: watched, Timeout: 2 * chat.CallTimeout, CheckRedirect: chat.NoRedirects}
	a.files = &http.Client{Transport: raw, CheckRedirect: chat.NoRedirects}
	a.api = slack.New(a.token,
		slack.OptionAPIURL(a.apiURL), slack.OptionHTTPClient(a.http), slack.OptionAppLevelToken(a.appToken))
	a.dialer = &websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: 10 * time.Second}
}

// Name implements bridge.Surface.
func (a *Adapter) Name() string { return Surface }

// Workspace returns the team's id, which is what bridge.Place.Workspace has.
func (a *Adapter) Workspace() string { return a.workspace }

// Run finds out who we are, without which no message is accepted, keeps the
// sockets connected when there is an app-level token, and answers those who press
// buttons or ask for things, until ctx ends. It returns nil then. What a person has to mend is
// reported to the Watcher meanwhile; only a token of another workspace ends Run.
func (a *Adapter) Run(ctx context.Context) error {
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error { return a.identify(running) })
	group.Go(func() error { return a.watchOwn(running) })
	for range errandWorkers {
		group.Go(func() error { return a.runErrands(running) })
	}
	if a.appToken != "" {
		for n := range a.sockets {
			group.Go(func() error { return a.keepConnected(running, n) })
		}
	}
	if err := group.Wait(); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

func set(items []string) map[string]bool {
	m := map[string]bool{}
	for _, item := range items {
		if item != "" {
			m[item] = true
		}
	}
	return m
}
