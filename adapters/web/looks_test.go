package web

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
)

func lookingBy(read func(context.Context, string, int64, int64) (*bridge.State, error)) *looks {
	return newLooks(read, func(context.Context, *bridge.State) (names, error) { return names{}, nil })
}

func TestPagesThatWakeTogetherLookOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Int64
		l := lookingBy(func(context.Context, string, int64, int64) (*bridge.State, error) {
			reads.Add(1)
			time.Sleep(10 * time.Millisecond)
			return bridge.NewState(time.Now()), nil
		})
		ring := make(chan struct{})
		got := make(chan *look, 100)
		for range cap(got) {
			go func() {
				k, err := l.since(t.Context(), ring, "bob", 1, 7)
				if err != nil {
					t.Error(err)
				}
				got <- k
			}()
		}
		first := <-got
		for range cap(got) - 1 {
			if k := <-got; k != first {
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
		l := lookingBy(func(context.Context, string, int64, int64) (*bridge.State, error) {
			reads.Add(1)
			return bridge.NewState(time.Now()), nil
		})
		look := func(ring chan struct{}, after int64, want int64) {
			t.Helper()
			if _, err := l.since(t.Context(), ring, "bob", 1, after); err != nil {
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
		synctest.Wait()
		l.mu.Lock()
		defer l.mu.Unlock()
		if len(l.made) != 0 {
			t.Fatalf("%d looks are kept for nobody", len(l.made))
		}
	})
}

func TestALookOutlivesThePageThatBeganIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lookingBy(func(ctx context.Context, _ string, _, _ int64) (*bridge.State, error) {
			time.Sleep(10 * time.Millisecond)
			return bridge.NewState(time.Now()), ctx.Err()
		})
		ring := make(chan struct{})
		ctx, leave := context.WithCancel(t.Context())
		go func() { _, _ = l.since(ctx, ring, "bob", 1, 7) }()
		synctest.Wait()
		leave()
		if _, err := l.since(t.Context(), ring, "bob", 1, 7); err != nil {
			t.Fatalf("another page's look failed with it: %v", err)
		}
	})
}

func TestAFailedLookIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := errors.New("the database is away")
		l := lookingBy(func(context.Context, string, int64, int64) (*bridge.State, error) { return nil, away })
		ring := make(chan struct{})
		if _, err := l.since(t.Context(), ring, "bob", 1, 7); !errors.Is(err, away) {
			t.Fatal(err)
		}
		synctest.Wait()
		l.read = func(context.Context, string, int64, int64) (*bridge.State, error) {
			return bridge.NewState(time.Now()), nil
		}
		if _, err := l.since(t.Context(), ring, "bob", 1, 7); err != nil {
			t.Fatal(err)
		}
	})
}

func TestALookAtARestrictedConversationIsEachPersonsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		id := bridge.ID{Ticket: 1, Seq: 2}
		var mu sync.Mutex
		reads := map[string]int{}
		l := lookingBy(func(_ context.Context, viewer string, _, _ int64) (*bridge.State, error) {
			mu.Lock()
			defer mu.Unlock()
			reads[viewer]++
			st := bridge.NewState(time.Now())
			st.Conversations[id] = &bridge.Conversation{ID: id, Restricted: 2}
			if viewer != bridge.SeesAll && viewer != "member" {
				st.Veil(map[bridge.ID]bool{id: true})
			}
			return st, nil
		})
		ring := make(chan struct{})
		for range 3 {
			for viewer, want := range map[string]int{"member": 1, "other": 0, "": 0} {
				k, err := l.since(t.Context(), ring, viewer, 1, 7)
				if err != nil || len(k.st.Conversations) != want {
					t.Errorf("%q sees %d restricted conversations, want %d, %v", viewer, len(k.st.Conversations), want, err)
				}
			}
		}
		want := map[string]int{bridge.SeesAll: 1, "member": 1, "other": 1, "": 1}
		if diff := cmp.Diff(want, reads); diff != "" {
			t.Error(diff)
		}
	})
}

func TestPagesThatWakeTogetherReadTheNamesOnce(t *testing.T) {
	var reads atomic.Int64
	l := newLooks(
		func(context.Context, string, int64, int64) (*bridge.State, error) {
			return bridge.NewState(time.Now()), nil
		},
		func(context.Context, *bridge.State) (names, error) { reads.Add(1); return names{}, nil },
	)
	ring := make(chan struct{})
	var pages sync.WaitGroup
	for range 20 {
		pages.Go(func() {
			k, err := l.since(t.Context(), ring, "bob", 1, 7)
			if err == nil {
				_, err = k.names()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	pages.Wait()
	if n := reads.Load(); n != 1 {
		t.Errorf("the names were read %d times", n)
	}
}
