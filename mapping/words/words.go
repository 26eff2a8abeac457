// Package words splits text into the words that it is found by, reads what people
// search for, and marks what was found. Both databases keep the words that it makes,
// so that they find the same.
package words

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits of what is kept of a text.
const (
	maxWord  = 64    // runes of a word; the rest of a longer one is left out
	maxWords = 16000 // of a text; Postgres counts positions up to 16383
)

// Split returns the words of a text in order, in small letters and without accents.
func Split(text string) []string {
	var out []string
	scan(text, func(_, _ int, word string) bool {
		out = append(out, word)
		return len(out) < maxWords
	})
	return out
}

// scan calls each for every word with its place, until each returns false.
func scan(text string, each func(start, end int, word string) bool) {
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		switch {
		case single(r):
			if !each(at, at+size, string(r)) {
				return
			}
			at += size
		case letter(r):
			end := wordEnd(text, at)
			if word := fold(text[at:end]); word != "" && !each(at, end, word) {
				return
			}
			at = end
		default:
			at += size
		}
	}
}

func wordEnd(text string, at int) int {
	for at < len(text) {
		r, size := utf8.DecodeRuneInString(text[at:])
		if !letter(r) && !unicode.Is(unicode.Mn, r) || single(r) {
			break
		}
		at += size
	}
	return at
}

func letter(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// single reports whether a letter is a word by itself: scripts without blanks.
func single(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai) && unicode.IsLetter(r)
}

// fold makes small letters without accents of a word.
func fold(word string) string {
	var b strings.Builder
	n := 0
	for _, r := range word {
		if unicode.Is(unicode.Mn, r) {
			continue
		}
		if n++; n > maxWord {
			break
		}
		b.WriteString(plain(unicode.ToLower(r)))
	}
	return b.String()
}

// plain returns a small Latin letter without its accent.
func plain(r rune) string {
	if r < 'ß' || r > 'ž' {
		return string(r)
	}
	switch r {
	case 'ß':
		return "ss"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	}
	for _, set := range []string{
		"aàáâãäåāăą", "cçćĉċč", "dďđ", "eèéêëēĕėęě", "gĝğġģ", "hĥħ", "iìíîïĩīĭįı", "jĵ", "kķ", "lĺļľŀł",
		"nñńņňŉ", "oòóôõöøōŏő", "rŕŗř", "sśŝşš", "tţťŧ", "uùúûüũūŭůűų", "wŵ", "yýÿŷ", "zźżž",
	} {
		if strings.ContainsRune(set, r) {
			return set[:1]
		}
	}
	return string(r)
}
