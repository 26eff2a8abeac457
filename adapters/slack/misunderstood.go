package slack

import (
	"fmt"
	"strings"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// misunderstood says which word of a command is not known, and what was probably meant.
// Nothing, and a wish for help, is understood.
func misunderstood(word string) string {
	if word == "" || strings.EqualFold(word, "help") {
		return ""
	}
	out := "“" + plainContent(truncate(markup.UnescapeSlack(word), 30)).text + "” is not understood here."
	if n, err := chat.TicketNumber(word); err == nil && n > 0 {
		return out + fmt.Sprintf(" Did you mean `/sidebridge start %d`?\n\n", n)
	}
	if near := nearest(strings.ToLower(word), "start", "link", "help"); near != "" {
		out += " Did you mean `/sidebridge " + near + "`?"
	}
	return out + "\n\n"
}

// nearest returns the one of some words that a word is most likely a slip of: at most two
// letters away. Empty: none is.
func nearest(word string, known ...string) string {
	best, least := "", 3
	for _, k := range known {
		if d := slips(word, k); d < least {
			best, least = k, d
		}
	}
	return best
}

// slips counts the letters that must be added, left out, replaced or swapped with the
// next to make one word of the other, up to three.
func slips(a, b string) int {
	if a == b {
		return 0
	}
	return slipsWithin([]rune(a), []rune(b), 3)
}

func slipsWithin(a, b []rune, most int) int {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	if most == 0 || len(a) == 0 || len(b) == 0 {
		return min(most, max(len(a), len(b)))
	}
	n := min(slipsWithin(a[1:], b, most-1), slipsWithin(a, b[1:], most-1), slipsWithin(a[1:], b[1:], most-1))
	if len(a) > 1 && len(b) > 1 && a[0] == b[1] && a[1] == b[0] {
		n = min(n, slipsWithin(a[2:], b[2:], most-1))
	}
	return n + 1
}
