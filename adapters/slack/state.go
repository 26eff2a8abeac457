package slack

import (
	"context"
	"fmt"

	"github.com/sidebridge/sidebridge/bridge"
)

// changedState takes an event about a channel, a person or the installation.
// https://docs.slack.dev/reference/events
func (a *Adapter) changedState(ctx context.Context, e *event) error {
	channel := string(e.Channel)
	var err error
	switch e.Type {
	case "channel_archive", "group_archive":
		err = a.blocked(ctx, channel, "is_archived")
	case "channel_deleted", "group_deleted":
		err = a.blocked(ctx, channel, "channel_not_found")
	case "channel_left", "group_left":
		err = a.blocked(ctx, channel, "not_in_channel")
	case "member_left_channel":
		if a.itsMe(e) {
			err = a.blocked(ctx, channel, "not_in_channel")
		} else {
			err = a.watcher.MembersChanged(ctx, a.place(channel))
		}
	case "member_joined_channel":
		if a.itsMe(e) {
			err = a.recovered(ctx, channel)
		} else {
			err = a.watcher.MembersChanged(ctx, a.place(channel))
		}
	case "channel_unarchive", "group_unarchive", "channel_unshared":
		err = a.recovered(ctx, channel)
	case "channel_shared":
		a.forgetChannel(channel)
		a.own.expose(channel, e.EventTS, a.allowed)
	case "channel_rename", "group_rename":
		a.forgetChannel(channel)
	case "channel_id_changed":
		err = a.renamed(ctx, e)
	case "user_change":
		a.names.forget(string(e.User))
		a.homes.forget(string(e.User))
		a.pictures.forget(string(e.User))
	case "tokens_revoked":
		if len(e.Tokens.Bot) > 0 {
			err = a.blocked(ctx, "", "token_revoked")
		}
	case "app_uninstalled":
		err = a.blocked(ctx, "", "account_inactive")
	default:
		a.count("ignored", "unknown event")
		return nil
	}
	if err != nil {
		return fmt.Errorf("take %s: %w", e.Type, err)
	}
	return nil
}

func (a *Adapter) itsMe(e *event) bool {
	me := a.self().user
	return me != "" && string(e.User) == me
}

func (a *Adapter) place(channel string) bridge.Place {
	return bridge.Place{Surface: Surface, Workspace: a.workspace, Channel: channel}
}

// blocked reports what a refused call would report.
func (a *Adapter) blocked(ctx context.Context, channel, code string) error {
	a.forgetChannel(channel)
	se := a.refusal(code, channel, "", "")
	return a.watcher.Blocked(ctx, a.place(channel), se.Code, se.Remedy)
}

func (a *Adapter) recovered(ctx context.Context, channel string) error {
	a.forgetChannel(channel)
	return a.watcher.Recovered(ctx, a.place(channel))
}

func (a *Adapter) renamed(ctx context.Context, e *event) error {
	if !validID(e.OldChannel) || !validID(e.NewChannel) {
		a.count("ignored", skipMalformed)
		return nil
	}
	a.forgetChannel(e.OldChannel)
	a.forgetChannel(e.NewChannel)
	return a.watcher.Renamed(ctx, a.place(e.OldChannel), a.place(e.NewChannel))
}

func (a *Adapter) forgetChannel(channel string) {
	a.channels.forget(channel)
	a.channelNames.forget(channel)
}
