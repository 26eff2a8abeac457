package discord

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/bwmarrin/discordgo"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

// kindOf returns what kind a channel of the guild is of.
func (g *Guild) kindOf(ctx context.Context, id string) (discordgo.ChannelType, error) {
	if k, ok := g.places.get(id); ok && k.guild == g.id {
		g.labels.learn(id, k.name)
		return k.kind, nil
	}
	var c channel
	if err := g.client.do(ctx, request{method: http.MethodGet, path: "channels/" + id}, &c); err != nil {
		return 0, chat.Certain(err)
	}
	if c.GuildID != g.id {
		return 0, g.client.lost(codeUnknownChannel, id)
	}
	c.ID = id
	g.places.put(g.id, &c)
	g.labels.learn(id, c.Name)
	return c.Type, nil
}

// hasPosts reports whether threads in a kind of channel are posts that begin with a
// message of their own.
func hasPosts(kind discordgo.ChannelType) bool {
	return kind == discordgo.ChannelTypeGuildForum || kind == discordgo.ChannelTypeGuildMedia
}

func (g *Guild) isForum(ctx context.Context, channel string) (bool, error) {
	kind, err := g.kindOf(ctx, channel)
	return hasPosts(kind), err
}

// postRoot posts the card: as a message in a text channel, on which the next call opens
// the thread, or as a new post of a forum.
func (g *Guild) postRoot(ctx context.Context, at bridge.Attempt, c *content) (bridge.Receipt, error) {
	channel := at.Mirror.Place.Channel
	kind, err := g.kindOf(ctx, channel)
	switch {
	case err != nil:
		return bridge.Receipt{}, err
	case hasPosts(kind):
		return g.postInForum(ctx, at, c)
	case kind != discordgo.ChannelTypeGuildText && kind != discordgo.ChannelTypeGuildNews:
		return bridge.Receipt{}, g.client.lost(codeChannelType, channel)
	}
	var m message
	err = g.client.do(ctx, request{method: http.MethodPost, path: "channels/" + channel + "/messages", body: newPost(c, at)}, &m)
	if err != nil {
		return bridge.Receipt{}, err
	}
	return made(m.ID, c)
}

// forum is what a post in a forum must obey.
// https://docs.discord.com/developers/resources/channel#channel-object
type forum struct {
	Flags int `json:"flags"`
	Tags  []struct {
		ID        string `json:"id"`
		Moderated bool   `json:"moderated"`
	} `json:"available_tags"`
}

const flagRequireTag = 1 << 4

// tags returns the tag that a forum demands: the first that need not be a moderator's.
func (f *forum) tags() []string {
	if f.Flags&flagRequireTag == 0 {
		return nil
	}
	for _, t := range f.Tags {
		if !t.Moderated {
			return []string{t.ID}
		}
	}
	return nil
}

// postInForum makes a post. It has no nonce: one of unknown outcome is looked for by the
// token in its buttons.
// https://docs.discord.com/developers/resources/channel#start-thread-in-forum-or-media-channel
func (g *Guild) postInForum(ctx context.Context, at bridge.Attempt, c *content) (bridge.Receipt, error) {
	parent := at.Mirror.Place.Channel
	var f forum
	if err := g.client.do(ctx, request{method: http.MethodGet, path: "channels/" + parent}, &f); err != nil {
		return bridge.Receipt{}, chat.Certain(err)
	}
	first := newPost(c, at)
	first.Nonce, first.Enforce = "", false
	body := struct {
		Name    string   `json:"name"`
		Archive int      `json:"auto_archive_duration"`
		Tags    []string `json:"applied_tags,omitempty"`
		Message post     `json:"message"`
	}{c.thread, g.AutoArchive, f.tags(), first}
	var thread channel
	err := g.client.do(ctx, request{method: http.MethodPost, path: "channels/" + parent + "/threads", body: body}, &thread)
	if err != nil {
		return bridge.Receipt{}, err
	}
	return made(thread.ID, c)
}

