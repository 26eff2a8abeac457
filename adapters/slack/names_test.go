package slack

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

func TestNamesAreRememberedAndFailuresNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		answer := errors.New("down")
		n := newNames(time.Now, formerMember, func(context.Context, string) (string, error) {
			asked.Add(1)
			return "Anders", answer
		})
		ask := func() string { return n.of(asking{t.Context(), time.Now().Add(time.Second)}, "U1") }
		for range 3 {
			if name := ask(); name != "" {
				t.Errorf("a failed lookup gave %q", name)
			}
		}
		if asked.Load() != 1 {
			t.Errorf("asked %d times while it failed", asked.Load())
		}
		time.Sleep(nameRetry)
		answer = nil
		if name := ask(); name != "Anders" || ask() != "Anders" || asked.Load() != 2 {
			t.Errorf("%q after %d questions", name, asked.Load())
		}
		time.Sleep(nameAge)
		answer = errUnknownID
		if name := ask(); name != "Anders" {
			t.Errorf("somebody who left is called %q", name)
		}
		if name := n.of(asking{t.Context(), time.Now().Add(time.Second)}, "U2"); name != formerMember {
			t.Errorf("somebody unknown is called %q", name)
		}
	})
}

func TestManyMessagesAskForOneNameOnceAndNoLongerThanTheyMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		n := newNames(time.Now, formerMember, func(context.Context, string) (string, error) {
			asked.Add(1)
			time.Sleep(2 * time.Second)
			return "Anders", nil
		})
		start := time.Now()
		var waiting sync.WaitGroup
		for range 50 {
			waiting.Go(func() {
				if name := n.of(asking{t.Context(), start.Add(nameBudget)}, "U1"); name != "" {
					t.Errorf("%q", name)
				}
			})
		}
		waiting.Wait()
		if waited := time.Since(start); waited != nameBudget || asked.Load() != 1 {
			t.Errorf("waited %v, asked %d times", waited, asked.Load())
		}
		time.Sleep(time.Second)
		if name := n.of(asking{}, "U1"); name != "Anders" {
			t.Errorf("the late answer was not kept: %q", name)
		}
	})
}

func TestNamesDoNotGrowWithoutBound(t *testing.T) {
	n := newNames(time.Now, "", nil)
	for i := range maxNames + 10 {
		n.learn(fmt.Sprint("U", i), "x", nameAge)
	}
	if len(n.known) > maxNames {
		t.Errorf("%d names", len(n.known))
	}
}

func TestBudgetTakesFromAllBucketsOrFromNone(t *testing.T) {
	now := time.Unix(1700000000, 0)
	l := newLimits(Budget{PostsPerMinute: 60, PostInterval: time.Second, History: 1}, func() time.Time { return now })
	if wait := l.take("chat.postMessage", "#C1"); wait != 0 {
		t.Fatalf("the first post waits %v", wait)
	}
	for range 100 {
		if wait := l.take("chat.postMessage", "#C1"); wait != time.Second {
			t.Fatalf("the second post in the channel waits %v", wait)
		}
	}
	if wait := l.take("chat.postMessage", "#C2"); wait != 0 {
		t.Errorf("refused posts used up the workspace's budget: wait %v", wait)
	}
	l.freeze("chat.postMessage", 30*time.Second)
	if l.take("chat.postMessage", "#C3") != 30*time.Second || l.take("chat.update") != 0 || l.look("#C3") != 0 {
		t.Error("a freeze closes more, or less, than its bucket")
	}
	now = now.Add(31 * time.Second)
	if wait := l.take("chat.postMessage", "#C3"); wait != 0 {
		t.Errorf("after the freeze it waits %v", wait)
	}
	if l.take("conversations.replies") != 0 || l.take("conversations.replies") != time.Minute {
		t.Error("an unlisted app's listings are one a minute")
	}
}

// A thousand busy channels cannot all be asked about within five minutes.
func TestAnOlderAnswerServesWhileChannelsCannotBeAskedAboutAndNothingWasHeard(t *testing.T) {
	now := time.Now()
	answer := error(nil)
	c := newChannelCache(func() time.Time { return now }, func(context.Context, string) (info, error) {
		return info{name: "billing"}, answer
	})
	get := func() error { _, err := c.get(t.Context(), "C1"); return err }
	check(t, get())
	answer = &bridge.SurfaceError{Class: bridge.RateLimited, Code: "budget"}
	now = now.Add(infoAge)
	check(t, get())
	c.forget("C1")
	if get() == nil {
		t.Error("an answer from before the event served")
	}
	answer = nil
	check(t, get())
	answer = &bridge.SurfaceError{Class: bridge.RateLimited, Code: "budget"}
	now = now.Add(infoLast)
	if get() == nil {
		t.Error("an answer of an hour ago served")
	}
}
