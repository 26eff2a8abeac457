package markup

import (
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
)

// maxDepth is how deep lists and quotes are followed into one another; what
// stands deeper than anybody means is shown as its source.
const maxDepth = 100

// flatten reads Markdown into blocks.
func flatten(md string) []block {
	doc, src := parse(md)
	f := flattener{src: src}
	f.children(doc, place{indent: -1})
	for i := range f.blocks {
		f.blocks[i].spans = compact(f.blocks[i].spans)
	}
	return f.blocks
}

// A flattener turns a syntax tree into blocks.
type flattener struct {
	src    []byte
	blocks []block
	apart  bool // the next paragraph does not go on with the block before it
}

// A place says where in the tree a block stands.
type place struct {
	quoted bool
	indent int // of the list around it, -1 outside
	depth  int
}

func (f *flattener) children(n ast.Node, at place) {
	at.depth++
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		f.node(c, at)
	}
}

func (f *flattener) node(n ast.Node, at place) {
	if at.depth > maxDepth {
		f.paragraph(appendText(nil, sourceOf(n, f.src)), at)
		return
	}
	switch n := n.(type) {
	case *ast.Heading:
		f.paragraph(f.inline(n, bold), at)
	case *ast.CodeBlock:
		f.pre(n, "", at)
	case *ast.FencedCodeBlock:
		f.pre(n, string(n.Language(f.src)), at)
	case *ast.Blockquote:
		f.apart = true
		at.quoted = true
		f.children(n, at)
		f.apart = true
	case *ast.List:
		f.list(n, at)
	case *ast.ThematicBreak:
		f.paragraph(appendText(nil, "———"), at)
	default:
		f.paragraph(f.inline(n, 0), at)
	}
}

// paragraph adds a paragraph, to the block before it if that is one of the same
// kind.
func (f *flattener) paragraph(spans []span, at place) {
	kind := blockPara
	if at.quoted {
		kind = blockQuote
	}
	if len(spans) == 0 {
		return
	}
	if last := len(f.blocks) - 1; last >= 0 && !f.apart && f.blocks[last].kind == kind {
		f.blocks[last].spans = append(appendText(f.blocks[last].spans, "\n\n"), spans...)
		return
	}
	f.apart = false
	f.blocks = append(f.blocks, block{kind: kind, spans: spans})
}

// pre adds a code block. A language that is no name is left out.
func (f *flattener) pre(n ast.Node, lang string, at place) {
	if !languageName.MatchString(lang) {
		lang = ""
	}
	f.blocks = append(f.blocks, block{kind: blockPre, quoted: at.quoted, lang: lang, spans: appendText(nil, codeText(n, f.src))})
}

func (f *flattener) list(l *ast.List, at place) {
	at.depth++
	at.indent = min(at.indent+1, maxIndent)
	item := block{kind: blockItem, quoted: at.quoted, indent: at.indent, ordered: l.IsOrdered(), number: max(l.Start, 1)}
	if last := len(f.blocks) - 1; last >= 0 {
		before := f.blocks[last]
		before.number = item.number - 1
		item.fresh = item.continues(before)
	}
	for c := l.FirstChild(); c != nil; c = c.NextSibling() {
		f.item(c, item, at)
		item.number++
		item.fresh = false
	}
}

// item adds a list item: its leading paragraphs, then whatever else stands in
// it. An item that starts with a list is only there to hold it.
func (f *flattener) item(n ast.Node, item block, at place) {
	c := n.FirstChild()
	if _, nested := c.(*ast.List); !nested {
		for ; c != nil && (c.Kind() == ast.KindParagraph || c.Kind() == ast.KindTextBlock); c = c.NextSibling() {
			if len(item.spans) > 0 {
				item.spans = appendText(item.spans, "\n\n")
			}
			item.spans = append(item.spans, f.inline(c, 0)...)
		}
		f.blocks = append(f.blocks, item)
	}
	at.depth++
	for ; c != nil; c = c.NextSibling() {
		f.node(c, at)
	}
}

// codeText is the text of a code block.
func codeText(n ast.Node, src []byte) string {
	return strings.TrimSuffix(string(n.Lines().Value(src)), "\n")
}

