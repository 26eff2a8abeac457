package markup

import (
	"strings"
	"sync"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown is the parser of stored bodies. Raw HTML and link reference
// definitions are left out: they would make text vanish.
var markdown = sync.OnceValue(func() parser.Parser {
	return parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(parser.NewSetextHeadingParser(), 100),
			util.Prioritized(parser.NewThematicBreakParser(), 200),
			util.Prioritized(parser.NewListParser(), 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewCodeBlockParser(), 500),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(parser.NewBlockquoteParser(), 800),
			util.Prioritized(parser.NewParagraphParser(), 1000),
		),
		parser.WithInlineParsers(
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(newSparing(refParser{}), 150),
			util.Prioritized(newSparing(parser.NewLinkParser()), 200),
			util.Prioritized(newSparing(parser.NewAutoLinkParser()), 300),
			util.Prioritized(colonParser{}, 400),
			util.Prioritized(newSparing(parser.NewEmphasisParser()), 500),
			util.Prioritized(newSparing(strikeParser{}), 600),
		),
	)
})

// parse reads Markdown into a syntax tree and returns it with its source.
func parse(md string) (ast.Node, []byte) {
	src := []byte(shallow(clean(md)))
	return markdown().Parse(text.NewReader(src)), src
}

// shallow escapes the marks of quotes and lists in which a line would stand
// deeper than anybody means, since reading such nests takes for ever.
func shallow(md string) string {
	if len(md) < maxDepth {
		return md
	}
	var out strings.Builder
	for line := range strings.Lines(md) {
		depth := 0
		for i, r := range line {
			if !strings.ContainsRune(">-+* \t0123456789.)", r) {
				break
			}
			if r == '>' || strings.ContainsRune("-+*.)", r) && strings.HasPrefix(line[i+1:], " ") {
				depth++
			}
			if depth > maxDepth {
				line = line[:i] + `\` + line[i:]
				break
			}
		}
		out.WriteString(line)
	}
	return out.String()
}

// maxMarks is how many marks of one kind a paragraph is read with.
const maxMarks = 1000

// A sparing parser gives up after maxMarks in a paragraph and leaves the rest
// text: the time that pairing brackets and stars takes grows with the square of
// their number.
type sparing struct {
	parser.InlineParser
	key parser.ContextKey
}

func newSparing(p parser.InlineParser) sparing {
	return sparing{InlineParser: p, key: parser.NewContextKey()}
}

func (p sparing) Parse(parent ast.Node, r text.Reader, pc parser.Context) ast.Node {
	n, _ := pc.Get(p.key).(int)
	if n >= maxMarks {
		return nil
	}
	pc.Set(p.key, n+1)
	return p.InlineParser.Parse(parent, r, pc)
}

// CloseBlock starts to count anew.
func (p sparing) CloseBlock(parent ast.Node, r text.Reader, pc parser.Context) {
	pc.Set(p.key, 0)
	if c, ok := p.InlineParser.(parser.CloseBlocker); ok {
		c.CloseBlock(parent, r, pc)
	}
}
