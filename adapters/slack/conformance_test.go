package slack

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
	"github.com/sidebridge/sidebridge/mapping"
)

// The suite that every surface passes, over both ways in which events come.
func TestSlackPassesTheSuite(t *testing.T) {
	t.Run("socket", func(t *testing.T) {
		t.Parallel()
		bridgetest.RunSurface(t, func(t *testing.T) bridgetest.Fixture { return newFixture(t, true, 0) })
	})
	t.Run("http", func(t *testing.T) {
		t.Parallel()
		bridgetest.RunSurface(t, func(t *testing.T) bridgetest.Fixture { return newFixture(t, false, 0) })
	})
	// People asked in a direct message, and several in one of their own.
	for people, name := range map[int]string{1: "direct message", 3: "group direct message"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bridgetest.RunSurface(t, func(t *testing.T) bridgetest.Fixture { return newFixture(t, people == 1, people) })
		})
	}
}

// simulated is a simulated workspace as the suite acts in it.
type simulated struct {
	t       *testing.T
	sim     *slacksim.Sim
	socket  bool
	channel string
	anders  *slacksim.Person
	// ahead is how far Slack's clock is ahead of ours.
	ahead atomic.Int64
	// events is where Slack posts events to, while an adapter is connected.
	events atomic.Pointer[http.Handler]

	mu      sync.Mutex
	mishaps []bridgetest.Mishap // of the next calls that deliver
	deaf    slacksim.Remove
}

// newFixture has a channel, or the direct message of so many people.
func newFixture(t *testing.T, socket bool, people int) bridgetest.Fixture {
	s := &simulated{t: t, socket: socket}
	o := slacksim.Options{
		Limits: slacksim.Limits{Off: true}, Seed: 7, SocketMode: socket, HistoryPageCap: 4,
		Now: func() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) },
	}
	quick(&o)
	s.sim = slacksim.New(o)
	if _, err := s.sim.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.sim.Close() })
	s.anders = s.sim.AddUser(slacksim.UserSpec{Name: "anders", RealName: "Anders Holm"})
	s.channel = s.sim.AddChannel(slacksim.ChannelSpec{Name: "billing"})
	var asked bridge.Place
	if people > 0 {
		members := []*slacksim.Person{s.anders}
		for n := range people - 1 {
			members = append(members, s.sim.AddUser(slacksim.UserSpec{Name: fmt.Sprint("expert", n)}))
		}
		var ids []string
		for _, p := range members {
			ids = append(ids, p.ID())
		}
		s.channel = s.sim.Direct(members...)
		asked = bridge.Place{Surface: Surface, Workspace: s.sim.TeamID(), Channel: mapping.Direct(ids...)}
	}
	f := bridgetest.Fixture{
		Asked:  asked,
		Place:  bridge.Place{Surface: Surface, Workspace: s.sim.TeamID(), Channel: s.channel},
		People: s, Trouble: s, Connect: s.connect, Fits: 3600, Files: true,
		Age:   func() { s.ahead.Add(int64(2 * time.Minute)) },
		Begin: func(body string) string { return s.Say("", body) }, Reactions: s,
	}
	if !socket {
		// Over HTTP nothing tells that the line was cut.
		f.CatchUpEvery = 300 * time.Millisecond
		server := httptest.NewServer(http.HandlerFunc(s.serveEvents))
		t.Cleanup(server.Close)
		s.sim.SetEventsURL(server.URL)
	}
	return f
}

func (s *simulated) serveEvents(w http.ResponseWriter, r *http.Request) {
	if h := s.events.Load(); h != nil {
		(*h).ServeHTTP(w, r)
		return
	}
	http.Error(w, "nobody is here", http.StatusServiceUnavailable)
}

// connect starts an adapter as a process would.
func (s *simulated) connect(ctx context.Context, r *bridge.Receiver) (bridge.Port, func()) {
	o := Options{
		Workspace: s.sim.TeamID(), BotToken: s.sim.BotToken(), APIURL: s.sim.APIURL(), Budget: plenty,
		Inbox: receiver{r, s.t}, Desk: r.Desk, Threads: r.Directory, Transport: mishap{s, chat.NewTransport()},
	}
	if s.socket {
		o.AppToken = s.sim.AppToken()
		quickPing(&o)
	} else {
		o.SigningSecrets = []string{s.sim.SigningSecret()}
	}
	a, err := New(o)
	if err != nil {
		s.t.Fatal(err)
	}
	handler := a.EventsHandler()
	s.events.Store(&handler)
	var running sync.WaitGroup
	running.Go(func() {
		if err := a.Run(ctx); err != nil {
			s.t.Errorf("Run: %v", err)
		}
	})
	return bridge.Port{Surface: a, Workspace: a.Workspace(), PerChannel: 8}, func() {
		s.events.Store(nil)
		running.Wait()
		a.http.CloseIdleConnections()
	}
}

// Say implements bridgetest.People.
func (s *simulated) Say(thread, body string, files ...bridgetest.Attachment) string {
	draft := slacksim.Draft{Text: body, ThreadTS: thread}
	for _, f := range files {
		draft.Files = append(draft.Files, s.sim.AddFile(s.anders, f.Name, f.Data))
	}
	ts, err := s.anders.Send(s.channel, draft)
	check(s.t, err)
	return ts
}

