package slack

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/slack-go/slack"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// method is the call's in the Web API.
func (r *reacting) method() string {
	if r.on {
		return "reactions.add"
	}
	return "reactions.remove"
}

// react gives a post our reaction, or takes it away. It is too small a thing for
// anything to wait because it is not allowed: then it is left out.
// https://docs.slack.dev/reference/methods/reactions.add
func (a *Adapter) react(ctx context.Context, at bridge.Attempt, r *reacting) (bridge.Receipt, error) {
	channel := at.Mirror.Place.Channel
	err := a.mayPost(ctx, at.Mirror)
	if err == nil {
		err = a.call(ctx, r.method(), channel, func(ctx context.Context) error {
			item := slack.NewRefToMessage(channel, at.Call.Ref)
			if r.on {
				return a.api.AddReactionContext(ctx, r.name, item)
			}
			return a.api.RemoveReactionContext(ctx, r.name, item)
		})
	}
	if err != nil && !a.leftOut(ctx, err) {
		return bridge.Receipt{}, err
	}
	return bridge.Receipt{Ref: at.Call.Ref}, nil
}

// leftOut reports whether a reaction that failed is done with: it is so already, or
// will never be.
func (a *Adapter) leftOut(ctx context.Context, err error) bool {
	var se *bridge.SurfaceError
	if !errors.As(err, &se) {
		return false
	}
	switch {
	case se.Code == "already_reacted", se.Code == "no_reaction":
		return true
	case se.Code == "missing_scope", se.Code == "no_permission", se.Code == "not_allowed_token_type":
		if !a.toldScope.Swap(true) {
			a.log.Warn("reactions are not shown", "code", se.Code, "remedy", se.Remedy)
			a.tellAdmin(ctx, "Reactions are not shown in Slack, everything else is. "+se.Remedy, struct{}{})
		}
	case se.Class == bridge.Rejected, se.Code == codeExternal, errors.Is(err, chat.ErrUnknownCode):
	default:
		return false
	}
	a.count("reaction not shown", se.Code)
	return true
}

// reacted takes a reaction that was made or taken back. In which thread it was is not
// told. https://docs.slack.dev/reference/events/reaction_added
func (a *Adapter) reacted(ctx context.Context, e *event) error {
	if err := a.ready(ctx); err != nil {
		return err
	}
	channel, at := string(e.Item.Channel), tsMicros(e.EventTS)
	if e.Item.Type != "message" || channel == "" || e.User == "" || !validTS(e.Item.TS) {
		a.count("ignored", skipMalformed)
		return nil
	}
	to := &message{TS: e.Item.TS, User: e.ItemUser}
	r := reactionBy{user: string(e.User), name: e.Reaction}
	on := e.Type == "reaction_added"
	if mark, known := a.reactions.of(channel, to.TS)[r]; known && mark.at > at {
		a.count("ignored", "an older reaction")
		return nil // what came of it later was heard already
	}
	in := a.reaction(ctx, channel, to, r, on)
	res, err := a.inbox.Accept(ctx, in)
	if err != nil {
		return fmt.Errorf("accept %s to %s: %w", in.Kind, to.TS, err)
	}
	a.count(string(res.Outcome), string(in.Kind))
	if res.Outcome != bridge.NotOurs {
		a.reactions.note(channel, to.TS, r, reactionMark{on: on, at: at})
	}
	return nil
}

// reaction translates one person's reaction to a message. Members of another
// organisation are guests at the card, which is a post of ours.
func (a *Adapter) reaction(ctx context.Context, channel string, to *message, r reactionBy, on bool) bridge.Inbound {
	in := bridge.Inbound{
		Kind: bridge.InUnreact, Emoji: markup.SlackEmoji(r.name), Author: a.account(r.user), Ours: r.user == a.self().user,
		Source: a.source(channel, &message{TS: to.TS, ThreadTS: to.ThreadTS}),
	}
	if to.ThreadTS == "" {
		in.Source.Thread = ""
	}
	if on {
		in.Kind = bridge.InReact
	}
	if in.Ours {
		return in
	}
	ask := asking{ctx: ctx, until: a.now().Add(a.nameBudget)}
	in.AuthorName = a.names.of(ask, r.user)
	in.Guest = a.isOurs(to) && !a.teams[a.homes.of(ask, r.user)]
	return in
}

// reactionBy is one person's reaction to a message, by Slack's name of the emoji.
type reactionBy struct{ user, name string }

// reactionMark is what was last heard of a reaction, and when, in Slack's microseconds.
type reactionMark struct {
	on bool
	at int64
}

// maxReactions is how many messages' reactions are remembered, at least.
const maxReactions = 8192

// reactionMemory remembers what was last heard of reactions: an event that comes late
// is no news, and what a listing lacks was taken back while nobody listened. It holds
// two generations and forgets the older when the younger is full.
type reactionMemory struct {
	mu           sync.Mutex
	young, older map[[2]string]map[reactionBy]reactionMark
}

func newReactionMemory() *reactionMemory {
	return &reactionMemory{young: map[[2]string]map[reactionBy]reactionMark{}}
}

// of returns a copy of what is remembered of a message.
func (m *reactionMemory) of(channel, ts string) map[reactionBy]reactionMark {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[reactionBy]reactionMark{}
	for _, marks := range []map[reactionBy]reactionMark{m.older[[2]string{channel, ts}], m.young[[2]string{channel, ts}]} {
		for r, mark := range marks {
			out[r] = mark
		}
	}
	return out
}

func (m *reactionMemory) note(channel, ts string, r reactionBy, mark reactionMark) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := [2]string{channel, ts}
	if m.young[key] == nil {
		if len(m.young) >= maxReactions {
			m.older, m.young = m.young, map[[2]string]map[reactionBy]reactionMark{}
		}
		m.young[key] = map[reactionBy]reactionMark{}
		for by, had := range m.older[key] {
			m.young[key][by] = had
		}
	}
	m.young[key][r] = mark
}

// listReactions feeds the reactions that a listing shows of one message, and takes
// back those that were heard of and are not there any more. Slack's listings may lag
// behind its events, so what changed just before is left to them. Of an emoji that
// many have given Slack does not name everybody; then nobody is missing.
func (t *threadList) listReactions(ctx context.Context, m *message, accept func(context.Context, bridge.Inbound) error) error {
	before, marks, all := t.shownAt-t.a.settle.Microseconds(), t.a.reactions.of(t.channel, m.TS), map[string]bool{}
	feed := func(r reactionBy, on bool) error {
		if mark, known := marks[r]; r.user == t.a.self().user || known && mark.on != on && mark.at > before {
			return nil
		}
		if on { // that one is gone is noted by its event only: what a listing says may yet fail to be stored
			t.a.reactions.note(t.channel, m.TS, r, reactionMark{on: true, at: marks[r].at})
		}
		return accept(ctx, t.a.reaction(ctx, t.channel, m, r, on))
	}
	there := map[reactionBy]bool{}
	for _, with := range m.Reactions {
		all[with.Name] = len(with.Users) < with.Count
		for _, user := range with.Users {
			r := reactionBy{user, with.Name}
			there[r] = true
			if err := feed(r, true); err != nil {
				return err
			}
		}
	}
	for r, mark := range marks {
		if !mark.on || there[r] || all[r.name] {
			continue
		}
		if err := feed(r, false); err != nil {
			return err
		}
	}
	return nil
}
