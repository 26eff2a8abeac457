package slacksim

import (
	"encoding/json"
)

// node is a piece of a message for the page. The template turns kinds into
// elements and escapes every string; no HTML is made here.
type node struct {
	Kind     string
	Text     string
	URL      string
	Style    string
	Children []node
}

// render returns the content of a message: its blocks, or its text if there are
// none that the page knows.
func (s *Sim) render(m *message) []node {
	var list []block
	_ = json.Unmarshal(m.blocks, &list)
	var out []node
	for _, b := range list {
		out = append(out, s.renderBlock(b)...)
	}
	if out == nil && m.text != "" {
		out = s.renderRich(reader{sim: s}.blocks(m.text))
	}
	if m.attachments != nil {
		out = append(out, s.renderAttachments(m.attachments)...)
	}
	return out
}

func (s *Sim) renderAttachments(raw json.RawMessage) []node {
	var list []block
	_ = json.Unmarshal(raw, &list)
	var out []node
	for _, a := range list {
		var parts []node
		for _, key := range []string{"pretext", "title", "text"} {
			if t := text(a, key); t != "" {
				parts = append(parts, s.renderRich(reader{sim: s}.blocks(t))...)
			}
		}
		if parts == nil {
			parts = []node{{Kind: "text", Text: text(a, "fallback")}}
		}
		out = append(out, node{Kind: "attachment", Children: parts})
	}
	return out
}

func (s *Sim) renderBlock(b block) []node {
	switch text(b, "type") {
	case "rich_text":
		raw, err := json.Marshal(b["elements"])
		var elements []*rich
		if err != nil || json.Unmarshal(raw, &elements) != nil {
			return []node{{Kind: "note", Text: "unreadable rich text"}}
		}
		return s.renderRich(solid(elements))
	case "section":
		return s.renderSection(b)
	case "header":
		return []node{{Kind: "header", Text: plainText(b["text"])}}
	case "divider":
		return []node{{Kind: "divider"}}
	case "context":
		return []node{{Kind: "context", Children: s.renderObjects(b["elements"])}}
	case "actions":
		return []node{{Kind: "actions", Children: s.renderElements(b["elements"])}}
	case "markdown":
		return []node{{Kind: "markdown", Text: text(b, "text")}}
	case "image":
		return []node{{Kind: "note", Text: "image: " + text(b, "alt_text")}}
	}
	return []node{{Kind: "note", Text: "block of type " + text(b, "type")}}
}

func (s *Sim) renderSection(b block) []node {
	var out []node
	if b["text"] != nil {
		out = append(out, s.renderObject(b["text"])...)
	}
	if list, isList := b["fields"].([]any); isList {
		var cells []node
		for _, field := range list {
			cells = append(cells, node{Kind: "field", Children: s.renderObject(field)})
		}
		out = append(out, node{Kind: "fields", Children: cells})
	}
	if b["accessory"] != nil {
		out = append(out, node{Kind: "actions", Children: s.renderElements([]any{b["accessory"]})})
	}
	return out
}

// renderObject renders a text object.
func (s *Sim) renderObject(v any) []node {
	o, _ := v.(block)
	if text(o, "type") == "mrkdwn" {
		return s.renderRich(reader{sim: s}.blocks(mutate(text(o, "text"))))
	}
	return []node{{Kind: "paragraph", Children: []node{{Kind: "text", Text: text(o, "text")}}}}
}

func (s *Sim) renderObjects(v any) []node {
	list, _ := v.([]any)
	var out []node
	for _, o := range list {
		out = append(out, s.renderObject(o)...)
	}
	return out
}

func (s *Sim) renderElements(v any) []node {
	list, _ := v.([]any)
	var out []node
	for _, item := range list {
		e, _ := item.(block)
		switch {
		case text(e, "type") == "button" && text(e, "url") != "":
			out = append(out, node{Kind: "linkbutton", Text: plainText(e["text"]), URL: text(e, "url"), Style: text(e, "style")})
		case text(e, "type") == "button":
			out = append(out, node{Kind: "button", Text: plainText(e["text"]), URL: text(e, "action_id"), Style: text(e, "style")})
		default:
			out = append(out, node{Kind: "note", Text: text(e, "type")})
		}
	}
	return out
}

func (s *Sim) renderRich(elements []*rich) []node {
	var out []node
	for _, r := range elements {
		n := node{Kind: "paragraph", Children: s.renderLeaves(r.Elements)}
		switch r.Type {
		case "rich_text_preformatted":
			n.Kind = "pre"
		case "rich_text_quote":
			n.Kind = "quote"
		case "rich_text_list":
			n.Kind, n.Children = "list", nil
			if r.Style == "ordered" {
				n.Kind = "numbers"
			}
			for _, item := range r.Elements {
				n.Children = append(n.Children, node{Kind: "item", Children: s.renderLeaves(item.Elements)})
			}
		}
		out = append(out, n)
	}
	return out
}

func (s *Sim) renderLeaves(leaves []*rich) []node {
	var out []node
	for _, r := range leaves {
		out = append(out, styled(s.renderLeaf(r), r.marks()))
	}
	return out
}

func (s *Sim) renderLeaf(r *rich) node {
	switch r.Type {
	case "link":
		label := r.Text
		if label == "" {
			label = r.URL
		}
		return node{Kind: "link", Text: label, URL: r.URL}
	case "user":
		return node{Kind: "mention", Text: "@" + s.displayName(r.UserID)}
	case "usergroup":
		for _, g := range s.groups {
			if g.id == r.UsergroupID {
				return node{Kind: "mention", Text: "@" + g.handle}
			}
		}
		return node{Kind: "mention", Text: "@" + r.UsergroupID}
	case "channel":
		if ch := s.channels[r.ChannelID]; ch != nil && !ch.private() {
			return node{Kind: "mention", Text: "#" + ch.name}
		}
		return node{Kind: "mention", Text: "#" + r.ChannelID}
	case "broadcast":
		return node{Kind: "broadcast", Text: "@" + r.Range}
	case "emoji":
		return node{Kind: "text", Text: emojiSign(r.Name)}
	case "date":
		return node{Kind: "text", Text: r.Fallback}
	}
	return node{Kind: "text", Text: r.Text + r.Value}
}

func styled(n node, marks style) node {
	for _, m := range []struct {
		on   bool
		kind string
	}{{marks.Code, "code"}, {marks.Strike, "strike"}, {marks.Italic, "italic"}, {marks.Bold, "bold"}} {
		if m.on {
			n = node{Kind: m.kind, Children: []node{n}}
		}
	}
	return n
}