// Edit implements bridgetest.People.
func (s *simulated) Edit(ref, body string) { check(s.t, s.anders.Edit(s.channel, ref, body)) }

// Delete implements bridgetest.People.
func (s *simulated) Delete(ref string) { check(s.t, s.anders.Moderate(s.channel, ref)) }

// See implements bridgetest.People.
func (s *simulated) See(thread string) []bridgetest.Post {
	seen := s.sim.All(s.channel)
	if thread != "" {
		seen = s.sim.Thread(s.channel, thread)
	}
	var posts []bridgetest.Post
	for _, m := range seen {
		p := bridgetest.Post{Ref: m.TS, Body: m.Text, Ours: m.AppID == s.sim.AppID()}
		for _, f := range m.Files {
			p.Files = append(p.Files, bridgetest.Attachment{Name: f.Name, Data: f.Content})
		}
		posts = append(posts, p)
	}
	return posts
}

// shortNames are Slack's names of the suite's emoji.
func shortNames() map[string]string {
	return map[string]string{"👍": "+1", "🎉": "tada", "✅": "white_check_mark"}
}

// React implements bridgetest.Reacting.
func (s *simulated) React(ref, emoji string, on bool) {
	if on {
		check(s.t, s.anders.React(s.channel, ref, shortNames()[emoji]))
		return
	}
	check(s.t, s.anders.Unreact(s.channel, ref, shortNames()[emoji]))
}

// OurReactions implements bridgetest.Reacting.
func (s *simulated) OurReactions(ref string) []string {
	var ours []string
	for _, m := range s.sim.All(s.channel) {
		if m.TS != ref {
			continue
		}
		for emoji, name := range shortNames() {
			if slices.Contains(m.Reactions[name], s.sim.BotUserID()) {
				ours = append(ours, emoji)
			}
		}
	}
	return ours
}

// Next implements bridgetest.Trouble.
func (s *simulated) Next(step string, times int, m bridgetest.Mishap) bool {
	switch {
	case step == "deliver":
		s.mu.Lock()
		defer s.mu.Unlock()
		s.mishaps = append(s.mishaps, slices.Repeat([]bridgetest.Mishap{m}, times)...)
	case step == "list" && m == bridgetest.MishapRefused:
		// In the middle of the listing, with a code that is not tried again at once.
		s.sim.Inject(slacksim.Fault{Method: "conversations.replies", Cursor: true, Times: times, Error: "accesslimited"})
	case step == "fetch" && m == bridgetest.MishapRefused:
		s.sim.Inject(slacksim.Fault{Method: "download", Times: times, Status: http.StatusServiceUnavailable})
	default:
		return false
	}
	return true
}

// Break implements bridgetest.Trouble.
func (s *simulated) Break(o bridgetest.Outage) {
	switch o {
	case bridgetest.OutageChannel:
		check(s.t, s.sim.Archive(s.channel))
	case bridgetest.OutageToken:
		s.sim.RevokeToken()
	case bridgetest.OutageLine:
		s.deaf = s.sim.InjectEvent(slacksim.EventFault{Drop: true})
	}
}

// Mend implements bridgetest.Trouble.
func (s *simulated) Mend(o bridgetest.Outage) {
	switch o {
	case bridgetest.OutageChannel:
		check(s.t, s.sim.Unarchive(s.channel))
	case bridgetest.OutageToken:
		s.sim.RestoreToken()
	case bridgetest.OutageLine:
		s.deaf()
		s.sim.DropConnections(0)
	}
}

// fault is what a mishap is on Slack.
func fault(m bridgetest.Mishap) slacksim.Fault {
	switch m {
	case bridgetest.MishapRefused:
		return slacksim.Fault{Error: "team_added_to_org"}
	case bridgetest.MishapLost:
		return slacksim.Fault{CloseSocket: true}
	case bridgetest.MishapUnanswered:
		return slacksim.Fault{CloseSocket: true, Apply: true}
	case bridgetest.MishapLimited:
		return slacksim.Fault{Status: http.StatusTooManyRequests, RetryAfter: 1}
	default:
		return slacksim.Fault{Error: "invalid_blocks"}
	}
}

// mishap lets the next call that delivers something go wrong, whichever method it has.
type mishap struct {
	s *simulated
	http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (m mishap) RoundTrip(r *http.Request) (*http.Response, error) {
	method := strings.TrimPrefix(r.URL.Path, "/api/")
	switch method {
	case "chat.postMessage", "chat.update", "chat.delete", "files.completeUploadExternal", "reactions.add", "reactions.remove":
		if f, ok := m.s.next(); ok {
			f.Method, f.Times = method, 1
			m.s.sim.Inject(f)
		}
	}
	return m.RoundTripper.RoundTrip(r)
}

// CloseIdleConnections lets http.Client close what the network keeps open.
func (m mishap) CloseIdleConnections() {
	m.RoundTripper.(*http.Transport).CloseIdleConnections()
}

func (s *simulated) next() (slacksim.Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.mishaps) == 0 {
		return slacksim.Fault{}, false
	}
	next := s.mishaps[0]
	s.mishaps = s.mishaps[1:]
	return fault(next), true
}
