package discord

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/adapters/discord/discordsim"
	"github.com/sidebridge/sidebridge/bridge"
)

// guild is a simulated guild with a thread, and an adapter that follows it.
type guild struct {
	t       *testing.T
	sim     *discordsim.Sim
	in      *heardInbox
	clerk   *clerk
	a       *Adapter
	g       *Guild
	anders  *discordsim.Person
	channel string
	thread  string // its id is that of the message it was started from
}

func newGuild(t *testing.T) *guild {
	sim := discordsim.New(discordsim.Options{Limits: discordsim.Limits{Off: true}, Seed: 7, Heartbeat: 60 * time.Millisecond, Identifies: 5000})
	if _, err := sim.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	w := &guild{t: t, sim: sim, in: &heardInbox{}, clerk: &clerk{}}
	w.anders = sim.AddUser(discordsim.UserSpec{Name: "anders", Global: "Anders", Nick: "Anders H"})
	w.channel = sim.AddChannel(discordsim.ChannelSpec{Name: "billing"})
	first, err := w.anders.Say(w.channel, "how it began")
	w.must(err)
	w.thread, err = w.anders.StartThread(w.channel, first, "a thread")
	w.must(err)
	s := &scripted{t: t}
	w.a, _ = s.start(Options{
		Token: sim.Token(), Guilds: []string{sim.GuildID()}, APIURL: sim.APIURL(), FileHosts: []string{sim.FileHost()},
		Inbox: w.in, Watcher: w.in, Requests: w.clerk, Desk: w.clerk, Threads: w.clerk, Timing: quick,
		Sessions: &sharedSessions{saved: map[string]string{}},
	})
	w.g = w.a.Guilds()[0]
	eventually(t, "it is connected", func() bool { return w.a.place.now().Seq >= 2 })
	return w
}

func (w *guild) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *guild) say(text string) string {
	w.t.Helper()
	id, err := w.anders.Say(w.thread, text)
	w.must(err)
	return id
}

func (w *guild) mirror(seen string) bridge.Mirror {
	return bridge.Mirror{
		ID: bridge.ID{Ticket: 12, Seq: 3}, Conversation: 2, Thread: w.thread, Seen: seen,
		Place: bridge.Place{Surface: Surface, Workspace: w.sim.GuildID(), Channel: w.channel},
	}
}

// heard returns what was heard so far, one line for each.
func (w *guild) heard() (out []string) {
	w.in.look(func() {
		for _, i := range w.in.all {
			line := fmt.Sprintf("%s %s %s%s%s", i.Kind, i.Source.Ref, i.Body, i.Emoji, i.Action)
			if i.Source.Channel != w.channel || i.Source.Thread != w.thread && i.Source.Thread != i.Source.Ref {
				line += " elsewhere"
			}
			out = append(out, strings.TrimSpace(line))
		}
	})
	return out
}

func TestWhatPeopleDoInASimulatedGuildIsHeardInOrder(t *testing.T) {
	w := newGuild(t)
	one, two, three := w.say("one"), w.say("two **bold**"), w.say("three")
	w.must(w.anders.Edit(w.thread, one, "one, mended"))
	w.must(w.anders.React(w.thread, two, "👀"))
	w.must(w.anders.Unreact(w.thread, two, "👀"))
	w.must(w.anders.Delete(w.thread, three))
	w.must(w.anders.BulkDelete(w.thread, one, two))
	_, err := w.anders.Say(w.channel, "in the channel, for nobody here")
	w.must(err)
	w.must(w.anders.Edit(w.channel, w.thread, "how it really began"))
	w.must(w.sim.LockThread(w.thread, true))
	w.must(w.sim.LockThread(w.thread, false))
	w.must(w.anders.Delete(w.channel, w.thread))
	w.must(w.sim.DeleteThread(w.thread))
	want := []string{
		"post " + one + " one", "post " + two + " two **bold**", "post " + three + " three", "edit " + one + " one, mended",
		"react " + two + " 👀", "unreact " + two + " 👀", "delete " + three, "delete " + one, "delete " + two,
		"edit " + w.thread + " how it really began", "press " + w.thread + " close", "press " + w.thread + " reopen",
		"delete " + w.thread, "delete " + w.thread,
	}
	eventually(t, "all is heard", func() bool { return len(w.heard()) >= len(want) })
	if diff := cmp.Diff(want, w.heard()); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
	w.in.look(func() {
		last := w.in.all[len(w.in.all)-1]
		if before := w.in.all[len(w.in.all)-2]; !before.ThreadLives || last.ThreadLives {
			t.Error("the end of the first post and that of the thread are not told apart")
		}
		if w.in.all[0].AuthorName != "Anders H" {
			t.Errorf("he is called %q", w.in.all[0].AuthorName)
		}
	})
}

