package markup

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDiscordCorpusComesBackFromMarkdownAsItWas(t *testing.T) {
	n := 0
	corpus(t, "discord/*.txtar", ".in", ".md", func(t *testing.T, in string) string {
		n++
		md := FromDiscord(DiscordText{Guild: "9", Content: in}, club{})
		parts := ToDiscord(md, club{}, 0)
		if len(parts) != 1 {
			t.Fatalf("%d parts of %q", len(parts), md)
		}
		if diff := cmp.Diff(in, parts[0].Content); diff != "" {
			t.Errorf("changed on the way (-in +out):\n%s\nmarkdown: %q", diff, md)
		}
		return md
	})
	if n < 200 {
		t.Errorf("the corpus has %d cases only", n)
	}
}

func TestDiscordMessagesAreReadAsDiscordShowsThem(t *testing.T) {
	n := 0
	corpus(t, "fromdiscord.txtar", ".in", ".md", func(_ *testing.T, in string) string {
		n++
		return FromDiscord(DiscordText{Guild: "9", Content: in}, club{})
	})
	if n < 100 {
		t.Errorf("the corpus has %d cases only", n)
	}
}

func TestMarkdownToDiscordCorpus(t *testing.T) {
	corpus(t, "todiscord.txtar", ".md", ".out", func(_ *testing.T, in string) string {
		return showDiscord(ToDiscord(in, club{}, 0))
	})
}

func TestAuthorCorpusStandsBeforeTheFirstPartOnDiscord(t *testing.T) {
	corpus(t, "discordauthor.txtar", ".md", ".out", func(_ *testing.T, in string) string {
		name, body, _ := strings.Cut(in, "\n")
		return showDiscord(ToDiscordFrom(name, body, club{}, 0))
	})
}

// showDiscord writes parts so that a person can compare them.
func showDiscord(parts []DiscordPart) string {
	var out []string
	for _, p := range parts {
		text := strings.ReplaceAll(p.Content, zeroWidthSpace, "␣")
		if len(p.Users) > 0 {
			text += "\nusers: " + strings.Join(p.Users, " ")
		}
		out = append(out, text)
	}
	return strings.Join(out, "\n=====\n")
}

func TestSlackToDiscordCorpus(t *testing.T) {
	corpus(t, "slacktodiscord.txtar", ".in", ".out", func(_ *testing.T, in string) string {
		return showDiscord(ToDiscord(FromSlack(SlackText{Workspace: "T1", Text: in}, team{}), club{}, 0))
	})
}

func TestDiscordToSlackCorpus(t *testing.T) {
	corpus(t, "discordtoslack.txtar", ".in", ".out", func(_ *testing.T, in string) string {
		return showParts(ToSlack(FromDiscord(DiscordText{Guild: "9", Content: in}, club{}), team{}, 0))
	})
}

func TestWhatSlackSaysReadsTheSameOnDiscord(t *testing.T) {
	n := 0
	corpus(t, "roundtrip/*.txtar", ".json", ".md", func(t *testing.T, in string) string {
		n++
		md := FromSlack(SlackText{Workspace: "T1", Blocks: slackBlocks(t, in)}, team{})
		checkDiscordParts(t, "", md, 2000)
		checkDiscordParts(t, "Alice", md, 200)
		checkDiscordInert(t, ToDiscord(md, team{}, 0), md)
		return md
	})
	if n < 200 {
		t.Errorf("%d cases only", n)
	}
}

func TestWhatDiscordSaysReadsTheSameOnSlack(t *testing.T) {
	corpus(t, "discord/*.txtar", ".in", ".md", func(t *testing.T, in string) string {
		md := FromDiscord(DiscordText{Guild: "9", Content: in}, club{})
		var back []string
		for _, p := range ToSlack(md, team{}, 0) {
			back = append(back, FromSlack(SlackText{Workspace: "T1", Blocks: p.Blocks}, team{}))
		}
		if got, want := Fingerprint(strings.Join(back, "")), Fingerprint(md); got != want {
			t.Errorf("other words on Slack: %q, %q", back, md)
		}
		return md
	})
}

// echoes are what Discord may do to a message on its way.
var echoes = map[string]func(string) string{
	"nothing":                    func(s string) string { return s },
	"trims":                      strings.TrimSpace,
	"drops zero-width spaces":    func(s string) string { return strings.ReplaceAll(s, zeroWidthSpace, "") },
	"drops blank lines":          func(s string) string { return strings.ReplaceAll(s, "\n\n", "\n") },
	"makes old user mentions":    func(s string) string { return strings.ReplaceAll(s, "<@1>", "<@!1>") },
	"makes line ends of its own": func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
}

func TestAnEchoHasTheFingerprintOfWhatWasSentToDiscord(t *testing.T) {
	print := func(content string) string {
		return Fingerprint(FromDiscord(DiscordText{Guild: "9", Content: content}, nil))
	}
	bodies := append(payloads(t), discordPayloads()...)
	bodies = append(bodies, "[@Anders](mention:discord/9/1) look at [docs](https://x.dk) & `code`\n\n```go\nx\n```\n\n- a\n- b", strings.Repeat("long words ", 500))
	for _, md := range bodies {
		for _, p := range ToDiscordFrom("Alice (agent)", md, club{}, 0) {
			for how, echo := range echoes {
				if print(echo(p.Content)) != print(p.Content) {
					t.Errorf("Discord %s: %q has another fingerprint", how, p.Content)
				}
			}
		}
	}
}
