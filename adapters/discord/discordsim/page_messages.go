package discordsim

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/sidebridge/sidebridge/adapters/chat/simpage"
)

type viewMessage struct {
	Anchor, ID, Channel, ChannelName string
	At                               place
	Author, Avatar                   string
	App, Mine, System                bool
	Edited, Ephemeral, Waiting       bool
	InThread                         bool // shown in the thread's column
	Time, Stamp                      string
	Text                             string // what an edit starts from
	Answers                          string
	Body                             []node
	Embeds                           []viewEmbed
	Buttons                          [][]viewButton
	Files                            []viewFile
	Reactions                        []viewReaction
	ThreadURL, ThreadName, Replies   string
	ReplyURL                         string
	CanThread                        bool
	Menu                             []string // commands of the message's menu
}

type viewEmbed struct {
	Title, URL, Author, Footer string
	Body                       []node
	Fields                     []viewField
	Colour                     string
}

type viewField struct {
	Name   string
	Body   []node
	Inline bool
}

type viewButton struct {
	ID, Label, URL, Style string
	Disabled              bool
}

type viewFile struct {
	Name, Size, URL string
	Image           bool
}

type viewReaction struct {
	Emoji, Key, Who string
	Count           int
	Mine            bool
}

// viewMessages shows a channel's or thread's messages, and the answers that only the
// person sees. The page is for reading, not for history: the last messages suffice.
func (s *Sim) viewMessages(at place, ch *channel, dismissed map[string]bool) (out []viewMessage) {
	for _, m := range ch.messages[max(0, len(ch.messages)-200):] {
		out = append(out, s.viewMessage(at, ch, m))
	}
	for _, e := range s.ephemerals {
		in := s.inters["interaction-"+e.Interaction]
		if e.User == at.As && in != nil && in.shownIn(at) == ch && !dismissed[e.ID] {
			out = append(out, s.viewEphemeral(at, ch, e))
		}
	}
	for _, in := range s.inters {
		if m, ok := s.viewWaiting(at, ch, in); ok {
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b viewMessage) int { return compareIDs(a.ID, b.ID) })
	return out
}

// shownIn is where the page shows an answer: beside the card that was used, which
// stands at the top of its open thread, too.
func (in *interaction) shownIn(at place) *channel {
	if in.message != nil && in.message.starts != nil && in.message.starts.id == at.Thread {
		return in.message.starts
	}
	return in.channel
}

func (s *Sim) viewMessage(at place, ch *channel, m *message) viewMessage {
	v := viewMessage{
		Anchor: "m-" + m.id, ID: m.id, Channel: ch.id, ChannelName: ch.name, At: at, Author: s.authorName(m), Edited: !m.edited.IsZero(),
		App: m.author.bot || m.webhook != nil, Mine: m.author.id == at.As && m.webhook == nil, System: !spoken(m.kind),
		Time: s.clock(m.id), Stamp: stampOf(m.id), Text: m.content, Body: s.markdown(m.content),
		Embeds: s.viewEmbeds(m.embeds), Buttons: viewButtons(m.components), Answers: s.answers(m), Menu: ch.guild.menu(),
		ReplyURL: place{As: at.As, Guild: at.Guild, Channel: at.Channel, Thread: at.Thread, Reply: m.id}.URL(),
	}
	v.Avatar = s.viewPicture(ch.guild, m)
	switch {
	case m.kind == kindStarter:
		v.Body = []node{{Kind: "text", Text: "started this thread."}}
	case v.System:
		v.Body = []node{{Kind: "text", Text: strings.TrimSpace("changed something here. " + m.content)}}
	case m.content == "":
		v.Body = nil
	}
	for _, a := range m.files {
		v.Files = append(v.Files, viewFile{a.name, simpage.Size(len(a.content)), "/sim/file/" + a.id + "/" + url.PathEscape(a.name), shownImage(a.kind)})
	}
	for _, r := range m.reactions {
		v.Reactions = append(v.Reactions, s.viewReaction(ch.guild, r, at.As))
	}
	switch th := m.starts; {
	case th != nil && !th.gone:
		v.ThreadURL, v.ThreadName = at.in(ch.id, th.id).URL(), th.name
		v.Replies = counted(said(th), "message", "messages")
	case !ch.thread() && !v.System:
		v.CanThread = true
	}
	return v
}

// spoken says whether people or apps said a message, not Discord.
// https://docs.discord.com/developers/resources/message#message-object-message-types
func spoken(kind int) bool { return kind == 0 || kind == 19 || kind == 20 || kind == 23 }

// said counts what people and apps said in a thread.
func said(th *channel) (n int) {
	for _, m := range th.messages {
		if spoken(m.kind) {
			n++
		}
	}
	return n
}

func (s *Sim) authorName(m *message) string {
	if m.webhook != nil {
		return m.username
	}
	return m.channel.guild.called(m.author)
}

// answers tells what a reply answers.
func (s *Sim) answers(m *message) string {
	var ref struct {
		Message string `json:"message_id"`
	}
	if m.kind != 19 || json.Unmarshal(m.reference, &ref) != nil {
		return ""
	}
	if old := m.channel.find(ref.Message); old != nil {
		return s.authorName(old) + ": " + firstWords(old)
	}
	return "a message that was deleted"
}

