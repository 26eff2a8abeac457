package markup

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes text valid UTF-8 with \n line ends and without control
// characters other than line end and tab.
func clean(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	if strings.Contains(s, "\r") {
		s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	}
	return strings.Map(func(r rune) rune {
		if (r < ' ' && r != '\n' && r != '\t') || r == 0x7F {
			return -1
		}
		return r
	}, s)
}

// maxName is how many characters of a name are shown.
const maxName = 80

// CleanName makes a display name that people chose themselves safe to put in
// front of text: one line, without control, bidirectional, zero-width and other
// invisible characters that could make it look like another name, and not
// longer than 80 characters. It may return "".
func CleanName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r), invisible(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	name = strings.Join(strings.Fields(name), " ")
	if utf8.RuneCountInString(name) > maxName {
		name = strings.TrimSpace(string([]rune(name)[:maxName]))
	}
	return name
}

// invisible reports letters and marks that show nothing: the Hangul fillers,
// the Khmer inherent vowels, the grapheme joiner, the Mongolian and general
// variation selectors and the blank Braille pattern.
func invisible(r rune) bool {
	switch r {
	case 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0:
		return true
	}
	return r >= 0x180B && r <= 0x180F || r >= 0xFE00 && r <= 0xFE0F || r >= 0xE0100 && r <= 0xE01EF
}

// isWord reports whether r is a letter, digit or a mark on one.
func isWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// isBlank reports whether r is white space.
func isBlank(r rune) bool { return unicode.IsSpace(r) }

// isASCIIPunct reports whether r can be escaped with a backslash in Markdown.
func isASCIIPunct(r rune) bool {
	return r > ' ' && r < 0x7F && !(r >= '0' && r <= '9') && !(r >= 'a' && r <= 'z') && !(r >= 'A' && r <= 'Z')
}

// width measures text as the stricter reader does: in code points or UTF-16
// units, whichever is more; Slack does not say which it counts.
func width(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}
