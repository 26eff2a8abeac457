package slacksim

import (
	"encoding/json"
	"slices"
	"sort"
)

// user is an account: a person, or an app's bot user.
type user struct {
	id, teamID, name, realName, displayName, email string
	picture                                        string
	deleted, isBot, restricted, stranger           bool
	// appBot is the bot id of a bot user.
	appBot  string
	updated int64
}

// bot is the identity of an app's posts beside its user.
type bot struct {
	id, appID, userID, name string
	updated                 int64
}

type userGroup struct {
	id, handle, name string
	members          []string
}

// channel is a conversation and all that was posted in it.
type channel struct {
	id, name, topic string
	kind            string // channel, group, im or mpim, as in channel_type
	created         int64
	creator         string
	archived        bool
	deleted         bool
	previousNames   []string
	members         []string
	// external are the other organisations of a shared channel.
	external []string
	// policy is the restricted_action error that posts get, or empty.
	policy string

	lastMicros int64
	byTS       map[string]*message
	// roots are the messages conversations.history shows, ascending.
	roots []*message
	// everything in order of ts, deleted messages left out.
	all []*message
}

func (c *channel) private() bool         { return c.kind != "channel" }
func (c *channel) member(id string) bool { return slices.Contains(c.members, id) }
func (c *channel) remove(id string)      { c.members = slices.DeleteFunc(c.members, is(id)) }
func is(id string) func(string) bool     { return func(other string) bool { return other == id } }

// family returns the kind's short name in scopes: channels, groups, im, mpim.
func (c *channel) family() string {
	switch c.kind {
	case "channel":
		return "channels"
	case "group":
		return "groups"
	}
	return c.kind
}

// message is one post as Slack stores it. Deleted messages leave their channel;
// a deleted parent with replies stays as a tombstone.
type message struct {
	ts, threadTS, subtype       string
	micros                      int64
	user, botID, appID          string
	username, iconURL, iconEmoj string
	text, clientMsgID           string
	blocks, attachments         json.RawMessage
	metadata                    *metadata
	files                       []*file
	edited                      *editMark
	reactions                   []*reaction
	inviter, oldName, newName   string
	broadcast, hidden           bool
	locked                      bool
	replies                     []*message
	// repliers are the authors of replies in order of their first one.
	repliers []string
}

type metadata struct {
	EventType    string          `json:"event_type"`
	EventPayload json.RawMessage `json:"event_payload,omitempty"`
}

type editMark struct {
	User string `json:"user"`
	TS   string `json:"ts"`
}

type reaction struct {
	Name  string   `json:"name"`
	Users []string `json:"users"`
	Count int      `json:"count"`
}

// isReply says whether the message hangs under another one.
func (m *message) isReply() bool { return m.threadTS != "" && m.threadTS != m.ts }

// author is the account as conversations.replies names it among reply_users.
func (m *message) author() string {
	if m.user == "" {
		return m.botID
	}
	return m.user
}

// add puts a message that has its ts into the channel.
func (c *channel) add(m *message) {
	m.micros, _ = parseTS(m.ts)
	c.byTS[m.ts] = m
	c.all = insert(c.all, m)
	if !m.isReply() || m.broadcast {
		c.roots = insert(c.roots, m)
	}
	if parent := c.byTS[m.threadTS]; m.isReply() && parent != nil {
		parent.threadTS = parent.ts
		parent.replies = insert(parent.replies, m)
		if !slices.Contains(parent.repliers, m.author()) {
			parent.repliers = append(parent.repliers, m.author())
		}
	}
}

// drop takes a message out of the channel.
func (c *channel) drop(m *message) {
	delete(c.byTS, m.ts)
	c.all = without(c.all, m)
	c.roots = without(c.roots, m)
	parent := c.byTS[m.threadTS]
	if !m.isReply() || parent == nil {
		return
	}
	parent.replies = without(parent.replies, m)
	parent.repliers = nil
	for _, r := range parent.replies {
		if !slices.Contains(parent.repliers, r.author()) {
			parent.repliers = append(parent.repliers, r.author())
		}
	}
	if len(parent.replies) == 0 {
		parent.threadTS = ""
		if parent.subtype == "tombstone" {
			c.drop(parent)
		}
	}
}

func insert(list []*message, m *message) []*message {
	return slices.Insert(list, after(list, m.micros), m)
}

func without(list []*message, m *message) []*message {
	at := from(list, m.micros)
	if at < len(list) && list[at] == m {
		return slices.Delete(list, at, at+1)
	}
	return list
}

// from returns the index of the first message at or after micros.
func from(list []*message, micros int64) int {
	return sort.Search(len(list), func(i int) bool { return list[i].micros >= micros })
}

// after returns the index of the first message after micros.
func after(list []*message, micros int64) int {
	return sort.Search(len(list), func(i int) bool { return list[i].micros > micros })
}
