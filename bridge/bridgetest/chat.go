package bridgetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// Chat is a simulated chat platform with one workspace: channels, threads,
// people who write in them, and a bot that is ours. It outlives the daemon's
// process. A Surface is one process's connection to it.
type Chat struct {
	name, workspace string
	faults          *Faults

	mu     sync.Mutex
	rules  Rules
	stamp  int64
	rooms  map[string]*room
	posts  []*Post
	shared map[string]Attachment // files by id
	used   map[string]string     // the post a shared upload is in
	queue  []bridge.Inbound      // events not yet taken by a connection
	fresh  chan struct{}         // closed when something was queued
	deaf   bool
	joined int // how many times the line was mended
	dead   string
	next   map[string]time.Time // when a channel's budget has a post again
	bell   *bridge.Bell
}

// Rules are how a platform behaves.
type Rules struct {
	// SplitAt is how many characters a post may have [4000].
	SplitAt int
	// Echo is when the platform tells us of our own posts.
	Echo Echo
	// Twice: every event comes twice. Backwards: events that wait come last first.
	Twice, Backwards bool
	// Redeliver: what was not acknowledged is sent again, also to the next
	// connection; otherwise it is lost with the connection, and only a listing shows it.
	Redeliver bool
	// Every is how often a channel may be posted to; zero means always.
	Every time.Duration
}

// Echo is when our own posts come back as events.
type Echo int

// The times of an echo.
const (
	EchoDuring Echo = iota // about when the call is answered
	EchoBefore             // before the call is answered
	EchoAfter              // a second after it was answered
	EchoNever
)

type room struct{ archived bool }

// Post is a post in a chat as people see it.
type Post struct {
	Channel, Thread, Ref string
	Author               bridge.Account
	Name                 string
	// Ours: our bot wrote it.
	Ours  bool
	Body  string
	Token string
	Rev   string
	Files []Attachment
	Gone  bool
	sent  int64
	// Reactions are the accounts that gave the post an emoji, by emoji.
	Reactions map[string][]bridge.Account
	memo      string
}

// Attachment is a file in a post.
type Attachment struct {
	ID, Name, MIME string
	Data           []byte
}

// NewChat returns a chat with the given channels. Faults may be nil.
func NewChat(name, workspace string, f *Faults, channels ...string) *Chat {
	if f == nil {
		f = &Faults{}
	}
	c := &Chat{
		name: name, workspace: workspace, faults: f, rules: Rules{SplitAt: 4000},
		rooms: map[string]*room{}, shared: map[string]Attachment{}, used: map[string]string{},
		fresh: make(chan struct{}), next: map[string]time.Time{}, bell: bridge.NewBell(),
	}
	for _, ch := range channels {
		c.rooms[ch] = &room{}
	}
	return c
}

// Place returns a channel's place.
func (c *Chat) Place(channel string) bridge.Place {
	return bridge.Place{Surface: c.name, Workspace: c.workspace, Channel: channel}
}

// Bell rings whenever people could see something change.
func (c *Chat) Bell() *bridge.Bell { return c.bell }

// Set changes how the platform behaves.
func (c *Chat) Set(change func(*Rules)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.rules)
}

// Account returns a person's account in this chat.
func (c *Chat) Account(person string) bridge.Account {
	return bridge.Account{Surface: c.name, Workspace: c.workspace, ID: "U-" + strings.ToLower(person)}
}

// Say posts as a person and returns the post's ref. An empty thread makes a post
// of the channel itself.
func (c *Chat) Say(person, channel, thread, body string, files ...Attachment) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := &Post{Channel: channel, Thread: thread, Author: c.Account(person), Name: person, Body: body}
	for _, f := range files {
		f.ID = "F-" + c.tick()
		c.shared[f.ID] = f
		p.Files = append(p.Files, f)
	}
	c.put(p)
	c.emit(c.inbound(bridge.InPost, p))
	return p.Ref
}

// Edit changes the text of a post, whoever wrote it, as its author or a moderator does.
func (c *Chat) Edit(ref, body string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.find(ref); p != nil {
		p.Body, p.Rev = body, c.tick()
		c.emit(c.inbound(bridge.InEdit, p))
		c.bell.RingAll()
	}
}

// Delete removes a post, whoever wrote it, as its author or a moderator does.
func (c *Chat) Delete(ref string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.find(ref); p != nil {
		p.Gone = true
		c.emit(c.inbound(bridge.InDelete, p))
		c.bell.RingAll()
	}
}

// React gives a post an emoji as a person, or takes it back.
func (c *Chat) React(person, ref, emoji string, on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.find(ref); p != nil {
		in := c.reacted(p, c.Account(person), emoji, on)
		in.AuthorName = person
		c.emit(in)
		c.bell.RingAll()
	}
}

// reacted changes a post's reactions and returns the event. The caller holds the lock.
func (c *Chat) reacted(p *Post, who bridge.Account, emoji string, on bool) bridge.Inbound {
	if p.Reactions == nil {
		p.Reactions = map[string][]bridge.Account{}
	}
	rest := slices.DeleteFunc(slices.Clone(p.Reactions[emoji]), func(a bridge.Account) bool { return a == who })
	kind := bridge.InUnreact
	if on {
		kind, rest = bridge.InReact, append(rest, who)
	}
	if p.Reactions[emoji] = rest; len(rest) == 0 {
		delete(p.Reactions, emoji)
	}
	return c.reaction(kind, p, who, emoji)
}

