package markup

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// club is a Directory for one guild, 9: it knows a few names, and lets every account
// and channel of the guild be mentioned.
type club struct{}

func (club) Name(surface, workspace, id string) (string, bool) {
	name, ok := map[string]string{
		"discord/9/1": "Anders", "discord/9/2": "Bo [ops]", "discord/9/3": "leads", "discord/9/4": "billing",
	}[surface+"/"+workspace+"/"+id]
	return name, ok
}

func (club) Account(target string) (string, bool) { return strings.CutPrefix(target, "discord/9/") }

// discordBodyGen makes bodies of everything that means something on Discord.
var discordBodyGen = rapid.Custom(func(t *rapid.T) string {
	words := append(slices.Clone(fragments),
		"lorem ipsum dolor sit amet. ", "**bold**", "*it*", "_it_ ", "~~gone~~", "**b _bi_**_i_", "`code` ", "`` a`b ``", "`` ``` ``", "||", "-# ", "@everyone", "@here",
		"<@1>", "<@&3>", "<#4>", "[@Anders](mention:discord/9/1)", "[#billing](channel:discord/9/4)", "[@leads](group:discord/9/3)", "[@here](broadcast:here)",
		"[a](https://x.dk/"+strings.Repeat("long", 40)+")", "<https://x.dk/a_b*c?a&b>", "[12](date:1392734382?f=%7Bdate%7D)", ":partyparrot:", "🎉",
		strings.Repeat("x", 90), strings.Repeat("&*", 25), strings.Repeat("🧑\u200d🚀", 30))
	var b strings.Builder
	for range rapid.IntRange(0, 8).Draw(t, "blocks") {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 1, 30).Draw(t, "words"), "")
		switch rapid.IntRange(0, 6).Draw(t, "kind") {
		case 0:
			b.WriteString("`````" + rapid.SampledFrom([]string{"", "go", "c++"}).Draw(t, "lang") + "\n" + text + "\n`````\n")
		case 1:
			b.WriteString("> " + strings.ReplaceAll(text, "\n", "\n> ") + "\n\n")
		case 2:
			b.WriteString("- " + text + "\n  1. " + text[:min(len(text), 1)] + "\n")
		default:
			b.WriteString(text + "\n\n")
		}
	}
	return b.String()
})

func TestDiscordPartsKeepTheLimitAndAreTheWholeTextTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		md := discordBodyGen.Draw(t, "md")
		limit := rapid.SampledFrom([]int{200, 230, 500, 2000}).Draw(t, "limit")
		checkDiscordParts(t, rapid.SampledFrom([]string{"", "Alice *Agent*", "@everyone"}).Draw(t, "author"), md, limit)
	})
}

// checkDiscordParts compares what the parts of a body say with what the body says.
func checkDiscordParts(t fataler, author, md string, limit int) {
	t.Helper()
	var contents []string
	for _, p := range ToDiscordFrom(author, md, club{}, limit) {
		contents = append(contents, p.Content)
		if n := max(utf8.RuneCountInString(p.Content), len(utf16.Encode([]rune(p.Content)))); n > limit {
			t.Fatalf("part of %d characters, limit %d: %q", n, limit, p.Content)
		}
		if !utf8.ValidString(p.Content) || isBlankText(strings.Trim(p.Content, zeroWidthSpace)) {
			t.Fatalf("part that shows nothing: %q", p.Content)
		}
		if len(p.Users) > 100 {
			t.Fatalf("%d users to allow", len(p.Users))
		}
	}
	// Discord gives back what it was sent without the blanks around it.
	for i := range contents {
		contents[i] = strings.TrimSpace(contents[i])
	}
	back := JoinDiscord("9", contents, club{})
	want, got := discordNormal(author, md, limit), discordNormal("", back, limit)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(block{}, span{}), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("parts together are not the text (-sent +came back):\n%s\nmarkdown: %q\nparts:    %q\nback:     %q", diff, md, contents, back)
	}
}

