package bridge_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
)

func stuck(t *testing.T, w *bridgetest.World, mirror bridge.ID) *bridge.Entry {
	t.Helper()
	work, err := w.Memory.With(nil).Work(t.Context(), mirror, 100)
	if err != nil {
		t.Fatal(err)
	}
	return work.Stuck()
}

func bodies(posts []bridgetest.Post) (out []string) {
	for _, p := range posts {
		out = append(out, p.Body)
	}
	return out
}

// TestASkippedEntryIsANoteInTheThreadAndALineInTheTrail, and what comes after it is
// shown.
func TestASkippedEntryIsANoteInTheThreadAndALineInTheTrail(t *testing.T) {
	in(t, []string{"billing"}, func(t *testing.T, w *bridgetest.World) {
		d := w.Start(t.Context())
		conv := ask(t, w, "billing", "zero")
		w.Until(time.Minute, w.Memory.Idle)
		mirror := w.Memory.Mirrors()[0].ID
		d.Stop()
		say(t, w, conv, "poison")
		say(t, w, conv, "after")
		m := w.Memory.With(nil)
		e := stuck(t, w, mirror)
		if e == nil || e.Words.Body != "poison" {
			t.Fatalf("stuck at %+v", e)
		}
		key := bridge.DeliveryKey{Mirror: mirror, Seq: e.Seq}
		must(t, m, &bridge.Park{Key: key, Reason: "defect", Remedy: "skip it"})
		if _, err := m.Append(t.Context(), &bridge.Skip{Actor: alice, Mirror: mirror, Seq: e.Seq}); !errors.Is(err, bridge.ErrForbidden) {
			t.Errorf("by an agent: %v", err)
		}
		if _, err := m.Append(t.Context(), &bridge.Skip{Actor: admin, Mirror: mirror, Seq: 1000}); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("an entry that is not there: %v", err)
		}
		must(t, m, &bridge.Skip{Actor: admin, Mirror: mirror, Seq: e.Seq})
		d = w.Start(t.Context())
		if !w.Until(5*time.Minute, w.Memory.Idle) {
			t.Error("the mirror does not get on")
		}
		d.Stop()
		posts := bodies(w.Chats[0].Posts())
		want := []string{"* entry " + fmt.Sprint(e.Seq) + " could not be shown here: skipped_by_hand", "Alice: after"}
		if got := posts[len(posts)-2:]; !slices.Equal(got, want) {
			t.Errorf("the thread ends with %q", got)
		}
		var who []string
		for _, entry := range w.Memory.Entries(conv.Ticket) {
			if entry.Kind == bridge.DeliveryFailed || entry.Kind == bridge.MirrorResumed {
				who = append(who, string(entry.Kind)+" by "+entry.Words.Name)
			}
		}
		if diff := cmp.Diff([]string{"delivery.rejected by Root", "mirror.resumed by Root"}, who); diff != "" {
			t.Error(diff)
		}
		if again := must(t, m, &bridge.Skip{Actor: admin, Mirror: mirror, Seq: e.Seq}); again.Outcome != bridge.Ignored {
			t.Errorf("a second time: %+v", again)
		}
	})
}

// TestACallOfUnknownOutcomeCanBeSkipped: the answer that comes later changes nothing.
func TestACallOfUnknownOutcomeCanBeSkipped(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, root := bound(t, m)
	_ = root
	mirror := m.Mirrors()[0]
	message := must(t, m, &bridge.PostMessage{Actor: alice, Conversation: conv, Body: "maybe"}).ID
	key := bridge.DeliveryKey{Mirror: mirror.ID, Seq: message.Seq}
	must(t, m, &bridge.Begin{Key: key, Token: "t1", Call: bridge.Call{Verb: bridge.VerbPost, Message: message.Seq, Last: true}})
	must(t, m, &bridge.Skip{Actor: admin, Mirror: mirror.ID, Seq: message.Seq})
	if res := must(t, m, &bridge.Settle{Key: key, Token: "t1", Receipt: bridge.Receipt{Ref: "late"}}); res.Outcome != bridge.Ignored {
		t.Errorf("the late answer: %+v", res)
	}
	if wrong := m.Verify(); len(wrong) > 0 {
		t.Error(wrong)
	}
}

