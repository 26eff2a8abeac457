package markup

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// The functions here return how long the style is that s starts with, with its
// marks, or 0. They follow what Discord's clients accept, including what they do not
// look at: a backslash means nothing to the end of a strike or a spoiler.

// emphasisEnd reads *a* and _a_.
func emphasisEnd(s string) int {
	if len(s) > 2 && s[0] == '*' {
		return starEnd(s)
	}
	if len(s) > 2 && s[0] == '_' {
		return underscoreEnd(s)
	}
	return 0
}

// starEnd reads *a*: a blank may not follow the first star, nor a single star a
// blank; two stars are part of what is between.
func starEnd(s string) int {
	i := 1
	for i < len(s) {
		spaces := len(s[i:]) - len(strings.TrimLeft(s[i:], " \n\t"))
		if i == 1 && spaces > 0 || i+spaces >= len(s) {
			return 0
		}
		end := i + spaces
		if single(s, end, '*') {
			if i > 1 && spaces <= 2 && strings.Trim(s[i:end], " ") == "" {
				return end + 1
			}
			return 0
		}
		i = end + unit(s[end:], "**")
	}
	return 0
}

// single reports whether one mark alone stands at i.
func single(s string, i int, mark byte) bool {
	return s[i] == mark && (i+1 == len(s) || s[i+1] != mark)
}

// unit is the length of what s starts with that is read together: a pair of marks,
// a backslash with what it stands before, a character.
func unit(s, pair string) int {
	if strings.HasPrefix(s, pair) {
		return len(pair)
	}
	n := 0
	if s[0] == '\\' && len(s) > 1 {
		n = 1
	}
	_, size := utf8.DecodeRuneInString(s[n:])
	return n + size
}

// underscoreEnd reads _a_, which no letter or digit may follow.
func underscoreEnd(s string) int {
	for i := 1; i < len(s); {
		if s[i] == '_' && i > 1 && (i+1 == len(s) || !isASCIIWord(rune(s[i+1]))) {
			return i + 1
		}
		if single(s, i, '_') {
			return 0
		}
		i += unit(s[i:], "__")
	}
	return 0
}

func strongEnd(s string) int { return pairEnd(s, "**") }

func underlineEnd(s string) int { return pairEnd(s, "__") }

// pairEnd reads **a** and __a__: the last mark of a run ends it.
func pairEnd(s, mark string) int {
	if !strings.HasPrefix(s, mark) {
		return 0
	}
	for i := len(mark); i < len(s); {
		end := i + len(mark)
		if i > len(mark) && strings.HasPrefix(s[i:], mark) && (end == len(s) || s[end] != mark[0]) {
			return end
		}
		i += unit(s[i:], "\x00")
	}
	return 0
}

// strikeEnd reads ~~a~~, which no underscore may follow.
func strikeEnd(s string) int {
	if !strings.HasPrefix(s, "~~") {
		return 0
	}
	for i := 3; i < len(s); i++ {
		if strings.HasPrefix(s[i:], "~~") && (i+2 == len(s) || s[i+2] != '_') {
			return i + 2
		}
	}
	return 0
}

// spoilerEnd reads ||a||.
func spoilerEnd(s string) int {
	if !strings.HasPrefix(s, "||") || len(s) < 5 {
		return 0
	}
	if end := strings.Index(s[3:], "||"); end >= 0 {
		return 3 + end + 2
	}
	return 0
}

// maskedLink matches [label](address "title").
var maskedLink = regexp.MustCompile(`^\[((?:\\.|\[[^\[\]\n]*\]|[^\[\]\n\\])+)\]\(\s*<?(https?://(?:\([^\s()<>]*\)|[^\s()<>])+|mailto:[^\s()<>]+)>?(?:\s+(?:"[^"\n]*"|'[^'\n]*'))?\s*\)`)
