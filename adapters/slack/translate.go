package slack

import (
	"cmp"
	"context"
	"strings"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// Surface is the adapter's name in places and accounts.
const Surface = "slack"

// eventType marks our own posts; every member and app of the workspace can read
// it, so it carries nothing but the delivery's token.
// https://docs.slack.dev/messaging/message-metadata
const eventType = "sidebridge_delivery"

// slackbot is Slack's own account, which stands for "it is not told by whom".
const slackbot = "USLACKBOT"

// formerMember is the name of somebody the workspace no longer knows.
const formerMember = "former member"

// Why a message is not taken. The words are labels of the counter "ignored".
const (
	skipSubtype   = "subtype"
	skipNoEdit    = "no edit"
	skipNoThread  = "no thread"
	skipBot       = "other bot"
	skipMalformed = "malformed"
	skipHidden    = "hidden by Slack"
	skipLoop      = "bot too fast"
)

// translate turns a message event into what happened, or says why it is not taken.
func (a *Adapter) translate(ctx context.Context, e *event) (bridge.Inbound, string) {
	switch e.Subtype {
	case "message_changed":
		return a.changed(ctx, e)
	case "message_deleted":
		return a.deleted(e)
	default:
		return a.posted(ctx, string(e.Channel), &e.message)
	}
}

// posted translates a message that was said.
func (a *Adapter) posted(ctx context.Context, channel string, m *message) (bridge.Inbound, string) {
	if !isReply(m.TS, m.ThreadTS) && !a.isOurs(m) && a.skip(channel, m) == "" {
		// It begins a thread of its own, which cannot be one of ours yet.
		return bridge.Inbound{}, skipNoThread
	}
	return a.listed(ctx, channel, m)
}

// listed translates a message of a thread that is known to be ours.
func (a *Adapter) listed(ctx context.Context, channel string, m *message) (bridge.Inbound, string) {
	if skip := a.skip(channel, m); skip != "" {
		return bridge.Inbound{}, skip
	}
	if a.tooFast(ctx, channel, m) {
		return bridge.Inbound{}, skipLoop
	}
	in := a.said(ctx, channel, m)
	in.Kind = bridge.InPost
	// One gesture can come as two events with different ts but the same client_msg_id.
	if m.ClientMsgID != "" {
		in.Key = Surface + "/" + a.workspace + "/" + channel + "/" + m.ClientMsgID
	}
	return in, ""
}

// changed translates a message_changed. Slack sends it for unfurls, reply counts
// and thumbnails too; only a change that carries an edit stamp is an edit. The
// parent of a thread that was deleted comes as a change to a tombstone.
// https://docs.slack.dev/reference/events/message/message_changed
func (a *Adapter) changed(ctx context.Context, e *event) (bridge.Inbound, string) {
	m := e.Changed
	switch {
	case m == nil:
		return bridge.Inbound{}, skipMalformed
	case m.Subtype == "tombstone":
		if e.Previous != nil {
			m.User, m.BotID, m.AppID = e.Previous.User, e.Previous.BotID, e.Previous.AppID
		}
		return a.gone(string(e.Channel), m)
	case m.Edited == nil || m.Edited.TS == "":
		return bridge.Inbound{}, skipNoEdit
	}
	return a.edited(ctx, string(e.Channel), m)
}

// edited translates a message whose words were changed. Only its author can do
// that, so a change of our own post is our own doing and needs no fingerprint.
func (a *Adapter) edited(ctx context.Context, channel string, m *message) (bridge.Inbound, string) {
	if skip := a.skip(channel, m); skip != "" {
		return bridge.Inbound{}, skip
	}
	if a.tooFast(ctx, channel, m) {
		return bridge.Inbound{}, skipLoop
	}
	in := a.said(ctx, channel, m)
	in.Kind, in.Print = bridge.InEdit, ""
	return in, ""
}

func (a *Adapter) deleted(e *event) (bridge.Inbound, string) {
	m := message{TS: e.DeletedTS}
	if e.Previous != nil {
		m = *e.Previous
		m.TS = e.DeletedTS
		if a.skip(string(e.Channel), &m) == skipBot {
			return bridge.Inbound{}, skipBot // it was not taken when it was said
		}
		if bot := a.botOf(&m); bot != "" && a.breaker.Paused(chat.Bot{Channel: string(e.Channel), Thread: threadOf(m.TS, m.ThreadTS), Bot: bot}, tsMicros(m.TS)) {
			return bridge.Inbound{}, skipLoop // nor was this
		}
	}
	return a.gone(string(e.Channel), &m)
}

// gone translates a message that is no longer there. Slack does not tell who
// deleted it: its author or an admin.
func (a *Adapter) gone(channel string, m *message) (bridge.Inbound, string) {
	if channel == "" || !validTS(m.TS) {
		return bridge.Inbound{}, skipMalformed
	}
	return bridge.Inbound{
		Kind: bridge.InDelete, Source: a.source(channel, m),
		Author: a.account(slackbot), AuthorName: "Slack",
		Ours: a.isOurs(m),
	}, ""
}

// skip says why a message is not mirrored, or "". Everything that Slack says by
// itself (joins, topics, pins, reminders) is skipped.
// https://docs.slack.dev/reference/events/message#subtypes
func (a *Adapter) skip(channel string, m *message) string {
	switch {
	case channel == "" || !validTS(m.TS) || (m.ThreadTS != "" && !validTS(m.ThreadTS)):
		return skipMalformed
	case m.Subtype == "ekm_access_denied" || m.hidden():
		return skipHidden
	}
	switch m.Subtype {
	case "", "file_share", "me_message", "thread_broadcast", "bot_message":
	default:
		return skipSubtype
	}
	switch {
	case a.isOurs(m):
		return ""
	case m.User == slackbot, m.User == "" && m.BotID == "" && m.AppID == "":
		return skipBot
	case m.BotID == "" && m.Subtype != "bot_message":
		return ""
	case a.bots[m.BotID] || a.bots[m.AppID]:
		return ""
	}
	return skipBot
}

// isOurs reports whether our own app said it. A person can write through an app
// too; then the app's id is there but no bot's.
func (a *Adapter) isOurs(m *message) bool {
	me := a.self()
	switch {
	case me.user != "" && string(m.User) == me.user, me.bot != "" && m.BotID == me.bot:
		return true
	}
	return me.app != "" && m.AppID == me.app && (m.BotID != "" || m.Subtype == "bot_message")
}

// said fills in who said what where.
func (a *Adapter) said(ctx context.Context, channel string, m *message) bridge.Inbound {
	in := bridge.Inbound{Source: a.source(channel, m), Ours: a.isOurs(m)}
	for _, f := range m.Files {
		if f.ID != "" {
			in.Files = append(in.Files, inboundFile(f))
		}
	}
	if in.Ours {
		// Our words are in the record; the token says which post this is.
		in.Author, in.Token, in.Print = a.account(a.self().user), a.tokenOf(m), a.printOf(m)
		return in
	}
	ask := asking{ctx: ctx, until: a.now().Add(a.nameBudget)}
	in.Author, in.AuthorName = a.author(ask, m)
	in.Body = a.body(ask, m)
	return in
}

func (a *Adapter) source(channel string, m *message) bridge.Source {
	src := bridge.Source{
		Surface: Surface, Workspace: a.workspace, Channel: channel,
		Thread: threadOf(m.TS, m.ThreadTS), Ref: m.TS, Order: m.TS, SentAt: tsMicros(m.TS),
	}
	if m.Edited != nil {
		src.Rev = m.Edited.TS
	}
	return src
}

func (a *Adapter) account(id string) bridge.Account {
	return bridge.Account{Surface: Surface, Workspace: a.workspace, ID: id}
}

// author returns the account and the name to show; the name is empty when Slack
// was slow to say.
func (a *Adapter) author(ask asking, m *message) (bridge.Account, string) {
	if m.User != "" {
		if p := m.Profile; p != nil && (p.Display != "" || p.Real != "") {
			return a.account(string(m.User)), markup.CleanName(cmp.Or(p.Display, p.Real))
		}
		return a.account(string(m.User)), a.names.of(ask, string(m.User))
	}
	return a.account(cmp.Or(m.BotID, m.AppID)), markup.CleanName(cmp.Or(m.Username, "bot"))
}

// body returns the words as Markdown.
func (a *Adapter) body(ask asking, m *message) string {
	text := markup.SlackText{Workspace: a.workspace, Text: m.Text, Blocks: m.Blocks}
	body := markup.FromSlack(text, directory{a: a, ask: ask})
	for _, att := range m.Attachments {
		// Previews of links are left out; a forwarded message is what was said.
		if att.Share || (body == "" && len(m.Files) == 0) {
			body += a.forwarded(ask, att)
		}
	}
	body = strings.TrimSpace(body)
	if m.Subtype == "me_message" && body != "" && !strings.ContainsAny(body, "*\n") {
		return "*" + body + "*"
	}
	return body
}

// forwarded renders a message that was forwarded as a quote.
func (a *Adapter) forwarded(ask asking, att attachment) string {
	text := markup.FromSlack(markup.SlackText{Workspace: a.workspace, Text: cmp.Or(att.Text, att.Fallback)}, directory{a: a, ask: ask})
	if text == "" {
		return ""
	}
	if name := markup.CleanName(att.Author); name != "" {
		text = "**" + chat.Inert(name) + "**\n" + text
	}
	return "\n\n> " + strings.ReplaceAll(text, "\n", "\n> ")
}

// tokenOf returns the delivery token of a post of ours. An upload's message has
// no metadata, but we remember which file ids we sent under which token. A reply
// that Slack put into the channel because its parent is gone proves no delivery:
// the call's answer shows the same, and the stray is deleted.
func (a *Adapter) tokenOf(m *message) string {
	if md := m.Metadata; md != nil && md.EventType == eventType {
		if !md.Payload.Root && !isReply(m.TS, m.ThreadTS) {
			return ""
		}
		return md.Payload.Token
	}
	if !isReply(m.TS, m.ThreadTS) {
		return ""
	}
	for _, f := range m.Files {
		if token := a.uploads.token(f.ID); token != "" {
			return token
		}
	}
	return ""
}

// inboundFile names a file by its id. A file shared from another organisation
// is a stub without a name until files.info is asked.
// https://docs.slack.dev/reference/objects/file-object
func inboundFile(f file) bridge.InboundFile {
	name := fileName(cmp.Or(f.Name, f.Title))
	if name == "" {
		name = f.ID
	}
	return bridge.InboundFile{Ref: f.ID, Name: name, MIME: f.MIME, Size: f.Size}
}

// fileName makes a name that somebody chose safe to show and to offer for
// download; it is never a path.
func fileName(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = markup.CleanName(name)
	if name == "." || name == ".." {
		return ""
	}
	return name
}
