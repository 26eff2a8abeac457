package markup

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestMrkdwnCorpus(t *testing.T) {
	corpus(t, "mrkdwn.txtar", ".mrkdwn", ".md", func(_ *testing.T, in string) string {
		return FromSlack(SlackText{Workspace: "T1", Text: in}, team{})
	})
}

func TestBlocksCorpus(t *testing.T) {
	corpus(t, "blocks.txtar", ".json", ".md", func(t *testing.T, in string) string {
		var msg struct {
			Text   string
			Blocks json.RawMessage
		}
		if err := json.Unmarshal([]byte(in), &msg); err != nil {
			t.Fatal(err)
		}
		return FromSlack(SlackText{Workspace: "T1", Text: msg.Text, Blocks: msg.Blocks}, team{})
	})
}

// checkFromSlack fails unless a message is readable Markdown that says on Slack
// what it said, and mentions nobody in words.
func checkFromSlack(t fataler, msg SlackText) {
	t.Helper()
	md := FromSlack(msg, team{})
	if !utf8.ValidString(md) || strings.ContainsRune(md, 0) {
		t.Fatalf("no valid text: %q", md)
	}
	for _, target := range Mentions(md) {
		if !strings.HasPrefix(target, "slack/"+msg.Workspace+"/") {
			t.Fatalf("mention of %q in %q", target, md)
		}
	}
	checkInert(t, ToSlack(md, stranger{}, 0), md)
	if again := write(tidy(flatten(md))); Plain(again) != Plain(md) {
		t.Fatalf("%q reads differently when written again: %q", md, again)
	}
}

func TestMrkdwnReadsTheSameWhenWrittenAgain(t *testing.T) {
	tokens := append(payloads(t), fragments...)
	tokens = append(tokens, "*b*", "_i_", "~s~", "`c`", "&gt; ", "&gt;&gt;&gt;", "```", "\n", " ")
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(tokens), 1, 8).Draw(t, "text"), "")
		checkFromSlack(t, SlackText{Workspace: "T1", Text: text})
	})
}

func FuzzFromSlack(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add("T1", s, []byte(nil))
		f.Add("T1", "", []byte(toJSON([]richBlock{{Type: "rich_text", Elements: []richElement{{Type: "rich_text_section", Elements: []any{element{Type: "text", Text: s}}}}}})))
	}
	f.Add("T1", "", []byte(`[{"type":"rich_text","elements":[{"type":"rich_text_list","style":"ordered","indent":3,"offset":4,"border":1,"elements":[{"type":"rich_text_section","elements":[{"type":"emoji","name":"wave","skin_tone":3},{"type":"user","user_id":"U1","style":{"bold":true}}]}]}]}]`))
	f.Add("T1", "", []byte(`[{"type":"section","text":{"type":"mrkdwn","text":"*a* <@U1>"}},{"type":"x","text":["y"]}]`))
	f.Fuzz(func(t *testing.T, workspace, text string, blocks []byte) {
		checkFromSlack(t, SlackText{Workspace: workspace, Text: text, Blocks: blocks})
	})
}
