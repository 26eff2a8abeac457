package markup

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Join puts the texts of the parts of one message together again. It takes out
// the fences that splitting put in. Where a blank between two parts has been
// lost on the way, a line end takes its place.
func Join(parts []string) string {
	var out strings.Builder
	for i, part := range parts {
		if i == 0 {
			out.WriteString(part)
			continue
		}
		whole := out.String()
		if strings.HasSuffix(whole, fenceEnd) && strings.HasPrefix(part, fenceStart) {
			whole, part = strings.TrimSuffix(whole, fenceEnd), strings.TrimPrefix(part, fenceStart)
			out.Reset()
			out.WriteString(whole)
		}
		if lostBlank(parts[i-1], part) {
			out.WriteString("\n")
		}
		out.WriteString(part)
	}
	return out.String()
}

// partMarks are what a part may start with before its first word.
var partMarks = regexp.MustCompile("^(?:&gt; |\\s|• |[0-9]+\\. |```\n)+")

// lostBlank reports whether a blank must have stood between two parts: a word is
// only broken where it is long or nothing but marks stands before it.
func lostBlank(before, after string) bool {
	before = strings.TrimSuffix(before, fenceEnd)
	before = before[len(partMarks.FindString(before)):]
	last, _ := utf8.DecodeLastRuneInString(before)
	first, _ := utf8.DecodeRuneInString(after)
	if before == "" || after == "" || isBlank(last) || isBlank(first) {
		return false
	}
	fields := strings.Fields(before)
	return len(fields) > 1 && utf8.RuneCountInString(fields[len(fields)-1]) < longWord
}
