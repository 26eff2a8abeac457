package markup

import (
	"fmt"
	"strings"
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
	mark := strings.Repeat("`", longestRun(text, '`')+1)
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
