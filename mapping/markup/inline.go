package markup

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// A cell is what is written at one place of a line: a character, or an object,
// such as a link, whose Markdown is ready.
type cell struct {
	r      rune
	object string
	word   bool // an object that must not touch a word: a short code
	style  style
}

func (c cell) blank() bool { return c.object == "" && isBlank(c.r) }

// writeLines writes spans as paragraphs. One line end stays one, two part
// paragraphs, more become hard line breaks.
func writeLines(spans []span) string {
	var out strings.Builder
	ends := 0
	for _, line := range splitLines(cells(spans)) {
		if len(line) > 0 && out.Len() > 0 {
			switch ends {
			case 1, 2:
				out.WriteString("\n\n"[:ends])
			default:
				out.WriteString(strings.Repeat("\\\n", ends))
			}
		}
		if len(line) > 0 {
			ends = 0
			writeCells(&out, line)
		}
		ends++
	}
	return out.String()
}

// cells takes spans apart. Code is an object per line.
func cells(spans []span) []cell {
	var out []cell
	for _, s := range spans {
		switch {
		case s.kind == spanText && s.style&code != 0:
			for i, line := range strings.Split(s.text, "\n") {
				if i > 0 {
					out = append(out, cell{r: '\n'})
				}
				if line != "" {
					out = append(out, cell{object: codeSpan(line), style: s.style &^ code})
				}
			}
		case s.kind == spanText || s.kind == spanEmoji && !strings.HasPrefix(s.text, ":"):
			for _, r := range s.text {
				out = append(out, cell{r: r, style: s.style &^ code})
			}
		default:
			out = append(out, cell{object: object(s), word: s.kind == spanEmoji, style: s.style &^ code})
		}
	}
	return out
}

// codeSpan writes inline code between runs of backticks that are not in it.
func codeSpan(text string) string {
	n := 1
	for strings.Contains(text, strings.Repeat("`", n)) {
		n++
	}
	mark := strings.Repeat("`", n)
	edge := strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") ||
		strings.HasPrefix(text, " ") && strings.HasSuffix(text, " ") && strings.Trim(text, " ") != ""
	if edge {
		return mark + " " + text + " " + mark
	}
	return mark + text + mark
}

// object writes what stands for itself.
func object(s span) string {
	switch s.kind {
	case spanEmoji:
		return s.text
	case spanLink:
		return writeLink(s)
	}
	scheme := map[spanKind]string{
		spanMention: schemeMention, spanChannel: schemeChannel, spanGroup: schemeGroup,
		spanBroadcast: schemeBroadcast, spanDate: schemeDate,
	}[s.kind]
	return fmt.Sprintf("[%s](%s:%s)", writeLabel(s.text), scheme, s.ref)
}

func writeLink(s span) string {
	if s.style&code == 0 && s.text == s.ref && !hasReference(s.ref) {
		return "<" + s.ref + ">"
	}
	label := writeLabel(s.text)
	if s.style&code != 0 {
		label = codeSpan(oneLine(s.text))
	}
	return "[" + label + "](" + writeDestination(s.ref) + ")"
}

// writeDestination writes an address so that parentheses, backslashes and
// ampersands in it stay what they are. Addresses have no blanks or angle
// brackets any more (safeURL).
func writeDestination(u string) string {
	if hasReference(u) {
		u = strings.ReplaceAll(u, "&", "&amp;")
	}
	if strings.ContainsAny(u, "()") {
		return "<" + u + ">"
	}
	return u
}

// hasReference reports whether Markdown would read a character reference in u.
func hasReference(u string) bool { return unescape([]byte(u)) != u }

// writeLabel writes text inside square brackets.
func writeLabel(text string) string {
	var line []cell
	for _, r := range oneLine(text) {
		line = append(line, cell{r: r})
	}
	var out strings.Builder
	writeCells(&out, line)
	return out.String()
}

func oneLine(s string) string { return strings.ReplaceAll(s, "\n", " ") }

func splitLines(all []cell) [][]cell {
	var lines [][]cell
	start := 0
	for i, c := range all {
		if c.object == "" && c.r == '\n' {
			lines = append(lines, all[start:i])
			start = i + 1
		}
	}
	return append(lines, all[start:])
}

// tuck takes styles off blanks at the edge of a styled run, where Markdown's
// delimiters would not work.
func tuck(line []cell) {
	for i := 0; i < len(line); {
		if !line[i].blank() {
			i++
			continue
		}
		end, common := i, ^style(0)
		for ; end < len(line) && line[end].blank(); end++ {
			common &= line[end].style
		}
		if i == 0 || end == len(line) {
			common = 0
		} else {
			common &= line[i-1].style & line[end].style
		}
		for ; i < end; i++ {
			line[i].style = common
		}
	}
}

