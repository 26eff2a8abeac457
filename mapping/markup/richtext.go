package markup

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// richElements renders blocks as the elements of a rich_text block.
func richElements(blocks []block) []richElement {
	out := []richElement{}
	for i, b := range blocks {
		if b.kind != blockPre {
			b.spans = trimLines(b.spans)
		}
		if b.kind == blockItem {
			section := richElement{Type: "rich_text_section", Elements: elements(b.spans)}
			if i == 0 || !b.continues(blocks[i-1]) {
				out = append(out, listElement(b))
			}
			list := &out[len(out)-1]
			list.Elements = append(list.Elements, section)
			continue
		}
		if len(b.spans) == 0 {
			continue
		}
		e := richElement{Type: "rich_text_section"}
		switch b.kind {
		case blockQuote:
			e.Type = "rich_text_quote"
			e.Elements = elements(b.spans)
		case blockPre:
			e.Type = "rich_text_preformatted"
			e.Border = border(b)
			e.Elements = []any{element{Type: "text", Text: plainSpans(b.spans)}}
		default:
			e.Elements = elements(b.spans)
		}
		out = append(out, e)
	}
	return out
}

func listElement(b block) richElement {
	e := richElement{Type: "rich_text_list", Style: "bullet", Indent: b.indent, Border: border(b)}
	if b.ordered {
		e.Style, e.Offset = "ordered", b.number-1
	}
	return e
}

func border(b block) int {
	if b.quoted {
		return 1
	}
	return 0
}

// elements renders spans. An empty section gets a blank, so that it shows.
func elements(spans []span) []any {
	out := []any{}
	for _, s := range spans {
		out = append(out, spanElements(s)...)
	}
	if len(out) == 0 {
		out = append(out, element{Type: "text", Text: " "})
	}
	return out
}

func spanElements(s span) []any {
	e := element{Text: s.text, Style: styleJSON(s.style)}
	switch s.kind {
	case spanLink:
		e.Type, e.URL = "link", s.ref
		if s.text == s.ref {
			e.Text = ""
		}
	case spanMention:
		e = element{Type: "user", UserID: s.ref, Style: e.Style}
	case spanChannel:
		e = element{Type: "channel", ChannelID: s.ref, Style: e.Style}
	case spanEmoji:
		if !strings.HasPrefix(s.text, ":") {
			return textElements(s)
		}
		e = element{Type: "emoji", Name: s.ref, Style: e.Style}
	case spanDate:
		m, _ := parseDate(s.ref)
		m = plainMoment(m, s.text)
		e = element{
			Type: "date", Timestamp: json.Number(strconv.FormatInt(m.unix, 10)),
			Format: m.format, URL: m.link, Fallback: s.text, Style: e.Style,
		}
	default:
		return textElements(s)
	}
	return []any{e}
}

// textElements renders text, with the emoji in it as elements, which is what
// Slack's own editor makes of them. In code they stay characters.
func textElements(s span) []any {
	var out []any
	text := s.text
	start := 0
	flush := func(end int) {
		if start < end {
			out = append(out, element{Type: "text", Text: text[start:end], Style: styleJSON(s.style)})
		}
	}
	for i := 0; s.style&code == 0 && i < len(text); {
		name, size := emojiIndex().find(text[i:])
		if size == 0 {
			i++
			continue
		}
		flush(i)
		out = append(out, element{Type: "emoji", Name: name, Unicode: hexPoints(text[i : i+size]), Style: styleJSON(s.style)})
		i += size
		start = i
	}
	flush(len(text))
	return out
}

// hexPoints writes characters the way Slack does: "1f44b-1f3fc".
func hexPoints(s string) string {
	var points []string
	for _, r := range s {
		points = append(points, fmt.Sprintf("%x", r))
	}
	return strings.Join(points, "-")
}
