package slack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/slack-go/slack"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

// fatalPause is how long a refused token rests between attempts.
const fatalPause = 5 * time.Minute

// identity is what auth.test says we are. The app's id comes with every event.
type identity struct {
	user, bot, app, name string
	host                 string // of links to the workspace's messages
	base                 string // how they begin
}

func (a *Adapter) self() identity {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.me
}

func (a *Adapter) appName() string { return cmp.Or(a.self().name, "Sidebridge") }

func (a *Adapter) learnScopes(granted string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.granted = granted
}

func (a *Adapter) learnApp(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.me.app == "" {
		a.me.app = id
	}
}

// ready waits until we know who we are: before that our own posts could be taken
// for somebody else's.
func (a *Adapter) ready(ctx context.Context) error {
	select {
	case <-a.identified:
		return nil
	default:
	}
	select {
	case <-a.identified:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for auth.test: %w", ctx.Err())
	}
}

// knowing is ready for what the relay asks: looking for our own posts before we know
// which are ours would find none and post them again.
func (a *Adapter) knowing(ctx context.Context) error {
	if err := a.ready(ctx); err != nil {
		return &bridge.SurfaceError{Class: bridge.Transient, Code: "not_identified", Err: err}
	}
	return nil
}

// identify asks who we are until there is an answer. A token of another workspace
// is a mistake in the configuration and ends Run.
func (a *Adapter) identify(ctx context.Context) error {
	blocked := false
	for attempt := 1; ; attempt++ {
		err := a.authTest(ctx)
		if err == nil {
			if blocked {
				a.report(ctx, func() error { return a.watcher.Recovered(ctx, a.place("")) })
			}
			return nil
		}
		var se *bridge.SurfaceError
		if !errors.As(err, &se) {
			return err
		}
		pause := max(se.After, min(time.Duration(attempt)*time.Second, time.Minute))
		if se.Class == bridge.Unauthorized {
			pause = a.rest
			if !blocked {
				a.log.Error("the workspace refused the token", "code", se.Code, "remedy", se.Remedy)
				a.report(ctx, func() error { return a.watcher.Blocked(ctx, a.place(""), se.Code, se.Remedy) })
			}
			blocked = true
		}
		if !chat.Sleep(ctx, pause) {
			return nil
		}
	}
}

// report tells the watcher, and the log when that fails.
func (a *Adapter) report(ctx context.Context, tell func() error) {
	if err := tell(); err != nil && ctx.Err() == nil {
		a.log.Warn("a change of state was not recorded", "err", err)
	}
}

// authTest learns who we are, and which scopes the token has from the answer's header.
func (a *Adapter) authTest(ctx context.Context) error {
	var who *slack.AuthTestResponse
	err := a.call(ctx, "auth.test", "", func(ctx context.Context) error {
		var err error
		who, err = a.api.AuthTestContext(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if who.TeamID != a.workspace {
		return fmt.Errorf("slack: the bot token belongs to workspace %s, not to %s: put the token of %s into its configuration, or correct team_id",
			who.TeamID, a.workspace, a.workspace)
	}
	a.mu.Lock()
	a.me.user, a.me.bot, a.me.name = who.UserID, who.BotID, who.User
	if u, err := url.Parse(who.URL); err == nil {
		a.me.host, a.me.base = u.Host, u.Scheme+"://"+u.Host
	}
	a.mu.Unlock()
	a.known.Do(func() { close(a.identified) })
	return nil
}
