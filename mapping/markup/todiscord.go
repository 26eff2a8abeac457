package markup

import (
	"regexp"
	"slices"
	"strings"
)

// DiscordPart is one message to post.
type DiscordPart struct {
	Content string // Discord Markdown
	// Users are the ids of the accounts that the content mentions, each once: what
	// allowed_mentions has to name, since nothing else in it may ring.
	Users []string
}

// ToDiscord renders a body for Discord, in as many parts as the limit asks for: no
// part's Content is longer. Discord's limit is 2,000 characters and it does not say
// of what kind, so the longer count is taken, UTF-16 units; a limit of 0 means 2000,
// and limits below 200 are taken as 200.
//
// What the model says is text is text on Discord: its markup is escaped. Only
// accounts that d knows are mentioned. Roles and broadcasts never are, and a call to
// everyone that somebody typed is broken by a zero-width space, also in code; those
// of the body's own are left out, so that what was put in can be told from them. The
// label of a link is followed by where it leads. JoinDiscord puts parts together
// again. A body without any text has no parts.
func ToDiscord(md string, d Directory, limit int) []DiscordPart {
	return ToDiscordFrom("", md, d, limit)
}

// ToDiscordFrom is ToDiscord with the name of who speaks in bold on a line of its
// own before the first part. The name is passed through CleanName; "" puts nothing
// there.
func ToDiscordFrom(author, md string, d Directory, limit int) []DiscordPart {
	w := discordWriter{dir: known(d), max: discordLimit(limit)}
	w.limit = w.max - seamRoom
	w.take(author, md)
	return w.parts()
}

// maxDiscord is the longest content of a message that a bot may send.
// https://docs.discord.com/developers/resources/message#create-message
const maxDiscord = 2000

func discordLimit(limit int) int {
	if limit <= 0 {
		return maxDiscord
	}
	return max(limit, minLimit)
}

// A discordWriter takes blocks apart into pieces and puts the pieces into parts.
type discordWriter struct {
	splitter
	dir Directory
	max int // of a part with its seam
}

// take makes pieces of a body.
func (w *discordWriter) take(author, md string) {
	var blocks []block
	for _, b := range flatten(md) {
		for i := range b.spans {
			b.spans[i].text, b.spans[i].ref = unguarded(b.spans[i].text), unguarded(b.spans[i].ref)
		}
		if b.kind == blockPre {
			// Blanks at the end would be a part of their own at worst.
			b.spans = appendText(nil, strings.TrimRightFunc(trimCode(plainSpans(b.spans)), isBlank))
		} else {
			b.spans = trimBlanks(w.resolve(b))
		}
		if !isBlankText(plainSpans(b.spans)) { // the marks of an empty block are text on Discord
			blocks = append(blocks, b)
		}
	}
	settle(blocks)
	w.blocks = headed(author, blocks)
	for i := range w.blocks {
		w.block(i)
	}
}

// settle lets no list item stand deeper than one step below the item it belongs to,
// since Discord has no items that only hold others, and marks the numbers that do
// not follow, since Discord counts by itself.
func settle(blocks []block) {
	var open []block // the items around, with the depths that they have in the body
	for i := range blocks {
		b := &blocks[i]
		if b.kind != blockItem || i > 0 && blocks[i-1].quoted != b.quoted {
			open = nil
		}
		if b.kind != blockItem {
			continue
		}
		var before block // the item at the same depth
		for n := len(open) - 1; n >= 0 && open[n].indent >= b.indent; n-- {
			before, open = open[n], open[:n]
		}
		b.fresh = b.fresh || b.ordered && before.ordered && b.number != before.number+1
		open = append(open, *b)
		b.indent = len(open) - 1
	}
}

// headed puts the name of who speaks before blocks.
func headed(author string, blocks []block) []block {
	name := CleanName(author)
	if name == "" {
		return blocks
	}
	head := []span{{text: name, style: bold}, {text: "\n"}}
	if len(blocks) > 0 && blocks[0].kind == blockPara {
		blocks[0].spans = compact(append(head, blocks[0].spans...))
		return blocks
	}
	return append([]block{{kind: blockPara, spans: head[:1]}}, blocks...)
}

// trimCode takes off the empty lines around a code block that Discord drops.
func trimCode(text string) string { return strings.Trim(text, "\n") }

// trimBlanks takes off the blanks around a block, which Discord may trim.
func trimBlanks(spans []span) []span {
	for len(spans) > 0 && spans[0].kind == spanText && spans[0].style&code == 0 {
		if spans[0].text = strings.TrimLeftFunc(spans[0].text, isBlank); spans[0].text != "" {
			break
		}
		spans = spans[1:]
	}
	for n := len(spans) - 1; n >= 0 && spans[n].kind == spanText && spans[n].style&code == 0; n-- {
		if spans[n].text = strings.TrimRightFunc(spans[n].text, isBlank); spans[n].text != "" {
			break
		}
		spans = spans[:n]
	}
	return spans
}

