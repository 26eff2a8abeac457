package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// rich is one element of a rich_text block: a container or a leaf.
// https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
type rich struct {
	Type        string  `json:"type"`
	Style       any     `json:"style,omitempty"` // *style of a leaf, name of a list's style
	Indent      *int    `json:"indent,omitempty"`
	Border      *int    `json:"border,omitempty"`
	Elements    []*rich `json:"elements,omitempty"`
	Text        string  `json:"text,omitempty"`
	URL         string  `json:"url,omitempty"`
	UserID      string  `json:"user_id,omitempty"`
	ChannelID   string  `json:"channel_id,omitempty"`
	UsergroupID string  `json:"usergroup_id,omitempty"`
	Range       string  `json:"range,omitempty"`
	Name        string  `json:"name,omitempty"`
	Unicode     string  `json:"unicode,omitempty"`
	Timestamp   int64   `json:"timestamp,omitempty"`
	Format      string  `json:"format,omitempty"`
	Fallback    string  `json:"fallback,omitempty"`
	Value       string  `json:"value,omitempty"`
}

// style are the marks of a leaf.
type style struct {
	Bold   bool `json:"bold,omitempty"`
	Italic bool `json:"italic,omitempty"`
	Strike bool `json:"strike,omitempty"`
	Code   bool `json:"code,omitempty"`
}

// UnmarshalJSON reads an element; the style of a leaf becomes a *style.
func (r *rich) UnmarshalJSON(data []byte) error {
	type plain rich
	var in struct {
		*plain
		Style json.RawMessage `json:"style"`
	}
	in.plain = (*plain)(r)
	if err := json.Unmarshal(data, &in); err != nil {
		return fmt.Errorf("read rich text element: %w", err)
	}
	r.Elements = solid(r.Elements)
	if len(in.Style) == 0 || string(in.Style) == "null" {
		return nil
	}
	if in.Style[0] == '"' {
		var name string
		if err := json.Unmarshal(in.Style, &name); err != nil {
			return fmt.Errorf("read list style: %w", err)
		}
		r.Style = name
		return nil
	}
	marks := &style{}
	if err := json.Unmarshal(in.Style, marks); err != nil {
		return fmt.Errorf("read text style: %w", err)
	}
	r.Style = marks
	return nil
}

// solid leaves out elements that were null.
func solid(elements []*rich) []*rich {
	return slices.DeleteFunc(elements, func(r *rich) bool { return r == nil })
}

func (r *rich) marks() style {
	if marks, ok := r.Style.(*style); ok {
		return *marks
	}
	return style{}
}

// escape escapes text as Slack wants it, and nothing more.
// https://docs.slack.dev/messaging/formatting-message-text
func escape(text string) string {
	text = strings.ReplaceAll(text, "&", "&amp;")
	text = strings.ReplaceAll(text, "<", "&lt;")
	return strings.ReplaceAll(text, ">", "&gt;")
}

func unescape(text string) string {
	text = strings.ReplaceAll(text, "&lt;", "<")
	text = strings.ReplaceAll(text, "&gt;", ">")
	return strings.ReplaceAll(text, "&amp;", "&")
}

// mrkdwn renders elements as the text field that Slack's clients send with
// them.
func mrkdwn(elements []*rich) string {
	var b strings.Builder
	for i, r := range elements {
		if i > 0 {
			b.WriteByte('\n')
		}
		switch r.Type {
		case "rich_text_preformatted":
			b.WriteString("```" + inline(r.Elements) + "```")
		case "rich_text_quote":
			b.WriteString("&gt; " + strings.ReplaceAll(inline(r.Elements), "\n", "\n&gt; "))
		case "rich_text_list":
			writeList(&b, r)
		default:
			b.WriteString(strings.TrimSuffix(inline(r.Elements), "\n"))
		}
	}
	return b.String()
}

func writeList(b *strings.Builder, list *rich) {
	indent := 0
	if list.Indent != nil {
		indent = *list.Indent
	}
	for i, item := range list.Elements {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(strings.Repeat("    ", indent))
		if list.Style == "ordered" {
			fmt.Fprintf(b, "%d. ", i+1)
		} else {
			b.WriteString("• ")
		}
		b.WriteString(inline(item.Elements))
	}
}

func inline(elements []*rich) string {
	var b strings.Builder
	for _, r := range elements {
		b.WriteString(r.leaf())
	}
	return b.String()
}

func (r *rich) leaf() string {
	switch r.Type {
	case "text":
		return wrap(escape(r.Text), r.marks())
	case "link":
		if r.Text == "" {
			return "<" + escape(r.URL) + ">"
		}
		return "<" + escape(r.URL) + "|" + escape(r.Text) + ">"
	case "user":
		return "<@" + r.UserID + ">"
	case "channel":
		return "<#" + r.ChannelID + ">"
	case "usergroup":
		return "<!subteam^" + r.UsergroupID + ">"
	case "broadcast":
		return "<!" + r.Range + ">"
	case "emoji":
		return ":" + r.Name + ":"
	case "date":
		return fmt.Sprintf("<!date^%d^%s|%s>", r.Timestamp, r.Format, escape(r.Fallback))
	case "color":
		return r.Value
	}
	return ""
}

// wrap puts the marks around text, outside leading and trailing blanks.
func wrap(text string, marks style) string {
	body := strings.TrimSpace(text)
	if body == "" {
		return text
	}
	before, after, _ := strings.Cut(text, body)
	if marks.Code {
		body = "`" + body + "`"
	}
	if marks.Strike {
		body = "~" + body + "~"
	}
	if marks.Italic {
		body = "_" + body + "_"
	}
	if marks.Bold {
		body = "*" + body + "*"
	}
	return before + body + after
}

// richBlock wraps elements into the one block that clients send. The caller
// holds mu.
func (s *Sim) richBlock(elements []*rich) json.RawMessage {
	return encode([]any{struct {
		Type     string  `json:"type"`
		BlockID  string  `json:"block_id"`
		Elements []*rich `json:"elements"`
	}{"rich_text", s.newBlockID(), elements}})
}

func (s *Sim) newBlockID() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	id := make([]byte, 5)
	for i := range id {
		id[i] = alphabet[s.rng.IntN(len(alphabet))]
	}
	return string(id)
}
