package markup

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// markdownGen makes bodies of everything: prose, code, quotes, lists, links,
// mentions, and fragments that are half of something.
var markdownGen = rapid.Custom(func(t *rapid.T) string {
	var b strings.Builder
	for range rapid.IntRange(0, 12).Draw(t, "blocks") {
		word := rapid.SampledFrom(append(fragments,
			"lorem ipsum dolor sit amet. ", "**bold text**", "_it_ ", "[a](https://x.dk/"+strings.Repeat("long", 40)+")",
			"[@Anders](mention:slack/T1/U1)", "`code` ", "&&&&<<<<", "<https://x.dk?a&b>", "🎉🎉🎉", "[12](date:1392734382?f=%7Bdate%7D)",
			strings.Repeat("x", 90), strings.Repeat("&", 50), strings.Repeat("🧑\u200d🚀", 30)))
		words := strings.Join(rapid.SliceOfN(word, 1, 40).Draw(t, "words"), "")
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			b.WriteString("````\n" + words + "\n````\n")
		case 1:
			b.WriteString("> " + strings.ReplaceAll(words, "\n", "\n> ") + "\n\n")
		case 2:
			b.WriteString("- " + words + "\n")
		default:
			b.WriteString(words + "\n\n")
		}
	}
	return b.String()
})

func TestPartsKeepTheLimitAndAreTheWholeTextTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		md := markdownGen.Draw(t, "md")
		limit := rapid.SampledFrom([]int{200, 220, 300, 500, 3900}).Draw(t, "limit")
		author := rapid.SampledFrom([]string{"", "Alice Agent", "```", "<!here>"}).Draw(t, "author")
		checkParts(t, author, md, limit)
	})
}

// checkParts compares the parts of a body with the body in one piece.
func checkParts(t fataler, author, md string, limit int) {
	t.Helper()
	var texts, words []string
	for _, p := range ToSlackFrom(author, md, team{}, limit) {
		texts = append(texts, p.Text)
		if n := max(utf8.RuneCountInString(p.Text), len(utf16.Encode([]rune(p.Text)))); n > limit {
			t.Fatalf("part of %d characters, limit %d: %q", n, limit, p.Text)
		}
		if n := utf8.RuneCount(p.Blocks); n > maxBlocks {
			t.Fatalf("blocks of %d characters", n)
		}
		if strings.Count(p.Text, "```")%2 != 0 {
			t.Fatalf("fence left open: %q", p.Text)
		}
		if strings.TrimSpace(p.Text) == "" || strings.Contains(string(p.Blocks), `"elements":[]`) {
			t.Fatalf("part that shows nothing: %q %s", p.Text, p.Blocks)
		}
		checkTokens(t, p.Text)
		words = append(words, wordsOf(p.Blocks))
	}
	w := slackWriter{splitter: splitter{limit: limit}, dir: team{}}
	want, wantWords := "", ""
	w.take(author, md)
	for _, p := range w.pieces {
		want += p.text
		if p.shown {
			wantWords += unnamed([]span{p.span})
		}
	}
	wantWords = strings.Join(strings.Fields(wantWords), "")
	got := Join(texts)
	if blankTail.ReplaceAllString(got, "") != blankTail.ReplaceAllString(want, "") {
		t.Fatalf("parts together are not the text:\n%q\n%q\n%q", texts, got, want)
	}
	if got := strings.Join(words, ""); got != wantWords {
		t.Fatalf("blocks together are not the words:\n%q\n%q", got, wantWords)
	}
}

// blankTail is what may be missing at the end, where it would be a part alone.
var blankTail = regexp.MustCompile(`(&gt; |\s|\p{Z})+$`)

// checkTokens fails if a token or entity in mrkdwn is torn apart.
func checkTokens(t fataler, text string) {
	t.Helper()
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '<':
			end := strings.IndexByte(text[i:], '>')
			if end < 0 || strings.ContainsAny(text[i+1:i+end], "<\n") {
				t.Fatalf("torn token in %q", text)
			}
			i += end
		case '>':
			t.Fatalf("torn token in %q", text)
		case '&':
			rest := text[i:]
			if !strings.HasPrefix(rest, "&amp;") && !strings.HasPrefix(rest, "&lt;") && !strings.HasPrefix(rest, "&gt;") {
				t.Fatalf("torn entity in %q", text)
			}
		}
	}
}

