package bridge_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
)

// in runs a test in a world of its own under a clock of its own, and checks the
// audit trail at the end.
func in(t *testing.T, channels []string, f func(t *testing.T, w *bridgetest.World)) {
	synctest.Test(t, func(t *testing.T) {
		w := bridgetest.NewWorld(channels...)
		f(t, w)
		for _, what := range w.Memory.Verify() {
			t.Error(what)
		}
		for _, c := range w.Chats {
			if doubles := c.Doubles(); len(doubles) > 0 {
				t.Errorf("posted twice: %q", doubles)
			}
		}
	})
}

func ask(t *testing.T, w *bridgetest.World, channel, question string) bridge.ID {
	t.Helper()
	m := w.Memory.With(nil)
	ticket := must(t, m, &bridge.CreateTicket{Actor: bridge.System(), Subject: "Billed twice", Requester: "Carl", Body: "Help"}).ID.Ticket
	return must(t, m, &bridge.StartConversation{
		Actor: alice, Ticket: ticket, Subject: "Who knows?", Body: question,
		Targets: []bridge.Target{{Place: w.Chats[0].Place(channel)}},
	}).ID
}

func say(t *testing.T, w *bridgetest.World, conv bridge.ID, body string) {
	t.Helper()
	must(t, w.Memory.With(nil), &bridge.PostMessage{Actor: alice, Conversation: conv, Body: body})
}

// shown returns how many posts people see that end with a text.
func shown(w *bridgetest.World, text string) int {
	n := 0
	for _, p := range w.Chats[0].Posts() {
		if strings.HasSuffix(p.Body, text) {
			n++
		}
	}
	return n
}

func TestEveryCommandOfASenderIsFenced(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv := open(t, m)
	old, _, err := m.Acquire(t.Context(), "chat/W1", 0)
	if err != nil {
		t.Fatal(err)
	}
	next, ok, err := m.Reopen().Acquire(t.Context(), "chat/W1", time.Hour)
	if err != nil || !ok || next.Number <= old.Number {
		t.Fatalf("%v after %v, %t, %v", next, old, ok, err)
	}
	mirror := m.Mirrors()[0].ID
	key := bridge.DeliveryKey{Mirror: mirror, Seq: mirror.Seq}
	commands := func(f bridge.Fence) []bridge.Command {
		return []bridge.Command{
			&bridge.Begin{Fence: f, Key: key, Token: "t", Call: bridge.Call{Verb: bridge.VerbPost, Root: true}},
			&bridge.Remember{Fence: f, Key: key, Memo: "m"},
			&bridge.Resend{Fence: f, Key: key},
			&bridge.Settle{Fence: f, Key: key, Token: "t", Receipt: bridge.Receipt{Ref: "1"}},
			&bridge.Defer{Fence: f, Key: key},
			&bridge.Reject{Fence: f, Key: key},
			&bridge.Step{Fence: f, Mirror: mirror, Seq: key.Seq},
			&bridge.MoveMirror{Fence: f, Mirror: mirror, To: bridge.Place{Surface: "chat", Workspace: "W1", Channel: "next"}},
			&bridge.Park{Fence: f, Key: key, Reason: "r", Remedy: "do"},
		}
	}
	for _, c := range commands(old) {
		if _, err := m.Append(t.Context(), c); !errors.Is(err, bridge.ErrFenced) {
			t.Errorf("%T under the old fence: %v", c, err)
		}
	}
	for _, c := range commands(next) {
		if _, err := m.Append(t.Context(), c); err != nil {
			t.Errorf("%T under the present fence: %v", c, err)
		}
	}
	if n := len(visible(m, conv)); n != 1 {
		t.Errorf("%d messages", n)
	}
}

// TestASuccessorSendsNothingTwice is F7: the holder of the lease is cut off with a
// call under way that took effect; another daemon takes over.
func TestASuccessorSendsNothingTwice(t *testing.T) {
	in(t, []string{"billing"}, func(t *testing.T, w *bridgetest.World) {
		w.Chats[0].Set(func(r *bridgetest.Rules) { r.Echo = bridgetest.EchoNever })
		first := w.Start(t.Context())
		conv := ask(t, w, "billing", "zero")
		w.Until(time.Minute, w.Memory.Idle)
		w.Faults.Next("deliver", 1, bridgetest.Hung(true))
		say(t, w, conv, "one")
		say(t, w, conv, "two")
		synctest.Wait()
		first.Memory.CutOff(true)
		second := w.Start(t.Context())
		if !w.Until(5*time.Minute, w.Memory.Idle) {
			t.Error("the second daemon did not take over")
		}
		for _, text := range []string{"zero", "one", "two"} {
			if n := shown(w, text); n != 1 {
				t.Errorf("%q is there %d times", text, n)
			}
		}
		first.Stop()
		second.Stop()
	})
}

// TestAWholeWorkspaceIsTakenOverAtOnceWhenADaemonStops: a daemon that is stopped
// gives its leases up.
func TestAWholeWorkspaceIsTakenOverAtOnceWhenADaemonStops(t *testing.T) {
	in(t, []string{"billing"}, func(t *testing.T, w *bridgetest.World) {
		first := w.Start(t.Context())
		synctest.Wait()
		second := w.Start(t.Context())
		first.Stop()
		asked := time.Now()
		ask(t, w, "billing", "zero")
		w.Until(time.Minute, w.Memory.Idle)
		if waited := time.Since(asked); waited > 10*time.Second || shown(w, "zero") != 1 {
			t.Errorf("shown after %s", waited)
		}
		second.Stop()
	})
}

