package bridge

import (
	"slices"
	"strings"
)

// What every surface's plan has in common. The rendering is the adapter's own.

// HasNothing reports whether there is nothing to plan: the entry was said in the
// mirror's own thread, or its words were erased before they were shown.
func (v *View) HasNothing() bool {
	if v.Entry.saidIn(&v.Mirror) {
		return true
	}
	return v.Entry.Erased && (v.Entry.Kind == MessagePosted || v.Entry.Kind == MessageEdited)
}

// WordCopies are our posts that show the message's words, in order. Files is the
// fingerprint of posts that show files only, which an edit of the words leaves alone.
// A message that had no words has the first of its posts for those that it is given.
func (v *View) WordCopies(files string, order func(a, b string) int) []Copy {
	var words, without []Copy
	for _, c := range v.Copies {
		switch {
		case !c.Ours():
		case c.Rev != files:
			words = append(words, c)
		case c.Entry == c.Message:
			without = append(without, c)
		}
	}
	if len(words) == 0 && len(without) > 0 {
		first := func(a, b Copy) int { return order(a.Ref, b.Ref) }
		return []Copy{slices.MinFunc(without, first)}
	}
	slices.SortFunc(words, func(a, b Copy) int { return order(a.Ref, b.Ref) })
	return words
}

// PlanEdits changes the posts that show a message: there are as many as there were.
// Parts has no more payloads than there are copies; spare copies are deleted.
func (v *View) PlanEdits(copies []Copy, parts []any) []Call {
	var calls []Call
	for i, c := range copies {
		if i < len(parts) {
			calls = append(calls, Call{Verb: VerbEdit, Message: v.Message, Ref: c.Ref, Payload: parts[i]})
			continue
		}
		calls = append(calls, Call{Verb: VerbDelete, Message: v.Message, Ref: c.Ref})
	}
	return calls
}

// PlanDeletes takes away every post of ours that shows the message.
func (v *View) PlanDeletes() []Call {
	var calls []Call
	for _, c := range v.Copies {
		if c.Ours() {
			calls = append(calls, Call{Verb: VerbDelete, Message: v.Message, Ref: c.Ref})
		}
	}
	return calls
}

// FileIsWelcome reports whether a file that was fetched later is to be shown: not
// where it came from, and not where the message itself was removed.
func (v *View) FileIsWelcome() bool {
	ours := false
	for _, c := range v.Copies {
		if !c.Ours() {
			return false
		}
		ours = true
	}
	return ours && len(v.Files) > 0
}

// Said is the entry whose actor speaks in what is shown: the file that was fetched later
// is that of who posted it.
func (v *View) Said() *Entry {
	if v.Entry.Kind == FileStored && v.Post != nil {
		return v.Post
	}
	return v.Entry
}

// AskedHere reports whether the entry is about the message that the card quotes.
func (v *View) AskedHere() bool { return v.Message != 0 && v.Message == v.Asked }

// FilesToCome names the files of the message that are still on their way to us.
func (v *View) FilesToCome() []string {
	var out []string
	for _, name := range v.Entry.Words.Files {
		if !slices.ContainsFunc(v.Files, func(f ViewFile) bool { return f.Name == name }) {
			out = append(out, name)
		}
	}
	return out
}

// Speaker says who said what the entry shows and where from: "Alice (agent)",
// "Sanne (Slack)". The name is the actor's, as it can be shown.
func (v *View) Speaker(name string) string {
	said := v.Said()
	if name == "" {
		name = "somebody"
	}
	source := said.Facts.Source
	switch role := said.Facts.Role; {
	case role == RoleAgent || role == RoleAdmin:
		return name + " (agent)"
	case role == RoleCustomer:
		return name + " (customer)"
	case role == RoleSystem || source == nil || source.Surface == "" || source.Surface == SurfaceWeb:
		return name
	case source.Place() == v.Mirror.Place:
		return name
	}
	return name + " (" + strings.ToUpper(source.Surface[:1]) + source.Surface[1:] + ")"
}
