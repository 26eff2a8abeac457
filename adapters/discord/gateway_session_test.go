package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// One of two daemons follows the gateway. When it dies, the other resumes its session.
func TestGatewayIsTakenOverByAnotherDaemon(t *testing.T) {
	for _, dies := range []bool{false, true} {
		t.Run(fmt.Sprintf("dies=%v", dies), func(t *testing.T) {
			s, in := newScripted(t), &heardInbox{}
			var mu sync.Mutex
			held, dead := map[string]lease{}, false
			o := s.options(in)
			o.Leases = &sharedLeases{holder: "one", mu: &mu, held: held, dead: &dead}
			one, stop := s.start(o)
			eventually(t, "the first is connected", func() bool { return one.place.now().Seq == 2 })
			o.Leases = &sharedLeases{holder: "two", mu: &mu, held: held}
			two, _ := s.start(o)
			for n := 1; n <= 5; n++ {
				s.say(n)
			}
			in.after(t, 5)
			if two.place.now().ID != "" {
				t.Error("both daemons follow the gateway")
			}
			began := time.Now()
			if dies {
				mu.Lock()
				dead = true // it cannot renew, and has to stop by its own clock
				mu.Unlock()
			} else {
				stop()
			}
			eventually(t, "the second took over", func() bool { return two.place.now().ID != "" })
			if took := time.Since(began); took > o.Timing.Lease*3/2 { // 30 of 20 s
				t.Errorf("it took %s of a lease of %s", took, o.Timing.Lease)
			}
			s.say(6)
			in.after(t, 6)
			s.look(func() {
				last := s.intros[len(s.intros)-1]
				if last.op != opResume || last.session != "session-1" {
					t.Errorf("the second introduced itself as %+v", last)
				}
			})
		})
	}
}

// With few sessions left none is begun, and an admin is told.
func TestIdentifyBudgetIsKept(t *testing.T) {
	s, in := newScripted(t), &heardInbox{}
	s.remaining = 49
	a, _ := s.start(s.options(in))
	eventually(t, "an admin is told", func() bool { return in.told("nearly all the sessions") })
	s.look(func() {
		if s.conns != 0 {
			t.Errorf("%d connections", s.conns)
		}
		s.remaining = 1000
	})
	eventually(t, "it connects when it may", func() bool { return a.place.now().Seq == 2 && in.told("recovered") })
}

// Sessions that end at once are begun ever more slowly.
func TestIdentifiesAreSpacedOut(t *testing.T) {
	s, in := newScripted(t), &heardInbox{}
	var mu sync.Mutex
	var at []time.Time
	s.script = func(_ int, c *conn) {
		c.hello(50 * time.Millisecond)
		if c.introduced().op == opIdentify {
			mu.Lock()
			at = append(at, time.Now())
			mu.Unlock()
		}
		c.send(frame{Op: opInvalid, Data: json.RawMessage("false")})
		_, _ = c.next()
	}
	o := s.options(in)
	o.Timing.Identify, o.Timing.IdentifyMost, o.Timing.Reconnect = 20*time.Millisecond, 160*time.Millisecond, time.Millisecond
	s.start(o)
	eventually(t, "six sessions were asked for", func() bool { mu.Lock(); defer mu.Unlock(); return len(at) >= 6 })
	mu.Lock()
	defer mu.Unlock()
	for i, want := range []time.Duration{20, 60, 140, 300, 460} {
		if got := at[i+1].Sub(at[0]); got < want*time.Millisecond*8/10 {
			t.Errorf("session %d was asked for after %s, want %dms", i+2, got, want)
		}
	}
}

// After a resume threads are listed only when we were long away; after a new session
// always.
func TestThreadsAreListedWhenSomethingMayHaveBeenMissed(t *testing.T) {
	s, in := newScripted(t), &heardInbox{}
	var mu sync.Mutex
	now := time.Date(2026, 8, 7, 12, 0, 0, 0, time.UTC)
	o := s.options(in)
	o.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	a, stop := s.start(o)
	g := a.guilds[testGuild]
	eventually(t, "threads are listed after READY", g.Reconnected)
	eventually(t, "it is connected", func() bool { return a.place.now().Seq == 2 })
	stop()
	for away, want := range map[time.Duration]bool{30 * time.Second: false, 2 * time.Minute: true} {
		mu.Lock()
		now = now.Add(away)
		mu.Unlock()
		a, stop = s.start(o)
		before := s.introduced()
		eventually(t, "it resumed", func() bool { return a.greeted.Load() && s.introduced() > before-1 })
		if got := a.guilds[testGuild].Reconnected(); got != want {
			t.Errorf("after %s threads are listed: %v, want %v", away, got, want)
		}
		stop()
	}
}

