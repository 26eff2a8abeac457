package markup

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// otherBlock keeps what can be read in a block that is not rich text: mrkdwn
// and plain text in sections, headers and contexts, Markdown in a markdown
// block, and from any other the text in its fields.
func (in *slackReader) otherBlock(raw json.RawMessage) {
	var b struct {
		Type string          `json:"type"`
		Text json.RawMessage `json:"text"`
	}
	if json.Unmarshal(raw, &b) != nil {
		in.plain(anyText(raw), 0)
		return
	}
	switch b.Type {
	case "markdown":
		var md string
		if json.Unmarshal(b.Text, &md) == nil {
			in.blocks = append(in.blocks, flatten(md)...)
			return
		}
	case "header":
		in.plain(anyText(raw), bold)
		return
	case "section", "context":
		in.textObjects(raw)
		return
	case "divider":
		return
	}
	in.plain(anyText(raw), 0)
}

// textObjects reads the text, fields or elements of a section or context.
func (in *slackReader) textObjects(raw json.RawMessage) {
	var b struct {
		Text     json.RawMessage   `json:"text"`
		Fields   []json.RawMessage `json:"fields"`
		Elements []json.RawMessage `json:"elements"`
	}
	if json.Unmarshal(raw, &b) != nil {
		in.plain(anyText(raw), 0)
		return
	}
	all := append(append([]json.RawMessage{b.Text}, b.Fields...), b.Elements...)
	for _, r := range all {
		var t struct {
			Type string `json:"type"`
			Text string `json:"text"`
		}
		if json.Unmarshal(r, &t) == nil && t.Type == "mrkdwn" {
			in.mrkdwn(t.Text)
			continue
		}
		in.plain(anyText(r), 0)
	}
}

// plain adds text that is not markup.
func (in *slackReader) plain(text string, st style) {
	if strings.TrimSpace(text) != "" {
		in.add(block{kind: blockPara, spans: []span{{text: clean(text), style: st}}})
	}
}

// mrkdwn reads Slack's own markup.
// https://docs.slack.dev/messaging/formatting-message-text
func (in *slackReader) mrkdwn(text string) {
	text = clean(text)
	for {
		before, rest, ok := strings.Cut(text, "```")
		inner, after, closed := strings.Cut(rest, "```")
		if !ok || !closed {
			in.lines(text)
			return
		}
		in.lines(strings.TrimRight(before, " "))
		in.add(block{kind: blockPre, spans: appendText(nil, strings.Trim(in.flat(inner), "\n"))})
		text = strings.TrimLeft(after, " ")
	}
}

// flat is the text of mrkdwn in which nothing is styled.
func (in *slackReader) flat(text string) string {
	m := mrkdwnReader{in: in, literal: true}
	return plainSpans(m.line(text, 0))
}

// lines reads lines outside code blocks: quoted ones and others.
func (in *slackReader) lines(text string) {
	first := len(in.blocks)
	rest := false // everything to the end is quoted
	for _, line := range strings.SplitAfter(text, "\n") {
		quoted := rest
		for _, mark := range []string{"&gt;&gt;&gt;", ">>>", "&gt;", ">"} {
			if after, ok := strings.CutPrefix(line, mark); ok && !rest {
				line = strings.TrimPrefix(after, " ")
				quoted, rest = true, len(mark)%3 == 0 && strings.HasSuffix(mark, strings.Repeat(mark[:len(mark)/3], 3))
				break
			}
		}
		kind := blockPara
		if quoted {
			kind = blockQuote
		}
		m := mrkdwnReader{in: in}
		spans := m.line(line, 0)
		if last := len(in.blocks) - 1; last >= first && in.blocks[last].kind == kind {
			in.blocks[last].spans = append(in.blocks[last].spans, spans...)
			continue
		}
		if len(spans) > 0 {
			in.add(block{kind: kind, spans: spans})
		}
	}
}

// A mrkdwnReader reads one line.
type mrkdwnReader struct {
	in      *slackReader
	literal bool // style marks are text
}