// TestAMirrorThatWaitsIsTriedAtOnce when an admin says so.
func TestAMirrorThatWaitsIsTriedAtOnce(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, _ := bound(t, m)
	mirror := m.Mirrors()[0].ID
	must(t, m, &bridge.Step{Mirror: mirror, Seq: 1 << 40})
	if res := must(t, m, &bridge.RetryNow{Actor: admin, Mirror: mirror}); res.Outcome != bridge.Ignored {
		t.Errorf("with nothing to show: %+v", res)
	}
	message := must(t, m, &bridge.PostMessage{Actor: alice, Conversation: conv, Body: "x"}).ID
	must(t, m, &bridge.Defer{Key: bridge.DeliveryKey{Mirror: mirror, Seq: message.Seq}, Until: time.Now().Add(time.Hour), Error: "e"})
	must(t, m, &bridge.RetryNow{Actor: admin, Mirror: mirror})
	if got := m.Mirrors()[0]; got.Due.After(time.Now()) || got.Attempts != 0 {
		t.Errorf("due %s, %d attempts", got.Due, got.Attempts)
	}
	if _, err := m.Append(t.Context(), &bridge.RetryNow{Actor: alice, Mirror: mirror}); !errors.Is(err, bridge.ErrForbidden) {
		t.Errorf("by an agent: %v", err)
	}
}

// TestAConversationMovesOnFromADeadChannelWithWhatItMissed: more than one look of the
// relay has, in order, after the thread's root.
func TestAConversationMovesOnFromADeadChannelWithWhatItMissed(t *testing.T) {
	in(t, []string{"billing", "support"}, func(t *testing.T, w *bridgetest.World) {
		d := w.Start(t.Context())
		conv := ask(t, w, "billing", "zero")
		w.Until(time.Minute, w.Memory.Idle)
		mirror := w.Memory.Mirrors()[0].ID
		w.Chats[0].Archive("billing")
		var want []string
		for i := range 100 {
			say(t, w, conv, fmt.Sprintf("message %03d", i))
			want = append(want, fmt.Sprintf("Alice: message %03d", i))
		}
		if !w.Until(time.Hour, func() bool { return w.Memory.Mirrors()[0].Parked != "" }) {
			t.Fatal("it was not parked")
		}
		m := w.Memory.With(nil)
		to := w.Chats[0].Place("support")
		res := must(t, m, &bridge.Rebind{Actor: admin, Mirror: mirror, To: to})
		if !w.Until(time.Hour, w.Memory.Idle) {
			t.Error("the new mirror does not get on")
		}
		d.Stop()
		roots := w.Chats[0].Roots("support")
		if len(roots) != 1 {
			t.Fatalf("%d threads in the new channel", len(roots))
		}
		if diff := cmp.Diff(want, bodies(w.Chats[0].Thread("support", roots[0].Ref)[1:])); diff != "" {
			t.Error(diff)
		}
		for _, mi := range w.Memory.Mirrors() {
			if mi.ID == mirror && (mi.Ended == 0 || mi.Parked != "" || mi.Behind()) {
				t.Errorf("the old mirror is %+v", mi)
			}
		}
		for what, c := range map[string]*bridge.Rebind{
			"an agent":              {Actor: alice, Mirror: res.ID, To: to},
			"one that has ended":    {Actor: admin, Mirror: mirror, To: w.Chats[0].Place("billing")},
			"a channel it is in":    {Actor: admin, Mirror: res.ID, To: bridge.Place{}},
			"one that nobody knows": {Actor: admin, Mirror: bridge.ID{Ticket: 9, Seq: 9}, To: to},
		} {
			if _, err := m.Append(t.Context(), c); err == nil {
				t.Errorf("%s: no error", what)
			}
		}
	})
}

// TestAConversationThatMovesFromALivingChannelSaysSoThere; answers there are still
// recorded, and shown in the new thread.
func TestAConversationThatMovesFromALivingChannelSaysSoThere(t *testing.T) {
	in(t, []string{"billing", "support"}, func(t *testing.T, w *bridgetest.World) {
		d := w.Start(t.Context())
		conv := ask(t, w, "billing", "zero")
		w.Until(time.Minute, w.Memory.Idle)
		old := w.Memory.Mirrors()[0]
		must(t, w.Memory.With(nil), &bridge.Rebind{Actor: admin, Mirror: old.ID, To: w.Chats[0].Place("support")})
		w.Until(time.Minute, w.Memory.Idle)
		say(t, w, conv, "one")
		w.Chats[0].Say("Anders", "billing", old.Thread, "late answer")
		if !w.Until(time.Hour, func() bool { return shown(w, "late answer") == 2 && w.Memory.Idle() }) {
			t.Error("the late answer is not shown")
		}
		d.Stop()
		posts := bodies(w.Chats[0].Thread("billing", old.Thread))
		if got := posts[len(posts)-2:]; got[0] != "* Root moved this" || !strings.HasSuffix(got[1], "late answer") {
			t.Errorf("the old thread ends with %q", got)
		}
		roots := w.Chats[0].Roots("support")
		if got := bodies(w.Chats[0].Thread("support", roots[0].Ref)[1:]); len(got) != 2 || got[0] != "Alice: one" {
			t.Errorf("the new thread has %q", got)
		}
	})
}
