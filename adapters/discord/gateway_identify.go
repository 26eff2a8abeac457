package discord

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// identity is who the token says we are.
type identity struct {
	user string // the bot's account
	app  string // its application
	name string
}

func (g *gateway) self() identity {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.me
}

// ready waits until we know who we are: before that our own posts could be taken for
// somebody else's.
func (g *gateway) ready(ctx context.Context) error {
	select {
	case <-g.identified:
		return nil
	default:
	}
	select {
	case <-g.identified:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait until the bot is known: %w", ctx.Err())
	}
}

// knowing is ready for what the relay asks: looking for our own posts before we know
// which are ours would find none and post them again.
func (g *gateway) knowing(ctx context.Context) error {
	if err := g.ready(ctx); err != nil {
		return &bridge.SurfaceError{Class: bridge.Transient, Code: "not_identified", Err: err}
	}
	return nil
}

// identify asks who we are until there is an answer.
func (a *Adapter) identify(ctx context.Context) error {
	curve := reconnectCurve(a.Timing.Reconnect, a.Timing.ReconnectMost)
	for {
		err := a.askWho(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return nil
		}
		pause := curve.NextBackOff()
		var se *bridge.SurfaceError
		if errors.As(err, &se) {
			pause = max(pause, se.After)
			if se.Class == bridge.Unauthorized {
				a.blockAll(ctx, se.Code, se.Remedy)
				pause = a.Timing.IdentifyMost
			}
		}
		a.Log.Warn("the bot is not known yet", "err", err)
		a.rest(ctx, pause)
	}
}

// askWho learns the bot's account and application.
// https://docs.discord.com/developers/resources/application#get-current-application
func (a *Adapter) askWho(ctx context.Context) error {
	var me user
	if err := a.ask(ctx, request{method: http.MethodGet, path: "users/@me"}, &me); err != nil {
		return fmt.Errorf("ask who the bot is: %w", err)
	}
	var app struct {
		ID string `json:"id"`
	}
	if err := a.ask(ctx, request{method: http.MethodGet, path: "applications/@me"}, &app); err != nil {
		return fmt.Errorf("ask which application the bot is of: %w", err)
	}
	if !validID(me.ID) || !validID(app.ID) {
		return errors.New("ask who the bot is: the answer has no id")
	}
	a.gateway.mu.Lock()
	a.me = identity{user: me.ID, app: app.ID, name: cmp.Or(me.Global, me.Username)}
	a.gateway.mu.Unlock()
	a.known.Do(func() { close(a.identified) })
	return nil
}

// askTime is how long a question to the REST API may take, with the waits for its turn.
const askTime = 15 * time.Second

// ask asks the REST API something, and waits for its turn when that comes in time.
func (a *Adapter) ask(ctx context.Context, r request, into any) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	until := time.Now().Add(askTime)
	for {
		err := a.client.do(ctx, r, into)
		var se *bridge.SurfaceError
		if ctx.Err() != nil || !errors.As(err, &se) || se.Class != bridge.RateLimited || time.Until(until) < se.After {
			return err
		}
		a.rest(ctx, max(se.After, 20*time.Millisecond))
	}
}
