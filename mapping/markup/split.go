package markup

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	fenceEnd   = "\n```"
	fenceStart = "```\n"
	// fenceRoom is what closing and opening a code fence again takes.
	fenceRoom = len(fenceEnd) + len(fenceStart)
	// maxBlocks is how long the JSON of a part's blocks may be. Slack refuses
	// blocks of about 13,200 characters with msg_blocks_too_long and counts
	// more than the text: https://github.com/slackapi/bolt-js/issues/2509
	maxBlocks = 12000
	// longWord is how long a word must be to be broken although a part could
	// end before it.
	longWord = 64
)

// parts puts the pieces into as few parts as the limits allow.
func (w *slackWriter) parts(blocks []block) []SlackPart {
	var parts []SlackPart
	for start := 0; start < len(w.pieces); {
		end := w.cut(blocks, start)
		if part, ok := w.part(blocks, start, end); ok {
			parts = append(parts, part)
		}
		start = end
	}
	return parts
}

// inside reports whether a cut before piece i falls into a code block.
func (w *slackWriter) inside(blocks []block, i int) bool {
	if i <= 0 || i >= len(w.pieces) {
		return false
	}
	b := w.pieces[i].block
	return blocks[b].kind == blockPre && w.pieces[i-1].block == b && w.pieces[i-1].text != fenceEnd
}

// cut returns where the part that starts at piece start ends.
func (w *slackWriter) cut(blocks []block, start int) int {
	fits := w.fits(blocks, start)
	if fits == len(w.pieces) {
		return fits
	}
	var best [cutNever]int
	half := start + (fits-start)/2
	word := 0 // the length of the word before i
	seen := false
	for i := start; i < fits; i++ {
		if p := w.pieces[i]; p.shown && strings.TrimSpace(p.text) != "" {
			seen = true
		}
		if strings.TrimSpace(w.pieces[i].text) == "" {
			word = 0
		} else {
			word += utf8.RuneCountInString(w.pieces[i].text)
		}
		if kind := w.kind(blocks, start, i+1); seen && kind < cutNever {
			best[kind] = i + 1
		}
	}
	for kind := cutParagraph; kind < cutWord; kind++ {
		if best[kind] > half {
			return best[kind]
		}
	}
	at := max(best[cutWord], best[cutSentence], best[cutLine], best[cutParagraph])
	if at > 0 && (at > half || word < longWord) {
		return at
	}
	return w.whole(start, fits)
}

// fits returns how far a part that starts at piece start can reach at most.
func (w *slackWriter) fits(blocks []block, start int) int {
	text, encoded := 0, len(`[{"type":"rich_text","elements":[]}]`)
	if w.inside(blocks, start) {
		text += len(fenceStart)
	}
	for i := start; i < len(w.pieces); i++ {
		p := w.pieces[i]
		text += width(p.text)
		encoded += w.encoded(start, i)
		room := 0
		if w.inside(blocks, i+1) {
			room = len(fenceEnd)
		}
		if i > start && (text+room > w.limit || encoded > maxBlocks) {
			return i
		}
	}
	return len(w.pieces)
}

