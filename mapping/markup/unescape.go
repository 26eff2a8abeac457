package markup

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/util"
)

// unescape resolves the backslash escapes and character references of a piece
// of Markdown in one pass, so that an escaped reference stays as it is written.
func unescape(src []byte) string {
	if !bytes.ContainsAny(src, `\&`) {
		return string(src)
	}
	var b strings.Builder
	for i := 0; i < len(src); {
		switch c := src[i]; {
		case c == '\\' && i+1 < len(src) && isASCIIPunct(rune(src[i+1])):
			b.WriteByte(src[i+1])
			i += 2
		case c == '&':
			s, n := reference(src[i:])
			b.WriteString(s)
			i += n
		default:
			b.WriteByte(c)
			i++
		}
	}
	return clean(b.String())
}

// longestReference is how far behind a "&" its ";" can stand.
const longestReference = 33

// reference resolves the character reference src starts with and returns how
// long it is; what is none stands for itself.
func reference(src []byte) (string, int) {
	end := bytes.IndexByte(src[:min(len(src), longestReference+1)], ';')
	if end < 2 {
		return "&", 1
	}
	name := string(src[1:end])
	if name[0] == '#' {
		if r, ok := numeric(name[1:]); ok {
			return string(r), end + 1
		}
		return "&", 1
	}
	if e, ok := util.LookUpHTML5EntityByName(name); ok {
		return string(e.Characters), end + 1
	}
	return "&", 1
}

// numeric resolves the number of a character reference: up to seven decimal or
// six hexadecimal digits, https://spec.commonmark.org/0.31.2/#entity-and-numeric-character-references
func numeric(digits string) (rune, bool) {
	base, longest := 10, 7
	if rest := strings.TrimLeft(digits, "xX"); len(digits)-len(rest) == 1 {
		digits, base, longest = rest, 16, 6
	}
	if len(digits) > longest {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil {
		return 0, false
	}
	if n == 0 || !utf8.ValidRune(rune(n)) {
		return utf8.RuneError, true
	}
	return rune(n), true
}