// openThread opens the thread on a root. The thread has the root's id, so that doing it
// again changes nothing.
// https://docs.discord.com/developers/resources/channel#start-thread-from-message
func (g *Guild) openThread(ctx context.Context, at bridge.Attempt, o *opening) (bridge.Receipt, error) {
	channel, root := at.Mirror.Place.Channel, at.Mirror.Thread
	if !validID(root) {
		return bridge.Receipt{}, g.client.lost(codeNoThread, channel)
	}
	forum, err := g.isForum(ctx, channel)
	if err != nil || forum {
		return bridge.Receipt{Ref: root}, err
	}
	err = g.client.do(ctx, request{
		method: http.MethodPost, path: "channels/" + channel + "/messages/" + root + "/threads",
		body: map[string]any{"name": o.name, "auto_archive_duration": g.AutoArchive},
	}, nil)
	switch codeOf(err) {
	case codeHasThread:
		err = nil
	case codeUnknownMessage:
		err = g.client.lost(bridge.ParkedThread, channel)
	}
	if err != nil {
		return bridge.Receipt{}, err
	}
	return bridge.Receipt{Ref: root}, nil
}

// withOpenThread makes a call again after taking the thread out of the archive, when
// that was in its way. A post of the bot does so by itself, unless the thread is locked.
// https://docs.discord.com/developers/topics/threads#active-archived-threads
func (g *Guild) withOpenThread(ctx context.Context, at bridge.Attempt, run func() error) error {
	err := run()
	how := map[string]any{"archived": false}
	switch code := codeOf(err); {
	case code == codeLocked && at.Call.Message != 0 && at.Call.Verb == bridge.VerbPost:
		// Something is said again, which opens the conversation.
		how["locked"] = false
	case code != codeArchived && code != codeLocked:
		return err
	}
	if err := g.setThread(ctx, at, how); err != nil {
		return err
	}
	return run()
}

// setThread archives or locks a thread, or ends both.
// https://docs.discord.com/developers/resources/channel#modify-channel
func (g *Guild) setThread(ctx context.Context, at bridge.Attempt, how map[string]any) error {
	channel, thread := at.Mirror.Place.Channel, at.Mirror.Thread
	if !validID(thread) {
		return g.client.lost(codeNoThread, channel)
	}
	locked, locks := how["locked"].(bool)
	if locks {
		g.noteLock(thread, locked)
	}
	err := g.client.do(ctx, request{method: http.MethodPatch, path: "channels/" + thread, channel: channel, body: how}, nil)
	var se *bridge.SurfaceError
	if locks && errors.As(err, &se) && (se.Class != bridge.Transient || se.Code == codeArchived) {
		g.places.forgetLock(thread, locked) // refused: the next that we hear of is a moderator's
	}
	if codeOf(err) == codeMissingPerm {
		return g.client.lost(codeLocked, channel)
	}
	return chat.Certain(err)
}

// lockThread locks and archives the thread, or ends both.
func (g *Guild) lockThread(ctx context.Context, at bridge.Attempt, l *locking) (bridge.Receipt, error) {
	thread := at.Mirror.Thread
	if l.gently {
		locked, err := g.isLocked(ctx, at)
		if err != nil || !locked {
			return bridge.Receipt{Ref: thread}, err
		}
	}
	how := map[string]any{"archived": l.on, "locked": l.on}
	err := g.setThread(ctx, at, how)
	if codeOf(err) == codeArchived { // an archived thread can only be taken out
		if err = g.setThread(ctx, at, map[string]any{"archived": false}); err == nil {
			err = g.setThread(ctx, at, how)
		}
	}
	if err != nil && l.gently && slices.Contains([]string{codeLocked, codeMissingAccess}, codeOf(err)) {
		g.Count("thread not unlocked", "")
		err = nil // the experts see that it is locked, and by whom
	}
	if err != nil {
		return bridge.Receipt{}, err
	}
	return bridge.Receipt{Ref: thread}, nil
}

func (g *Guild) isLocked(ctx context.Context, at bridge.Attempt) (bool, error) {
	if !validID(at.Mirror.Thread) {
		return false, nil
	}
	var c channel
	err := g.client.do(ctx, request{method: http.MethodGet, path: "channels/" + at.Mirror.Thread, channel: at.Mirror.Place.Channel}, &c)
	if err != nil {
		return false, chat.Certain(err)
	}
	return c.Meta != nil && c.Meta.Locked, nil
}