// sourceOf returns what stands in the source where n was read from.
func sourceOf(n ast.Node, src []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering && n.Type() == ast.TypeBlock {
			b.Write(n.Lines().Value(src))
		}
		return ast.WalkContinue, nil
	})
	return strings.TrimSpace(b.String())
}

// inline returns the spans of n's children.
func (f *flattener) inline(n ast.Node, st style) []span {
	r := inliner{src: f.src}
	r.children(n, st)
	return r.spans
}

// An inliner turns inline nodes into spans.
type inliner struct {
	src   []byte
	spans []span
}

func (r *inliner) children(n ast.Node, st style) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		r.node(c, st)
	}
}

func (r *inliner) add(s span) { r.spans = append(r.spans, s) }

func (r *inliner) node(n ast.Node, st style) {
	switch n := n.(type) {
	case *ast.Text:
		r.add(span{style: st, text: unescape(n.Segment.Value(r.src))})
		if n.SoftLineBreak() || n.HardLineBreak() {
			r.add(span{text: "\n"})
		}
	case *ast.CodeSpan:
		r.add(span{style: st | code, text: codeSpanText(n, r.src)})
	case *ast.Emphasis:
		if n.Level == 1 {
			r.children(n, st|italic)
		} else {
			r.children(n, st|bold)
		}
	case *extast.Strikethrough:
		r.children(n, st|strike)
	case *emojiNode:
		r.add(span{kind: spanEmoji, style: st, text: emojiUnicode(n.name), ref: n.name})
	case *refNode:
		r.add(refSpan(n, st))
	case *ast.AutoLink:
		r.add(autoLinkSpan(n, r.src, st))
	case *ast.Link:
		r.link(n, string(n.Destination), st)
	case *ast.Image:
		r.link(n, string(n.Destination), st)
	default:
		r.children(n, st)
	}
}

// codeSpanText is the text of inline code, whose line ends are blanks.
func codeSpanText(n ast.Node, src []byte) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.Write(t.Segment.Value(src))
		}
	}
	return strings.ReplaceAll(b.String(), "\n", " ")
}

// refSpan makes a span of a link of ours. A date that cannot be read is text.
func refSpan(n *refNode, st style) span {
	s := span{style: st, text: n.label, ref: n.target}
	switch n.scheme {
	case schemeMention:
		s.kind = spanMention
	case schemeChannel:
		s.kind = spanChannel
	case schemeGroup:
		s.kind = spanGroup
	case schemeBroadcast:
		s.kind = spanBroadcast
	case schemeDate:
		if _, ok := parseDate(n.target); ok {
			s.kind = spanDate
		}
	}
	if s.text == "" {
		s.text = n.target
	}
	return s
}

func autoLinkSpan(n *ast.AutoLink, src []byte, st style) span {
	label := string(n.Label(src))
	dest := label
	if n.AutoLinkType == ast.AutoLinkEmail {
		dest = "mailto:" + label
	}
	if u, ok := safeURL(dest); ok {
		return span{kind: spanLink, style: st, text: label, ref: u}
	}
	return span{style: st, text: label}
}

// link adds a link or an image, which is shown as a link, because fetching it
// would tell a stranger who reads. Only safe addresses become links.
func (r *inliner) link(n ast.Node, dest string, st style) {
	inner := inliner{src: r.src}
	inner.children(n, st)
	u, ok := safeURL(unescape([]byte(dest)))
	if !ok {
		r.spans = append(r.spans, inner.spans...)
		return
	}
	label := plainSpans(inner.spans)
	if strings.TrimSpace(label) == "" {
		r.add(span{kind: spanLink, style: st, text: u, ref: u})
		return
	}
	first := len(r.spans)
	for _, s := range inner.spans {
		text := strings.ReplaceAll(s.text, "\n", " ")
		if last := len(r.spans) - 1; last >= first && r.spans[last].style == s.style {
			r.spans[last].text += text
			continue
		}
		r.add(span{kind: spanLink, style: s.style, text: text, ref: u})
	}
	r.spans[len(r.spans)-1].text += masked(label, u)
}
