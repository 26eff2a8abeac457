package words_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/mapping/words"
)

func TestSplitKeepsWhatPeopleSearchFor(t *testing.T) {
	for text, want := range map[string][]string{
		"Invoice #4711 (MÜLLER & Søn)": {"invoice", "4711", "muller", "son"},
		"foo-bar@example.org":          {"foo", "bar", "example", "org"},
		"請求書 is 2x":                    {"請", "求", "書", "is", "2x"},
		" ' \" * ":                     nil,
	} {
		if diff := cmp.Diff(want, words.Split(text)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

func TestParseReadsQuotesAndOpenEnds(t *testing.T) {
	q := words.Parse(`inv "billed twice" a-b x`)
	if got, want := q.FTS5(), `"inv" * AND "billed twice" AND "a b" AND "x"`; got != want {
		t.Errorf("FTS5: %s, want %s", got, want)
	}
	if got, want := q.TSQuery(), `('inv':*) & ('billed' <-> 'twice') & ('a' <-> 'b') & ('x')`; got != want {
		t.Errorf("Postgres: %s, want %s", got, want)
	}
}

func TestExcerptMarksWhatWasFound(t *testing.T) {
	text := strings.Repeat("filler ", 60) + "the Invoices were billed twice " + strings.Repeat("more ", 60)
	var hits []string
	for _, p := range words.Parse(`invoice "billed twice"`).Excerpt(text, 120) {
		if p.Hit {
			hits = append(hits, p.Text)
		}
	}
	if diff := cmp.Diff([]string{"Invoices", "billed", "twice"}, hits); diff != "" {
		t.Error(diff)
	}
}

func FuzzExcerpt(f *testing.F) {
	f.Add(`"a b" ü`, "A b, Über 請求", 5)
	f.Fuzz(func(t *testing.T, query, text string, width int) {
		if width < 1 || width > 1000 || !utf8.ValidString(text) {
			return
		}
		q := words.Parse(query)
		if strings.ContainsAny(q.TSQuery(), `\;`) {
			t.Errorf("%q became %q", query, q.TSQuery())
		}
		for _, p := range q.Excerpt(text, width) {
			if !utf8.ValidString(p.Text) {
				t.Errorf("%q of %q is cut inside a letter", p.Text, text)
			}
		}
	})
}
