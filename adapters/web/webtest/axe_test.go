package webtest

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRegistryIsTheOneThatNpmWouldAsk(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("npm_config_registry", "")
	t.Setenv("NPM_CONFIG_REGISTRY", "")
	if got := registry(); got != "https://registry.npmjs.org" {
		t.Errorf("with nothing set: %s", got)
	}
	t.Setenv("MIRROR", "mirror.example")
	npmrc := "fund=false\n//registry.example/:_authToken=x\nregistry = \"https://${MIRROR}/npm/\"\n"
	if err := os.WriteFile(filepath.Join(home, ".npmrc"), []byte(npmrc), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := registry(); got != "https://mirror.example/npm" {
		t.Errorf("with an npmrc: %s", got)
	}
	t.Setenv("npm_config_registry", "http://127.0.0.1:4873/")
	if got := registry(); got != "http://127.0.0.1:4873" {
		t.Errorf("with a variable: %s", got)
	}
}

func TestOnlyThePinnedPackageIsBelieved(t *testing.T) {
	var answer int
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/axe-core/-/axe-core-"+axeVersion+".tgz" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		w.WriteHeader(answer)
		_, _ = w.Write([]byte("another package"))
	}))
	defer s.Close()
	t.Setenv("npm_config_registry", s.URL)
	for status, want := range map[int]string{http.StatusOK: "digest", http.StatusNotFound: "404"} {
		answer = status
		if packed, err := fetchAxe(); err == nil || packed != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d: %q, %v", status, packed, err)
		}
	}
}
