package markup

import (
	"html"
	"html/template"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
)

// HTML returns a body as HTML for a page. It is safe by construction: every
// tag is one that this file writes, everything else is escaped. Links lead to
// http, https and mailto only and tell the other side nothing; images are shown
// as links, so that no page fetches what a stranger named.
func HTML(md string) template.HTML {
	doc, src := parse(md)
	r := htmlWriter{src: src}
	r.children(doc, 0)
	return template.HTML(r.out.String()) //nolint:gosec // see above: tags are our own, text is escaped
}

type htmlWriter struct {
	src    []byte
	out    strings.Builder
	inLink bool
}

func (r *htmlWriter) children(n ast.Node, depth int) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		r.node(c, depth+1)
	}
}

// wrap writes n's children inside a tag.
func (r *htmlWriter) wrap(n ast.Node, tag string, depth int) {
	r.out.WriteString("<" + tag + ">")
	r.children(n, depth)
	r.out.WriteString("</" + tag + ">")
}

// text writes text, with its line ends as line breaks.
func (r *htmlWriter) text(s string) {
	r.out.WriteString(strings.ReplaceAll(html.EscapeString(s), "\n", "<br>\n"))
}

func (r *htmlWriter) node(n ast.Node, depth int) {
	if depth > maxDepth && n.Type() == ast.TypeBlock {
		r.text(sourceOf(n, r.src))
		return
	}
	switch n := n.(type) {
	case *ast.Paragraph:
		r.wrap(n, "p", depth)
		r.out.WriteString("\n")
	case *ast.Heading:
		// A message stands deep in a page, whose own headings come first.
		r.wrap(n, "h"+strconv.Itoa(min(n.Level+2, 6)), depth)
		r.out.WriteString("\n")
	case *ast.Blockquote:
		r.wrap(n, "blockquote", depth)
		r.out.WriteString("\n")
	case *ast.List:
		r.list(n, depth)
	case *ast.ListItem:
		r.wrap(n, "li", depth)
		r.out.WriteString("\n")
	case *ast.ThematicBreak:
		r.out.WriteString("<hr>\n")
	case *ast.CodeBlock:
		r.codeBlock(n, "")
	case *ast.FencedCodeBlock:
		r.codeBlock(n, string(n.Language(r.src)))
	default:
		r.inline(n, depth)
	}
}

func (r *htmlWriter) list(n *ast.List, depth int) {
	if !n.IsOrdered() {
		r.wrap(n, "ul", depth)
		r.out.WriteString("\n")
		return
	}
	if n.Start == 1 {
		r.out.WriteString("<ol>\n")
	} else {
		r.out.WriteString(`<ol start="` + strconv.Itoa(n.Start) + "\">\n")
	}
	r.children(n, depth)
	r.out.WriteString("</ol>\n")
}

// languageName is what a code block's language may look like.
var languageName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_+.#-]{0,29}$`)

func (r *htmlWriter) codeBlock(n ast.Node, language string) {
	r.out.WriteString("<pre><code")
	if languageName.MatchString(language) {
		r.out.WriteString(` class="language-` + html.EscapeString(language) + `"`)
	}
	r.out.WriteString(">" + html.EscapeString(codeText(n, r.src)) + "\n</code></pre>\n")
}

func (r *htmlWriter) inline(n ast.Node, depth int) {
	switch n := n.(type) {
	case *ast.Text:
		r.text(unescape(n.Segment.Value(r.src)))
		if n.SoftLineBreak() || n.HardLineBreak() {
			r.out.WriteString("<br>\n")
		}
	case *ast.CodeSpan:
		r.out.WriteString("<code>" + html.EscapeString(codeSpanText(n, r.src)) + "</code>")
	case *ast.Emphasis:
		tag := "em"
		if n.Level > 1 {
			tag = "strong"
		}
		r.wrap(n, tag, depth)
	case *extast.Strikethrough:
		r.wrap(n, "del", depth)
	case *emojiNode:
		r.text(emojiUnicode(n.name))
	case *refNode:
		r.ref(n)
	case *ast.AutoLink:
		s := autoLinkSpan(n, r.src, 0)
		r.link(s.ref, s.kind == spanLink, func() { r.text(s.text) })
	case *ast.Link:
		r.linkNode(n, string(n.Destination), depth)
	case *ast.Image:
		r.linkNode(n, string(n.Destination), depth)
	default:
		r.children(n, depth)
	}
}

// link writes label inside a link, or alone if the address may not be one. A
// link in a link's label is its label alone.
func (r *htmlWriter) link(address string, ok bool, label func()) {
	if !ok || r.inLink {
		label()
		return
	}
	r.inLink = true
	r.out.WriteString(`<a href="` + html.EscapeString(address) + `" rel="noopener noreferrer nofollow ugc" target="_blank">`)
	label()
	r.out.WriteString("</a>")
	r.inLink = false
}

func (r *htmlWriter) linkNode(n ast.Node, dest string, depth int) {
	address, ok := safeURL(unescape([]byte(dest)))
	r.link(address, ok, func() {
		inner := inliner{src: r.src}
		inner.children(n, 0)
		label := plainSpans(inner.spans)
		if strings.TrimSpace(label) == "" {
			r.text(address)
			return
		}
		r.children(n, depth)
		if ok {
			r.text(masked(label, address))
		}
	})
}

// ref writes a link of ours: a mark on the name, or a moment.
func (r *htmlWriter) ref(n *refNode) {
	s := refSpan(n, 0)
	switch s.kind {
	case spanDate:
		m, _ := parseDate(n.target)
		m = plainMoment(m, s.text)
		r.link(m.link, m.link != "", func() {
			r.out.WriteString(`<time datetime="` + time.Unix(m.unix, 0).UTC().Format(time.RFC3339) + `">`)
			r.text(s.text)
			r.out.WriteString("</time>")
		})
	case spanText:
		r.text(s.text)
	default:
		r.out.WriteString(`<span class="mention">`)
		r.text(s.text)
		r.out.WriteString("</span>")
	}
}
