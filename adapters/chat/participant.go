package chat

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// The bounds of a digest, so that it is one post in every chat.
const (
	digestQuestion = 240 // runes
	digestWords    = 160 // runes
)

// Participants says in a thread who was added to the conversation, or whose part in it
// ended, and by whom. By is safe Markdown. It calls nobody.
func Participants(v bridge.View, by string) string {
	var names []string
	for _, name := range v.Entry.Words.People {
		if name = markup.CleanName(name); name != "" {
			names = append(names, Inert(name))
		}
	}
	who := Listed(names)
	switch {
	case v.Entry.Kind == bridge.ParticipantRemoved && v.Entry.Facts.Who == v.Entry.Facts.Person:
		return by + " left this conversation."
	case v.Entry.Kind == bridge.ParticipantRemoved:
		return by + " removed " + cmp.Or(who, "a participant") + " from this conversation."
	}
	return by + " added " + cmp.Or(who, "a participant") + back(v.Entry) + "."
}

func back(e *bridge.Entry) string {
	if e.Facts.Entry != 0 && e.Kind == bridge.ParticipantAdded {
		return " again"
	}
	return ""
}

// Joined says in a thread who was added and by whom, as Markdown, and what they have to
// know. The people are mentioned, which calls exactly those who have an account there, and
// nobody else: what it repeats of the conversation is plain words. Whom a message has
// named is not called a second time. See is a link to the ticket view.
func Joined(v bridge.View, see string) string {
	by := Inert(cmp.Or(markup.CleanName(v.Entry.Actor().Name), "Somebody"))
	line := "_" + Participants(v, by) + "_"
	if v.Entry.Facts.Message == 0 {
		var called []string
		for i, person := range v.Entry.Added() {
			name := ""
			if i < len(v.Entry.Words.People) {
				name = v.Entry.Words.People[i]
			}
			called = append(called, mention(name, person))
		}
		line = by + " added " + cmp.Or(Listed(called), "a participant") + back(v.Entry) + "."
	}
	if v.Digest == nil {
		return line
	}
	return line + "\n\n" + digest(v, see)
}

// digest tells, as a quotation in Markdown, what a conversation is about and how far it
// has got. Its people are told the same in the thread above, so the field policy of the
// channel holds: it has nothing that the thread has not.
func digest(v bridge.View, see string) string {
	d, count := v.Digest, "message"
	if d.Messages != 1 {
		count += "s"
	}
	head := fmt.Sprintf("**%s**: %d %s so far", Inert(brief(cmp.Or(markup.Plain(v.Subject), "Side conversation"), noticeSubject)), d.Messages, count)
	if d.Back {
		head = fmt.Sprintf("%d %s since you left", d.Messages, count)
		if d.Messages == 0 {
			head = "Nothing was said since you left"
		}
	}
	lines := []string{head + ", " + see}
	if words := brief(markup.Plain(v.Question), digestQuestion); words != "" && !d.Back {
		lines = append(lines, "Asked: "+Inert(words))
	}
	for _, m := range d.Last {
		if m.Seq == v.Asked && !d.Back {
			continue // it is the question
		}
		name := Inert(cmp.Or(markup.CleanName(m.Name), "Somebody"))
		if m.Desk {
			name += " (agent)"
		}
		words := brief(markup.Plain(m.Words), digestWords)
		if words == "" && m.Files > 0 {
			words = "(a file)"
		}
		if words != "" {
			lines = append(lines, name+": "+Inert(words))
		}
	}
	return "> " + strings.Join(lines, "\n> ")
}

// Listed joins names as a sentence does: "Ada, Bo and Cy".
func Listed(names []string) string {
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names, "")
}
