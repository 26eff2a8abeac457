package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/adapters/web/sso"
	"github.com/sidebridge/sidebridge/bridge"
)

// CallbackPath is where an OpenID Connect provider sends browsers back to.
const CallbackPath = "/sign-in/oidc/callback"

// SurfaceOIDC is the surface of accounts at an OpenID Connect provider: the workspace
// is the issuer, the id the subject.
const SurfaceOIDC = "oidc"

// How long somebody may take at the provider, and how often an address may come back
// from there: an office has one address, and a request of ours follows each time.
const (
	attemptAge = 10 * time.Minute
	ssoBurst   = 200
	ssoEvery   = time.Second / 2
)

// SSO is an OpenID Connect provider that people sign in with.
type SSO struct {
	Provider *sso.Provider
	// Name is what the button calls it.
	Name string
	// Domains are those of the addresses that may sign in; "*" is any.
	Domains []string
	// NewPeople is the role of who is not in the directory yet; "" refuses them.
	NewPeople bridge.Role
	// AdminClaim, when it is set, decides who is an admin, by having one of AdminValues.
	AdminClaim  string
	AdminValues []string
}

// ssoAttempt is a sign-in by the provider that this browser has begun.
type ssoAttempt struct {
	sso.Attempt
	Next  string    `json:"next"`
	Until time.Time `json:"until"`
}

// startSSO sends the browser to the provider. It is a link and not a form, because
// browsers hold where a form leads to against the page's policy.
func (s *Server) startSSO(w http.ResponseWriter, r *http.Request) error {
	if s.o.SSO == nil {
		return fmt.Errorf("%w: there is no such page", bridge.ErrNotFound)
	}
	next := localPath(r.FormValue("next"))
	if !s.returns.allow(s.addressKey(r)) {
		return s.refuseSSO(w, r, next, errTooMany)
	}
	to, a, err := s.o.SSO.Provider.Begin(r.Context())
	if err != nil {
		return s.refuseSSO(w, r, next, err)
	}
	text, _ := json.Marshal(ssoAttempt{a, next, s.now().Add(attemptAge)}) // unreachable error: strings and a time
	s.sessions.Put(r.Context(), sessionAttempt, string(text))
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// finishSSO signs in whom the provider has sent back.
func (s *Server) finishSSO(w http.ResponseWriter, r *http.Request) error {
	if s.o.SSO == nil {
		return fmt.Errorf("%w: there is no such page", bridge.ErrNotFound)
	}
	var a ssoAttempt
	// Taken out before anything else: it is good once.
	if text := s.sessions.PopString(r.Context(), sessionAttempt); text == "" || json.Unmarshal([]byte(text), &a) != nil || s.now().After(a.Until) {
		a = ssoAttempt{}
	}
	if !s.returns.allow(s.addressKey(r)) {
		return s.refuseSSO(w, r, a.Next, errTooMany)
	}
	identity, err := s.o.SSO.Provider.Finish(r.Context(), a.Attempt, r.URL.Query())
	if err != nil {
		return s.refuseSSO(w, r, a.Next, err)
	}
	person, hash, err := s.admit(r.Context(), identity)
	if err != nil {
		return s.refuseSSO(w, r, a.Next, err)
	}
	return s.begin(w, r, person, hash, wayProvider, a.Next)
}

// refuseSSO shows the sign-in page with why it did not work and what to do.
func (s *Server) refuseSSO(w http.ResponseWriter, r *http.Request, next string, err error) error {
	p := s.newSignPage(r)
	p.Next = localPath(next)
	var failed *sso.Error
	status := http.StatusForbidden
	if errors.As(err, &failed) {
		p.Error = failed.Text + " " + failed.Remedy
		if failed.Reason == sso.Unreachable {
			status = http.StatusBadGateway
			p.Error += s.otherWay()
		}
		s.o.Logger.Warn("sign-in by the provider failed", "reason", string(failed.Reason), "error", failed.Err)
	} else {
		var ours bool
		if status, p.Error, ours = refused(w, err); ours {
			return err
		}
		s.o.Logger.Warn("sign-in by the provider refused", "error", err)
	}
	s.render(w, r, status, "sign_in", p)
	return nil
}

// otherWay tells who can still sign in while the provider is down.
func (s *Server) otherWay() string {
	switch s.o.Passwords {
	case PasswordsNone:
		return ""
	case PasswordsAdmins:
		return " Admins can sign in with their password."
	default:
		return " Who has a password here can sign in with it."
	}
}

// admit returns the person whom the provider vouches for, and the hash of the password
// they have here, if any.
func (s *Server) admit(ctx context.Context, i sso.Identity) (person, hash string, err error) {
	o := s.o.SSO
	email, err := o.address(i)
	if err != nil {
		return "", "", err
	}
	account := bridge.Account{Surface: SurfaceOIDC, Workspace: i.Issuer, ID: i.Subject}
	p, hash, err := s.store.Admit(ctx, account, i.Name, email, o.NewPeople)
	if err != nil {
		return "", "", err
	}
	role, err := s.roleBy(ctx, i, p)
	if err != nil {
		return "", "", err
	}
	if !maySignIn(role) {
		return "", "", fmt.Errorf("%w: you are known here as an expert, who answers in their own chat and signs in nowhere: ask an admin to make you an agent", bridge.ErrForbidden)
	}
	return p.Person, hash, nil
}

// address returns the e-mail address of an identity that may sign in.
func (o *SSO) address(i sso.Identity) (string, error) {
	if i.Email == "" {
		return "", fmt.Errorf("%w: %s did not tell your e-mail address: an admin has to let it give Sidebridge the scope email", bridge.ErrForbidden, o.Name)
	}
	if !i.Verified {
		return "", fmt.Errorf("%w: %s does not say that it has verified your address %s: confirm it there, then sign in again", bridge.ErrForbidden, o.Name, i.Email)
	}
	email, err := cleanEmail(i.Email)
	if err != nil {
		return "", err
	}
	domain := strings.ToLower(email[strings.LastIndexByte(email, '@')+1:])
	allowed := func(d string) bool { return d == "*" || strings.EqualFold(d, domain) }
	if !slices.ContainsFunc(o.Domains, allowed) {
		return "", fmt.Errorf("%w: addresses of %s may not sign in here: use another account at %s, or ask an admin to add the domain", bridge.ErrForbidden, domain, o.Name)
	}
	return email, nil
}

// roleBy returns the role that a person has from now on. Where the provider decides who
// is an admin, it does so at every sign-in; somebody must stay admin all the same.
func (s *Server) roleBy(ctx context.Context, i sso.Identity, p bridge.Known) (bridge.Role, error) {
	if s.o.SSO.AdminClaim == "" {
		return p.Role, nil
	}
	role := p.Role
	if i.Has(s.o.SSO.AdminClaim, s.o.SSO.AdminValues) {
		role = bridge.RoleAdmin
	} else if role == bridge.RoleAdmin {
		role = bridge.RoleAgent
	}
	if role == p.Role {
		return role, nil
	}
	err := s.store.SetRole(ctx, p.Person, role)
	if errors.Is(err, bridge.ErrConflict) {
		s.o.Logger.Warn("the last admin stays one, whatever the provider says", "person", p.Person)
		return p.Role, nil
	}
	if err == nil {
		s.o.Logger.Info("role changed by the provider", "person", p.Person, "role", string(role))
	}
	return role, err
}
