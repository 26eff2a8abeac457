package chat

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

func TestTheBreakerOpensAgainAndCountsEachMessageOnce(t *testing.T) {
	var b Breaker
	key := Bot{"C1", "1", "B1"}
	second := time.Second.Microseconds()
	take := func(us int64) bool {
		ok, _ := b.May(key, us)
		if ok {
			b.Took(key, us)
		}
		return ok
	}
	for n := range int64(100) {
		if !take(n * 3 * second) {
			t.Fatalf("a bot that writes every three seconds was paused at %d", n)
		}
	}
	b = Breaker{}
	for range 5 {
		for n := range int64(LoopMost) {
			if !take(n) {
				t.Fatalf("message %d, once more, was refused", n)
			}
		}
	}
	if take(LoopMost) || take(LoopMost+30*second) {
		t.Error("more than the limit was taken")
	}
	if other := (Bot{"C1", "2", "B1"}); !func() bool { ok, _ := b.May(other, 25); return ok }() {
		t.Error("the bot was paused in another thread too")
	}
	if !take(LoopMost + LoopPause.Microseconds()) {
		t.Error("the pause does not end")
	}
	for n := range 3 * maxLoops {
		b.Took(Bot{"C1", fmt.Sprint(n), "B1"}, second*int64(n))
	}
	if len(b.bots) > maxLoops {
		t.Errorf("%d threads are remembered", len(b.bots))
	}
}

func TestAFileThatIsLongerOrShorterThanPromisedIsAnError(t *testing.T) {
	read := func(data string, want, limit int64) error {
		_, err := io.ReadAll(&File{ReadCloser: io.NopCloser(strings.NewReader(data)), Want: want, Limit: limit})
		return err
	}
	if err := read("12345", 5, 5); err != nil {
		t.Error(err)
	}
	if err := read("123456", 5, 5); !errors.Is(err, errTooLarge) {
		t.Errorf("too long: %v", err)
	}
	if err := read("1234", 5, 10); !errors.Is(err, errShort) {
		t.Errorf("broken off: %v", err)
	}
}

func TestATicketsNumberIsDigitsOrNothing(t *testing.T) {
	for text, want := range map[string]int64{"": 0, " #4711 ": 4711, "12": 12} {
		if got, err := TicketNumber(text); err != nil || got != want {
			t.Errorf("%q is %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"-1", "0", "abc", "1.5", "99999999999999999999"} {
		if n, err := TicketNumber(text); err == nil {
			t.Errorf("%q is %d", text, n)
		}
	}
}

func TestOnlyTheUnlinkedAreToldToLink(t *testing.T) {
	res := bridge.Result{Outcome: bridge.Ignored, Why: "No."}
	if got := Why(res, "/link"); got != "No." {
		t.Errorf("told %q", got)
	}
	res.Unlinked = true
	if got := Why(res, "/link"); !strings.Contains(got, "No. ") || !strings.Contains(got, "write /link ") || !strings.Contains(got, "ask an admin") {
		t.Errorf("told %q", got)
	}
}

func TestAPlatformThatCannotBeReachedIsSaidSoWithoutItsAddress(t *testing.T) {
	cause := &url.Error{Op: "Get", URL: "https://slack.com/api/key", Err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}}
	remedy, yes := Unreachable("Slack", fmt.Errorf("ask: %w", &bridge.SurfaceError{Code: NetworkCode(cause), Err: cause}))
	if want := "Slack could not be reached from this machine: dial: connection refused. Look at DNS, the firewall and the proxy."; !yes || remedy != want {
		t.Errorf("remedy %q, %v, want %q", remedy, yes, want)
	}
	if _, yes := Unreachable("Slack", &bridge.SurfaceError{Code: "timeout"}); !yes {
		t.Error("no answer in time counts as reached")
	}
	if _, yes := Unreachable("Slack", &bridge.SurfaceError{Code: "invalid_auth"}); yes {
		t.Error("an answer counts as none")
	}
}

func TestANoticeSaysWhatHappenedToTheConversation(t *testing.T) {
	entry := func(kind bridge.Kind, reason, added string) bridge.View {
		return bridge.View{Entry: &bridge.Entry{Kind: kind, Facts: bridge.Facts{Reason: reason}, Words: bridge.Words{Name: "Bo *x*", People: []string{added}}}}
	}
	for _, c := range []struct {
		v      bridge.View
		locked bool
		want   string
	}{
		{entry(bridge.ConversationClosed, "", ""), false, `_Bo \*x\* closed this conversation. A reply here opens it again._`},
		{entry(bridge.ConversationClosed, "", ""), true, `_Bo \*x\* closed this conversation. The button Reopen above opens it again._`},
		{entry(bridge.ConversationReopened, "", ""), false, `_Bo \*x\* reopened this conversation._`},
		{entry(bridge.ConversationReopened, "reply", ""), false, `_The reply of Bo \*x\* reopened this conversation._`},
		{entry(bridge.ParticipantAdded, "", "Eve_"), false, `_Bo \*x\* added Eve\_._`},
		{entry(bridge.ParticipantAdded, "", ""), false, `_Bo \*x\* added a participant._`},
	} {
		if got := Notice(c.v, c.locked); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.v.Entry.Kind, c.v.Entry.Facts.Reason, got, c.want)
		}
	}
}

func TestAnEditUsesThePostsThatAreThere(t *testing.T) {
	copies := []bridge.Copy{{}, {}}
	copies[0].Ref, copies[1].Ref = "1", "2"
	plan := func(body string, n int) (calls []bridge.Call) {
		v := bridge.View{Entry: &bridge.Entry{Kind: bridge.MessageEdited, Words: bridge.Words{Body: body}}}
		return PlanEdit(v, copies[:n], strings.Fields, func(n int) []string { return strings.Fields("cut cut cut")[:n] })
	}
	for _, c := range []struct {
		body, want string
		n          int
	}{
		{"a b", "edit 1 a, edit 2 b", 2},
		{"a", "edit 1 a, delete 2 <nil>", 2},
		{"a b c", "edit 1 cut, edit 2 cut", 2},
		{" ", "edit 1 _(no, edit 2 text)_", 2},
		{"a", "", 0},
	} {
		var got []string
		for _, call := range plan(c.body, c.n) {
			got = append(got, fmt.Sprintf("%s %s %v", call.Verb, call.Ref, call.Payload))
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%q on %d posts: %q, want %q", c.body, c.n, got, c.want)
		}
	}
}
