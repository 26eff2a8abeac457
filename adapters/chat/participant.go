package chat

import (
	"cmp"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// Participants says in a thread who was added to the conversation, or whose part in it
// ended, and by whom. By is safe Markdown.
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
	return by + " added " + cmp.Or(who, "a participant") + "."
}

// Listed joins names as a sentence does: "Ada, Bo and Cy".
func Listed(names []string) string {
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names, "")
}
