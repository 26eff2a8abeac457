package main

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"

	"github.com/sidebridge/sidebridge/bridge"
)

// about says in a few words who did what an entry records, and to what.
func about(e *bridge.Entry, groups map[string]string) string {
	f := e.Facts
	parts := []string{e.Words.Name}
	if f.Role == bridge.RoleSystem {
		parts[0] = "Sidebridge"
	}
	if f.Source != nil {
		parts = append(parts, "in "+f.Source.Place().String())
	}
	if f.Place != nil {
		parts = append(parts, "to "+f.Place.String())
	}
	for _, n := range []struct {
		what string
		seq  int64
	}{{"of entry", f.Entry}, {"on message", f.Message}, {"by mirror", f.Mirror}} {
		if n.seq != 0 {
			parts = append(parts, fmt.Sprintf("%s %d", n.what, n.seq))
		}
	}
	for _, w := range []struct{ what, value string }{
		{"status", f.Status},
		{"priority", f.Priority},
		{"group", cmp.Or(groups[f.Group], f.Group)},
		{"emoji", f.Emoji},
		{"reason", f.Reason},
		{"tags", strings.Join(f.Tags, ",")},
		{"untag", strings.Join(f.Untag, ",")},
	} {
		if w.value != "" {
			parts = append(parts, w.what+" "+w.value)
		}
	}
	if f.Assignee != nil {
		parts = append(parts, "assignee "+cmp.Or(e.Words.Requester, *f.Assignee, "nobody"))
	}
	return oneLine(strings.Join(parts, " "))
}

// wordsOf are the words of an entry, as a person reads them.
func wordsOf(e *bridge.Entry) string {
	if e.Erased {
		return "[erased]"
	}
	w := e.Words
	lines := []string{w.Subject, w.Body, w.Note}
	for _, name := range w.Files {
		lines = append(lines, "[file "+oneLine(name)+"]")
	}
	out := lines[:0]
	for _, l := range lines {
		if l != "" {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}

// indent sets words under their entry's line. Control characters become visible
// ones: a terminal would obey them.
func indent(words string) string {
	if words == "" {
		return ""
	}
	var out strings.Builder
	for line := range strings.SplitSeq(words, "\n") {
		out.WriteString("      " + oneLine(line) + "\n")
	}
	return out.String()
}

func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return '\uFFFD'
		}
		return r
	}, s)
}
