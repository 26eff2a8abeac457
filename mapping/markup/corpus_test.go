package markup

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what the functions return into testdata")

// corpus runs check for each pair NAME.in, NAME.out of the archives that match
// pattern. check returns what NAME.out should be.
func corpus(t *testing.T, pattern, in, out string, check func(t *testing.T, in string) string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives %s: %v", pattern, err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range archive.Files {
			name, ok := strings.CutSuffix(f.Name, in)
			if !ok {
				continue
			}
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar")+"/"+name, func(t *testing.T) {
				got := check(t, strings.TrimSuffix(string(f.Data), "\n"))
				want := &archive.Files[i+1]
				if want.Name != name+out {
					t.Fatalf("%s is not followed by %s", f.Name, name+out)
				}
				if *update {
					want.Data = []byte(got + "\n")
				} else if diff := cmp.Diff(strings.TrimSuffix(string(want.Data), "\n"), got); diff != "" {
					t.Errorf("wrong (-want +got):\n%s", diff)
				}
			})
		}
		if *update {
			if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestSlackCorpusComesBackFromMarkdownAsItWas(t *testing.T) {
	n := 0
	corpus(t, "roundtrip/*.txtar", ".json", ".md", func(t *testing.T, in string) string {
		n++
		return checkRoundTrip(t, slackBlocks(t, in))
	})
	if n < 200 {
		t.Errorf("the corpus has %d cases only", n)
	}
}

// slackBlocks makes a message's blocks of the elements of a rich_text block.
func slackBlocks(t *testing.T, elements string) json.RawMessage {
	t.Helper()
	var raw []json.RawMessage
	if err := json.Unmarshal([]byte(elements), &raw); err != nil {
		t.Fatal(err)
	}
	return toJSON([]map[string]any{{"type": "rich_text", "elements": raw}})
}
