package bridge_test

import (
	"maps"
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

func TestBellTellsWhichTicketsWereRung(t *testing.T) {
	b := bridge.NewBell()
	_, mark, known := b.Since(0)
	if known {
		t.Error("who asks for the first time is told that nothing changed")
	}
	b.Ring(3, 4)
	b.Ring(3)
	got, mark, known := b.Since(mark)
	if want := map[int64]bool{3: true, 4: true}; !known || !maps.Equal(got, want) {
		t.Errorf("after three rings: %v, known %t", got, known)
	}
	if got, _, known := b.Since(mark); !known || len(got) > 0 {
		t.Errorf("after none: %v, known %t", got, known)
	}
	b.RingAll()
	if _, _, known := b.Since(mark); known {
		t.Error("a ring for all is told as rings for some")
	}
	_, mark, _ = b.Since(mark)
	for i := range int64(2000) {
		b.Ring(i + 1)
	}
	if _, _, known := b.Since(mark); known {
		t.Error("forgotten rings are told as none")
	}
}
