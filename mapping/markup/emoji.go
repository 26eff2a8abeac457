package markup

import (
	_ "embed" // for slackemoji.txt
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark-emoji/definition"
)

// skinTone is the first of the five skin tone modifiers; Slack numbers them
// from 2 (https://docs.slack.dev/messaging/formatting-message-text).
const skinTone = '\U0001F3FB'

// splitTone splits "wave::skin-tone-3" into the name and the modifier, 0 for
// none.
func splitTone(name string) (string, rune) {
	base, tone, ok := strings.Cut(name, "::skin-tone-")
	if n, err := strconv.Atoi(tone); ok && err == nil && n >= 2 && n <= 6 {
		return base, skinTone + rune(n-2)
	}
	return name, 0
}

// emojiUnicode returns the characters of a short code, or ":name:" if it is no
// emoji that everybody has.
func emojiUnicode(name string) string {
	base, tone := splitTone(name)
	chars, ok := emojiIndex().chars[base]
	if !ok {
		e, known := definition.Github().Get(base)
		if !known || !e.IsUnicode() {
			return ":" + name + ":"
		}
		chars = string(e.Unicode)
	}
	if tone == 0 {
		return chars
	}
	return withTone([]rune(chars), tone)
}

// withTone puts a skin tone behind the first character, where a variation
// selector has no place any more.
func withTone(chars []rune, tone rune) string {
	out := []rune{chars[0], tone}
	for i, r := range chars[1:] {
		if i > 0 || r != 0xFE0F {
			out = append(out, r)
		}
	}
	return string(out)
}

// slackEmoji lists the names of emoji on Slack.
//
//go:embed slackemoji.txt
var slackEmoji string

// An emojiTable holds what slackemoji.txt says.
type emojiTable struct {
	chars   map[string]string // by name
	names   map[string]string // the usual name by characters
	longest map[rune]int      // the most runes an emoji that starts so has
}

var emojiIndex = sync.OnceValue(func() emojiTable {
	x := emojiTable{chars: map[string]string{}, names: map[string]string{}, longest: map[rune]int{}}
	for line := range strings.Lines(slackEmoji) {
		left, hex, _ := strings.Cut(strings.TrimSpace(line), " = ")
		names := strings.Fields(left)
		if len(names) == 0 || names[0] == "#" {
			continue
		}
		chars, ok := codePoints(hex)
		if e, known := definition.Github().Get(names[0]); !ok && known {
			chars = string(e.Unicode)
		}
		for _, name := range names {
			x.chars[name] = chars
		}
		first, _ := utf8.DecodeRuneInString(chars)
		x.names[chars] = names[0]
		x.longest[first] = max(x.longest[first], utf8.RuneCountInString(chars))
	}
	return x
})

// find returns the emoji that s starts with, its short code and its length in
// bytes, 0 for none.
func (x emojiTable) find(s string) (name string, size int) {
	first, _ := utf8.DecodeRuneInString(s)
	longest := x.longest[first]
	if longest == 0 {
		return "", 0
	}
	count := 0
	tone := rune(0)
	var plain strings.Builder
	for i, r := range s {
		end := i + utf8.RuneLen(r)
		if count == 1 && tone == 0 && r >= skinTone && r < skinTone+5 {
			tone = r
		} else if count == longest {
			break
		} else {
			plain.WriteRune(r)
			count++
		}
		if n, ok := x.lookup(plain.String(), tone); ok {
			name, size = n, end
		}
	}
	return name, size
}

// lookup finds the short code of characters without their skin tone.
func (x emojiTable) lookup(chars string, tone rune) (string, bool) {
	name, ok := x.names[chars]
	if tone == 0 {
		return name, ok
	}
	if !ok {
		first, n := utf8.DecodeRuneInString(chars)
		name, ok = x.names[string(first)+"\uFE0F"+chars[n:]]
	}
	return name + "::skin-tone-" + strconv.Itoa(int(tone-skinTone)+2), ok
}

// codePoints reads Slack's notation of an emoji's characters, "1f44b-1f3fc". It
// says no to anything that is not made of symbols.
func codePoints(s string) (string, bool) {
	var b strings.Builder
	for hex := range strings.SplitSeq(s, "-") {
		n, err := strconv.ParseUint(hex, 16, 32)
		if err != nil || n > unicode.MaxRune || b.Len() > 64 || !emojiPart(rune(n)) {
			return "", false
		}
		b.WriteRune(rune(n))
	}
	out := b.String()
	return out, out[0] >= utf8.RuneSelf || strings.HasSuffix(out, "\u20E3")
}

// emojiPart reports whether emoji are made of r: symbols, what joins and varies
// them, tags, and what stands on a keycap.
func emojiPart(r rune) bool {
	return r >= 0x1F000 && r <= 0x1FAFF ||
		r >= 0xA9 && (unicode.Is(unicode.S, r) || r == 0x203C || r == 0x2049 || r == 0x3030 || r == 0x303D) ||
		r == 0x200D || r == 0xFE0F || r == 0x20E3 || r >= 0xE0020 && r <= 0xE007F ||
		r >= '0' && r <= '9' || r == '#' || r == '*'
}
