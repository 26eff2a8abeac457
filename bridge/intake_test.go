package bridge_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
)

// TestALongPastComesInInOrderAndOnce, though the database fails in the middle of it.
func TestALongPastComesInInOrderAndOnce(t *testing.T) {
	in(t, []string{"billing"}, func(t *testing.T, w *bridgetest.World) {
		chat := w.Chats[0]
		began := chat.Say("Anders", "billing", "", "said 0")
		for i := range 299 {
			chat.Say("Anders", "billing", began, fmt.Sprintf("said %d", i+1))
		}
		chat.Hangup() // nobody was there to hear it
		ticket := must(t, w.Memory.With(nil), &bridge.CreateTicket{Actor: bridge.System(), Subject: "s", Requester: "Carl", Body: "Help"}).ID.Ticket
		res := must(t, w.Memory.With(nil), &bridge.AttachThread{
			Actor: alice, Ticket: ticket, Subject: "s", Target: bridge.Target{Place: chat.Place("billing")}, Thread: began,
		})
		w.Faults.Next("append Inbound", 150, bridgetest.Fault{})
		w.Faults.Next("append Inbound", 1, bridgetest.Refused())
		var counted atomic.Int64
		w.Options.CountInbound = func(outcome bridge.Outcome, surface string) {
			if outcome == bridge.Accepted && surface == "chat" {
				counted.Add(1)
			}
		}
		d := w.Start(t.Context())
		w.Until(time.Hour, func() bool { return w.Memory.Mirrors()[0].Seen != "" && w.Memory.Idle() })
		d.Stop()
		said := w.Memory.Said(res.ID)
		if len(said) != 300 {
			t.Fatalf("%d messages came in", len(said))
		}
		if n := counted.Load(); n != 300 {
			t.Errorf("%d of 300 were counted", n)
		}
		for i, m := range said {
			if want := fmt.Sprintf("said %d", i); m.Body != want {
				t.Fatalf("message %d is %q", i, m.Body)
			}
		}
	})
}
