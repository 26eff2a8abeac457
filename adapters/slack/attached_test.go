package slack

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
)

// keep collects what a listing feeds.
func keep(into *[]bridge.Inbound) func(context.Context, bridge.Inbound) error {
	return func(_ context.Context, in bridge.Inbound) error {
		*into = append(*into, in)
		return nil
	}
}

// attach makes a person's thread the mirror's, and posts the card.
func (w *world) attach(root string) bridge.Receipt {
	w.t.Helper()
	w.mirror.Thread = root
	receipts := w.show(w.view(bridge.ThreadAttached, ""))
	if len(receipts) != 1 {
		w.t.Fatalf("attaching made %d calls", len(receipts))
	}
	w.card = receipts[0].Ref
	return receipts[0]
}

func TestAnAttachedThreadGetsTheCardAtItsEnd(t *testing.T) {
	w := newWorld(t, setup{})
	root, err := w.anders.Post(w.channel, "Who knows?")
	check(t, err)
	card := w.attach(root)
	v := w.view(bridge.ConversationClosed, "")
	v.Conversation.Open = false
	w.show(v)
	thread := w.sim.Thread(w.channel, root)
	if len(thread) != 3 || thread[0].Text != "Who knows?" || thread[1].TS != card.Ref || thread[1].EditedTS == "" {
		t.Fatalf("the thread is %+v", thread)
	}
	check(t, w.anders.Press(w.ctx(), w.channel, card.Ref, pressReopen))
	w.quiet()
	if got := presses(w.in.theirs()); len(got) != 1 || got[0].Action != bridge.PressReopen || got[0].Source.Thread != root {
		t.Errorf("pressed %+v", got)
	}
	w.card = "" // somebody removed it
	if calls := w.a.Plan(w.view(bridge.TicketChanged, "")); len(calls) != 0 {
		t.Errorf("planned %+v for a card that is gone", calls)
	}
}

func TestAnAttachedThreadComesInWholeWithItsOwnTimes(t *testing.T) {
	w := newWorld(t, setup{})
	root, err := w.anders.Post(w.channel, "how it began")
	check(t, err)
	want := []string{root}
	for i := range 300 {
		ts, err := w.anders.Reply(w.channel, root, fmt.Sprintf("reply %d", i))
		check(t, err)
		want = append(want, ts)
	}
	card := w.attach(root)
	fed, seen := w.list(w.mirror, w.copies...)
	var got []string
	for i, in := range fed {
		if in.Ours {
			continue
		}
		got = append(got, in.Source.Ref)
		if in.Kind != bridge.InPost || in.Source.SentAt != tsMicros(in.Source.Ref) || in.Source.Thread != root ||
			in.AuthorName != "Anders Holm" || in.Source.Order != in.Source.Ref || i > 0 && in.Body != fmt.Sprintf("reply %d", i-1) {
			t.Fatalf("number %d came in as %+v", i, in)
		}
	}
	if !slices.Equal(got, want) || seen != card.Ref {
		t.Errorf("%d messages came in up to %s, want %d up to the card %s", len(got), seen, len(want), card.Ref)
	}
	calls := 0
	for _, a := range w.sim.Arrivals() {
		if a.Method == "conversations.replies" {
			calls++
		}
	}
	if calls != 2 {
		t.Errorf("the listing took %d calls, want 2 pages of 200", calls)
	}
}

func TestABotsFirstPostOfAnAttachedThreadIsWhatItIsAbout(t *testing.T) {
	w := newWorld(t, setup{})
	alerts := w.sim.AddBot("Alerts")
	check(t, w.sim.Invite(w.channel, alerts))
	root, err := alerts.Post(w.channel, "disk full")
	check(t, err)
	_, err = alerts.Reply(w.channel, root, "still full")
	check(t, err)
	_, err = w.anders.Reply(w.channel, root, "I look")
	check(t, err)
	w.attach(root)
	var bodies []string
	fed, _ := w.list(w.mirror, w.copies...)
	for _, in := range fed {
		if !in.Ours {
			bodies = append(bodies, in.Body)
		}
	}
	if !slices.Equal(bodies, []string{"disk full", "I look"}) {
		t.Errorf("came in: %q", bodies)
	}
}

func TestAThreadThatMayNotBeReadIsListedWithARemedy(t *testing.T) {
	w := newWorld(t, setup{})
	root, err := w.anders.Post(w.channel, "how it began")
	check(t, err)
	w.attach(root)
	check(t, w.sim.KickBot(w.channel))
	_, err = w.a.List(w.ctx(), w.mirror, nil, keep(new([]bridge.Inbound)))
	if se := surfaceErr(t, err); se.Class != bridge.Gone || se.Remedy != "Invite the app: write /invite @sidebridge in #billing." {
		t.Errorf("%v: %q", se, se.Remedy)
	}
}
