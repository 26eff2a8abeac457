package store_test

import (
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

func TestAPositionOutlivesTheDaemonThatSavedIt(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		if got, err := s.LoadSession(t.Context(), "chat/gateway/1"); got != "" || err != nil {
			t.Errorf("before: %q, %v", got, err)
		}
		for _, value := range []string{`{"seq":1}`, `{"seq":2}`, `{"seq":3}`} {
			if err := s.SaveSession(t.Context(), "chat/gateway/1", value); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.SaveSession(t.Context(), "chat/gateway/2", "other"); err != nil {
			t.Fatal(err)
		}
		if got, err := storetest.Again(t, s, "next").LoadSession(t.Context(), "chat/gateway/1"); got != `{"seq":3}` || err != nil {
			t.Errorf("after: %q, %v", got, err)
		}
		if err := s.SaveSession(t.Context(), "chat/gateway/1", ""); err != nil {
			t.Fatal(err)
		}
		if got, err := s.LoadSession(t.Context(), "chat/gateway/1"); got != "" || err != nil {
			t.Errorf("given up: %q, %v", got, err)
		}
	})
}

// TestALeaseOfAnyNameIsFreeAtOnceWhenGivenUp, so that the next daemon connects at once.
func TestALeaseOfAnyNameIsFreeAtOnceWhenGivenUp(t *testing.T) {
	const name = "chat/gateway/1234567890"
	storetest.Both(t, store.Options{Holder: "a"}, func(t *testing.T, a *store.Store) {
		b := storetest.Again(t, a, "b")
		hold := func(s *store.Store, want bool) int64 {
			t.Helper()
			f, ok, err := s.Acquire(t.Context(), name, time.Hour)
			if err != nil || ok != want {
				t.Fatalf("held: %t, want %t (%v)", ok, want, err)
			}
			return f.Number
		}
		first := hold(a, true)
		hold(b, false)
		if err := b.Release(t.Context(), name); err != nil { // it is not b's to give up
			t.Fatal(err)
		}
		hold(b, false)
		if err := a.Release(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		if second := hold(b, true); second <= first {
			t.Errorf("the fence went from %d to %d", first, second)
		}
		hold(a, false)
		if err := b.FreeLeases(t.Context()); err != nil { // as b does when it starts after a crash
			t.Fatal(err)
		}
		hold(a, true)
	})
}

// TestTheDatabasesClockDecidesWhenALeaseRunsOut: daemons whose own clocks disagree do not.
func TestTheDatabasesClockDecidesWhenALeaseRunsOut(t *testing.T) {
	a := storetest.Open(t, "postgres", store.Options{Holder: "a"})
	b := storetest.Again(t, a, "b")
	if _, ok, err := a.Acquire(t.Context(), "chat/W1", time.Minute); err != nil || !ok {
		t.Fatal(ok, err)
	}
	before := time.Now().Add(50 * time.Second).UnixMicro()
	if n, err := a.RawExec(t.Context(), "UPDATE leases SET holder = holder WHERE expires > ? AND expires < ?", before, before+20_000_000); err != nil || n != 1 {
		t.Errorf("the lease does not end a minute from the database's now (%v)", err)
	}
	if _, ok, err := b.Acquire(t.Context(), "chat/W1", time.Minute); err != nil || ok {
		t.Fatalf("two daemons hold one lease (%v)", err)
	}
	if _, err := a.RawExec(t.Context(), "UPDATE leases SET expires = CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) - 1000"); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := b.Acquire(t.Context(), "chat/W1", time.Minute); err != nil || !ok {
		t.Fatalf("the lease that ran out was not taken (%v)", err)
	}
}
