package slack

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
	"github.com/sidebridge/sidebridge/mapping"
)

func TestMain(m *testing.M) {
	bridgetest.WaitTogether()
	goleak.VerifyTestMain(m)
}

// patience is how long something that must become true may take.
const patience = time.Minute

// plenty is a budget that never makes a test wait.
var plenty = Budget{
	PostsPerMinute: 6e6, PostInterval: time.Microsecond, Tier2: 6e6, Tier3: 6e6, Tier4: 6e6, History: 6e6,
}

// world is a simulated workspace with an adapter that is connected to it.
type world struct {
	t       *testing.T
	sim     *slacksim.Sim
	a       *Adapter
	in      *memoryInbox
	asks    *memoryRequests
	watcher *memoryWatcher
	counts  *counts
	anders  *slacksim.Person
	channel string
	mirror  bridge.Mirror
	card    string
	seq     int64
	copies  []bridge.Copy
}

type setup struct {
	sim  func(*slacksim.Options)
	opts func(*Options)
	// tune changes the adapter before it runs.
	tune func(*Adapter)
	// late is called with a bridged world before its relay runs.
	late func(*bridged)
	// socket receives by Socket Mode instead of HTTP.
	socket bool
}

func newWorld(t *testing.T, s setup) *world {
	t.Helper()
	// However slow the machine is: what takes its time in a test was made to.
	simOpts := slacksim.Options{Limits: slacksim.Limits{Off: true}, Seed: 7, SocketMode: s.socket, AckTimeout: patience}
	if s.sim != nil {
		s.sim(&simOpts)
	}
	sim := slacksim.New(simOpts)
	if _, err := sim.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	w := &world{t: t, sim: sim, in: newMemoryInbox(), asks: &memoryRequests{}, watcher: &memoryWatcher{}, counts: &counts{}}
	w.anders = sim.AddUser(slacksim.UserSpec{Name: "anders", RealName: "Anders Holm", Email: "anders@example.org"})
	w.channel = sim.AddChannel(slacksim.ChannelSpec{Name: "billing"})
	w.mirror = bridge.Mirror{
		ID: bridge.ID{Ticket: 12, Seq: 3}, Conversation: 2, Rule: "billing",
		Place: bridge.Place{Surface: Surface, Workspace: sim.TeamID(), Channel: w.channel},
	}
	w.seq = 10
	opts := Options{
		Workspace: sim.TeamID(), BotToken: sim.BotToken(), SigningSecrets: []string{sim.SigningSecret()}, APIURL: sim.APIURL(),
		Inbox: w.in, Watcher: w.watcher, Desk: w, Threads: w, Count: w.counts.add, Budget: plenty,
		Policy:   func(string) (mapping.Policy, bool) { return mapping.DefaultPolicy(), false },
		Requests: w.asks,
	}
	if s.socket {
		opts.AppToken = sim.AppToken()
	}
	if s.opts != nil {
		s.opts(&opts)
	}
	a, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	w.a = a
	a.acceptance, a.prompt = patience, patience
	if s.tune != nil {
		s.tune(a)
	}
	w.run(s.socket)
	return w
}

// run starts the adapter and, for HTTP, a server in front of it.
func (w *world) run(socket bool) {
	w.t.Helper()
	if !socket {
		server := httptest.NewServer(w.a.EventsHandler())
		w.t.Cleanup(server.Close)
		w.sim.SetEventsURL(server.URL)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := w.a.Run(ctx); err != nil {
			w.t.Errorf("Run: %v", err)
		}
	})
	w.t.Cleanup(func() {
		cancel()
		running.Wait()
		w.a.http.CloseIdleConnections()
		w.a.files.CloseIdleConnections()
	})
	if err := w.a.ready(w.ctx()); err != nil {
		w.t.Fatal(err)
	}
	if socket {
		w.until("connected", func() bool { return w.sim.Connections() == w.a.sockets })
	}
}

func (w *world) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	w.t.Cleanup(cancel)
	return ctx
}

// until waits for something to become true in the simulator or the adapter.
func (w *world) until(what string, fn func() bool) {
	w.t.Helper()
	if err := w.sim.WaitFor(w.ctx(), fn); err != nil {
		w.t.Fatalf("waiting until %s: %v", what, err)
	}
}

// eventually is until for what changes nothing in the simulator.
func (w *world) eventually(what string, fn func() bool) {
	w.t.Helper()
	deadline := time.After(patience)
	for !fn() {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-deadline:
			w.t.Fatalf("it did not come about that %s", what)
		}
	}
}

func ticket() bridge.TicketContext {
	return bridge.TicketContext{
		ID: 12, Subject: "Charged twice", Status: "open", Priority: "high", Requester: "Carla Customer",
		Email: "carla@example.com", Assignee: "Alice", URL: "https://desk.example.org/tickets/12", Tags: []string{"billing"},
		Messages: []bridge.TicketMessage{
			{Kind: bridge.CustomerWrote, Name: "Carla Customer", Body: "I was charged twice, call +45 12 34 56 78."},
			{Kind: bridge.NoteWritten, Name: "Alice", Body: "an internal note"},
		},
	}
}

