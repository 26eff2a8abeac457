package slack

import (
	"slices"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
)

func presses(ins []bridge.Inbound) []bridge.Inbound {
	return slices.DeleteFunc(ins, func(in bridge.Inbound) bool { return in.Kind != bridge.InPress })
}

func TestCloseAndReopenArePresses(t *testing.T) {
	both(t, func(t *testing.T, socket bool) {
		w := newWorld(t, setup{socket: socket})
		root := w.open()
		check(t, w.anders.Press(w.ctx(), w.channel, root, pressClose))
		v := w.view(bridge.ConversationClosed, "")
		v.Conversation.Open = false
		w.show(v)
		check(t, w.anders.Press(w.ctx(), w.channel, root, pressReopen))
		w.quiet()
		got := presses(w.in.theirs())
		if len(got) != 2 || got[0].Action != bridge.PressClose || got[1].Action != bridge.PressReopen {
			t.Fatalf("%+v", got)
		}
		if got[0].Source.Thread != root || got[0].Author.ID != w.anders.ID() || got[0].Key == "" || got[0].Key == got[1].Key {
			t.Errorf("%+v", got[0])
		}
	})
}

func TestShowTicketAnswersOnlyThePresserWithWhatTheMappingAllows(t *testing.T) {
	w := newWorld(t, setup{})
	root := w.open()
	check(t, w.anders.Press(w.ctx(), w.channel, root, pressShow))
	w.until("the answer is there", func() bool { return len(w.sim.Ephemerals()) == 1 })
	shown := w.sim.Ephemerals()[0]
	if shown.User != w.anders.ID() {
		t.Errorf("shown to %s", shown.User)
	}
	text := shown.Text + string(shown.Blocks)
	for _, want := range []string{"Ticket #12", "Charged twice", "I was charged twice", "‹phone number›"} {
		if !strings.Contains(text, want) {
			t.Errorf("the answer lacks %q", want)
		}
	}
	for _, secret := range []string{"arla", "12 34 56 78", "an internal note"} {
		if strings.Contains(text, secret) {
			t.Errorf("the answer tells %q", secret)
		}
	}
	if n := len(w.sim.Thread(w.channel, root)); n != 1 {
		t.Errorf("others see %d messages", n)
	}
	if len(presses(w.in.theirs())) != 0 {
		t.Error("Show ticket reached the inbox")
	}
	w.asks.mu.Lock()
	defer w.asks.mu.Unlock()
	if got := w.asks.reads; len(got) != 1 || !strings.HasPrefix(got[0], w.anders.ID()+" ") {
		t.Errorf("%q are on record as readers", got)
	}
}

func TestTakeTicketTellsThePresserWhatCameOfIt(t *testing.T) {
	w := newWorld(t, setup{})
	root := w.open()
	w.in.set(func() { w.in.result = bridge.Result{Outcome: bridge.Accepted, Why: "You have ticket #12 now."} })
	check(t, w.anders.Press(w.ctx(), w.channel, root, pressTake))
	w.until("the answer is there", func() bool { return len(w.sim.Ephemerals()) == 1 })
	if text := w.sim.Ephemerals()[0].Text; text != "You have ticket #12 now." {
		t.Errorf("told %q", text)
	}
	if got := presses(w.in.theirs()); len(got) != 1 || got[0].Action != bridge.PressTake || got[0].AuthorName != "Anders Holm" {
		t.Errorf("%+v", got)
	}
}

// Whoever's account is linked to nobody reads how they mend it, and only they do.
func TestAnUnlinkedPresserIsToldHowToLink(t *testing.T) {
	w := newWorld(t, setup{})
	root := w.open()
	before := len(w.sim.Thread(w.channel, root))
	w.in.set(func() {
		w.in.result = bridge.Result{Outcome: bridge.Ignored, Unlinked: true, Why: "Only an agent can take a ticket."}
	})
	check(t, w.anders.Press(w.ctx(), w.channel, root, pressTake))
	w.until("the answer is there", func() bool { return len(w.sim.Ephemerals()) == 1 })
	got := w.sim.Ephemerals()[0]
	if got.User != w.anders.ID() || !strings.Contains(got.Text, "Only an agent can take a ticket. If you can sign in to Sidebridge, write /sidebridge link ") {
		t.Errorf("%s is told %q", got.User, got.Text)
	}
	if n := len(w.sim.Thread(w.channel, root)); n != before {
		t.Errorf("others see %d messages more", n-before)
	}
}

func TestAnotherOrganisationsMembersPressInVain(t *testing.T) {
	w := newWorld(t, setup{})
	root := w.open()
	check(t, w.sim.ShareExternally(w.channel, "T0OTHER"))
	stranger := w.sim.AddUser(slacksim.UserSpec{Name: "eve", TeamID: "T0OTHER"})
	check(t, w.sim.Invite(w.channel, stranger))
	for _, button := range []string{pressClose, pressTake, pressShow} {
		check(t, stranger.Press(w.ctx(), w.channel, root, button))
	}
	w.until("all are told", func() bool { return len(w.sim.Ephemerals()) == 3 })
	if got := presses(w.in.theirs()); len(got) != 0 {
		t.Errorf("accepted %+v", got)
	}
	for _, e := range w.sim.Ephemerals() {
		if strings.Contains(e.Text, "Charged twice") || !strings.Contains(e.Text, "Only members") {
			t.Errorf("told %q", e.Text)
		}
	}
}

func TestAPressIsAnsweredOverTheAPIWhenItsOwnAddressIsForeign(t *testing.T) {
	w := newWorld(t, setup{})
	root := w.open()
	in := bridge.Inbound{Source: w.a.source(w.channel, &message{TS: root}), Author: w.a.account(w.anders.ID())}
	for _, address := range []string{"https://evil.example/x", "http://hooks.slack.com/x", "https://hooks.slack.com.evil.example/", ""} {
		check(t, w.a.tell(w.ctx(), answer{in: in, url: address}, plainContent("hello")))
	}
	if n := len(w.sim.Ephemerals()); n != 4 {
		t.Errorf("%d answers", n)
	}
}

func TestUnknownButtonsAreAcknowledged(t *testing.T) {
	w := newWorld(t, setup{})
	root := w.open()
	check(t, w.anders.Press(w.ctx(), w.channel, root, pressOpen))
	w.until("it is counted", func() bool { return w.counts.of("ignored", "unknown action") == 1 })
}
