package webtest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/chromedp"
)

// The version of axe-core whose rules pages are held to, and the digest that npm
// publishes for its package. A new version is these two lines.
const (
	axeVersion   = "4.14.1"
	axeIntegrity = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
	maxAxe       = 16 << 20
)

// runAxe lists every rule of WCAG 2.2 AA and of good practice that the page does not keep.
// The size of targets (2.5.8) is not among axe's rules unless asked for.
const runAxe = `axe.run(document, {
	runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
	rules: {"target-size": {enabled: true}},
	resultTypes: ["violations"],
}).then((r) => r.violations.flatMap((v) => v.nodes.map((n) =>
	v.id + ": " + v.help + ": " + n.target.join(" ") + ": " + n.html.slice(0, 160) + ": " + n.any.concat(n.all, n.none).map((c) => c.message).join("; "))))`

// Axe returns what axe-core finds wrong with the page as it is now, a line each.
func (b *Tab) Axe() []string {
	b.t.Helper()
	source, err := axe()
	if err != nil {
		b.t.Fatalf("%v", err)
	}
	ctx, cancel := context.WithTimeout(b.Ctx, 3*stepTime)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](source+"\n;true")); err != nil {
		b.t.Fatalf("load axe-core into the page: %v", err)
	}
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](runAxe, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("run axe-core: %v", err)
	}
	return found
}

// axe returns the script of axe-core. It is fetched once and kept in the user's folder for
// caches; what was fetched or kept is believed only with the digest above.
var axe = sync.OnceValues(func() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	kept := filepath.Join(dir, "sidebridge-tests", "axe-core-"+axeVersion+".tgz")
	packed, err := os.ReadFile(kept)
	if err != nil || !isAxe(packed) {
		if packed, err = fetchAxe(); err != nil {
			return "", fmt.Errorf("axe-core %s is needed to test what pages keep from people, and is not here: %w. "+
				"Let this machine reach an npm registry (npm_config_registry or ~/.npmrc names another one), or put the package at %s", axeVersion, err, kept)
		}
		keep(kept, packed)
	}
	return unpackAxe(packed)
})

func isAxe(packed []byte) bool {
	sum := sha512.Sum512(packed)
	return "sha512-"+base64.StdEncoding.EncodeToString(sum[:]) == axeIntegrity
}

func fetchAxe() ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, registry()+"/axe-core/-/axe-core-"+axeVersion+".tgz", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	packed, err := io.ReadAll(io.LimitReader(resp.Body, maxAxe))
	switch {
	case err != nil:
		return nil, err
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the registry answered %s", resp.Status)
	case !isAxe(packed):
		return nil, errors.New("what the registry sent has not the digest that this version is known by")
	}
	return packed, nil
}

// registry is where npm would fetch packages from.
func registry() string {
	for _, name := range []string{"npm_config_registry", "NPM_CONFIG_REGISTRY"} {
		if url := os.Getenv(name); url != "" {
			return strings.TrimRight(url, "/")
		}
	}
	if home, err := os.UserHomeDir(); err == nil {
		if text, err := os.ReadFile(filepath.Join(home, ".npmrc")); err == nil {
			if url := registryIn(string(text)); url != "" {
				return url
			}
		}
	}
	return "https://registry.npmjs.org"
}

// registryIn returns the address that an npmrc names, "" for none.
func registryIn(npmrc string) string {
	for line := range strings.Lines(npmrc) {
		key, value, ok := strings.Cut(line, "=")
		if ok && strings.TrimSpace(key) == "registry" {
			return strings.TrimRight(os.ExpandEnv(strings.Trim(strings.TrimSpace(value), `"'`)), "/")
		}
	}
	return ""
}

// keep puts the package where the next run finds it. Without, it is fetched again.
func keep(path string, packed []byte) {
	if os.MkdirAll(filepath.Dir(path), 0o755) != nil {
		return
	}
	f, err := os.CreateTemp(filepath.Dir(path), "axe-*")
	if err != nil {
		return
	}
	_, err = f.Write(packed)
	if errors.Join(err, f.Close()) != nil || os.Rename(f.Name(), path) != nil { // whole or not at all
		_ = os.Remove(f.Name())
	}
}

func unpackAxe(packed []byte) (string, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return "", fmt.Errorf("unpack axe-core: %w", err)
	}
	files := tar.NewReader(unzipped)
	for {
		h, err := files.Next()
		if err != nil {
			return "", fmt.Errorf("unpack axe-core: axe.min.js: %w", err)
		}
		if h.Name == "package/axe.min.js" {
			text, err := io.ReadAll(io.LimitReader(files, maxAxe))
			return string(text), err
		}
	}
}
