package chat

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// The bounds of what a notice shows, so that it is one post in every chat.
const (
	noticeShown   = 8
	noticeExcerpt = 160 // runes
	noticeSubject = 80  // runes
)

// Told tells somebody of what they have not read, as Markdown: of each message who said
// it, in which conversation of which ticket, and a link. It calls nobody.
func Told(n bridge.Notice) string {
	var out strings.Builder
	if len(n.News) > 1 {
		fmt.Fprintf(&out, "**%d messages that you have not read**\n\n", len(n.News))
	}
	shown := n.News[:min(len(n.News), noticeShown)]
	for _, m := range shown {
		out.WriteString(noticeLine(n, m) + "\n\n")
	}
	if more := len(n.News) - len(shown); more > 0 {
		fmt.Fprintf(&out, "And %d more.", more)
	}
	return strings.TrimSpace(out.String())
}

func noticeLine(n bridge.Notice, m bridge.News) string {
	name := markup.CleanName(m.Name)
	if name == "" {
		name = "Somebody"
	}
	did := "wrote"
	if m.Asked {
		did = "asks for your approval"
	}
	line := fmt.Sprintf("**%s** %s in [#%d %s](%s)", Inert(name), did, m.ID.Ticket, Inert(brief(m.TicketSubject, noticeSubject)), n.Link(m))
	if m.Subject != "" {
		line += ", " + Inert(brief(m.Subject, noticeSubject))
	}
	if !n.Excerpt {
		return line
	}
	if words := brief(markup.Plain(m.Body), noticeExcerpt); words != "" {
		line += "\n> " + Inert(words)
	} else if m.Files > 0 {
		line += "\n> (a file)"
	}
	return line
}

// brief returns the first runes of a text, on one line.
func brief(text string, runes int) string {
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) <= runes {
		return text
	}
	return string([]rune(text)[:runes-1]) + "…"
}
