package discordsim

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// epoch is the first moment of Discord's ids, in milliseconds.
// https://docs.discord.com/developers/reference#snowflakes
const epoch = 1420070400000

// The types of channels. https://docs.discord.com/developers/resources/channel#channel-object-channel-types
const (
	typeText         = 0
	typeAnnouncement = 5
	typeNewsThread   = 10
	typePublic       = 11
	typePrivate      = 12
	typeForum        = 15
	typeMedia        = 16
)

// The types of messages that Discord's people and Discord itself make.
// https://docs.discord.com/developers/resources/message#message-object-message-types
const (
	kindRename  = 4
	kindThread  = 18 // a thread was begun in the channel
	kindReply   = 19
	kindCommand = 20
	kindStarter = 21 // stands first in a thread begun from a message
)

// system says whether Discord itself says it; observers leave it out.
func (m *message) system() bool {
	return m.kind == kindRename || m.kind == kindThread || m.kind == kindStarter
}

type user struct {
	id, name, global string
	avatar           string // the hash of a picture
	bot              bool
	closed           bool // takes no direct messages from the bot
}

type role struct {
	id, name string
	perms    uint64
}

type overwrite struct {
	id          string
	kind        int // 0 role, 1 member
	allow, deny uint64
}

type guild struct {
	id, name string
	roles    []*role
	members  map[string][]string // roles by user
	nicks    map[string]string
	avatars  map[string]string // hashes of pictures that are shown here only
	channels []*channel
	commands json.RawMessage
	kicked   bool // the bot is no member
	out      bool // unavailable, by Discord's own trouble
}

func (g *guild) member(id string) bool { _, ok := g.members[id]; return ok }

// channel is a channel or a thread.
type channel struct {
	id, name, owner string
	kind            int
	guild           *guild
	parent          *channel
	overwrites      []*overwrite
	requireTag      bool
	tags            []string // ids that a forum offers
	applied         []string
	gone            bool

	archived, locked bool
	autoArchive      int
	newAt            time.Time
	archivedAt       time.Time // when that last changed

	// messages in order of id.
	messages []*message
}

func (c *channel) thread() bool {
	return c.kind == typePublic || c.kind == typePrivate || c.kind == typeNewsThread
}

// forum: it has posts, which are threads, and no messages of its own.
func (c *channel) forum() bool { return c.kind == typeForum || c.kind == typeMedia }

// setArchived notes when, which is what lists of archived threads are in the order of.
func (c *channel) setArchived(on bool, now time.Time) {
	if c.archived != on {
		c.archived, c.archivedAt = on, now
	}
}

func (c *channel) find(id string) *message {
	i, ok := slices.BinarySearchFunc(c.messages, id, func(m *message, id string) int { return compareIDs(m.id, id) })
	if !ok {
		return nil
	}
	return c.messages[i]
}

func (c *channel) remove(m *message) {
	c.messages = slices.DeleteFunc(c.messages, func(o *message) bool { return o == m })
	m.gone = true
}

type attachment struct {
	id, name, kind string
	content        []byte
}

type reaction struct {
	emoji, emojiID string
	users          []string
}

type message struct {
	id      string
	channel *channel
	kind    int
	author  *user
	// webhook, username and avatar are those of a webhook's post.
	webhook          *webhook
	username, avatar string
	content          string
	embeds           json.RawMessage
	components       json.RawMessage
	flags            int
	edited           time.Time
	nonce            string
	files            []*attachment
	reactions        []*reaction
	mentions         []string
	everyone         bool
	roles            []string
	reference        json.RawMessage
	snapshots        json.RawMessage
	starts           *channel // the thread begun from it
	interaction      bool
	gone             bool
}

type webhook struct {
	id, token, name string
	channel         *channel
	byApp           bool
	gone            bool
}

// compareIDs compares snowflakes as numbers.
func compareIDs(a, b string) int {
	x, _ := strconv.ParseUint(a, 10, 64)
	y, _ := strconv.ParseUint(b, 10, 64)
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

func validID(s string) bool {
	n, err := strconv.ParseUint(s, 10, 64)
	return err == nil && n > 0
}

// idTime is the moment that an id was made at.
func idTime(id string) time.Time {
	n, _ := strconv.ParseUint(id, 10, 64)
	return time.UnixMilli(int64(n>>22) + epoch)
}

// newID returns the next snowflake: the clock's milliseconds, and one more than the
// last where the clock stands or goes back. The caller holds mu.
func (s *Sim) newID() string {
	id := uint64(s.opts.Now().UnixMilli()-epoch) << 22
	if id <= s.lastID {
		id = s.lastID + 1
	}
	s.lastID = id
	return strconv.FormatUint(id, 10)
}
