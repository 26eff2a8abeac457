package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// The ways in which people sign in.
const (
	wayPassword = "password"
	waySetup    = "setup" // as the first admin
	wayProvider = "oidc"
)

// Who may sign in with a password.
const (
	PasswordsAll    = "all"
	PasswordsAdmins = "admins"
	PasswordsNone   = "none"
)

// Who must have a second factor for their password.
const (
	TwoFactorNone   = "none"
	TwoFactorAdmins = "admins"
	TwoFactorAll    = "all"
)

// passwordsFor reports whether somebody of that role may sign in with a password.
func (s *Server) passwordsFor(role bridge.Role) bool {
	switch s.o.Passwords {
	case PasswordsNone:
		return false
	case PasswordsAdmins:
		return role == bridge.RoleAdmin
	default:
		return true
	}
}

// mustConfirm reports whether somebody of that role needs a second factor.
func (s *Server) mustConfirm(role bridge.Role) bool {
	return s.o.TwoFactor == TwoFactorAll || s.o.TwoFactor == TwoFactorAdmins && role == bridge.RoleAdmin
}

// session returns the person of the session, or ErrNotFound when nobody is signed in
// any more: the sign-in ended or was revoked, they were disabled, their password
// changed, or their way of signing in is switched off.
func (s *Server) session(ctx context.Context) (me, error) {
	id := s.sessions.GetString(ctx, sessionSignIn)
	if id == "" {
		return me{}, bridge.ErrNotFound
	}
	p, hash, way, twoFactor, err := s.store.SignedIn(ctx, id)
	if err != nil {
		return me{}, err
	}
	if s.sessions.GetString(ctx, sessionStamp) != stampOf(hash) || !maySignIn(p.Role) || way == wayPassword && !s.passwordsFor(p.Role) {
		return me{}, bridge.ErrNotFound
	}
	return me{
		ID: p.Person, Name: p.Name, Email: p.Account.ID, Role: p.Role, signIn: id, hasPassword: hash != "",
		mustEnrol: way != wayProvider && !twoFactor && s.mustConfirm(p.Role),
	}, nil
}

func maySignIn(role bridge.Role) bool { return role == bridge.RoleAgent || role == bridge.RoleAdmin }

// begin signs a person in. The session gets a new token, so that one planted
// before the sign-in is worth nothing after it.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, id, hash, way, to string) error {
	ctx := r.Context()
	if before, err := s.session(ctx); err == nil {
		if err := s.store.EndSignIn(ctx, before.ID, before.signIn); err != nil {
			return err
		}
	}
	if err := s.sessions.RenewToken(ctx); err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	s.sessions.Remove(ctx, sessionPending)
	s.sessions.Remove(ctx, sessionAttempt)
	signIn := rand.Text()
	err := s.store.BeginSignIn(ctx, signIn, id, way, browserName(r.UserAgent()), networkOf(s.clientAddress(r)), s.now().Add(sessionAge))
	if err != nil {
		return err
	}
	s.sessions.Put(ctx, sessionSignIn, signIn)
	s.sessions.Put(ctx, sessionStamp, stampOf(hash))
	s.o.Logger.Info("signed in", "person", id, "way", way)
	http.Redirect(w, r, localPath(to), http.StatusSeeOther)
	return nil
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	if m, err := s.session(r.Context()); err == nil {
		if err := s.store.EndSignIn(r.Context(), m.ID, m.signIn); err != nil {
			return err
		}
	}
	if err := s.sessions.Destroy(r.Context()); err != nil {
		return fmt.Errorf("sign out: %w", err)
	}
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	return nil
}

// signInLine is a sign-in as the account page lists it.
type signInLine struct {
	ID, Browser, Network, Way string
	Began, Seen               time.Time
	Here                      bool
}

func (s *Server) signInsOf(ctx context.Context, m me) (lines []signInLine, err error) {
	err = s.store.SignIns(ctx, m.ID, func(id, way, browser, network string, began, seen time.Time) {
		said := "with the password"
		switch way {
		case waySetup:
			said = "when Sidebridge was set up"
		case wayProvider:
			said = "by the provider"
			if s.o.SSO != nil {
				said = "by " + s.o.SSO.Name
			}
		}
		lines = append(lines, signInLine{id, browser, network, said, began, seen, id == m.signIn})
	})
	return lines, err
}

// endSignIn signs one other browser of the person's out.
func (s *Server) endSignIn(w http.ResponseWriter, r *http.Request) error {
	m, id := whoIs(r), r.PathValue("id")
	if err := s.store.EndSignIn(r.Context(), m.ID, id); err != nil {
		return err
	}
	s.o.Logger.Info("sign-in ended", "person", m.ID)
	if id == m.signIn {
		return s.signOut(w, r)
	}
	return s.done(w, r, "/account", "That browser is signed out.")
}

// endOtherSignIns signs every browser of the person's out but this one.
func (s *Server) endOtherSignIns(w http.ResponseWriter, r *http.Request) error {
	m := whoIs(r)
	if err := s.store.EndSignIns(r.Context(), m.ID, m.signIn); err != nil {
		return err
	}
	s.o.Logger.Info("other sign-ins ended", "person", m.ID)
	return s.done(w, r, "/account", "You are signed out everywhere else.")
}

// networkOf returns the part of an address that says from where somebody comes and
// not which device they use.
func networkOf(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	a = a.Unmap().WithZone("")
	bits := 48
	if a.Is4() {
		bits = 24
	}
	return netip.PrefixFrom(a, bits).Masked().String()
}

// browserName says what a browser calls itself, as people do: "Firefox on Linux".
// Most claim to be others too, so that the order counts.
func browserName(agent string) string {
	name := firstOf(agent, "An unknown browser", [][2]string{
		{"Edg", "Edge"},
		{"OPR/", "Opera"},
		{"SamsungBrowser/", "Samsung Internet"},
		{"Firefox/", "Firefox"},
		{"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
		{"curl/", "curl"},
	})
	system := firstOf(agent, "", [][2]string{
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Android", "Android"},
		{"Windows", "Windows"},
		{"Mac OS X", "macOS"},
		{"CrOS", "ChromeOS"},
		{"Linux", "Linux"},
	})
	if system == "" {
		return name
	}
	return name + " on " + system
}

func firstOf(text, otherwise string, marks [][2]string) string {
	for _, m := range marks {
		if strings.Contains(text, m[0]) {
			return m[1]
		}
	}
	return otherwise
}

// errPasswordsOff says how to sign in instead.
func (s *Server) errPasswordsOff() error {
	if s.o.SSO == nil {
		return fmt.Errorf("%w: signing in with a password is switched off", bridge.ErrForbidden)
	}
	return fmt.Errorf("%w: your password is right, and signing in with it is switched off: use %s", bridge.ErrForbidden, s.o.SSO.Name)
}

// refused returns the status and the sentence of an error that is to be shown on the
// form it belongs to; ours is false for one that is not our fault.
func refused(w http.ResponseWriter, err error) (status int, text string, ours bool) {
	status, _, text = classify(err)
	if errors.Is(err, errTooMany) {
		text = "Too many attempts. Wait a minute and try again."
		w.Header().Set("Retry-After", "60")
	}
	return status, text, status >= 500
}