// wordsOf is what blocks show, without blanks.
func wordsOf(blocks json.RawMessage) string {
	var out strings.Builder
	for _, b := range rawBlocks(blocks) {
		out.WriteString(unnamed(b.spans))
	}
	return strings.Join(strings.Fields(out.String()), "")
}

// unnamed is the text of spans without mentions and channels, whose names Slack knows.
func unnamed(spans []span) string {
	return plainSpans(slices.DeleteFunc(slices.Clone(spans), func(s span) bool { return s.kind == spanMention || s.kind == spanChannel }))
}

func rawBlocks(blocks json.RawMessage) []block {
	in := slackReader{workspace: "T1", dir: team{}}
	var raw []json.RawMessage
	if json.Unmarshal(blocks, &raw) != nil {
		return nil
	}
	for _, b := range raw {
		in.block(b)
	}
	return in.blocks
}

func TestPartsAreCutAtTheBestPlace(t *testing.T) {
	fill := func(n int) string { return strings.Repeat("word ", n/5) }
	for name, c := range map[string]struct{ md, want string }{
		"paragraph": {fill(150) + "\n\nnext. " + fill(100), "word\n\n|next. word"},
		"line":      {fill(150) + "end. " + fill(20) + "\nnext " + fill(100), "word\n|next word"},
		"sentence":  {fill(150) + "end. Next " + fill(100), "end. |Next word"},
		"word":      {fill(300), "word |word"},
		"rune":      {strings.Repeat("x", 300), "x|x"},
		"item":      {"- " + fill(150) + "\n- " + fill(100), "word\n|• word"},
		"block":     {fill(150) + "\n\n```\nx " + strings.Repeat("y", 100) + "\n```", "word\n|```\nx y"},
		"code line": {"```\n" + fill(150) + "\nnext " + fill(100) + "\n```", "\n\n```|```\nnext word"},
	} {
		parts := ToSlack(c.md, nil, minLimit)
		if len(parts) != 2 {
			t.Errorf("%s: %d parts: %q", name, len(parts), parts)
			continue
		}
		before, after, _ := strings.Cut(c.want, "|")
		if !strings.HasSuffix(parts[0].Text, before) || !strings.HasPrefix(parts[1].Text, after) {
			t.Errorf("%s: cut as %q | %q", name, parts[0].Text, parts[1].Text)
		}
	}
}

func TestWhatIsLeftOfAnItemIsNoItem(t *testing.T) {
	parts := ToSlack("1. "+strings.Repeat("word ", 60), nil, minLimit)
	if len(parts) != 2 || !strings.Contains(string(parts[1].Blocks), `[{"type":"rich_text_section"`) {
		t.Errorf("got %s", parts)
	}
}

func TestCutsTearNoCharacterFromItsMarks(t *testing.T) {
	for _, cluster := range []string{"e\u0301", "👋🏽", "👩\u200d💻", "❤️"} {
		for pad := range 6 {
			for _, p := range ToSlack(strings.Repeat("x", pad)+strings.Repeat(cluster, 150), nil, minLimit) {
				text := strings.TrimLeft(p.Text, "x")
				if strings.Count(text, cluster)*len(cluster) != len(text) {
					t.Errorf("%q torn in %q", cluster, p.Text)
				}
			}
		}
	}
}

func TestJoinPutsALineEndWhereABlankWasLost(t *testing.T) {
	for _, c := range []struct {
		parts []string
		want  string
	}{
		{nil, ""},
		{[]string{"a"}, "a"},
		{[]string{"some words", "and more"}, "some words\nand more"},
		{[]string{"some words ", "and more"}, "some words and more"},
		{[]string{"see\n```\nline one\n```", "```\nline two\n```\nend"}, "see\n```\nline one\nline two\n```\nend"},
		{[]string{"see " + strings.Repeat("x", 100), "yz"}, "see " + strings.Repeat("x", 100) + "yz"},
		{[]string{"", "a b", ""}, "a b"},
	} {
		if got := Join(c.parts); got != c.want {
			t.Errorf("%q: got %q, want %q", c.parts, got, c.want)
		}
	}
}
