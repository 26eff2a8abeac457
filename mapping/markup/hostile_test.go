package markup

import (
	"strings"
	"testing"
)

// Inputs like these made readers take minutes once, here or elsewhere. If one
// of them does again, this test does not end.
func TestHostileInputIsReadInTime(t *testing.T) {
	const n = 4000
	runs, nest := strings.Builder{}, strings.Builder{}
	for i := range 250 {
		runs.WriteString("e" + strings.Repeat("`", i))
		nest.WriteString(strings.Repeat("  ", i) + "- a\n")
	}
	for _, s := range []string{
		runs.String(), nest.String(),
		strings.Repeat(">", n), strings.Repeat("> ", n), strings.Repeat("- ", n), strings.Repeat("1. ", n), strings.Repeat("> - ", n),
		strings.Repeat("[", n), strings.Repeat("[", n) + strings.Repeat("]", n), strings.Repeat("[a](", n), strings.Repeat("![", n),
		strings.Repeat("[@a](mention:", n), strings.Repeat("[@a](mention:slack/T1/U1)", n/10),
		strings.Repeat("*a ", n), strings.Repeat("a*", n), strings.Repeat("*a_ ", n), strings.Repeat("**a*", n), strings.Repeat("~~a", n),
		strings.Repeat(":", n), strings.Repeat(":a", n), strings.Repeat(" :"+strings.Repeat("a", 90), n/50),
		strings.Repeat("<", n), strings.Repeat("<a:", n), strings.Repeat("&a", n), strings.Repeat("\\", n), strings.Repeat("\\\n", n),
		strings.Repeat("a\n", n), strings.Repeat("- a\n", n), strings.Repeat("```\n", n), strings.Repeat("x", n), strings.Repeat("\n", n),
		strings.Repeat("http://a.dk ", n/10), "http://a" + strings.Repeat("(", n) + strings.Repeat(")", n), strings.Repeat("👩\u200d💻", n/10), strings.Repeat("\u0301", n),
	} {
		checkInert(t, ToSlack(s, stranger{}, 0), s[:20])
		checkHTML(t, s)
		checkReply(t, s)
		FromSlack(SlackText{Workspace: "T1", Text: s}, nil)
		element := []any{element{Type: "text", Text: s}}
		FromSlack(SlackText{Workspace: "T1", Blocks: toJSON([]richBlock{{Type: "rich_text", Elements: []richElement{{Type: "rich_text_section", Elements: element}}}})}, nil)
	}
}

func TestNothingVanishesHoweverDeepItStands(t *testing.T) {
	lists := strings.Builder{}
	for i := range 300 {
		lists.WriteString(strings.Repeat("  ", i) + "- x\n")
	}
	for name, md := range map[string]string{
		"emphasis": strings.Repeat("*x **x ", 300) + strings.Repeat("x** x*", 300),
		"quotes":   strings.Repeat("> ", 300) + strings.Repeat("x", 300),
		"lists":    lists.String(),
		"markers":  strings.Repeat("- ", 300) + strings.Repeat("x", 300),
		"links":    strings.Repeat("[x ", 2000) + strings.Repeat("x](https://a.example)", 2000),
		"strikes":  strings.Repeat("~~x ", 2000),
	} {
		want := strings.Count(md, "x") - strings.Count(md, "example")
		seen := map[string]string{"plain": Plain(md), "html": tagPattern.ReplaceAllString(string(HTML(md)), "")}
		for where, s := range seen {
			if got := strings.Count(s, "x") - strings.Count(s, "example"); got != want {
				t.Errorf("%s, %s: %d of %d left", name, where, got, want)
			}
		}
	}
}