func TestPeopleAskInASimulatedGuild(t *testing.T) {
	w := newGuild(t)
	_, err := w.anders.Command(w.channel, commandStart, map[string]any{"question": "Was this paid?", "ticket": 12})
	if err != nil { // the commands may not be there yet
		eventually(t, "there are commands", func() bool {
			_, err = w.anders.Command(w.channel, commandStart, map[string]any{"question": "Was this paid?", "ticket": 12})
			return err == nil
		})
	}
	eventually(t, "it is answered", func() bool {
		for _, e := range w.sim.Ephemerals() {
			if strings.Contains(e.Content, "was started") {
				return true
			}
		}
		return false
	})
	message, err := w.anders.Say(w.channel, "this one")
	w.must(err)
	asked, err := w.anders.MessageCommand(w.channel, message, commandAttach)
	w.must(err)
	eventually(t, "the form is shown", func() bool { _, ok := w.sim.Modal(asked); return ok })
	_, err = w.anders.SubmitModal(asked, map[string]string{fieldTicket: "12", fieldSubject: "Refund"})
	w.must(err)
	eventually(t, "both were asked", func() bool { w.clerk.mu.Lock(); defer w.clerk.mu.Unlock(); return len(w.clerk.asks) == 2 })
	got := w.clerk.asks[1]
	if got.Thread != message || got.Ticket != 12 || got.Subject != "Refund" || got.Place.Channel != w.channel || got.Body != "this one" {
		t.Errorf("asked %+v", got)
	}
	if _, ok := w.sim.State(message); !ok {
		t.Error("no thread was started from the message")
	}
}

// What was said, changed and deleted in an outage comes out of the listing that follows.
func TestOutageIsMadeUpForByAListing(t *testing.T) {
	w := newGuild(t)
	kept, changed, gone := w.say("kept"), w.say("to be changed"), w.say("to be deleted")
	eventually(t, "all is heard", func() bool { return len(w.in.posts()) == 3 })
	w.g.Reconnected()
	w.sim.Outage(true)
	want := []string{"post " + w.thread + " how it began"}
	w.must(w.anders.Edit(w.thread, changed, "was changed"))
	want = append(want, "edit "+changed+" was changed")
	w.must(w.anders.Delete(w.thread, gone))
	for n := range 230 {
		want = append(want, fmt.Sprintf("post %s message %d", w.say(fmt.Sprint("message ", n)), n))
	}
	want = append(want, "delete "+gone+" ")
	w.sim.Outage(false)
	eventually(t, "it is to be listed", w.g.Reconnected)
	w.g.Settle = -5 * time.Second // all of this is younger than a lag could be
	var known []bridge.Copy
	for _, ref := range []string{kept, changed, gone} {
		c := theirs(ref, "")
		c.Workspace, c.Channel = w.sim.GuildID(), w.channel
		known = append(known, c)
	}
	fed, seen, err := listOnce(t.Context(), w.g, w.mirror(""), known)
	w.must(err)
	if diff := cmp.Diff(want, fed); diff != "" || seen == "" {
		t.Errorf("seen %q, fed (-want +got):\n%s", seen, diff)
	}
}