// mrkdwnMarks are the style marks.
var mrkdwnMarks = map[byte]style{'*': bold, '_': italic, '~': strike, '`': code}

// line reads the spans of s, all of which have the styles st.
func (m mrkdwnReader) line(s string, st style) []span {
	var out []span
	var hopeless style // nothing in the rest of the line closes these
	start := 0
	flush := func(end int) {
		out = append(out, m.shortcodes(UnescapeSlack(s[start:end]), st)...)
	}
	for i := 0; i < len(s); i++ {
		if s[i] == '<' {
			end := strings.IndexAny(s[i+1:], "<>\n")
			if end < 0 || s[i+1+end] != '>' || end == 0 {
				continue
			}
			flush(i)
			out = append(out, m.in.token(s[i+1:i+1+end], st))
			i += end + 1
			start = i + 1
			continue
		}
		mark, ok := mrkdwnMarks[s[i]]
		if !ok || m.literal || (st|hopeless)&mark != 0 || !opensMark(s, i) {
			continue
		}
		end := closesMark(s, i)
		if end < 0 {
			hopeless |= mark
			continue
		}
		flush(i)
		inner := m
		inner.literal = mark == code
		out = append(out, inner.line(s[i+1:end], st|mark)...)
		i = end
		start = end + 1
	}
	flush(len(s))
	return out
}

// opensMark reports whether the style mark at i can start a styled run: not
// inside a word or beside another mark of its kind, and not before a blank.
func opensMark(s string, i int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	after, n := utf8.DecodeRuneInString(s[i+1:])
	mark := rune(s[i])
	return (i == 0 || !isWord(before) && before != mark) && n > 0 && !isBlank(after) && after != mark
}

// closesMark returns where the run that the mark at i starts ends, or -1.
func closesMark(s string, i int) int {
	for n := i + 2; n < len(s) && s[n] != '\n'; n++ {
		if s[n] != s[i] {
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(s[:n])
		after, size := utf8.DecodeRuneInString(s[n+1:])
		if !isBlank(before) && (size == 0 || !isWord(after) && after != rune(s[i])) {
			return n
		}
	}
	return -1
}

// shortcodes finds the emoji in text.
func (m mrkdwnReader) shortcodes(text string, st style) []span {
	if m.literal {
		return []span{{text: text, style: st}}
	}
	var out []span
	start := 0
	for i := 0; i < len(text); i++ {
		if text[i] != ':' {
			continue
		}
		code := shortcode.FindString(text[i:min(len(text), i+maxShortcode)])
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		if code == "" || start < i && isWord(before) {
			continue
		}
		out = append(out, span{text: text[start:i], style: st})
		name := code[1 : len(code)-1]
		out = append(out, span{kind: spanEmoji, text: emojiUnicode(name), ref: name, style: st})
		i += len(code) - 1
		start = i + 1
	}
	return append(out, span{text: text[start:], style: st})
}

// token reads what stands between < and >.
func (in *slackReader) token(s string, st style) span {
	body, label, _ := strings.Cut(s, "|")
	label = UnescapeSlack(label)
	switch {
	case strings.HasPrefix(body, "@"):
		return in.user(body[1:], label, st)
	case strings.HasPrefix(body, "#"):
		return in.channel(body[1:], label, st)
	case strings.HasPrefix(body, "!subteam^"):
		return in.group(strings.TrimPrefix(body, "!subteam^"), label, st)
	case strings.HasPrefix(body, "!date^"):
		fields := strings.Split(strings.TrimPrefix(body, "!date^"), "^")
		e := element{Timestamp: json.Number(fields[0]), Fallback: label}
		if len(fields) > 1 {
			e.Format = UnescapeSlack(fields[1])
		}
		if len(fields) > 2 {
			e.URL = UnescapeSlack(fields[2])
		}
		return dateSpan(e, st)
	case strings.HasPrefix(body, "!"):
		return broadcast(body[1:], st)
	}
	if !strings.Contains(body, ":") {
		return span{style: st, text: UnescapeSlack("<" + s + ">")} // no token that Slack makes
	}
	return in.link(UnescapeSlack(body), label, st)
}
