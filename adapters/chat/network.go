package chat

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// NetworkCode is the code of a call that got no answer.
func NetworkCode(err error) string {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return "timeout"
	}
	return "network"
}

// WithoutAddress takes addresses out of a call's error: that of an upload, a webhook or
// a socket is a key to it.
func WithoutAddress(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return fmt.Errorf("%s: %w", op.Op, op.Err)
	}
	return err
}

// Unreachable reports whether a call failed because the platform could not be reached,
// and says what to look at. It names no address: some are keys.
func Unreachable(platform string, err error) (remedy string, yes bool) {
	var se *bridge.SurfaceError
	if !errors.As(err, &se) || (se.Code != "network" && se.Code != "timeout") {
		return "", false
	}
	cause := "no answer in time"
	if se.Code == "network" && se.Err != nil {
		cause = WithoutAddress(se.Err).Error()
	}
	return fmt.Sprintf("%s could not be reached from this machine: %s. Look at DNS, the firewall and the proxy.", platform, cause), true
}

// Sleep waits, and reports false when ctx ends, or would end, before.
func Sleep(ctx context.Context, d time.Duration) bool {
	if end, ok := ctx.Deadline(); ok && time.Until(end) < d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// maxRepeats is how often a question is asked again whose answer was lost.
const maxRepeats = 3

// Repeat makes a call that can be repeated: it waits for the budget and through refusals
// for being too fast, and tries again after a lost answer, as long as ctx lasts. An
// error whose code is final is not repeated.
func Repeat(ctx context.Context, final string, call func() error) error {
	for tries := 0; ; {
		err := call()
		var se *bridge.SurfaceError
		if err == nil || !errors.As(err, &se) {
			return err
		}
		var wait time.Duration
		switch se.Class {
		case bridge.RateLimited:
			wait = se.After
		case bridge.Transient:
			if tries++; tries > maxRepeats || final != "" && se.Code == final {
				return err
			}
			wait = time.Duration(tries*tries) * 500 * time.Millisecond
		default:
			return err
		}
		if !Sleep(ctx, wait) {
			return err
		}
	}
}
