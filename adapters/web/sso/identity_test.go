package sso

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func claimsOf(t testing.TB, text string) map[string]any {
	t.Helper()
	claims := map[string]any{}
	if err := json.Unmarshal([]byte(text), &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestAnAddressIsVerifiedOnlyWhereTheProviderSaysSo(t *testing.T) {
	for text, want := range map[string]bool{
		`{"email_verified": true}`: true, `{"email_verified": "true"}`: true,
		`{}`: false, `{"email_verified": false}`: false, `{"email_verified": "false"}`: false, `{"email_verified": 1}`: false,
		`{"email_verified": "yes"}`: false, `{"email_verified": null}`: false, `{"email_verified": [true]}`: false,
	} {
		if got := newIdentity("i", "s", claimsOf(t, text)).Verified; got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestSomebodyHasANameWhateverTheProviderTells(t *testing.T) {
	for text, want := range map[string]string{
		`{"name": " Bob Agent ", "email": "b@example.org"}`:                          "Bob Agent",
		`{"given_name": "Bob", "family_name": "Agent", "preferred_username": "bob"}`: "Bob Agent",
		`{"family_name": "Agent"}`:                                                   "Agent",
		`{"name": "", "preferred_username": "bob", "email": "b@example.org"}`:        "bob",
		`{"name": ["x"], "email": "b@example.org"}`:                                  "b@example.org",
		`{}`: "",
	} {
		if got := newIdentity("i", "s", claimsOf(t, text)).Name; got != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}

func TestAClaimIsFoundInListsAndWithinOthers(t *testing.T) {
	i := newIdentity("i", "s", claimsOf(t, `{"groups": ["staff", 7, "admins"], "role": "admins", "realm_access": {"roles": ["admins"]},
		"https://example.org/roles": ["admins"], "n": 7, "deep": {"er": {"est": "admins"}}, "text": "the admins"}`))
	for claim, want := range map[string]bool{
		"groups": true, "role": true, "realm_access.roles": true, "https://example.org/roles": true, "deep.er.est": true,
		"n": false, "none": false, "realm_access": false, "text": false, "role.x": false, "": false, ".": false,
	} {
		if got := i.Has(claim, []string{"boss", "admins"}); got != want {
			t.Errorf("%q: %v", claim, got)
		}
	}
	if i.Has("groups", nil) || i.Has("none", []string{""}) {
		t.Error("no value is one of none")
	}
}

func FuzzClaimsOfAProvider(f *testing.F) {
	f.Add(`{"email": "a@b", "email_verified": true, "groups": ["x"]}`, "groups")
	f.Add(`{"a": {"b": {"c": null}}, "a.b": 1}`, "a.b.c")
	f.Fuzz(func(t *testing.T, text, claim string) {
		claims := map[string]any{}
		if json.Unmarshal([]byte(text), &claims) != nil {
			return
		}
		i := newIdentity("i", "s", claims)
		if i.Verified && claims["email_verified"] != true && claims["email_verified"] != "true" {
			t.Errorf("verified by %v", claims["email_verified"])
		}
		i.Has(claim, []string{"x"})
	})
}

// answers is a transport that answers each request.
type answers func(*http.Request) *http.Response

func (f answers) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

func TestRequestsGoToTheProviderAlone(t *testing.T) {
	var asked []string
	body := strings.Repeat("x", 2*maxAnswer)
	next := answers(func(r *http.Request) *http.Response {
		asked = append(asked, r.URL.Host)
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body)), Request: r}
	})
	f := &fence{next: next, hosts: map[string]bool{"login.example.org": true}}
	if err := f.open("https://keys.example.org/jwks", ""); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"http://keys.example.org/", "ftp://127.0.0.1/", "/relative", "https://user:pass@keys.example.org/", "http://[::1"} {
		if err := f.open(bad); err == nil {
			t.Errorf("%s is let through", bad)
		}
	}
	for address, want := range map[string]bool{
		"https://login.example.org/token": true, "https://keys.example.org/other": true,
		"http://login.example.org/token": false, "https://evil.example/": false, "https://login.example.org:8443/": false, "http://169.254.169.254/": false,
	} {
		r := httptest.NewRequest(http.MethodGet, address, nil)
		res, err := f.RoundTrip(r)
		if (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
		if err != nil {
			continue
		}
		if text, err := io.ReadAll(res.Body); err != nil || len(text) != maxAnswer {
			t.Errorf("%d bytes are read, %v", len(text), err)
		}
	}
	if len(asked) != 2 {
		t.Errorf("asked: %v", asked)
	}
}

func TestAnIssuerIsAskedSafelyOrNotAtAll(t *testing.T) {
	for issuer, want := range map[string]bool{
		"https://login.example.org": true, "https://login.example.org/realms/a": true, "http://localhost:8080": true, "http://[::1]:8080": true,
		"http://login.example.org": false, "login.example.org": false, "": false, "https://": false, "https://a:b@login.example.org": false,
	} {
		if _, err := New(Options{Issuer: issuer}); (err == nil) != want {
			t.Errorf("%q: %v", issuer, err)
		}
	}
}

// provider answers discovery with a document, and everything else with another answer.
func provider(t *testing.T, document func(issuer string) string, rest http.HandlerFunc) *Provider {
	t.Helper()
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, document(s.URL))
	})
	mux.HandleFunc("/", rest)
	p, err := New(Options{Issuer: s.URL, ClientID: "c", ClientSecret: "topsecret", Redirect: "https://desk.example.org/back"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func document(token string) func(string) string {
	return func(issuer string) string {
		text, _ := json.Marshal(map[string]any{
			"issuer": issuer, "authorization_endpoint": issuer + "/auth", "token_endpoint": strings.ReplaceAll(token, "ISSUER", issuer), "jwks_uri": issuer + "/keys",
		})
		return string(text)
	}
}

func TestAnAnswerThatIsNoneIsExplainedAndTellsNoSecret(t *testing.T) {
	for name, tt := range map[string]struct {
		document func(string) string
		rest     http.HandlerFunc
		want     Reason
	}{
		"no discovery document":     {func(string) string { return "<html>" + strings.Repeat("x", 5000) }, nil, Unreachable},
		"an endpoint without https": {document("http://token.example.org/"), nil, Setup},
		"a redirect": {document("ISSUER/token"), func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/", http.StatusTemporaryRedirect)
		}, Unreachable},
		"a proxy's page": {document("ISSUER/token"), func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "echo "+r.Header.Get("Authorization"), http.StatusBadGateway)
		}, Unreachable},
		"no token": {document("ISSUER/token"), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"access_token": "topsecret", "token_type": "Bearer"}`)
		}, Untrusted},
		"a token that is none": {document("ISSUER/token"), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"access_token": "topsecret", "token_type": "Bearer", "id_token": "a.b.c"}`)
		}, Untrusted},
		"a token without a signature": {document("ISSUER/token"), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"access_token": "topsecret", "token_type": "Bearer", "id_token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ."}`)
		}, Untrusted},
		"a code that is spent": {document("ISSUER/token"), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error": "invalid_grant", "error_description": "topsecret"}`)
		}, Stale},
		"a client that may not": {document("ISSUER/token"), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error": "unsupported_grant_type"}`)
		}, Setup},
	} {
		t.Run(name, func(t *testing.T) {
			rest := tt.rest
			if rest == nil {
				rest = http.NotFound
			}
			p := provider(t, tt.document, rest)
			_, a, err := p.Begin(t.Context())
			if err == nil {
				_, err = p.Finish(t.Context(), a, map[string][]string{"state": {a.State}, "code": {"spent"}})
			}
			var e *Error
			if !errors.As(err, &e) || e.Reason != tt.want || e.Text == "" || e.Remedy == "" {
				t.Fatalf("%v, want %s with a text and a remedy", err, tt.want)
			}
			if text := err.Error(); strings.Contains(text, "topsecret") || strings.Contains(text, "Basic") || len(text) > 500 {
				t.Errorf("the log would get %q", text)
			}
		})
	}
}