// delimiters in the order in which styles that last equally long are opened.
var delimiters = [...]struct {
	style style
	mark  string
}{{strike, "~~"}, {bold, "**"}, {italic, "_"}}

// writeCells writes one line.
func writeCells(out *strings.Builder, line []cell) {
	tuck(line)
	w := lineWriter{out: out, line: line, star: starItalic(line)}
	for i := range line {
		w.cell(i)
	}
	for len(w.open) > 0 {
		w.pop()
	}
}

// starItalic reports whether italics of a line are written with stars: they
// work inside a word, but next to the stars of bold they are hard to tell apart.
func starItalic(line []cell) bool {
	inside := false
	for i, c := range line {
		if c.style&bold != 0 {
			return false
		}
		if i > 0 && (c.style^line[i-1].style)&italic != 0 && isWord(c.r) && isWord(line[i-1].r) {
			inside = true
		}
	}
	return inside
}

type lineWriter struct {
	out  *strings.Builder
	line []cell
	open []style
	star bool
}

func (w *lineWriter) mark(st style) string {
	for _, d := range delimiters {
		if d.style == st && st == italic && w.star {
			return "*"
		} else if d.style == st {
			return d.mark
		}
	}
	return ""
}

func (w *lineWriter) pop() {
	last := len(w.open) - 1
	w.out.WriteString(w.mark(w.open[last]))
	w.open = w.open[:last]
}

// cell writes the delimiters before cell i and the cell.
func (w *lineWriter) cell(i int) {
	want := w.line[i].style
	for w.has(^want) {
		w.pop()
	}
	opening := w.opening(i)
	for _, st := range opening {
		w.open = append(w.open, st)
		w.out.WriteString(w.mark(st))
	}
	if len(opening) > 0 && w.line[i].blank() {
		// Styles that had to be closed and opened again to nest.
		w.out.WriteString(charReference(w.line[i].r))
		return
	}
	w.out.WriteString(w.source(i))
}

// has reports whether one of the styles st is open.
func (w *lineWriter) has(st style) bool {
	return slices.ContainsFunc(w.open, func(o style) bool { return o&st != 0 })
}

// opening lists the styles that start at cell i, the longest first.
func (w *lineWriter) opening(i int) []style {
	var out []style
	for _, d := range delimiters {
		if w.line[i].style&d.style != 0 && !w.has(d.style) {
			out = append(out, d.style)
		}
	}
	lasts := func(st style) int {
		n := i
		for n < len(w.line) && w.line[n].style&st != 0 {
			n++
		}
		return n
	}
	slices.SortStableFunc(out, func(a, b style) int { return lasts(b) - lasts(a) })
	return out
}

// at returns cell i, or a line end outside the line.
func (w *lineWriter) at(i int) cell {
	if i < 0 || i >= len(w.line) {
		return cell{r: '\n'}
	}
	return w.line[i]
}

// source returns the Markdown of cell i: itself, escaped, or as a character
// reference where Markdown needs punctuation in its place.
func (w *lineWriter) source(i int) string {
	c := w.line[i]
	if c.object != "" {
		return c.object
	}
	if w.referenced(i) {
		return charReference(c.r)
	}
	if w.escaped(i) {
		return `\` + string(c.r)
	}
	return string(c.r)
}

func charReference(r rune) string { return fmt.Sprintf("&#%d;", r) }

// referenced reports whether character i has to be written as a reference.
func (w *lineWriter) referenced(i int) bool {
	c, prev, next := w.line[i], w.at(i-1), w.at(i+1)
	switch {
	case c.r == '\t':
		return true
	case isBlank(c.r):
		return i == 0 || i == len(w.line)-1
	case c.r == '\\' && i == len(w.line)-1:
		return true
	case c.r == '~' && (prev.style != c.style || next.style != c.style):
		return true
	case isWord(c.r) || c.r == ':':
		if prev.word && prev.style == c.style || next.word && next.style == c.style {
			return true
		}
	}
	return w.blocks(i-1, i) || w.blocks(i+1, i)
}

// blocks reports whether the character at i keeps the delimiters between it and
// its neighbour at inner from working: they stand outside the character, and it
// looks like a word to them.
func (w *lineWriter) blocks(inner, i int) bool {
	in, c := w.at(inner), w.line[i]
	marks := in.style &^ c.style
	if marks == 0 || c.style&^in.style != 0 || unicode.IsPunct(c.r) {
		return false
	}
	// One pair of stars or tildes works inside a word, as long as the
	// character on its inner side is written as it is.
	single := marks == bold || marks == strike || marks == italic && w.star
	beyond := w.at(inner + inner - i)
	return !(single && letter(in) && beyond.style == in.style && !beyond.word)
}
