package mapping

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// span is a part of a text, from start up to end.
type span struct{ start, end int }

// run is a sequence of digit groups with only separators between them, such as
// "070-123 45 67" with four.
type run struct {
	groups []span
	plus   bool // a "+" stands right before the first group
}

// maskNumbers replaces card and phone numbers. It looks at each run of digit
// groups, from the left, and takes the longest number that begins at a group.
func maskNumbers(text string) string {
	var out strings.Builder
	kept := 0
	for at := 0; at < len(text); {
		r := nextRun(text, at)
		if len(r.groups) == 0 {
			break
		}
		for i := 0; i < len(r.groups); {
			last, mark := r.number(text, i)
			if mark == "" {
				i = last + 1
				continue
			}
			out.WriteString(text[kept:r.opening(text, i, last)])
			out.WriteString(mark)
			kept = r.groups[last].end
			i = last + 1
		}
		at = r.groups[len(r.groups)-1].end
	}
	out.WriteString(text[kept:])
	return out.String()
}

// number returns the last group of the number that begins with group i and the
// mark that replaces it. Without a number there, it returns no mark and the
// last group that need not be looked at.
//
// Where a number that begins inside reaches further, both go: of "30 4111 1111
// 1111 1111", also the first sixteen digits may happen to have a right check
// digit, and then four of the card's would be left.
func (r run) number(text string, i int) (last int, mark string) {
	last, mark = r.numberAt(text, i)
	if mark == "" {
		return last, ""
	}
	for k := i + 1; k <= last; k++ {
		if further, mark := r.numberAt(text, k); mark != "" && further > last {
			last = further
		}
	}
	return last, mark
}

// numberAt is number without what begins inside.
func (r run) numberAt(text string, i int) (last int, mark string) {
	if !r.standsFree(text, i) {
		return i, ""
	}
	if r.isDate(text, i) {
		return i + 2, ""
	}
	if j := r.cardAt(text, i); j >= 0 {
		return j, MaskedCard
	}
	longest := r.longest(text, i)
	// A phone number and a card side by side are not one long phone number,
	// unless only that gives a phone number.
	for _, end := range []int{r.nextCard(text, i+1, longest) - 1, longest} {
		for j := end; j >= i; j-- {
			if r.isPhone(text, i, j) {
				return j, MaskedPhone
			}
		}
	}
	return i, ""
}

// maxDigits is the most that a card or phone number has.
const maxDigits = 19

// longest returns the last group that a number beginning with group i can
// reach, below i when there is none.
func (r run) longest(text string, i int) int {
	j, n := i, 0
	for ; j < len(r.groups); j++ {
		if n += r.groups[j].end - r.groups[j].start; n > maxDigits {
			break
		}
	}
	if j == len(r.groups) && !r.endsFree(text) {
		j--
	}
	return j - 1
}

// cardAt returns the last group of the card number that begins with group i,
// or -1.
func (r run) cardAt(text string, i int) int {
	for j := r.longest(text, i); j >= i; j-- {
		if isCard(r.digits(text, i, j)) {
			return j
		}
	}
	return -1
}

// nextCard returns the first group from i to last that a card number begins
// with, or the one after last.
func (r run) nextCard(text string, i, last int) int {
	for ; i <= last; i++ {
		if r.cardAt(text, i) >= 0 {
			return i
		}
	}
	return last + 1
}

// nextRun returns the first run at or after a place.
func nextRun(text string, at int) run {
	var r run
	for at < len(text) && !isDigit(text[at]) {
		at++
	}
	r.plus = strings.HasSuffix(text[:at], "+")
	for at < len(text) {
		g := span{start: at}
		for at < len(text) && isDigit(text[at]) {
			at++
		}
		g.end = at
		r.groups = append(r.groups, g)
		next := skipSeparators(text, at)
		if next < 0 {
			break
		}
		at = next
	}
	return r
}

// skipSeparators returns where the digits of the next group begin, or -1 when
// what follows is not a separator between groups. Three characters are the
// most that people put there, as in ") - " without one.
func skipSeparators(text string, at int) int {
	for range 4 {
		if at < len(text) && isDigit(text[at]) {
			return at
		}
		r, size := utf8.DecodeRuneInString(text[at:])
		if !isSeparator(r) {
			return -1
		}
		at += size
	}
	return -1
}

