package main

import (
	"context"
	"slices"

	"github.com/sidebridge/sidebridge/adapters/slack"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/config"
	"github.com/sidebridge/sidebridge/mapping"
)

// checkSlack lets the adapter look at one workspace's tokens, scopes and mapped
// channels. The socket that it opens is closed at once. It posts nothing, except for
// identity = "agent": whether such posts can be deleted shows only by deleting one.
func checkSlack(ctx context.Context, r *report, c config.Slack, rules []mapping.Rule) {
	what := "slack " + c.Name
	o := slackOptions(c)
	o.Inbox = inbox{} // nothing is received: the adapter is not run
	o.Forbidden = func(p bridge.Place) bool { return forbidden(rules, p) }
	adapter, err := slack.New(o)
	if err != nil {
		r.bad(what, err.Error(), "Correct [[slack]] "+c.Name+" in the configuration.")
		return
	}
	var channels []string
	seen := map[string]bool{}
	for _, p := range mappedTo(rules) {
		if p.Surface == slack.Surface && p.Workspace == c.TeamID && !seen[p.Channel] {
			seen[p.Channel] = true
			channels = append(channels, p.Channel)
		}
	}
	for _, f := range adapter.Check(ctx, channels) {
		if f.OK {
			r.good(what, f.What)
		} else {
			r.bad(what, "it is not true that "+f.What, f.Remedy)
		}
	}
	if c.Identity == config.IdentityAgent {
		probeIdentity(ctx, r, what, adapter, channels)
	}
	if c.Mode == config.ModeHTTP {
		r.note(what, "whether Slack reaches public_url is seen in the app's settings, which verify it")
	}
}

// probeIdentity says whether posts under an agent's own name can be deleted here.
// Where they cannot, a deleted message would stay in the channel.
func probeIdentity(ctx context.Context, r *report, what string, adapter *slack.Adapter, channels []string) {
	channels = slices.DeleteFunc(channels, func(id string) bool {
		_, direct := mapping.DirectTo(id)
		return direct // people would be written to
	})
	if len(channels) == 0 {
		r.note(what, "whether posts under an agent's name can be deleted is tested once a channel is mapped")
		return
	}
	if err := adapter.ProbeIdentity(ctx, channels[0]); err != nil {
		r.bad(what, "it is not true that posts under an agent's name can be deleted: "+bridge.AsSurfaceError(err).Error(),
			`Give the app the scope chat:write.customize, or set identity = "app": otherwise a message that an agent deletes stays in the channel.`)
		return
	}
	r.good(what, "posts under an agent's name can be deleted")
}
