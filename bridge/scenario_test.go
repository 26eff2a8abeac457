package bridge_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/bridge/bridgetest"
)

// TestScenarios plays the promises of the design as a person can read them.
func TestScenarios(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) < 15 {
		t.Fatalf("only %d scenarios: %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			bridgetest.RunScenario(t, path)
		})
	}
}
