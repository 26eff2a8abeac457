package store_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

// TestAnApprovalIsOneOnceAllHaveApproved (B7), however many answer at the same time, and
// the record verifies.
func TestAnApprovalIsOneOnceAllHaveApproved(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, mirror := thread(t, s, billing, "1.1")
		people := []bridge.Known{{Person: "p-1", Name: "One"}, {Person: "p-2", Name: "Two"}, {Person: "p-3", Name: "Three"}}
		id := must(t, s, &bridge.AskApproval{Actor: alice, Conversation: conv, Approvers: people, Body: "Refund?"}).ID
		answer := func(person string, yes bool) error {
			_, err := s.Append(t.Context(), &bridge.AnswerApproval{Actor: bridge.Actor{Person: person, Role: bridge.RoleExpert}, Approval: id, Approve: yes})
			return err
		}
		state := func() string {
			st, err := s.TicketPage(t.Context(), bridge.SeesAll, conv.Ticket)
			if err != nil {
				t.Fatal(err)
			}
			return st.Approvals[id].State
		}
		if err := answer("p-1", true); err != nil || state() != bridge.ApprovalPending {
			t.Errorf("after one: %s, %v", state(), err)
		}
		var wg sync.WaitGroup
		for _, person := range []string{"p-2", "p-3", "p-2"} {
			wg.Go(func() {
				if err := answer(person, true); err != nil && !errors.Is(err, bridge.ErrConflict) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if state() != bridge.ApprovalApproved {
			t.Errorf("after all: %s", state())
		}
		if err := answer("p-9", true); !errors.Is(err, bridge.ErrForbidden) {
			t.Errorf("somebody else: %v", err)
		}
		work, err := s.Work(t.Context(), mirror, 64)
		if err != nil || len(work.Requests) != 1 || len(work.Requests[0].Approvers) != 3 || work.Requests[0].Approvers[2].Name != "Three" {
			t.Errorf("the worker has %+v, %v", work.Requests, err)
		}
		since, err := s.TicketSince(t.Context(), bridge.SeesAll, conv.Ticket, id.Seq)
		if err != nil || since.Approvals[id] == nil || len(since.Approvers) != 3 {
			t.Errorf("a page hears %+v, %v", since.Approvals, err)
		}
		report, err := s.Verify(t.Context(), store.VerifyOptions{})
		if err != nil || len(report.Found) > 0 {
			t.Errorf("%v, %v", report.Found, err)
		}
	})
}
