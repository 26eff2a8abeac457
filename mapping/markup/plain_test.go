package markup

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestPlainCorpus(t *testing.T) {
	corpus(t, "plain.txtar", ".md", ".txt", func(_ *testing.T, in string) string { return Plain(in) })
}

func TestReplyCorpus(t *testing.T) {
	corpus(t, "reply.txtar", ".md", ".txt", func(_ *testing.T, in string) string { return Reply(in) })
}

func TestReplyHasNoCodesOfOursLeft(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := append(fragments, xss...)
		parts = append(parts, "[@A](mention:slack/T1/U1)", "[#c](channel:x/y/z)", "![x](mention:a)", "[x [y]](date:1)", "[a](<broadcast:here> \"t\")", "[", "](group:x)")
		checkReply(t, strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 1, 8).Draw(t, "md"), ""))
	})
}

func checkReply(t fataler, md string) {
	t.Helper()
	out := Reply(md)
	if coded(out) {
		t.Fatalf("%q became %q", md, out)
	}
}

func TestMentionsListsEachTargetOnceAndNoneInCode(t *testing.T) {
	const md = "[@A](mention:slack/T1/U1) [@B](mention:person/17)\n\n- [@A](mention:slack/T1/U1)\n\n`[@C](mention:slack/T1/U3)` [#c](channel:slack/T1/C1)\n\n> **[@D](mention:slack/T1/U4)**\n\n\\[@E](mention:slack/T1/U5)"
	want := []string{"slack/T1/U1", "person/17", "slack/T1/U4"}
	if diff := cmp.Diff(want, Mentions(md)); diff != "" {
		t.Errorf("wrong (-want +got):\n%s", diff)
	}
}

func TestFingerprintIsOfTheWords(t *testing.T) {
	same := []string{
		"Refund **done**, see [docs](https://example.com/1) :tada:",
		"Refund done, see docs 🎉",
		"# Refund\n\n- done\n- see docs",
		"> refund *done*\n\n```\nsee docs\n```",
		"Refund  done -- see [docs](https://example.com/2)",
	}
	for _, md := range same[1:] {
		if strings.HasPrefix(md, ">") == (Fingerprint(md) == Fingerprint(same[0])) {
			t.Errorf("%q: same as %q: %v", md, same[0], Fingerprint(md) == Fingerprint(same[0]))
		}
	}
	if Fingerprint("") == Fingerprint("a") || Fingerprint("ab") == Fingerprint("ba") {
		t.Error("different words, one fingerprint")
	}
}

func TestFingerprintSurvivesSlackHoweverItIsSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		md := markdownGen.Draw(t, "md")
		limit := rapid.SampledFrom([]int{200, 700, 3900}).Draw(t, "limit")
		var back []string
		for _, p := range ToSlack(md, stranger{}, limit) {
			back = append(back, FromSlack(SlackText{Workspace: "T1", Blocks: p.Blocks}, stranger{}))
		}
		if got, want := Fingerprint(strings.Join(back, "\n\n")), Fingerprint(md); got != want {
			t.Fatalf("%q came back as %q", Plain(md), back)
		}
	})
}

func TestCleanNameLeavesNothingThatMisleads(t *testing.T) {
	for name, want := range map[string]string{
		"Anders And":                          "Anders And",
		"  Anders \n\t And ":                  "Anders And",
		"\u202eevE\u202c":                     "evE",
		"\u2066a\u2067b\u2068c\u2069":         "abc",
		"a\u200bb\u200cc\u200dd\u200ee\u200f": "abcde",
		"a\u00adb\ufeffc\u2060d":              "abcd",
		"Ad\u034fmin":                         "Admin",
		"\u3164\u115f\uffa0\u2800":            "",
		"a\x00\x1b[31mb\x7f\u0085c":           "a[31mb c",
		"a\U000e0041b\ue000c":                 "abc",
		"a\xffb":                              "ab",
		"\u2028a\u2029b\u00a0c":               "a b c",
		"José Müller-Ødegård":                 "José Müller-Ødegård",
		"山田 太郎":                               "山田 太郎",
		"e\u0301":                             "e\u0301",
		"":                                    "",
		strings.Repeat("é", 100):              strings.Repeat("é", 80),
	} {
		if got := CleanName(name); got != want {
			t.Errorf("CleanName(%q) = %q, want %q", name, got, want)
		}
	}
}

func FuzzPlain(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, md string) {
		for _, out := range []string{Plain(md), Reply(md), CleanName(md), Fingerprint(md), strings.Join(Mentions(md), " ")} {
			if !utf8.ValidString(out) || strings.ContainsRune(out, 0) {
				t.Fatalf("%q became %q", md, out)
			}
		}
		checkReply(t, md)
		if name := CleanName(md); CleanName(name) != name || slices.Contains([]rune(name), '\n') {
			t.Fatalf("CleanName(%q) = %q", md, name)
		}
	})
}
