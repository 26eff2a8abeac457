package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/web/sso/ssotest"
)

func TestTheConfiguredProviderIsOnTheSignInPage(t *testing.T) {
	p := ssotest.Start(t)
	cfg := loaded(t, configured(t, fmt.Sprintf(`
[sign_in]
passwords = "admins"
[oidc]
issuer = %q
client_id = "sidebridge"
client_secret = "canary-secret"
name = "Example Login"
domains = ["example.org"]
scopes = ["groups"]
`, p.Issuer)))
	a, err := newApp(t.Context(), cfg, quietLogger(cfg, &program{stderr: io.Discard}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.run(ctx) }() // waited for below
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := a.close(); err != nil {
			t.Error(err)
		}
	}()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(cfg.PublicURL + "/sign-in/oidc")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	to, err := url.Parse(res.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(to.String(), p.Issuer) {
		t.Fatalf("leads to %q, %v", to, err)
	}
	q := to.Query()
	for key, want := range map[string]string{
		"client_id": "sidebridge", "redirect_uri": cfg.PublicURL + "/sign-in/oidc/callback", "scope": "openid profile email groups",
		"response_type": "code", "code_challenge_method": "S256",
	} {
		if q.Get(key) != want {
			t.Errorf("%s is %q, want %q", key, q.Get(key), want)
		}
	}
	if q.Get("state") == "" || q.Get("nonce") == "" || q.Get("code_challenge") == "" || strings.Contains(to.String(), "canary") {
		t.Errorf("leads to %s", to)
	}
}

func TestCheckAsksTheProvider(t *testing.T) {
	p := ssotest.Start(t)
	file := func(issuer string) string {
		return configured(t, fmt.Sprintf("[oidc]\nissuer = %q\nclient_id = 'sidebridge'\nclient_secret = 'canary-secret'\ndomains = ['*']\n", issuer))
	}
	if out := must(t, "", "check", "--config", file(p.Issuer)); !strings.Contains(out, "ok     oidc: "+p.Issuer) || !strings.Contains(out, "/sign-in/oidc/callback") {
		t.Errorf("check:\n%s", out)
	}
	other := strings.Replace(p.Issuer, "localhost", "127.0.0.1", 1)
	if code, out, _ := command(t, "", "check", "--config", file(other)); code == 0 || !strings.Contains(out, "set oidc.issuer to") {
		t.Errorf("with another name of the issuer:\n%s", out)
	}
	p.Stop()
	code, out, errs := command(t, "", "check", "--config", file(p.Issuer))
	if code == 0 || !strings.Contains(out, "WRONG  oidc") || !strings.Contains(out, "this machine reaches it") {
		t.Errorf("with a provider that is down:\n%s", out)
	}
	printed := must(t, "", "serve", "--print-config", "--config", file(p.Issuer))
	if strings.Contains(out+errs+printed, "canary") {
		t.Errorf("a secret is shown:\n%s%s%s", out, errs, printed)
	}
}
