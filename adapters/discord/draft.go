package discord

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

const (
	// suggestPrefix begins the id of a draft's form: "sb:suggestion:<post>:<text>".
	suggestPrefix = buttonPrefix + "suggestion:"
	// A form has five fields of 4,000 characters at most.
	// https://docs.discord.com/developers/components/reference#text-input
	suggestFields = 5
	maxFormAnswer = 4000
)

func suggestField(n int) string { return fmt.Sprintf("text%d", n) }

// planReview adds to calls the one for the post with a draft's buttons. When the draft is
// withdrawn they stay and can be pressed no more.
func (g *Guild) planReview(v bridge.View, calls []bridge.Call) []bridge.Call {
	return v.PlanReview(calls, func() any {
		c := g.rendered(markup.ToDiscord(chat.Review(v.Reviewed), nil, maxText)[0])
		over := chat.ReviewOver(v.Reviewed)
		c.buttons = []button{
			{action: bridge.PressGood, label: "Looks good", disabled: over}, {action: bridge.PressSuggest, label: "Suggest a change", disabled: over},
		}
		return c
	})
}

// suggestForm answers who wants to change a draft with a form that has its text, or says
// why there is none.
func (g *Guild) suggestForm(ctx context.Context, it *interaction) error {
	form, words, err := g.formOf(ctx, it)
	switch {
	case errors.Is(err, bridge.ErrNotFound):
		words = "There is no draft behind this button any more."
	case err != nil:
		words = g.plainWords(it, err)
	}
	if form != nil {
		return g.acknowledge(ctx, it, answerModal, form)
	}
	if err := g.acknowledge(ctx, it, answerDeferred, map[string]any{"flags": flagEphemeral}); err != nil {
		return err
	}
	return g.complete(ctx, it, words)
}

func (g *Guild) formOf(ctx context.Context, it *interaction) (form any, words string, err error) {
	ctx, cancel := context.WithTimeout(ctx, ackTime/2)
	defer cancel()
	if it.Message == nil {
		return nil, "", bridge.ErrNotFound
	}
	at, err := g.asked(ctx, it)
	if err != nil {
		return nil, "", err
	}
	d, err := g.Threads.DraftAt(ctx, g.at(at.channel), it.Message.ID)
	if err != nil {
		return nil, "", err
	}
	parts := chat.FormParts(d.Body, maxFormAnswer, suggestFields)
	if parts == nil {
		return nil, chat.TooLong, nil
	}
	var rows []any
	for n, part := range parts {
		rows = append(rows, map[string]any{"type": 1, "components": []any{map[string]any{
			"type": 4, "style": 2, "custom_id": suggestField(n), "label": chat.FormLabel(n, len(parts)), "value": part,
			"max_length": maxFormAnswer, "required": len(parts) == 1,
		}}})
	}
	return map[string]any{
		"custom_id": suggestPrefix + it.Message.ID + ":" + strconv.FormatInt(d.Text, 10), "title": "Suggest a change", "components": rows,
	}, "", nil
}

// suggested takes the form. Its id comes back by the person's own client; the channel is
// Discord's word, so that nobody answers what they cannot see.
func (g *Guild) suggested(ctx context.Context, it *interaction) (string, error) {
	post, seen, _ := strings.Cut(strings.TrimPrefix(it.Data.CustomID, suggestPrefix), ":")
	text, err := strconv.ParseInt(seen, 10, 64)
	if err != nil || !validID(post) {
		return "This form is not known here.", nil
	}
	at, err := g.asked(ctx, it)
	if err != nil {
		return "", err
	}
	var parts []string
	for n := range suggestFields {
		parts = append(parts, fieldValue(it.Data.Components, suggestField(n)))
	}
	ctx, cancel := context.WithTimeout(ctx, acceptTimeout)
	defer cancel()
	res, err := g.Inbox.Accept(ctx, bridge.Inbound{
		Kind: bridge.InPress, Action: bridge.PressSuggest, Source: g.source(at, post), Text: text, Body: chat.FormText(parts),
		Author: g.account(it.Member.User.ID), AuthorName: displayName(it.Member.User, it.Member), Key: g.keyOf(it),
	})
	if err != nil {
		return "", fmt.Errorf("suggest a text: %w", err)
	}
	g.Count(string(res.Outcome), string(bridge.InPress))
	return chat.Inert(cmp.Or(chat.Why(res, howToLink), "There is no draft behind this form any more.")), nil
}
