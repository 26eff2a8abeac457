package slack

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
)

// bodies returns what was said, with edits and deletes marked.
func bodies(ins []bridge.Inbound) []string {
	var out []string
	for _, in := range ins {
		switch in.Kind {
		case bridge.InEdit:
			out = append(out, "edit "+in.Body)
		case bridge.InDelete:
			out = append(out, "delete "+in.Source.Ref)
		default:
			out = append(out, in.Body)
		}
	}
	return out
}

// both runs a test over the Events API and over Socket Mode.
func both(t *testing.T, fn func(t *testing.T, socket bool)) {
	t.Run("http", func(t *testing.T) { fn(t, false) })
	t.Run("socket", func(t *testing.T) { fn(t, true) })
}

func TestRepliesEditsAndDeletesOfAPersonAreReceived(t *testing.T) {
	both(t, func(t *testing.T, socket bool) {
		w := newWorld(t, setup{socket: socket})
		root := w.open()
		ts, err := w.anders.Reply(w.channel, root, "It was the *old* plan")
		check(t, err)
		w.until("the reply is here", func() bool { return len(w.in.theirs()) == 1 })
		check(t, w.anders.Edit(w.channel, ts, "It was the new plan"))
		w.until("the edit is here", func() bool { return len(w.in.theirs()) == 2 })
		check(t, w.anders.Delete(w.channel, ts))
		w.quiet()
		got := w.in.theirs()
		if want := []string{"It was the **old** plan", "edit It was the new plan", "delete " + ts}; !slices.Equal(bodies(got), want) {
			t.Errorf("received %q, want %q", bodies(got), want)
		}
		if got[0].AuthorName != "Anders Holm" || got[0].Author.ID != w.anders.ID() || got[0].Source.Thread != root || got[0].Key == "" {
			t.Errorf("%+v", got[0])
		}
		if got[1].Key != "" || got[1].Source.Rev == "" {
			t.Errorf("the edit has key %q and stamp %q", got[1].Key, got[1].Source.Rev)
		}
	})
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestOurOwnPostsComeBackAsEchoesWithTheirTokens(t *testing.T) {
	for _, echo := range []slacksim.Echo{slacksim.EchoBefore, slacksim.EchoDuring, slacksim.EchoAfter} {
		w := newWorld(t, setup{sim: func(o *slacksim.Options) { o.Echo = echo }})
		w.open()
		post := w.view(bridge.MessagePosted, "a question")
		receipt := w.show(post)[0]
		w.show(w.about(w.view(bridge.MessageEdited, "a better question"), post.Message))
		w.quiet()
		if got := w.in.theirs(); len(got) != 0 {
			t.Fatalf("our own posts were taken for somebody's: %q", bodies(got))
		}
		tokens := 0
		for _, in := range w.in.ours() {
			if in.Kind == bridge.InPost && in.Source.Ref == receipt.Ref {
				tokens++
				if in.Token == "" || in.Print != receipt.Print {
					t.Errorf("echo with token %q, print equal %v", in.Token, in.Print == receipt.Print)
				}
			}
			if in.Kind == bridge.InEdit && in.Print != "" {
				t.Error("an edit of our own could be taken for somebody else's change")
			}
		}
		if tokens != 1 {
			t.Errorf("%d echoes of the post", tokens)
		}
	}
}

// F14, F15: reply counts and link previews are no edits; deleting the parent is
// one delete.
func TestUnfurlsReplyCountsAndTombstonesAreNoEdits(t *testing.T) {
	w := newWorld(t, setup{})
	root := w.open()
	ts, err := w.anders.Reply(w.channel, root, "see https://example.org")
	check(t, err)
	for range 5 {
		check(t, w.sim.Unfurl(w.channel, ts, "https://example.org"))
	}
	check(t, w.anders.Edit(w.channel, ts, "see https://example.com"))
	check(t, w.sim.Unfurl(w.channel, ts, "https://example.com"))
	w.quiet()
	// A preview after the edit carries the edit's stamp again; the log takes each
	// stamp once.
	stamps := map[string]bool{}
	for _, in := range w.in.theirs() {
		if in.Kind == bridge.InEdit {
			stamps[in.Source.Rev] = true
		}
	}
	if len(stamps) != 1 {
		t.Errorf("%d edits, want 1", len(stamps))
	}
	check(t, w.anders.Moderate(w.channel, root))
	w.quiet()
	for _, in := range slices.Concat(w.in.theirs(), w.in.ours()) {
		if in.Kind == bridge.InDelete && in.Source.Ref != root {
			t.Errorf("deleting the parent deleted %s", in.Source.Ref)
		}
	}
	if all := w.in.ours(); all[len(all)-1].Kind != bridge.InDelete {
		t.Error("the delete of the parent did not come")
	}
}

// F28, F29: whatever Slack signed is answered with 200.
func TestUnknownEventsAndTeamsAreAcknowledgedAndCounted(t *testing.T) {
	both(t, func(t *testing.T, socket bool) {
		w := newWorld(t, setup{socket: socket})
		w.sim.RaiseRaw(w.channel, json.RawMessage(`{"type":"holographic_wave","shape":[1,{"a":null}]}`))
		w.quiet()
		if n := w.counts.of("ignored", "unknown event"); n != 1 {
			t.Errorf("counted %d unknown events", n)
		}
		if s := w.sim.EventStats(); s.GivenUp != 0 || s.Acked != s.Raised {
			t.Errorf("%+v", s)
		}
	})
	a := offline(t)
	code := post(a, `{"type":"event_callback","team_id":"TOTHER","event_id":"Ev1","event":{"type":"message","channel":"C1","user":"U1","text":"x","ts":"`+
		replyTS+`","thread_ts":"`+rootTS+`"}}`)
	if got := a.inbox.(*memoryInbox).theirs(); code != http.StatusOK || len(got) != 0 {
		t.Errorf("another team's event: status %d, accepted %d", code, len(got))
	}
}

// post signs a body with the offline adapter's secret and returns the status.
func post(a *Adapter, body string) int {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	r.Header = signedHeader(string(sign([]byte("secret"), stamp, []byte(body))), stamp)
	w := httptest.NewRecorder()
	a.EventsHandler().ServeHTTP(w, r)
	return w.Code
}

// F54: the same channel id in two teams is two channels.
func TestAnEventIsKeyedByOurWorkspace(t *testing.T) {
	a := offline(t)
	post(a, `{"type":"event_callback","team_id":"TGUEST","authorizations":[{"team_id":"T1"}],"event_id":"Ev1","event":{"type":"message",
		"channel":"C1","user":"U1","text":"x","ts":"`+replyTS+`","thread_ts":"`+rootTS+`"}}`)
	got := a.inbox.(*memoryInbox).theirs()
	if len(got) != 1 || got[0].Source.Workspace != "T1" || got[0].Author.Workspace != "T1" {
		t.Errorf("%+v", got)
	}
}

func TestNothingIsAcknowledgedBeforeItIsCommitted(t *testing.T) {
	both(t, func(t *testing.T, socket bool) {
		w := newWorld(t, setup{socket: socket, sim: func(o *slacksim.Options) {
			o.RetryDelays = slices.Repeat([]time.Duration{time.Millisecond}, 200)
			o.AckTimeout = 200 * time.Millisecond
		}})
		root := w.open()
		w.quiet()
		refused := 0
		w.in.set(func() {
			w.in.fail = func(in bridge.Inbound) error {
				if refused < 2 {
					refused++
					return errors.New("the database is down")
				}
				return nil
			}
			w.in.down = true
		})
		_, err := w.anders.Reply(w.channel, root, "do not lose me")
		check(t, err)
		w.until("the reply is here", func() bool { return len(w.in.theirs()) == 1 })
		w.quiet()
		if s := w.sim.EventStats(); s.Redelivered == 0 || s.GivenUp != 0 {
			t.Errorf("%+v", s)
		}
		if got := bodies(w.in.theirs()); !slices.Equal(got, []string{"do not lose me"}) {
			t.Errorf("accepted %q", got)
		}
	})
}

func TestAPoisonousEnvelopeIsPutAsideAndTheOthersFlow(t *testing.T) {
	for name, poison := range map[string]func(){
		"panic": func() { panic("poison") },
		"error": func() {},
	} {
		w := newWorld(t, setup{sim: func(o *slacksim.Options) {
			o.RetryDelays = []time.Duration{0, time.Millisecond, time.Millisecond, time.Millisecond}
		}})
		root := w.open()
		w.in.set(func() {
			w.in.fail = func(in bridge.Inbound) error {
				if in.Body == "poison" {
					poison()
					return errors.New("no")
				}
				return nil
			}
		})
		for _, text := range []string{"before", "poison", "after"} {
			_, err := w.anders.Reply(w.channel, root, text)
			check(t, err)
		}
		w.quiet()
		got := bodies(w.in.theirs())
		slices.Sort(got)
		if !slices.Equal(got, []string{"after", "before"}) {
			t.Errorf("%s: accepted %q", name, got)
		}
		w.in.set(func() {
			if len(w.in.quarantined) != 1 {
				t.Errorf("%s: put aside %q", name, w.in.quarantined)
			}
		})
		if s := w.sim.EventStats(); s.GivenUp != 0 {
			t.Errorf("%s: %d events were given up", name, s.GivenUp)
		}
	}
}

func TestARefusalThatCannotHealIsPutAsideAtOnce(t *testing.T) {
	a := offline(t)
	in := a.inbox.(*memoryInbox)
	in.fail = func(bridge.Inbound) error { return bridge.ErrInvalid }
	event := `{"type":"event_callback","team_id":"T1","event_id":"Ev1","event":{"type":"message","channel":"C1","user":"U1","text":"x","ts":"` +
		replyTS + `","thread_ts":"` + rootTS + `"}}`
	if code := post(a, event); code != http.StatusOK || len(in.quarantined) != 1 {
		t.Errorf("status %d, put aside %d", code, len(in.quarantined))
	}
	in.down = true
	if code := post(a, event); code != http.StatusInternalServerError {
		t.Errorf("with the database down: status %d", code)
	}
}

func TestTheHandlerRefusesWhatIsNoRequestOfSlacks(t *testing.T) {
	a := offline(t)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	w := httptest.NewRecorder()
	a.EventsHandler().ServeHTTP(w, r)
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: status %d", w.Code)
	}
	if code := post(a, strings.Repeat("x", maxEnvelope+1)); code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body over the limit: status %d", code)
	}
	if code := post(a, "no json"); code != http.StatusOK || len(a.inbox.(*memoryInbox).quarantined) != 1 {
		t.Errorf("signed and unreadable: status %d, put aside %d", code, len(a.inbox.(*memoryInbox).quarantined))
	}
}

