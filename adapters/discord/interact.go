package discord

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

const (
	// answerWorkers are many, since each waits for a desk that may be slow, and meanwhile
	// Discord waits three seconds for the next.
	answerWorkers = 64
	maxAnswers    = 256
	// answerTime is how long an answer may take; its token is good for fifteen minutes.
	answerTime = time.Minute
	// ackTime is how soon Discord must hear that an answer is being made.
	// https://docs.discord.com/developers/interactions/receiving-and-responding
	ackTime = 2800 * time.Millisecond
)

// The kinds of interaction, and of the first answers to them.
// https://docs.discord.com/developers/interactions/receiving-and-responding
const (
	byCommand   = 2
	byComponent = 3
	byModal     = 5

	answerDeferred = 5
	answerUpdate   = 6 // nothing is shown; the message changes by itself
	answerModal    = 9
)

// interaction is what a person asks of us in the chat: by a button, a command, or a
// form.
type interaction struct {
	ID        string   `json:"id"`
	Type      int      `json:"type"`
	GuildID   string   `json:"guild_id"`
	ChannelID string   `json:"channel_id"`
	Channel   *channel `json:"channel"`
	Member    *member  `json:"member"`
	Message   *message `json:"message"`
	// Token lets whoever has it answer; it is never logged or kept.
	Token string `json:"token"`
	Data  struct {
		Name       string          `json:"name"`
		Options    []commandOption `json:"options"`
		CustomID   string          `json:"custom_id"`
		Components []component     `json:"components"`
		Target     string          `json:"target_id"`
		Resolved   struct {
			Messages map[string]message `json:"messages"`
		} `json:"resolved"`
	} `json:"data"`

	// tell is what is still to be said to somebody who was answered already.
	tell string
}

// buttonPrefix begins the ids of our cards' buttons: "sb:<action>:<token>".
const buttonPrefix = "sb:"

// cutButton takes the id of a button apart.
func cutButton(id string) (action, token string, ok bool) {
	rest, ours := strings.CutPrefix(id, buttonPrefix)
	if !ours {
		return "", "", false
	}
	action, token, ok = strings.Cut(rest, ":")
	switch action {
	case bridge.PressClose, bridge.PressReopen, bridge.PressTake, bridge.PressShow, bridge.PressApprove, bridge.PressRefuse,
		bridge.PressGood, bridge.PressSuggest:
		return action, token, ok && token != ""
	}
	return "", "", false
}

// valid reports whether an interaction is one that can be answered.
func (it *interaction) valid() bool {
	return validID(it.ID) && it.Member != nil && it.Member.User != nil && validID(it.Member.User.ID) &&
		it.Token != "" && !strings.ContainsAny(it.Token, "/?#% \\")
}

// hurry gives an interaction to those who answer, before the events in front of it are
// accepted: Discord waits three seconds. When too many wait it is lost, and the person
// is told by Discord that it failed.
func (a *Adapter) hurry(raw []byte) {
	var it interaction
	if decode(raw, &it) != nil || !it.valid() || a.guilds[it.GuildID] == nil {
		a.Count("ignored", skipMalformed)
		return
	}
	a.shown.heard(it.GuildID, it.Member.User, it.Member)
	a.answerLater(it)
}

func (a *Adapter) answerLater(it interaction) {
	select {
	case a.answers <- it:
	default:
		a.Count("ignored", "too many presses")
	}
}

// answerPeople answers until ctx ends.
func (a *Adapter) answerPeople(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case it := <-a.answers:
			if err := a.guilds[it.GuildID].answer(ctx, &it); err != nil && ctx.Err() == nil {
				a.Log.Warn("an interaction was not answered", "type", it.Type, "err", err)
			}
		}
	}
}

// answer answers one person. A close or reopen is committed in its turn among the
// events; all else is done here, once, and the person is told what came of it.
func (g *Guild) answer(ctx context.Context, it *interaction) (err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	if it.tell != "" {
		return g.followUp(ctx, it, it.tell)
	}
	if it.Type == byCommand && it.Data.Name == commandAttach {
		return g.acknowledge(ctx, it, answerModal, attachForm(it))
	}
	if action, _, ok := cutButton(it.Data.CustomID); ok && (action == bridge.PressClose || action == bridge.PressReopen) {
		return g.acknowledge(ctx, it, answerUpdate, nil)
	}
	if action, _, ok := cutButton(it.Data.CustomID); ok && it.Type == byComponent && action == bridge.PressSuggest {
		return g.suggestForm(ctx, it)
	}
	if err := g.acknowledge(ctx, it, answerDeferred, map[string]any{"flags": flagEphemeral}); err != nil {
		return err
	}
	text, err := g.perform(ctx, it)
	if err != nil {
		text = g.plainWords(it, err)
	}
	return g.complete(ctx, it, text)
}

// perform does what was asked and returns the answer, as Markdown.
func (g *Guild) perform(ctx context.Context, it *interaction) (string, error) {
	switch it.Type {
	case byComponent:
		action, _, ok := cutButton(it.Data.CustomID)
		if !ok || it.Message == nil {
			return "This button belongs to a version of the card that is gone.", nil
		}
		in, err := g.press(ctx, it, action)
		if err != nil {
			return "", err
		}
		if action == bridge.PressShow {
			return g.show(ctx, in)
		}
		return g.take(ctx, in)
	case byCommand:
		return g.command(ctx, it)
	case byModal:
		if strings.HasPrefix(it.Data.CustomID, suggestPrefix) {
			return g.suggested(ctx, it)
		}
		return g.attach(ctx, it)
	}
	return "This is not known here.", nil
}

