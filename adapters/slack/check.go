package slack

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// Finding is one thing that Check looked at.
type Finding struct {
	What string
	OK   bool
	// Remedy says what to do when it is not OK.
	Remedy string
}

// scopes are what the bot token at least must have been granted. Slack's page for each
// method names them: https://docs.slack.dev/reference/methods
func scopes() []string {
	return []string{
		"chat:write", "channels:history", "groups:history", "channels:read", "groups:read", "users:read",
		"files:read", "files:write",
	}
}

// Check looks at everything an installation needs: the token and its scopes, the
// channels given, and whether messages can be received. It reports each with what
// to do about it, and goes on after a failure.
func (a *Adapter) Check(ctx context.Context, channels []string) []Finding {
	var found []Finding
	add := func(what string, err error) bool {
		f := Finding{What: what, OK: err == nil}
		if err != nil {
			f.Remedy = remedyOf(err)
			if _, yes := chat.Unreachable("Slack", err); yes {
				f.What = "Slack can be reached"
			}
		}
		found = append(found, f)
		return f.OK
	}
	if !add("the bot token works", a.authTest(ctx)) {
		return found
	}
	found = append(found, a.checkScopes("the bot token has the scopes it needs", a.neededScopes()))
	found = append(found, a.checkScopes("the bot token has the scopes for the shortcut, the command and reactions", askingScopes()))
	found = append(found, a.checkDirectScopes(channels)...)
	for _, channel := range channels {
		if people, direct := mapping.DirectTo(channel); direct {
			a.checkDirect(ctx, channel, people, add)
			continue
		}
		err := a.Probe(ctx, a.place(channel))
		add("the app is in "+a.channelLabel(channel), err)
		if err == nil {
			add("the app can read "+a.channelLabel(channel), a.checkHistory(ctx, channel))
		}
	}
	if a.appToken != "" {
		add("Socket Mode connects", a.checkSocket(ctx))
	} else {
		found = append(found, Finding{What: "a signing secret is set for the Events API", OK: len(a.secrets) > 0})
	}
	return found
}

// checkDirectScopes looks at the scopes for direct messages, which only those need who
// are asked there.
func (a *Adapter) checkDirectScopes(channels []string) (found []Finding) {
	used := map[string]bool{}
	for _, channel := range channels {
		if people, direct := mapping.DirectTo(channel); direct {
			used[kindOf(people)] = true
		}
	}
	for kind, what := range map[string]string{directOne: "direct messages", directGroup: "group direct messages"} {
		if used[kind] {
			found = append(found, a.checkScopes("the bot token has the scopes for "+what, directScopes(kind)))
		} else if missing := a.lacking(directScopes(kind)); len(missing) > 0 {
			found = append(found, Finding{What: strings.Join(missing, ", ") + " are only needed for " + what + ", which no rule uses", OK: true})
		}
	}
	slices.SortFunc(found, func(a, b Finding) int { return strings.Compare(a.What, b.What) })
	return found
}

// checkDirect looks at one direct message that a rule names.
func (a *Adapter) checkDirect(ctx context.Context, channel string, people []string, add func(string, error) bool) {
	id, err := a.probeDirect(ctx, a.place(channel), people)
	if add("the app can write to "+a.who(channel), err) {
		add("the app can read "+a.channelLabel(channel), a.checkHistory(ctx, id))
	}
}

// remedyOf returns what to do about an error.
func remedyOf(err error) string { return chat.RemedyOf("Slack", "https://status.slack.com", err) }

// askingScopes are for what an app that was installed earlier goes without.
func askingScopes() []string { return []string{"commands", "reactions:read", "reactions:write"} }

// neededScopes are the scopes that this workspace's settings need.
func (a *Adapter) neededScopes() []string {
	needed := scopes()
	if a.identity == IdentityAgent {
		needed = append(needed, "chat:write.customize")
	}
	if a.join {
		needed = append(needed, "channels:join")
	}
	return needed
}

