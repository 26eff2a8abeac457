package markup

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// SlackPart is one message to post. Send both: Slack shows the blocks and uses
// the text for notifications, search and screen readers.
type SlackPart struct {
	Text   string          // mrkdwn, escaped
	Blocks json.RawMessage // a JSON array with one rich_text block
}

// ToSlack renders a body for Slack, in as many parts as the limit asks for: no
// part's Text is longer, counted after escaping in code points or UTF-16 units,
// whichever are more. A limit of 0 means 3900, which stays one message on Slack;
// limits below 200 are taken as 200. Mentions ring only where d knows the
// account; user groups and broadcasts never do. A body without any text has no
// parts.
func ToSlack(md string, d Directory, limit int) []SlackPart {
	return ToSlackFrom("", md, d, limit)
}

// ToSlackFrom is ToSlack with the name of who speaks in bold on a line of its
// own before the first part. The name is passed through CleanName.
func ToSlackFrom(author, md string, d Directory, limit int) []SlackPart {
	w := slackWriter{dir: known(d)}
	w.limit = slackLimit(limit)
	w.take(author, md)
	return w.parts()
}

// take makes pieces of a body.
func (w *slackWriter) take(author, md string) {
	blocks := slices.DeleteFunc(flatten(md), func(b block) bool { return b.kind == blockPre && len(b.spans) == 0 })
	if name := CleanName(author); name != "" {
		head := []span{{text: name, style: bold}, {text: "\n"}}
		if len(blocks) > 0 && blocks[0].kind == blockPara {
			blocks[0].spans = compact(append(head, blocks[0].spans...))
		} else {
			blocks = append([]block{{kind: blockPara, spans: head[:1]}}, blocks...)
		}
	}
	w.blocks = blocks
	for i := range blocks {
		w.block(i)
	}
	w.defuse()
}

// parts puts the pieces into as few parts as the limits allow. Blanks that would
// fill a part are left out.
func (w *slackWriter) parts() []SlackPart {
	var parts []SlackPart
	for start := 0; start < len(w.pieces); {
		end := w.cut(start, len(w.pieces))
		encoded := w.encode(start, end)
		for len(encoded) > maxBlocks && end > start+1 {
			end = w.cut(start, start+max(1, (end-start)*maxBlocks/len(encoded)))
			encoded = w.encode(start, end)
		}
		if slices.ContainsFunc(w.pieces[start:end], piece.visible) {
			parts = append(parts, SlackPart{Text: w.text(start, end), Blocks: encoded})
		}
		start = end
	}
	return parts
}

func (w *slackWriter) encode(start, end int) json.RawMessage {
	return toJSON([]richBlock{{Type: "rich_text", Elements: richElements(w.part(start, end))}})
}

const (
	// defaultLimit keeps well below the 4,040 characters after which Slack
	// was measured to split a message by itself.
	defaultLimit = 3900
	minLimit     = 200
	// maxBlocks is how long the JSON of a part's blocks may be. Slack refuses
	// blocks of about 13,200 characters with msg_blocks_too_long and counts
	// more than the text: https://github.com/slackapi/bolt-js/issues/2509
	maxBlocks = 12000
)

func slackLimit(limit int) int {
	if limit <= 0 {
		return defaultLimit
	}
	return max(limit, minLimit)
}

// EscapeSlack makes text inert in mrkdwn: it escapes &, < and >, the three
// characters Slack asks for, and nothing else.
// https://docs.slack.dev/messaging/formatting-message-text
func EscapeSlack(s string) string {
	return slackEscaper.Replace(s)
}

// UnescapeSlack undoes EscapeSlack.
func UnescapeSlack(s string) string {
	return slackUnescaper.Replace(s)
}

var (
	slackEscaper   = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	slackUnescaper = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">")
)

// A slackWriter takes blocks apart into pieces and puts the pieces into parts.
type slackWriter struct {
	splitter
	dir Directory
}

func (w *slackWriter) mark(text string, block int) {
	if text != "" {
		w.pieces = append(w.pieces, piece{text: text, block: block})
	}
}

// block adds the pieces of block i.
func (w *slackWriter) block(i int) {
	b := w.blocks[i]
	if i > 0 {
		w.mark("\n", i-1)
	}
	switch b.kind {
	case blockPre:
		w.mark(fenceStart, i)
		w.runes(span{text: plainSpans(b.spans)}, i)
		w.mark(fenceEnd, i)
		return
	case blockItem:
		marker := "• "
		if b.ordered {
			marker = strconv.Itoa(b.number) + ". "
		}
		w.mark(quoteMark(b.quoted)+strings.Repeat("    ", b.indent)+marker, i)
	case blockQuote:
		w.mark(quoteMark(true), i)
	}
	w.spans(b, i)
}

