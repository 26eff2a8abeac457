package markup

import (
	"regexp"
	"strconv"
	"strings"
)

// discordQuote starts a quoted line.
const discordQuote = "> "

// zeroWidthSpace breaks what must not come alive and cannot be escaped.
const zeroWidthSpace = "\u200b"

// ringing matches the words that call everybody and, in code, which has no escapes,
// the beginnings of what calls somebody.
var (
	ringing     = regexp.MustCompile(`@((?i:everyone|here))`)
	ringingCode = regexp.MustCompile(`(<@|@)((?i:everyone|here)|[0-9!&])`)
)

// block adds the pieces of block i. How they are written is an estimate, which says
// where a part may end; text writes the parts.
func (w *discordWriter) block(i int) {
	b := w.blocks[i]
	if i > 0 {
		w.mark("\n", i-1)
	}
	if b.quoted || b.kind == blockQuote {
		w.mark(discordQuote, i)
	}
	switch b.kind {
	case blockPre:
		w.mark("```"+b.lang+"\n", i)
	case blockItem:
		w.mark(itemMark(b), i)
	}
	for _, s := range b.spans {
		w.span(s, b, i)
	}
	if b.kind == blockPre {
		w.mark(fenceEnd, i)
	}
}

func (w *discordWriter) mark(text string, block int) {
	w.pieces = append(w.pieces, piece{text: text, quiet: true, block: block})
}

// span adds a token, or text a character a piece, with the marks of its styles.
func (w *discordWriter) span(s span, b block, i int) {
	marks := ""
	for _, d := range delimiters {
		if s.style&d.style != 0 {
			marks += d.mark
		}
	}
	if s.style&code != 0 {
		marks += "`"
	}
	if marks != "" {
		w.mark(marks, i)
	}
	if s.kind != spanText {
		w.pieces = append(w.pieces, piece{text: s.text, span: s, shown: true, block: i})
	} else {
		w.runes(s, b, i)
	}
	if marks != "" {
		w.mark(marks, i)
	}
}

func (w *discordWriter) runes(s span, b block, i int) {
	quoted := b.quoted || b.kind == blockQuote
	for _, r := range s.text {
		shown := s
		shown.text = string(r)
		text := shown.text
		if strings.ContainsRune("\\`*_~[<|@:", r) && b.kind != blockPre {
			text = `\` + text
		}
		w.pieces = append(w.pieces, piece{text: text, span: shown, shown: true, block: i})
		if r == '\n' && quoted {
			w.mark(discordQuote, i)
		}
	}
}

func itemMark(b block) string {
	marker := "- "
	if b.ordered {
		marker = strconv.Itoa(b.number) + ". "
	}
	return strings.Repeat("  ", b.indent) + marker
}

// discordText writes blocks. Rest says that the first is what is left of one: a list
// item without its mark.
func discordText(blocks []block, rest bool) string {
	var out strings.Builder
	for i, b := range blocks {
		if i > 0 {
			out.WriteString(between(blocks[i-1], b))
		}
		text := ""
		switch b.kind {
		case blockPre:
			text = "```" + b.lang + "\n" + discordCode(plainSpans(b.spans), 2) + fenceEnd
		case blockItem:
			text = indentLines(discordLines(b.spans), 2*b.indent+2)
			if i > 0 || !rest {
				text = itemMark(b) + text
			}
		default:
			text = discordLines(b.spans)
		}
		if b.quoted || b.kind == blockQuote {
			text = discordQuote + strings.ReplaceAll(text, "\n", "\n"+discordQuote)
		}
		out.WriteString(text)
	}
	return out.String()
}

// between is what parts two blocks: two lists and two quotes need an empty line.
func between(a, b block) string {
	if a.kind == blockQuote && b.kind == blockQuote || a.kind == blockItem && b.kind == blockItem && b.fresh {
		return "\n\n"
	}
	return "\n"
}

// discordCode writes text that stands between backticks, with no more than most of
// its own in a row.
func discordCode(text string, most int) string {
	text = ringingCode.ReplaceAllString(text, "${1}"+zeroWidthSpace+"${2}")
	var out strings.Builder
	run := 0
	for _, r := range text {
		if r != '`' {
			run = 0
		} else if run++; run > most {
			out.WriteString(zeroWidthSpace)
			run = 1
		}
		out.WriteRune(r)
	}
	return out.String()
}

// unguarded takes out what ToDiscord puts in.
func unguarded(text string) string { return strings.ReplaceAll(text, zeroWidthSpace, "") }

// discordInline writes inline code.
func discordInline(text string) string {
	text = discordCode(text, 1)
	if !strings.Contains(text, "`") {
		return "`" + text + "`"
	}
	// A blank between the text's own backtick and ours is taken off again.
	if strings.HasPrefix(strings.TrimLeft(text, " "), "`") {
		text = " " + text
	}
	if strings.HasSuffix(strings.TrimRight(text, " "), "`") {
		text += " "
	}
	return "``" + text + "``"
}

// discordLines writes spans a line each.
func discordLines(spans []span) string {
	var out strings.Builder
	for i, line := range splitLines(discordCells(spans)) {
		if i > 0 {
			out.WriteString("\n")
		}
		writeDiscordLine(&out, line)
	}
	return out.String()
}

// discordCells takes spans apart. Code is an object per line.
func discordCells(spans []span) []cell {
	var out []cell
	for _, s := range spans {
		st := s.style &^ code
		switch {
		case s.kind != spanText:
			out = append(out, cell{object: s.text, style: plainBeside(s.text, st)})
		case s.style&code != 0:
			for i, line := range strings.Split(s.text, "\n") {
				if i > 0 {
					out = append(out, cell{r: '\n'})
				}
				if line != "" {
					object := discordInline(line)
					out = append(out, cell{object: object, style: plainBeside(object, st)})
				}
			}
		default:
			for _, r := range s.text {
				out = append(out, cell{r: r, style: st})
			}
		}
	}
	return out
}

// plainBeside takes the styles off an object that has a style's mark in it, which
// would end there: Discord looks for the end of a style before it looks for code.
func plainBeside(object string, st style) style {
	if strings.ContainsAny(object, "*_") {
		st &^= bold | italic
	}
	if strings.Contains(object, "~") {
		st &^= strike
	}
	return st
}