func TestTheAddressIsVerified(t *testing.T) {
	w := newWorld(t, setup{})
	check(t, w.sim.VerifyEventsURL(w.ctx()))
}

func TestChannelChangesAreReported(t *testing.T) {
	w := newWorld(t, setup{})
	check(t, w.sim.Archive(w.channel))
	check(t, w.sim.Unarchive(w.channel))
	check(t, w.sim.KickBot(w.channel))
	check(t, w.sim.InviteBot(w.channel))
	w.quiet()
	other, err := w.sim.ChangeChannelID(w.channel)
	check(t, err)
	w.quiet()
	lines := strings.Join(w.watcher.all(), "\n")
	for _, want := range []string{
		"blocked " + w.channel + " is_archived: Unarchive", "blocked " + w.channel + " not_in_channel: Invite the app: write /invite @",
		"recovered " + w.channel, "renamed " + w.channel + " " + other,
	} {
		if !strings.Contains(lines, want) {
			t.Errorf("not reported: %q in\n%s", want, lines)
		}
	}
}

func TestALostTokenIsReportedOnceWithARemedy(t *testing.T) {
	w := newWorld(t, setup{})
	w.sim.RevokeToken()
	w.quiet()
	lines := w.watcher.all()
	if len(lines) != 1 || !strings.Contains(lines[0], "blocked  token_revoked: Install the Slack app") {
		t.Errorf("%q", lines)
	}
	_, _, err := w.deliver(w.view(bridge.MirrorOpened, ""))
	if se := surfaceErr(t, err); se.Class != bridge.Unauthorized || se.Remedy == "" {
		t.Errorf("%+v", se)
	}
}

