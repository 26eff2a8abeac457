package markup

import (
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// Reply returns a body as text for a reply to a customer: a mention or channel
// link becomes the name alone, a call to everybody goes away, everything else
// stays the Markdown it is.
func Reply(md string) string {
	doc, src := parse(md)
	md = string(src)
	var out strings.Builder
	at := 0
	for _, n := range refs(doc) {
		out.WriteString(md[at:n.start])
		at = n.stop
		if n.scheme == schemeBroadcast {
			at += len(md[at:]) - len(strings.TrimLeft(md[at:], " ,:"))
			continue
		}
		out.WriteString(writeLabel(replyName(refSpan(n, 0))))
	}
	out.WriteString(md[at:])
	if coded(out.String()) {
		return rewrite(md)
	}
	return out.String()
}

// replyName is what a customer reads in place of a link of ours.
func replyName(s span) string {
	switch s.kind {
	case spanMention, spanGroup, spanChannel:
		return strings.TrimLeft(s.text, "@#")
	case spanBroadcast:
		return ""
	}
	return s.text
}

// coded reports whether links with our schemes are in a body, also in forms we
// never write.
func coded(md string) bool {
	doc, src := parse(md)
	found := false
	_ = ast.Walk(doc, func(n ast.Node, _ bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *refNode:
			found = true
		case *ast.Link:
			found = found || ownScheme(unescape(n.Destination))
		case *ast.Image:
			found = found || ownScheme(unescape(n.Destination))
		case *ast.AutoLink:
			found = found || ownScheme(string(n.URL(src)))
		}
		return ast.WalkContinue, nil
	})
	return found
}

func ownScheme(u string) bool {
	scheme, _, _ := strings.Cut(strings.ToLower(u), ":")
	return slices.Contains([]string{schemeMention, schemeChannel, schemeGroup, schemeBroadcast, schemeDate}, scheme)
}

// rewrite makes a reply of a body by writing it anew, without links of ours.
func rewrite(md string) string {
	blocks := flatten(md)
	for i := range blocks {
		for n, s := range blocks[i].spans {
			switch s.kind {
			case spanMention, spanGroup, spanChannel, spanBroadcast, spanDate:
				blocks[i].spans[n] = span{style: s.style, text: replyName(s)}
			}
		}
	}
	return write(blocks)
}
