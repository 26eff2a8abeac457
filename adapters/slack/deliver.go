package slack

import (
	"context"
	"errors"
	"fmt"

	"github.com/slack-go/slack"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

// Deliver implements bridge.Surface.
func (a *Adapter) Deliver(ctx context.Context, at bridge.Attempt) (bridge.Receipt, error) {
	receipt, err := a.deliver(ctx, at)
	return receipt, chat.GivenUp(at, err)
}

func (a *Adapter) deliver(ctx context.Context, at bridge.Attempt) (bridge.Receipt, error) {
	switch at.Call.Verb {
	case bridge.VerbDelete:
		return a.remove(ctx, at.Mirror.Place.Channel, at.Call.Ref)
	case bridge.VerbEdit:
		if r, ok := at.Call.Payload.(*reacting); ok {
			return a.react(ctx, at, r)
		}
		return a.update(ctx, at)
	}
	return a.guarded(ctx, at, func() (bridge.Receipt, error) {
		if u, ok := at.Call.Payload.(*upload); ok {
			return a.upload(ctx, at, u)
		}
		return a.post(ctx, at)
	})
}

// errPayload: the call carries nothing that we planned, which is a defect.
func errPayload(c bridge.Call) error {
	return &bridge.SurfaceError{Class: bridge.Rejected, Code: "unplanned", Err: fmt.Errorf("a %s without content", c.Verb)}
}

// post sends one message and makes sure that it is where it should be.
func (a *Adapter) post(ctx context.Context, at bridge.Attempt) (bridge.Receipt, error) {
	c, ok := at.Call.Payload.(*content)
	if !ok {
		return bridge.Receipt{}, errPayload(at.Call)
	}
	channel := at.Mirror.Place.Channel
	options, err := a.postOptions(at, c)
	if err != nil {
		return bridge.Receipt{}, err
	}
	if picture := a.pictureOf(ctx, c.person); picture != "" {
		options = append(options, slack.MsgOptionIconURL(picture))
	}
	var ts string
	var answer slack.Message
	err = a.call(ctx, "chat.postMessage", channel, func(ctx context.Context) error {
		var err error
		_, ts, answer, err = a.api.PostMessageWithResponseContext(ctx, channel, options...)
		return answered(ts, err)
	}, posts(channel)...)
	switch {
	case err != nil:
		return bridge.Receipt{}, err
	case !at.Call.Root && answer.ThreadTimestamp != at.Mirror.Thread:
		return bridge.Receipt{}, a.stray(ctx, channel, ts)
	}
	return bridge.Receipt{Ref: ts, Print: c.print}, nil
}

// postOptions is the only place where a post is given its thread. One that is no
// root and has no thread is refused here: it would be read by the whole channel.
func (a *Adapter) postOptions(at bridge.Attempt, c *content) ([]slack.MsgOption, error) {
	payload := map[string]any{"d": at.Token}
	if at.Call.Root {
		payload["r"] = true
	}
	if c.print == filesOnly {
		payload["f"] = true
	}
	options := []slack.MsgOption{
		slack.MsgOptionText(c.text, false),
		slack.MsgOptionDisableLinkUnfurl(),
		slack.MsgOptionDisableMediaUnfurl(),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: eventType, EventPayload: payload}),
	}
	if len(c.blocks) > 0 {
		options = append(options, slack.MsgOptionBlocks(c.blocks...))
	}
	if a.identity == IdentityAgent && c.author != "" {
		options = append(options, slack.MsgOptionUsername(c.author))
	}
	if at.Call.Root {
		return options, nil
	}
	thread, err := newThreadTS(at.Mirror.Thread)
	if err != nil {
		return nil, &bridge.SurfaceError{
			Class: bridge.Gone, Code: "no_thread", Err: err,
			Remedy: "The conversation has no thread there. Open it in the channel again.",
		}
	}
	return append(options, slack.MsgOptionTS(thread.ts)), nil
}

// stray takes back a reply that Slack put into the channel, which it does when
// the parent was deleted, while it says ok.
func (a *Adapter) stray(ctx context.Context, channel, ts string) error {
	a.count("stray", "")
	se := a.refusal(bridge.ParkedThread, channel, "", "")
	for range 3 {
		_, err := a.remove(context.WithoutCancel(ctx), channel, ts)
		if err == nil {
			return se
		}
		se.Err = fmt.Errorf("take back a reply that landed in the channel: %w", err)
	}
	a.log.Error("a reply that landed in the channel was not taken back", "channel", channel, "ts", ts, "err", se.Err)
	se.Remedy += " One reply is visible in the channel outside the thread: delete it there."
	return se
}

func (a *Adapter) update(ctx context.Context, at bridge.Attempt) (bridge.Receipt, error) {
	c, ok := at.Call.Payload.(*content)
	if !ok {
		return bridge.Receipt{}, errPayload(at.Call)
	}
	if err := a.mayPost(ctx, at.Mirror); err != nil {
		return bridge.Receipt{}, err
	}
	channel := at.Mirror.Place.Channel
	// Unlike a post's, an update's text is parsed for plain @names by default.
	// https://docs.slack.dev/reference/methods/chat.update
	options := []slack.MsgOption{slack.MsgOptionText(c.text, false), slack.MsgOptionParse(false)}
	if len(c.blocks) > 0 {
		options = append(options, slack.MsgOptionBlocks(c.blocks...))
	}
	err := a.call(ctx, "chat.update", channel, func(ctx context.Context) error {
		_, ts, _, err := a.api.UpdateMessageContext(ctx, channel, at.Call.Ref, options...)
		return answered(ts, err)
	})
	if err != nil {
		return bridge.Receipt{}, err
	}
	return bridge.Receipt{Ref: at.Call.Ref, Print: c.print}, nil
}

// answered takes an answer without ok, without an error and without a ts, which
// slack-go takes for success, for the broken one that it is.
func answered(ts string, err error) error {
	if err == nil && ts == "" {
		return &bridge.SurfaceError{Class: bridge.Transient, Uncertain: true, Code: "no_ts"}
	}
	return err
}

// remove deletes a post of ours. One that is not there is deleted.
func (a *Adapter) remove(ctx context.Context, channel, ts string) (bridge.Receipt, error) {
	err := a.call(ctx, "chat.delete", channel, func(ctx context.Context) error {
		_, answer, err := a.api.DeleteMessageContext(ctx, channel, ts)
		return answered(answer, err)
	})
	var se *bridge.SurfaceError
	if errors.As(err, &se) && se.Code == "message_not_found" {
		err = nil
	}
	if err != nil {
		return bridge.Receipt{}, err
	}
	a.own.forget(channel, ts)
	return bridge.Receipt{Ref: ts}, nil
}
