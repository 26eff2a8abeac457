package web_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/store"
)

var general = bridge.Place{Surface: "discord", Workspace: "9", Channel: "100"}

// bobAsks is Bob asking for something in Discord.
func (w *world) bobAsks(change func(*bridge.Ask)) (bridge.Result, error) {
	w.t.Helper()
	ask := bridge.Ask{Author: inDiscord, AuthorName: "bob", Place: general, Subject: "Refund", Body: "Can we refund?", Key: "i1"}
	if change != nil {
		change(&ask)
	}
	actor := w.bobActs()
	actor.Account = inDiscord
	return w.web.Start(w.t.Context(), actor, ask)
}

// C11: a conversation begins in the chat, where it was asked for or with a group, on a
// ticket that exists or on a new one.
func TestAConversationIsBegunFromAChat(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Wrong invoice", "Billed twice.")
	places := func(r bridge.Result) (out []string) {
		for _, e := range w.entries(r.ID.Ticket) {
			if e.Kind == bridge.MirrorOpened && e.Facts.Conversation == r.ID.Seq {
				out = append(out, e.Facts.Place.String()+" "+e.Facts.Rule)
			}
		}
		return out
	}
	here, err := w.bobAsks(func(a *bridge.Ask) { a.Ticket = ticket })
	if err != nil || here.ID.Ticket != ticket || strings.Join(places(here), ";") != "discord/9/100 " {
		t.Errorf("here: %+v, %v, %q", here, err, places(here))
	}
	has(t, "the answer", here.Why, "Discord 100", "ticket #1", w.http.URL+"/c/"+here.ID.String())
	if posted := w.last(ticket, bridge.MessagePosted); posted.Words.Body != "Can we refund?" || posted.Facts.Person != w.bob {
		t.Errorf("the first message is %+v", posted)
	}
	again, err := w.bobAsks(func(a *bridge.Ask) { a.Ticket = ticket })
	if err != nil || again.ID != here.ID || !strings.Contains(again.Why, "done already") {
		t.Errorf("the same wish again: %+v, %v", again, err)
	}
	group, err := w.bobAsks(func(a *bridge.Ask) { a.Ticket, a.Group, a.Key, a.Subject, a.Body = ticket, "billing", "i2", "", "" })
	if err != nil || strings.Join(places(group), ";") != "slack/T1/C1 r1" {
		t.Errorf("a group: %+v, %v, %q", group, err, places(group))
	}
	if started := w.last(ticket, bridge.ConversationStarted); started.Words.Subject != "Wrong invoice" || started.Facts.Group != w.group {
		t.Errorf("a wish without words is about %+v", started)
	}
	fresh, err := w.bobAsks(func(a *bridge.Ask) { a.Key, a.Subject, a.Body = "i3", "", "# Nothing works\nsince noon" })
	if err != nil || fresh.ID.Ticket == ticket {
		t.Fatalf("a new ticket: %+v, %v", fresh, err)
	}
	made := w.last(fresh.ID.Ticket, bridge.TicketCreated)
	if made.Words.Subject != "Nothing works" || made.Words.Requester != "bob" || made.Facts.Channel != "discord" {
		t.Errorf("the ticket is %+v", made)
	}
	if twice, err := w.bobAsks(func(a *bridge.Ask) { a.Key, a.Subject, a.Body = "i3", "", "# Nothing works\nsince noon" }); err != nil || twice.ID != fresh.ID {
		t.Errorf("the wish heard twice makes %+v, %v", twice, err)
	}
}

func TestWhoMayNotBeginIsToldWhy(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	ask := bridge.Ask{Author: inDiscord, AuthorName: "eve", Place: general, Subject: "x", Body: "y", Key: "k"}
	for name, c := range map[string]struct {
		actor bridge.Actor
		want  string
	}{
		"nobody we know": {bridge.Actor{Role: bridge.RoleExpert, Account: inDiscord, Name: "eve"}, "link it in the chat"},
		"an expert":      {w.actor(w.anders, "Anders Expert", bridge.RoleExpert), "Anders Expert may not start conversations"},
	} {
		if res, err := w.web.Start(t.Context(), c.actor, ask); !errors.Is(err, bridge.ErrForbidden) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %+v, %v", name, res, err)
		}
	}
	for name, c := range map[string]struct {
		change func(*bridge.Ask)
		want   error
	}{
		"no such ticket": {func(a *bridge.Ask) { a.Ticket = 4711 }, bridge.ErrInvalid},
		"no such group":  {func(a *bridge.Ask) { a.Ticket, a.Group = ticket, "Nowhere" }, bridge.ErrInvalid},
	} {
		if res, err := w.bobAsks(c.change); !errors.Is(err, c.want) {
			t.Errorf("%s: %+v, %v", name, res, err)
		}
	}
	if st, _, err := w.store.Inbox(t.Context(), bridge.InboxQuery{Limit: 10}); err != nil || len(st.Tickets) != 1 {
		t.Errorf("what was refused made tickets: %v, %v", st.Tickets, err)
	}
}

func TestAChannelSharedOutsideIsAskedOnlyWhenARuleAllowsIt(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	if err := w.store.PutChannels(t.Context(), []store.Channel{{Place: general, Name: "general", External: true, Member: true}}); err != nil {
		t.Fatal(err)
	}
	here := func(a *bridge.Ask) { a.Ticket = ticket }
	if res, err := w.bobAsks(here); !errors.Is(err, bridge.ErrForbidden) {
		t.Errorf("no rule: %+v, %v", res, err)
	}
	w.setRules(mapping.Rule{
		ID: "r9", Name: "General", When: mapping.Conditions{TagsAny: []string{"x"}}, AllowExternal: true, Fields: mapping.DefaultPolicy(),
		Channels: []mapping.Channel{{Surface: "discord", Workspace: "9", ID: "100"}},
	})
	if res, err := w.bobAsks(here); err != nil || w.last(ticket, bridge.MirrorOpened).Facts.Rule != "r9" {
		t.Errorf("the rule that names the channel allows it: %+v, %v", res, err)
	}
}
