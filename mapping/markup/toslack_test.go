package markup

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// stranger is a Directory that knows names and lets nobody be mentioned.
type stranger struct{ team }

func (stranger) Account(string) (string, bool) { return "", false }

// forger is a Directory that answers with what is no account.
type forger struct{ team }

func (forger) Account(target string) (string, bool) {
	return map[string]string{
		"slack/T1/U1": "!channel", "slack/T1/C1": "U1", "slack/T1/S1": "S1", "U1": "U1> <!here",
	}[target], true
}

func payloads(t testing.TB) []string {
	t.Helper()
	data, err := os.ReadFile("testdata/injection.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(data)) {
		s, err := strconv.Unquote(strings.TrimSpace(line))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		out = append(out, s)
	}
	return out
}

// seeds are the payloads that are short enough to be varied quickly.
func seeds(f *testing.F) []string {
	f.Helper()
	return slices.DeleteFunc(append(payloads(f), xss...), func(s string) bool { return len(s) > 200 })
}

// inertToken matches what mrkdwn may have between < and > when nobody is mentioned.
var inertToken = regexp.MustCompile(`^<(https?://[^<>|]+|mailto:[^<>|]+|!date\^[0-9]+\^[^<>^|]+(\^https?://[^<>^|]+)?)(\|[^<>]*)?>$`)

var anyToken = regexp.MustCompile(`<[^>]*>?`)

// checkInert fails if a part calls somebody, or could be read to.
func checkInert(t fataler, parts []SlackPart, from string) {
	t.Helper()
	for _, p := range parts {
		checkTokens(t, p.Text)
		for _, tok := range anyToken.FindAllString(p.Text, -1) {
			if !inertToken.MatchString(tok) {
				t.Fatalf("live token %q in %q from %q", tok, p.Text, from)
			}
		}
		var blocks any
		if err := json.Unmarshal(p.Blocks, &blocks); err != nil {
			t.Fatalf("blocks are no JSON: %v", err)
		}
		checkElements(t, blocks, from)
	}
}

// checkElements fails if rich text has an element that calls or leads somewhere
// it must not.
func checkElements(t fataler, v any, from string) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			checkElements(t, e, from)
		}
	case map[string]any:
		switch kind, _ := v["type"].(string); kind {
		case "text", "emoji", "rich_text", "rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted":
		case "link", "date":
			if u, ok := v["url"].(string); ok && !strings.HasPrefix(u, "http://") && !strings.HasPrefix(u, "https://") && !strings.HasPrefix(u, "mailto:") {
				t.Fatalf("link to %q from %q", u, from)
			}
		default:
			t.Fatalf("live element %v from %q", v, from)
		}
		checkElements(t, v["elements"], from)
	}
}

func TestNoForeignTextCallsAnybodyOnSlack(t *testing.T) {
	all := payloads(t)
	if len(all) < 300 {
		t.Errorf("%d payloads only", len(all))
	}
	for _, s := range all {
		for _, d := range []Directory{nil, stranger{}, forger{}} {
			// What somebody wrote in Markdown, in an agent's name, in a
			// Slack text element elsewhere, in mrkdwn elsewhere.
			checkInert(t, ToSlack(s, d, 0), s)
			checkInert(t, ToSlackFrom(s, "hello", d, 0), s)
			element := toJSON([]richBlock{{Type: "rich_text", Elements: []richElement{{Type: "rich_text_section", Elements: []any{element{Type: "text", Text: s}}}}}})
			checkInert(t, ToSlack(FromSlack(SlackText{Workspace: "T1", Blocks: element}, d), d, 0), s)
			checkInert(t, ToSlack(FromSlack(SlackText{Workspace: "T1", Text: s}, d), d, 0), s)
			checkInert(t, ToSlack(FromSlack(SlackText{Workspace: "T1", Text: EscapeSlack(s)}, d), d, 200), s)
		}
	}
}

func TestSlackTextElementsStayTextOnTheWayBack(t *testing.T) {
	for _, s := range payloads(t) {
		blocks := toJSON([]richBlock{{Type: "rich_text", Elements: []richElement{{Type: "rich_text_section", Elements: []any{element{Type: "text", Text: s}}}}}})
		md := FromSlack(SlackText{Workspace: "T1", Blocks: blocks}, team{})
		if got, want := plainSpans(flatten(md)[0].spans), strings.TrimRight(clean(s), "\n"); got != want {
			t.Errorf("%q came back as %q by way of %q", want, got, md)
		}
		if len(Mentions(md)) > 0 {
			t.Errorf("%q made a mention: %q", s, md)
		}
	}
}

