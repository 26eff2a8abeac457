package markup

import "strings"

// writeDiscordLine writes one line. Discord's marks need no blanks or punctuation
// around them, but each has a neighbour that it does not work beside.
func writeDiscordLine(out *strings.Builder, line []cell) {
	tuck(line)
	w := discordLine{lineWriter: lineWriter{out: out, line: line}}
	for i := range line {
		w.cell(i)
	}
	w.close(0)
}

type discordLine struct {
	lineWriter
	closed byte // the last character of the mark that was written last, 0 after text
}

// cell writes the marks before cell i and the cell.
func (w *discordLine) cell(i int) {
	c := w.line[i]
	w.close(c.style)
	opening := w.opening(i)
	if w.closed == '_' && len(opening) == 0 && c.object == "" && isASCIIWord(c.r) {
		w.out.WriteString(zeroWidthSpace) // "_a_b" is no italic a
	}
	for _, st := range opening {
		if st == italic {
			w.star = w.starAt(i)
		}
		mark := w.mark(st)
		if mark == "_" && (w.closed == '~' || w.closed == '_') {
			w.out.WriteString(zeroWidthSpace) // "~~_" does not end a strike
		}
		w.open = append(w.open, st)
		w.out.WriteString(mark)
		w.closed = 0
	}
	w.out.WriteString(w.source(i))
	w.closed = 0
}

// close writes the marks of all styles but those that are kept.
func (w *discordLine) close(keep style) {
	for w.has(^keep) {
		mark := w.mark(w.open[len(w.open)-1])
		if mark == "~~" && strings.HasSuffix(w.out.String(), `\~`) {
			w.out.WriteString(zeroWidthSpace) // "\~~~" ends at the first two
		}
		w.pop()
		w.closed = mark[0]
	}
}

// starAt reports whether the italics that start at cell i are written with stars:
// not beside the stars of bold, nor before a blank.
func (w *discordLine) starAt(i int) bool {
	if w.at(i).blank() || i > 0 && w.line[i-1].style&bold != 0 {
		return false
	}
	for ; i < len(w.line) && w.line[i].style&italic != 0; i++ {
		if w.line[i].style&bold != 0 {
			return false
		}
	}
	return w.at(i).style&bold == 0
}

// source returns how cell i is written: itself, escaped, or broken so that it
// calls nobody.
func (w *discordLine) source(i int) string {
	c := w.line[i]
	switch {
	case c.object != "":
		return c.object
	case c.r == '@' && w.rings(i):
		return "@" + zeroWidthSpace
	case w.escaped(i):
		return `\` + string(c.r)
	}
	return string(c.r)
}

// rings reports whether the @ at i would call somebody, whatever is escaped.
func (w *discordLine) rings(i int) bool {
	next := w.at(i + 1)
	if w.at(i-1).r == '<' && next.object == "" && strings.ContainsRune("0123456789!&", next.r) {
		return true
	}
	var word strings.Builder
	for n := i + 1; n < len(w.line) && n <= i+len("everyone") && w.line[n].object == ""; n++ {
		word.WriteRune(w.line[n].r)
	}
	return ringing.MatchString("@" + word.String())
}

// escaped reports whether character i needs a backslash, so that it stays text.
// https://docs.discord.com/developers/reference#message-formatting and
// https://support.discord.com/hc/en-us/articles/210298617
func (w *discordLine) escaped(i int) bool {
	c, next := w.line[i], w.at(i+1)
	switch c.r {
	case '\\', '`', '*', '_', '~', '[', '<': // "_" also inside a word, where it can open
		return true
	case '|':
		return next.r == '|' || w.at(i-1).r == '|'
	case ':':
		return w.colon(i)
	case '/':
		return strings.HasSuffix(w.at(i-1).object, ":") // ":http:" is a short code, and more with "//" behind it
	case '>', '#', '-', '+':
		end := next.object == "" && (isBlank(next.r) || next.r == c.r || c.r == '-' && next.r == '#')
		return w.indented(i) && (c.r == '>' || end)
	case '.', ')':
		end := next.object == "" && isBlank(next.r)
		return end && w.numbered(i)
	}
	return false
}

// indented reports whether only blanks stand before cell i.
func (w *discordLine) indented(i int) bool {
	for _, c := range w.line[:i] {
		if !c.blank() {
			return false
		}
	}
	return true
}

// numbered reports whether only blanks and a number stand before cell i.
func (w *discordLine) numbered(i int) bool {
	start := i
	for start > 0 && w.line[start-1].object == "" && w.line[start-1].r >= '0' && w.line[start-1].r <= '9' {
		start--
	}
	return start < i && w.indented(start)
}
