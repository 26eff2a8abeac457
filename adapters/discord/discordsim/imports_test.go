package discordsim

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

func TestSharesNoCodeWithWhatItTests(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range parsed.Imports {
			path := strings.Trim(spec.Path.Value, `"`)
			if strings.HasSuffix(path, "/adapters/chat/simpage") {
				continue // what the simulators' pages have in common
			}
			outside := strings.Contains(strings.Split(path, "/")[0], ".")
			if outside && path != "github.com/gorilla/websocket" && !strings.HasSuffix(name, "_test.go") {
				t.Errorf("%s imports %s", name, path)
			}
			if strings.Contains(path, "sidebridge") || strings.Contains(path, "discordgo") {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
}
