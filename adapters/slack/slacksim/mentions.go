package slacksim

import (
	"encoding/json"
	"regexp"
	"strings"
)

// Notification is one ping that a message of the app caused, or might cause by
// the reading of Slack's documentation that is worst for a bridge.
type Notification struct {
	Channel, TS string
	// Kind is user, usergroup, here, channel or everyone.
	Kind string
	// ID is the user or user group.
	ID string
	// Source is where the mention stood: text, blocks or attachments.
	Source string
	// Edit says that it came with an edit; Slack mostly does not ping then.
	Edit bool
	// Auto says that no mention token was sent: link_names, parse=full or a
	// mrkdwn object without verbatim made one of a plain @name.
	Auto bool
	// By is the author's user or bot id.
	By string
}

var (
	mentionToken = regexp.MustCompile(`<(@[UW][A-Z0-9]+|!subteam\^S[A-Z0-9]+|!here|!channel|!everyone)(?:\|[^<>]*)?>`)
	plainAt      = regexp.MustCompile(`(?:^|[^\pL\pN_<])@([\pL\pN][\pL\pN._-]*)`)
)

// pings collects what a message notifies.
type pings struct {
	sim  *Sim
	base Notification
	// linkNames makes plain @names live in the text.
	linkNames bool
	found     []Notification
}

// notify records whom the message pings. The caller holds mu.
func (s *Sim) notify(ch *channel, m *message, linkNames, edit bool) {
	p := &pings{sim: s, linkNames: linkNames, base: Notification{
		Channel: ch.id, TS: m.ts, Edit: edit, By: m.author(), Source: "text",
	}}
	p.mrkdwn(m.text, linkNames)
	for source, raw := range map[string]json.RawMessage{"blocks": m.blocks, "attachments": m.attachments} {
		p.base.Source = source
		var v any
		if len(raw) > 0 && json.Unmarshal(raw, &v) == nil {
			p.walk(v)
		}
	}
	s.notifications = append(s.notifications, p.found...)
}

func (p *pings) add(kind, id string, auto bool) {
	n := p.base
	n.Kind, n.ID, n.Auto = kind, id, auto
	for _, known := range p.found {
		same := known
		same.Source, same.Auto = n.Source, n.Auto
		if same == n {
			return
		}
	}
	p.found = append(p.found, n)
}

// mrkdwn looks for mentions in text that Slack parses.
func (p *pings) mrkdwn(text string, auto bool) {
	for _, parts := range mentionToken.FindAllStringSubmatch(text, -1) {
		switch token := parts[1]; token[0] {
		case '@':
			if p.sim.users[token[1:]] != nil {
				p.add("user", token[1:], false)
			}
		default:
			if id, ok := strings.CutPrefix(token, "!subteam^"); ok {
				p.add("usergroup", id, false)
			} else {
				p.add(token[1:], "", false)
			}
		}
	}
	if !auto {
		return
	}
	for _, parts := range plainAt.FindAllStringSubmatch(unescape(text), -1) {
		p.plain(parts[1])
	}
}

// plain is an @name that something made live.
func (p *pings) plain(name string) {
	switch name {
	case "here", "channel", "everyone":
		p.add(name, "", true)
		return
	}
	if u := p.sim.userByName(name); u != nil {
		p.add("user", u.id, true)
	} else if g := p.sim.groupByHandle(name); g != nil {
		p.add("usergroup", g.id, true)
	}
}

// walk looks through blocks: mrkdwn objects are parsed, rich text elements are
// typed, plain text is inert.
func (p *pings) walk(v any) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			p.walk(item)
		}
	case block:
		switch text(v, "type") {
		case "mrkdwn":
			// "certain mentions will be automatically parsed" unless verbatim.
			// https://docs.slack.dev/reference/block-kit/composition-objects/text-object
			verbatim, _ := v["verbatim"].(bool)
			p.mrkdwn(text(v, "text"), p.linkNames || !verbatim)
			return
		case "markdown":
			p.mrkdwn(text(v, "text"), p.linkNames)
			return
		case "user":
			if id := text(v, "user_id"); p.sim.users[id] != nil {
				p.add("user", id, false)
			}
			return
		case "usergroup":
			p.add("usergroup", text(v, "usergroup_id"), false)
			return
		case "broadcast":
			p.add(text(v, "range"), "", false)
			return
		case "text", "plain_text":
			return
		}
		p.fields(v)
	}
}

// fields walks an object; attachments hold mrkdwn in these of its fields.
func (p *pings) fields(v block) {
	for key, item := range v {
		s, isText := item.(string)
		switch {
		case isText && p.base.Source == "attachments" && (key == "text" || key == "pretext" || key == "value"):
			p.mrkdwn(s, p.linkNames)
		case !isText:
			p.walk(item)
		}
	}
}

// Notifications returns every ping the app's own messages caused.
func (s *Sim) Notifications() []Notification {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Notification(nil), s.notifications...)
}

// mutate does to the text of an API call what Slack does before it stores it:
// characters that are no markup are escaped and bare addresses become links.
// "Your message may mutate", says the reference of chat.postMessage.
func mutate(text string) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	var b strings.Builder
	code := false
	for i := 0; i < len(text); {
		rest := text[i:]
		switch {
		case rest[0] == '&' && !entity(rest):
			b.WriteString("&amp;")
			i++
		case rest[0] == '<':
			if token := angleToken.FindString(rest); meaningful(token) {
				b.WriteString(token)
				i += len(token)
				continue
			}
			b.WriteString("&lt;")
			i++
		case rest[0] == '>':
			b.WriteString("&gt;")
			i++
		case !code && rest[0] == 'h' && boundary(text, i) && bareLink.MatchString(rest):
			link := strings.TrimRight(bareLink.FindString(rest), ".,;:!?)'\"")
			b.WriteString("<" + link + ">")
			i += len(link)
		default:
			if rest[0] == '`' {
				code = !code
			}
			b.WriteByte(rest[0])
			i++
		}
	}
	return b.String()
}

func entity(rest string) bool {
	return strings.HasPrefix(rest, "&amp;") || strings.HasPrefix(rest, "&lt;") || strings.HasPrefix(rest, "&gt;")
}

// meaningful says whether Slack reads an angle token as markup.
func meaningful(token string) bool {
	if token == "" {
		return false
	}
	body := token[1:]
	for _, prefix := range []string{"@", "#", "!", "http://", "https://", "mailto:", "tel:"} {
		if strings.HasPrefix(body, prefix) {
			return true
		}
	}
	return false
}
