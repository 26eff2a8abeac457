package markup

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// calls finds all that could call somebody in content, however Discord reads it: it
// knows no escapes, no code and no case.
func calls(content string) []string {
	return regexp.MustCompile(`(?i)<@!?[0-9]+>|<@&[0-9]+>|@everyone|@here`).FindAllString(content, -1)
}

// checkDiscordCalls fails if a part calls anybody but the accounts it names, or names
// one that it does not mention.
func checkDiscordCalls(t fataler, parts []DiscordPart, allowed []string, from string) {
	t.Helper()
	for _, p := range parts {
		if !utf8.ValidString(p.Content) || strings.ContainsRune(p.Content, 0) {
			t.Fatalf("no valid text: %q", p.Content)
		}
		found := calls(p.Content)
		for _, call := range found {
			id := strings.Trim(call, "<@>")
			if !slices.Contains(p.Users, id) || !slices.Contains(allowed, id) {
				t.Fatalf("live call %q in %q, allowed %q, from %q", call, p.Content, p.Users, from)
			}
		}
		for _, id := range p.Users {
			if !slices.Contains(found, "<@"+id+">") {
				t.Fatalf("%q is to be called without being mentioned in %q", id, p.Content)
			}
		}
	}
}

// liveToken matches what Discord has between angle brackets; the address of a link is
// all that may stand there in foreign text.
var liveToken = regexp.MustCompile(`<(?:[@#]|a?:|/|id:|t:)[^<>\n]*>`)

