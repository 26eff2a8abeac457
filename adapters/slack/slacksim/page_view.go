package slacksim

import (
	"encoding/json"
	"net/url"
	"strings"
)

// pageView is what the template shows.
type pageView struct {
	Team, Problem   string
	As              *viewPerson
	People          []*viewPerson
	Channels        []viewChannel
	Channel         *viewChannel
	Messages        []viewMessage
	Thread          []viewMessage
	ThreadTS        string
	CanPost, CanAsk bool
	// App is what a person who has no direct message with the app can write to.
	App   string
	Modal *viewModal
}

// viewComposer is a box to write in: for the channel, or for a thread.
type viewComposer struct {
	As, Channel             *viewID
	ThreadTS, Parent, Label string
}

type viewID struct{ ID string }

// Composer returns the box for the channel.
func (v *pageView) Composer() viewComposer {
	return viewComposer{
		As: &viewID{v.As.ID}, Channel: &viewID{v.Channel.ID}, ThreadTS: v.ThreadTS, Label: "Message " + v.Channel.Name,
	}
}

// ThreadComposer returns the box for the open thread.
func (v *pageView) ThreadComposer() viewComposer {
	c := v.Composer()
	c.Parent, c.Label = v.ThreadTS, "Reply"
	return c
}

// nodeView is content with the message that its buttons belong to, if any.
type nodeView struct {
	Message *viewMessage
	Nodes   []node
}

// Inside returns the content of a node.
func (v nodeView) Inside(children []node) nodeView {
	return nodeView{Message: v.Message, Nodes: children}
}

// Nodes returns the content of a message.
func (m viewMessage) Nodes() nodeView { return nodeView{Message: &m, Nodes: m.Body} }

// Nodes returns the content of a modal, whose buttons cannot be pressed.
func (m viewModal) Nodes() nodeView { return nodeView{Nodes: m.Body} }

type viewPerson struct {
	ID, Name, Handle string
	External         bool
	Selected         bool
}

type viewChannel struct {
	ID, Name, Topic, URL                             string
	Private, Archived, External, Selected, DM, Group bool
	Members                                          int
}

type viewMessage struct {
	Anchor, TS, Channel, As, Thread string
	Author, AuthorID, Avatar        string
	App, Mine, Ephemeral            bool
	System, Deleted, Edited         bool
	Broadcast                       bool
	Time, Stamp                     string
	Text                            string // what an edit starts from
	Body                            []node
	Files                           []viewFile
	Reactions                       []viewReaction
	Replies                         string
	ThreadURL                       string
	Shown                           string // thread open in the page
	Shortcuts                       []Shortcut
	InThread                        bool // shown in the thread's column
}

type viewFile struct {
	Name, URL, Size string
}

type viewReaction struct {
	Name, Sign string
	Count      int
	Mine       bool
	Who        string
}

type viewModal struct {
	ID, Title, Submit string
	Body              []node
	Inputs            []viewInput
}

type viewInput struct {
	Name, Label, Kind, Value string
	Hint, Problem            string
	Multiline, Optional      bool
	Options                  []viewOption
}

type viewOption struct{ Value, Text string }

// pageView gathers what the page shows. The caller holds mu.
func (s *Sim) pageView(q url.Values) *pageView {
	v := &pageView{Team: s.opts.TeamName, Problem: q.Get("problem")}
	s.viewPeople(v, q.Get("as"))
	as := ""
	if v.As != nil {
		as = v.As.ID
	}
	ch := s.viewChannels(v, q.Get("channel"), as)
	if ch == nil {
		return v
	}
	v.CanPost = ch.member(as) && !ch.archived && (ch.kind != "im" || s.opts.MessagesTab == TabOn)
	v.CanAsk = !ch.member(as) && !ch.private() && !ch.archived && as != ""
	thread := q.Get("thread")
	if m := ch.byTS[thread]; m != nil && m.isReply() {
		thread = m.threadTS
	}
	if ch.byTS[thread] != nil {
		v.ThreadTS = thread
	}
	if ch.member(as) || !ch.private() {
		s.viewMessages(v, ch, as)
	}
	for _, w := range s.views {
		if w.user == as {
			v.Modal = s.viewModal(w)
		}
	}
	return v
}

