package markup

import (
	"encoding/json"
	"strings"
)

// SlackText is the text of a Slack message as an event or a listing gives it.
type SlackText struct {
	Workspace string          // the workspace it was said in, for the targets of mentions
	Text      string          // mrkdwn
	Blocks    json.RawMessage // the message's blocks, a JSON array; may be nil
}

// FromSlack returns a Slack message as Markdown. The rich_text block that
// Slack's editor makes is read where there is one, since it says exactly what
// was meant; otherwise the mrkdwn text is. Other blocks beside a rich_text block,
// or without any text, survive as the text that is in them. Names come from d.
func FromSlack(msg SlackText, d Directory) string {
	in := slackReader{workspace: msg.Workspace, dir: known(d)}
	var raw []json.RawMessage
	if json.Unmarshal(msg.Blocks, &raw) == nil {
		for _, b := range raw {
			in.block(b)
		}
	}
	if !in.rich && strings.TrimSpace(msg.Text) != "" {
		in.blocks = nil
		in.mrkdwn(msg.Text)
	}
	return write(tidy(in.blocks))
}

// A slackReader turns Slack's blocks and mrkdwn into ours.
type slackReader struct {
	workspace string
	dir       Directory
	blocks    []block
	rich      bool // a rich_text block was read
}

// block reads one block of a message.
func (in *slackReader) block(raw json.RawMessage) {
	var b struct {
		Type     string            `json:"type"`
		Elements []json.RawMessage `json:"elements"`
	}
	if json.Unmarshal(raw, &b) == nil && b.Type == "rich_text" {
		in.rich = true
		for _, e := range b.Elements {
			in.richBlock(e)
		}
		return
	}
	in.otherBlock(raw)
}

// richBlock reads a section, list, quote or code block of a rich_text block.
// https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
func (in *slackReader) richBlock(raw json.RawMessage) {
	var b struct {
		Type     string            `json:"type"`
		Elements []json.RawMessage `json:"elements"`
		Style    string            `json:"style"`
		Indent   int               `json:"indent"`
		Offset   int               `json:"offset"`
		Border   int               `json:"border"`
	}
	if json.Unmarshal(raw, &b) != nil {
		in.otherBlock(raw)
		return
	}
	switch b.Type {
	case "rich_text_section":
		in.add(block{kind: blockPara, spans: in.spans(b.Elements)})
	case "rich_text_quote":
		in.add(block{kind: blockQuote, spans: in.spans(b.Elements)})
	case "rich_text_preformatted":
		in.add(block{kind: blockPre, quoted: b.Border != 0, spans: in.spans(b.Elements)})
	case "rich_text_list":
		item := block{
			kind: blockItem, quoted: b.Border != 0, ordered: b.Style == "ordered",
			indent: min(max(b.Indent, 0), maxIndent), number: min(max(b.Offset, 0), 99_999_999) + 1, fresh: true,
		}
		for _, e := range b.Elements {
			var section struct {
				Elements []json.RawMessage `json:"elements"`
			}
			if json.Unmarshal(e, &section) == nil {
				item.spans = in.spans(section.Elements)
			} else {
				item.spans = appendText(nil, anyText(e))
			}
			in.add(item)
			item.number++
			item.fresh = false
		}
	default:
		in.otherBlock(raw)
	}
}

func (in *slackReader) add(b block) { in.blocks = append(in.blocks, b) }

// spans reads the elements of a section.
func (in *slackReader) spans(raw []json.RawMessage) []span {
	var out []span
	for _, r := range raw {
		var e element
		if json.Unmarshal(r, &e) != nil {
			out = appendText(out, anyText(r))
			continue
		}
		out = append(out, in.span(e, r))
	}
	return out
}

// span reads one element. What is not known yet is shown as its text.
func (in *slackReader) span(e element, raw json.RawMessage) span {
	st := e.Style.set()
	switch e.Type {
	case "text":
		return span{style: st, text: clean(e.Text)}
	case "link":
		return in.link(e.URL, e.Text, st)
	case "user":
		return in.user(e.UserID, "", st)
	case "channel":
		return in.channel(e.ChannelID, "", st)
	case "usergroup":
		return in.group(e.UsergroupID, "", st)
	case "broadcast":
		return broadcast(e.Range, st)
	case "emoji":
		return emojiSpan(e, st)
	case "date":
		return dateSpan(e, st)
	case "color":
		return span{style: st, text: clean(e.Value)}
	}
	return span{style: st, text: anyText(raw)}
}

