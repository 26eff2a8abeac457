package discord

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/adapters/discord/discordsim"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// The suite that every surface passes, in both kinds of channel and under both
// identities.
func TestDiscordPassesTheSuite(t *testing.T) {
	for _, c := range []setting{
		{name: "text channel"},
		{name: "forum", forum: true},
		{name: "agents by webhook", identity: IdentityAgent},
		{name: "forum by webhook", forum: true, identity: IdentityAgent},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			bridgetest.RunSurface(t, func(t *testing.T) bridgetest.Fixture { return newFixture(t, c) })
		})
	}
}

// setting is where and how the suite posts.
type setting struct {
	name     string
	forum    bool
	identity string
}

// simulated is a simulated guild as the suite acts in it.
type simulated struct {
	t        *testing.T
	set      setting
	sim      *discordsim.Sim
	channel  string
	anders   *discordsim.Person
	sessions *sharedSessions
	adapter  atomic.Pointer[Adapter]
	// ahead is how far all clocks but the relay's have been moved.
	ahead atomic.Int64

	mu      sync.Mutex
	mishaps []bridgetest.Mishap // of the next calls that deliver
}

func (s *simulated) now() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }

func newFixture(t *testing.T, set setting) bridgetest.Fixture {
	s := &simulated{t: t, set: set, sessions: &sharedSessions{saved: map[string]string{}}}
	s.sim = discordsim.New(discordsim.Options{Limits: discordsim.Limits{Off: true}, Seed: 7, Now: s.now})
	if _, err := s.sim.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.sim.Close() })
	s.anders = s.sim.AddUser(discordsim.UserSpec{Name: "anders", Global: "Anders Holm"})
	s.channel = s.sim.AddChannel(discordsim.ChannelSpec{Name: "billing", Forum: set.forum})
	return bridgetest.Fixture{
		Place:  bridge.Place{Surface: Surface, Workspace: s.sim.GuildID(), Channel: s.channel},
		People: s, Trouble: s, Reactions: s, Connect: s.connect, Fits: 1800, Files: true,
		Age:   func() { s.ahead.Add(int64(2 * time.Minute)) },
		Begin: s.begin, Lock: func(thread string, locked bool) { check(t, s.sim.LockThread(thread, locked)) },
	}
}

