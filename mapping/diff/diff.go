// Package diff says, word by word, how one text became another. It is pure.
package diff

import (
	"slices"
	"strings"
	"unicode"
)

// Kind says what became of a part of a text.
type Kind int

// The kinds of parts.
const (
	Same Kind = iota
	Gone      // only the old text has it
	New       // only the new text has it
)

// Part is a piece of text. In a list of parts, those that are Same or Gone joined are the
// old text, those that are Same or New the new one. Where both are, Gone comes first.
type Part struct {
	Kind Kind
	Text string
}

// maxEdits bounds the words that are compared: texts that differ in more are shown as the
// one and then the other, which is also how people read them.
const maxEdits = 1500

// Words compares two texts. Words are never cut; a space between two words that changed
// counts as changed with them.
func Words(old, text string) []Part {
	a, b := split(old), split(text)
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var l list
	l.add(Same, a[:head]...)
	l.changes(a[head:len(a)-tail], b[head:len(b)-tail])
	l.add(Same, a[len(a)-tail:]...)
	return l.joined()
}

// split cuts a text into words, runs of space, and single signs.
func split(text string) []string {
	var out []string
	from, was := 0, 0
	for i, r := range text {
		is := 3
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			is = 1
		case unicode.IsSpace(r):
			is = 2
		}
		if i > 0 && (is != was || is == 3) {
			out = append(out, text[from:i])
			from = i
		}
		was = is
	}
	if from < len(text) {
		out = append(out, text[from:])
	}
	return out
}

// list collects parts.
type list []Part

func (l *list) add(kind Kind, words ...string) {
	for _, w := range words {
		*l = append(*l, Part{kind, w})
	}
}

// changes finds a shortest way from a to b (E. W. Myers, "An O(ND) Difference Algorithm",
// 1986). reach[k] is how far of a the paths on diagonal k have come; trace keeps it for
// every number of edits, to walk the way back.
func (l *list) changes(a, b []string) {
	var trace [][]int
	reach := map[int]int{1: 0}
	most := min(len(a)+len(b), maxEdits)
	for d := 0; d <= most; d++ {
		row := make([]int, 0, 2*d+1)
		for k := -d; k <= d; k += 2 {
			x := reach[k-1] + 1
			if k == -d || k != d && reach[k-1] < reach[k+1] {
				x = reach[k+1]
			}
			for x < len(a) && x-k < len(b) && x-k >= 0 && a[x] == b[x-k] {
				x++
			}
			reach[k] = x
			row = append(row, x)
			if x >= len(a) && x-k >= len(b) {
				trace = append(trace, row)
				l.walk(a, b, trace, k)
				return
			}
		}
		trace = append(trace, row)
	}
	l.add(Gone, a...)
	l.add(New, b...)
}

// walk goes the way back from the end, on diagonal k, to the beginning.
func (l *list) walk(a, b []string, trace [][]int, k int) {
	var back []Part
	x := len(a)
	for d := len(trace) - 1; d > 0; d-- {
		at := func(k int) int { // how far the paths of one edit less had come
			if i := (k + d - 1) / 2; k+d-1 >= 0 && i < len(trace[d-1]) {
				return trace[d-1][i]
			}
			return -1
		}
		if k == -d || k != d && at(k-1) < at(k+1) { // the edit put in a word of b
			for start := at(k + 1); x > start; x-- {
				back = append(back, Part{Same, a[x-1]})
			}
			back = append(back, Part{New, b[x-k-1]})
			k++
			continue
		}
		for start := at(k-1) + 1; x > start; x-- {
			back = append(back, Part{Same, a[x-1]})
		}
		x--
		back = append(back, Part{Gone, a[x]})
		k--
	}
	for ; x > 0; x-- {
		back = append(back, Part{Same, a[x-1]})
	}
	slices.Reverse(back)
	*l = append(*l, back...)
}

// joined makes one part of those that follow one another, with what is gone before what
// is new.
func (l list) joined() []Part {
	var out []Part
	var gone, fresh strings.Builder
	flush := func() {
		if gone.Len() > 0 {
			out = append(out, Part{Gone, gone.String()})
		}
		if fresh.Len() > 0 {
			out = append(out, Part{New, fresh.String()})
		}
		gone.Reset()
		fresh.Reset()
	}
	for i, p := range l {
		between := gone.Len()+fresh.Len() > 0 && i+1 < len(l) && l[i+1].Kind != Same && strings.Trim(p.Text, " ") == ""
		switch {
		case p.Kind == Gone:
			gone.WriteString(p.Text)
		case p.Kind == New:
			fresh.WriteString(p.Text)
		case between && gone.Len() > 0 && fresh.Len() > 0:
			gone.WriteString(p.Text)
			fresh.WriteString(p.Text)
		default:
			flush()
			if n := len(out); n > 0 && out[n-1].Kind == Same {
				out[n-1].Text += p.Text
			} else {
				out = append(out, p)
			}
		}
	}
	flush()
	return out
}
