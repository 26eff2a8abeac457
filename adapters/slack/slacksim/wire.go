package slacksim

import (
	"encoding/json"
	"slices"
)

// wireMessage is a message as the Web API and events show it. Field order is
// close to Slack's own.
type wireMessage struct {
	Type            string          `json:"type"`
	Subtype         string          `json:"subtype,omitempty"`
	User            string          `json:"user,omitempty"`
	Inviter         string          `json:"inviter,omitempty"`
	Hidden          bool            `json:"hidden,omitempty"`
	TS              string          `json:"ts"`
	ClientMsgID     string          `json:"client_msg_id,omitempty"`
	BotID           string          `json:"bot_id,omitempty"`
	AppID           string          `json:"app_id,omitempty"`
	Username        string          `json:"username,omitempty"`
	Icons           *wireIcons      `json:"icons,omitempty"`
	Text            string          `json:"text"`
	Team            string          `json:"team,omitempty"`
	UserTeam        string          `json:"user_team,omitempty"`
	SourceTeam      string          `json:"source_team,omitempty"`
	BotProfile      *wireBot        `json:"bot_profile,omitempty"`
	OldName         string          `json:"old_name,omitempty"`
	Name            string          `json:"name,omitempty"`
	Metadata        *metadata       `json:"metadata,omitempty"`
	Attachments     json.RawMessage `json:"attachments,omitempty"`
	Files           []wireFile      `json:"files,omitempty"`
	Upload          *bool           `json:"upload,omitempty"`
	DisplayAsBot    *bool           `json:"display_as_bot,omitempty"`
	Blocks          json.RawMessage `json:"blocks,omitempty"`
	Edited          *editMark       `json:"edited,omitempty"`
	ThreadTS        string          `json:"thread_ts,omitempty"`
	ParentUserID    string          `json:"parent_user_id,omitempty"`
	ReplyCount      int             `json:"reply_count,omitempty"`
	ReplyUsersCount int             `json:"reply_users_count,omitempty"`
	LatestReply     string          `json:"latest_reply,omitempty"`
	ReplyUsers      []string        `json:"reply_users,omitempty"`
	IsLocked        *bool           `json:"is_locked,omitempty"`
	Subscribed      *bool           `json:"subscribed,omitempty"`
	Reactions       []reaction      `json:"reactions,omitempty"`
	Root            *wireMessage    `json:"root,omitempty"`
}

type wireIcons struct {
	Emoji   string `json:"emoji,omitempty"`
	Image36 string `json:"image_36,omitempty"`
	Image48 string `json:"image_48,omitempty"`
	Image64 string `json:"image_64,omitempty"`
	Image72 string `json:"image_72,omitempty"`
}

type wireBot struct {
	ID      string    `json:"id"`
	Deleted bool      `json:"deleted"`
	Name    string    `json:"name"`
	Updated int64     `json:"updated"`
	AppID   string    `json:"app_id"`
	UserID  string    `json:"user_id,omitempty"`
	Icons   wireIcons `json:"icons"`
	TeamID  string    `json:"team_id,omitempty"`
}

// wire renders a message. Full metadata is only shown where Slack shows it:
// in events, and in reads that ask for include_all_metadata; elsewhere only its
// event_type. https://docs.slack.dev/messaging/message-metadata
func (s *Sim) wire(ch *channel, m *message, fullMetadata bool) *wireMessage {
	w := &wireMessage{
		Type: "message", Subtype: m.subtype, User: m.user, Inviter: m.inviter, Hidden: m.hidden, TS: m.ts,
		ClientMsgID: m.clientMsgID, BotID: m.botID, AppID: m.appID, Username: m.username, Text: m.text,
		OldName: m.oldName, Name: m.newName, Attachments: m.attachments, Blocks: m.blocks, Edited: m.edited,
		ThreadTS: m.threadTS,
	}
	s.wireAuthor(ch, m, w)
	if m.metadata != nil {
		w.Metadata = &metadata{EventType: m.metadata.EventType}
		if fullMetadata {
			w.Metadata.EventPayload = m.metadata.EventPayload
		}
	}
	for _, f := range m.files {
		w.Files = append(w.Files, s.wireFile(f))
	}
	if m.files != nil {
		no := false
		w.Upload, w.DisplayAsBot = &no, &no
	}
	for _, r := range m.reactions {
		w.Reactions = append(w.Reactions, reaction{Name: r.Name, Users: slices.Clone(r.Users), Count: r.Count})
	}
	if parent := ch.byTS[m.threadTS]; m.isReply() && parent != nil {
		w.ParentUserID = parent.author()
	}
	if len(m.replies) > 0 {
		w.thread(m)
	}
	return w
}

func (w *wireMessage) thread(m *message) {
	locked, subscribed := m.locked, false
	w.ReplyCount = len(m.replies)
	w.LatestReply = m.replies[len(m.replies)-1].ts
	w.IsLocked, w.Subscribed = &locked, &subscribed
	w.ReplyUsersCount = len(m.repliers)
	w.ReplyUsers = slices.Clone(m.repliers[:min(5, len(m.repliers))])
}

// wireAuthor fills in who wrote it and from which organisation.
func (s *Sim) wireAuthor(ch *channel, m *message, w *wireMessage) {
	if m.iconEmoj != "" || m.iconURL != "" {
		w.Icons = &wireIcons{Emoji: m.iconEmoj, Image64: m.iconURL}
	}
	if b := s.bots[m.botID]; b != nil {
		w.BotProfile = s.wireBot(b)
	}
	switch author := s.users[m.user]; {
	case author == nil:
		if m.subtype != "tombstone" {
			w.Team = s.opts.TeamID
		}
	case len(ch.external) > 0:
		w.Team, w.UserTeam, w.SourceTeam = s.opts.TeamID, author.teamID, author.teamID
	default:
		w.Team = author.teamID
	}
}

func (s *Sim) wireBot(b *bot) *wireBot {
	return &wireBot{
		ID: b.id, Name: b.name, Updated: b.updated, AppID: b.appID, TeamID: s.opts.TeamID,
		Icons: wireIcons{
			Image36: s.base + "/sim/bot.svg", Image48: s.base + "/sim/bot.svg", Image72: s.base + "/sim/bot.svg",
		},
	}
}

// fields is a JSON object in the making.
type fields map[string]any

// with adds one field and returns the object.
func (f fields) with(key string, value any) fields {
	f[key] = value
	return f
}

// encode marshals what the simulator itself built, which cannot fail.
func encode(v any) []byte {
	out, err := json.Marshal(v)
	if err != nil {
		panic("slacksim: encode: " + err.Error())
	}
	return out
}
