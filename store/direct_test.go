package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

func TestThreadsInAChannelAreThoseThatAreOpenAndThoseThatAreClosed(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		first, one := thread(t, s, billing, "1.1")
		_, two := thread(t, s, billing, "2.1")
		_, gone := thread(t, s, billing, "3.1")
		thread(t, s, benchPlace(5), "1.1")
		must(t, s, &bridge.SetState{Actor: alice, Conversation: first})
		admin := bridge.Actor{Person: "root", Role: bridge.RoleAdmin, Name: "Root"}
		must(t, s, &bridge.Rebind{Actor: admin, Mirror: gone, To: benchPlace(6)})
		open, closed, err := s.ThreadsIn(t.Context(), billing)
		if err != nil || len(open) != 1 || open[0].ID != two || len(closed) != 1 || closed[0].ID != one || closed[0].Thread != "1.1" {
			t.Errorf("open %+v, closed %+v, %v", open, closed, err)
		}
	})
}

func TestDirectMessagesAreCalledByThePeopleInThem(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		at := func(channel string) bridge.Place {
			return bridge.Place{Surface: "slack", Workspace: "T1", Channel: channel}
		}
		thread(t, s, billing, "1.1")
		must(t, s, reply(billing, "1.1", "1.2", "It is I"))
		one, two, three := at(mapping.Direct("U1")), at(mapping.Direct("U2", "U1")), at(mapping.Direct("U3"))
		elsewhere := bridge.Place{Surface: "slack", Workspace: "T2", Channel: mapping.Direct("U1")}
		if err := s.PutChannels(t.Context(), []store.Channel{
			{Place: at("D1"), Name: "@Anders", Private: true, Member: true},
			{Place: at("C1"), Name: "billing"},
			{Place: one, Name: "@Once called so"},
			{Place: three, Name: "@Never heard of"},
		}); err != nil {
			t.Fatal(err)
		}
		names, err := s.ChannelNames(t.Context(), []bridge.Place{one, two, three, elsewhere, at("D1")})
		want := map[bridge.Place]string{
			one: "@Anders", two: "@Anders, U2", three: "@Never heard of", elsewhere: "@U1", at("D1"): "@Anders",
		}
		if diff := cmp.Diff(want, names); diff != "" || err != nil {
			t.Errorf("%s, %v", diff, err)
		}
		var found []string
		err = s.Channels(t.Context(), "", 10, func(p bridge.Place, _ string, _, _, _ bool) { found = append(found, p.Channel) })
		if diff := cmp.Diff([]string{"C1"}, found); diff != "" || err != nil {
			t.Errorf("a picker of channels offers %s, %v", diff, err)
		}
	})
}

// A mirror that names people has no thread when it is moved, under its worker's fence.
func TestAMirrorOfPeopleMovesToTheirChannelUnderItsFence(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		at := billing
		at.Channel = mapping.Direct("U1")
		ticket := must(t, s, &bridge.CreateTicket{Actor: alice, Subject: "s", Requester: "r", Body: "b"}).ID.Ticket
		must(t, s, &bridge.StartConversation{Actor: alice, Ticket: ticket, Subject: "q", Targets: []bridge.Target{{Place: at}}, Body: "?"})
		behind, err := s.Behind(t.Context(), at.Surface, at.Workspace, 10)
		if err != nil || len(behind) != 1 {
			t.Fatalf("%+v, %v", behind, err)
		}
		old := bridge.Fence{Lease: "slack/T1", Number: 7}
		if _, err := s.Append(t.Context(), &bridge.MoveMirror{Fence: old, Mirror: behind[0].ID, From: at, To: billing}); err == nil {
			t.Error("it was moved under a fence that nobody holds")
		}
		must(t, s, &bridge.MoveMirror{Mirror: behind[0].ID, From: at, To: billing, Reason: bridge.MovedOpened})
		m, err := s.Mirror(t.Context(), behind[0].ID)
		if err != nil || m.Place != billing || !m.Behind() {
			t.Errorf("%+v, %v", m, err)
		}
	})
}