// view is an entry as the relay would show it.
func (w *world) view(kind bridge.Kind, body string) bridge.View {
	w.seq++
	e := &bridge.Entry{Ticket: 12, Seq: w.seq, Kind: kind}
	e.Facts.Role, e.Facts.Person, e.Facts.Conversation = bridge.RoleAgent, "alice", 2
	e.Words.Name, e.Words.Body = "Alice", body
	v := bridge.View{
		Entry: e, Mirror: w.mirror, Conversation: bridge.Conversation{ID: bridge.ID{Ticket: 12, Seq: 2}, Open: true},
		Subject: "Double charge", StarterName: "Alice", Question: "Why was the customer charged twice?", Ticket: ticket(),
		Card: w.card,
	}
	if kind == bridge.MessagePosted {
		v.Message = w.seq
	}
	return v
}

// about makes a view concern an earlier message, with its copies.
func (w *world) about(v bridge.View, message int64) bridge.View {
	v.Message, v.Entry.Facts.Message = message, message
	for _, c := range w.copies {
		if c.Message == message && !c.Gone {
			v.Copies = append(v.Copies, c)
		}
	}
	return v
}

// open posts the root card.
func (w *world) open() string {
	w.t.Helper()
	w.show(w.view(bridge.MirrorOpened, ""))
	return w.mirror.Thread
}

// show plans and delivers like the relay, and fails the test on any error.
func (w *world) show(v bridge.View) []bridge.Receipt {
	w.t.Helper()
	var receipts []bridge.Receipt
	for part, c := range w.a.Plan(v) {
		at := w.attempt(c, fmt.Sprintf("token-%d-%d", v.Entry.Seq, part))
		r, err := w.a.Deliver(w.ctx(), at)
		if err != nil {
			w.t.Fatalf("deliver %s %s: %v", v.Entry.Kind, c.Verb, err)
		}
		receipts = append(receipts, r)
		w.settle(v, part, c, at.Token, r)
	}
	return receipts
}

func (w *world) attempt(c bridge.Call, token string) bridge.Attempt {
	return bridge.Attempt{
		Mirror: w.mirror, Call: c, Token: token, BegunAt: time.Now(),
		Remember: func(context.Context, string) error { return nil },
	}
}

func (w *world) settle(v bridge.View, part int, c bridge.Call, token string, r bridge.Receipt) {
	if c.Root {
		w.mirror.Thread, w.card = r.Ref, r.Ref
	}
	key := bridge.CopyKey{Surface: Surface, Workspace: w.sim.TeamID(), Channel: w.channel, Ref: r.Ref}
	switch c.Verb {
	case bridge.VerbPost:
		w.copies = append(w.copies, bridge.Copy{
			CopyKey: key, Ticket: 12, Message: c.Message, Mirror: 3, Part: part, Entry: v.Entry.Seq, Token: token, Rev: r.Print,
		})
	default:
		for i := range w.copies {
			if w.copies[i].Ref != c.Ref {
				continue
			}
			w.copies[i].Gone = w.copies[i].Gone || c.Verb == bridge.VerbDelete
			w.copies[i].Rev = r.Print
		}
	}
}

// deliver makes the first call of a view and returns its outcome.
func (w *world) deliver(v bridge.View) (bridge.Attempt, bridge.Receipt, error) {
	at := w.attempt(w.a.Plan(v)[0], fmt.Sprintf("token-%d-0", v.Entry.Seq))
	r, err := w.a.Deliver(w.ctx(), at)
	return at, r, err
}

// find resolves an attempt.
func (w *world) find(at bridge.Attempt) (bridge.Receipt, bool) {
	w.t.Helper()
	r, ok, err := w.a.Find(w.ctx(), at)
	if err != nil {
		w.t.Fatalf("find: %v", err)
	}
	return r, ok
}

// list catches up and returns what it fed, and the position it reached.
func (w *world) list(m bridge.Mirror, known ...bridge.Copy) ([]bridge.Inbound, string) {
	w.t.Helper()
	var fed []bridge.Inbound
	seen, err := w.a.List(w.ctx(), m, known, func(_ context.Context, in bridge.Inbound) error {
		fed = append(fed, in)
		return nil
	})
	if err != nil {
		w.t.Fatalf("list: %v", err)
	}
	return fed, seen
}

// quiet waits until every event so far was delivered and acknowledged.
func (w *world) quiet() {
	w.t.Helper()
	w.until("all is quiet", func() bool {
		s := w.sim.EventStats()
		return s.Waiting == 0 && s.InFlight == 0 && w.sim.Idle()
	})
}

// surfaceErr returns err as the adapter's error, or fails.
func surfaceErr(t *testing.T, err error) *bridge.SurfaceError {
	t.Helper()
	var se *bridge.SurfaceError
	if !errors.As(err, &se) {
		t.Fatalf("error %v is not a surface error", err)
	}
	return se
}

// later returns a clock two minutes ahead.
func later(now func() time.Time) func() time.Time {
	return func() time.Time { return now().Add(2 * time.Minute) }
}
