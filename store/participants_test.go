package store_test

import (
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

// TestWhoTakesPartIsKeptAndVerifies: added, removed and added again, on both databases,
// and the record verifies.
func TestWhoTakesPartIsKeptAndVerifies(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, _ := thread(t, s, billing, "1.1")
		eve := []bridge.Known{{Person: "eve", Name: "Eve"}}
		must(t, s, &bridge.AddParticipants{Actor: alice, Conversation: conv, People: eve})
		left := must(t, s, &bridge.RemoveParticipant{Actor: alice, Conversation: conv, Person: "eve", Name: "Eve"}).Seq
		since := must(t, s, &bridge.AddParticipants{Actor: alice, Conversation: conv, People: eve}).Seq
		st, err := s.TicketPage(t.Context(), bridge.SeesAll, conv.Ticket)
		if err != nil {
			t.Fatal(err)
		}
		p := st.Participants[bridge.ParticipantKey{Conversation: conv, Person: "eve"}]
		if p == nil || p.Since != since || p.Left != left || len(st.ParticipantsOf(conv)) != 2 {
			t.Errorf("they are %+v, want since %d, left %d and two who take part", p, since, left)
		}
		if report, err := s.Verify(t.Context(), store.VerifyOptions{}); err != nil || len(report.Found) > 0 {
			t.Errorf("%v, %v", report.Found, err)
		}
	})
}
