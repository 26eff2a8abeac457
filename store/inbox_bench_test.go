package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

// BenchmarkInboxOfTenThousandTickets measures each view of the list, and its count, on
// 10,000 tickets with a conversation each, which 50 agents have begun a moment ago: the
// goal is less than 50 ms.
func BenchmarkInboxOfTenThousandTickets(b *testing.B) {
	for _, driver := range []string{"sqlite", "postgres"} {
		b.Run(driver, func(b *testing.B) {
			s := storetest.Open(b, driver, store.Options{})
			manyTickets(b, s, 10_000)
			for _, view := range []bridge.InboxView{"", bridge.InboxUnread, bridge.InboxForMe, bridge.InboxUnanswered, bridge.InboxStale} {
				// Nothing is as old as stale conversations are, so that all are looked at in vain.
				q := bridge.InboxQuery{Person: "agent7", View: view, Quiet: time.Now().Add(-48 * time.Hour), Limit: 51}
				b.Run("view="+string(view), func(b *testing.B) {
					for b.Loop() {
						if _, _, err := s.Inbox(b.Context(), q); err != nil {
							b.Fatal(err)
						}
					}
				})
				q.Limit = 100
				b.Run("count="+string(view), func(b *testing.B) {
					for b.Loop() {
						if _, err := s.CountInbox(b.Context(), q); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		})
	}
}

func manyTickets(b *testing.B, s *store.Store, n int) {
	b.Helper()
	var g errgroup.Group
	g.SetLimit(64)
	for i := range n {
		g.Go(func() error {
			ctx := context.Background()
			ticket, err := s.Append(ctx, &bridge.CreateTicket{Subject: fmt.Sprint("Question ", i), Requester: "Carl", Body: "It does not work."})
			if err != nil {
				return err
			}
			agent := alice
			agent.Person = fmt.Sprint("agent", i%50)
			_, err = s.Append(ctx, &bridge.StartConversation{
				Actor: agent, Ticket: ticket.ID.Ticket, Subject: "Question", Targets: []bridge.Target{{Place: billing}}, Body: "Can you look?",
			})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		b.Fatal(err)
	}
	if driver := s.Options().Driver; driver == "postgres" {
		if _, err := s.RawExec(b.Context(), "ANALYZE"); err != nil {
			b.Fatal(err)
		}
	}
}
