package markup

import (
	"bytes"
	"html"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"pgregory.net/rapid"
)

// What is stored is read by others too, so any CommonMark reader that knows
// ~~strike~~ must see the same words in the same styles.
func TestOtherCommonMarkReadersSeeTheSameWords(t *testing.T) {
	stock := goldmark.New(goldmark.WithExtensions(extension.Strikethrough))
	rapid.Check(t, func(t *rapid.T) {
		blocks := toJSON([]richBlock{{Type: "rich_text", Elements: rapid.SliceOfN(richGen, 1, 5).Draw(t, "blocks")}})
		md := FromSlack(SlackText{Workspace: "T1", Blocks: blocks}, team{})
		var page bytes.Buffer
		if err := stock.Convert([]byte(md), &page); err != nil {
			t.Fatal(err)
		}
		var want strings.Builder
		styled := map[string]int{}
		for _, b := range flatten(md) {
			want.WriteString(plainSpans(b.spans))
		}
		for _, tag := range []string{"<strong>", "<em>", "<del>", "<code>", "<blockquote>", "<ul>", "<ol"} {
			styled[tag] = strings.Count(string(HTML(md)), tag)
			if n := strings.Count(page.String(), tag); n != styled[tag] {
				t.Fatalf("%q: %d × %s elsewhere, %d here:\n%s", md, n, tag, styled[tag], page.String())
			}
		}
		got := html.UnescapeString(tagPattern.ReplaceAllString(page.String(), ""))
		if squeeze(got) != squeeze(want.String()) {
			t.Fatalf("%q reads %q elsewhere, %q here", md, squeeze(got), squeeze(want.String()))
		}
	})
}

// squeeze drops blanks, and what masked adds to labels.
func squeeze(s string) string {
	for _, note := range []string{" (x.dk)", " (y.dk)", " (a@b.dk)"} {
		s = strings.ReplaceAll(s, note, "")
	}
	return strings.Join(strings.Fields(s), "")
}