// plainWords tells a person why something did not work. The causes that are theirs
// come with a text that was written for them; all others are for who runs the daemon.
func (g *Guild) plainWords(it *interaction, err error) string {
	for _, cause := range []error{bridge.ErrInvalid, bridge.ErrForbidden, bridge.ErrNotFound, bridge.ErrConflict} {
		if errors.Is(err, cause) {
			text := []rune(strings.TrimPrefix(err.Error(), cause.Error()+": "))
			return chat.Inert(strings.ToUpper(string(text[:1])) + string(text[1:]))
		}
	}
	g.Log.Warn("an interaction failed", "type", it.Type, "err", err)
	return "That did not work. Try again in a minute, or do it in the ticket view."
}

// pressed commits a close or a reopen, in its turn among the events.
func (a *Adapter) pressed(ctx context.Context, g *Guild, e event) error {
	var it interaction
	if err := decode(e.Data, &it); err != nil {
		return fmt.Errorf("%w: %w", bridge.ErrInvalid, err)
	}
	action, _, ok := cutButton(it.Data.CustomID)
	if it.Type != byComponent || !ok || (action != bridge.PressClose && action != bridge.PressReopen) {
		return nil // who answers has it
	}
	if !it.valid() || it.Message == nil {
		a.Count("ignored", skipMalformed)
		return nil
	}
	in, err := g.press(ctx, &it, action)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, acceptTimeout)
	defer cancel()
	res, err := a.Inbox.Accept(ctx, in)
	if err != nil {
		return fmt.Errorf("accept press: %w", err)
	}
	a.Count(string(res.Outcome), string(in.Kind))
	if res.Outcome == bridge.NotOurs {
		it.tell = nothingBehind
		a.answerLater(it)
	}
	return nil
}

// nothingBehind is what a press on a card is answered that outlived its conversation.
const nothingBehind = "There is no conversation behind this card any more."

// press is what a button says.
func (g *Guild) press(ctx context.Context, it *interaction, action string) (bridge.Inbound, error) {
	at, err := g.asked(ctx, it)
	if err != nil {
		return bridge.Inbound{}, err
	}
	return bridge.Inbound{
		Kind: bridge.InPress, Action: action, Source: g.source(at, it.Message.ID),
		Author: g.account(it.Member.User.ID), AuthorName: displayName(it.Member.User, it.Member),
		Key: g.keyOf(it),
	}, nil
}

// keyOf makes an interaction count once.
func (g *Guild) keyOf(it *interaction) string { return Surface + "/" + g.id + "/interaction/" + it.ID }

// asked tells where something was asked.
func (g *Guild) asked(ctx context.Context, it *interaction) (spot, error) {
	id := it.ChannelID
	if c := it.Channel; c != nil && validID(c.ID) {
		id = c.ID
		if _, have := g.places.get(id); !have && (!c.isThread() || validID(c.Parent)) {
			g.places.put(g.id, c)
		}
	}
	at, err := g.where(ctx, id)
	if err == nil && at.channel == "" {
		err = fmt.Errorf("%w: this channel cannot be seen by the bot", bridge.ErrForbidden)
	}
	return at, err
}

// take asks for the ticket on the presser's behalf.
func (g *Guild) take(ctx context.Context, in bridge.Inbound) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, acceptTimeout)
	defer cancel()
	res, err := g.Inbox.Accept(ctx, in)
	if err != nil {
		return "", fmt.Errorf("take ticket: %w", err)
	}
	g.Count(string(res.Outcome), string(in.Kind))
	return chat.Inert(cmp.Or(chat.Why(res, howToLink), "Done.")), nil
}

// acknowledge gives the first answer, which Discord waits for. One that was given by
// an earlier life of ours, or by another connection, is as good.
func (g *Guild) acknowledge(ctx context.Context, it *interaction, kind int, data any) error {
	ctx, cancel := context.WithTimeout(ctx, ackTime)
	defer cancel()
	body := map[string]any{"type": kind}
	if data != nil {
		body["data"] = data
	}
	err := g.client.do(ctx, request{
		method: http.MethodPost, path: "interactions/" + it.ID + "/" + it.Token + "/callback", body: body, bare: true,
	}, nil)
	var se *bridge.SurfaceError
	if errors.As(err, &se) && se.Code == codeAnswered {
		return nil
	}
	if err != nil {
		return fmt.Errorf("acknowledge: %w", err)
	}
	return nil
}

// codeAnswered: the interaction was acknowledged before.
const codeAnswered = "40060"

// complete puts the answer where the person has been shown that one is being made.
func (g *Guild) complete(ctx context.Context, it *interaction, text string) error {
	return g.tellThem(ctx, http.MethodPatch, "webhooks/"+g.self().app+"/"+it.Token+"/messages/@original", text)
}

// followUp tells them something beside the first answer.
func (g *Guild) followUp(ctx context.Context, it *interaction, text string) error {
	return g.tellThem(ctx, http.MethodPost, "webhooks/"+g.self().app+"/"+it.Token, text)
}

// tellThem writes to the one person only. Nothing in it mentions anybody.
func (g *Guild) tellThem(ctx context.Context, method, path, text string) error {
	content := "…"
	if parts := markup.ToDiscord(text, nil, 0); len(parts) > 0 {
		content = parts[0].Content
	}
	err := g.ask(ctx, request{method: method, path: path, bare: true, body: map[string]any{
		"content": content, "flags": flagEphemeral | flagNoPreviews,
		"allowed_mentions": map[string]any{"parse": []string{}},
	}}, nil)
	if err != nil {
		return fmt.Errorf("answer a person: %w", err)
	}
	return nil
}

// flagNoPreviews keeps links from being unfolded.
const flagNoPreviews = 1 << 2
