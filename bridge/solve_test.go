package bridge_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
)

// kindsAfter returns the kinds of a ticket's entries after one.
func kindsAfter(m *bridgetest.Memory, ticket, after int64) []bridge.Kind {
	var out []bridge.Kind
	for _, e := range m.Entries(ticket) {
		if e.Seq > after {
			out = append(out, e.Kind)
		}
	}
	return out
}

// TestCloseAndSolveIsOneAct: both entries stand behind one another, or there is none.
func TestCloseAndSolveIsOneAct(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, _ := bound(t, m)
	head := func() int64 { return int64(len(m.Entries(conv.Ticket))) }
	before := head()
	for who, want := range map[bridge.Role]error{bridge.RoleExpert: bridge.ErrForbidden, bridge.RoleCustomer: bridge.ErrForbidden, "": bridge.ErrForbidden} {
		if _, err := m.Append(t.Context(), &bridge.CloseAndSolve{Actor: bridge.Actor{Person: "eve", Role: who}, Conversation: conv}); !errors.Is(err, want) {
			t.Errorf("role %q: %v", who, err)
		}
	}
	if head() != before {
		t.Error("a refused act left something in the log")
	}
	res := must(t, m, &bridge.CloseAndSolve{Actor: alice, Conversation: conv})
	if diff := cmp.Diff([]bridge.Kind{bridge.TicketChanged, bridge.ConversationClosed}, kindsAfter(m, conv.Ticket, before)); diff != "" {
		t.Error(diff)
	}
	m.Look(func(st *bridge.State) {
		if st.Tickets[conv.Ticket].Status != bridge.StatusSolved || st.Conversations[conv].Open {
			t.Errorf("%+v, %+v", st.Tickets[conv.Ticket], st.Conversations[conv])
		}
	})
	if mirror := m.Mirrors()[0]; mirror.Head != res.Seq {
		t.Errorf("the thread hears up to %d, not %d", mirror.Head, res.Seq)
	}
	if again := must(t, m, &bridge.CloseAndSolve{Actor: alice, Conversation: conv}); again.Outcome != bridge.Ignored || head() != before+2 {
		t.Errorf("a second press: %+v", again)
	}
	if wrong := m.Verify(); len(wrong) > 0 {
		t.Error(wrong)
	}
}

// TestCloseAndSolveDoesWhatIsLeft, and refuses what it cannot do in one transaction.
func TestCloseAndSolveDoesWhatIsLeft(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, _ := bound(t, m)
	must(t, m, &bridge.SetState{Actor: alice, Conversation: conv})
	before := int64(len(m.Entries(conv.Ticket)))
	must(t, m, &bridge.CloseAndSolve{Actor: alice, Conversation: conv})
	if diff := cmp.Diff([]bridge.Kind{bridge.TicketChanged}, kindsAfter(m, conv.Ticket, before)); diff != "" {
		t.Errorf("of a closed conversation: %s", diff)
	}
	must(t, m, &bridge.SetState{Actor: alice, Conversation: conv, Open: true})
	before = int64(len(m.Entries(conv.Ticket)))
	must(t, m, &bridge.CloseAndSolve{Actor: alice, Conversation: conv})
	if diff := cmp.Diff([]bridge.Kind{bridge.ConversationClosed}, kindsAfter(m, conv.Ticket, before)); diff != "" {
		t.Errorf("of a solved ticket: %s", diff)
	}
	foreign := must(t, m, &bridge.CreateTicket{Actor: alice, Subject: "S", Body: "b", Desk: "zendesk", DeskRef: "7"}).ID.Ticket
	there := must(t, m, &bridge.StartConversation{Actor: alice, Ticket: foreign, Subject: "Q", Body: "?"}).ID
	if _, err := m.Append(t.Context(), &bridge.CloseAndSolve{Actor: alice, Conversation: there}); !errors.Is(err, bridge.ErrConflict) {
		t.Errorf("of another desk's ticket: %v", err)
	}
	if _, err := m.Append(t.Context(), &bridge.CloseAndSolve{Actor: alice, Conversation: bridge.ID{Ticket: 9, Seq: 9}}); !errors.Is(err, bridge.ErrNotFound) {
		t.Errorf("of none: %v", err)
	}
}
