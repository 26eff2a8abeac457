package slack

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/slack-go/slack"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// call makes one call of the Web API, once, within the budget, and classifies
// its failure. more names further buckets than the method's own.
func (a *Adapter) call(ctx context.Context, method, channel string, run func(context.Context) error, more ...string) error {
	if wait := a.limits.take(append(more, method)...); wait > 0 {
		a.count("held", method)
		return &bridge.SurfaceError{Class: bridge.RateLimited, After: wait, Code: "budget"}
	}
	ctx, trace := traced(ctx)
	err := a.surfaceError(run(ctx), channel, trace)
	a.count("call", method)
	if err == nil {
		return nil
	}
	a.count("call failed", method)
	var se *bridge.SurfaceError
	if errors.As(err, &se) && se.Class == bridge.RateLimited {
		a.limits.freeze(method, se.After)
	}
	return err
}

// readCall is call for what can be repeated: it waits for the budget and through
// refusals for being too fast, and tries again after a lost answer, as long as
// ctx lasts.
func (a *Adapter) readCall(ctx context.Context, method, channel string, run func(context.Context) error) error {
	return chat.Repeat(ctx, "invalid_cursor", func() error { return a.call(ctx, method, channel, run) })
}

// posts are the buckets that a new message in a channel takes from, beside its
// method's own.
func posts(channel string) []string { return []string{"#" + channel} }

// Wait implements bridge.Budgeted.
func (a *Adapter) Wait(m bridge.Mirror, c bridge.Call) (time.Duration, bool) {
	channel := m.Place.Channel
	switch c.Verb {
	case bridge.VerbEdit:
		if r, ok := c.Payload.(*reacting); ok {
			return a.limits.look(r.method()), false
		}
		return a.limits.look("chat.update"), false
	case bridge.VerbDelete:
		return a.limits.look("chat.delete"), false
	}
	if _, ok := c.Payload.(*upload); ok {
		return a.limits.look("files.completeUploadExternal", "#"+channel), true
	}
	return a.limits.look("chat.postMessage", "#"+channel), true
}

// lookupUser asks for a user's name. Somebody who has left still has one.
func (a *Adapter) lookupUser(ctx context.Context, id string) (string, error) {
	u, err := a.userInfo(ctx, id)
	if err != nil {
		return "", err
	}
	a.homes.learn(id, a.homeOf(u), nameAge)
	if name := userName(u); name != "" {
		return name, nil
	}
	return "", errUnknownID
}

// lookupHome asks for the team that a user is of.
func (a *Adapter) lookupHome(ctx context.Context, id string) (string, error) {
	u, err := a.userInfo(ctx, id)
	if err != nil {
		return "", err
	}
	a.names.learn(id, cmp.Or(userName(u), formerMember), nameAge)
	return a.homeOf(u), nil
}

// homeOf returns the team that a user is of: of an organisation's several one whose
// members may act, if there is such a one.
func (a *Adapter) homeOf(u *slack.User) string {
	for _, team := range u.Enterprise.Teams {
		if a.teams[team] {
			return team
		}
	}
	return u.TeamID
}

func (a *Adapter) userInfo(ctx context.Context, id string) (u *slack.User, err error) {
	err = a.call(ctx, "users.info", "", func(ctx context.Context) error {
		u, err = a.api.GetUserInfoContext(ctx, id)
		if err == nil {
			a.saw(ctx, u)
		}
		return err
	})
	var se *bridge.SurfaceError
	if errors.As(err, &se) && (se.Code == "user_not_found" || se.Code == "user_not_visible") {
		return nil, errUnknownID
	}
	return u, err
}

// saw tells whose address Slack vouches for: a member of this very workspace who has
// confirmed it. https://docs.slack.dev/reference/objects/user-object
func (a *Adapter) saw(ctx context.Context, u *slack.User) {
	if a.seen == nil || u.Profile.Email == "" || !u.IsEmailConfirmed || u.TeamID != a.workspace || u.IsBot || u.Deleted || u.IsStranger {
		return
	}
	if err := a.seen(ctx, a.account(u.ID), userName(u), u.Profile.Email); err != nil {
		a.log.Warn("an account's address was not recorded", "err", err)
	}
}

func userName(u *slack.User) string {
	for _, name := range []string{u.Profile.DisplayName, u.Profile.RealName, u.RealName, u.Name} {
		if name = markup.CleanName(name); name != "" {
			return name
		}
	}
	return ""
}
