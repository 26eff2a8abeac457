package markup_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/mapping/markup"
)

func naming() []markup.Naming {
	return []markup.Naming{
		{Name: "@Anders", Target: "mention:person/1"},
		{Name: "@Anders Expert", Target: "mention:person/2"},
		{Name: "#billing", Target: "channel:slack/T1/C1"},
		{Name: "@no", Target: "javascript:x"},
		{Name: "@x", Target: "mention:a) [b](c"},
	}
}

func TestTypedNamesBecomeLinksWherePeopleReadNames(t *testing.T) {
	const anders, expert, billing = "[@Anders](mention:person/1)", "[@Anders Expert](mention:person/2)", "[#billing](channel:slack/T1/C1)"
	for typed, want := range map[string]string{
		"@Anders, look":                        anders + ", look",
		"Hi @Anders Expert!":                   "Hi " + expert + "!",
		"in #billing:":                         "in " + billing + ":",
		"**@Anders**":                          "**" + anders + "**",
		"> @Anders\n\n- @Anders":               "> " + anders + "\n\n- " + anders,
		"@Andersson mail@Anders @no @x":        "@Andersson mail@Anders @no @x",
		"`@Anders` and\n\n```\n@Anders\n```":   "`@Anders` and\n\n```\n@Anders\n```",
		"[@Anders](https://a.example) @Anders": "[@Anders](https://a.example) " + anders,
		"https://a.example/@Anders":            "https://a.example/@Anders",
		`\@Anders`:                             `\@Anders`,
		anders:                                 anders,
	} {
		if got := markup.Link(typed, naming()); got != want {
			t.Errorf("%q became %q, want %q", typed, got, want)
		}
	}
}

func TestABodyIsEditedWithPlainNamesAndStaysWhatItWas(t *testing.T) {
	body := "Hi [@Anders Expert](mention:person/2) in [#billing](channel:slack/T1/C1), [@Anders Expert](mention:person/2)"
	text, list := markup.Unlink(body)
	if text != "Hi @Anders Expert in #billing, @Anders Expert" {
		t.Errorf("the box has %q", text)
	}
	if diff := cmp.Diff([]markup.Naming{{"@Anders Expert", "mention:person/2"}, {"#billing", "channel:slack/T1/C1"}}, list); diff != "" {
		t.Error(diff)
	}
	for _, body := range []string{
		body, "[@Anders](mention:person/1) [@Anders](mention:person/2)", "@Anders [@Anders](mention:person/1)", "[](mention:x)",
		"[@a*b](mention:person/1)", "x[@Anders](mention:person/1)y", "[@here](broadcast:here)", "`[@A](mention:p/1)`",
	} {
		text, list := markup.Unlink(body)
		if got := markup.Link(text, list); got != body {
			t.Errorf("%q is edited as %q and becomes %q", body, text, got)
		}
	}
}

func FuzzNaming(f *testing.F) {
	f.Add("Hi @Anders `@Anders` [x](https://a.example/@Anders)")
	f.Add("[@Anders](mention:person/1) @Anders\n```\n@Anders")
	f.Fuzz(func(t *testing.T, body string) {
		text, list := markup.Unlink(body)
		back := markup.Link(text, list)
		if markup.HTML(back) != markup.HTML(body) {
			t.Errorf("%q is edited as %q and becomes %q", body, text, back)
		}
		linked := markup.Link(body, naming())
		for _, target := range markup.Mentions(linked) {
			if target != "person/1" && target != "person/2" && !slices.Contains(markup.Mentions(body), target) {
				t.Errorf("%q mentions %q", linked, target)
			}
		}
	})
}
