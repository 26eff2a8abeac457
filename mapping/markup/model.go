package markup

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
	quoted  bool // an item or code block that stands in a quote
	ordered bool // an item with a number
	number  int  // the number of an ordered item
	indent  int  // how deep an item stands, 0 to maxIndent
	fresh   bool // an item that starts a list although one like it precedes it
}

// maxIndent is how deep lists go: Slack draws 0 to 8.
// https://docs.slack.dev/tools/node-slack-sdk/reference/types/interfaces/RichTextList
const maxIndent = 8

// appendSpan adds s, joining texts of one style.
func appendSpan(spans []span, s span) []span {
	if s.kind == spanText && s.text == "" {
		return spans
	}
	if n := len(spans); n > 0 && s.kind == spanText && spans[n-1].kind == spanText && spans[n-1].style == s.style {
		spans[n-1].text += s.text
		return spans
	}
	return append(spans, s)
}

// appendText adds plain text.
func appendText(spans []span, text string) []span {
	return appendSpan(spans, span{text: text})
}

// continues reports whether item b goes on with the list that a ends.
func (b block) continues(a block) bool {
	return a.kind == blockItem && b.kind == blockItem && !b.fresh && a.quoted == b.quoted &&
		a.indent == b.indent && a.ordered == b.ordered && (!b.ordered || b.number == a.number+1)
}
