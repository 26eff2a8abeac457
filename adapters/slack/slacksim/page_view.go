package slacksim

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
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
	Modal           *viewModal
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
	ID, Name, Topic, URL                      string
	Private, Archived, External, Selected, DM bool
	Members                                   int
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
	InThread                        bool   // shown in the thread's column
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
	Multiline                bool
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
	v.CanPost = ch.member(as) && !ch.archived
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
	for _, ch := range s.order {
		if ch.deleted || (ch.private() && !ch.member(as)) {
			continue
		}
		q := url.Values{"as": {as}, "channel": {ch.id}}
		c := viewChannel{
			ID: ch.id, Name: ch.name, Topic: ch.topic, URL: "/?" + q.Encode(), Private: ch.private(), Archived: ch.archived,
			External: len(ch.external) > 0, Selected: ch == chosen, DM: ch.kind == "im", Members: len(ch.members),
		}
		if c.DM {
			c.Name = s.opts.AppName
		}
		v.Channels = append(v.Channels, c)
		if c.Selected {
			v.Channel = &c
		}
	}
	return chosen
}

func (s *Sim) viewMessages(v *pageView, ch *channel, as string) {
	// The page is for reading, not for history: the last messages suffice.
	recent := ch.roots[max(0, len(ch.roots)-200):]
	for _, m := range recent {
		v.Messages = append(v.Messages, s.viewMessage(ch, m, as, v.ThreadTS))
	}
	if parent := ch.byTS[v.ThreadTS]; parent != nil {
		v.Thread = append(v.Thread, s.viewMessage(ch, parent, as, v.ThreadTS))
		for _, m := range parent.replies {
			v.Thread = append(v.Thread, s.viewMessage(ch, m, as, v.ThreadTS))
		}
	}
	for _, e := range s.ephemerals {
		if e.user != as || e.channel != ch {
			continue
		}
		shown := s.viewMessage(ch, e.message, as, v.ThreadTS)
		shown.Ephemeral = true
		if e.thread != "" && e.thread == v.ThreadTS {
			v.Thread = append(v.Thread, shown)
		} else if e.thread == "" {
			v.Messages = append(v.Messages, shown)
		}
	}
	for i := range v.Thread {
		v.Thread[i].InThread = true
	}
	// Ids are unique in a page: a message shown twice keeps its own where a
	// permalink leads.
	if v.Thread != nil {
		v.Thread[0].Anchor = "t-" + v.ThreadTS
	}
	for i := range v.Messages {
		if v.Messages[i].Broadcast {
			v.Messages[i].Anchor = "c-" + v.Messages[i].TS
		}
	}
	slices.SortStableFunc(v.Messages, byStamp)
	slices.SortStableFunc(v.Thread, byStamp)
}

func byStamp(a, b viewMessage) int { return strings.Compare(a.TS, b.TS) }

func (s *Sim) viewMessage(ch *channel, m *message, as, thread string) viewMessage {
	micros, _ := parseTS(m.ts)
	at := time.UnixMicro(micros)
	v := viewMessage{
		Anchor: "m-" + m.ts, TS: m.ts, Channel: ch.id, As: as, Thread: thread, AuthorID: m.author(),
		Author: s.authorName(m), Avatar: "/sim/avatar/" + url.PathEscape(m.author()) + ".svg",
		App: m.botID != "", Mine: m.user == as && m.botID == "", System: isSystem(m.subtype),
		Deleted: m.subtype == "tombstone", Edited: m.edited != nil, Broadcast: m.broadcast,
		Time: at.Format("15:04"), Stamp: at.UTC().Format(time.RFC3339), Text: unescape(m.text), Shown: thread,
	}
	v.Body = s.render(m)
	for _, f := range m.files {
		w := s.wireFile(f)
		v.Files = append(v.Files, viewFile{Name: f.name, Size: size(f.size), URL: strings.TrimPrefix(w.Permalink, s.base)})
	}
	for _, r := range m.reactions {
		var who []string
		for _, id := range r.Users {
			who = append(who, s.displayName(id))
		}
		v.Reactions = append(v.Reactions, viewReaction{
			Name: r.Name, Sign: emojiSign(r.Name), Count: r.Count, Mine: slices.Contains(r.Users, as), Who: strings.Join(who, ", "),
		})
	}
	switch n := len(m.replies); n {
	case 0:
	case 1:
		v.Replies = "1 reply"
	default:
		v.Replies = fmt.Sprintf("%d replies", n)
	}
	root := m.ts
	if m.isReply() {
		root = m.threadTS
	}
	v.ThreadURL = "/?" + url.Values{"as": {as}, "channel": {ch.id}, "thread": {root}}.Encode()
	return v
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

func size(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f kB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}

// avatar draws a square with initials; the app's is a bridge.
func (p *pages) avatar(w http.ResponseWriter, r *http.Request) {
	id := strings.TrimSuffix(r.PathValue("name"), ".svg")
	p.sim.mu.Lock()
	name := p.sim.displayName(id)
	if b := p.sim.bots[id]; b != nil {
		name = b.name
	}
	if id == "" {
		name = p.sim.opts.AppName
	}
	p.sim.mu.Unlock()
	sum := sha256.Sum256([]byte(name))
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 72"><rect width="72" height="72" fill="hsl(%d 45%% 42%%)"/>`+
		`<text x="36" y="47" font-family="sans-serif" font-size="30" fill="#fff" text-anchor="middle">%s</text></svg>`,
		int(sum[0])*360/256, template.HTMLEscapeString(initials(name)))
}

func initials(name string) string {
	var out []rune
	for word := range strings.FieldsSeq(name) {
		first, _ := utf8.DecodeRuneInString(word)
		if unicode.IsLetter(first) && len(out) < 2 {
			out = append(out, unicode.ToUpper(first))
		}
	}
	if out == nil {
		return "?"
	}
	return string(out)
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
