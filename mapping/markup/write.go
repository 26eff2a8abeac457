package markup

import (
	"strconv"
	"strings"
)

// write turns blocks into Markdown that flatten reads as the same blocks.
func write(blocks []block) string {
	w := writer{}
	for i := 0; i < len(blocks); {
		n := 1
		if blocks[i].kind == blockItem {
			for i+n < len(blocks) && blocks[i+n].kind == blockItem && blocks[i+n].quoted == blocks[i].quoted {
				n++
			}
		}
		w.chunk(blocks[i : i+n])
		i += n
	}
	return strings.TrimSuffix(w.out.String(), "\n")
}

type writer struct {
	out strings.Builder
}

// chunk writes one block, or one list with all its items.
func (w *writer) chunk(blocks []block) {
	var text string
	b := blocks[0]
	switch b.kind {
	case blockPre:
		text = fenced(plainSpans(b.spans), b.lang)
	case blockItem:
		text = writeList(blocks)
	default:
		text = writeLines(b.spans)
	}
	if text == "" {
		return
	}
	if b.quoted || b.kind == blockQuote {
		text = "> " + strings.ReplaceAll(text, "\n", "\n> ")
		text = strings.ReplaceAll(text, "\n> \n", "\n>\n")
	}
	if w.out.Len() > 0 {
		w.out.WriteString("\n")
	}
	w.out.WriteString(text)
	w.out.WriteString("\n")
}

// fenced puts text into a code fence longer than any run of backticks in it.
func fenced(text, lang string) string {
	fence := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	return fence + lang + "\n" + text + "\n" + fence
}

// longestRun returns how often c stands in a row in s at most.
func longestRun(s string, c byte) int {
	longest, run := 0, 0
	for i := range len(s) {
		if s[i] != c {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// A level is one list that is open while items are written.
type level struct {
	ordered bool
	other   bool // uses the second marker, to stand apart from the list before it
	number  int  // of the last item
	width   int  // of the last item's marker
}

func (l level) marker() string {
	switch {
	case l.ordered && l.other:
		return strconv.Itoa(l.number) + ") "
	case l.ordered:
		return strconv.Itoa(l.number) + ". "
	case l.other:
		return "* "
	}
	return "- "
}

// writeList writes items as nested lists. Two lists that follow one another at
// the same depth use different markers; an item deeper than its list stands in
// items that only hold it.
func writeList(items []block) string {
	var out strings.Builder
	var open []level
	for i, it := range items {
		it.indent = min(max(it.indent, 0), maxIndent)
		apart := false
		if len(open) > it.indent+1 {
			open = open[:it.indent+1]
		}
		if len(open) == it.indent+1 {
			apart = open[it.indent].next(it)
			open[it.indent].width = len(open[it.indent].marker())
		}
		indent := width0(open, min(len(open), it.indent))
		markers := ""
		for len(open) <= it.indent {
			l := level{}
			if len(open) == it.indent {
				l = level{ordered: it.ordered, number: it.number}
				apart = it.ordered && it.number != 1 && markers == ""
			}
			l.width = len(l.marker())
			open = append(open, l)
			markers += l.marker()
		}
		if markers == "" {
			markers = open[it.indent].marker()
		}
		if i > 0 {
			out.WriteString("\n")
			if apart {
				out.WriteString("\n")
			}
		}
		text := writeLines(it.spans)
		if text == "" {
			text = "&#32;"
		}
		out.WriteString(strings.Repeat(" ", indent) + markers)
		out.WriteString(indentLines(text, indent+len(markers)))
	}
	return out.String()
}

// next moves the list on to an item at its depth and reports whether that has
// to start a new list.
func (l *level) next(it block) (apart bool) {
	apart = it.fresh || l.ordered != it.ordered || it.ordered && it.number != l.number+1
	if apart && l.ordered == it.ordered {
		l.other = !l.other
	}
	l.ordered, l.number = it.ordered, it.number
	return apart
}

// width0 is the column where the content of the first n open lists starts.
func width0(open []level, n int) int {
	column := 0
	for _, l := range open[:n] {
		column += l.width
	}
	return column
}

// indentLines puts blanks before every line but the first and the empty ones.
func indentLines(text string, n int) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if i > 0 && line != "" {
			lines[i] = strings.Repeat(" ", n) + line
		}
	}
	return strings.Join(lines, "\n")
}