// checkScopes names every scope that the token lacks, from the header of the last answer.
func (a *Adapter) checkScopes(what string, needed []string) Finding {
	f := Finding{What: what, OK: true}
	if missing := a.lacking(needed); len(missing) > 0 {
		f.OK = false
		f.Remedy = "Add " + strings.Join(missing, ", ") + " under OAuth & Permissions, Bot Token Scopes, and install the app in the workspace again."
	}
	return f
}

// checkHistory reads one message: some tokens may post where they may not read.
func (a *Adapter) checkHistory(ctx context.Context, channel string) error {
	l := listing{a: a, channel: channel}
	_, err := l.next(ctx)
	return err
}

func (a *Adapter) checkSocket(ctx context.Context) error {
	s, err := a.connectSocket(ctx)
	if err != nil {
		return err
	}
	return s.conn.Close()
}

// Channel is a channel that threads can be opened in.
type Channel struct {
	ID, Name string
	Private  bool
	// Member: the app is in it. A channel it is not in has to be joined first.
	Member bool
	// External: other organisations are in it.
	External bool
	Archived bool
}

// Channels lists the workspace's channels page by page, for pickers; a large
// workspace takes minutes, since Slack allows 20 pages a minute. It stops with
// the first error, of Slack's or of fn's.
func (a *Adapter) Channels(ctx context.Context, fn func([]Channel) error) error {
	for cursor := ""; ; {
		var page []slack.Channel
		err := a.readCall(ctx, "conversations.list", "", func(ctx context.Context) error {
			var err error
			page, cursor, err = a.api.GetConversationsContext(ctx, &slack.GetConversationsParameters{
				Cursor: cursor, Limit: 200, Types: []string{"public_channel", "private_channel"},
			})
			return err
		})
		if err != nil {
			return err
		}
		var channels []Channel
		for i := range page {
			in := channelInfo(&page[i])
			channels = append(channels, Channel{
				ID: page[i].ID, Name: in.name, Private: in.private, Member: in.member, External: in.external, Archived: in.archived,
			})
		}
		if err := fn(channels); err != nil {
			return err
		}
		if cursor == "" {
			return nil
		}
	}
}

// Person is somebody of the workspace.
type Person struct {
	Account bridge.Account
	Name    string
	Email   string
}

// PersonByEmail finds somebody by their address, which needs the scope
// users:read.email. ErrNotFound says that nobody has it, or has it no longer.
func (a *Adapter) PersonByEmail(ctx context.Context, email string) (Person, error) {
	var u *slack.User
	err := a.readCall(ctx, "users.lookupByEmail", "", func(ctx context.Context) error {
		var err error
		u, err = a.api.GetUserByEmailContext(ctx, email)
		return err
	})
	var se *bridge.SurfaceError
	switch {
	case errors.As(err, &se) && (se.Code == "users_not_found" || se.Code == "user_not_found"):
		return Person{}, bridge.ErrNotFound
	case err != nil:
		return Person{}, err
	case u.Deleted || u.IsBot:
		return Person{}, bridge.ErrNotFound
	}
	name := userName(u)
	a.names.learn(u.ID, name, nameAge)
	return Person{Account: a.account(u.ID), Name: name, Email: u.Profile.Email}, nil
}

// ProbeIdentity finds out whether posts under an agent's own name can be deleted
// again in a channel: Slack documents that they cannot, so the setting is offered
// only where this returns nil. It posts a line that says what it is and deletes it.
// https://docs.slack.dev/reference/methods/chat.delete
func (a *Adapter) ProbeIdentity(ctx context.Context, channel string) error {
	var ts string
	err := a.call(ctx, "chat.postMessage", channel, func(ctx context.Context) error {
		var err error
		_, ts, err = a.api.PostMessageContext(ctx, channel,
			slack.MsgOptionText("Sidebridge tests whether posts under another name can be deleted.", false),
			slack.MsgOptionUsername("Sidebridge test"))
		return err
	}, posts(channel)...)
	if err != nil {
		return err
	}
	_, err = a.remove(ctx, channel, ts)
	return err
}
