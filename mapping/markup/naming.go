package markup

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
)

// A Naming is what a name in somebody's words stands for.
type Naming struct {
	// Name as it is written: "@Anders", "#billing".
	Name string
	// Target is the scheme and what follows it: "mention:person/17", "channel:slack/T1/C2",
	// "group:desk/3".
	Target string
}

// namingTarget matches the targets that a name can stand for.
var namingTarget = regexp.MustCompile(`^(mention|channel|group):[^\s()<>\\"&]+$`)

// Link makes links of the names in a body, as people type them: each place where a name
// of the list stands in plain text, not in code or in another link, and is not the
// beginning of a longer word. Of two names that begin alike the longer one counts.
func Link(md string, list []Naming) string {
	list = slices.DeleteFunc(slices.Clone(list), func(n Naming) bool {
		return len(n.Name) < 2 || n.Name[0] != '@' && n.Name[0] != '#' || strings.ContainsAny(n.Name, "\n\r") || !namingTarget.MatchString(n.Target)
	})
	slices.SortStableFunc(list, func(a, b Naming) int { return cmp.Compare(len(b.Name), len(a.Name)) })
	if len(list) == 0 {
		return md
	}
	doc, src := parse(md)
	md = string(src)
	taken := takenRanges(doc)
	var out strings.Builder
	before := ' '
	for at := 0; at < len(md); {
		if len(taken) > 0 && at >= taken[0][0] {
			if end := taken[0][1]; end > at {
				out.WriteString(md[at:end])
				at, before = end, ' '
			}
			taken = taken[1:]
			continue
		}
		if i := slices.IndexFunc(list, func(n Naming) bool { return stands(md[at:], n.Name) }); i >= 0 && !wordRune(before) && !destination(md[:at]) {
			out.WriteString("[" + writeLabel(list[i].Name) + "](" + list[i].Target + ")")
			at += len(list[i].Name)
			before = ' '
			continue
		}
		r, size := utf8.DecodeRuneInString(md[at:])
		out.WriteString(md[at : at+size])
		at, before = at+size, r
	}
	return out.String()
}

// wordRune reports whether what follows r is no name: a part of a word or of an address,
// or escaped.
func wordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(`\/.=&?#%@`, r)
}

// stands reports whether text begins with the name and not with a longer word.
func stands(text, name string) bool {
	if !strings.HasPrefix(text, name) {
		return false
	}
	after, _ := utf8.DecodeRuneInString(text[len(name):])
	return len(text) == len(name) || !unicode.IsLetter(after) && !unicode.IsDigit(after)
}

// destination reports whether what follows may be where a link leads.
func destination(before string) bool {
	return strings.HasSuffix(strings.TrimRight(before, "< "), "](")
}

// takenRanges are the parts of a body in which a name is not a name: code and links,
// in order.
func takenRanges(doc ast.Node) [][2]int {
	var out [][2]int
	inside := func(n ast.Node) {
		_ = ast.Walk(n, func(c ast.Node, entering bool) (ast.WalkStatus, error) {
			if t, ok := c.(*ast.Text); ok && entering {
				out = append(out, [2]int{t.Segment.Start, t.Segment.Stop})
			}
			return ast.WalkContinue, nil
		})
	}
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *refNode:
			out = append(out, [2]int{n.start, n.stop})
		case *ast.CodeSpan, *ast.AutoLink:
			inside(n)
			return ast.WalkSkipChildren, nil
		case *ast.Link:
			inside(n)
			return ast.WalkSkipChildren, nil
		case *ast.CodeBlock, *ast.FencedCodeBlock:
			for i := range n.Lines().Len() {
				seg := n.Lines().At(i)
				out = append(out, [2]int{seg.Start, seg.Stop})
			}
			return ast.WalkSkipChildren, nil
		}
		return ast.WalkContinue, nil
	})
	slices.SortFunc(out, func(a, b [2]int) int { return cmp.Compare(a[0], b[0]) })
	return out
}

// Unlink is Link's way back, for the box in which a body is edited: it returns the body
// with plain names in place of links to people, groups and channels, and what those
// names stand for. A link that Link would not make anew stays as it is.
func Unlink(md string) (string, []Naming) {
	doc, src := parse(md)
	md = string(src)
	var list []Naming
	meant := map[string]string{}
	var out strings.Builder
	at := 0
	for _, n := range refs(doc) {
		target := n.scheme + ":" + n.target
		if was, ok := meant[n.label]; ok && was != target || !plainName(n.label) || !namingTarget.MatchString(target) {
			continue
		}
		if meant[n.label] == "" {
			meant[n.label] = target
			list = append(list, Naming{Name: n.label, Target: target})
		}
		out.WriteString(md[at:n.start] + n.label)
		at = n.stop
	}
	out.WriteString(md[at:])
	if Link(out.String(), list) != md {
		return md, nil
	}
	return out.String(), list
}

// plainName reports whether a label is a name without anything that Markdown reads.
func plainName(label string) bool {
	return len(label) > 1 && (label[0] == '@' || label[0] == '#') && label == strings.TrimSpace(label) && writeLabel(label) == label
}