func quoteMark(quoted bool) string {
	if quoted {
		return "&gt; "
	}
	return ""
}

// spans adds a block's spans, with the marks of styles around each.
func (w *slackWriter) spans(b block, i int) {
	for _, s := range b.spans {
		open, end := "", ""
		for _, m := range slackMarks {
			if s.style&m.style != 0 && strings.TrimSpace(s.text) != "" && !strings.ContainsAny(s.text, m.mark+"\n") {
				open, end = open+m.mark, m.mark+end
			}
		}
		w.mark(open, i)
		w.span(s, b, i)
		w.mark(end, i)
	}
}

var slackMarks = [...]struct {
	style style
	mark  string
}{{strike, "~"}, {bold, "*"}, {italic, "_"}, {code, "`"}}

// span adds one span: a token where it may be one, else its text.
func (w *slackWriter) span(s span, b block, i int) {
	if token := w.token(&s); token != "" && width(token) <= min(w.limit, defaultLimit)-fenceRoom {
		w.pieces = append(w.pieces, piece{text: token, span: s, shown: true, block: i})
		return
	}
	if s.kind == spanLink && s.text != s.ref {
		s.text += " (" + s.ref + ")"
	}
	s.kind = spanText
	if b.kind != blockQuote {
		w.runes(s, i)
		return
	}
	for n, line := range strings.SplitAfter(s.text, "\n") {
		if n > 0 {
			w.mark(quoteMark(true), i)
		}
		s.text = line
		w.runes(s, i)
	}
}

// slackID matches the ids of accounts and channels.
var slackID = regexp.MustCompile(`^[UWCGD][A-Z0-9]{1,30}$`)

// token returns how mrkdwn writes s if it is more than text, and puts the id it
// resolved to into s.
func (w *slackWriter) token(s *span) string {
	switch s.kind {
	case spanLink:
		if s.text == s.ref {
			return "<" + EscapeSlack(s.ref) + ">"
		}
		return "<" + EscapeSlack(s.ref) + "|" + inert(s.text) + ">"
	case spanMention, spanChannel:
		id, ok := w.dir.Account(s.ref)
		if !ok || !slackID.MatchString(id) || (s.kind == spanMention) != (id[0] == 'U' || id[0] == 'W') {
			return ""
		}
		s.ref = id
		if s.kind == spanMention {
			return "<@" + id + ">"
		}
		return "<#" + id + ">"
	case spanEmoji:
		return inert(s.text)
	case spanDate:
		return dateToken(*s)
	}
	return ""
}

// dateToken writes a moment the way mrkdwn has it.
func dateToken(s span) string {
	m, ok := parseDate(s.ref)
	if !ok {
		return ""
	}
	m = plainMoment(m, s.text)
	token := "<!date^" + strconv.FormatInt(m.unix, 10) + "^" + inert(strings.NewReplacer("^", "", "|", "").Replace(m.format))
	if m.link != "" {
		token += "^" + EscapeSlack(m.link)
	}
	return token + "|" + inert(s.text) + ">"
}

// plainMoment gives a moment a format if it has none, and takes its link away
// if its words could be taken for another address.
func plainMoment(m moment, fallback string) moment {
	if m.format == "" {
		m.format = "{date} {time}"
	}
	if m.link != "" && (masked(m.format, m.link) != "" || masked(fallback, m.link) != "") {
		m.link = ""
	}
	return m
}

// inert escapes text and takes the fences out of it that would make code of
// what follows.
func inert(s string) string {
	return EscapeSlack(strings.ReplaceAll(s, "```", "'''"))
}

// runes adds text a character a piece.
func (w *slackWriter) runes(s span, i int) {
	for _, r := range s.text {
		shown := s
		shown.text = string(r)
		w.pieces = append(w.pieces, piece{text: EscapeSlack(shown.text), span: shown, shown: true, block: i})
	}
}

// defuse takes every third backtick in a row out of the text that is not a fence
// of ours: mrkdwn would take it for one, and has no escape for it.
func (w *slackWriter) defuse() {
	run := 0
	for i, p := range w.pieces {
		if p.text == fenceStart || p.text == fenceEnd {
			run = 0
			continue
		}
		for at, r := range p.text {
			if r != '`' {
				run = 0
			} else if run++; run == 3 {
				w.pieces[i].text = w.pieces[i].text[:at] + "'" + w.pieces[i].text[at+1:]
				run = 0
			}
		}
	}
}
