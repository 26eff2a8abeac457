package bridge_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
)

// starter notes who asks, and attaches the thread that they name.
type starter struct {
	log   bridge.Log
	asked []bridge.Actor
}

func (s *starter) Start(ctx context.Context, actor bridge.Actor, ask bridge.Ask) (bridge.Result, error) {
	s.asked = append(s.asked, actor)
	return s.log.Append(ctx, &bridge.AttachThread{
		Actor: actor, Ticket: ask.Ticket, Subject: ask.Subject, Thread: ask.Thread, Target: bridge.Target{Place: ask.Place}, Key: ask.Key,
	})
}

// TestOnlyAnAgentStartsAConversationFromAChat, under the name that we know them by,
// and once however often it is heard.
func TestOnlyAnAgentStartsAConversationFromAChat(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv := open(t, m)
	account := func(id string) bridge.Account { return bridge.Account{Surface: "chat", Workspace: "W1", ID: id} }
	m.Link(bridge.Known{Account: account("U-agent"), Person: "bob", Role: bridge.RoleAgent, Name: "Bob"})
	m.Link(bridge.Known{Account: account("U-admin"), Person: "eve", Role: bridge.RoleAdmin})
	m.Link(bridge.Known{Account: account("U-expert"), Person: "anders", Role: bridge.RoleExpert, Name: "Anders"})
	s := &starter{log: m}
	r := &bridge.Receiver{Log: m, Desk: m.Desk(), Directory: m, Starter: s}
	ask := func(who, thread string) bridge.Ask {
		return bridge.Ask{
			Author: account(who), AuthorName: "Whoever", Place: places[0], Thread: thread, Ticket: conv.Ticket, Subject: "Who knows?", Key: "key " + thread,
		}
	}
	for _, c := range []struct {
		who, thread string
		want        bridge.Outcome
		why         string
	}{
		{"U-stranger", "5", bridge.Ignored, "not linked"},
		{"U-expert", "5", bridge.Ignored, "linked to an expert"},
		{"U-agent", "5", bridge.Accepted, ""},
		{"U-agent", "5", bridge.Duplicate, ""},
		{"U-admin", "6", bridge.Accepted, ""},
	} {
		res, err := r.Ask(t.Context(), ask(c.who, c.thread))
		if err != nil || res.Outcome != c.want || !strings.Contains(res.Why, c.why) {
			t.Errorf("%s: %+v, %v", c.who, res, err)
		}
		if res.Unlinked != (c.who == "U-stranger") {
			t.Errorf("%s counts as unlinked: %v", c.who, res.Unlinked)
		}
	}
	for who, want := range map[string]bridge.Outcome{"U-expert": bridge.Ignored, "U-agent": bridge.Accepted} {
		whether := ask(who, "7")
		whether.Whether = true
		if res, err := r.Ask(t.Context(), whether); err != nil || res.Outcome != want {
			t.Errorf("whether %s may ask: %+v, %v", who, res, err)
		}
	}
	if len(s.asked) != 3 || s.asked[0].Person != "bob" || s.asked[0].Name != "Bob" || s.asked[2].Name != "Whoever" || s.asked[2].Role != bridge.RoleAdmin {
		t.Errorf("the starter was asked by %+v", s.asked)
	}
	r.Starter = nil
	if res, err := r.Ask(t.Context(), ask("U-agent", "7")); err != nil || res.Outcome != bridge.Ignored || res.Why == "" {
		t.Errorf("without a starter: %+v, %v", res, err)
	}
	down := &bridgetest.Faults{}
	down.Next("read", 1, bridgetest.Refused())
	r.Directory = m.With(down)
	if res, err := r.Ask(t.Context(), ask("U-agent", "8")); err == nil {
		t.Errorf("answered %+v although nobody knows who asks", res)
	}
}

