package main_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/sidebridge/sidebridge"
	root   = "../.."
)

// rule says what a folder's packages may import beside the standard library
// and beside packages of the same folder. Paths of the project are relative
// to the module, and a path allows what lies below it. Tests may import more.
type rule struct {
	folder string
	allow  []string
}

// surfaceLibs are the libraries that any adapter may use.
var surfaceLibs = []string{
	"github.com/cenkalti/backoff/v4", "github.com/google/uuid", "github.com/gorilla/websocket",
	"golang.org/x/sync", "golang.org/x/time/rate",
}

// testLibs are the libraries of packages that exist for tests.
var testLibs = []string{
	"github.com/google/go-cmp/cmp", "github.com/rogpeppe/go-internal", "go.uber.org/goleak", "pgregory.net/rapid",
	"github.com/google/uuid", "golang.org/x/sync",
}

// simLibs are the libraries of the simulators: they speak a platform's
// protocol by themselves, so that they cannot share an adapter's mistake.
var simLibs = []string{"github.com/google/uuid", "github.com/gorilla/websocket", "golang.org/x/sync", "golang.org/x/time/rate", "adapters/chat/simpage"}

var domain = []string{"bridge", "mapping", "mapping/markup"}

// importRules is which way imports point. The most specific folder counts.
var importRules = []rule{
	{"bridge", []string{"github.com/cenkalti/backoff/v4", "golang.org/x/sync"}},
	{"bridge/bridgetest", slices.Concat(domain, testLibs, []string{"store"})},
	{"mapping", nil},
	{"mapping/markup", []string{"github.com/yuin/goldmark", "github.com/yuin/goldmark-emoji"}},
	{"config", []string{"mapping", "github.com/BurntSushi/toml"}},
	{"store", slices.Concat(domain, []string{
		"github.com/jmoiron/sqlx", "github.com/lib/pq", "github.com/pressly/goose/v3", "modernc.org/sqlite",
		"github.com/google/uuid", "golang.org/x/sync",
	})},
	{"store/storetest", slices.Concat(domain, testLibs, []string{
		"store", "bridge/bridgetest", "github.com/jmoiron/sqlx", "github.com/lib/pq", "modernc.org/sqlite",
	})},
	{"adapters", slices.Concat(domain, surfaceLibs)},
	{"adapters/chat", domain},
	{"adapters/chat/simpage", nil},
	{"adapters/slack", slices.Concat(domain, surfaceLibs, []string{"adapters/chat", "github.com/slack-go/slack"})},
	{"adapters/slack/slacksim", simLibs},
	{"adapters/discord", slices.Concat(domain, surfaceLibs, []string{"adapters/chat", "github.com/bwmarrin/discordgo"})},
	{"adapters/discord/discordsim", simLibs},
	{"adapters/zendesk/zendesksim", simLibs},
	{"adapters/web", slices.Concat(domain, surfaceLibs, []string{
		"github.com/alexedwards/scs/v2", "github.com/dustin/go-humanize", "github.com/microcosm-cc/bluemonday",
		"github.com/prometheus/client_golang", "github.com/yuin/goldmark", "golang.org/x/crypto", "golang.org/x/net/html",
		"adapters/web/sso", "github.com/boombuler/barcode", "github.com/pquerna/otp",
	})},
	{"adapters/web/sso", []string{"github.com/coreos/go-oidc/v3", "golang.org/x/oauth2"}},
	{"adapters/web/sso/ssotest", []string{"github.com/zitadel/oidc/v3"}},
	{"adapters/web/webtest", []string{"github.com/chromedp/chromedp", "github.com/chromedp/cdproto"}},
	{"cmd", []string{"*"}},
}

// listed is what the go command says about a package.
type listed struct {
	ImportPath string
	Imports    []string
}

func TestImportsPointTheRightWay(t *testing.T) {
	packages := listPackages(t)
	ours := make(map[string]bool)
	for _, p := range packages {
		ours[p.ImportPath] = true
	}
	for _, p := range packages {
		pkg := strings.TrimPrefix(p.ImportPath, module+"/")
		r, ok := ruleFor(pkg)
		if !ok {
			t.Errorf("package %s is in a folder without an import rule", pkg)
			continue
		}
		for _, imported := range p.Imports {
			if isStandard(imported) && !ours[imported] {
				continue
			}
			if imported = strings.TrimPrefix(imported, module+"/"); !r.allows(imported) {
				t.Errorf("%s imports %s, which %s may not", pkg, imported, r.folder)
			}
		}
	}
}

