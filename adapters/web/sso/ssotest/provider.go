// Package ssotest runs a real OpenID Connect provider for tests: that of
// github.com/zitadel/oidc with its own login page and its own storage, on loopback. It
// shares no code with the library that the sign-in uses.
package ssotest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// What the provider knows the application by, and every user's password.
const (
	ClientID     = "sidebridge"
	ClientSecret = "a-client-secret"
	Password     = "verysecure"
)

// User is somebody who has an account at the provider.
type User struct {
	Name     string // to sign in with, and the subject
	Email    string
	Verified bool
	Groups   []string
}

// Provider is a running provider. What changes how it behaves may be changed while it runs.
type Provider struct {
	// Issuer is its address. Its host is not that of the tests' other servers, so that
	// a browser takes it for another site.
	Issuer string

	server *httptest.Server

	mu      sync.Mutex
	users   map[string]*User
	clients map[string]*storage.Client
	inToken bool
	forged  *rsa.PrivateKey
	asked   []string
}

// Start runs a provider until the test ends.
func Start(t testing.TB, users ...User) *Provider {
	t.Helper()
	p := &Provider{users: map[string]*User{}, clients: map[string]*storage.Client{}}
	for _, u := range users {
		p.users[u.Name] = &u
	}
	p.server = httptest.NewUnstartedServer(nil)
	p.Issuer = "http://" + strings.Replace(p.server.Listener.Addr().String(), "127.0.0.1", "localhost", 1)
	router := exampleop.SetupServer(p.Issuer, keeper{storage.NewStorageWithClients(people{p}, p.clients), p}, nil, false)
	p.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked = append(p.asked, r.Method+" "+r.URL.Path)
		p.mu.Unlock()
		router.ServeHTTP(w, r)
	})
	p.server.Start()
	t.Cleanup(p.server.Close)
	return p
}

// Register makes the application known, which browsers are sent back to at an address.
// It comes before the first request.
func (p *Provider) Register(redirect string) {
	p.clients[ClientID] = storage.WebClient(ClientID, ClientSecret, redirect)
}

// Stop makes the provider unreachable.
func (p *Provider) Stop() { p.server.Close() }

// Change changes what the provider knows of a user.
func (p *Provider) Change(name string, change func(*User)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p.users[name])
}

// ClaimsInToken puts all claims into the identity token, as some providers do, and not
// into the user info alone.
func (p *Provider) ClaimsInToken() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inToken = true
}

// Forge signs with a key that the provider does not publish.
func (p *Provider) Forge() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forged = key
	return err
}

// Asked returns the requests that the provider got, as "GET /path".
func (p *Provider) Asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.asked...)
}

// people are the users in the form of the provider's storage.
type people struct{ p *Provider }

func (s people) GetUserByID(id string) *storage.User {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	u, ok := s.p.users[id]
	if !ok {
		return nil
	}
	first, last, _ := strings.Cut(u.Name, ".")
	return &storage.User{ID: u.Name, Username: u.Name, Password: Password, FirstName: first, LastName: last, Email: u.Email, EmailVerified: u.Verified}
}

func (s people) GetUserByUsername(name string) *storage.User { return s.GetUserByID(name) }

func (s people) ExampleClientID() string { return storage.ServiceUserID }

// keeper is the provider's storage with groups beside what it knows.
type keeper struct {
	*storage.Storage
	p *Provider
}

func (k keeper) groups(info *oidc.UserInfo, subject string) {
	k.p.mu.Lock()
	defer k.p.mu.Unlock()
	if u := k.p.users[subject]; u != nil && u.Groups != nil {
		info.AppendClaims("groups", u.Groups)
	}
}

// SetUserinfoFromToken fills in the user info.
func (k keeper) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, tokenID, subject, origin string) error {
	err := k.Storage.SetUserinfoFromToken(ctx, info, tokenID, subject, origin)
	k.groups(info, subject)
	return err
}

// SetUserinfoFromRequest fills in an identity token.
func (k keeper) SetUserinfoFromRequest(ctx context.Context, info *oidc.UserInfo, token op.IDTokenRequest, scopes []string) error {
	err := k.Storage.SetUserinfoFromRequest(ctx, info, token, scopes)
	k.groups(info, token.GetSubject())
	return err
}

// GetClientByClientID returns the application.
func (k keeper) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := k.Storage.GetClientByClientID(ctx, id)
	k.p.mu.Lock()
	defer k.p.mu.Unlock()
	if err == nil && k.p.inToken {
		c = talkative{c}
	}
	return c, err
}

// talkative is an application whose identity tokens have all claims.
type talkative struct{ op.Client }

// IDTokenUserinfoClaimsAssertion says so.
func (talkative) IDTokenUserinfoClaimsAssertion() bool { return true }

// SigningKey returns the key that identity tokens are signed with.
func (k keeper) SigningKey(ctx context.Context) (op.SigningKey, error) {
	key, err := k.Storage.SigningKey(ctx)
	k.p.mu.Lock()
	defer k.p.mu.Unlock()
	if err == nil && k.p.forged != nil {
		key = forgedKey{key, k.p.forged}
	}
	return key, err
}

// forgedKey has the name of the provider's key and is another.
type forgedKey struct {
	op.SigningKey
	key *rsa.PrivateKey
}

// Key returns the other key.
func (f forgedKey) Key() any { return f.key }

var _ exampleop.Storage = keeper{}
