package markup

import (
	"regexp"
	"strconv"
	"strings"
)

// DiscordText is the text of a Discord message as an event or a listing gives it.
type DiscordText struct {
	Guild   string // the guild it was said in, for the targets of mentions
	Content string // Discord Markdown
}

// FromDiscord returns a Discord message as Markdown. It reads what Discord's clients
// show: styles, quotes, code, lists, links and Discord's own tokens. What the record
// has no word for stays readable: an underline is italic, a heading bold, small
// print and a spoiler's bars are text. Names come from d.
//
// Zero-width spaces, which ToDiscord puts in to keep text from coming alive, are taken
// out again, so the Fingerprint of FromDiscord of a part is the same before it was sent and after
// Discord gave it back.
func FromDiscord(msg DiscordText, d Directory) string {
	in := discordReader{guild: msg.Guild, dir: known(d)}
	in.read(msg.Content)
	return write(tidy(in.blocks))
}

// A discordReader turns Discord Markdown into blocks.
type discordReader struct {
	guild  string
	dir    Directory
	blocks []block
	marks  int // how many marks were looked at

	quoted bool            // inside a quote
	buffer strings.Builder // lines of the paragraph that are not read yet
	para   []span          // what was read of the paragraph
	list   bool            // the last line belonged to a list
	open   []open          // the lists that are open
	listIn bool            // the list stands in a quote
	blanks int             // empty lines since the last item
	seam   int             // how what is read next joins what was read before
}

// An open list has its items in a column.
type open struct {
	column  int
	ordered bool
	number  int // of the last item
}

// read reads a message.
func (in *discordReader) read(content string) {
	s := strings.TrimRight(clean(content), zeroWidthSpace)
	if rest, ok := strings.CutPrefix(s, zeroWidthSpace); ok {
		s = strings.TrimPrefix(rest, "\n")
	}
	in.lines(s)
	in.endParagraph()
}

// lines reads from the start of a line. Quotes do not nest.
func (in *discordReader) lines(s string) {
	for s != "" {
		if !in.quoted {
			if quote, rest, ok := cutQuote(s); ok {
				in.quote(quote)
				s = rest
				continue
			}
		}
		head, pre, rest := in.cutCode(s)
		if head != "" {
			in.line(head)
		}
		for pre != nil {
			in.code(*pre)
			rest = strings.TrimLeft(rest, " ")
			if after, ok := strings.CutPrefix(rest, "\n"); ok {
				rest = after
				break
			}
			head, pre, rest = in.cutCode(rest)
			in.buffer.WriteString(head)
		}
		s = rest
	}
}

// quotedLine matches what starts a quoted line; an empty one may have lost its blank.
var quotedLine = regexp.MustCompile(`^ *>(?: |\n|$)`)

// quotedRest matches what quotes everything behind it.
var quotedRest = regexp.MustCompile(`^ *>>> `)

// cutQuote takes off the quote that s starts with, without its marks.
func cutQuote(s string) (quote, rest string, ok bool) {
	if mark := quotedRest.FindString(s); mark != "" {
		return s[len(mark):], "", true
	}
	var lines []string
	for s != "" {
		mark := quotedLine.FindString(s)
		if mark == "" || lines == nil && !strings.HasSuffix(mark, " ") {
			break
		}
		line, after, _ := strings.Cut(s, "\n")
		lines = append(lines, strings.TrimPrefix(line[strings.IndexByte(line, '>')+1:], " "))
		s = after
	}
	return strings.Join(lines, "\n"), s, lines != nil
}

func (in *discordReader) quote(s string) {
	in.endParagraph()
	in.quoted = true
	in.lines(s)
	in.endParagraph()
	in.quoted = false
}

// code adds a code block.
func (in *discordReader) code(b block) {
	in.endParagraph()
	if in.sewCode(b) {
		return
	}
	in.endList()
	b.quoted = in.quoted
	in.blocks = append(in.blocks, b)
}

// headingLine matches a heading or small print, itemLine a list item.
// https://support.discord.com/hc/en-us/articles/210298617
var (
	headingLine = regexp.MustCompile(`^ *(#{1,3}|-#) +(\S.*)`)
	itemLine    = regexp.MustCompile(`^( *)(?:[-*]|([0-9]{1,9})\.) +(.*)`)
)

// line reads one line without its code blocks.
func (in *discordReader) line(s string) {
	text, end := strings.CutSuffix(s, "\n")
	if in.seam != seamBlock && in.sew(text) {
		if end {
			in.buffer.WriteString("\n")
		}
		return
	}
	if in.list && in.listIn != in.quoted {
		in.endList()
	}
	if m := itemLine.FindStringSubmatch(text); m != nil {
		in.item(len(m[1]), m[2], m[3])
		return
	}
	if in.list && in.goesOn(text) {
		return
	}
	if m := headingLine.FindStringSubmatch(text); m != nil {
		in.flush()
		st := style(0)
		if m[1][0] == '#' {
			st = bold
		}
		in.para = appendText(append(in.para, in.inline(m[2], st)...), "\n")
		return
	}
	in.buffer.WriteString(s)
}

// item adds a list item that starts in a column. The numbers of one list follow one
// another, whatever they are.
func (in *discordReader) item(column int, number, text string) {
	in.endParagraph()
	b := block{kind: blockItem, quoted: in.quoted, fresh: !in.list || in.blanks > 0, spans: in.inline(text, 0)}
	if number != "" {
		n, _ := strconv.Atoi(number)
		b.ordered, b.number = true, min(n, 99_999_999)
	}
	for len(in.open) > 0 && in.open[len(in.open)-1].column > column {
		in.open = in.open[:len(in.open)-1]
	}
	if n := len(in.open) - 1; n >= 0 && in.open[n].column == column {
		if b.ordered && in.open[n].ordered && !b.fresh {
			b.number = in.open[n].number + 1
		}
		in.open = in.open[:n]
	}
	in.open = append(in.open, open{column: column, ordered: b.ordered, number: b.number})
	b.indent = min(len(in.open)-1, maxIndent)
	in.list, in.listIn, in.blanks = true, in.quoted, 0
	in.blocks = append(in.blocks, b)
}

// goesOn reports whether a line belongs to the list item before it: it is empty or
// indented.
func (in *discordReader) goesOn(text string) bool {
	if strings.Trim(text, " ") == "" {
		in.blanks++
		return true
	}
	if !strings.HasPrefix(text, "  ") {
		in.endList()
		return false
	}
	indent := min(in.open[len(in.open)-1].column+2, len(text)-len(strings.TrimLeft(text, " ")))
	last := &in.blocks[len(in.blocks)-1]
	last.spans = appendText(last.spans, strings.Repeat("\n", in.blanks+1))
	last.spans = append(last.spans, in.inline(text[indent:], 0)...)
	in.blanks = 0
	return true
}

func (in *discordReader) endList() { in.list, in.open, in.blanks = false, nil, 0 }

// flush reads what is in the buffer.
func (in *discordReader) flush() {
	in.para = append(in.para, in.inline(in.buffer.String(), 0)...)
	in.buffer.Reset()
}

// endParagraph adds the paragraph.
func (in *discordReader) endParagraph() {
	in.flush()
	kind := blockPara
	if in.quoted {
		kind = blockQuote
	}
	if !isBlankText(plainSpans(in.para)) {
		in.blocks = append(in.blocks, block{kind: kind, spans: in.para})
	}
	in.para = nil
}