func TestRulesSeparateWhatMustNotMeet(t *testing.T) {
	forbidden := [][2]string{
		{"adapters/slack", "store"},
		{"adapters/slack", "config"},
		{"adapters/slack", "adapters/discord"},
		{"adapters/slack", "adapters/slack/slacksim"},
		{"adapters/slack/slacksim", "adapters/slack"},
		{"adapters/slack/slacksim", "bridge"},
		{"adapters/slack/slacksim", "adapters/chat"},
		{"adapters/chat/simpage", "bridge"},
		{"adapters/discord", "github.com/slack-go/slack"},
		{"adapters/teams", "adapters/slack"},
		{"adapters/web", "adapters/web/sso/ssotest"},
		{"adapters/web", "adapters/web/webtest"},
		{"adapters/web/webtest", "adapters/web"},
		{"adapters/web/sso/ssotest", "adapters/web/sso"},
		{"adapters/web/sso/ssotest", "github.com/coreos/go-oidc/v3"},
		{"bridge", "store"},
		{"bridge", "bridge/bridgetest"},
		{"bridge", "mapping"},
		{"bridge", "github.com/jmoiron/sqlx"},
		{"mapping", "bridge"},
		{"mapping", "mapping/markup"},
		{"config", "adapters/slack"},
		{"store", "adapters/web"},
		{"store", "store/storetest"},
	}
	for _, f := range forbidden {
		if r, ok := ruleFor(f[0]); !ok || r.allows(f[1]) {
			t.Errorf("the rules let %s import %s", f[0], f[1])
		}
	}
}

// topLevel is everything the project's first folder may hold, beside what git
// ignores and an editor's own dot files.
var topLevel = []string{
	"bridge", "adapters", "store", "mapping", "config", "cmd",
	"go.mod", "go.sum", "README.md", "LICENSE", "Makefile", ".ci", "docs", "tools",
	"Dockerfile", "compose.yaml", "deploy",
}

func TestTopLevelHoldsOnlyTheFoldersOfTheDesign(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	ignored := ignoredPatterns(t)
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") || slices.Contains(topLevel, name) {
			continue
		}
		if !slices.ContainsFunc(ignored, func(p string) bool { ok, _ := path.Match(p, name); return ok }) {
			t.Errorf("%s does not belong at the top level", name)
		}
	}
}

// ruleFor returns the rule of the most specific folder that holds pkg.
func ruleFor(pkg string) (found rule, ok bool) {
	for _, r := range importRules {
		if isBelow(pkg, r.folder) && len(r.folder) > len(found.folder) {
			found, ok = r, true
		}
	}
	if ok && found.folder == "adapters" {
		// Each further adapter is a folder of its own, not part of one family.
		name, _, _ := strings.Cut(strings.TrimPrefix(pkg, "adapters/"), "/")
		found.folder = "adapters/" + name
	}
	return found, ok
}

// allows says whether packages of the rule's folder may import that path.
func (r rule) allows(imported string) bool {
	if owner, ok := ruleFor(imported); ok && owner.folder == r.folder {
		return true
	}
	for _, a := range r.allow {
		if a == "*" || a == imported {
			return true
		}
		if _, ours := ruleFor(a); !ours && isBelow(imported, a) {
			return true
		}
		// A folder of ours, but not one below it that has a rule of its own.
		if owner, ours := ruleFor(imported); ours && isBelow(imported, a) && isBelow(a, owner.folder) {
			return true
		}
	}
	return false
}

func isBelow(p, folder string) bool { return p == folder || strings.HasPrefix(p, folder+"/") }

func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

func listPackages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports", "./...")
	cmd.Dir = root
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("list the packages: %v", err)
	}
	var packages []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		switch err := dec.Decode(&p); {
		case errors.Is(err, io.EOF):
			return packages
		case err != nil:
			t.Fatalf("read the go command's list: %v", err)
		}
		packages = append(packages, p)
	}
}

func ignoredPatterns(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	var patterns []string
	for line := range strings.Lines(string(text)) {
		patterns = append(patterns, strings.Trim(strings.TrimSpace(line), "/"))
	}
	return patterns
}
