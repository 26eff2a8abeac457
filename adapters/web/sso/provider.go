// Package sso signs people in by an OpenID Connect provider: the authorization code
// flow with PKCE, and with a state and a nonce that the caller keeps in the session
// of the browser that began it.
//
// https://openid.net/specs/openid-connect-core-1_0.html
// https://datatracker.ietf.org/doc/html/rfc7636 (PKCE)
// https://datatracker.ietf.org/doc/html/rfc9207 (the issuer in the answer)
package sso

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// How far the provider's clock and ours may be apart.
const (
	lateBy  = time.Minute     // after a token's expiry
	earlyBy = 5 * time.Minute // before it was issued
)

// Options are what a Provider needs.
type Options struct {
	// Issuer is the provider's address, exactly as it calls itself.
	Issuer string
	// ClientID and ClientSecret are what the provider knows us by; the secret of a
	// public client is empty.
	ClientID, ClientSecret string
	// Redirect is our address that the provider sends browsers back to.
	Redirect string
	// Scopes are asked for beside openid, profile and email.
	Scopes []string
	// Claims are wanted beside the address and the name: where the identity token has
	// none of that name, the provider's user info is asked.
	Claims []string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Transport makes the requests; nil means one like http.DefaultTransport.
	Transport http.RoundTripper
}

// Provider is an OpenID Connect provider. It is asked for its endpoints when they are
// needed first, so that one that is down keeps nothing from starting.
type Provider struct {
	o      Options
	fence  *fence
	client *http.Client

	mu    sync.Mutex
	known *discovered
}

// discovered is what the provider says of itself.
type discovered struct {
	provider *oidc.Provider
	config   oauth2.Config
}

// New returns a provider. It makes no request.
func New(o Options) (*Provider, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Transport == nil {
		o.Transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	issuer, err := url.Parse(o.Issuer)
	if err != nil || !secure(issuer) {
		return nil, fmt.Errorf("issuer %q: want https:// and a host, or http:// on this machine", o.Issuer)
	}
	f := &fence{next: o.Transport, hosts: map[string]bool{issuer.Host: true}}
	return &Provider{o: o, fence: f, client: &http.Client{
		Transport: f, Timeout: 10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return errRedirect },
	}}, nil
}

// Issuer returns the provider's address.
func (p *Provider) Issuer() string { return p.o.Issuer }

// Attempt is a sign-in that has begun. It belongs into the session of the browser
// that began it, and is good once.
type Attempt struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
}

// Begin returns the address to send the browser to.
func (p *Provider) Begin(ctx context.Context) (address string, a Attempt, err error) {
	d, err := p.discover(ctx)
	if err != nil {
		return "", Attempt{}, err
	}
	a = Attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
	return d.config.AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)), a, nil
}

// Finish returns who has signed in, by what the provider sent the browser back with.
func (p *Provider) Finish(ctx context.Context, a Attempt, answer url.Values) (Identity, error) {
	if a.State == "" || subtle.ConstantTimeCompare([]byte(a.State), []byte(answer.Get("state"))) != 1 {
		return Identity{}, stale(errors.New("the state is not that of this browser"))
	}
	if iss := answer.Get("iss"); iss != "" && iss != p.o.Issuer {
		return Identity{}, untrusted(fmt.Errorf("the answer is from issuer %q", iss))
	}
	if code := answer.Get("error"); code != "" {
		return Identity{}, refusedBy(code)
	}
	d, err := p.discover(ctx)
	if err != nil {
		return Identity{}, err
	}
	ctx = oidc.ClientContext(ctx, p.client)
	token, err := d.config.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return Identity{}, exchangeFailed(err)
	}
	return p.identify(ctx, d, token, a.Nonce)
}

// Check asks the provider for its endpoints and keys, as a sign-in would.
func (p *Provider) Check(ctx context.Context) error {
	_, err := p.discover(ctx)
	return err
}

// discover returns the provider's endpoints, which it is asked for once.
func (p *Provider) discover(ctx context.Context) (*discovered, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known != nil {
		return p.known, nil
	}
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.o.Issuer)
	if err != nil {
		return nil, discoveryFailed(err)
	}
	var more struct {
		Keys    string   `json:"jwks_uri"`
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := provider.Claims(&more); err != nil {
		return nil, discoveryFailed(err)
	}
	endpoint := provider.Endpoint()
	if err := p.fence.open(endpoint.TokenURL, more.Keys, provider.UserInfoEndpoint()); err != nil {
		return nil, discoveryFailed(err)
	}
	if at, err := url.Parse(endpoint.AuthURL); err != nil || !secure(at) {
		return nil, discoveryFailed(fmt.Errorf("authorization endpoint %q", endpoint.AuthURL))
	}
	endpoint.AuthStyle = p.authStyle(more.Methods)
	p.known = &discovered{provider, oauth2.Config{
		ClientID: p.o.ClientID, ClientSecret: p.o.ClientSecret, Endpoint: endpoint, RedirectURL: p.o.Redirect,
		Scopes: slices.Concat([]string{oidc.ScopeOpenID, "profile", "email"}, p.o.Scopes),
	}}
	return p.known, nil
}

// authStyle is how we say who we are. It is not found out by trying, because a code
// that was sent once is spent. Without a word of the provider's it is the header:
// https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata
func (p *Provider) authStyle(methods []string) oauth2.AuthStyle {
	if p.o.ClientSecret == "" || len(methods) > 0 && !slices.Contains(methods, "client_secret_basic") {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}
