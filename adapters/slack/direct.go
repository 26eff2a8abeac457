package slack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// The kinds of direct messages: with one person, and with several. They are also how
// the scopes for them begin.
const (
	directOne   = "im"
	directGroup = "mpim"
)

// directScopes are what a kind of direct message needs: to be opened, to be looked at,
// and to be read. https://docs.slack.dev/reference/methods/conversations.open
func directScopes(kind string) []string {
	return []string{kind + ":write", kind + ":read", kind + ":history"}
}

// kindOf returns the kind of direct message with so many people.
func kindOf(people []string) string {
	if len(people) == 1 {
		return directOne
	}
	return directGroup
}

// Resolve implements bridge.Resolver: people's direct message is opened, which shows
// nothing to them, and is the same one each time.
func (a *Adapter) Resolve(ctx context.Context, m bridge.Mirror) (bridge.Place, error) {
	people, direct := mapping.DirectTo(m.Place.Channel)
	if !direct {
		return m.Place, nil
	}
	id, err := a.openDirect(ctx, m.Place, people, a.allowed(m.Rule))
	if err != nil {
		var se *bridge.SurfaceError
		if errors.As(err, &se) && se.Code == codeExternal {
			a.refused.add(m.Place.Channel, m.Rule)
		}
		return bridge.Place{}, err
	}
	return a.place(id), nil
}

// openDirect opens the direct message with people and returns its id. What stands in the
// way is found person by person, since Slack's refusal does not say whom it means.
func (a *Adapter) openDirect(ctx context.Context, place bridge.Place, people []string, external bool) (string, error) {
	if err := mapping.ValidateChannel(mapping.Channel{Surface: Surface, Workspace: a.workspace, ID: place.Channel}); err != nil {
		return "", &bridge.SurfaceError{Class: bridge.Gone, Code: "users_list_not_supplied", Remedy: upper(err.Error()) + ".", Err: err}
	}
	kind := kindOf(people)
	if missing := a.lacking(directScopes(kind)); len(missing) > 0 {
		return "", a.refusal("missing_scope", place.Channel, strings.Join(missing, ","), "")
	}
	for _, id := range people {
		if err := a.canBeReached(ctx, id, external); err != nil {
			return "", chat.Certain(err)
		}
	}
	var ch *slack.Channel
	err := a.call(ctx, "conversations.open", place.Channel, func(ctx context.Context) error {
		var err error
		ch, _, _, err = a.api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: people, ReturnIM: true})
		if err == nil && (ch == nil || !validID(ch.ID)) {
			return &bridge.SurfaceError{Class: bridge.Transient, Code: "no_channel"}
		}
		return err
	})
	var se *bridge.SurfaceError
	if errors.As(err, &se) && se.Code == "missing_scope" { // whichever Slack names, these are it
		return "", a.refusal(se.Code, place.Channel, strings.Join(directScopes(kind), ","), "")
	}
	if err != nil {
		return "", chat.Certain(err)
	}
	if err := a.watcher.Opened(ctx, place, a.place(ch.ID), "@"+a.who(place.Channel)); err != nil {
		a.log.Warn("whom a direct message is with was not recorded; pages show its id", "channel", ch.ID, "err", err)
	}
	return ch.ID, nil
}

// canBeReached reports why somebody cannot be written to. An app can be written to by
// nobody, and is not asked things.
func (a *Adapter) canBeReached(ctx context.Context, id string, external bool) error {
	only := mapping.Direct(id)
	if !validID(id) {
		return a.refusal("user_not_found", only, "", "")
	}
	u, err := a.userInfo(ctx, id)
	if errors.Is(err, errUnknownID) {
		return a.refusal("user_not_found", only, "", "")
	}
	if err != nil {
		return err
	}
	a.names.learn(id, cmp.Or(userName(u), formerMember), nameAge)
	home := a.homeOf(u)
	switch {
	case u.Deleted:
		return a.refusal("user_disabled", only, "", "")
	case u.IsBot || id == slackbot:
		return a.refusal("cannot_dm_bot", only, "", "")
	case (u.IsStranger || (home != a.workspace && !a.teams[home])) && !external:
		return a.refusal(codeExternal, only, "", "")
	}
	return nil
}

// probeDirect reports whether people could be written to now. Opening shows them nothing.
func (a *Adapter) probeDirect(ctx context.Context, place bridge.Place, people []string) (string, error) {
	id, err := a.openDirect(ctx, place, people, !a.forbidden(place) && !a.refused.still(place.Channel, true, a.allowed))
	var se *bridge.SurfaceError
	if !errors.As(err, &se) || se.Code != codeExternal {
		a.refused.still(place.Channel, false, a.allowed)
	}
	return id, err
}