// link makes a link of an address that may be one, and text of any other.
func (in *slackReader) link(address, label string, st style) span {
	label = oneLine(clean(label))
	u, ok := safeURL(address)
	switch {
	case !ok && label == "":
		return span{style: st, text: clean(address)}
	case !ok && strings.HasSuffix(address, label):
		return span{style: st, text: label}
	case !ok:
		return span{style: st, text: label + " (" + clean(address) + ")"}
	case strings.TrimSpace(label) == "" || label == address:
		label = u
	}
	return span{kind: spanLink, style: st, text: label, ref: u}
}

// named gives the text and target of something that has an id: the name that
// the directory knows, else the one Slack sent along, else unknown.
func (in *slackReader) named(sign, id, given, unknown string) (text, target string) {
	return named(in.dir, surfaceSlack, in.workspace, sign, id, given, unknown)
}

// named gives the text and target of what has an id in a workspace of a surface.
func named(d Directory, surface, workspace, sign, id, given, unknown string) (text, target string) {
	target = surface + "/" + workspace + "/" + id
	name, ok := d.Name(surface, workspace, id)
	name = strings.TrimLeft(CleanName(name), sign)
	if !ok || name == "" {
		name = strings.TrimLeft(CleanName(given), sign)
	}
	if name == "" {
		name = unknown
	}
	if id == "" || workspace == "" || strings.ContainsAny(id, "/?") || !ownTarget(target) {
		target = ""
	}
	return sign + name, target
}

func (in *slackReader) user(id, given string, st style) span {
	text, target := in.named("@", id, given, "unknown-user")
	return refOrText(spanMention, text, target, st)
}

func (in *slackReader) channel(id, given string, st style) span {
	text, target := in.named("#", id, given, "unknown-channel")
	return refOrText(spanChannel, text, target, st)
}

func (in *slackReader) group(id, given string, st style) span {
	text, target := in.named("@", id, given, "unknown-group")
	return refOrText(spanGroup, text, target, st)
}

func refOrText(kind spanKind, text, target string, st style) span {
	if target == "" {
		return span{style: st, text: text}
	}
	return span{kind: kind, style: st, text: text, ref: target}
}

func broadcast(name string, st style) span {
	switch name {
	case "here", "channel", "everyone":
		return span{kind: spanBroadcast, style: st, text: "@" + name, ref: name}
	}
	return span{style: st, text: "@" + CleanName(name)}
}

// dateSpan reads a moment that Slack shows in the reader's own time.
func dateSpan(e element, st style) span {
	unix, err := e.Timestamp.Int64()
	fallback := oneLine(clean(e.Fallback))
	m := moment{unix: unix, format: clean(e.Format)}
	m.link, _ = safeURL(e.URL)
	ref := dateRef(m)
	if _, ok := parseDate(ref); err != nil || !ok {
		return span{style: st, text: fallback}
	}
	if strings.TrimSpace(fallback) == "" {
		fallback = dateText(unix)
	}
	return span{kind: spanDate, style: st, text: fallback, ref: ref}
}

// tidy brings blocks into the form that Markdown can carry: sections that
// follow one another are one, edges have no line ends, what is empty is gone.
func tidy(blocks []block) []block {
	var out []block
	for _, b := range blocks {
		b.spans = compact(b.spans)
		if b.kind != blockPre {
			b.spans = trimLines(b.spans)
		}
		last := len(out) - 1
		switch {
		case len(b.spans) == 0 && b.kind != blockItem:
			continue
		case b.kind == blockPara && last >= 0 && out[last].kind == blockPara:
			out[last].spans = append(appendText(out[last].spans, "\n"), b.spans...)
			continue
		case b.kind == blockItem && b.fresh:
			b.fresh = last >= 0 && (block{
				kind: blockItem, quoted: b.quoted, indent: b.indent, ordered: b.ordered, number: out[last].number + 1,
			}).continues(out[last])
		}
		out = append(out, b)
	}
	for i := range out {
		out[i].spans = compact(out[i].spans)
	}
	return out
}

// trimLines takes line ends off both edges.
func trimLines(spans []span) []span {
	for len(spans) > 0 && spans[0].kind == spanText {
		if spans[0].text = strings.TrimLeft(spans[0].text, "\n"); spans[0].text != "" {
			break
		}
		spans = spans[1:]
	}
	for n := len(spans) - 1; n >= 0 && spans[n].kind == spanText; n-- {
		if spans[n].text = strings.TrimRight(spans[n].text, "\n"); spans[n].text != "" {
			break
		}
		spans = spans[:n]
	}
	return spans
}