// connect starts an adapter as a process would.
func (s *simulated) connect(ctx context.Context, r *bridge.Receiver) (bridge.Port, func()) {
	a, err := New(Options{
		Token: s.sim.Token(), Guilds: []string{s.sim.GuildID()}, APIURL: s.sim.APIURL(), FileHosts: []string{s.sim.FileHost()},
		Inbox: suiteInbox{r, s.t}, Desk: r.Desk, Threads: r.Directory, Sessions: s.sessions, Watcher: suiteWatcher{r},
		Identity: s.set.identity, Now: s.now, Timing: quick, Transport: mishap{s, chat.NewTransport()},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.adapter.Store(a)
	before := s.sim.GatewayStats()
	var running sync.WaitGroup
	running.Go(func() {
		if err := a.Run(ctx); err != nil {
			s.t.Errorf("Run: %v", err)
		}
	})
	// What happens before the first session of all is told to nobody.
	soon, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	check(s.t, s.sim.WaitFor(soon, func() bool {
		now := s.sim.GatewayStats()
		return now.Identifies+now.Resumes > before.Identifies+before.Resumes
	}))
	return bridge.Port{Surface: a.Guilds()[0], Workspace: s.sim.GuildID(), PerChannel: 8}, func() {
		running.Wait()
		a.client.http.CloseIdleConnections()
	}
}

// begin lets a person begin a thread.
func (s *simulated) begin(body string) string {
	if s.set.forum {
		thread, err := s.anders.PostInForum(s.channel, "a thread of ours", body)
		check(s.t, err)
		return thread
	}
	root, err := s.anders.Say(s.channel, body)
	check(s.t, err)
	thread, err := s.anders.StartThread(s.channel, root, "a thread of ours")
	check(s.t, err)
	return thread
}

// where returns the channel or thread in which a message stands.
func (s *simulated) where(ref string) string {
	for _, m := range s.sim.All(s.channel) {
		if m.ID == ref {
			return m.Channel
		}
	}
	s.t.Errorf("there is no message %s", ref)
	return s.channel
}

// Say implements bridgetest.People.
func (s *simulated) Say(thread, body string, files ...bridgetest.Attachment) string {
	draft := discordsim.Draft{Content: body}
	for _, f := range files {
		draft.Files = append(draft.Files, discordsim.File{Name: f.Name, Content: f.Data})
	}
	id, err := s.anders.Send(thread, draft)
	check(s.t, err)
	return id
}

// Edit implements bridgetest.People.
func (s *simulated) Edit(ref, body string) { check(s.t, s.anders.Edit(s.where(ref), ref, body)) }

// Delete implements bridgetest.People.
func (s *simulated) Delete(ref string) { check(s.t, s.anders.Delete(s.where(ref), ref)) }

// See implements bridgetest.People.
func (s *simulated) See(thread string) []bridgetest.Post {
	seen := s.sim.All(s.channel)
	if thread != "" {
		seen = s.sim.Thread(thread)
	}
	var posts []bridgetest.Post
	for _, m := range seen {
		text := markup.Plain(markup.FromDiscord(markup.DiscordText{Guild: s.sim.GuildID(), Content: m.Content}, nil))
		p := bridgetest.Post{Ref: m.ID, Body: strings.ReplaceAll(text, "\u200b", ""), Ours: m.Bot}
		for _, f := range m.Files {
			p.Files = append(p.Files, bridgetest.Attachment{Name: f.Name, Data: f.Content})
		}
		posts = append(posts, p)
	}
	return posts
}

// React implements bridgetest.Reacting.
func (s *simulated) React(ref, emoji string, on bool) {
	if on {
		check(s.t, s.anders.React(s.where(ref), ref, emoji))
		return
	}
	check(s.t, s.anders.Unreact(s.where(ref), ref, emoji))
}

// OurReactions implements bridgetest.Reacting.
func (s *simulated) OurReactions(ref string) []string {
	m, _ := s.sim.Message(s.where(ref), ref)
	var out []string
	for emoji, users := range m.Reactions {
		if slices.Contains(users, s.sim.BotID()) {
			out = append(out, emoji)
		}
	}
	return out
}

// Next implements bridgetest.Trouble.
func (s *simulated) Next(step string, times int, m bridgetest.Mishap) bool {
	switch {
	case step == "deliver":
		s.mu.Lock()
		defer s.mu.Unlock()
		s.mishaps = append(s.mishaps, slices.Repeat([]bridgetest.Mishap{m}, times)...)
	case step == "list" && m == bridgetest.MishapRefused:
		s.sim.Inject(discordsim.Fault{Method: http.MethodGet, Route: "channels/:id/messages", Times: times, Status: http.StatusServiceUnavailable})
	case step == "fetch" && m == bridgetest.MishapRefused:
		s.sim.Inject(discordsim.Fault{Method: http.MethodGet, Route: "channels/:id/messages/:id", Times: times, Status: http.StatusServiceUnavailable})
	default:
		return false
	}
	return true
}

const canPost = discordsim.SendMessages | discordsim.SendMessagesInThreads | discordsim.ManageWebhooks

// Break implements bridgetest.Trouble.
func (s *simulated) Break(o bridgetest.Outage) {
	switch o {
	case bridgetest.OutageChannel:
		check(s.t, s.sim.Deny(s.channel, canPost))
		check(s.t, s.sim.DeleteWebhooks(s.channel)) // what it posts needs no permission of the bot's
	case bridgetest.OutageToken:
		s.sim.RevokeToken()
		if s.set.identity == IdentityAgent {
			// A webhook posts without the token, until we have noticed.
			check(s.t, s.sim.WaitFor(s.t.Context(), s.adapter.Load().client.revoked.Load))
		}
	case bridgetest.OutageLine:
		s.sim.Outage(true)
	}
}

// Mend implements bridgetest.Trouble.
func (s *simulated) Mend(o bridgetest.Outage) {
	switch o {
	case bridgetest.OutageChannel:
		check(s.t, s.sim.Allow(s.channel, canPost))
	case bridgetest.OutageToken:
		s.sim.RestoreToken()
	case bridgetest.OutageLine:
		s.sim.Outage(false)
	}
}

// fault is what a mishap is on Discord.
func fault(m bridgetest.Mishap) discordsim.Fault {
	switch m {
	case bridgetest.MishapRefused:
		return discordsim.Fault{Error: 999999} // a code that nobody knows
	case bridgetest.MishapLost:
		return discordsim.Fault{CloseSocket: true}
	case bridgetest.MishapUnanswered:
		return discordsim.Fault{CloseSocket: true, Apply: true}
	case bridgetest.MishapLimited:
		return discordsim.Fault{Status: http.StatusTooManyRequests, RetryAfter: 1}
	default:
		return discordsim.Fault{Error: 50035}
	}
}

// delivering matches the calls that show something, by method and route.
var delivering = regexp.MustCompile(`^(POST|PATCH|DELETE) (channels/:id/messages(/:id)?|channels/:id/threads|webhooks/:id/:token(/messages/:id)?)$`)

var (
	idInPath    = regexp.MustCompile(`/[0-9]+`)
	tokenInPath = regexp.MustCompile(`^(webhooks/:id/)[^/]+`)
)

// mishap lets the next call that delivers something go wrong, whichever it is.
type mishap struct {
	s *simulated
	http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (m mishap) RoundTrip(r *http.Request) (*http.Response, error) {
	route := idInPath.ReplaceAllString(strings.TrimPrefix(r.URL.Path, "/api/v10/"), "/:id")
	route = tokenInPath.ReplaceAllString(route, "$1:token")
	if delivering.MatchString(r.Method + " " + route) {
		if f, ok := m.s.next(); ok {
			f.Method, f.Route, f.Times = r.Method, route, 1
			m.s.sim.Inject(f)
		}
	}
	return m.RoundTripper.RoundTrip(r)
}

// CloseIdleConnections lets http.Client close what the network keeps open.
func (m mishap) CloseIdleConnections() {
	m.RoundTripper.(*http.Transport).CloseIdleConnections()
}

func (s *simulated) next() (discordsim.Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.mishaps) == 0 {
		return discordsim.Fault{}, false
	}
	next := s.mishaps[0]
	s.mishaps = s.mishaps[1:]
	return fault(next), true
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// suiteInbox hands what is received to the suite.
type suiteInbox struct {
	*bridge.Receiver
	t *testing.T
}

// Quarantine implements Inbox; nothing of the suite may end there.
func (i suiteInbox) Quarantine(_ context.Context, _, reason string, raw []byte) error {
	i.t.Errorf("quarantined (%s): %s", reason, raw)
	return nil
}

// suiteWatcher blocks a guild as the daemon does.
type suiteWatcher struct{ r *bridge.Receiver }

func (suiteWatcher) Recovered(context.Context, bridge.Place) error { return nil }

func (suiteWatcher) MembersChanged(context.Context, bridge.Place) error { return nil }

func (w suiteWatcher) Blocked(ctx context.Context, p bridge.Place, reason, remedy string) error {
	store, ok := w.r.Log.(interface {
		Block(ctx context.Context, surface, workspace, reason, remedy string) error
	})
	if !ok || p.Channel != "" || reason == NotReceiving {
		return nil
	}
	return store.Block(ctx, p.Surface, p.Workspace, reason, remedy)
}
