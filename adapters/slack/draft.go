package slack

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/slack-go/slack"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// The buttons of a draft, and its form.
const (
	pressGood       = "sidebridge_good"
	pressSuggest    = "sidebridge_suggest"
	callbackSuggest = "sidebridge_suggestion"
	// suggestFields is how many fields a form has at most for a long draft.
	suggestFields = 5
)

func suggestField(n int) string { return fmt.Sprintf("text%d", n) }

// planReview adds to calls the one for the post with a draft's buttons.
func (a *Adapter) planReview(v bridge.View, calls []bridge.Call) []bridge.Call {
	return v.PlanReview(calls, func() any {
		c := a.rendered(markup.ToSlack(chat.Review(v.Reviewed), nil, maxText)[0], "")
		if chat.ReviewOver(v.Reviewed) {
			return c
		}
		button := func(id, text string) *slack.ButtonBlockElement {
			return slack.NewButtonBlockElement(id, "", slack.NewTextBlockObject(slack.PlainTextType, text, false, false))
		}
		c.blocks = append(c.blocks, slack.NewActionBlock("",
			button(pressGood, "Looks good").WithStyle(slack.StylePrimary), button(pressSuggest, "Suggest a change")))
		return c
	})
}

// suggestForm shows a form with the draft's text to who wants to change it.
func (a *Adapter) suggestForm(ctx context.Context, p *payload, in bridge.Inbound) {
	to := answer{in: bridge.Inbound{Source: in.Source, Author: in.Author}, url: p.ResponseURL}
	d, err := a.threads.DraftAt(ctx, in.Source.Place(), in.Source.Ref)
	switch {
	case errors.Is(err, bridge.ErrNotFound):
		a.sayLater(to, told{text: "There is no draft behind this button any more."})
		return
	case err != nil:
		a.sayLater(to, a.failedWish(err))
		return
	}
	parts := chat.FormParts(d.Body, maxFormAnswer, suggestFields)
	if parts == nil {
		a.sayLater(to, told{text: chat.TooLong})
		return
	}
	place := formPlace{Channel: in.Source.Channel, Thread: in.Source.Thread, Message: in.Source.Ref, Text: d.Text}
	var fields []field
	for n := range parts {
		fields = append(fields, field{
			id: suggestField(n), label: chat.FormLabel(n, len(parts)), hint: "The customer gets nothing before the agent sends it",
			most: maxFormAnswer, required: len(parts) == 1, lines: true,
		})
	}
	view := modal(callbackSuggest, "Suggest a change", "Suggest", place, "The agent sees what you changed, and decides.", fields...)
	for n, part := range parts {
		view.Blocks.BlockSet[n].(*slack.InputBlock).Element.(*slack.PlainTextInputBlockElement).InitialValue = part
	}
	a.openForm(ctx, to, p.TriggerID, view)
}

// suggested takes the form. What is wrong is shown in it.
func (a *Adapter) suggested(ctx context.Context, p *payload) any {
	var place formPlace
	if err := json.Unmarshal([]byte(p.View.Metadata), &place); err != nil || !validID(place.Channel) || !validTS(place.Message) {
		a.count("ignored", skipMalformed)
		return refusedForm(suggestField(0), "This form is from another version. Close it and open it again.")
	}
	if !a.teams[p.User.TeamID] {
		a.count("ignored", "form from another organisation")
		return refusedForm(suggestField(0), onlyMembers)
	}
	var parts []string
	for n := range suggestFields {
		parts = append(parts, p.View.field(suggestField(n)))
	}
	in := bridge.Inbound{
		Kind: bridge.InPress, Action: bridge.PressSuggest, Author: a.account(p.User.ID), Text: place.Text, Body: chat.FormText(parts),
		Source: a.source(place.Channel, &message{TS: place.Message, ThreadTS: place.Thread}),
		Key:    Surface + "/" + a.workspace + "/" + place.Channel + "/suggest/" + p.View.ID,
	}
	to := answer{in: bridge.Inbound{Source: in.Source, Author: in.Author}}
	t, done := a.promptly(ctx, func(ctx context.Context) told { return a.suggest(ctx, in) },
		func(ctx context.Context, t told) error { return a.tell(ctx, to, t.say()) })
	if done && !t.ok {
		return refusedForm(suggestField(0), t.text)
	}
	return nil // the form closes; the thread shows what was suggested
}

func (a *Adapter) suggest(ctx context.Context, in bridge.Inbound) told {
	in.AuthorName = markup.CleanName(a.names.of(asking{ctx: ctx, until: a.now().Add(a.nameBudget)}, in.Author.ID))
	res, err := a.inbox.Accept(ctx, in)
	if err != nil {
		return a.failedWish(err)
	}
	a.count(string(res.Outcome), string(in.Kind))
	ok := res.Outcome == bridge.Accepted || res.Outcome == bridge.Duplicate
	return told{text: cmp.Or(chat.Why(res, howToLink), "There is no draft behind this form any more."), ok: ok}
}
