package main

import (
	"context"

	"github.com/sidebridge/sidebridge/adapters/slack"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/config"
)

// checkSlack lets the adapter look at one workspace's tokens, scopes and mapped
// channels. It posts nothing; the socket that it opens is closed at once.
func checkSlack(ctx context.Context, r *report, c config.Slack, mapped []bridge.Place) {
	what := "slack " + c.Name
	o := slackOptions(c)
	o.Inbox = inbox{} // nothing is received: the adapter is not run
	adapter, err := slack.New(o)
	if err != nil {
		r.bad(what, err.Error(), "Correct [[slack]] "+c.Name+" in the configuration.")
		return
	}
	var channels []string
	seen := map[string]bool{}
	for _, p := range mapped {
		if p.Surface == slack.Surface && p.Workspace == c.TeamID && !seen[p.Channel] {
			seen[p.Channel] = true
			channels = append(channels, p.Channel)
		}
	}
	for _, f := range adapter.Check(ctx, channels) {
		if f.OK {
			r.good(what, f.What)
		} else {
			r.bad(what, "not so: "+f.What, f.Remedy)
		}
	}
	if c.Mode == config.ModeHTTP {
		r.note(what, "whether Slack reaches public_url is seen in the app's settings, which verify it")
	}
}