// isSeparator tells what stands inside numbers: blanks of the same line,
// hyphens and dashes, dots, slashes, brackets and Markdown's backslash.
func isSeparator(r rune) bool {
	switch r {
	case '-', '.', '/', '(', ')', '\\', '\t':
		return true
	}
	return unicode.Is(unicode.Zs, r) || unicode.Is(unicode.Pd, r)
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// digits returns the digits of groups i to j.
func (r run) digits(text string, i, j int) string {
	var b strings.Builder
	for _, g := range r.groups[i : j+1] {
		b.WriteString(text[g.start:g.end])
	}
	return b.String()
}

// standsFree says whether no letter or digit stands right before group i: what
// is glued to a word is a part of an identifier. A "+" begins a number anywhere.
func (r run) standsFree(text string, i int) bool {
	if r.plus && i == 0 {
		return true
	}
	before, _ := utf8.DecodeLastRuneInString(text[:r.opening(text, i, i)])
	return !unicode.IsLetter(before) && !unicode.IsNumber(before) && before != '_' && before != '#'
}

// endsFree says whether no letter stands right after the last group.
func (r run) endsFree(text string) bool {
	after, _ := utf8.DecodeRuneInString(text[r.groups[len(r.groups)-1].end:])
	return !unicode.IsLetter(after) && !unicode.IsNumber(after) && after != '_'
}

// opening returns where a number of groups i to j begins, with the "+" before
// it, or with a bracket that is closed inside it.
func (r run) opening(text string, i, j int) int {
	start := r.groups[i].start
	if r.plus && i == 0 {
		start--
	}
	if strings.HasSuffix(text[:start], "(") && strings.Contains(text[start:r.groups[j].end], ")") {
		start--
	}
	return start
}

// isDate says whether groups i to i+2 are a date such as 2026-11-23, 23.11.2026
// or 11/23/26.
func (r run) isDate(text string, i int) bool {
	if i+2 >= len(r.groups) || (r.plus && i == 0) {
		return false
	}
	part := func(n int) string { return text[r.groups[i+n].start:r.groups[i+n].end] }
	gap := func(n int) string { return text[r.groups[n].end:r.groups[n+1].start] }
	if gap(i) != gap(i+1) || !strings.Contains("-./", gap(i)) || len(gap(i)) != 1 {
		return false
	}
	if i+3 < len(r.groups) && gap(i+2) == gap(i) {
		return false // a phone number in pairs of digits
	}
	a, b, c := part(0), part(1), part(2)
	small := func(s string) bool { return len(s) <= 2 && (len(s) == 1 || s <= "31") }
	return (len(a) == 4 && small(b) && small(c)) || (small(a) && small(b) && (len(c) == 2 || len(c) == 4))
}

// isCard says whether the digits are a payment card's: 13 to 19 of them, of a
// payment network, with a right check digit.
func isCard(digits string) bool {
	if len(digits) < 13 || len(digits) > 19 || digits[0] < '2' || digits[0] > '6' {
		return false
	}
	return luhn(digits)
}

// luhn checks the check digit of ISO/IEC 7812-1.
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// northAmerican is a number of the North American plan as people write it;
// without separators it could be anything.
var northAmerican = regexp.MustCompile(`^(1[-. ]?)?\(?[2-9]\d\d(\) ?|[-. ])[2-9]\d\d[-. ]\d{4}$`)

// phoneWord is a word right before a number that says what it is.
var phoneWord = regexp.MustCompile(`(?i)(?:^|[^\pL])(?:tel|tele(?:f|ph)one?|phone|mobile?|cell|fax|tfn|whats ?app|ring|call)(?:\.|:| ?(?:nr|no|number|nummer)\.?:?)? ?[(+]*$`)

// isPhone says whether groups i to j are a phone number.
func (r run) isPhone(text string, i, j int) bool {
	digits := r.digits(text, i, j)
	n := len(digits)
	switch {
	case r.plus && i == 0:
		return 7 <= n && n <= 16 // E.164 has 15, and people add a (0)
	case strings.HasPrefix(digits, "00"):
		return 9 <= n && n <= 17 && digits[2] != '0'
	case digits[0] == '0':
		return 8 <= n && n <= 11
	case northAmerican.MatchString(text[r.opening(text, i, j):r.groups[j].end]):
		return true
	default:
		return 6 <= n && n <= 15 && phoneWord.MatchString(lastPart(text[:r.opening(text, i, j)]))
	}
}

// lastPart returns the end of a text, as far as a phone word can reach.
func lastPart(text string) string {
	const reach = 32
	if len(text) <= reach {
		return text
	}
	text = text[len(text)-reach:]
	for len(text) > 0 && !utf8.RuneStart(text[0]) {
		text = text[1:]
	}
	return text
}
