package discord

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/bwmarrin/discordgo"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

// Deliver implements bridge.Surface.
func (g *Guild) Deliver(ctx context.Context, at bridge.Attempt) (bridge.Receipt, error) {
	receipt, err := g.deliver(ctx, at)
	if err != nil {
		err = unimportant(at, g.explained(ctx, at, err))
	}
	return receipt, chat.GivenUp(at, err)
}

// unimportant: a thread that a moderator has locked, and that we may not open, is not
// told that it is closed. Only words wait until somebody opens it.
func unimportant(at bridge.Attempt, err error) error {
	var se *bridge.SurfaceError
	_, locks := at.Call.Payload.(*locking)
	if at.Call.Message != 0 || at.Call.Root || locks || !errors.As(err, &se) || se.Code != codeLocked {
		return err
	}
	return &bridge.SurfaceError{Class: bridge.Rejected, Code: codeLocked}
}

func (g *Guild) deliver(ctx context.Context, at bridge.Attempt) (bridge.Receipt, error) {
	if refused := g.refused.get(at.Mirror.Place); refused != nil {
		return bridge.Receipt{}, refused
	}
	switch p := at.Call.Payload.(type) {
	case *opening:
		return g.openThread(ctx, at, p)
	case *locking:
		return g.lockThread(ctx, at, p)
	case *reacting:
		return g.react(ctx, at, p)
	case *content:
		switch {
		case at.Call.Verb == bridge.VerbEdit:
			return g.edit(ctx, at, p)
		case at.Call.Root:
			return g.postRoot(ctx, at, p)
		}
		return g.post(ctx, at, p)
	}
	if at.Call.Verb == bridge.VerbDelete {
		return g.remove(ctx, at)
	}
	return bridge.Receipt{}, &bridge.SurfaceError{
		Class: bridge.Rejected, Code: "unplanned", Err: fmt.Errorf("a %s without content", at.Call.Verb),
	}
}

// post is a message as it is sent.
// https://docs.discord.com/developers/resources/message#create-message
type post struct {
	Content    string                       `json:"content,omitempty"`
	Nonce      string                       `json:"nonce,omitempty"`
	Enforce    bool                         `json:"enforce_nonce,omitempty"`
	Embeds     []*discordgo.MessageEmbed    `json:"embeds,omitempty"`
	Components []discordgo.MessageComponent `json:"components,omitempty"`
	// Mentions is always sent, also with edits: without it everybody can be called.
	Mentions    discordgo.MessageAllowedMentions `json:"allowed_mentions"`
	Attachments []postedFile                     `json:"attachments,omitempty"`
	Flags       discordgo.MessageFlags           `json:"flags,omitempty"`
	// Those of webhooks.
	Username string `json:"username,omitempty"`
	Avatar   string `json:"avatar_url,omitempty"`
}

type postedFile struct {
	ID   int    `json:"id"`
	Name string `json:"filename"`
}

// maxMentions is how many accounts allowed_mentions may name.
// https://docs.discord.com/developers/resources/message#allowed-mentions-object
const maxMentions = 100

// newPost renders a content. The delivery's token is its nonce: within a few minutes
// Discord makes one message of any number of attempts.
func newPost(c *content, at bridge.Attempt) post {
	p := newEdit(c, at)
	p.Nonce, p.Enforce = at.Token, true
	for i, f := range c.files {
		p.Attachments = append(p.Attachments, postedFile{ID: i, Name: attachmentName(f.Name)})
	}
	return p
}

// newEdit renders what an edit changes. Files that are not spoken of stay.
func newEdit(c *content, at bridge.Attempt) post {
	p := post{
		Content: c.text, Components: components(c.buttons, postToken(at)),
		Mentions: discordgo.MessageAllowedMentions{Parse: []discordgo.AllowedMentionType{}, Users: c.users},
	}
	if len(p.Mentions.Users) > maxMentions {
		p.Mentions.Users = p.Mentions.Users[:maxMentions]
	}
	if c.embed != nil {
		p.Embeds = []*discordgo.MessageEmbed{c.embed}
	} else {
		p.Flags = discordgo.MessageFlagsSuppressEmbeds // no previews of links
	}
	return p
}