// checkDiscordInert fails if a part has anything of Discord's own in it, as Discord's
// clients read it.
func checkDiscordInert(t fataler, parts []DiscordPart, from string) {
	t.Helper()
	checkDiscordCalls(t, parts, nil, from)
	for _, p := range parts {
		in := discordReader{guild: "9", dir: club{}}
		in.read(p.Content)
		for _, b := range in.blocks {
			for _, s := range b.spans {
				switch s.kind {
				case spanMention, spanChannel, spanGroup, spanBroadcast:
					t.Fatalf("live %q in %q from %q", s.ref, p.Content, from)
				case spanLink:
					if s.text != s.ref && s.text+" ("+realTarget(s.ref)+")" != s.ref {
						t.Fatalf("masked link %q in %q from %q", s.text, p.Content, from)
					}
				}
			}
		}
		for _, at := range liveToken.FindAllStringIndex(p.Content, -1) {
			before := p.Content[:at[0]]
			token := p.Content[at[0]:at[1]]
			escaped := (len(before)-len(strings.TrimRight(before, `\`)))%2 == 1
			coded := strings.Count(before, "`") > 0
			if !escaped && !coded && !strings.HasPrefix(token, "<t:") {
				t.Fatalf("live token %q in %q from %q", token, p.Content, from)
			}
		}
	}
}

// discordPayloads generates what somebody could write to call somebody or to put
// something of Discord's into a post: each thing in each disguise.
func discordPayloads() []string {
	things := []string{
		"@everyone", "@here", "@EVERYONE", "<@1>", "<@!1>", "<@&3>", "<#4>", "<:pepe:123456789012345678>", "<a:pepe:123456789012345678>",
		"</close:123456789012345678>", "<id:customize>", "[x](https://evil.example)", "[https://bank.example](https://evil.example)", "||x||",
	}
	disguises := []string{
		"%s", "x%sx", `\%s`, `\\%s`, "`%s`", "``%s``", "`` ` %s``", "```\n%s\n```", "```%s```", "`````\n```\n%s\n`````", "> %s", ">>> %s", "- %s", "1. %s", "# %s", "-# %s",
		"**%s**", "_%s_", "*%s*", "~~%s~~", "__%s__", "||%s||", "[%s](https://a.example)", "[x](https://a.example/%s)", "![%s](https://a.example/i.png)",
		"[%s](mention:discord/9/1)", "[%s](channel:discord/9/4)", "[%s](group:discord/9/3)", "[%s](broadcast:here)", "[%s](date:1392734382?f=%%7Bdate%%7D)",
		"https://a.example/%s", "<https://a.example/%s>", "<%s>", "&lt;%s&gt;", "\u200b%s\u200b", "\u202e%s", "a@%s", "%s%s", "    %s", "\t%s", "\n\n%s\n\n", "\\\n%s",
		"[x](https://a.example \"%s\")", ":%s:", "¯\\_(ツ)_/¯%s", "%s`", "`%s", "```%s", "*%s", "~~%s", "[%s", "%s](https://a.example)",
	}
	var out []string
	for _, thing := range things {
		for _, d := range disguises {
			n := strings.Count(strings.ReplaceAll(d, "%%", ""), "%s")
			args := []any{thing, thing}[:n]
			out = append(out, fmt.Sprintf(d, args...))
		}
		// Taken apart, so that it comes together where something is taken out.
		for i := range thing {
			if i > 0 && i < 4 || i == len(thing)/2 {
				for _, glue := range []string{"\u200b", `\`, "**", "**x**", "&#64;", "\x00", "\u00ad", "`", "<b>"} {
					out = append(out, thing[:i]+glue+thing[i:])
				}
			}
		}
		escaped := strings.Builder{}
		for _, r := range thing {
			escaped.WriteString(charReference(r))
		}
		out = append(out, escaped.String())
	}
	return out
}

// barred knows names and lets nobody be mentioned.
type barred struct{ club }

func (barred) Account(string) (string, bool) { return "", false }

// crooked answers with what is no account.
type crooked struct{ club }

func (crooked) Account(target string) (string, bool) {
	return map[string]string{
		"discord/9/1": "1> @everyone <@2", "discord/9/3": "&3", "discord/9/4": "@here", "slack/T1/U1": "!1", "U1": "01", "person/1": "",
	}[target], true
}

func TestNoForeignTextCallsAnybodyOnDiscord(t *testing.T) {
	all := append(discordPayloads(), payloads(t)...)
	if len(all) < 1000 {
		t.Errorf("%d payloads only", len(all))
	}
	for _, s := range all {
		for _, d := range []Directory{nil, barred{}, crooked{}} {
			// What somebody wrote in Markdown, in an agent's name, on Slack, and
			// on Discord, in markup and as words.
			checkDiscordInert(t, ToDiscord(s, d, 0), s)
			checkDiscordInert(t, ToDiscordFrom(s, "hello", d, 0), s)
			checkDiscordInert(t, ToDiscord(strings.Repeat("x", 190)+s, d, 200), s)
			text := []any{element{Type: "text", Text: s}}
			blocks := toJSON([]richBlock{{Type: "rich_text", Elements: []richElement{{Type: "rich_text_section", Elements: text}, {Type: "rich_text_preformatted", Elements: text}}}})
			checkDiscordInert(t, ToDiscord(FromSlack(SlackText{Workspace: "T1", Blocks: blocks}, d), d, 0), s)
			checkDiscordInert(t, ToDiscord(FromSlack(SlackText{Workspace: "T1", Text: s}, d), d, 0), s)
			checkDiscordInert(t, ToDiscord(FromDiscord(DiscordText{Guild: "9", Content: s}, d), d, 0), s)
			checkInert(t, ToSlack(FromDiscord(DiscordText{Guild: "9", Content: s}, d), d, 0), s)
		}
	}
}

func TestNamesOnDiscordCallNobody(t *testing.T) {
	for _, s := range discordPayloads() {
		md := FromDiscord(DiscordText{Guild: "9", Content: "<@1> <@&3> <#4>"}, named1(s))
		checkDiscordInert(t, ToDiscord(md, barred{}, 0), s)
		checkDiscordCalls(t, ToDiscord(md, club{}, 0), []string{"1"}, s)
		checkInert(t, ToSlack(md, stranger{}, 0), s)
	}
}

// named1 is a Directory in which everything has one name.
type named1 string

func (n named1) Name(string, string, string) (string, bool) { return string(n), true }
func (n named1) Account(string) (string, bool)              { return "", false }

func TestOnlyAccountsTheDirectoryKnowsAreMentionedOnDiscord(t *testing.T) {
	md := "[@Anders](mention:discord/9/1) [@Bo](mention:discord/8/2) [@C](mention:person/7) [@Anders](mention:discord/9/1) `<@2>` <@2> [x](channel:discord/9/4)"
	parts := ToDiscord(md, club{}, 0)
	checkDiscordCalls(t, parts, []string{"1"}, md)
	if want := "<@1> @Bo @C <@1> `<@\u200b2>` \\<@\u200b2> <#4>"; len(parts) != 1 || parts[0].Content != want || !slices.Equal(parts[0].Users, []string{"1"}) {
		t.Errorf("got %q", parts)
	}
}

func TestHostileInputIsReadInTimeOnDiscord(t *testing.T) {
	const n = 10000
	for _, unit := range []string{
		"*", "_", "~", "|", "`", "[", "](", "<", "\\", ":", "@", ">", "> ", "- ", "1. ", "*a ", "a*", "**a", "**a *", "_a ", "__a", "~~a ", "||a ", "`a``", "```", "```a\n",
		"[a](", "[a](https://a.dk ", "<https://a.dk", "<t:1", "http://a.dk ", "\n", "- a\n", "  - a\n", "\n\n- a", "> ```\n", "*a **b ", "\u200b", "@\u200b", "\\~", "\u0301", "&",
		"[[a]", "<@", "# ", "#", "a_", "_a_", "*a*", "**a**b", "x ", "h", "`` ` ",
	} {
		s := strings.Repeat(unit, n/len(unit))
		md := FromDiscord(DiscordText{Guild: "9", Content: s}, nil)
		checkDiscordInert(t, ToDiscord(md, nil, 0), unit)
		checkDiscordInert(t, ToDiscord(s, nil, 0), unit)
	}
}

// discordSeeds are a few of all payloads, enough to vary them.
func discordSeeds(f *testing.F) []string {
	var out []string
	for i, s := range append(discordPayloads(), seeds(f)...) {
		if i%23 == 0 {
			out = append(out, s)
		}
	}
	return out
}

func FuzzToDiscord(f *testing.F) {
	for i, s := range discordSeeds(f) {
		f.Add(s, i%2*200)
	}
	f.Fuzz(func(t *testing.T, md string, limit int) {
		checkDiscordInert(t, ToDiscord(md, barred{}, limit), md)
		checkDiscordInert(t, ToDiscordFrom(md, "x", nil, limit), md)
		checkDiscordParts(t, "", md, discordLimit(min(limit, 5000)))
	})
}

func FuzzFromDiscord(f *testing.F) {
	for _, s := range discordSeeds(f) {
		f.Add("9", s)
	}
	f.Fuzz(func(t *testing.T, guild, content string) { checkFromDiscord(t, guild, content) })
}

// checkFromDiscord fails unless a message is readable Markdown that mentions nobody
// from elsewhere, says on Discord what it said, and keeps its fingerprint.
func checkFromDiscord(t fataler, guild, content string) {
	t.Helper()
	md := FromDiscord(DiscordText{Guild: guild, Content: content}, club{})
	if !utf8.ValidString(md) || strings.ContainsRune(md, 0) {
		t.Fatalf("no valid text: %q", md)
	}
	for _, target := range Mentions(md) {
		if !strings.HasPrefix(target, "discord/"+guild+"/") {
			t.Fatalf("mention of %q in %q", target, md)
		}
	}
	checkInert(t, ToSlack(md, stranger{}, 0), md)
	checkDiscordInert(t, ToDiscord(md, barred{}, 0), md)
	checkDiscordParts(t, "", md, 200)
	if again := write(tidy(flatten(md))); Plain(again) != Plain(md) {
		t.Fatalf("%q reads differently when written again: %q", md, again)
	}
}
