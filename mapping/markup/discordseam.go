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
	seamMost  = 4
	// seamRoom is what a seam takes of a part, with a guard before its first line.
	seamRoom = seamMost + 2
)

// content writes the pieces from start to end.
func (w *discordWriter) content(start, end int) string {
	blocks := w.part(start, end)
	seam := w.seam(blocks, end)
	text := discordText(blocks)
	if seam != seamNone {
		text = strings.TrimRight(text, " \t\n")
	}
	switch {
	case start > 0 && len(blocks) > 0 && blocks[0].kind == blockItem && strings.HasPrefix(text, " "):
		text = zeroWidthSpace + "\n" + text // an item's depth is in its blanks
	case start > 0 && text != "" && isBlankText(text[:1]):
		text = zeroWidthSpace + text
	}
	return text + strings.Repeat(zeroWidthSpace, seam)
}

// seam says what a cut before piece end parts, and takes that off the end of
// blocks.
func (w *discordWriter) seam(blocks []block, end int) int {
	if end >= len(w.pieces) || w.pieces[end-1].block != w.pieces[end].block {
		return seamBlock
	}
	if !w.pieces[end-1].shown || !isBlankText(w.pieces[end-1].text) {
		return seamNone
	}
	if len(blocks) == 0 {
		return seamNone
	}
	last := &blocks[len(blocks)-1]
	if last.kind == blockPre {
		if w.pieces[end-1].text == "\n" {
			return seamLine // part has taken it off
		}
		return seamNone
	}
	n := len(last.spans)
	if n == 0 || last.spans[n-1].kind != spanText {
		return seamNone
	}
	text := last.spans[n-1].text
	kept := strings.TrimRight(text, " \n\t\u00a0")
	seam := map[string]int{" ": seamBlank, "\n": seamLine, "\n\n": seamLine + 1}[text[len(kept):]]
	if seam == 0 || kept == "" {
		return seamNone
	}
	last.spans[n-1].text = kept
	return seam
}

// JoinDiscord reads the parts that ToDiscord made of a body and returns the body.
// The guild and directory are those of FromDiscord.
func JoinDiscord(guild string, contents []string, d Directory) string {
	var all []block
	seam := seamBlock
	for _, content := range contents {
		kept := strings.TrimRight(content, zeroWidthSpace)
		in := discordReader{guild: guild, dir: known(d)}
		in.read(content)
		if seam != seamBlock && len(all) > 0 && len(in.blocks) > 0 {
			last := &all[len(all)-1]
			last.spans = sewn(last.spans, seamText(seam), in.blocks[0].spans)
			in.blocks = in.blocks[1:]
		} else if len(in.blocks) > 0 {
			in.blocks[0].fresh = false
		}
		all = append(all, in.blocks...)
		seam = (len(content) - len(kept)) / len(zeroWidthSpace)
	}
	return write(tidy(all))
}

// sewn joins the spans at a seam. What was left out has the styles of both sides.
func sewn(a []span, seam string, b []span) []span {
	s := span{text: seam}
	if len(a) > 0 && len(b) > 0 {
		s.style = a[len(a)-1].style & b[0].style
	}
	return slices.Concat(a, []span{s}, b)
}

// seamText is what was left out at a seam.
func seamText(seam int) string {
	switch {
	case seam == seamBlank:
		return " "
	case seam >= seamLine:
		return strings.Repeat("\n", min(seam, seamMost)-seamLine+1)
	}
	return ""
}
