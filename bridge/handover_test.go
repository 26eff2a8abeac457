package bridge_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
)

// takeOver makes somebody the assignee from inside a conversation.
func takeOver(conv bridge.ID, person, note string) *bridge.ChangeTicket {
	return &bridge.ChangeTicket{
		Actor: bridge.Actor{Person: person, Role: bridge.RoleAgent, Name: person}, Ticket: conv.Ticket, Assignee: &person,
		AssigneeName: person, Conversation: conv.Seq, Note: note,
	}
}

// TestWhoHadTheTicketStaysAParticipant when another takes it over from a conversation.
func TestWhoHadTheTicketStaysAParticipant(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, _ := bound(t, m)
	elsewhere := must(t, m, &bridge.StartConversation{Actor: alice, Ticket: conv.Ticket, Subject: "Other", Body: "?"}).ID
	last := func(after int64) []bridge.Kind { return kindsAfter(m, conv.Ticket, after) }
	for _, step := range []struct {
		conv bridge.ID
		who  string
		want []bridge.Kind
	}{
		{conv, "zoe", []bridge.Kind{bridge.TicketChanged}}, // nobody had it
		{conv, "bob", []bridge.Kind{bridge.TicketChanged, bridge.ParticipantAdded}},
		{conv, "bob", nil},
		{elsewhere, alice.Person, []bridge.Kind{bridge.TicketChanged, bridge.ParticipantAdded}},
		{conv, "zoe", []bridge.Kind{bridge.TicketChanged}}, // alice began it
		{bridge.ID{Ticket: conv.Ticket}, "bob", []bridge.Kind{bridge.TicketChanged}},
	} {
		head := int64(len(m.Entries(conv.Ticket)))
		must(t, m, takeOver(step.conv, step.who, "He is ill until Monday."))
		if diff := cmp.Diff(step.want, last(head)); diff != "" {
			t.Errorf("%s from %s: %s", step.who, step.conv, diff)
		}
	}
	var added []string
	for _, e := range m.Entries(conv.Ticket) {
		if e.Kind == bridge.ParticipantAdded {
			added = append(added, e.Facts.Who)
		}
	}
	if diff := cmp.Diff([]string{"zoe", "bob"}, added); diff != "" {
		t.Error(diff)
	}
	if wrong := m.Verify(); len(wrong) > 0 {
		t.Error(wrong)
	}
}

// TestAHandoverIsForTheThreadsOfItsConversation, and without a note the card tells it.
func TestAHandoverIsForTheThreadsOfItsConversation(t *testing.T) {
	who := "bob"
	view := func(kind bridge.Kind, conv int64, note string, assignee *string) *bridge.View {
		return &bridge.View{
			Entry:  &bridge.Entry{Kind: kind, Facts: bridge.Facts{Conversation: conv, Assignee: assignee}, Words: bridge.Words{Note: note}},
			Mirror: bridge.Mirror{Conversation: 7},
		}
	}
	if !view(bridge.TicketChanged, 7, "n", &who).Handover() {
		t.Error("a handover is none")
	}
	for name, v := range map[string]*bridge.View{
		"another conversation": view(bridge.TicketChanged, 8, "n", &who), "no note": view(bridge.TicketChanged, 7, "", &who),
		"nobody takes it": view(bridge.TicketChanged, 7, "n", nil), "a note": view(bridge.NoteWritten, 7, "n", &who),
	} {
		if v.Handover() {
			t.Errorf("%s: a handover", name)
		}
	}
}
