package web

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

func TestPagesThatWakeTogetherLookOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Int64
		l := newLooks(func(context.Context, int64, int64) (*bridge.State, error) {
			reads.Add(1)
			time.Sleep(10 * time.Millisecond)
			return bridge.NewState(time.Now()), nil
		})
		ring := make(chan struct{})
		got := make(chan *bridge.State, 100)
		for range cap(got) {
			go func() {
				st, err := l.since(t.Context(), ring, 1, 7)
				if err != nil {
					t.Error(err)
				}
				got <- st
			}()
		}
		first := <-got
		for range cap(got) - 1 {
			if st := <-got; st != first {
				t.Fatal("two pages that woke together have different looks")
			}
		}
		if n := reads.Load(); n != 1 {
			t.Fatalf("%d looks for pages that woke together, want 1", n)
		}
	})
}

func TestNewsIsNeverAnsweredByAnEarlierLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Int64
		l := newLooks(func(context.Context, int64, int64) (*bridge.State, error) {
			reads.Add(1)
			return bridge.NewState(time.Now()), nil
		})
		look := func(ring chan struct{}, after int64, want int64) {
			t.Helper()
			if _, err := l.since(t.Context(), ring, 1, after); err != nil {
				t.Fatal(err)
			}
			if n := reads.Load(); n != want {
				t.Fatalf("%d looks, want %d", n, want)
			}
		}
		before, later := make(chan struct{}), make(chan struct{})
		look(before, 7, 1)
		look(before, 7, 1)
		look(later, 7, 2)  // the bell was rung
		look(before, 6, 3) // a page that is further behind
		time.Sleep(lookKept + time.Millisecond)
		look(later, 7, 4) // mirrors move without an entry, so no look lasts
		time.Sleep(lookKept + time.Millisecond)
		if len(l.made) != 0 {
			t.Fatalf("%d looks are kept for nobody", len(l.made))
		}
	})
}

func TestALookOutlivesThePageThatBeganIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLooks(func(ctx context.Context, _, _ int64) (*bridge.State, error) {
			time.Sleep(10 * time.Millisecond)
			return bridge.NewState(time.Now()), ctx.Err()
		})
		ring := make(chan struct{})
		ctx, leave := context.WithCancel(t.Context())
		go func() { _, _ = l.since(ctx, ring, 1, 7) }()
		synctest.Wait()
		leave()
		if _, err := l.since(t.Context(), ring, 1, 7); err != nil {
			t.Fatalf("another page's look failed with it: %v", err)
		}
	})
}

func TestAFailedLookIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := errors.New("the database is away")
		l := newLooks(func(context.Context, int64, int64) (*bridge.State, error) { return nil, away })
		ring := make(chan struct{})
		if _, err := l.since(t.Context(), ring, 1, 7); !errors.Is(err, away) {
			t.Fatal(err)
		}
		synctest.Wait()
		l.read = func(context.Context, int64, int64) (*bridge.State, error) { return bridge.NewState(time.Now()), nil }
		if _, err := l.since(t.Context(), ring, 1, 7); err != nil {
			t.Fatal(err)
		}
	})
}
