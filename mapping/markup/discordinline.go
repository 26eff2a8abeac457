package markup

import (
	"strings"
	"unicode/utf8"
)

// inline reads the spans of s, all of which have the styles st, the way Discord's
// clients do: from left to right, the first thing that works at a place, and of two
// styles the longer.
func (in *discordReader) inline(s string, st style) []span {
	r := discordInlineReader{in: in, style: st}
	r.read(s)
	return r.spans
}

type discordInlineReader struct {
	in    *discordReader
	style style
	depth int
	spans []span
	text  strings.Builder
}

// maxStyles is how deep styles are followed into one another.
const maxStyles = 20

// inner reads what stands inside a style.
func (r *discordInlineReader) inner(s string, st style) []span {
	in := discordInlineReader{in: r.in, style: r.style | st, depth: r.depth + 1}
	in.read(s)
	return in.spans
}

func (r *discordInlineReader) add(spans ...span) {
	if text := unguarded(r.text.String()); text != "" {
		r.spans = append(r.spans, span{style: r.style, text: text})
	}
	r.text.Reset()
	r.spans = append(r.spans, spans...)
}

func (r *discordInlineReader) read(s string) {
	for i := 0; i < len(s); {
		size := r.special(s, i)
		if size == 0 {
			_, size = utf8.DecodeRuneInString(s[i:])
			r.text.WriteString(s[i : i+size])
		}
		i += size
	}
	r.add()
}

// special reads what is more than text at i and returns how long it is, 0 for none.
func (r *discordInlineReader) special(s string, i int) int {
	rest := s[i:]
	switch s[i] {
	case '\\':
		return r.escape(rest)
	case '`':
		text, size := r.in.inlineCode(rest)
		if text != "" {
			r.add(span{style: r.style | code, text: text})
		} else {
			r.text.WriteString(rest[:size])
		}
		return size
	case '*', '_', '~', '|':
		return r.styled(rest)
	case '<':
		return r.token(rest)
	case '[':
		return r.masked(rest)
	case '@':
		return r.everybody(s, i)
	case ':':
		return r.emoji(s, i)
	case 'h', 'H':
		return r.bareURL(s, i)
	}
	if strings.HasPrefix(rest, shrug) {
		r.text.WriteString(shrug)
		return len(shrug)
	}
	return 0
}

// shrug is the one face in which Discord leaves a backslash alone.
const shrug = `¯\_(ツ)_/¯`

// escape reads a backslash: what is no letter, digit or blank behind it is text.
func (r *discordInlineReader) escape(rest string) int {
	next, size := utf8.DecodeRuneInString(rest[1:])
	if size == 0 || isBlank(next) || isASCIIWord(next) && next != '_' {
		return 0
	}
	r.text.WriteRune(next)
	return 1 + size
}

// styled reads a style that starts here.
func (r *discordInlineReader) styled(rest string) int {
	if r.depth >= maxStyles || !r.in.look() {
		return 0
	}
	best, mark, st := 0, 0, style(0)
	for _, try := range []struct {
		mark  int
		style style
		end   func(string) int
	}{{1, italic, emphasisEnd}, {2, bold, strongEnd}, {2, italic, underlineEnd}, {2, strike, strikeEnd}, {2, 0, spoilerEnd}} {
		if end := try.end(rest); end > best {
			best, mark, st = end, try.mark, try.style
		}
	}
	if best == 0 {
		return 0
	}
	content := rest[mark : best-mark]
	if rest[0] == '*' && mark == 1 {
		content = strings.TrimRight(content, " ")
	}
	if st == 0 { // a spoiler's bars are text, since nothing in the record can hide words
		content = rest[:best]
		r.text.WriteString(content[:mark])
		r.add(r.inner(content[mark:best-mark], 0)...)
		r.text.WriteString(content[best-mark:])
		return best
	}
	r.add(r.inner(content, st)...)
	return best
}

// masked reads a link with a label.
func (r *discordInlineReader) masked(rest string) int {
	if !r.in.look() {
		return 0
	}
	m := maskedLink.FindStringSubmatch(rest[:min(len(rest), 2*maxURL)])
	if m == nil {
		return 0
	}
	u, ok := safeURL(unguarded(m[2]))
	if !ok || isBlankText(m[1]) {
		return 0
	}
	label := r.inner(m[1], 0)
	for i := range label {
		label[i] = span{kind: spanLink, style: label[i].style, text: oneLine(label[i].text), ref: u}
	}
	r.add(compactLabel(label)...)
	return len(m[0])
}

// compactLabel joins the parts of a label that have one style.
func compactLabel(label []span) []span {
	var out []span
	for _, s := range label {
		if last := len(out) - 1; last >= 0 && out[last].style == s.style {
			out[last].text += s.text
			continue
		}
		out = append(out, s)
	}
	return out
}

// bareURL reads an address that just stands there.
func (r *discordInlineReader) bareURL(s string, i int) int {
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	if i > 0 && isWord(before) {
		return 0
	}
	for _, scheme := range []string{"https", "http"} {
		n := len(scheme)
		if len(s)-i < n+4 || !strings.EqualFold(s[i:i+n], scheme) || s[i+n:i+n+3] != "://" {
			continue
		}
		line := s[i+n : min(len(s), i+n+maxURL)]
		address := s[i : i+n+bareEnd([]byte(line))]
		if u, ok := safeURL(unguarded(address)); ok {
			r.add(span{kind: spanLink, style: r.style, text: u, ref: u})
			return len(address)
		}
	}
	return 0
}

// emoji reads a short code.
func (r *discordInlineReader) emoji(s string, i int) int {
	if len(s) < i+3 || s[i+1] == ':' || s[i+1] == ' ' {
		return 0
	}
	found := shortcode.FindString(s[i:min(len(s), i+maxShortcode)])
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	after, size := utf8.DecodeRuneInString(s[i+len(found):])
	if found == "" || i > 0 && (isWord(before) || before == ':') || size > 0 && isWord(after) {
		return 0
	}
	name := found[1 : len(found)-1]
	r.add(span{kind: spanEmoji, style: r.style, text: emojiUnicode(name), ref: name})
	return len(found)
}