// discordNormal reads a body into the form in which bodies that look the same on
// Discord are equal.
func discordNormal(author, md string, limit int) []block {
	w := discordWriter{dir: club{}, max: limit}
	w.take(author, md)
	out := tidy(w.blocks)
	for i := range out {
		b := &out[i]
		b.spans = discordNormalSpans(*b)
		if !b.ordered {
			b.number = 0
		}
	}
	out = slices.DeleteFunc(out, func(b block) bool { return len(b.spans) == 0 })
	for i := range out {
		out[i].fresh = out[i].fresh && i > 0 && out[i-1].kind == blockItem
	}
	return out
}

func discordNormalSpans(b block) []span {
	if b.kind == blockPre {
		return appendText(nil, plainSpans(b.spans))
	}
	var out []span
	for _, line := range splitLines(discordCells(b.spans)) {
		for i, c := range line {
			if c.blank() {
				line[i].style = ^style(0) // a blank has the styles of both its neighbours
			}
		}
		tuck(line)
		for _, c := range line {
			s := span{style: c.style, text: "⟦" + c.object + "⟧"}
			if strings.HasPrefix(c.object, ":") {
				s.text = c.object // a short code beside a word is text, which looks the same
			} else if c.object == "" {
				s.text = string(c.r)
			}
			out = append(out, s)
		}
		out = appendText(out, "\n")
	}
	out = compact(out)
	if isBlankText(plainSpans(out)) {
		return nil
	}
	return out
}

func TestLongTextComesBackFromDiscordToTheLetter(t *testing.T) {
	sentence := "The quick brown fox, who is 42 years old, jumps over the lazy dog. "
	code := "```go\n" + strings.Repeat("func main() { fmt.Println(`x`) }\n\n", 250) + "end\n```"
	for name, md := range map[string]string{
		"prose":      strings.TrimSpace(strings.Repeat(sentence, 150)),
		"paragraphs": strings.TrimSpace(strings.Repeat(strings.Repeat(sentence, 6)+"two  blanks\n\n", 24)),
		"lines":      strings.TrimSpace(strings.Repeat(sentence+"end\n", 140)),
		"code":       "before\n\n" + code + "\n\nafter",
		"list":       strings.TrimSpace(strings.Repeat("- "+strings.Repeat(sentence, 4)+"end\n  - "+sentence+"end\n", 30)),
		"long items": strings.TrimSpace(strings.Repeat("- "+strings.Repeat(sentence, 40)+"end\n", 4)) + "\n\nand then text",
		"quote":      strings.TrimSpace(strings.Repeat("> "+sentence+"end\n", 140)),
		"styled":     "**" + strings.Repeat(sentence, 150) + "end** and _" + strings.Repeat(sentence, 20) + "end_",
		"one word":   strings.Repeat("abcdefghij", 1000),
		"emoji":      strings.Repeat("👩\u200d💻👋🏽🎉", 800),
		"escaped":    strings.Repeat("\\*\\_\\~\\`\\[", 2000),
		"mentions":   strings.TrimSpace(strings.Repeat("[@Anders](mention:discord/9/1) in [#billing](channel:discord/9/4) ", 490)),
		"inline":     strings.TrimSpace(strings.Repeat("`some code` and <https://x.dk/a_b> ", 300)),
	} {
		var contents []string
		for _, p := range ToDiscord(md, club{}, 0) {
			contents = append(contents, strings.TrimSpace(p.Content))
			if strings.Count(p.Content, "```")%2 != 0 || strings.Contains(p.Content, "```\nfunc") {
				t.Errorf("%s: a fence is left open or lost its language: %q", name, p.Content)
			}
		}
		if back := JoinDiscord("9", contents, club{}); back != md {
			t.Errorf("%s: %d parts of %d characters came back as %d: %s", name, len(contents), utf8.RuneCountInString(md), utf8.RuneCountInString(back), cmp.Diff(strings.SplitAfter(md, " "), strings.SplitAfter(back, " ")))
		}
		if len(contents) < 4 {
			t.Errorf("%s: %d parts only", name, len(contents))
		}
	}
}
