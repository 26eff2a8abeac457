package markup

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// team is a Directory for one workspace, T1: it knows a few names, and lets
// every account and channel of the workspace be mentioned.
type team struct{}

func (team) Name(surface, workspace, id string) (string, bool) {
	name, ok := map[string]string{
		"slack/T1/U1": "Anders", "slack/T1/U2": "Bo [ops]", "slack/T1/C1": "billing", "slack/T1/S1": "leads",
	}[surface+"/"+workspace+"/"+id]
	return name, ok
}

func (team) Account(target string) (string, bool) { return strings.CutPrefix(target, "slack/T1/") }

// Words and fragments that have a meaning in Markdown, in mrkdwn or at the edge
// of either.
var fragments = []string{
	"a", "b", "word", "Zoë", "日本", "1", "7", " ", "  ", "\t", "\n", "\n\n", "\n\n\n", ".", ",", "!", "?", "(", ")", "«", "—", "€", "´",
	"*", "**", "_", "__", "~", "~~", "`", "``", "```", "[", "]", "[x](y)", "![", "<", ">", "<b>", "<!channel>", "<@U1>", "&", "&amp;", "&lt;", "&#42;",
	"#", "# ", "##", "-", "- ", "---", "+ ", "=", "===", "1. ", "2) ", "> ", ":", "::", ":tada:", ":x:", "12:30:45", "http://x.dk", "https://",
	"www.x.dk", "a@b.dk", "\\", "\\\n", "|", "/", "🎉", "👋🏽", "❤️", "\u200d", "\u00a0", "\u0301", "    ", "mention:", "$", "^", "'", "\"",
}

var textGen = rapid.Custom(func(t *rapid.T) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(fragments), 1, 6).Draw(t, "text"), "")
})

var styleGen = rapid.Custom(func(t *rapid.T) *elementStyle {
	if rapid.Bool().Draw(t, "plain") {
		return nil
	}
	return styleJSON(style(rapid.IntRange(0, 15).Draw(t, "style")))
})

var elementGen = rapid.Custom(func(t *rapid.T) element {
	st := styleGen.Draw(t, "style")
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0:
		return element{Type: "user", UserID: rapid.SampledFrom([]string{"U1", "U2", "U9"}).Draw(t, "id"), Style: st}
	case 1:
		return element{Type: "channel", ChannelID: rapid.SampledFrom([]string{"C1", "C9"}).Draw(t, "id"), Style: st}
	case 2:
		name := rapid.SampledFrom([]string{"tada", "partyparrot", "wave::skin-tone-4", "heart", "+1", "x1", "flag-dk", "one"}).Draw(t, "emoji")
		return element{Type: "emoji", Name: name, Style: st}
	case 3:
		u := rapid.SampledFrom([]string{"https://x.dk", "https://x.dk/a_(b)?c=1&amp;d=2", "http://y.dk/*_~", "mailto:a@b.dk", "https://x.dk/&copy;"}).Draw(t, "url")
		return element{Type: "link", URL: u, Text: strings.ReplaceAll(textGen.Draw(t, "label"), "\n", " "), Style: st}
	case 4:
		return element{Type: "date", Timestamp: "1392734382", Format: "{date_num} {time}", Fallback: "18 [Feb]", Style: st}
	}
	return element{Type: "text", Text: textGen.Draw(t, "text"), Style: st}
})

func elementsOf(t *rapid.T) []any {
	var out []any
	for _, e := range rapid.SliceOfN(elementGen, 1, 6).Draw(t, "elements") {
		out = append(out, e)
	}
	return out
}

var richGen = rapid.Custom(func(t *rapid.T) richElement {
	switch rapid.IntRange(0, 5).Draw(t, "block") {
	case 0:
		return richElement{Type: "rich_text_quote", Elements: elementsOf(t)}
	case 1:
		border := rapid.IntRange(0, 1).Draw(t, "border")
		return richElement{Type: "rich_text_preformatted", Border: border, Elements: []any{element{Type: "text", Text: textGen.Draw(t, "code")}}}
	case 2, 3:
		list := richElement{
			Type: "rich_text_list", Style: rapid.SampledFrom([]string{"bullet", "ordered"}).Draw(t, "style"),
			Indent: rapid.IntRange(0, 3).Draw(t, "indent"), Border: rapid.IntRange(0, 1).Draw(t, "border"),
		}
		if list.Style == "ordered" {
			list.Offset = rapid.SampledFrom([]int{0, 0, 1, 2, 9}).Draw(t, "offset")
		}
		for range rapid.IntRange(1, 3).Draw(t, "items") {
			list.Elements = append(list.Elements, richElement{Type: "rich_text_section", Elements: elementsOf(t)})
		}
		return list
	}
	return richElement{Type: "rich_text_section", Elements: elementsOf(t)}
})

func TestSlackBlocksComeBackFromMarkdownAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		blocks := toJSON([]richBlock{{Type: "rich_text", Elements: rapid.SliceOfN(richGen, 1, 5).Draw(t, "blocks")}})
		checkRoundTrip(t, blocks)
	})
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkRoundTrip compares Slack's blocks with what Slack is sent for the
// Markdown they became, both in their normal form.
func checkRoundTrip(t fataler, blocks json.RawMessage) (md string) {
	t.Helper()
	msg := SlackText{Workspace: "T1", Blocks: blocks}
	md = FromSlack(msg, team{})
	if strings.Trim(Plain(md), "> \n\t\u00a0") == "" {
		return md // nothing to see is not sent
	}
	var back json.RawMessage
	for _, p := range ToSlack(md, team{}, 1_000_000) {
		if back != nil {
			t.Fatalf("more than one part")
		}
		back = p.Blocks
	}
	want, got := normal(blocks), normal(back)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(block{}, span{}), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("changed on the way (-sent +came back):\n%s\nslack:    %s\nmarkdown: %q\nback:     %s", diff, blocks, md, back)
	}
	return md
}

// normal reads blocks into the form in which equal messages are equal.
func normal(blocks json.RawMessage) []block {
	in := slackReader{workspace: "T1", dir: team{}}
	var raw []json.RawMessage
	if json.Unmarshal(blocks, &raw) != nil {
		return nil
	}
	for _, b := range raw {
		in.block(b)
	}
	out := tidy(in.blocks)
	for i := range out {
		out[i].spans = normalSpans(out[i])
		if !out[i].ordered {
			out[i].number = 0
		}
	}
	return slices.DeleteFunc(out, func(b block) bool { return len(b.spans) == 0 && b.kind != blockItem })
}

// normalSpans brings spans into normal form: emoji are their characters, and a
// blank has the styles that both its neighbours have.
func normalSpans(b block) []span {
	if b.kind == blockPre {
		return appendText(nil, plainSpans(b.spans))
	}
	for i, s := range b.spans {
		if s.kind == spanLink {
			b.spans[i].text += masked(s.text, s.ref) // a promise of its own
		}
	}
	var out []span
	for _, line := range splitLines(cells(b.spans)) {
		tuck(line)
		for _, c := range line {
			s := span{style: c.style, text: "⟦" + c.object + "⟧"}
			if c.object == "" {
				s.text = string(c.r)
			}
			out = append(out, s)
		}
		out = appendText(out, "\n")
	}
	out = compact(out)
	if len(out) == 1 && strings.TrimSpace(out[0].text) == "" {
		return nil
	}
	return out
}