// However the gateway behaves, everything is heard once, and the connection is back
// within moments.
func TestGatewaySurvivesATortureOfASimulatedGuild(t *testing.T) {
	w := newGuild(t)
	random := rand.New(rand.NewPCG(7, 7))
	troubles := []func(){
		w.sim.ForceReconnect, w.sim.RequestHeartbeat, w.sim.DropConnections, w.sim.Silence, w.sim.HalfFrame,
		func() { w.sim.InvalidateSession(true) }, func() { w.sim.InvalidateSession(false) },
	}
	for _, code := range []int{1000, 1001, 4000, 4001, 4002, 4003, 4005, 4007, 4008, 4009} {
		troubles = append(troubles, func() { w.sim.CloseGateway(code) })
	}
	said := map[string]bool{}
	seen := ""
	for round := range 60 {
		said[w.say(fmt.Sprint("before ", round))] = true
		for range 1 + random.IntN(2) {
			troubles[random.IntN(len(troubles))]()
		}
		said[w.say(fmt.Sprint("after ", round))] = true
		began := time.Now()
		healthy := waited(func() bool {
			s := w.sim.GatewayStats()
			return s.Connections == 1 && s.Backlog == 0 && len(w.in.posts()) > 0
		})
		if !healthy || time.Since(began) > 10*time.Second {
			t.Fatalf("round %d: not healthy after %s: %+v", round, time.Since(began), w.sim.GatewayStats())
		}
		if w.g.Reconnected() {
			var err error
			seen, err = w.g.List(t.Context(), w.mirror(seen), nil, func(ctx context.Context, in bridge.Inbound) error {
				_, err := w.in.Accept(ctx, in)
				return err
			})
			w.must(err)
		}
	}
	said[w.thread] = true
	eventually(t, "all is heard", func() bool {
		if w.g.Reconnected() {
			_, err := w.g.List(t.Context(), w.mirror(seen), nil, func(ctx context.Context, in bridge.Inbound) error {
				_, err := w.in.Accept(ctx, in)
				return err
			})
			w.must(err)
		}
		return len(w.in.posts()) >= len(said)-1
	})
	heard := map[string]int{}
	for _, ref := range w.in.posts() {
		heard[ref]++
	}
	for ref := range said {
		if heard[ref] != 1 && ref != w.thread {
			t.Errorf("%s was heard %d times", ref, heard[ref])
		}
	}
	for _, code := range w.sim.GatewayStats().Closes {
		if code == 1000 || code == 1001 {
			t.Errorf("it closed with %d, which ends the session", code)
		}
	}
	if len(w.in.quarantined) != 0 {
		t.Errorf("put aside %q", w.in.quarantined)
	}
}

// A refused token or intent parks with a remedy, and is found mended without a restart.
func TestRefusedTokenIsToldAndFoundMended(t *testing.T) {
	w := newGuild(t)
	w.sim.RevokeToken()
	eventually(t, "an admin is told", func() bool { return w.in.told("blocked") && w.in.told("Reset Token") })
	before := w.sim.GatewayStats().Identifies
	w.sim.RestoreToken()
	eventually(t, "it receives again", func() bool { return !w.a.blocked.Load() && w.a.place.now().Seq >= 2 })
	if n := w.sim.GatewayStats().Identifies - before; n > 1 {
		t.Errorf("%d sessions were begun", n)
	}
	w.say("hello again")
	eventually(t, "it is heard", func() bool { return len(w.in.posts()) == 1 })
}

// A file that somebody sends is fetched by its reference, however old that is.
func TestFileIsFetchedAfterItsAddressExpired(t *testing.T) {
	w := newGuild(t)
	_, err := w.anders.Send(w.thread, discordsim.Draft{Content: "see", Files: []discordsim.File{{Name: "a.txt", Content: []byte("the bytes")}}})
	w.must(err)
	eventually(t, "it is heard", func() bool { return len(w.in.posts()) == 1 })
	file := w.in.all[0].Files[0]
	body, err := w.g.Fetch(t.Context(), w.mirror("").Place, file.Ref)
	w.must(err)
	defer func() { _ = body.Close() }()
	got := make([]byte, 100)
	n, _ := body.Read(got)
	if file.Name != "a.txt" || string(got[:n]) != "the bytes" {
		t.Errorf("%+v has %q", file, got[:n])
	}
}
