package bridge

import (
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// The bounds of the retry curve. It starts quick, since most failures are a
// single lost packet, and ends slow enough that a thousand mirrors of a dead
// workspace are no load.
const (
	retryFirst = 500 * time.Millisecond
	retryMost  = 5 * time.Minute
)

// action is what the schedule makes of a failed call.
type action int

const (
	actDefer  action = iota // try again at until
	actReject               // leave a note in its place and go on
	actPark                 // a person is needed for this mirror
	actBlock                // a person is needed for the workspace
)

// verdict is the schedule's decision.
type verdict struct {
	action action
	until  time.Time
	// held: the platform or a budget said wait, which is no failure.
	held bool
}

// decideRetry is the only reader of error classes: a pure function of the error,
// the attempts already stored, and the time. spread in [0,1) gives the jitter.
func decideRetry(e *SurfaceError, attempts int, now time.Time, spread float64) verdict {
	switch e.Class {
	case RateLimited:
		wait := max(e.After, 100*time.Millisecond)
		return verdict{action: actDefer, until: now.Add(wait + time.Duration(spread*float64(min(wait/4, time.Second)))), held: true}
	case Rejected:
		return verdict{action: actReject}
	case Gone:
		return verdict{action: actPark}
	case Unauthorized:
		// The block holds everything back, so that all can go when it is lifted.
		return verdict{action: actBlock, until: now, held: true}
	default:
		wait := retryWait(attempts)
		return verdict{action: actDefer, until: now.Add(wait + time.Duration(spread*float64(wait)/4))}
	}
}

// retryWait steps cenkalti/backoff's curve to the stored attempt. Its own state
// would not survive a restart, our column does.
func retryWait(attempts int) time.Duration {
	curve := backoff.ExponentialBackOff{
		InitialInterval: retryFirst, RandomizationFactor: 0, Multiplier: 2,
		MaxInterval: retryMost, MaxElapsedTime: 0, Stop: backoff.Stop, Clock: backoff.SystemClock,
	}
	curve.Reset()
	wait := curve.NextBackOff()
	for range min(attempts, 32) {
		wait = curve.NextBackOff()
	}
	return wait
}

// jitter is the randomness given to decideRetry outside tests.
func jitter() float64 { return rand.Float64() }

// nextLook returns when to look again for a call of unknown outcome that was
// begun at begun: soon, then later, then once more when the doubt ends.
// (platforms: Slack's index is quick as a rule and slow at times.)
func nextLook(begun, now time.Time, doubt time.Duration) time.Time {
	for _, part := range []time.Duration{doubt / 15, doubt / 3, doubt} {
		if at := begun.Add(part); at.After(now) {
			return at
		}
	}
	return now
}
