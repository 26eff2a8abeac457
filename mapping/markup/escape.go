package markup

import (
	"strings"
	"unicode"
)

// escaped reports whether character i of the line needs a backslash, so that it
// stays text.
func (w *lineWriter) escaped(i int) bool {
	c, prev, next := w.line[i], w.at(i-1), w.at(i+1)
	switch c.r {
	case '\\', '`', '[', ']', '<', '~':
		return true
	case '*':
		alone := prev.blank() && next.blank() && prev.style == c.style && next.style == c.style
		return i == 0 || !alone
	case '_':
		same := prev.style == c.style && next.style == c.style
		inside := same && letter(prev) && letter(next)
		return !inside || w.referenced(i-1) || w.referenced(i+1)
	case '&':
		return w.ampersand(i)
	case '!':
		return next.object != ""
	case ':':
		return w.colon(i)
	}
	return w.opens(i)
}

// letter reports whether a cell is a letter or digit.
func letter(c cell) bool { return c.object == "" && (unicode.IsLetter(c.r) || unicode.IsDigit(c.r)) }

// ampersand reports whether the & at i would begin a character reference.
func (w *lineWriter) ampersand(i int) bool {
	for n := i + 1; n < len(w.line) && n <= i+longestReference; n++ {
		if r := w.line[n].r; r == ';' || w.line[n].object != "" || w.line[n].style != w.line[i].style || w.referenced(n) {
			return true
		} else if r != '#' && !isASCIIWord(r) {
			return false
		}
	}
	return false
}

// colon reports whether the colon at i would begin a short code or make a URL.
func (w *lineWriter) colon(i int) bool {
	if w.at(i+1).r == '/' && w.at(i+2).r == '/' {
		return true
	}
	if prev := w.at(i - 1); isWord(prev.r) && prev.style == w.line[i].style && !w.referenced(i-1) {
		return false
	}
	for n := i + 1; n < len(w.line) && w.line[n].object == ""; n++ {
		switch r := w.line[n].r; {
		case r == ':':
			return n > i+1
		case !isWord(r) && !strings.ContainsRune("_+'-", r):
			return false
		}
	}
	return false
}

// opens reports whether the character at i would make the line something else
// than text: a heading, list item, quote, rule or the line under a heading.
func (w *lineWriter) opens(i int) bool {
	c, next := w.line[i], w.at(i+1)
	end := next.object == "" && isBlank(next.r)
	if i == 0 {
		switch c.r {
		case '>':
			return true
		case '#', '=', '-', '+':
			return end || next.r == c.r
		}
		return false
	}
	if (c.r != '.' && c.r != ')') || !end || i > 9 {
		return false
	}
	for _, before := range w.line[:i] {
		if before.object != "" || before.r < '0' || before.r > '9' {
			return false
		}
	}
	return true
}
