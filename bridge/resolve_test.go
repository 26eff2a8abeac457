package bridge_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
)

func entriesOf(w *bridgetest.World, ticket int64, kind bridge.Kind) (out []*bridge.Entry) {
	for _, e := range w.Memory.Entries(ticket) {
		if e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}

// TestConversationWithPeopleIsHeldInTheirOwnChannel, several as threads of the same one,
// and what they answer there is heard.
func TestConversationWithPeopleIsHeldInTheirOwnChannel(t *testing.T) {
	in(t, []string{"anders"}, func(t *testing.T, w *bridgetest.World) {
		d := w.Start(t.Context())
		first := ask(t, w, "@anders", "one")
		second := ask(t, w, "@anders", "two")
		if !w.Until(time.Minute, w.Memory.Idle) {
			t.Fatal("nothing was shown")
		}
		mirrors := w.Memory.Mirrors()
		for _, m := range mirrors {
			if m.Place != w.Chats[0].Place("anders") || m.Thread == "" {
				t.Errorf("mirror %+v", m)
			}
		}
		if roots := w.Chats[0].Roots("anders"); len(roots) != 2 || mirrors[0].Thread == mirrors[1].Thread {
			t.Errorf("%d threads", len(roots))
		}
		moved := entriesOf(w, first.Ticket, bridge.MirrorMoved)
		if len(moved) != 1 || moved[0].Facts.Reason != bridge.MovedOpened || moved[0].Facts.Place.Channel != "anders" {
			t.Errorf("moved %+v", moved)
		}
		for i, conv := range []bridge.ID{first, second} {
			thread := mirrors[slices.IndexFunc(mirrors, func(m bridge.Mirror) bool { return m.ID.Ticket == conv.Ticket })].Thread
			answer := []string{"to one", "to two"}[i]
			w.Chats[0].Say("Anders", "anders", thread, answer)
			if !w.Until(time.Minute, func() bool { return slices.Contains(visible(w.Memory, conv), "Anders: "+answer) }) {
				t.Errorf("%q was not heard", answer)
			}
		}
		d.Stop()
	})
}

// TestPeopleWhoCannotBeReachedParkTheMirrorWithWhatToDo, nothing is begun, and once
// they can be reached the conversation goes there.
func TestPeopleWhoCannotBeReachedParkTheMirrorWithWhatToDo(t *testing.T) {
	in(t, []string{"anders"}, func(t *testing.T, w *bridgetest.World) {
		w.Chats[0].Archive("anders")
		d := w.Start(t.Context())
		conv := ask(t, w, "@anders", "one")
		if !w.Until(time.Minute, func() bool { return w.Memory.Mirrors()[0].Parked != "" }) {
			t.Fatal("it is not parked")
		}
		m := w.Memory.Mirrors()[0]
		if m.Parked != "is_archived" || m.Remedy == "" || m.Place.Channel != "@anders" {
			t.Errorf("mirror %+v", m)
		}
		w.Memory.Look(func(st *bridge.State) {
			if len(st.Deliveries) != 0 {
				t.Errorf("%d calls were begun", len(st.Deliveries))
			}
		})
		w.Chats[0].Unarchive("anders")
		if !w.Until(30*time.Minute, func() bool { return shown(w, "one") == 1 }) {
			t.Error("it never went there")
		}
		if diff := cmp.Diff([]string{"Alice: one"}, visible(w.Memory, conv)); diff != "" {
			t.Error(diff)
		}
		d.Stop()
	})
}

// TestARefusalToOpenIsNoNote: where nobody can be reached, a note cannot be either.
func TestARefusalToOpenIsNoNote(t *testing.T) {
	in(t, []string{"anders"}, func(t *testing.T, w *bridgetest.World) {
		w.Faults.Next("resolve", 1, bridgetest.Unshowable())
		d := w.Start(t.Context())
		conv := ask(t, w, "@anders", "one")
		if !w.Until(time.Minute, func() bool { return w.Memory.Mirrors()[0].Parked != "" }) {
			t.Fatal("it is not parked")
		}
		if failed := entriesOf(w, conv.Ticket, bridge.DeliveryFailed); len(failed) != 0 {
			t.Errorf("%d entries were given up", len(failed))
		}
		d.Stop()
	})
}

// TestAMirrorIsMovedOnlyFromWhereItIs: who asked for the channel before it got another
// id must not take the mirror back.
func TestAMirrorIsMovedOnlyFromWhereItIs(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	open(t, m)
	mirror := m.Mirrors()[0]
	elsewhere, other := mirror.Place, mirror.Place
	elsewhere.Channel, other.Channel = "elsewhere", "other"
	res := must(t, m, &bridge.MoveMirror{Mirror: mirror.ID, From: elsewhere, To: other})
	if res.Outcome != bridge.Ignored || m.Mirrors()[0].Place != mirror.Place {
		t.Errorf("%+v, now %v", res, m.Mirrors()[0].Place)
	}
	if res := must(t, m, &bridge.MoveMirror{Mirror: mirror.ID, From: mirror.Place, To: other}); res.Outcome != bridge.Accepted {
		t.Errorf("%+v", res)
	}
}