// encoded estimates, from above, what piece i adds to the JSON of the blocks.
func (w *slackWriter) encoded(start, i int) int {
	p := w.pieces[i]
	n := 0
	if i == start || w.pieces[i-1].block != p.block {
		n += len(`{"type":"rich_text_section","elements":[]},{"type":"rich_text_list","style":"ordered","indent":8,"offset":99999999,"border":1,"elements":[]},`)
	}
	if !p.shown {
		return n
	}
	text := len(p.span.text) + strings.Count(p.span.text, `"`) + strings.Count(p.span.text, `\`) + 6*strings.Count(p.span.text, "\n")
	if i > start && p.span.kind == spanText && w.pieces[i-1].shown && w.pieces[i-1].span.kind == spanText && w.pieces[i-1].span.style == p.span.style {
		return n + text
	}
	return n + text + len(p.span.ref) + len(`{"type":"date","timestamp":,"format":"","url":"","fallback":"","style":{"bold":true,"italic":true,"strike":true,"code":true}},`)
}

// A cutKind says how well a message can be cut at a place.
type cutKind int

const (
	cutParagraph cutKind = iota
	cutLine
	cutSentence
	cutWord
	cutNever
)

// kind says what a cut before piece i would part.
func (w *slackWriter) kind(blocks []block, start, i int) cutKind {
	if i >= len(w.pieces) {
		return cutParagraph
	}
	last, next := w.pieces[i-1], w.pieces[i]
	if strings.TrimSpace(next.text) == "" && next.text != "" && last.block == next.block || !strings.HasSuffix(last.text, "\n") && !isBlankText(last.text) {
		return cutNever // a blank stays with what it follows
	}
	if !last.shown {
		if last.block != next.block && !(blocks[last.block].kind == blockItem && blocks[next.block].kind == blockItem) {
			return cutParagraph
		}
		if last.block != next.block {
			return cutLine
		}
		return cutNever
	}
	if last.text == "\n" {
		if i-2 >= start && w.pieces[i-2].text == "\n" {
			return cutParagraph
		}
		return cutLine
	}
	if i-2 >= start && strings.ContainsAny(w.pieces[i-2].text, ".!?…。！？") && utf8.RuneCountInString(w.pieces[i-2].text) == 1 {
		return cutSentence
	}
	return cutWord
}

func isBlankText(s string) bool { return s != "" && strings.TrimSpace(s) == "" }

// whole moves a cut inside a word back to where it does not tear a character
// from its marks, joiners and modifiers.
func (w *slackWriter) whole(start, at int) int {
	for i := at; i > start+1 && i > at-40 && i < len(w.pieces); i-- {
		next, _ := utf8.DecodeRuneInString(w.pieces[i].text)
		last, _ := utf8.DecodeLastRuneInString(w.pieces[i-1].text)
		joined := unicode.Is(unicode.M, next) || next == 0x200D || last == 0x200D || next >= skinTone && next < skinTone+5
		if !joined && w.pieces[i].shown {
			return i
		}
	}
	return at
}

// part renders the pieces from start to end, and says no if they show nothing.
func (w *slackWriter) part(blocks []block, start, end int) (SlackPart, bool) {
	var text strings.Builder
	if w.inside(blocks, start) {
		text.WriteString(fenceStart)
	}
	for _, p := range w.pieces[start:end] {
		text.WriteString(p.text)
	}
	if w.inside(blocks, end) {
		text.WriteString(fenceEnd)
	}
	return SlackPart{Text: text.String(), Blocks: w.blocks(blocks, start, end)}, true
}

// blocks renders the pieces from start to end as one rich_text block.
func (w *slackWriter) blocks(blocks []block, start, end int) json.RawMessage {
	var shown []block
	last := -1
	for _, p := range w.pieces[start:end] {
		if p.block != last {
			b := blocks[p.block]
			b.spans = nil
			shown = append(shown, b)
			last = p.block
		}
		if p.shown {
			b := &shown[len(shown)-1]
			b.spans = appendSpan(b.spans, p.span)
		}
	}
	return toJSON([]richBlock{{Type: "rich_text", Elements: richElements(shown)}})
}

// Join puts the texts of the parts of one message together again. It takes out
// the fences that splitting put in. Where a blank between two parts has been
// lost on the way, a line end takes its place.
func Join(parts []string) string {
	var out strings.Builder
	for i, part := range parts {
		if i == 0 {
			out.WriteString(part)
			continue
		}
		whole := out.String()
		if strings.HasSuffix(whole, fenceEnd) && strings.HasPrefix(part, fenceStart) {
			whole, part = strings.TrimSuffix(whole, fenceEnd), strings.TrimPrefix(part, fenceStart)
			out.Reset()
			out.WriteString(whole)
		}
		if lostBlank(whole, part) {
			out.WriteString("\n")
		}
		out.WriteString(part)
	}
	return out.String()
}

// lostBlank reports whether a blank must have stood between two parts: a word is
// only broken where it is long or nothing stands before it.
func lostBlank(before, after string) bool {
	first, _ := utf8.DecodeRuneInString(after)
	blank := strings.LastIndexFunc(before, isBlank)
	word := before[blank+1:]
	return before != "" && after != "" && !isBlank(first) && word != "" && utf8.RuneCountInString(word) < longWord && blank >= 0
}
