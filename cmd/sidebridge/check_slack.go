package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/adapters/slack"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/config"
)

// checkSlack checks one workspace's tokens, scopes and channels. It posts nothing.
func checkSlack(ctx context.Context, r *report, c config.Slack, mapped []bridge.Place) {
	what := "slack " + c.Name
	granted, ok := checkBotToken(ctx, r, what, c)
	if !ok {
		return
	}
	checkScopes(r, what, c, granted)
	checkSocket(ctx, r, what, c)
	checkChannels(ctx, r, what, c, mapped)
}

func checkBotToken(ctx context.Context, r *report, what string, c config.Slack) (granted []string, ok bool) {
	var who struct {
		Team   string `json:"team"`
		TeamID string `json:"team_id"`
		User   string `json:"user"`
	}
	header, err := callSlack(ctx, c, "auth.test", c.BotToken.Reveal(), &who)
	switch {
	case err != nil:
		r.bad(what+" bot token", err.Error(), "Put the Bot User OAuth Token (xoxb-…, page OAuth & Permissions of the app) into bot_token.")
		return nil, false
	case who.TeamID != c.TeamID:
		r.bad(what+" bot token", fmt.Sprintf("it belongs to workspace %s (%s), not to %s", who.TeamID, who.Team, c.TeamID),
			"Use the token of "+c.TeamID+", or correct team_id.")
		return nil, false
	}
	r.good(what+" bot token", fmt.Sprintf("%s in %s", who.User, who.Team))
	return strings.FieldsFunc(header.Get("X-OAuth-Scopes"), func(r rune) bool { return r == ',' || r == ' ' }), true
}

// neededScopes are the bot scopes that a configuration needs; docs/slack-setup.md
// says what for.
func neededScopes(c config.Slack) []string {
	needed := []string{
		"chat:write", "channels:history", "groups:history", "channels:read", "groups:read", "users:read", "files:read", "files:write",
	}
	if c.JoinChannels {
		needed = append(needed, "channels:join")
	}
	if c.Identity == config.IdentityAgent {
		needed = append(needed, "chat:write.customize")
	}
	return needed
}

func checkScopes(r *report, what string, c config.Slack, granted []string) {
	var missing []string
	for _, scope := range neededScopes(c) {
		if !slices.Contains(granted, scope) {
			missing = append(missing, scope)
		}
	}
	if len(missing) > 0 {
		r.bad(what+" scopes", "missing: "+strings.Join(missing, ", "),
			"Add them under OAuth & Permissions, Bot Token Scopes, of the Slack app, and install the app in the workspace again.")
		return
	}
	r.good(what+" scopes", "all that are needed")
}

// checkSocket asks for the address of a socket and does not connect to it.
func checkSocket(ctx context.Context, r *report, what string, c config.Slack) {
	if c.Mode != config.ModeSocket {
		r.note(what+" events", "they come by HTTP; that Slack reaches public_url can only be seen in the app's settings, which verify it")
		return
	}
	if _, err := callSlack(ctx, c, "apps.connections.open", c.AppToken.Reveal(), nil); err != nil {
		r.bad(what+" app token", err.Error(), "Switch Socket Mode on, make an app-level token with connections:write (Basic Information), and put it into app_token.")
		return
	}
	r.good(what+" app token", "a socket can be opened")
}

// checkChannels asks of every mapped channel whether posts would work.
func checkChannels(ctx context.Context, r *report, what string, c config.Slack, mapped []bridge.Place) {
	// The adapter's own probe decides, as it does for the relay. It is not run.
	adapter, err := slack.New(slack.Options{
		Workspace: c.TeamID, BotToken: c.BotToken.Reveal(), APIURL: c.APIURL, Inbox: inbox{},
		AppToken: "unused", // receiving is not its business here
	})
	if err != nil {
		r.bad(what+" channels", err.Error(), "")
		return
	}
	seen := map[bridge.Place]bool{}
	for _, place := range mapped {
		if place.Surface != slack.Surface || place.Workspace != c.TeamID || seen[place] {
			continue
		}
		seen[place] = true
		if err := adapter.Probe(ctx, place); err != nil {
			r.failed(what+" channel "+place.Channel, err, "Invite the bot to the channel, or change the mapping.")
		} else {
			r.good(what+" channel "+place.Channel, "the bot is in it")
		}
	}
}

// checkTimeout bounds one call of the check.
const checkTimeout = 15 * time.Second

// callSlack calls a method without arguments and returns the answer's header. It is
// apart from the adapter, which hides scopes and tokens from everybody.
func callSlack(ctx context.Context, c config.Slack, method, token string, into any) (http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	base := c.APIURL
	if base == "" {
		base = "https://slack.com/api/"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(base, "/")+"/"+method, nil)
	if err != nil {
		return nil, wrapf(err, "build %s", method)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return nil, wrapf(err, "call %s", method)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, wrapf(err, "call %s", method)
	}
	var answer struct {
		OK     bool   `json:"ok"`
		Error  string `json:"error"`
		Needed string `json:"needed"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return nil, fmt.Errorf("%s answered with status %d and no JSON", method, resp.StatusCode)
	}
	if !answer.OK {
		return nil, errors.New(strings.TrimSpace(method + " answered " + answer.Error + " " + answer.Needed))
	}
	if into != nil {
		return resp.Header, wrapf(json.Unmarshal(body, into), "read the answer of %s", method)
	}
	return resp.Header, nil
}
