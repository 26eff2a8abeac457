package markup

import (
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
	// longWord is how long the first half of a broken word is at least, if a
	// part could have ended before the word.
	longWord = 64
	// maxCluster is how far a cut moves back so as not to tear a character.
	maxCluster = 40
)

// A piece is the smallest part of a message that is never split: a character,
// a token or a mark. Text is how it is written; the span is what it says.
type piece struct {
	text  string
	span  span
	shown bool // false for a mark, which only stands in the text
	quiet bool // a mark that shows nothing by itself
	block int  // the block it belongs to
}

// visible reports whether the piece makes a message that is not empty.
func (p piece) visible() bool {
	return !isBlankText(p.text) && (p.shown || p.text != quoteMark(true) && !p.quiet)
}

func isBlankText(s string) bool { return strings.TrimSpace(s) == "" }

// A splitter finds where a message of blocks, taken to pieces, can be cut.
type splitter struct {
	blocks []block
	pieces []piece
	limit  int // of a part's text, fences that are closed and opened included
}

// inside reports whether a cut before piece i falls into a code block.
func (s *splitter) inside(i int) bool {
	if i <= 0 || i >= len(s.pieces) {
		return false
	}
	last, next := s.pieces[i-1], s.pieces[i]
	return s.blocks[next.block].kind == blockPre && last.block == next.block && last.text != fenceEnd
}

// fits returns how far a part that starts at piece start can reach at most.
func (s *splitter) fits(start int) int {
	used := 0
	if s.inside(start) {
		used += len(fenceStart)
	}
	for i := start; i < len(s.pieces); i++ {
		used += width(s.pieces[i].text)
		room := 0
		if s.inside(i + 1) {
			room = len(fenceEnd)
		}
		if i > start && used+room > s.limit {
			return i
		}
	}
	return len(s.pieces)
}

// cut returns where the part that starts at piece start ends, end at most: at
// the best place in its second half, else between words wherever that is, else
// inside a long word.
func (s *splitter) cut(start, end int) int {
	fits := min(s.fits(start), end)
	if fits == len(s.pieces) {
		return fits
	}
	var best [cutNever]int
	half := start + (fits-start)/2
	word := 0 // how long the word is that the part ends in
	seen := false
	for i := start; i < fits; i++ {
		seen = seen || s.pieces[i].visible()
		word += utf8.RuneCountInString(s.pieces[i].text)
		if isBlankText(s.pieces[i].text) {
			word = 0
		}
		if kind := s.kind(start, i+1); seen && kind < cutNever {
			best[kind] = i + 1
		}
	}
	for _, at := range best {
		if at > half {
			return at
		}
	}
	if at := slices.Max(best[:]); at > 0 && word < longWord+maxCluster {
		return at
	}
	return s.whole(start, fits)
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

// kind says what a cut before piece i, in a part that starts at start, parts. A
// blank stays with what it follows, and a mark with what it stands before.
func (s *splitter) kind(start, i int) cutKind {
	if i >= len(s.pieces) {
		return cutParagraph
	}
	last, next := s.pieces[i-1], s.pieces[i]
	before := "" // the piece before the blank
	if i-2 >= start {
		before = s.pieces[i-2].text
	}
	switch {
	case last.block != next.block:
		if s.blocks[last.block].kind == blockItem && s.blocks[next.block].kind == blockItem {
			return cutLine
		}
		return cutParagraph
	case !last.shown || !isBlankText(last.text) || isBlankText(next.text):
		return cutNever
	case last.text == "\n" && before == "\n":
		return cutParagraph
	case last.text == "\n":
		return cutLine
	case before != "" && strings.Contains(".!?…。！？", before):
		return cutSentence
	}
	return cutWord
}

// whole moves a cut inside a word back to where it does not tear a character
// from its marks, joiners and modifiers.
func (s *splitter) whole(start, at int) int {
	for i := at; i > start+1 && i > at-maxCluster; i-- {
		next, _ := utf8.DecodeRuneInString(s.pieces[i].text)
		last, _ := utf8.DecodeLastRuneInString(s.pieces[i-1].text)
		joined := unicode.Is(unicode.M, next) || next == zeroWidthJoiner || last == zeroWidthJoiner ||
			next >= skinTone && next < skinTone+5
		if !joined {
			return i
		}
	}
	return at
}

const zeroWidthJoiner = '\u200D'

// part returns what the pieces from start to end say. What is left of a list
// item is no item of its own.
func (s *splitter) part(start, end int) []block {
	var out []block
	for i, p := range s.pieces[start:end] {
		if i == 0 || p.block != s.pieces[start+i-1].block {
			b := s.blocks[p.block]
			b.spans = nil
			if i == 0 && start > 0 && b.kind == blockItem && s.pieces[start-1].block == p.block {
				b.kind = blockPara
				if b.quoted {
					b.kind = blockQuote
				}
			}
			out = append(out, b)
		}
		if p.shown {
			out[len(out)-1].spans = append(out[len(out)-1].spans, p.span)
		}
	}
	for i := range out {
		out[i].spans = compact(out[i].spans)
	}
	if s.inside(end) {
		last := &out[len(out)-1]
		last.spans = appendText(nil, strings.TrimSuffix(plainSpans(last.spans), "\n"))
	}
	return out
}

// text returns how the pieces from start to end are written, with fences where
// a code block is cut.
func (s *splitter) text(start, end int) string {
	var out strings.Builder
	if s.inside(start) {
		out.WriteString(fenceStart)
	}
	for _, p := range s.pieces[start:end] {
		out.WriteString(p.text)
	}
	if s.inside(end) {
		out.WriteString(fenceEnd)
	}
	return out.String()
}
