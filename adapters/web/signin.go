package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
)

// signPage is the page of signing in, and of making the first admin.
type signPage struct {
	page
	Next  string
	Name  string
	Email string
	Error string
	// SSO is what the button of the provider says; empty: there is none.
	SSO string
	// Passwords is who may sign in with one.
	Passwords string
}

// needsSetup reports whether the first admin is still to be made.
func (s *Server) needsSetup(ctx context.Context) (bool, error) {
	if s.hasAdmin.Load() {
		return false, nil
	}
	has, err := s.store.HasAdmin(ctx)
	if has {
		s.hasAdmin.Store(true)
	}
	return !has, err
}

func (s *Server) setupPage(w http.ResponseWriter, r *http.Request) error {
	needed, err := s.needsSetup(r.Context())
	if err != nil {
		return err
	}
	if !needed || s.o.SetupCode == "" {
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
		return nil
	}
	s.render(w, r, http.StatusOK, "setup", signPage{page: s.page(r, "Set up Sidebridge", "")})
	return nil
}

// setup makes the first admin for whoever knows the one-time code.
func (s *Server) setup(w http.ResponseWriter, r *http.Request) error {
	p := signPage{page: s.page(r, "Set up Sidebridge", ""), Name: r.PostFormValue("name"), Email: r.PostFormValue("email")}
	id, hash, err := s.makeFirstAdmin(r, p.Name, p.Email)
	if err != nil {
		return s.refuseSign(w, r, "setup", p, err)
	}
	s.hasAdmin.Store(true)
	return s.begin(w, r, id, hash, waySetup, "/admin/mapping")
}

func (s *Server) makeFirstAdmin(r *http.Request, name, email string) (id, hash string, err error) {
	if !s.tries.allow("setup") {
		return "", "", errTooMany
	}
	if needed, err := s.needsSetup(r.Context()); err != nil || !needed || s.o.SetupCode == "" {
		return "", "", errors.Join(err, fmt.Errorf("%w: there is an admin already: sign in", bridge.ErrConflict))
	}
	if !sameSecret(strings.TrimSpace(r.PostFormValue("code")), s.o.SetupCode) {
		return "", "", fmt.Errorf("%w: that is not the code which the daemon wrote at its start", bridge.ErrInvalid)
	}
	if email, err = cleanEmail(email); err != nil {
		return "", "", err
	}
	if hash, err = s.hash(r.Context(), r.PostFormValue("password")); err != nil {
		return "", "", err
	}
	id, err = s.store.CreateFirstAdmin(r.Context(), newPerson(name, email, bridge.RoleAdmin), hash)
	return id, hash, err
}

func newPerson(name, email string, role bridge.Role) bridge.Known {
	return bridge.Known{Name: name, Role: role, Account: bridge.Account{Surface: bridge.SurfaceWeb, ID: email}}
}

// sameSecret compares in a time that tells nothing of either.
func sameSecret(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

func cleanEmail(email string) (string, error) {
	a, err := mail.ParseAddress(strings.TrimSpace(email))
	if err != nil || a.Name != "" {
		return "", fmt.Errorf("%w: that is no e-mail address", bridge.ErrInvalid)
	}
	return a.Address, nil
}

func (s *Server) signInPage(w http.ResponseWriter, r *http.Request) error {
	if needed, err := s.needsSetup(r.Context()); err != nil {
		return err
	} else if needed && s.o.SetupCode != "" {
		http.Redirect(w, r, "/setup", http.StatusSeeOther)
		return nil
	}
	if _, err := s.session(r.Context()); err == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	p := s.newSignPage(r)
	p.Next = localPath(r.FormValue("next"))
	s.render(w, r, http.StatusOK, "sign_in", p)
	return nil
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	p := s.newSignPage(r)
	p.Email, p.Next = strings.TrimSpace(r.PostFormValue("email")), localPath(r.PostFormValue("next"))
	id, hash, err := s.checkSignIn(r, p.Email)
	if err != nil {
		return s.refuseSign(w, r, "sign_in", p, err)
	}
	_, confirmed, _, err := s.store.TwoFactor(r.Context(), id)
	if err != nil {
		return err
	}
	if confirmed {
		return s.askCode(w, r, id, hash, p.Next)
	}
	return s.begin(w, r, id, hash, wayPassword, p.Next)
}

// newSignPage returns the sign-in page with the ways that are switched on.
func (s *Server) newSignPage(r *http.Request) signPage {
	p := signPage{page: s.page(r, "Sign in", ""), Passwords: s.o.Passwords}
	if s.o.SSO != nil {
		p.SSO = s.o.SSO.Name
	}
	return p
}

var errWrongPassword = fmt.Errorf("%w: the e-mail address or the password is wrong", bridge.ErrInvalid)

// checkSignIn does the same work for an address nobody has as for one somebody has.
func (s *Server) checkSignIn(r *http.Request, email string) (id, hash string, err error) {
	if !s.tries.allow(s.addressKey(r), "account "+strings.ToLower(email)) {
		return "", "", errTooMany
	}
	who, hash, err := s.store.SignIn(r.Context(), email)
	if err != nil && !errors.Is(err, bridge.ErrNotFound) {
		return "", "", err
	}
	known := err == nil && hash != "" && maySignIn(who.Role)
	if !known {
		hash = ""
	}
	ok, err := s.check(r.Context(), hash, r.PostFormValue("password"))
	if err != nil {
		return "", "", err
	}
	if !known || !ok {
		return "", "", errWrongPassword
	}
	if !s.passwordsFor(who.Role) {
		return "", "", s.errPasswordsOff()
	}
	return who.Person, hash, nil
}

// refuseSign shows the form again with what is wrong, and keeps what was typed except the password.
func (s *Server) refuseSign(w http.ResponseWriter, r *http.Request, view string, p signPage, err error) error {
	status, text, ours := refused(w, err)
	if ours {
		return err
	}
	p.Error = text
	s.render(w, r, status, view, p)
	return nil
}

// localPath returns a path of this server; an address elsewhere, or one that a
// browser could take for one elsewhere, becomes the first page.
func localPath(to string) string {
	if len(to) < 2 || to[0] != '/' || to[1] == '/' || strings.ContainsAny(to, "\\\r\n\t") {
		return "/"
	}
	return to
}

// hash hashes a password when it is its turn: a hash takes 19 MiB and a core.
func (s *Server) hash(ctx context.Context, password string) (hash string, err error) {
	if err := s.turn(ctx); err != nil {
		return "", err
	}
	defer func() { <-s.hashing }()
	return HashPassword(password)
}

func (s *Server) check(ctx context.Context, hash, password string) (bool, error) {
	if err := s.turn(ctx); err != nil {
		return false, err
	}
	defer func() { <-s.hashing }()
	return checkPassword(hash, password)
}

func (s *Server) turn(ctx context.Context) error {
	select {
	case s.hashing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