// reaction is the event of a reaction.
func (c *Chat) reaction(kind bridge.InboundKind, p *Post, who bridge.Account, emoji string) bridge.Inbound {
	return bridge.Inbound{
		Kind: kind, Author: who, Ours: who == c.bot(), Emoji: emoji,
		Source: bridge.Source{
			Surface: c.name, Workspace: c.workspace, Channel: p.Channel, Thread: p.Thread,
			Ref: p.Ref, Order: p.Ref, SentAt: time.Now().UnixMicro(),
		},
	}
}

// bot is our own account.
func (c *Chat) bot() bridge.Account {
	return bridge.Account{Surface: c.name, Workspace: c.workspace, ID: "B-ours"}
}

// Press presses a button of a thread's root card.
func (c *Chat) Press(person, channel, thread, action, key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.emit(bridge.Inbound{
		Kind: bridge.InPress, Action: action, Key: key, Author: c.Account(person), AuthorName: person,
		Source: bridge.Source{Surface: c.name, Workspace: c.workspace, Channel: channel, Thread: thread, Ref: c.tick()},
	})
}

// Tell sends an event that the platform makes by itself, such as a repetition.
func (c *Chat) Tell(in bridge.Inbound) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.emit(in)
}

// Archive lets nobody post to a channel any more; Unarchive is its inverse.
func (c *Chat) Archive(channel string) { c.setArchived(channel, true) }

// Unarchive lets people and us post to a channel again.
func (c *Chat) Unarchive(channel string) { c.setArchived(channel, false) }

func (c *Chat) setArchived(channel string, archived bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rooms[channel].archived = archived
}

// Revoke takes our token back, with the platform's word for it; an empty code gives it again.
func (c *Chat) Revoke(code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead = code
}

// Cut breaks the line by which events come, Join mends it. What happens between
// is not told.
func (c *Chat) Cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deaf = true
}

// Join mends the line that Cut broke.
func (c *Chat) Join() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.deaf {
		c.deaf = false
		c.joined++
	}
}

// Thread returns what people see in a thread, its root first.
func (c *Chat) Thread(channel, root string) []Post {
	return c.seen(func(p *Post) bool { return p.Channel == channel && (p.Ref == root || p.Thread == root) })
}

// Roots returns the posts that people see in a channel outside of threads.
func (c *Chat) Roots(channel string) []Post {
	return c.seen(func(p *Post) bool { return p.Channel == channel && p.Thread == "" })
}

// Posts returns all posts that people see.
func (c *Chat) Posts() []Post { return c.seen(func(*Post) bool { return true }) }

func (c *Chat) seen(pick func(*Post) bool) []Post {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []Post
	for _, p := range c.posts {
		if !p.Gone && pick(p) {
			q := *p
			q.Files = slices.Clone(p.Files)
			q.Reactions = maps.Clone(p.Reactions)
			out = append(out, q)
		}
	}
	return out
}

// Doubles returns the tokens that two posts which people see carry.
func (c *Chat) Doubles() []string {
	count := map[string]int{}
	var out []string
	for _, p := range c.Posts() {
		key := p.Token + p.memo
		if count[key]++; key != "" && count[key] == 2 {
			out = append(out, key)
		}
	}
	return out
}

// tick returns the next stamp: refs and revisions are the platform's clock with a
// count behind it, so that a later one is greater. The caller holds the lock.
func (c *Chat) tick() string {
	c.stamp++
	return fmt.Sprintf("%010d.%06d", time.Now().Unix(), c.stamp)
}

func (c *Chat) put(p *Post) {
	p.Ref, p.sent = c.tick(), time.Now().UnixMicro()
	c.posts = append(c.posts, p)
	c.bell.RingAll()
}

func (c *Chat) find(ref string) *Post {
	for _, p := range c.posts {
		if p.Ref == ref && !p.Gone {
			return p
		}
	}
	return nil
}

// inbound translates a post as the adapter does.
func (c *Chat) inbound(kind bridge.InboundKind, p *Post) bridge.Inbound {
	in := bridge.Inbound{
		Kind: kind, Author: p.Author, AuthorName: p.Name, Ours: p.Ours, Token: p.Token,
		Body: p.Body, Print: print(p.Body, p.Files),
		Source: bridge.Source{
			Surface: c.name, Workspace: c.workspace, Channel: p.Channel, Thread: p.Thread,
			Ref: p.Ref, Rev: p.Rev, Order: p.Ref, SentAt: p.sent,
		},
	}
	for _, f := range p.Files {
		in.Files = append(in.Files, bridge.InboundFile{Ref: f.ID, Name: f.Name, MIME: f.MIME, Size: int64(len(f.Data))})
	}
	return in
}

// print is the fingerprint of what a post says. One of a file starts with "file".
func print(body string, files []Attachment) string {
	if len(files) > 0 {
		return "file " + files[0].Name
	}
	return "text " + body
}

// emit queues an event. The caller holds the lock.
func (c *Chat) emit(in bridge.Inbound) {
	if c.deaf {
		return
	}
	c.queue = append(c.queue, in)
	if c.rules.Twice {
		c.queue = append(c.queue, in)
	}
	close(c.fresh)
	c.fresh = make(chan struct{})
}
