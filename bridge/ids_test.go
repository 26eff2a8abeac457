package bridge_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

func TestIDsAreReadAsTheyAreWritten(t *testing.T) {
	id := bridge.ID{Ticket: 12, Seq: 34}
	if got, err := bridge.ParseID(id.String()); err != nil || got != id || id.IsZero() || !(bridge.ID{}).IsZero() {
		t.Errorf("%v, %v", got, err)
	}
	for _, s := range []string{"", "12", "12-", "-34", "0-1", "1-0", "1--1", "a-b", "1-2-3", "99999999999999999999-1"} {
		if got, err := bridge.ParseID(s); !errors.Is(err, bridge.ErrInvalid) {
			t.Errorf("%q is read as %v, %v", s, got, err)
		}
	}
	if got := places[0].String(); got != "chat/W1/C1" {
		t.Error(got)
	}
}

func TestTimesAreStoredToTheMicrosecond(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6789, time.FixedZone("", 3600))
	if got := bridge.FromMicros(bridge.Micros(at)); !got.Equal(at.Truncate(time.Microsecond)) || got.Location() != time.UTC {
		t.Error(got)
	}
	if bridge.Micros(time.Time{}) != 0 || !bridge.FromMicros(0).IsZero() {
		t.Error("no time is not zero")
	}
}

// FuzzParseID: what is accepted is written back as the same ID.
func FuzzParseID(f *testing.F) {
	f.Add("12-34")
	f.Add("+1-2")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := bridge.ParseID(s)
		if err != nil {
			return
		}
		if again, err := bridge.ParseID(id.String()); err != nil || again != id || id.Ticket <= 0 || id.Seq <= 0 {
			t.Errorf("%q is %v, then %v, %v", s, id, again, err)
		}
	})
}

// FuzzClean: whatever comes, it is storable and clean already the second time.
func FuzzClean(f *testing.F) {
	f.Add("a\x00b\xff")
	f.Fuzz(func(t *testing.T, s string) {
		once := bridge.Clean(s)
		if bridge.Clean(once) != once {
			t.Errorf("%q becomes %q, then %q", s, once, bridge.Clean(once))
		}
		for _, r := range once {
			if r == 0 {
				t.Errorf("%q keeps a NUL", s)
			}
		}
	})
}
