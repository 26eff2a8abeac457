package discord

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/adapters/discord/discordsim"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// world is a simulated guild with an adapter, a relay and a log in memory.
type world struct {
	t       *testing.T
	sim     *discordsim.Sim
	a       *Adapter
	g       *Guild
	memory  *bridgetest.Memory
	relay   *bridge.Relay
	anders  *discordsim.Person
	channel string
}

// worldSetup changes a world before it begins.
type worldSetup struct {
	sim   func(*discordsim.Options)
	opts  func(*Options)
	relay func(*bridge.RelayOptions)
	forum bool
}

func newWorld(t *testing.T, s worldSetup) *world {
	t.Helper()
	simOpts := discordsim.Options{Limits: discordsim.Limits{Off: true}, Seed: 7}
	if s.sim != nil {
		s.sim(&simOpts)
	}
	w := &world{t: t, sim: discordsim.New(simOpts), memory: bridgetest.NewMemory(nil)}
	if _, err := w.sim.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.sim.Close() })
	w.anders = w.sim.AddUser(discordsim.UserSpec{Name: "anders", Global: "Anders Holm"})
	w.channel = w.sim.AddChannel(discordsim.ChannelSpec{Name: "billing", Forum: s.forum})
	receiver := &bridge.Receiver{Log: w.memory, Desk: w.memory.Desk(), Directory: w.memory}
	opts := Options{
		Token: w.sim.Token(), Guilds: []string{w.sim.GuildID()}, APIURL: w.sim.APIURL(), FileHosts: []string{w.sim.FileHost()},
		Inbox: suiteInbox{receiver, t}, Desk: w.memory.Desk(), Threads: w.memory, Watcher: worldWatcher{w},
		Sessions: &sharedSessions{saved: map[string]string{}}, Timing: quick,
		Policy:    func(string) (mapping.Policy, bool) { return mapping.DefaultPolicy(), false },
		TicketURL: func(n int64) string { return fmt.Sprintf("https://desk.example.org/tickets/%d", n) },
	}
	if s.opts != nil {
		s.opts(&opts)
	}
	a, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	w.a, w.g = a, a.Guilds()[0]
	relay := bridge.RelayOptions{
		Store: w.memory, Desk: w.memory.Desk(), Bell: w.memory.Bell(), Doubt: 400 * time.Millisecond, CallTimeout: 5 * time.Second,
		FileTimeout: 10 * time.Second, Poll: 20 * time.Millisecond, ProbeEvery: 200 * time.Millisecond,
	}
	if s.relay != nil {
		s.relay(&relay)
	}
	w.relay = bridge.NewRelay(relay, bridge.Port{Surface: w.g, Workspace: w.sim.GuildID(), PerChannel: 8})
	w.run()
	return w
}

// worldWatcher tells the relay what a daemon's watcher does.
type worldWatcher struct{ w *world }

func (v worldWatcher) Recovered(_ context.Context, p bridge.Place) error {
	v.w.relay.Recovered(p)
	return nil
}

func (worldWatcher) Blocked(context.Context, bridge.Place, string, string) error { return nil }

func (v worldWatcher) MembersChanged(ctx context.Context, p bridge.Place) error {
	return v.w.relay.MembersChanged(ctx, p)
}

func (w *world) run() {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := w.a.Run(ctx); err != nil {
			w.t.Errorf("Run: %v", err)
		}
	})
	running.Go(func() { _ = w.relay.Run(ctx) })
	w.t.Cleanup(func() {
		cancel()
		running.Wait()
		w.a.client.http.CloseIdleConnections()
		for _, wrong := range w.memory.Verify() {
			w.t.Error(wrong)
		}
	})
	w.until("the gateway is connected", func() bool { return w.sim.GatewayStats().Connections == 1 })
}

// until waits for something that the log, or the simulator, has to show.
func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		rung := w.memory.Bell().Any()
		if holds() {
			return
		}
		select {
		case <-rung:
		case <-time.After(20 * time.Millisecond): // a change of the simulator rings nothing here
		case <-deadline:
			w.t.Fatalf("it did not come about that %s:\n%speople see\n%s", what, w.mirrors(), w.picture())
		}
	}
}

// idle waits until everything was delivered.
func (w *world) idle() {
	w.t.Helper()
	w.until("everything is delivered", func() bool { return w.memory.Idle() && w.sim.Idle() })
}