func TestNamesAreAskedOnceAndAgainAfterAChange(t *testing.T) {
	w := newWorld(t, setup{})
	root := w.open()
	asked := func() int {
		n := 0
		for _, call := range w.sim.Arrivals() {
			if call.Method == "users.info" {
				n++
			}
		}
		return n
	}
	for range 20 {
		_, err := w.anders.Reply(w.channel, root, "hi")
		check(t, err)
	}
	w.quiet()
	if n := asked(); n != 1 {
		t.Errorf("asked %d times for one name", n)
	}
	check(t, w.sim.ChangeUser(w.anders, func(u *slacksim.UserSpec) { u.DisplayName, u.RealName = "Andy", "Andy" }))
	w.quiet()
	_, err := w.anders.Reply(w.channel, root, "hi again")
	check(t, err)
	w.quiet()
	got := w.in.theirs()
	if name := got[len(got)-1].AuthorName; name != "Andy" || asked() != 2 {
		t.Errorf("the name is %q after %d questions", name, asked())
	}
}

func TestASlowNameDoesNotHoldTheMessage(t *testing.T) {
	w := newWorld(t, setup{})
	w.a.nameBudget = 20 * time.Millisecond
	root := w.open()
	w.sim.Inject(slacksim.Fault{Method: "users.info", Delay: 500 * time.Millisecond})
	_, err := w.anders.Reply(w.channel, root, "hi")
	check(t, err)
	w.until("the reply is here", func() bool { return len(w.in.theirs()) == 1 })
	if got := w.in.theirs()[0]; got.AuthorName != "" || got.Body != "hi" {
		t.Errorf("%+v", got)
	}
}