// postToken is the token that a post was made with, which an edit of its buttons keeps.
func postToken(at bridge.Attempt) string {
	for _, c := range at.Known {
		if at.Call.Verb == bridge.VerbEdit && c.Ref == at.Call.Ref && c.Token != "" {
			return c.Token
		}
	}
	return at.Token
}

// post sends one message into the thread.
func (g *Guild) post(ctx context.Context, at bridge.Attempt, c *content) (bridge.Receipt, error) {
	if !validID(at.Mirror.Thread) {
		return bridge.Receipt{}, g.client.lost(codeNoThread, at.Mirror.Place.Channel)
	}
	if c.author != "" {
		return g.postAsAgent(ctx, at, c)
	}
	var m message
	err := g.withOpenThread(ctx, at, func() error {
		return g.client.do(ctx, request{
			method: http.MethodPost, path: "channels/" + at.Mirror.Thread + "/messages", channel: at.Mirror.Place.Channel,
			body: newPost(c, at), files: c.files,
		}, &m)
	})
	if err != nil {
		return bridge.Receipt{}, err
	}
	return made(m.ID, c)
}

// edit changes a post of ours.
func (g *Guild) edit(ctx context.Context, at bridge.Attempt, c *content) (bridge.Receipt, error) {
	home, err := g.homeOf(ctx, at)
	if err != nil {
		return bridge.Receipt{}, err
	}
	body := newEdit(c, at)
	bot := func() error {
		return g.client.do(ctx, request{
			method: http.MethodPatch, path: "channels/" + home + "/messages/" + at.Call.Ref, channel: at.Mirror.Place.Channel, body: body,
		}, nil)
	}
	hook := func() error {
		return g.byHook(ctx, at, false, func(h webhook) request {
			return request{method: http.MethodPatch, path: h.path("messages", at.Call.Ref), query: threadQuery(at), body: body}
		}, nil)
	}
	if err := g.withOpenThread(ctx, at, func() error { return g.asMaker(at, bot, hook) }); err != nil {
		return bridge.Receipt{}, err
	}
	return bridge.Receipt{Ref: at.Call.Ref, Print: c.print}, nil
}

// remove deletes a post of ours. One that is not there is deleted.
func (g *Guild) remove(ctx context.Context, at bridge.Attempt) (bridge.Receipt, error) {
	home, err := g.homeOf(ctx, at)
	if err != nil {
		return bridge.Receipt{}, err
	}
	if second, ok := at.Call.Payload.(*doubled); ok && second.root && home == at.Call.Ref {
		// A second post of a forum goes as a whole, if we may, else its message.
		if g.client.do(ctx, request{method: http.MethodDelete, path: "channels/" + home, channel: at.Mirror.Place.Channel}, nil) == nil {
			return bridge.Receipt{Ref: at.Call.Ref}, nil
		}
	}
	bot := func() error {
		return g.client.do(ctx, request{
			method: http.MethodDelete, path: "channels/" + home + "/messages/" + at.Call.Ref, channel: at.Mirror.Place.Channel,
		}, nil)
	}
	hook := func() error {
		return g.byHook(ctx, at, false, func(h webhook) request {
			return request{method: http.MethodDelete, path: h.path("messages", at.Call.Ref), query: threadQuery(at)}
		}, nil)
	}
	err = g.withOpenThread(ctx, at, func() error { return g.asMaker(at, bot, hook) })
	if code := codeOf(err); code == codeUnknownMessage || home == at.Call.Ref && code == codeUnknownChannel {
		err = nil
	}
	if codeOf(err) == codeMissingPerm {
		err = g.notDeleted(ctx, at, err)
	}
	if err != nil {
		return bridge.Receipt{}, err
	}
	return bridge.Receipt{Ref: at.Call.Ref}, nil
}