func firstWords(m *message) string {
	words := strings.Join(strings.Fields(m.content), " ")
	if r := []rune(words); len(r) > 90 {
		return string(r[:90]) + "…"
	}
	if words == "" {
		return "(no words)"
	}
	return words
}

func (g *guild) menu() (names []string) {
	var list []registered
	_ = json.Unmarshal(g.commands, &list)
	for _, cmd := range list {
		if cmd.Type == 3 {
			names = append(names, cmd.Name)
		}
	}
	return names
}

func (s *Sim) viewReaction(g *guild, r *reaction, as string) viewReaction {
	v := viewReaction{Emoji: r.emoji, Key: r.emoji, Count: len(r.users), Mine: slices.Contains(r.users, as)}
	if r.emojiID != "" {
		v.Emoji, v.Key = ":"+r.emoji+":", r.emoji+":"+r.emojiID
	}
	var who []string
	for _, id := range r.users {
		if u := s.users[id]; u != nil {
			who = append(who, g.called(u))
		}
	}
	v.Who = strings.Join(who, ", ")
	return v
}

func (s *Sim) viewEmbeds(raw json.RawMessage) (out []viewEmbed) {
	var list []struct {
		Title, URL, Description string
		Color                   *int
		Author                  struct{ Name string }
		Footer                  struct{ Text string }
		Fields                  []struct {
			Name, Value string
			Inline      bool
		}
	}
	_ = json.Unmarshal(raw, &list)
	for _, e := range list {
		v := viewEmbed{Title: plainly(e.Title), Author: e.Author.Name, Footer: e.Footer.Text, Body: s.markdown(e.Description)}
		if e.Description == "" {
			v.Body = nil
		}
		if strings.HasPrefix(e.URL, "https://") || strings.HasPrefix(e.URL, "http://") {
			v.URL = e.URL
		}
		for _, f := range e.Fields {
			v.Fields = append(v.Fields, viewField{plainly(f.Name), s.markdown(f.Value), f.Inline})
		}
		out = append(out, v)
	}
	return out
}

// plainly is a text without the backslashes of Markdown.
func plainly(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) && !wordByte(text[i+1]) && text[i+1] != ' ' {
			i++
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

// buttonStyles are what the page calls Discord's styles.
// https://docs.discord.com/developers/components/reference#button-button-styles
var buttonStyles = map[int]string{1: "primary", 3: "success", 4: "danger"}

func viewButtons(raw json.RawMessage) (rows [][]viewButton) {
	var list []struct {
		Components []struct {
			button
			Style int `json:"style"`
		} `json:"components"`
	}
	_ = json.Unmarshal(raw, &list)
	for _, row := range list {
		var shown []viewButton
		for _, b := range row.Components {
			shown = append(shown, viewButton{b.CustomID, b.Label, b.URL, buttonStyles[b.Style], b.Disabled})
		}
		rows = append(rows, shown)
	}
	return rows
}

// viewEphemeral shows an answer that only the person sees.
func (s *Sim) viewEphemeral(at place, ch *channel, e *Ephemeral) viewMessage {
	var d struct{ Embeds, Components json.RawMessage }
	_ = json.Unmarshal(e.Raw, &d)
	v := s.viewOwn(at, ch, e.ID)
	v.Body, v.Embeds, v.Buttons = s.markdown(e.Content), s.viewEmbeds(d.Embeds), nil
	return v
}

// viewOwn is something that the app shows to one person.
func (s *Sim) viewOwn(at place, ch *channel, id string) viewMessage {
	name := ch.guild.called(s.bot)
	return viewMessage{
		Anchor: "e-" + id, ID: id, Channel: ch.id, At: at, Author: name, App: true, Ephemeral: true, Time: s.clock(id), Stamp: stampOf(id),
		Avatar: "/sim/avatar?name=" + url.QueryEscape(name),
	}
}

// viewWaiting shows that an answer is being waited for, or that none came.
func (s *Sim) viewWaiting(at place, ch *channel, in *interaction) (viewMessage, bool) {
	age := s.now().Sub(in.madeAt)
	text := ""
	switch {
	case in.user.id != at.As || in.shownIn(at) != ch || in.sent:
	case !in.answered && age > s.opts.AnswerWithin && age < noAnswerShown:
		text = "The application did not respond. Is the daemon running?"
	case !in.answered && age <= s.opts.AnswerWithin:
		text = "…"
	case in.putOff && in.original == nil && in.secret == nil && age < mostAnswer:
		text = ch.guild.called(s.bot) + " is thinking…"
	}
	if text == "" {
		return viewMessage{}, false
	}
	v := s.viewOwn(at, ch, in.id)
	v.Body, v.Waiting = []node{{Kind: "note", Text: text}}, true
	return v, true
}

func shownImage(kind string) bool {
	return slices.Contains([]string{"image/png", "image/jpeg", "image/gif", "image/webp"}, kind)
}