// TestStoppingFinishesCallsUnderWay: nothing is left uncertain by a restart.
func TestStoppingFinishesCallsUnderWay(t *testing.T) {
	in(t, []string{"billing"}, func(t *testing.T, w *bridgetest.World) {
		w.Chats[0].Set(func(r *bridgetest.Rules) { r.Echo = bridgetest.EchoNever })
		d := w.Start(t.Context())
		conv := ask(t, w, "billing", "zero")
		w.Until(time.Minute, w.Memory.Idle)
		w.Faults.Next("deliver", 1, bridgetest.Slowly(5*time.Second))
		say(t, w, conv, "one")
		synctest.Wait()
		d.Stop()
		if !w.Memory.Idle() {
			t.Error("the call's outcome was not recorded")
		}
	})
}

// TestAChannelThatMayPostOnceASecondDelaysNoOther: more mirrors are behind in it
// than one look returns (F33, F36).
func TestAChannelThatMayPostOnceASecondDelaysNoOther(t *testing.T) {
	in(t, []string{"busy", "calm"}, func(t *testing.T, w *bridgetest.World) {
		w.Chats[0].Set(func(r *bridgetest.Rules) { r.Every = time.Second })
		for i := range 600 {
			ask(t, w, "busy", fmt.Sprint("question ", i))
		}
		d := w.Start(t.Context())
		<-time.After(5 * time.Second)
		asked := time.Now()
		conv := ask(t, w, "calm", "zero")
		w.Until(10*time.Minute, func() bool { return shown(w, "zero") == 1 })
		if waited := time.Since(asked); waited > 5*time.Second {
			t.Errorf("the calm channel waited %s", waited)
		}
		say(t, w, conv, "one")
		w.Until(10*time.Minute, func() bool { return shown(w, "one") == 1 })
		if waited := time.Since(asked); waited > 12*time.Second {
			t.Errorf("the calm channel waited %s for its second post", waited)
		}
		if n := len(w.Faults.Passed()); n > 600 {
			t.Logf("%d steps", n)
		}
		d.Stop()
	})
}

// TestManyThreadsKeepTheirOrderThroughTrouble is F33: numbered messages in many
// threads, with every fifth call going wrong somehow.
func TestManyThreadsKeepTheirOrderThroughTrouble(t *testing.T) {
	const threads, messages = 20, 12
	in(t, []string{"billing"}, func(t *testing.T, w *bridgetest.World) {
		rng := rand.New(rand.NewPCG(1, 2))
		faults := []bridgetest.Fault{
			bridgetest.Refused(), bridgetest.Lost(), bridgetest.Unanswered(), bridgetest.Limited(3 * time.Second), bridgetest.Hung(true),
		}
		d := w.Start(t.Context())
		var convs []bridge.ID
		for range threads {
			convs = append(convs, ask(t, w, "billing", "message 00"))
		}
		for i := 1; i < messages; i++ {
			for _, conv := range convs {
				if rng.IntN(5) == 0 {
					w.Faults.Next("deliver", 1, faults[rng.IntN(len(faults))])
				}
				say(t, w, conv, fmt.Sprintf("message %02d", i))
			}
			<-time.After(time.Duration(rng.IntN(3000)) * time.Millisecond)
		}
		if !w.Until(time.Hour, w.Memory.Idle) {
			t.Error("not everything was shown within an hour")
		}
		d.Stop()
		var want []string
		for i := range messages {
			want = append(want, fmt.Sprintf("Alice: message %02d", i))
		}
		for _, root := range w.Chats[0].Roots("billing") {
			var got []string
			for _, p := range w.Chats[0].Thread("billing", root.Ref)[1:] {
				got = append(got, p.Body)
			}
			if !slices.Equal(got, want) {
				t.Errorf("a thread has %q", got)
			}
		}
	})
}

// TestAThreadThatCannotBeListedDelaysNoOther: it is tried again on its own.
func TestAThreadThatCannotBeListedDelaysNoOther(t *testing.T) {
	in(t, []string{"billing"}, func(t *testing.T, w *bridgetest.World) {
		d := w.Start(t.Context())
		for i := range 10 {
			ask(t, w, "billing", fmt.Sprint("question ", i))
			w.Until(time.Minute, w.Memory.Idle)
		}
		<-time.After(5 * time.Second)
		w.Chats[0].Cut()
		for _, m := range w.Memory.Mirrors() {
			w.Chats[0].Say("Anders", "billing", m.Thread, "answer")
		}
		w.Faults.Next("list", 1, bridgetest.Refused()) // the first of them, and again at its own time
		w.Chats[0].Join()
		<-time.After(3 * time.Second)
		d.Stop()
		answers := 0
		for _, id := range w.Memory.Tickets() {
			for _, e := range w.Memory.Entries(id) {
				if e.Words.Body == "answer" {
					answers++
				}
			}
		}
		if answers != 10 {
			t.Errorf("%d of 10 answers were found", answers)
		}
	})
}

// TestABlockedWorkspaceIsLeftAloneUntilAProbeSucceeds, when its adapter hears of it
// before a call fails.
func TestABlockedWorkspaceIsLeftAloneUntilAProbeSucceeds(t *testing.T) {
	in(t, []string{"billing"}, func(t *testing.T, w *bridgetest.World) {
		d := w.Start(t.Context())
		synctest.Wait()
		d.Relay.Blocked(bridge.Place{Surface: "unknown"}, "nobody knows it")
		d.Relay.Blocked(w.Chats[0].Place(""), "token_revoked")
		ask(t, w, "billing", "zero")
		<-time.After(50 * time.Second)
		for _, step := range w.Faults.Passed() {
			if strings.HasPrefix(step, "deliver") || step == "probe" {
				t.Errorf("%q after the workspace was blocked", step)
			}
		}
		<-time.After(20 * time.Second)
		if n := shown(w, "zero"); n != 1 {
			t.Errorf("after a probe the question is there %d times", n)
		}
		d.Stop()
	})
}
