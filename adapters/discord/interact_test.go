package discord

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
)

func TestCloseIsAcknowledgedAndCommittedOnce(t *testing.T) {
	d := newDesk(t)
	d.interacts(byComponent, "3000000000000001", press("close"))
	eventually(t, "the close is committed", func() bool { d.in.mu.Lock(); defer d.in.mu.Unlock(); return len(d.in.all) == 1 })
	d.in.look(func() {
		got := d.in.all[0]
		if got.Kind != bridge.InPress || got.Action != bridge.PressClose || got.Source.Thread != testThread || got.Source.Channel != testChannel ||
			got.Author.ID != testAnders || got.AuthorName != "Anders H" || got.Key != "discord/"+testGuild+"/interaction/3000000000000001" {
			t.Errorf("heard %+v", got)
		}
	})
	const path = "POST interactions/3000000000000001/secret-token/callback"
	eventually(t, "it is acknowledged", func() bool { return len(d.called(path)) == 1 })
	if got := d.called(path)[0]; got != `{"type":6}` {
		t.Errorf("acknowledged with %s", got)
	}
}

// Some who look at tickets of a slow desk keep nobody else from being answered.
func TestSlowDeskDelaysNoOtherPress(t *testing.T) {
	d := newDesk(t)
	d.clerk.slow = make(chan struct{})
	defer close(d.clerk.slow)
	for n := range 12 {
		d.interacts(byComponent, fmt.Sprint(3000000000000001+n), press("show"))
	}
	d.interacts(byComponent, "3000000000000100", press("reopen"))
	eventually(t, "the last is acknowledged", func() bool { return len(d.called("POST interactions/3000000000000100/")) == 1 })
}

// Discord waits three seconds; the database may take longer.
func TestPressIsAcknowledgedWhileTheDatabaseIsSlow(t *testing.T) {
	d := newDesk(t)
	release := make(chan struct{})
	d.in.look(func() { d.in.fail = func(bridge.Inbound) error { <-release; return nil } })
	d.say(1)
	d.interacts(byComponent, "3000000000000001", press("reopen"))
	eventually(t, "it is acknowledged", func() bool { return len(d.called("POST interactions/")) == 1 })
	d.in.look(func() {
		if len(d.in.all) != 0 {
			t.Error("the database was not slow")
		}
	})
	close(release)
	eventually(t, "both are committed", func() bool { d.in.mu.Lock(); defer d.in.mu.Unlock(); return len(d.in.all) == 2 })
}

func TestPressOnACardThatOutlivedItsConversationIsTold(t *testing.T) {
	d := newDesk(t)
	d.in.look(func() { d.in.result = bridge.Result{Outcome: bridge.NotOurs} })
	d.interacts(byComponent, "3000000000000001", press("close"))
	eventually(t, "it is told", func() bool {
		calls := d.called("POST webhooks/" + testApp + "/secret-token")
		return len(calls) == 1 && strings.Contains(calls[0], "no conversation behind this card") && strings.Contains(calls[0], `"flags":68`)
	})
}

// Show ticket answers the presser, with what the field policy allows.
func TestShowTicketTellsThePresserWhatThePolicyAllows(t *testing.T) {
	d := newDesk(t)
	d.interacts(byComponent, "3000000000000001", press("show"))
	got := d.answered()
	if calls := d.called("POST interactions/"); len(calls) != 1 || !strings.Contains(calls[0], `"flags":64`) || !strings.Contains(calls[0], `"type":5`) {
		t.Errorf("acknowledged with %q", calls)
	}
	for _, want := range []string{"Ticket #12", "Charged twice", "I was charged twice"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
	for _, not := range []string{"carla@example.com", "internal note", "@everyone"} {
		if strings.Contains(got, not) {
			t.Errorf("%q tells %q", got, not)
		}
	}
	d.in.look(func() {
		if len(d.in.all) != 0 {
			t.Errorf("heard %+v", d.in.all)
		}
	})
	d.clerk.mu.Lock()
	defer d.clerk.mu.Unlock()
	if len(d.clerk.reads) != 1 {
		t.Errorf("%q are on record as readers", d.clerk.reads)
	}
}

func TestTakeTicketTellsWhatCameOfIt(t *testing.T) {
	d := newDesk(t)
	d.in.look(func() { d.in.result = bridge.Result{Outcome: bridge.Accepted, Why: "You have ticket #12 now."} })
	d.interacts(byComponent, "3000000000000001", press("take"))
	if got := d.answered(); !strings.Contains(got, "You have ticket") {
		t.Errorf("told %q", got)
	}
	d.in.look(func() {
		if len(d.in.all) != 1 || d.in.all[0].Action != bridge.PressTake {
			t.Errorf("heard %+v", d.in.all)
		}
	})
}

// Whoever's account is linked to nobody reads how they mend it, and only they do: the
// answer is in the place of one that was begun as theirs alone.
func TestAnUnlinkedPresserIsToldHowToLink(t *testing.T) {
	for _, button := range []string{"take", "approve"} {
		d := newDesk(t)
		d.in.look(func() {
			d.in.result = bridge.Result{Outcome: bridge.Ignored, Unlinked: true, Why: "Only an agent can take a ticket."}
		})
		d.interacts(byComponent, "3000000000000001", press(button))
		if got := d.answered(); !strings.Contains(got, "If you can sign in to Sidebridge, write /link and confirm") {
			t.Errorf("%s: told %q", button, got)
		}
		if calls := d.called("POST interactions/"); len(calls) != 1 || !strings.Contains(calls[0], `"flags":64`) {
			t.Errorf("%s: acknowledged with %q", button, calls)
		}
	}
}

func TestButtonIDsAreOursOrNobodys(t *testing.T) {
	for id, want := range map[string]string{
		"sb:close:T": "close T", "sb:reopen:T": "reopen T", "sb:take:T": "take T", "sb:show:T": "show T",
		"sb:close:": "", "sb:close": "", "sb:delete:T": "", "xx:close:T": "", "": "", "sb:attach:1:2": "",
	} {
		action, token, ok := cutButton(id)
		got := ""
		if ok {
			got = action + " " + token
		}
		if got != want {
			t.Errorf("%q: %q, want %q", id, got, want)
		}
	}
}
