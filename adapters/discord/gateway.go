package discord

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/gorilla/websocket"
	"golang.org/x/sync/errgroup"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

const (
	// resumeTries is how often in a row a session is tried to be resumed without one
	// event more than before. Then it is given up for a new one.
	resumeTries = 5
	// gapMost is how long we may have been away before threads are listed although
	// Discord has replayed what we missed.
	gapMost = time.Minute
)

// gateway is the one connection by which Discord tells us what happens.
type gateway struct {
	mu sync.Mutex
	me identity

	identified chan struct{} // closed when me is known
	known      sync.Once
	dialer     *websocket.Dialer
	files      *http.Client // takes bytes as they are, and never a token

	place    *keeper
	places   *threads
	called   *names
	shown    *pictures
	failing  failures
	breaker  chat.Breaker
	looked   looks
	answers  chan interaction
	registry *registry
	outages  outages
	blocked  atomic.Bool
	greeted  atomic.Bool  // the first connection of this process was made
	gapsSeen atomic.Int64 // for who does not hold the lease
	leased   atomic.Int64 // until when we hold it, in nanoseconds since 1970
}

func (g *gateway) init(a *Adapter) {
	g.identified = make(chan struct{})
	g.dialer = &websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: a.Timing.Handshake}
	g.files = &http.Client{Transport: a.Transport, CheckRedirect: chat.NoRedirects}
	if a.Transport == nil {
		plain := chat.NewTransport()
		plain.DisableCompression = true
		g.files.Transport = plain
	}
	g.place = newKeeper(a.Now)
	g.places = newThreads()
	g.called = newNames()
	g.shown = newPictures(a.Now)
	g.outages = outages{since: map[string]time.Time{}}
	g.registry = newRegistry()
	g.answers = make(chan interaction, maxAnswers)
	g.gapsSeen.Store(-1) // not looked at yet
}

// keepConnected does all that goes on by itself until ctx ends: it finds out who we
// are, holds the connection or waits for the daemon that does, and answers presses.
func (a *Adapter) keepConnected(ctx context.Context) error {
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error { return a.identify(running) })
	for range answerWorkers {
		group.Go(func() error { return a.answerPeople(running) })
	}
	group.Go(func() error { return a.keepCommands(running) })
	group.Go(func() error { return a.takeTurns(running) })
	return group.Wait()
}

// rest waits, unless ctx ends.
func (g *gateway) rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// restLong waits until what a person has to mend seems mended, which costs nothing to
// look at, or until it is time to try again: each try may cost one of a thousand a day.
func (a *Adapter) restLong(ctx context.Context) {
	const looks = 10
	was := a.mended(ctx)
	for range looks {
		a.rest(ctx, a.Timing.IdentifyMost/looks)
		if ctx.Err() != nil {
			return
		}
		is := a.mended(ctx)
		if is && !was {
			return
		}
		was = is
	}
}

// mended reports whether the token works, and the application may read messages.
func (a *Adapter) mended(ctx context.Context) bool {
	return a.askWho(ctx) == nil && a.checkIntents(ctx).OK
}

// reconnectCurve is how the waits between attempts grow. It never gives up.
func reconnectCurve(from, most time.Duration) *backoff.ExponentialBackOff {
	curve := backoff.NewExponentialBackOff()
	curve.InitialInterval = from
	curve.Multiplier = 2
	curve.RandomizationFactor = 0.25
	curve.MaxInterval = most
	curve.MaxElapsedTime = 0
	curve.Reset()
	return curve
}

// follower keeps one connection after the other while the lease is held.
type follower struct {
	a         *Adapter
	reconnect *backoff.ExponentialBackOff
	identify  *backoff.ExponentialBackOff
	// notBefore is when a session may be begun again.
	notBefore time.Time
	// fruitless counts the attempts to resume that brought nothing.
	fruitless int
}

