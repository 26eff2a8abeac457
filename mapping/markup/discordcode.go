package markup

import (
	"strings"
	"unicode/utf8"
)

// cutCode returns what stands before the first code block that starts in the line s
// begins with, the block, and what follows; without one the line and what follows.
func (in *discordReader) cutCode(s string) (head string, pre *block, rest string) {
	for i := 0; i < len(s) && s[i] != '\n'; {
		switch s[i] {
		case '\\':
			_, size := utf8.DecodeRuneInString(s[i+1:])
			i += 1 + size
			continue
		case '`':
			if b, size := in.codeBlock(s[i:]); size > 0 {
				return strings.TrimRight(s[:i], " "), &b, s[i+size:]
			}
			_, size := in.inlineCode(s[i:])
			i += size
			continue
		}
		i++
	}
	line, rest, ended := strings.Cut(s, "\n")
	if ended {
		line += "\n"
	}
	return line, nil, rest
}

// codeBlock reads the code block s starts with and returns how long it is, 0 for
// none. The first line is its language if it looks like one and is not all there is.
func (in *discordReader) codeBlock(s string) (block, int) {
	inner, ok := strings.CutPrefix(s, "```")
	if !ok || !in.look() {
		return block{}, 0
	}
	end := strings.Index(inner, "```")
	if end < 0 {
		return block{}, 0
	}
	inner = inner[:end]
	b := block{kind: blockPre}
	if lang, text, ok := strings.Cut(inner, "\n"); ok && languageName.MatchString(lang) && trimCode(text) != "" {
		b.lang, inner = lang, text
	}
	inner = trimCode(inner)
	if inner == "" {
		return block{}, 0
	}
	b.spans = appendText(nil, unguarded(inner))
	return b, 3 + end + 3
}

// inlineCode reads the inline code s starts with and returns how long it is. Where
// there is none, text is "" and the length that of the backticks.
func (in *discordReader) inlineCode(s string) (text string, size int) {
	run := len(s) - len(strings.TrimLeft(s, "`"))
	if !in.look() {
		return "", run
	}
	for i := run; i < len(s); {
		next := strings.IndexByte(s[i:], '`')
		if next < 0 {
			return "", run
		}
		i += next
		closing := len(s[i:]) - len(strings.TrimLeft(s[i:], "`"))
		if closing == run {
			return unguarded(untick(s[run:i])), i + run
		}
		i += closing
	}
	return "", run
}

// untick takes off the blanks that only keep backticks apart.
func untick(s string) string {
	if strings.HasPrefix(s, " ") && strings.HasPrefix(strings.TrimLeft(s, " "), "`") {
		s = s[1:]
	}
	if strings.HasSuffix(s, " ") && strings.HasSuffix(strings.TrimRight(s, " "), "`") {
		s = s[:len(s)-1]
	}
	return s
}

// look reports whether one more mark may be looked at: looking for where each ends
// takes time that grows with the square of their number.
func (in *discordReader) look() bool {
	in.marks++
	return in.marks <= 4*maxMarks
}