// discordID matches the ids of accounts and channels.
// https://docs.discord.com/developers/reference#snowflakes
var discordID = regexp.MustCompile(`^[1-9][0-9]{0,19}$`)

// resolve leaves of a block's spans texts and tokens only. A token's text is how it
// is written.
func (w *discordWriter) resolve(b block) []span {
	var out []span
	for i, s := range b.spans {
		switch s.kind {
		case spanMention, spanChannel:
			out = append(out, w.account(s))
		case spanLink:
			more := i+1 < len(b.spans) && b.spans[i+1].kind == spanLink && b.spans[i+1].ref == s.ref
			out = append(out, w.link(s, more)...)
		case spanDate:
			out = append(out, w.date(s)...)
		case spanEmoji:
			if !strings.HasPrefix(s.text, ":") {
				s.kind = spanText
			}
			out = append(out, s)
		default:
			if isBlankText(s.text) {
				s.style &^= code // which would be trimmed at the end of a part
			} else if s.style&code != 0 {
				s.style = plainBeside(s.text, s.style) // before it is cut
			}
			out = append(out, span{style: s.style, text: s.text})
		}
	}
	return compact(out)
}

// account is a mention or a channel link if the directory knows the target, else
// its name.
func (w *discordWriter) account(s span) span {
	id, ok := w.dir.Account(s.ref)
	if !ok || !discordID.MatchString(id) {
		return span{style: s.style, text: s.text}
	}
	s.ref = id
	if s.kind == spanMention {
		s.text = "<@" + id + ">"
	} else {
		s.text = "<#" + id + ">"
	}
	return s
}

// link is an address, or a label with the address behind it, so that nobody is led
// to where they cannot see. More says that the label goes on in the next span.
func (w *discordWriter) link(s span, more bool) []span {
	if s.text == s.ref && s.style&code == 0 {
		return w.address(s.ref, s.style)
	}
	// What unmasks a label that lies says less than the address.
	if text := strings.TrimSuffix(s.text, " ("+realTarget(s.ref)+")"); !more && text != "" {
		s.text = text
	}
	label := []span{{style: s.style, text: s.text}}
	if more || strings.TrimPrefix(s.ref, "mailto:") == s.text {
		return label
	}
	return append(label, w.shownAddress(s.ref)...)
}

// maxAddress is the longest address that is a token; a longer one, or one that leaves
// no room in a part, is text, since it may have to be cut.
const (
	maxAddress  = 1500
	besideToken = 60
)

// address writes where a link leads. Discord makes no preview of one in angle
// brackets, and mail addresses are no links.
func (w *discordWriter) address(u string, st style) []span {
	if strings.HasPrefix(strings.ToLower(u), "mailto:") {
		return []span{{style: st, text: u[len("mailto:"):]}}
	}
	quiet, ok := safeURL(ringing.ReplaceAllString(u, "%40$1"))
	if !ok || width(quiet) > min(maxAddress, w.max-besideToken) {
		return []span{{style: st, text: u}}
	}
	return []span{{kind: spanLink, style: st, text: "<" + quiet + ">", ref: u}}
}

// shownAddress is what stands behind a label.
func (w *discordWriter) shownAddress(u string) []span {
	return slices.Concat(appendText(nil, " ("), w.address(u, 0), appendText(nil, ")"))
}

// parts puts the pieces into as few parts as the limit allows.
func (w *discordWriter) parts() []DiscordPart {
	var parts []DiscordPart
	for start := 0; start < len(w.pieces); {
		end := w.marked(w.cut(start, len(w.pieces)))
		content := w.content(start, end)
		for width(content) > w.max && end > start+1 {
			end = w.marked(w.cut(start, start+max(1, (end-start)*w.limit/width(content))))
			content = w.content(start, end)
		}
		if slices.ContainsFunc(w.pieces[start:end], func(p piece) bool { return p.shown && !isBlankText(p.text) }) {
			parts = append(parts, DiscordPart{Content: content, Users: w.users(start, end)})
		}
		start = end
	}
	return parts
}

// marked moves a cut behind the marks that stand there: they are no part of what is
// written, and behind the last of a block begins another.
func (w *discordWriter) marked(i int) int {
	for i < len(w.pieces) && !w.pieces[i].shown && w.pieces[i].block == w.pieces[i-1].block {
		i++
	}
	return i
}

// users are the accounts that the pieces from start to end mention.
func (w *discordWriter) users(start, end int) []string {
	var out []string
	for _, p := range w.pieces[start:end] {
		if p.span.kind == spanMention && !slices.Contains(out, p.span.ref) {
			out = append(out, p.span.ref)
		}
	}
	return out
}