// follow connects again and again until ctx ends. Every way through the loop waits,
// but for the one after a connection that lived.
func (a *Adapter) follow(ctx context.Context) {
	f := &follower{
		a:         a,
		reconnect: reconnectCurve(a.Timing.Reconnect, a.Timing.ReconnectMost),
		identify:  reconnectCurve(a.Timing.Identify, a.Timing.IdentifyMost),
	}
	f.identify.RandomizationFactor = 0 // there may be one in five seconds
	a.place.load(ctx, a)
	if now := a.place.now().Gaps; a.gapsSeen.Load() >= 0 && a.gapsSeen.Swap(now) != now {
		a.listAll() // the last holder missed something, and ended before we looked
	}
	for ctx.Err() == nil {
		address, err := f.address(ctx)
		if err != nil {
			f.failed(ctx, err)
			continue
		}
		before := a.place.now()
		end := a.connect(ctx, address, before)
		if ctx.Err() != nil {
			return
		}
		f.after(ctx, before, end)
	}
}

// address returns where to connect: where the session is, or where sessions begin.
func (f *follower) address(ctx context.Context) (string, error) {
	if p := f.a.place.now(); p.ID != "" {
		return p.URL, nil
	}
	f.a.rest(ctx, time.Until(f.notBefore))
	info, err := f.a.askGateway(ctx)
	if err != nil {
		return "", err
	}
	f.notBefore = time.Now().Add(f.identify.NextBackOff())
	return info.URL, nil
}

// failed takes what stands in the way of a connection.
func (f *follower) failed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	f.a.Count("connect failed", "")
	var se *bridge.SurfaceError
	switch {
	case !errors.As(err, &se):
		f.a.Log.Warn("the gateway was not found", "err", err)
		f.a.rest(ctx, f.reconnect.NextBackOff())
	case se.Class == bridge.Unauthorized:
		f.a.blockAll(ctx, se.Code, se.Remedy)
		f.a.restLong(ctx)
	case se.Code == codeBudget:
		f.a.blockAll(ctx, NotReceiving, se.Remedy)
		// Its end is known, and looked at again and again, since resetting the token ends it too.
		f.a.rest(ctx, min(se.After, f.a.Timing.IdentifyMost))
	default:
		f.a.Log.Warn("the gateway was not found", "err", err)
		f.a.rest(ctx, max(se.After, f.reconnect.NextBackOff()))
	}
}

// after decides what follows the end of a connection.
func (f *follower) after(ctx context.Context, before position, end ending) {
	f.a.Count("disconnected", end.reason)
	f.a.Log.Info("a gateway connection ended", "reason", end.reason, "code", end.code, "err", end.err)
	lived := f.lived(before, end)
	switch {
	case end.remedy != "":
		f.a.place.drop()
		f.a.blockAll(ctx, NotReceiving, end.remedy)
		f.a.restLong(ctx)
		return
	case end.fresh, f.fruitless >= resumeTries && f.reachable(ctx):
		f.fruitless = 0
		f.a.place.drop()
	}
	switch {
	case end.invalid:
		// https://docs.discord.com/developers/events/gateway#resuming asks for 1 to 5 s.
		f.a.rest(ctx, time.Duration((1+4*rand.Float64())*float64(f.a.Timing.Reconnect)))
	case !lived || end.slow:
		f.a.rest(ctx, f.reconnect.NextBackOff())
	}
}

// lived takes note of how a connection went, and reports whether it lived long enough
// for the next one to be made at once.
func (f *follower) lived(before position, end ending) bool {
	if end.ready.IsZero() {
		if before.ID != "" && !end.ours && f.a.place.now().Seq <= before.Seq {
			f.fruitless++
		}
		return false
	}
	f.fruitless = 0
	if !end.ours {
		f.reconnect.Reset()
	}
	if time.Since(end.ready) >= f.a.Timing.Identify {
		f.identify.Reset()
	}
	return time.Since(end.ready) >= f.a.Timing.Reconnect
}

// reachable reports whether Discord is there at all: a network that is down is no
// reason to give up a session.
func (f *follower) reachable(ctx context.Context) bool {
	_, err := f.a.askGateway(ctx)
	var se *bridge.SurfaceError
	return err == nil || errors.As(err, &se) && se.Code == codeBudget
}