// notDeleted: a webhook that is gone made the post, so only a moderator can delete it.
func (g *Guild) notDeleted(ctx context.Context, at bridge.Attempt, err error) error {
	if g.Probe(ctx, at.Mirror.Place) != nil {
		return err // more is missing than that, and will be named
	}
	return g.client.lost(codeManageMessages, at.Mirror.Place.Channel)
}

// asMaker makes a call as who made the post: the setting may have changed since, so
// when one of the two does not know it, the other is tried. Such a call had no effect.
func (g *Guild) asMaker(at bridge.Attempt, bot, hook func() error) error {
	if g.asAgent() && at.Call.Message != 0 {
		err := hook()
		if code := codeOf(err); errors.Is(err, errNoHook) || code == codeUnknownMessage || lostHook(err) {
			return bot()
		}
		return err
	}
	err := bot()
	code := codeOf(err)
	if code != codeNotOurs && (code != codeMissingPerm || at.Call.Verb != bridge.VerbDelete) {
		return err
	}
	again := hook()
	var se *bridge.SurfaceError
	if again == nil || errors.As(again, &se) && (se.Class == bridge.RateLimited || se.Class == bridge.Transient) {
		return again // what the bot was told is not the last word
	}
	return err
}

// homeOf returns the channel or thread in which a post stands. A message that a thread
// was started from stands in the thread's channel, but for the first post of a forum.
func (g *Guild) homeOf(ctx context.Context, at bridge.Attempt) (string, error) {
	m := at.Mirror
	second, _ := at.Call.Payload.(*doubled)
	switch {
	case second != nil && second.root, at.Call.Ref == m.Thread:
		forum, err := g.isForum(ctx, m.Place.Channel)
		switch {
		case err != nil:
			return "", err
		case forum:
			return at.Call.Ref, nil
		}
		return m.Place.Channel, nil
	case !validID(m.Thread):
		return "", g.client.lost(codeNoThread, m.Place.Channel)
	}
	return m.Thread, nil
}

// react gives a post our reaction or takes it away. It is too small a thing for anything
// to wait because it is not allowed.
// https://docs.discord.com/developers/resources/message#create-reaction
func (g *Guild) react(ctx context.Context, at bridge.Attempt, r *reacting) (bridge.Receipt, error) {
	home, err := g.homeOf(ctx, at)
	if err != nil {
		return bridge.Receipt{}, err
	}
	method := http.MethodDelete
	reactions := bridge.Place{Surface: Surface, Workspace: g.id, Channel: at.Mirror.Place.Channel + "/reactions"}
	if r.on {
		method = http.MethodPut
		if g.refused.get(reactions) != nil { // each refusal counts towards a ban
			g.Count("reaction not shown", codeMissingPerm)
			return bridge.Receipt{Ref: at.Call.Ref}, nil
		}
	}
	err = g.withOpenThread(ctx, at, func() error {
		return g.client.do(ctx, request{
			method: method, channel: at.Mirror.Place.Channel,
			path: "channels/" + home + "/messages/" + at.Call.Ref + "/reactions/" + url.PathEscape(r.emoji) + "/@me",
		}, nil)
	})
	switch codeOf(err) {
	case codeUnknownMessage, codeUnknownEmoji:
		err = nil
	case codeMissingPerm, codeTooManyReactions, codeReactionBlocked, codeLocked:
		if codeOf(err) == codeMissingPerm {
			g.refused.put(reactions, g.client.lost(codeMissingPerm, at.Mirror.Place.Channel))
		}
		g.Count("reaction not shown", codeOf(err))
		err = nil
	}
	if err != nil {
		return bridge.Receipt{}, err
	}
	return bridge.Receipt{Ref: at.Call.Ref}, nil
}
