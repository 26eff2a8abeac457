package bridge

import (
	"testing"
	"time"
)

func TestEveryClassOfFailureHasOneVerdict(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	for _, c := range []struct {
		name     string
		err      SurfaceError
		attempts int
		spread   float64
		want     verdict
	}{
		{"transient, first", SurfaceError{Class: Transient}, 0, 0, verdict{actDefer, now.Add(500 * time.Millisecond), false}},
		{"transient, second", SurfaceError{Class: Transient}, 1, 0, verdict{actDefer, now.Add(time.Second), false}},
		{"transient, fifth", SurfaceError{Class: Transient}, 4, 0, verdict{actDefer, now.Add(8 * time.Second), false}},
		{"transient, spread", SurfaceError{Class: Transient}, 4, 0.5, verdict{actDefer, now.Add(9 * time.Second), false}},
		{"transient, for days", SurfaceError{Class: Transient}, 1_000_000, 0, verdict{actDefer, now.Add(retryMost), false}},
		{"uncertain is transient", SurfaceError{Class: Transient, Uncertain: true}, 0, 0, verdict{actDefer, now.Add(500 * time.Millisecond), false}},
		{"limited", SurfaceError{Class: RateLimited, After: 30 * time.Second}, 7, 0, verdict{actDefer, now.Add(30 * time.Second), true}},
		{"limited, spread never shortens it", SurfaceError{Class: RateLimited, After: 30 * time.Second}, 7, 0.5, verdict{actDefer, now.Add(30*time.Second + 500*time.Millisecond), true}},
		{"limited without a time", SurfaceError{Class: RateLimited}, 0, 0, verdict{actDefer, now.Add(100 * time.Millisecond), true}},
		{"rejected", SurfaceError{Class: Rejected}, 0, 0, verdict{action: actReject}},
		{"gone", SurfaceError{Class: Gone}, 0, 0, verdict{action: actPark}},
		{"unauthorized", SurfaceError{Class: Unauthorized}, 0, 0, verdict{actBlock, now, true}},
		{"a class of a later version", SurfaceError{Class: 99}, 0, 0, verdict{actDefer, now.Add(500 * time.Millisecond), false}},
	} {
		if got := decideRetry(&c.err, c.attempts, now, c.spread); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestRetriesGrowAndNeverEnd(t *testing.T) {
	before := time.Duration(0)
	for attempts := range 100 {
		wait := retryWait(attempts)
		if wait < before || wait > retryMost {
			t.Fatalf("attempt %d waits %s after %s", attempts, wait, before)
		}
		before = wait
	}
	if before != retryMost {
		t.Errorf("it ends at %s", before)
	}
	for range 1000 {
		if j := jitter(); j < 0 || j >= 1 {
			t.Fatalf("jitter %g", j)
		}
	}
}

func TestDoubtIsLookedIntoThriceAndThenOver(t *testing.T) {
	begun := time.Unix(1_700_000_000, 0)
	doubt := 30 * time.Second
	now := begun
	var looks []time.Duration
	for {
		next := nextLook(begun, now, doubt)
		if !next.After(now) {
			break
		}
		looks = append(looks, next.Sub(begun))
		now = next
	}
	if len(looks) != 3 || looks[0] != 2*time.Second || looks[1] != 10*time.Second || looks[2] != doubt {
		t.Errorf("looks after %v", looks)
	}
	if got := nextLook(time.Time{}, now, doubt); !got.Equal(now) {
		t.Errorf("a call of an earlier life is looked for until %s", got)
	}
}

func TestClassesHaveNames(t *testing.T) {
	want := map[Class]string{
		Transient: "transient", RateLimited: "rate-limited", Rejected: "rejected", Gone: "gone", Unauthorized: "unauthorized",
	}
	for c, name := range want {
		if c.String() != name {
			t.Errorf("class %d is called %q", c, c)
		}
	}
}

func TestUnclassifiedErrorsMayHaveTakenEffect(t *testing.T) {
	if e := AsSurfaceError(errTooLong); e.Class != Transient || !e.Uncertain {
		t.Errorf("%+v", e)
	}
	mine := &SurfaceError{Class: Gone, Code: "is_archived"}
	if AsSurfaceError(mine) != mine || mine.Error() != "gone (is_archived)" {
		t.Errorf("%v", mine)
	}
}

func TestLaterRevisionsAreLongerOrGreater(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"2", "1", true},
		{"10", "9", true},
		{"9", "10", false},
		{"1", "1", false},
		{"1", "", true},
		{"", "", false},
		{"1700000000.000200", "1700000000.000100", true},
	} {
		if got := laterRev(c.a, c.b); got != c.want {
			t.Errorf("%q later than %q: %t", c.a, c.b, got)
		}
	}
}

func TestTypeIsWhatTheBytesAllow(t *testing.T) {
	png := []byte("\x89PNG\r\n\x1a\n")
	html := []byte("<!DOCTYPE html><script>alert(1)</script>")
	for _, c := range []struct {
		claimed string
		head    []byte
		want    string
	}{
		{"image/png", png, "image/png"},
		{"", png, "image/png"},
		{"image/png", html, "text/html; charset=utf-8"},
		{"text/csv; charset=utf-8", []byte("a,b"), "text/csv"},
		{"nonsense type", []byte("a,b"), "text/plain; charset=utf-8"},
	} {
		if got := safeType(c.claimed, c.head); got != c.want {
			t.Errorf("%q with %q is %q, want %q", c.claimed, c.head, got, c.want)
		}
	}
}