// isDirect reports whether a channel is a direct message, opened or not.
func (a *Adapter) isDirect(channel string) bool {
	if _, direct := mapping.DirectTo(channel); direct {
		return true
	}
	return strings.HasPrefix(channel, "D") || a.channels.peek(channel).direct
}

// who names the people of a direct message, as far as they are known without asking.
func (a *Adapter) who(channel string) string {
	people, direct := mapping.DirectTo(channel)
	if !direct {
		return cmp.Or(a.channels.peek(channel).who, "these people")
	}
	var known []string
	for _, id := range people {
		known = append(known, cmp.Or(a.names.of(asking{}, id), id))
	}
	return strings.Join(known, ", ")
}

// groupWho reads whom a group direct message is with from its name, such as
// mpdm-anna--bo--sidebridge-1.
func groupWho(name string) string {
	name = strings.TrimPrefix(name, "mpdm-")
	if i := strings.LastIndexByte(name, '-'); i > 0 && digits(name[i+1:]) {
		name = name[:i]
	}
	return strings.ReplaceAll(name, "--", ", ")
}

// lacking returns which of the scopes the bot token was not granted, as far as Slack's
// last answer told.
func (a *Adapter) lacking(needed []string) []string {
	a.mu.Lock()
	granted := strings.FieldsFunc(a.granted, func(r rune) bool { return r == ',' || r == ' ' })
	a.mu.Unlock()
	if len(granted) == 0 {
		return nil // not told
	}
	return slices.DeleteFunc(slices.Clone(needed), func(scope string) bool { return slices.Contains(granted, scope) })
}

// needsDirect reports whether a scope that is missing is one for direct messages.
func needsDirect(needed string) bool {
	return slices.ContainsFunc(strings.Split(needed, ","), func(scope string) bool {
		family, _, _ := strings.Cut(strings.TrimSpace(scope), ":")
		return family == directOne || family == directGroup
	})
}

// directRefusal makes a refusal that is about a direct message one of that alone: who
// has no scope for them, or asks somebody who left, can still post in channels.
func (a *Adapter) directRefusal(se *bridge.SurfaceError, channel, needed string) {
	about := a.isDirect(channel)
	if se.Code == "missing_scope" {
		about = needsDirect(needed)
	}
	if !about {
		return
	}
	remedy, known := directCodes()[se.Code]
	if !known {
		return
	}
	se.Class = bridge.Gone
	se.Remedy = strings.NewReplacer("{who}", a.who(channel), "{scope}", cmp.Or(strings.ReplaceAll(needed, ",", ", "), "it lacks"), "{app}", a.appName()).Replace(remedy)
}

// directCodes say what to do when a direct message cannot be opened or written in.
// https://docs.slack.dev/reference/methods/conversations.open#errors
func directCodes() map[string]string {
	const closed = "The direct message with {who} takes no posts any more: an account in it may be deactivated. " +
		"Ask somebody else, or move the conversation to a channel."
	return map[string]string{
		"missing_scope": "Direct messages need scopes that the Slack app lacks: add {scope} (OAuth & Permissions, Bot Token Scopes), " +
			"then install the app in the workspace again.",
		"user_disabled":  "{who} cannot be written to: the Slack account is deactivated. Pick somebody else, or have it reactivated in Slack.",
		"user_not_found": "Slack knows no account {who} in this workspace. Pick the person again.",
		"user_not_visible": "The app cannot see everybody of {who}: a guest, or somebody of another organisation, who shares no channel with it. " +
			"Add both to one channel (/invite @{app} there), or pick somebody else.",
		"cannot_dm_bot":    "{who} is an app, and Slack lets no app write to another. Pick a person.",
		"too_many_users":   "Slack opens a direct message with at most 8 people. Pick fewer, or map the group to a channel.",
		"not_enough_users": "{who} is nobody but the app itself. Pick a person.",
		"invalid_user_combination": "Slack opens no direct message with {who} together: those of other organisations are in no channel together yet. " +
			"Ask them one by one, or in a shared channel.",
		codeExternal:            "{who} is of another organisation. Allow that in the mapping rule (allow_external), or pick somebody of this workspace.",
		"messages_tab_disabled": "People cannot write to the app: switch on its Messages tab and let them send messages there (App Home, Show Tabs).",
		"channel_not_found":     closed, "is_archived": closed, "is_inactive": closed, "not_in_channel": closed,
	}
}

func upper(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// directLabel names a direct message in a sentence.
func (a *Adapter) directLabel(channel string) string {
	return fmt.Sprintf("the direct message with %s", a.who(channel))
}
