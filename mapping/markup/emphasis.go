package markup

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

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
