package bridge_test

import (
	"testing"
	"testing/synctest"

	"github.com/sidebridge/sidebridge/bridge"
)

func rung(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

func TestBellWakesThoseWhoWaitForIt(t *testing.T) {
	b := bridge.NewBell()
	all, one, two := b.Any(), b.Ticket(1), b.Ticket(2)
	b.Ring(1)
	if !rung(all) || !rung(one) || rung(two) {
		t.Errorf("after ticket 1: all %t, one %t, two %t", rung(all), rung(one), rung(two))
	}
	all, one = b.Any(), b.Ticket(1)
	if rung(all) || rung(one) {
		t.Error("a ring is heard by those who came later")
	}
	b.Ring()
	if !rung(all) || rung(one) || rung(two) {
		t.Error("a ring for no ticket woke the wrong ones")
	}
	b.RingAll()
	if !rung(one) || !rung(two) {
		t.Error("a ring for all left somebody asleep")
	}
}

// TestBellLosesNoRing: who takes the channel before looking cannot miss what was
// done after the look.
func TestBellLosesNoRing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bridge.NewBell()
		done := make(chan int)
		work := 0
		go func() { // ends when it has seen all work
			seen := 0
			for seen < 100 {
				ch := b.Any()
				if work > seen {
					seen = work
					continue
				}
				<-ch
			}
			done <- seen
		}()
		for range 100 {
			synctest.Wait()
			work++
			b.Ring()
		}
		if seen := <-done; seen != 100 {
			t.Errorf("saw %d", seen)
		}
	})
}