func TestEscapeSlackEscapesThreeCharactersAndIsUndone(t *testing.T) {
	const s = `a & b < c > d &amp; "e" 'f' *g*`
	const want = `a &amp; b &lt; c &gt; d &amp;amp; "e" 'f' *g*`
	if got := EscapeSlack(s); got != want {
		t.Errorf("got %q", got)
	}
	for _, s := range append(payloads(t), s, "&amp;lt;", "&lt;&amp;") {
		if got := UnescapeSlack(EscapeSlack(s)); got != s {
			t.Errorf("%q came back as %q", s, got)
		}
	}
}

func TestMarkdownToSlackCorpus(t *testing.T) {
	corpus(t, "toslack.txtar", ".md", ".slack", func(_ *testing.T, in string) string {
		return showParts(ToSlackFrom("", in, team{}, 0))
	})
}

func TestAuthorCorpusStandsBeforeTheFirstPart(t *testing.T) {
	corpus(t, "author.txtar", ".md", ".slack", func(_ *testing.T, in string) string {
		name, body, _ := strings.Cut(in, "\n")
		return showParts(ToSlackFrom(name, body, team{}, 0))
	})
}

func TestAuthorNamesAreCleaned(t *testing.T) {
	for author, want := range map[string]string{
		"\u202eecilA\u202c\u200b \u2066x\u2069\ufeff": "*ecilA x*\nhello",
		"\u200b\u202e": "hello",
		"a\nb\x00":     "*a b*\nhello",
	} {
		if got := ToSlackFrom(author, "hello", nil, 0)[0].Text; got != want {
			t.Errorf("%q: got %q, want %q", author, got, want)
		}
	}
	if parts := ToSlackFrom("\u200b", "", nil, 0); parts != nil {
		t.Errorf("something made of nothing: %v", parts)
	}
}

func TestBackticksThatMeetMakeNoFence(t *testing.T) {
	const md = "`a`\\`**`b`** `` ` `` \\`\\`\\`\\` [`` ``` ``](https://a.example)"
	if got := ToSlack(md, nil, 0)[0].Text; strings.Contains(got, "```") {
		t.Errorf("got %q", got)
	}
}

func TestRulersInCodeStayWhole(t *testing.T) {
	for _, line := range []string{strings.Repeat("-", 300), strings.Repeat("=", 300), strings.Repeat("*", 300), strings.Repeat(". ", 20) + strings.Repeat(".", 300)} {
		if got := flatten("```\n" + line + "\n```")[0].spans[0].text; got != line {
			t.Errorf("%q became %q", line, got)
		}
	}
}

func TestControlCharactersAndLineEndsAreCleaned(t *testing.T) {
	if got := ToSlack("a\x00b\xff\r\nc\rd\x1b\x7f\n\n\n\n", nil, 0)[0].Text; got != "ab\uFFFD\nc\nd" {
		t.Errorf("got %q", got)
	}
}

// showParts writes parts so that a person can compare them.
func showParts(parts []SlackPart) string {
	var out strings.Builder
	for _, p := range parts {
		out.WriteString(p.Text + "\n")
		var blocks []struct{ Elements []json.RawMessage }
		_ = json.Unmarshal(p.Blocks, &blocks)
		for _, e := range blocks[0].Elements {
			out.WriteString("  " + string(e) + "\n")
		}
	}
	return strings.TrimSuffix(out.String(), "\n")
}

func FuzzToSlack(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s, 0)
	}
	f.Fuzz(func(t *testing.T, md string, limit int) {
		checkInert(t, ToSlack(md, stranger{}, limit), md)
		limit = slackLimit(limit)
		checkParts(t, "", md, limit)
		// What was posted can be read back, and says the same. Blanks at a
		// cut may be lost, which a fingerprint does not see.
		if parts := ToSlack(md, team{}, limit); len(parts) == 1 {
			back := FromSlack(SlackText{Workspace: "T1", Blocks: parts[0].Blocks}, stranger{})
			checkInert(t, ToSlack(back, stranger{}, limit), md)
		}
	})
}
