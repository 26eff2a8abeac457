package markup

import (
	"encoding/json"
	"regexp"
	"slices"
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
	// longWord is how long the first half of a broken word is at least, if a
	// part could have ended before the word.
	longWord = 64
	// maxCluster is how far a cut moves back so as not to tear a character.
	maxCluster = 40
)

// parts puts the pieces into as few parts as the limits allow. Blanks that would
// fill a part are left out.
func (w *slackWriter) parts(blocks []block) []SlackPart {
	var parts []SlackPart
	for start := 0; start < len(w.pieces); {
		end := w.cut(blocks, start, len(w.pieces))
		part := w.part(blocks, start, end)
		for len(part.Blocks) > maxBlocks && end > start+1 {
			end = w.cut(blocks, start, start+max(1, (end-start)*maxBlocks/len(part.Blocks)))
			part = w.part(blocks, start, end)
		}
		if slices.ContainsFunc(w.pieces[start:end], piece.visible) {
			parts = append(parts, part)
		}
		start = end
	}
	return parts
}

// visible reports whether the piece makes a message that is not empty.
func (p piece) visible() bool {
	return strings.TrimSpace(p.text) != "" && (p.shown || p.text != quoteMark(true))
}

// inside reports whether a cut before piece i falls into a code block.
func (w *slackWriter) inside(blocks []block, i int) bool {
	if i <= 0 || i >= len(w.pieces) {
		return false
	}
	b := w.pieces[i].block
	return blocks[b].kind == blockPre && w.pieces[i-1].block == b && w.pieces[i-1].text != fenceEnd
}

// cut returns where the part that starts at piece start ends, end at most.
func (w *slackWriter) cut(blocks []block, start, end int) int {
	fits := min(w.fits(blocks, start), end)
	if fits == len(w.pieces) {
		return fits
	}
	var best [cutNever]int
	half := start + (fits-start)/2
	word := 0 // the length of the word before i
	seen := false
	for i := start; i < fits; i++ {
		seen = seen || w.pieces[i].visible()
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
	if at > 0 && (at > half || word < longWord+maxCluster) {
		return at
	}
	return w.whole(start, fits)
}

// fits returns how far a part that starts at piece start can reach at most.
func (w *slackWriter) fits(blocks []block, start int) int {
	text := 0
	if w.inside(blocks, start) {
		text += len(fenceStart)
	}
	for i := start; i < len(w.pieces); i++ {
		text += width(w.pieces[i].text)
		room := 0
		if w.inside(blocks, i+1) {
			room = len(fenceEnd)
		}
		if i > start && text+room > w.limit {
			return i
		}
	}
	return len(w.pieces)
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
	for i := at; i > start+1 && i > at-maxCluster && i < len(w.pieces); i-- {
		next, _ := utf8.DecodeRuneInString(w.pieces[i].text)
		last, _ := utf8.DecodeLastRuneInString(w.pieces[i-1].text)
		joined := unicode.Is(unicode.M, next) || next == 0x200D || last == 0x200D || next >= skinTone && next < skinTone+5
		if !joined && w.pieces[i].shown {
			return i
		}
	}
	return at
}

// part renders the pieces from start to end.
func (w *slackWriter) part(blocks []block, start, end int) SlackPart {
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
	return SlackPart{Text: text.String(), Blocks: w.blocks(blocks, start, end)}
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
			b.spans = append(b.spans, p.span)
		}
	}
	for i := range shown {
		shown[i].spans = compact(shown[i].spans)
	}
	if w.inside(blocks, end) {
		b := &shown[len(shown)-1]
		b.spans = appendText(nil, strings.TrimSuffix(plainSpans(b.spans), "\n"))
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
		if lostBlank(parts[i-1], part) {
			out.WriteString("\n")
		}
		out.WriteString(part)
	}
	return out.String()
}

// partMarks are what a part may start with before its first word.
var partMarks = regexp.MustCompile("^(?:&gt; |\\s|• |[0-9]+\\. |```\n)+")

// lostBlank reports whether a blank must have stood between two parts: a word is
// only broken where it is long or nothing but marks stands before it.
func lostBlank(before, after string) bool {
	before = strings.TrimSuffix(before, fenceEnd)
	before = before[len(partMarks.FindString(before)):]
	last, _ := utf8.DecodeLastRuneInString(before)
	first, _ := utf8.DecodeRuneInString(after)
	if before == "" || after == "" || isBlank(last) || isBlank(first) {
		return false
	}
	fields := strings.Fields(before)
	return len(fields) > 1 && utf8.RuneCountInString(fields[len(fields)-1]) < longWord
}
