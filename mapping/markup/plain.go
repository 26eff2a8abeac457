package markup

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
)

// Plain returns a body as readable text without markup, for notifications and
// search. A link is followed by where it leads.
func Plain(md string) string {
	var out strings.Builder
	blocks := flatten(md)
	for i, b := range blocks {
		if i > 0 {
			out.WriteString("\n")
			if !b.continues(blocks[i-1]) && (b.kind != blockItem || blocks[i-1].kind != blockItem) {
				out.WriteString("\n")
			}
		}
		text := plainText(b.spans)
		if b.kind == blockItem {
			marker := strings.Repeat("  ", b.indent) + "• "
			if b.ordered {
				marker = strings.Repeat("  ", b.indent) + strconv.Itoa(b.number) + ". "
			}
			text = marker + indentLines(text, 2*b.indent+2)
		}
		if b.quoted || b.kind == blockQuote {
			text = "> " + strings.ReplaceAll(text, "\n", "\n> ")
		}
		out.WriteString(text)
	}
	return out.String()
}

// plainText writes spans with the addresses of links.
func plainText(spans []span) string {
	var out strings.Builder
	for i, s := range spans {
		out.WriteString(s.text)
		more := i+1 < len(spans) && spans[i+1].kind == spanLink && spans[i+1].ref == s.ref
		if s.kind == spanLink && !more && strings.TrimPrefix(s.ref, "mailto:") != strings.TrimPrefix(s.text, "mailto:") {
			out.WriteString(" (" + strings.TrimPrefix(s.ref, "mailto:") + ")")
		}
	}
	return out.String()
}

// Mentions returns the targets that a body mentions ("slack/T1/U2",
// "person/17"), each once, in their order.
func Mentions(md string) []string {
	doc, _ := parse(md)
	var targets []string
	for _, n := range refs(doc) {
		if n.scheme == schemeMention && !slices.Contains(targets, n.target) {
			targets = append(targets, n.target)
		}
	}
	return targets
}

// Called is a mention as it stands in a body.
type Called struct {
	Target string // "person/17", "slack/T1/U2"
	Mark   string // the Markdown that makes it one
	Plain  string // what is left of that when it calls nobody
}

// Calls returns the mentions of a body, each as it is written once, in their order.
func Calls(md string) []Called {
	doc, src := parse(md)
	var out []Called
	for _, n := range refs(doc) {
		mark := string(src[n.start:n.stop])
		end := strings.LastIndex(mark, "](")
		if n.scheme != schemeMention || end < 1 || slices.ContainsFunc(out, func(c Called) bool { return c.Mark == mark }) {
			continue
		}
		out = append(out, Called{Target: n.target, Mark: mark, Plain: mark[1:end]})
	}
	return out
}

// refs returns the links of ours in a document, in their order.
func refs(doc ast.Node) []*refNode {
	var out []*refNode
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if ref, ok := n.(*refNode); ok && entering {
			out = append(out, ref)
		}
		return ast.WalkContinue, nil
	})
	return out
}

// Fingerprint is the same for two renderings of the same words: it is a hash of
// the letters and digits a reader sees, without markup, punctuation, blanks and
// the addresses behind links. Names in mentions are words; to recognise what was
// sent to Slack, compare with FromSlack of the part that was sent, and likewise with
// FromDiscord, so that both have their names from the same Directory.
func Fingerprint(md string) string {
	h := sha256.New()
	for _, b := range flatten(md) {
		for _, r := range plainSpans(b.spans) {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				h.Write([]byte(string(r)))
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
