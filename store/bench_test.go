package store_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

// BenchmarkAppend measures accepted replies with 32 callers.
func BenchmarkAppend(b *testing.B) {
	for _, driver := range []string{"sqlite", "postgres"} {
		b.Run(driver, func(b *testing.B) {
			s := storetest.Open(b, driver, store.Options{})
			const threads = 100
			for i := range threads {
				benchThread(b, s, i)
			}
			var n atomic.Int64
			b.SetParallelism(16)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					i := n.Add(1)
					in := reply(benchPlace(int(i)%threads), "1.1", fmt.Sprintf("2.%09d", i), "An answer")
					in.Key = fmt.Sprint("k", i)
					if _, err := s.Append(context.Background(), in); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

func benchPlace(i int) bridge.Place {
	return bridge.Place{Surface: "slack", Workspace: "T1", Channel: fmt.Sprint("C", i)}
}

func benchThread(b *testing.B, s *store.Store, i int) {
	b.Helper()
	ctx := context.Background()
	do := func(c bridge.Command) bridge.ID {
		res, err := s.Append(ctx, c)
		if err != nil {
			b.Fatal(err)
		}
		return res.ID
	}
	ticket := do(&bridge.CreateTicket{Subject: "s", Requester: "r", Body: "b"})
	conv := do(&bridge.StartConversation{Actor: alice, Ticket: ticket.Ticket, Subject: "q", Targets: []bridge.Target{{Place: benchPlace(i)}}, Body: "?"})
	key := bridge.DeliveryKey{Mirror: bridge.ID{Ticket: conv.Ticket, Seq: conv.Seq + 1}, Seq: conv.Seq + 1}
	token := fmt.Sprint("root", i)
	do(&bridge.Begin{Key: key, Token: token, Call: bridge.Call{Verb: bridge.VerbPost, Root: true, Last: true}})
	do(&bridge.Settle{Key: key, Token: token, Receipt: bridge.Receipt{Ref: "1.1"}})
	do(&bridge.Step{Mirror: key.Mirror, Seq: key.Seq + 1})
}
