package slack

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

// shortLife: a connection that ended sooner counts as a failure to connect.
const shortLife = 10 * time.Second

// Reconnected implements bridge.Reconnecting: what was said while there was no
// connection comes only by listing.
func (a *Adapter) Reconnected() bool { return a.reconnected.Swap(false) }

// keepConnected keeps one of the sockets connected until ctx ends. When Slack
// announces that it will close one, the next is opened while the old still receives.
func (a *Adapter) keepConnected(ctx context.Context, n int) error {
	var draining sync.WaitGroup
	defer draining.Wait()
	if err := a.ready(ctx); err != nil {
		return nil
	}
	curve := reconnectCurve()
	blocked := false
	for ctx.Err() == nil {
		s, err := a.connectSocket(ctx)
		if err != nil {
			blocked = a.socketFailed(ctx, err, n, blocked)
			pause := a.rest
			if !blocked {
				pause = retryPause(err, curve)
			}
			chat.Sleep(ctx, pause)
			continue
		}
		if blocked {
			blocked = false
			a.report(ctx, func() error { return a.watcher.Recovered(ctx, a.place("")) })
		}
		a.reconnected.Store(true)
		a.count("connected", "")
		opened := time.Now()
		ended := make(chan string, 1)
		draining.Go(func() { s.read(ctx, ended) })
		reason := <-ended
		a.log.Info("a socket ends", "reason", reason, "socket", n)
		if reason == "link_disabled" {
			blocked = a.socketFailed(ctx, a.refusal("link_disabled", "", "", ""), n, blocked)
			chat.Sleep(ctx, a.rest)
			continue
		}
		if time.Since(opened) < shortLife {
			chat.Sleep(ctx, curve.NextBackOff())
		} else {
			curve.Reset()
		}
	}
	return nil
}

// reconnectCurve is how the pauses between attempts grow. It never gives up.
func reconnectCurve() *backoff.ExponentialBackOff {
	curve := backoff.NewExponentialBackOff()
	curve.InitialInterval = 200 * time.Millisecond
	curve.MaxInterval = 30 * time.Second
	curve.MaxElapsedTime = 0
	curve.Reset()
	return curve
}

func retryPause(err error, curve *backoff.ExponentialBackOff) time.Duration {
	var se *bridge.SurfaceError
	pause := curve.NextBackOff()
	if errors.As(err, &se) {
		pause = max(pause, se.After)
	}
	return pause
}

// socketFailed reports once what a person has to mend, and says whether that is so.
func (a *Adapter) socketFailed(ctx context.Context, err error, n int, blocked bool) bool {
	if ctx.Err() != nil {
		return blocked
	}
	a.count("connect failed", "")
	var se *bridge.SurfaceError
	if !errors.As(err, &se) || se.Class != bridge.Unauthorized {
		a.log.Warn("a socket was not connected", "err", err, "socket", n)
		return false
	}
	if !blocked {
		remedy := se.Remedy
		if refusedToken(se.Code) {
			remedy = "Create a new app-level token (xapp-…) with the scope connections:write for the Slack app and put it into the configuration."
		}
		a.log.Error("no messages can be received", "code", se.Code, "remedy", remedy)
		a.report(ctx, func() error { return a.watcher.Blocked(ctx, a.place(""), NotReceiving, remedy) })
	}
	return true
}

// refusedToken reports whether a code is about the token that was used.
func refusedToken(code string) bool {
	switch code {
	case "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope", "not_allowed_token_type":
		return true
	}
	return false
}