func (w *world) mirrors() string {
	var out strings.Builder
	for _, m := range w.memory.Mirrors() {
		fmt.Fprintf(&out, "mirror %s, thread %s: %d of %d, parked %q (%s), error %q\n", m.ID, m.Thread, m.Cursor, m.Head, m.Parked, m.Remedy, m.Error)
	}
	return out.String()
}

func (w *world) picture() string {
	var out strings.Builder
	for _, m := range w.sim.All(w.channel) {
		fmt.Fprintf(&out, "%s in %s by %q: %q %s\n", m.ID, m.Channel, m.Username, m.Content, m.Embeds)
	}
	return out.String()
}

func (w *world) place() bridge.Place {
	return bridge.Place{Surface: Surface, Workspace: w.sim.GuildID(), Channel: w.channel}
}

func (w *world) do(c bridge.Command) bridge.Result {
	w.t.Helper()
	res, err := w.memory.Append(w.t.Context(), c)
	if err != nil {
		w.t.Fatalf("%T: %v", c, err)
	}
	return res
}

func agent(name string) bridge.Actor {
	return bridge.Actor{
		Person: strings.ToLower(name), Role: bridge.RoleAgent, Name: name, Account: bridge.Account{Surface: bridge.SurfaceWeb, ID: name},
	}
}

// talk is a conversation with its thread.
type talk struct {
	w      *world
	id     bridge.ID
	thread string
}

// begin starts a conversation in a channel and waits for nothing.
func (w *world) begin(subject, question string, channel ...string) *talk {
	w.t.Helper()
	place := w.place()
	if len(channel) > 0 {
		place.Channel = channel[0]
	}
	ticket := w.do(&bridge.CreateTicket{Actor: bridge.System(), Subject: "Charged twice", Requester: "Carla", Body: "help"}).ID.Ticket
	return &talk{w: w, id: w.do(&bridge.StartConversation{
		Actor: agent("Alice"), Ticket: ticket, Subject: subject, Body: question, Targets: []bridge.Target{{Place: place, Rule: "billing"}},
	}).ID}
}

func (c *talk) mirror() bridge.Mirror {
	for _, m := range c.w.memory.Mirrors() {
		if m.ID.Ticket == c.id.Ticket && m.Conversation == c.id.Seq {
			return m
		}
	}
	return bridge.Mirror{}
}

// open starts a conversation and waits until its question is shown.
func (w *world) open(subject, question string) *talk {
	w.t.Helper()
	c := w.begin(subject, question)
	w.until("the thread is open", func() bool { c.thread = c.mirror().Thread; return c.thread != "" })
	w.idle()
	return c
}

func (c *talk) say(who, body string, files ...bridge.FileUpload) bridge.ID {
	c.w.t.Helper()
	return c.w.do(&bridge.PostMessage{Actor: agent(who), Conversation: c.id, Body: body, Files: files}).ID
}

// upload stores a file to be said with a message.
func (w *world) upload(name string, data []byte) bridge.FileUpload {
	w.t.Helper()
	f, err := w.memory.Upload(w.t.Context(), name, "application/octet-stream", data)
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

// posts are the messages of the thread without its root.
func (c *talk) posts() []discordsim.Message {
	return slices.DeleteFunc(c.w.sim.Thread(c.thread), func(m discordsim.Message) bool { return m.ID == c.thread })
}

// with are the posts that say a text, as people read them.
func (c *talk) with(text string) []discordsim.Message {
	return slices.DeleteFunc(c.posts(), func(m discordsim.Message) bool { return !strings.Contains(c.w.read(m), text) })
}

// read is a message as people read it.
func (w *world) read(m discordsim.Message) string {
	md := markup.FromDiscord(markup.DiscordText{Guild: w.sim.GuildID(), Content: m.Content}, nil)
	return strings.ReplaceAll(markup.Plain(md), "\u200b", "")
}

// entries counts the log's entries of a kind.
func (c *talk) entries(k bridge.Kind) int {
	n := 0
	for _, e := range c.w.memory.Entries(c.id.Ticket) {
		if e.Kind == k {
			n++
		}
	}
	return n
}

// arrived counts the calls of a method and route that took effect.
func (w *world) arrived(method, route string) (calls []discordsim.Arrival) {
	for _, a := range w.sim.Arrivals() {
		if a.Method == method && a.Route == route {
			calls = append(calls, a)
		}
	}
	return calls
}
