package discord

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/bwmarrin/discordgo"
)

// The structs of what comes in are ours and not discordgo's: its messages have no
// nonce, and one field it cannot read rejects a whole event. Fields are what the code
// uses; everything else of an event is skipped, which matters for GUILD_CREATE.

// decode reads an event or an answer. A field of an unexpected type is left empty and
// the rest is used: an event is not lost over a detail.
func decode(raw []byte, into any) error {
	err := json.Unmarshal(raw, into)
	var detail *json.UnmarshalTypeError
	if errors.As(err, &detail) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read json: %w", err)
	}
	return nil
}

// user is an account. https://docs.discord.com/developers/resources/user#user-object
type user struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	// Global is the name that the account shows in all guilds.
	Global string `json:"global_name"`
	// Avatar names the picture that it has in all guilds.
	Avatar string `json:"avatar"`
	Bot    bool   `json:"bot"`
	// Member is there in the mentions of an event.
	Member *member `json:"member"`
}

// member is an account in a guild; events about messages leave the user out.
// https://docs.discord.com/developers/resources/guild#guild-member-object
type member struct {
	User *user  `json:"user"`
	Nick string `json:"nick"`
	// Avatar names the picture that it has in the guild alone.
	Avatar string   `json:"avatar"`
	Roles  []string `json:"roles"`
}

// message is a message as events, listings and answers show it.
// https://docs.discord.com/developers/resources/message#message-object
type message struct {
	ID          string                `json:"id"`
	ChannelID   string                `json:"channel_id"`
	GuildID     string                `json:"guild_id"`
	Type        discordgo.MessageType `json:"type"`
	Author      *user                 `json:"author"`
	Member      *member               `json:"member"`
	Content     string                `json:"content"`
	Edited      *time.Time            `json:"edited_timestamp"`
	Nonce       nonce                 `json:"nonce"`
	Flags       int                   `json:"flags"`
	Mentions    []user                `json:"mentions"`
	WebhookID   string                `json:"webhook_id"`
	AppID       string                `json:"application_id"`
	Attachments []attachment          `json:"attachments"`
	Embeds      []embed               `json:"embeds"`
	Components  []component           `json:"components"`
	Stickers    []sticker             `json:"sticker_items"`
	Poll        *poll                 `json:"poll"`
	Snapshots   []snapshot            `json:"message_snapshots"`
	Reference   *reference            `json:"message_reference"`
	Thread      *channel              `json:"thread"`
	Reactions   []reaction            `json:"reactions"`
}

// reaction counts one emoji on a message.
// https://docs.discord.com/developers/resources/message#reaction-object
type reaction struct {
	Count int   `json:"count"`
	Me    bool  `json:"me"`
	Emoji emoji `json:"emoji"`
}

// emoji is one of Unicode's, or a guild's own, which has an id.
type emoji struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// text is the emoji as the record has it.
func (e emoji) text() string {
	if e.ID != "" {
		return ":" + e.Name + ":"
	}
	return e.Name
}

// path is the emoji as an address names it.
func (e emoji) path() string {
	if e.ID != "" {
		return e.Name + ":" + e.ID
	}
	return e.Name
}

// nonce is what the sender of a message gave it: a string, or a number of some clients.
type nonce string

// UnmarshalJSON implements json.Unmarshaler.
func (n *nonce) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return fmt.Errorf("read a nonce: %w", err)
		}
		*n = nonce(s)
	}
	return nil
}

// attachment is a file of a message. Its address expires, so it is never kept.
// https://docs.discord.com/developers/resources/message#attachment-object
type attachment struct {
	ID          string `json:"id"`
	Filename    string `json:"filename"`
	ContentType string `json:"content_type"`
	Size        int64  `json:"size"`
	URL         string `json:"url"`
}

// embed is a rich part of a bot's message, or the preview of a link.
type embed struct {
	Title       string `json:"title"`
	Type        string `json:"type"`
	Description string `json:"description"`
	URL         string `json:"url"`
	Fields      []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"fields"`
	Footer *struct {
		Text string `json:"text"`
	} `json:"footer"`
}

// component is a button, an input, or a part of a message of components.
// https://docs.discord.com/developers/components/reference
type component struct {
	Type       int         `json:"type"`
	CustomID   string      `json:"custom_id"`
	Content    string      `json:"content"`
	Value      string      `json:"value"`
	Components []component `json:"components"`
	// Component is the input inside a label.
	Component *component `json:"component"`
	Accessory *component `json:"accessory"`
}

type sticker struct {
	Name string `json:"name"`
}

type poll struct {
	Question struct {
		Text string `json:"text"`
	} `json:"question"`
	Answers []struct {
		Media struct {
			Text string `json:"text"`
		} `json:"poll_media"`
	} `json:"answers"`
}

// snapshot is a message that was forwarded, without its author.
// https://docs.discord.com/developers/resources/message#message-snapshot-object
type snapshot struct {
	Message message `json:"message"`
}

type reference struct {
	Type      int    `json:"type"` // 1: a forward
	MessageID string `json:"message_id"`
	ChannelID string `json:"channel_id"`
}

// channel is a channel or a thread.
// https://docs.discord.com/developers/resources/channel#channel-object
type channel struct {
	ID      string                `json:"id"`
	Type    discordgo.ChannelType `json:"type"`
	GuildID string                `json:"guild_id"`
	Name    string                `json:"name"`
	// Parent is a thread's channel, or a channel's category.
	Parent      string      `json:"parent_id"`
	Owner       string      `json:"owner_id"`
	LastMessage string      `json:"last_message_id"`
	Flags       int         `json:"flags"`
	Overwrites  []overwrite `json:"permission_overwrites"`
	Meta        *struct {
		Archived bool `json:"archived"`
		Locked   bool `json:"locked"`
	} `json:"thread_metadata"`
}

// overwrite is what a channel allows and denies to a role or a member.
// https://docs.discord.com/developers/topics/permissions#permission-overwrites
type overwrite struct {
	ID    string `json:"id"`
	Type  int    `json:"type"` // 0 a role, 1 a member
	Allow bits   `json:"allow"`
	Deny  bits   `json:"deny"`
}

// bits is a set of permissions, a decimal number in a string.
type bits int64

// UnmarshalJSON implements json.Unmarshaler.
func (b *bits) UnmarshalJSON(raw []byte) error {
	var n json.Number
	if len(raw) > 1 && raw[0] == '"' {
		raw = raw[1 : len(raw)-1]
	}
	if json.Unmarshal(raw, &n) != nil {
		return nil // none, as of everything that is of an unexpected type
	}
	v, _ := n.Int64() // zero, or as many as there can be
	*b = bits(v)
	return nil
}

// role is a guild's role. https://docs.discord.com/developers/topics/permissions#role-object
type role struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Permissions bits   `json:"permissions"`
}

// isThread reports whether a channel is a thread, whose parent then is its channel.
func (c *channel) isThread() bool { return threadType(c.Type) }

func threadType(t discordgo.ChannelType) bool {
	switch t {
	case discordgo.ChannelTypeGuildNewsThread, discordgo.ChannelTypeGuildPublicThread, discordgo.ChannelTypeGuildPrivateThread:
		return true
	}
	return false
}
