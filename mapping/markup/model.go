package markup

import "strings"

// A style is a set of character styles.
type style uint8

const (
	bold style = 1 << iota
	italic
	strike
	code
)

// A spanKind says what a span is.
type spanKind uint8

const (
	spanText      spanKind = iota // text
	spanLink                      // ref is the URL, text what is shown
	spanMention                   // ref is the target: slack/T1/U2, person/17
	spanChannel                   // ref is the target
	spanGroup                     // ref is the target
	spanBroadcast                 // ref is here, channel or everyone
	spanEmoji                     // ref is the short code, text the Unicode or :name:
	spanDate                      // ref is the date code: 1392734382?f=…&l=…
)

// A span is a stretch of text in one style, or one thing that stands for
// itself. Its text is what a reader sees.
type span struct {
	kind  spanKind
	style style
	text  string
	ref   string
}

// A blockKind says what a block is.
type blockKind uint8

const (
	blockPara blockKind = iota
	blockQuote
	blockPre
	blockItem
)

// A block is a stretch of lines: paragraphs, which hold their blank lines as
// text, a quote, a code block or one list item. Blocks do not nest; an item has
// an indent and a quoted list or code block has the quoted mark, which is as
// much as chat surfaces can show.
type block struct {
	kind    blockKind
	spans   []span
	quoted  bool   // an item or code block that stands in a quote
	ordered bool   // an item with a number
	number  int    // the number of an ordered item
	indent  int    // how deep an item stands, 0 to maxIndent
	fresh   bool   // an item that starts a list although one like it precedes it
	lang    string // the language of a code block, "" for none
}

// maxIndent is how deep lists go: Slack draws 0 to 8.
// https://docs.slack.dev/tools/node-slack-sdk/reference/types/interfaces/RichTextList
const maxIndent = 8

// appendText adds text without a style.
func appendText(spans []span, text string) []span {
	return append(spans, span{text: text})
}

// compact joins texts of one style that follow one another and drops empty ones.
func compact(spans []span) []span {
	var out []span
	for i := 0; i < len(spans); {
		s, end := spans[i], i+1
		if s.kind == spanText {
			for end < len(spans) && spans[end].kind == spanText && (spans[end].style == s.style || spans[end].text == "") {
				end++
			}
			s.text = plainSpans(spans[i:end])
		}
		if s.kind != spanText || s.text != "" {
			out = append(out, s)
		}
		i = end
	}
	return out
}

// plainSpans is what a reader sees of spans.
func plainSpans(spans []span) string {
	if len(spans) == 1 {
		return spans[0].text
	}
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.text)
	}
	return b.String()
}

// continues reports whether item b goes on with the list that a ends.
func (b block) continues(a block) bool {
	return a.kind == blockItem && b.kind == blockItem && !b.fresh && a.quoted == b.quoted &&
		a.indent == b.indent && a.ordered == b.ordered && (!b.ordered || b.number == a.number+1)
}