func (s *Sim) viewPeople(v *pageView, as string) {
	for _, u := range s.userOrder {
		if u.isBot || u.deleted {
			continue
		}
		p := &viewPerson{ID: u.id, Name: s.displayName(u.id), Handle: u.name, External: u.stranger}
		v.People = append(v.People, p)
		if u.id == as || v.As == nil {
			v.As = p
		}
	}
	if v.As != nil {
		v.As.Selected = true
	}
}

func (s *Sim) viewChannels(v *pageView, want, as string) *channel {
	var chosen *channel
	for _, ch := range s.order {
		if ch.deleted || (ch.private() && !ch.member(as)) {
			continue
		}
		if ch.id == want || chosen == nil {
			chosen = ch
		}
	}
	v.App = s.opts.AppName
	for _, ch := range s.order {
		if ch.deleted || (ch.private() && !ch.member(as)) {
			continue
		}
		q := url.Values{"as": {as}, "channel": {ch.id}}
		c := viewChannel{
			ID: ch.id, Name: ch.name, Topic: ch.topic, URL: "/?" + q.Encode(), Private: ch.private(), Archived: ch.archived,
			External: len(ch.external) > 0, Selected: ch == chosen, DM: ch.kind == "im", Group: ch.kind == "mpim",
			Members: len(ch.members),
		}
		switch {
		case c.DM:
			c.Name, v.App = s.opts.AppName, ""
		case c.Group:
			c.Name = s.othersIn(ch, as)
		}
		v.Channels = append(v.Channels, c)
		if c.Selected {
			v.Channel = &c
		}
	}
	return chosen
}

// othersIn names the people of a group direct message as one of them sees it.
func (s *Sim) othersIn(ch *channel, as string) string {
	var others []string
	for _, id := range ch.members {
		if id != as {
			others = append(others, s.displayName(id))
		}
	}
	return strings.Join(others, ", ")
}

func (s *Sim) authorName(m *message) string {
	switch {
	case m.username != "":
		return m.username
	case m.subtype == "tombstone":
		return "Slackbot"
	case m.user == "" && s.bots[m.botID] != nil:
		return s.bots[m.botID].name
	}
	return s.displayName(m.user)
}

// displayName is the name the page shows for an account.
func (s *Sim) displayName(id string) string {
	u := s.users[id]
	switch {
	case u == nil:
		return "unknown"
	case u.displayName != "":
		return u.displayName
	}
	return u.realName
}

func (s *Sim) viewModal(w *view) *viewModal {
	v := &viewModal{ID: w.id, Title: plainText(w.body["title"]), Submit: plainText(w.body["submit"])}
	var list []block
	if raw, isRaw := w.body["blocks"].(json.RawMessage); isRaw {
		_ = json.Unmarshal(raw, &list)
	}
	for _, b := range list {
		if text(b, "type") != "input" {
			v.Body = append(v.Body, s.renderBlock(b)...)
			continue
		}
		e, _ := b["element"].(block)
		in := viewInput{
			Label: plainText(b["label"]), Kind: text(e, "type"), Value: text(e, "initial_value"),
			Name: "value:" + text(e, "type") + ":" + text(b, "block_id") + ":" + text(e, "action_id"),
			Hint: plainText(e["placeholder"]), Problem: w.problems[text(b, "block_id")],
		}
		in.Optional, _ = b["optional"].(bool)
		if typed := w.value(b, e); typed != "" {
			in.Value = typed
		}
		in.Multiline, _ = e["multiline"].(bool)
		options, _ := e["options"].([]any)
		for _, o := range options {
			m, _ := o.(block)
			in.Options = append(in.Options, viewOption{Value: text(m, "value"), Text: plainText(m["text"])})
		}
		v.Inputs = append(v.Inputs, in)
	}
	return v
}

func plainText(v any) string {
	o, _ := v.(block)
	return text(o, "text")
}
