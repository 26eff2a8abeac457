package markup

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
)

// An element is one element of a rich text section.
// https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
type element struct {
	Type        string        `json:"type"`
	Text        string        `json:"text,omitempty"`
	URL         string        `json:"url,omitempty"`
	UserID      string        `json:"user_id,omitempty"`
	ChannelID   string        `json:"channel_id,omitempty"`
	UsergroupID string        `json:"usergroup_id,omitempty"`
	Range       string        `json:"range,omitempty"`
	Name        string        `json:"name,omitempty"`
	Unicode     string        `json:"unicode,omitempty"`
	SkinTone    int           `json:"skin_tone,omitempty"`
	Timestamp   json.Number   `json:"timestamp,omitempty"`
	Format      string        `json:"format,omitempty"`
	Fallback    string        `json:"fallback,omitempty"`
	Value       string        `json:"value,omitempty"`
	Style       *elementStyle `json:"style,omitempty"`
}

type elementStyle struct {
	Bold   bool `json:"bold,omitempty"`
	Italic bool `json:"italic,omitempty"`
	Strike bool `json:"strike,omitempty"`
	Code   bool `json:"code,omitempty"`
}

func (s *elementStyle) set() style {
	var out style
	if s == nil {
		return 0
	}
	for st, on := range map[style]bool{bold: s.Bold, italic: s.Italic, strike: s.Strike, code: s.Code} {
		if on {
			out |= st
		}
	}
	return out
}

func styleJSON(st style) *elementStyle {
	if st == 0 {
		return nil
	}
	return &elementStyle{Bold: st&bold != 0, Italic: st&italic != 0, Strike: st&strike != 0, Code: st&code != 0}
}

// A richBlock is the one block of a part.
type richBlock struct {
	Type     string        `json:"type"`
	Elements []richElement `json:"elements"`
}

// A richElement is a section, list, quote or code block; a list's elements are
// sections, the others' are elements.
type richElement struct {
	Type     string `json:"type"`
	Style    string `json:"style,omitempty"`
	Indent   int    `json:"indent,omitempty"`
	Offset   int    `json:"offset,omitempty"`
	Border   int    `json:"border,omitempty"`
	Elements []any  `json:"elements"`
}

// toJSON encodes without escaping the characters that only matter in HTML.
func toJSON(v any) json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil // cannot happen: only strings, numbers and lists are encoded
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// emojiSpan reads an emoji element: the characters its name stands for, those
// Slack says it has, or, for a workspace's own emoji, ":name:".
func emojiSpan(e element, st style) span {
	name := strings.Trim(clean(e.Name), ":")
	if e.SkinTone >= 2 && e.SkinTone <= 6 && !strings.Contains(name, "::") {
		name += "::skin-tone-" + string(rune('0'+e.SkinTone))
	}
	text := emojiUnicode(name)
	if chars, ok := codePoints(e.Unicode); ok && strings.HasPrefix(text, ":") {
		text = chars
	}
	if m := shortcode.FindString(text); strings.HasPrefix(text, ":") && m != text {
		return span{style: st, text: text} // no name that could be told from text
	}
	return span{kind: spanEmoji, style: st, text: text, ref: name}
}

// dateText is how a moment reads that came without words of its own.
func dateText(unix int64) string {
	return time.Unix(unix, 0).UTC().Format("2006-01-02 15:04 UTC")
}

// anyText collects the text of JSON that is not understood: the values of the
// fields that Slack keeps readable text in, in their order, a line each.
func anyText(raw json.RawMessage) string {
	var lines []string
	collectText(json.NewDecoder(bytes.NewReader(raw)), "", &lines)
	return strings.Join(lines, "\n")
}

// textFields are the names of fields that hold text people read.
const textFields = " text title alt_text fallback description label placeholder value name "

// collectText reads the next JSON value, which stands in the field key, and
// reports whether there may be more.
func collectText(dec *json.Decoder, key string, lines *[]string) bool {
	tok, err := dec.Token()
	if err != nil {
		return false
	}
	switch tok := tok.(type) {
	case json.Delim:
		for dec.More() {
			inner := key
			if tok == '{' {
				name, err := dec.Token()
				if err != nil {
					return false
				}
				inner, _ = name.(string)
			}
			if !collectText(dec, inner, lines) {
				return false
			}
		}
		_, err = dec.Token()
	case string:
		if tok = strings.TrimSpace(clean(tok)); tok != "" && strings.Contains(textFields, " "+key+" ") {
			*lines = append(*lines, tok)
		}
	}
	return err == nil
}
