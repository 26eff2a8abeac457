package bridge_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

// TestDatabaseDecidesAsMemoryDoes runs the same random commands against a database
// and in memory: the answers, the logs, the rows and what workers read are the same.
func TestDatabaseDecidesAsMemoryDoes(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			s := storetest.Open(t, "sqlite", store.Options{CustomerWebhook: seed%2 == 0})
			m := bridgetest.NewMemory(nil)
			m.Settings(true, seed%2 == 0)
			for _, leases := range []bridge.LeaseStore{s, m} {
				if _, ok, err := leases.Acquire(t.Context(), "chat/W1", time.Hour); !ok || err != nil {
					t.Fatal(ok, err)
				}
			}
			rng := rand.New(rand.NewPCG(seed, 7))
			for i := range 200 {
				var c bridge.Command
				m.Look(func(st *bridge.State) {
					if c = beginning(i, st); c == nil {
						c = randomCommand(rng.IntN, st)
					}
				})
				want, wantErr := m.Append(t.Context(), c)
				got, gotErr := s.Append(t.Context(), c)
				if got != want || fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
					t.Fatalf("command %d, %T %+v:\ndatabase %+v, %v\nmemory   %+v, %v", i, c, c, got, gotErr, want, wantErr)
				}
			}
			sameStores(t, m, s)
		})
	}
}

func sameStores(t *testing.T, m *bridgetest.Memory, s *store.Store) {
	for _, id := range m.Tickets() {
		got, err := s.Record(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(m.Record(id), got, alike()...); diff != "" {
			t.Errorf("ticket %d (-memory +database):\n%s", id, diff)
		}
		for _, f := range bridge.Verify(got) {
			t.Error(f)
		}
	}
	for _, mi := range m.Mirrors() {
		want, err := m.Work(t.Context(), mi.ID, 64)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Work(t.Context(), mi.ID, 64)
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(want, got, alike()...); diff != "" {
			t.Errorf("work of mirror %s (-memory +database):\n%s", mi.ID, diff)
		}
	}
}

// alike compares rows in any order, without what chance or the clock set.
func alike() []gocmp.Option {
	return []gocmp.Option{
		cmpopts.EquateEmpty(),
		cmpopts.IgnoreFields(bridge.Entry{}, "At", "Salt", "Hash", "Commitment"),
		cmpopts.IgnoreFields(bridge.Ticket{}, "HeadHash", "UpdatedAt"),
		cmpopts.IgnoreFields(bridge.Mirror{}, "Due", "DeliveredAt"),
		cmpopts.IgnoreFields(bridge.Delivery{}, "BegunAt"),
		cmpopts.IgnoreFields(bridge.File{}, "Due"),
		cmpopts.IgnoreFields(bridge.Participant{}, "Due"),
		cmpopts.IgnoreFields(bridge.Conversation{}, "Attached"),
		cmpopts.SortSlices(func(a, b bridge.Conversation) bool { return compareIDs(a.ID, b.ID) < 0 }),
		cmpopts.SortSlices(func(a, b bridge.Message) bool { return compareIDs(a.ID, b.ID) < 0 }),
		cmpopts.SortSlices(func(a, b bridge.Mirror) bool { return compareIDs(a.ID, b.ID) < 0 }),
		cmpopts.SortSlices(func(a, b bridge.Copy) bool { return fmt.Sprint(a.CopyKey) < fmt.Sprint(b.CopyKey) }),
		cmpopts.SortSlices(func(a, b bridge.Reaction) bool { return a.Seq < b.Seq }),
		cmpopts.SortSlices(func(a, b bridge.Approval) bool { return compareIDs(a.ID, b.ID) < 0 }),
		cmpopts.SortSlices(func(a, b bridge.Approver) bool { return fmt.Sprint(a.ApproverKey) < fmt.Sprint(b.ApproverKey) }),
		cmpopts.SortSlices(func(a, b bridge.Review) bool { return compareIDs(a.ID, b.ID) < 0 }),
		cmpopts.SortSlices(func(a, b bridge.Participant) bool { return a.ParticipantKey.String() < b.ParticipantKey.String() }),
		cmpopts.SortSlices(func(a, b bridge.File) bool {
			return cmp.Or(cmp.Compare(a.Message, b.Message), cmp.Compare(a.N, b.N)) < 0
		}),
		cmpopts.SortSlices(func(a, b bridge.Delivery) bool {
			return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Part, b.Part)) < 0
		}),
	}
}