// A daemon that was halted for longer than its lease accepts nothing of what it had
// received before: another one has gone on since.
func TestWhatWasReceivedBeforeTheLeaseEndedIsNotAcceptedAfterwards(t *testing.T) {
	in := &heardInbox{}
	g := newDeaf(t, in, nil)
	c := &connection{a: g.Adapter}
	e := event{Type: "MESSAGE_CREATE", Seq: 7, Session: "s", Data: json.RawMessage(threadMessage("2000000000000001", anders+`,"content":"hi"`))}
	g.leased.Store(time.Now().Add(-time.Second).UnixNano())
	if err := c.take(t.Context(), e); !errors.Is(err, errLeaseLost) || len(in.all) != 0 {
		t.Errorf("heard %+v, %v", in.all, err)
	}
	g.leased.Store(time.Now().Add(time.Minute).UnixNano())
	if err := c.take(t.Context(), e); err != nil || len(in.all) != 1 {
		t.Errorf("heard %+v, %v", in.all, err)
	}
}

// A gap of the last holder, which ended right after it, is listed by the next one.
func TestGapBeforeATakeoverIsListed(t *testing.T) {
	s, in := newScripted(t), &heardInbox{}
	o := s.options(in)
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	save := func(text string) { check(t, o.Sessions.SaveSession(t.Context(), a.leaseName(), text)) }
	save(`{"gaps":3}`)
	a.watchGaps(t.Context())
	g := a.guilds[testGuild]
	g.Reconnected()
	save(`{"gaps":4}`)
	ended, end := context.WithCancel(t.Context())
	end()
	a.follow(ended)
	if !g.Reconnected() {
		t.Error("nothing is listed")
	}
}

// A guild that was out of Discord's own reach is listed when it is back.
func TestOutageOfAGuildIsNoRemovalAndIsListedAfterwards(t *testing.T) {
	s, in := newScripted(t), &heardInbox{}
	a, _ := s.start(s.options(in))
	g := a.guilds[testGuild]
	eventually(t, "it is connected", func() bool { return a.place.now().Seq == 2 })
	g.Reconnected()
	s.append("GUILD_DELETE", fmt.Sprintf(`{"id":%q,"unavailable":true}`, testGuild))
	eventually(t, "it is taken", func() bool { return a.place.now().Seq == 3 })
	if in.told("blocked") || g.Reconnected() {
		t.Error("an outage was taken for more")
	}
	s.append("GUILD_CREATE", fmt.Sprintf(`{"id":%q}`, testGuild))
	eventually(t, "threads are listed", g.Reconnected)
	s.append("GUILD_DELETE", fmt.Sprintf(`{"id":%q}`, testGuild))
	eventually(t, "the removal is told with a remedy", func() bool {
		return in.told("not_in_guild") && in.told("client_id="+testApp+"&scope=bot+applications.commands&permissions=309237763136")
	})
	g.Reconnected()
	s.append("GUILD_CREATE", fmt.Sprintf(`{"id":%q}`, testGuild))
	eventually(t, "threads are listed when the bot was invited again", g.Reconnected)
}

// A guild that READY does not name is one that the bot was never invited to.
func TestGuildWithoutTheBotIsTold(t *testing.T) {
	s, in := newScripted(t), &heardInbox{}
	o := s.options(in)
	o.Guilds = append(o.Guilds, "1000000000000001")
	s.start(o)
	eventually(t, "it is told", func() bool { return in.told("blocked 1000000000000001  not_in_guild") })
	if in.told("blocked " + testGuild) {
		t.Error("the other guild is called blocked too")
	}
}

// The token goes to encrypted addresses only, unless all is a simulation.
func TestTokenGoesToEncryptedAddressesOnly(t *testing.T) {
	a, err := New(Options{Token: "test-token", Guilds: []string{testGuild}, Inbox: &heardInbox{}})
	if err != nil {
		t.Fatal(err)
	}
	for address, ok := range map[string]bool{
		"wss://gateway.discord.gg": true, "wss://gateway-us-east1-b.discord.gg/": true,
		"ws://gateway.discord.gg": false, "https://gateway.discord.gg": false, "wss://x@y": false, "": false, "wss:///": false,
	} {
		got, err := a.socketAddress(address)
		if (err == nil) != ok {
			t.Errorf("%q: %q, %v", address, got, err)
		}
		if ok && !strings.HasSuffix(got, "/?v=10&encoding=json") {
			t.Errorf("%q becomes %q", address, got)
		}
	}
}

// Sessions that cannot be read or make no sense cost a new one, and nothing else.
func TestDamagedSessionIsBegunAnew(t *testing.T) {
	for _, saved := range []string{"", "{", `{"id":"x"}`, `{"seq":7}`, `{"id":"x","url":"http://elsewhere","seq":-1}`, `{"id":"gone","url":"ws://127.0.0.1:1/","seq":4}`} {
		s, in := newScripted(t), &heardInbox{}
		o := s.options(in)
		if err := o.Sessions.SaveSession(context.Background(), "discord/gateway/"+testBot, saved); err != nil {
			t.Fatal(err)
		}
		a, stop := s.start(o)
		eventually(t, "a session stands", func() bool { return a.place.now().ID == "session-1" })
		stop()
	}
}
