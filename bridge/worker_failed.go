package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// The reasons for parking that no probe can lift.
const (
	ParkedUncertain = "uncertain"
	ParkedThread    = "thread_deleted"
	ParkedDefect    = "defect"
)

// failed does what the schedule says of a failed call. It returns errStop when
// the mirror's turn is over, errRejected when a note takes the entry's place.
func (t *turn) failed(key DeliveryKey, e *SurfaceError) error {
	if errors.Is(context.Cause(t.h.calls), ErrFenced) {
		return ErrFenced
	}
	v := decideRetry(e, t.w.Mirror.Attempts, time.Now(), jitter())
	t.h.r.Count(e.Class.String(), t.h.p.lease())
	t.logFailure(key, e)
	var err error
	switch v.action {
	case actReject:
		_, err = t.append(&Reject{Fence: t.h.fence, Key: key, Reason: e.Code})
		if err != nil {
			return err
		}
		t.w.Deliveries = append(t.w.Deliveries, Delivery{DeliveryKey: key, Done: true, Rejected: e.Code})
		return errRejected
	case actPark:
		_, err = t.append(&Park{Fence: t.h.fence, Key: key, Reason: parkReason(e), Remedy: parkRemedy(e), Error: e.Error(), Uncertain: e.Uncertain})
	case actBlock:
		t.h.block(t.h.calls, e)
		fallthrough
	default:
		_, err = t.append(&Defer{Fence: t.h.fence, Key: key, Until: v.until, Error: e.Error(), Uncertain: e.Uncertain, Held: v.held})
	}
	return stopped(err)
}

// stopped ends a turn: as planned, or because that the mirror waits could not be recorded.
func stopped(err error) error {
	if err != nil {
		return err
	}
	return errStop
}

func parkReason(e *SurfaceError) string {
	if e.Code == "" {
		return e.Class.String()
	}
	return e.Code
}

func parkRemedy(e *SurfaceError) string {
	if e.Remedy == "" {
		return fmt.Sprintf("The surface answered %q. Mend the cause there, then resume the mirror.", parkReason(e))
	}
	return e.Remedy
}

// logFailure logs the first failure of a mirror at full voice; the same again is for the metrics.
func (t *turn) logFailure(key DeliveryKey, e *SurfaceError) {
	level := slog.LevelDebug
	if t.w.Mirror.Attempts == 0 && e.Class != RateLimited {
		level = slog.LevelWarn
	}
	t.log.Log(t.h.calls, level, "delivery failed", "seq", key.Seq, "part", key.Part, "class", e.Class.String(), "code", e.Code, "uncertain", e.Uncertain, "error", e.Err)
}
