package slacksim

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

// Sim is a simulated Slack workspace. All methods may be called from any
// goroutine.
type Sim struct {
	opts  Options
	queue *queue
	wg    sync.WaitGroup
	// ctx ends with Close; everything outgoing hangs on it.
	ctx    context.Context
	cancel context.CancelFunc
	server *http.Server
	client *http.Client
	apis   map[string]method
	pages  *pages

	// mu guards everything below. It is taken before queue.mu, never after.
	mu          sync.Mutex
	rng         *rand.Rand
	base        string
	lastMicros  int64
	scopes      map[string]bool
	revoked     bool
	uninstalled bool
	channels    map[string]*channel
	order       []*channel
	users       map[string]*user
	userOrder   []*user
	bots        map[string]*bot
	groups      []*userGroup
	files       map[string]*file
	uploads     map[string]*file
	views       map[string]*view
	triggers    map[string]trigger
	responses   map[string]*responseURL
	tickets     map[string]bool
	buckets     map[string]*bucket
	faults      []*fault
	eventFaults []*eventFault
	held        []*delivery
	// capture collects the events of the call that runs now, for Options.Echo.
	capture *[]*delivery

	arrivals      []*Arrival
	notifications []Notification
	ephemerals    []*ephemeral
	calls         int
	hourly        eventHour

	changes simpage.Changes
}

// New returns a workspace with the app installed and nobody else in it.
func New(opts Options) *Sim {
	opts = opts.withDefaults()
	ctx, cancel := context.WithCancel(context.Background())
	s := &Sim{
		opts:      opts,
		ctx:       ctx,
		cancel:    cancel,
		rng:       rand.New(rand.NewPCG(opts.Seed, 0x51ac)),
		scopes:    map[string]bool{},
		channels:  map[string]*channel{},
		users:     map[string]*user{},
		bots:      map[string]*bot{},
		files:     map[string]*file{},
		uploads:   map[string]*file{},
		views:     map[string]*view{},
		triggers:  map[string]trigger{},
		responses: map[string]*responseURL{},
		tickets:   map[string]bool{},
		buckets:   map[string]*bucket{},
		client:    newDeliveryClient(opts),
	}
	for _, scope := range opts.Scopes {
		s.scopes[scope] = true
	}
	s.apis = s.methods()
	s.pages = newPages(s)
	s.addApp()
	s.queue = newQueue(s)
	s.queue.start()
	return s
}

// Start serves the simulator on addr ("127.0.0.1:0" picks a port) and returns
// its base URL, to which clients add "/api/".
func (s *Sim) Start(addr string) (url string, err error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("listen on %s: %w", addr, err)
	}
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second}
	s.mu.Lock()
	s.base = "http://" + listener.Addr().String()
	s.server = server
	url = s.base
	s.mu.Unlock()
	s.wg.Go(func() { _ = server.Serve(listener) })
	return url, nil
}

// Close ends deliveries, sockets and the server, and waits for them.
func (s *Sim) Close() error {
	s.cancel()
	s.queue.close()
	s.mu.Lock()
	server := s.server
	s.mu.Unlock()
	var err error
	if server != nil {
		err = server.Close()
	}
	s.wg.Wait()
	s.client.CloseIdleConnections()
	return err
}

// Handler returns everything the simulator serves: /api/, sockets, uploads,
// file downloads, response URLs, the page and /sim/.
func (s *Sim) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", s.serveAPI)
	mux.HandleFunc("GET /socket", s.serveSocket)
	mux.HandleFunc("POST /upload/v1/{ticket}", s.serveUpload)
	mux.HandleFunc("GET /files-pri/{id}/{name}", s.serveFile)
	mux.HandleFunc("GET /files-pri/{id}/download/{name}", s.serveFile)
	mux.HandleFunc("POST /response/{token}", s.serveResponseURL)
	s.pages.mount(mux)
	s.mountControl(mux)
	return mux
}

// BaseURL returns where the simulator is reached, which is known after Start
// or after the first request to Handler.
func (s *Sim) BaseURL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.base
}

// APIURL returns the base of Web API methods, with a slash at its end.
func (s *Sim) APIURL() string { return s.BaseURL() + "/api/" }

// BotToken returns the token Web API calls must carry.
func (s *Sim) BotToken() string { return s.opts.BotToken }

// AppToken returns the app-level token that opens sockets.
func (s *Sim) AppToken() string { return s.opts.AppToken }

// SigningSecret returns the secret that signs HTTP deliveries.
func (s *Sim) SigningSecret() string { return s.opts.SigningSecret }

// TeamID returns the workspace's id.
func (s *Sim) TeamID() string { return s.opts.TeamID }

// AppID returns the app's id.
func (s *Sim) AppID() string { return s.opts.AppID }

// BotUserID returns the user id the app posts as.
func (s *Sim) BotUserID() string { return s.opts.BotUserID }

// BotID returns the app's bot id.
func (s *Sim) BotID() string { return s.opts.BotID }

// do runs fn under the lock, lets go of the events it raised and wakes those
// who wait for a change.
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

// noteBase learns the base URL from a request when the handler was mounted by
// somebody else. The caller holds mu.
func (s *Sim) noteBase(r *http.Request) {
	if s.base == "" {
		s.base = "http://" + r.Host
	}
}

// newID returns an id in Slack's form. The caller holds mu.
func (s *Sim) newID(prefix string) string {
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	id := []byte(prefix + "0")
	for range 9 {
		id = append(id, alphabet[s.rng.IntN(len(alphabet))])
	}
	return string(id)
}

// newSecret returns an unguessable-looking lower-case token. The caller holds mu.
func (s *Sim) newSecret() string {
	return fmt.Sprintf("%016x%016x", s.rng.Uint64(), s.rng.Uint64())
}

// newUUID returns a random UUID, as Slack's clients make them for messages.
func newUUID(rng *rand.Rand) string {
	a, b := rng.Uint64(), rng.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x",
		uint32(a>>32), uint16(a>>16), a&0xfff, 0x8000|uint16(b>>48)&0x3fff, b&0xffffffffffff)
}
