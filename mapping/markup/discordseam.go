package markup

import (
	"slices"
	"strings"
)

// Discord trims a message, so the blank at which a body was cut would be lost, and
// nothing would say whether a word goes on in the next part. A part therefore ends
// in zero-width spaces, whose number says what stood there.
const (
	seamBlock = 0 // the next part begins a block
	seamBlank = 1 // a blank was left out
	seamNone  = 2 // nothing was
	seamLine  = 3 // a line end was; one more for each more
	// seamMost is more than any seam that is not made of empty lines of code.
	seamMost = 100
	// seamRoom is what a seam mostly takes of a part, with a guard before its first line.
	seamRoom = 6
)

// content writes the pieces from start to end.
func (w *discordWriter) content(start, end int) string {
	blocks := w.part(start, end)
	rest := start > 0 && w.pieces[start-1].block == w.pieces[start].block
	if first := w.blocks[w.pieces[start].block]; rest && first.kind == blockItem {
		blocks[0].kind = blockItem // part has made text of it
	}
	seam := w.seam(blocks, end)
	text := discordText(blocks, rest)
	if seam == seamBlock {
		text = strings.TrimRight(text, " \t\n")
	}
	if start > 0 {
		text = guard(blocks[0], rest, text)
	}
	return text + strings.Repeat(zeroWidthSpace, seam)
}

// guard keeps the blanks that a part starts with: an item's depth is in them, and an
// empty line parts it from the list before.
func guard(first block, rest bool, text string) string {
	item := !rest && first.kind == blockItem
	switch {
	case item && first.fresh:
		return zeroWidthSpace + "\n\n" + text
	case item && strings.HasPrefix(text, " "), strings.HasPrefix(text, "\n"):
		return zeroWidthSpace + "\n" + text
	case strings.TrimLeftFunc(text, isBlank) != text:
		return zeroWidthSpace + text
	}
	return text
}

// seam says what a cut before piece end parts, and takes that off the end of
// blocks.
func (w *discordWriter) seam(blocks []block, end int) int {
	if end >= len(w.pieces) || w.pieces[end-1].block != w.pieces[end].block {
		return seamBlock
	}
	last := &blocks[len(blocks)-1]
	if last.kind == blockPre {
		return seamNone + min(w.emptyLines(end), seamMost)
	}
	n := len(last.spans)
	if n == 0 || last.spans[n-1].kind != spanText {
		return seamNone
	}
	text := last.spans[n-1].text
	kept := strings.TrimRight(text, "\n")
	seam := seamNone + min(len(text)-len(kept), seamMost)
	inCode := last.spans[n-1].style&code != 0
	goesOn := w.pieces[end].span.style&code != 0
	before, ok := strings.CutSuffix(text, " ")
	codes := before == "" && n > 1 && last.spans[n-2].style&code != 0 && goesOn // a blank between two
	if ok && !codes && strings.TrimRightFunc(before, isBlank) == before && (!inCode || goesOn && before != "") {
		kept, seam = before, seamBlank
	}
	if kept == "" && n == 1 {
		return seamNone
	}
	last.spans[n-1].text = kept
	last.spans = compact(last.spans)
	return seam
}

// emptyLines counts the line ends around a cut in a code block, all of which Discord
// drops.
func (w *discordWriter) emptyLines(at int) int {
	n := 0
	for i := at - 1; i >= 0 && w.lineEnd(i); i-- {
		n += len(w.pieces[i].span.text)
	}
	for i := at; i < len(w.pieces) && w.lineEnd(i); i++ {
		n += len(w.pieces[i].span.text)
	}
	return n
}

// lineEnd reports whether piece i is a line end, or the mark of a quoted line.
func (w *discordWriter) lineEnd(i int) bool {
	p := w.pieces[i]
	return p.shown && p.text == "\n" || !p.shown && p.text == discordQuote
}

// JoinDiscord reads the parts that ToDiscord made of a body and returns the body.
// The guild and directory are those of FromDiscord.
func JoinDiscord(guild string, contents []string, d Directory) string {
	in := discordReader{guild: guild, dir: known(d)}
	for _, content := range contents {
		in.read(content)
		in.seam = (len(content) - len(strings.TrimRight(content, zeroWidthSpace))) / len(zeroWidthSpace)
	}
	return write(tidy(in.blocks))
}

// sew lets the next line go on with the block that the part before ended in.
func (in *discordReader) sew(text string) bool {
	seam, n := in.seam, len(in.blocks)-1
	in.seam = seamBlock
	if seam == seamBlock || n < 0 || in.blocks[n].quoted != in.quoted && in.blocks[n].kind != blockQuote {
		return false
	}
	last := &in.blocks[n]
	switch last.kind {
	case blockItem:
		last.spans = sewn(last.spans, seamText(seam), in.inline(text, 0))
	case blockPara, blockQuote:
		in.para = sewn(last.spans, seamText(seam), in.inline(text, 0))
		in.blocks = in.blocks[:n]
	default:
		return false
	}
	return true
}

// sewCode lets a code block go on with the one that the part before ended in.
func (in *discordReader) sewCode(b block) bool {
	seam, n := in.seam, len(in.blocks)-1
	in.seam = seamBlock
	if seam == seamBlock || n < 0 || in.blocks[n].kind != blockPre || in.blocks[n].quoted != in.quoted {
		return false
	}
	in.blocks[n].spans = sewn(in.blocks[n].spans, seamText(seam), b.spans)
	return true
}

// sewn joins the spans at a seam. Blanks there have the styles of both sides.
func sewn(a []span, seam string, b []span) []span {
	a, b = compact(a), compact(b)
	own := seam
	if n := len(a) - 1; n > 0 && a[n].kind == spanText && a[n].style&code == 0 && isBlankText(a[n].text) {
		a, seam = a[:n], a[n].text+seam
	}
	if len(b) > 1 && b[0].kind == spanText && b[0].style&code == 0 && isBlankText(b[0].text) {
		b, seam = b[1:], seam+b[0].text
	}
	s := span{text: seam}
	if len(a) > 0 && len(b) > 0 {
		s.style = a[len(a)-1].style & b[0].style
	}
	if seam != own {
		s.style &^= code // a blank that was left there stood outside
	}
	return slices.Concat(a, []span{s}, b)
}

// seamText is what was left out at a seam.
func seamText(seam int) string {
	switch {
	case seam == seamBlank:
		return " "
	case seam >= seamLine:
		return strings.Repeat("\n", min(seam-seamNone, seamMost))
	}
	return ""
}