// TestAThreadIsAttachedOnce: the second time says where it is, and nothing is posted
// at its beginning.
func TestAThreadIsAttachedOnce(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, mirror := bound(t, m)
	attach := bridge.AttachThread{Actor: alice, Ticket: conv.Ticket, Subject: "Who knows?", Target: bridge.Target{Place: places[0], Rule: "r"}, Thread: "77"}
	res := must(t, m, &attach)
	attached := m.Mirrors()[1]
	if attached.ID != res.Mirror || attached.Thread != "77" || attached.Rule != "r" || attached.Seen != "" {
		t.Errorf("the mirror is %+v", attached)
	}
	w, err := m.Work(t.Context(), attached.ID, 10)
	if err != nil || len(w.Entries) != 1 || w.Entries[0].Kind != bridge.ThreadAttached || w.Entries[0].Facts.Ref != "77" {
		t.Errorf("a worker has %+v to do, %v", w.Entries, err)
	}
	for name, c := range map[string]struct {
		change func(*bridge.AttachThread)
		want   error
	}{
		"again":          {func(*bridge.AttachThread) {}, bridge.ErrConflict},
		"one of our own": {func(c *bridge.AttachThread) { c.Thread = mirror.Thread }, bridge.ErrConflict},
		"no thread":      {func(c *bridge.AttachThread) { c.Thread = "" }, bridge.ErrInvalid},
		"no channel":     {func(c *bridge.AttachThread) { c.Thread, c.Target.Place.Channel = "78", "" }, bridge.ErrInvalid},
		"no subject":     {func(c *bridge.AttachThread) { c.Thread, c.Subject = "78", " " }, bridge.ErrInvalid},
		"no ticket":      {func(c *bridge.AttachThread) { c.Thread, c.Ticket = "78", 99 }, bridge.ErrNotFound},
	} {
		next := attach
		c.change(&next)
		if _, err := m.Append(t.Context(), &next); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	elsewhere := attach
	elsewhere.Target.Place = places[1] // the same id in another channel is another thread
	must(t, m, &elsewhere)
	for place, want := range map[bridge.Place]bool{places[0]: true, places[2]: false, {Surface: "chat", Workspace: "W1"}: true} {
		got, err := m.MirrorByThread(t.Context(), place, mirror.Thread)
		if found := err == nil && got.ID == mirror.ID; found != want {
			t.Errorf("in %s: %+v, %v", place, got, err)
		}
	}
	if wrong := m.Verify(); len(wrong) > 0 {
		t.Error(wrong)
	}
}

// TestAThreadThatOutlivesItsFirstPostGoesOn: only when the thread is gone is a person needed.
func TestAThreadThatOutlivesItsFirstPostGoesOn(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, mirror := bound(t, m)
	lives := ours(bridge.InDelete, root, "", "")
	lives.ThreadLives = true
	if res := must(t, m, lives); res.Outcome != bridge.Accepted || m.Mirrors()[0].Parked != "" {
		t.Errorf("%+v, and the mirror is parked for %q", res, m.Mirrors()[0].Parked)
	}
	entries := m.Entries(conv.Ticket)
	if last := entries[len(entries)-1]; last.Kind != bridge.CopyRemoved {
		t.Errorf("the last entry is %s", last.Kind)
	}
	must(t, m, heard(bridge.InPost, "1700000000.000009", "", "still here"))
	if res := must(t, m, ours(bridge.InDelete, root, "", "")); res.Outcome != bridge.Accepted || m.Mirrors()[0].Parked != bridge.ParkedThread {
		t.Errorf("then the thread is deleted: %+v, parked for %q", res, m.Mirrors()[0].Parked)
	}
	if res := must(t, m, ours(bridge.InDelete, root, "", "")); res.Outcome != bridge.Duplicate {
		t.Errorf("and told again: %+v", res)
	}
	if wrong := m.Verify(); len(wrong) > 0 || m.Mirrors()[0].ID != mirror.ID {
		t.Error(wrong)
	}
}

// TestAnAttachedThreadThatIsDeletedIsParked, whether or not we have seen its first post.
func TestAnAttachedThreadThatIsDeletedIsParked(t *testing.T) {
	for _, seen := range []bool{true, false} {
		m := bridgetest.NewMemory(nil)
		conv := open(t, m)
		must(t, m, &bridge.AttachThread{Actor: alice, Ticket: conv.Ticket, Subject: "s", Target: bridge.Target{Place: places[0]}, Thread: root})
		first := func(kind bridge.InboundKind) *bridge.Inbound { return heard(kind, root, "", "how it began") }
		if seen {
			must(t, m, first(bridge.InPost))
		}
		must(t, m, first(bridge.InDelete))
		if got := m.Mirrors()[1]; got.Parked != bridge.ParkedThread || got.Remedy == "" {
			t.Errorf("seen %t: %+v", seen, got)
		}
		if wrong := m.Verify(); len(wrong) > 0 {
			t.Error(wrong)
		}
	}
}
