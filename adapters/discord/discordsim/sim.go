package discordsim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/sidebridge/sidebridge/adapters/chat/simpage"
)

// Sim is a simulated Discord. All methods may be called from any goroutine.
type Sim struct {
	opts   Options
	wg     sync.WaitGroup
	ctx    context.Context
	cancel context.CancelFunc
	server *http.Server

	// mu guards everything below.
	mu        sync.Mutex
	rng       *rand.Rand
	base      string
	lastID    uint64
	bot       *user
	appID     string
	revoked   bool
	guilds    []*guild
	users     map[string]*user
	userOrder []*user
	channels  map[string]*channel // threads too
	webhooks  map[string]*webhook
	hooks     []*webhook
	files     map[string]*attachment
	nonces    map[nonceKey]*message
	directs   map[string]*direct
	inters    map[string]*interaction
	buckets   map[string]*bucket
	global    bucket
	calls     int // under way
	invalid   int
	// invalidNow counts those since invalidSince, for the ban.
	invalidNow   int
	invalidSince time.Time
	faults       []*fault
	evFaults     []*eventFault

	sessions   []*session
	outage     bool
	identifies int
	identified time.Time // the last time
	stats      GatewayStats

	arrivals      []*Arrival
	notifications []Notification
	ephemerals    []*Ephemeral

	changes simpage.Changes
}

// New returns a service with one guild, in which the bot is and nobody else.
func New(o Options) *Sim {
	o = o.withDefaults()
	ctx, cancel := context.WithCancel(context.Background())
	s := &Sim{
		opts: o, ctx: ctx, cancel: cancel, rng: rand.New(rand.NewPCG(o.Seed, 0xd15c)),
		users: map[string]*user{}, channels: map[string]*channel{}, webhooks: map[string]*webhook{},
		files: map[string]*attachment{}, nonces: map[nonceKey]*message{}, directs: map[string]*direct{}, inters: map[string]*interaction{},
		buckets: map[string]*bucket{},
	}
	s.appID = s.newID()
	s.bot = &user{id: s.newID(), name: "sidebridge", global: o.AppName, bot: true}
	s.users[s.bot.id] = s.bot
	s.addGuild(o.GuildName)
	return s
}

// Start serves the simulator on addr ("127.0.0.1:0" picks a port) and returns its
// base URL.
func (s *Sim) Start(addr string) (url string, err error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("listen on %s: %w", addr, err)
	}
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second}
	s.mu.Lock()
	s.base, s.server = "http://"+listener.Addr().String(), server
	url = s.base
	s.mu.Unlock()
	s.wg.Go(func() { _ = server.Serve(listener) })
	return url, nil
}

// Close ends connections and the server, and waits for them.
func (s *Sim) Close() error {
	s.cancel()
	s.mu.Lock()
	server := s.server
	for _, ses := range s.sessions {
		ses.drop()
	}
	s.mu.Unlock()
	var err error
	if server != nil {
		err = server.Close()
	}
	s.wg.Wait()
	return err
}

// Handler returns everything the simulator serves: /api/v10/, the gateway, files, the
// page and /sim/.
func (s *Sim) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v10/", s.serveAPI)
	mux.HandleFunc("GET /gateway/{$}", s.serveGateway)
	mux.HandleFunc("GET /resume/{$}", s.serveGateway)
	mux.HandleFunc("GET /attachments/{channel}/{id}/{name}", s.serveFile)
	s.mountPage(mux)
	s.mountControl(mux)
	return mux
}

// BaseURL returns where the simulator is reached, known after Start or the first request.
func (s *Sim) BaseURL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.base
}

// APIURL returns the base of the REST API, with a slash at its end.
func (s *Sim) APIURL() string { return s.BaseURL() + "/api/v10/" }

// FileHost returns the host and port that files are served from.
func (s *Sim) FileHost() string { return s.BaseURL()[len("http://"):] }

// Token returns the bot's token.
func (s *Sim) Token() string { return s.opts.Token }

// AppID returns the application's id.
func (s *Sim) AppID() string { return s.appID }

// BotID returns the bot's user id.
func (s *Sim) BotID() string { return s.bot.id }

// GuildID returns the id of the first guild.
func (s *Sim) GuildID() string { return s.guilds[0].id }

// do runs fn under the lock and wakes those who wait for a change.
func (s *Sim) do(fn func()) {
	s.mu.Lock()
	fn()
	s.mu.Unlock()
	s.changed()
}

// try is do for functions that can fail.
func (s *Sim) try(fn func() error) (err error) {
	s.do(func() { err = fn() })
	return err
}

func (s *Sim) now() time.Time { return s.opts.Now() }

// noteBase learns the base URL from a request when the handler was mounted by somebody
// else. The caller holds mu.
func (s *Sim) noteBase(r *http.Request) {
	if s.base == "" {
		s.base = "http://" + r.Host
	}
}

// changed wakes every WaitFor.
func (s *Sim) changed() { s.changes.Changed() }

// WaitFor returns when cond is true, which is asked again after every change, or with
// the error of ctx.
func (s *Sim) WaitFor(ctx context.Context, cond func() bool) error {
	return s.changes.WaitFor(ctx, s.ctx.Done(), cond)
}
