package markup

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// A refNode is a link with one of our own schemes.
type refNode struct {
	ast.BaseInline
	scheme, target, label string
	start, stop           int // where it stands in the source
}

var kindRef = ast.NewNodeKind("Ref")

func (n *refNode) Kind() ast.NodeKind         { return kindRef }
func (n *refNode) Dump(src []byte, level int) { ast.DumpHelper(n, src, level, nil, nil) }

// refParser reads links with our own schemes. Their labels are plain text.
type refParser struct{}

var refTarget = regexp.MustCompile(`^\]\(<?(mention|channel|group|broadcast|date):([^\s()<>\\"]+)>?\)`)

// maxTarget is how long what follows a label can be: a date with a link.
const maxTarget = 2*maxURL + 500

func (refParser) Trigger() []byte { return []byte{'['} }

func (refParser) Parse(_ ast.Node, r text.Reader, _ parser.Context) ast.Node {
	line, segment := r.PeekLine()
	end := labelEnd(line)
	if end < 0 {
		return nil
	}
	m := refTarget.FindSubmatch(line[end:min(len(line), end+maxTarget)])
	if m == nil {
		return nil
	}
	stop := end + len(m[0])
	r.Advance(stop)
	return &refNode{
		label: unescape(line[1:end]), scheme: string(m[1]), target: unescape(m[2]),
		start: segment.Start, stop: segment.Start + stop,
	}
}

// labelEnd returns where the label that line starts with ends, -1 if it is none
// or has brackets in it.
func labelEnd(line []byte) int {
	for i := 1; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '[', '\n':
			return -1
		case ']':
			return i
		}
	}
	return -1
}

// An emojiNode is a short code, ":tada:".
type emojiNode struct {
	ast.BaseInline
	name string
	stop int // where it ends in the source
}

var kindEmoji = ast.NewNodeKind("Emoji")

func (n *emojiNode) Kind() ast.NodeKind         { return kindEmoji }
func (n *emojiNode) Dump(src []byte, level int) { ast.DumpHelper(n, src, level, nil, nil) }

// colonParser reads what has a colon in it: short codes and bare URLs.
type colonParser struct{}

func (colonParser) Trigger() []byte { return []byte{':'} }

func (colonParser) Parse(parent ast.Node, r text.Reader, pc parser.Context) ast.Node {
	line, segment := r.PeekLine()
	if bytes.HasPrefix(line, []byte("://")) {
		return parseBareURL(parent, r, line, segment, pc)
	}
	if len(line) < 3 || line[1] == ':' || line[1] == ' ' {
		return nil
	}
	m := shortcode.Find(line[:min(len(line), maxShortcode)])
	if m == nil {
		return nil
	}
	before := r.PrecendingCharacter()
	if last, ok := parent.LastChild().(*emojiNode); before == ':' && !(ok && last.stop == segment.Start) {
		return nil
	}
	after, _ := utf8.DecodeRune(line[len(m):])
	if isWord(before) || isWord(after) && len(line) > len(m) {
		return nil
	}
	r.Advance(len(m))
	return &emojiNode{name: string(m[1 : len(m)-1]), stop: segment.Start + len(m)}
}

// shortcode matches an emoji's name between colons, with a skin tone. A name
// has a letter in it, so that times of day are not taken for one.
var shortcode = regexp.MustCompile(`^:[\p{N}_+'-]{0,20}[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_+'-]{0,99}(?:::skin-tone-[2-6])?:|^:[+-]1(?:::skin-tone-[2-6])?:|^:(?:100|1234|8ball):`)

// maxShortcode is how long a short code can be at most, in bytes.
const maxShortcode = 500

// parseBareURL makes a link of an http or https URL that just stands there. The
// scheme before the colon has already become text of parent.
func parseBareURL(parent ast.Node, r text.Reader, line []byte, segment text.Segment, pc parser.Context) ast.Node {
	last, ok := parent.LastChild().(*ast.Text)
	if !ok || last.Segment.Stop != segment.Start || pc.IsInLinkLabel() {
		return nil
	}
	before := last.Segment.Value(r.Source())
	scheme := bareScheme(before)
	if scheme == 0 {
		return nil
	}
	stop := bareEnd(line)
	if _, ok := safeURL(string(before[len(before)-scheme:]) + string(line[:stop])); !ok {
		return nil
	}
	start := segment.Start - scheme
	last.Segment = last.Segment.WithStop(start)
	if last.Segment.IsEmpty() {
		parent.RemoveChild(parent, last)
	}
	r.Advance(stop)
	return ast.NewAutoLink(ast.AutoLinkURL, ast.NewTextSegment(text.NewSegment(start, segment.Start+stop)))
}

// bareScheme returns how long the scheme is that before ends with, 0 for none.
func bareScheme(before []byte) int {
	for _, scheme := range []string{"https", "http"} {
		n := len(before) - len(scheme)
		if n < 0 || !strings.EqualFold(string(before[n:]), scheme) {
			continue
		}
		if r, _ := utf8.DecodeLastRune(before[:n]); n > 0 && isWord(r) {
			return 0
		}
		return len(scheme)
	}
	return 0
}

// bareEnd returns where the URL that line starts in the middle of ends: before
// a blank, a quotation mark or markup, and without the sentence's punctuation.
func bareEnd(line []byte) int {
	stop := bytes.IndexFunc(line, func(r rune) bool {
		return isBlank(r) || strings.ContainsRune("<>\"\\`[]{}|^“”«»", r)
	})
	if stop < 0 {
		stop = len(line)
	}
	for stop > 0 {
		c := line[stop-1]
		closing := c == ')' && bytes.Count(line[:stop], []byte(")")) > bytes.Count(line[:stop], []byte("("))
		if !closing && !strings.ContainsRune("?!.,:;*_~'", rune(c)) {
			break
		}
		stop--
	}
	return stop
}

// strikeParser reads ~~strike~~. One tilde alone is text: in conversation it
// means "about".
type strikeParser struct{}

func (strikeParser) Trigger() []byte { return []byte{'~'} }

func (strikeParser) Parse(_ ast.Node, r text.Reader, pc parser.Context) ast.Node {
	before := r.PrecendingCharacter()
	line, segment := r.PeekLine()
	run := len(line) - len(bytes.TrimLeft(line, "~"))
	node := parser.ScanDelimiter(line, before, 2, strikeProcessor{})
	if node == nil || run != 2 {
		r.Advance(run)
		return ast.NewTextSegment(segment.WithStop(segment.Start + run))
	}
	node.Segment = segment.WithStop(segment.Start + run)
	r.Advance(run)
	pc.PushDelimiter(node)
	return node
}

type strikeProcessor struct{}

func (strikeProcessor) IsDelimiter(b byte) bool { return b == '~' }

func (strikeProcessor) CanOpenCloser(opener, closer *parser.Delimiter) bool {
	return opener.Char == closer.Char
}

func (strikeProcessor) OnMatch(int) ast.Node { return extast.NewStrikethrough() }
