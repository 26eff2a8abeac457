package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
)

// The keys of what a session holds.
const (
	sessionSignIn  = "sign-in"
	sessionStamp   = "stamp"
	sessionFlash   = "flash"
	sessionPending = "pending" // who has given a password and not yet a code
	sessionAttempt = "attempt" // a sign-in by the provider that was begun here
)

// me is whoever is signed in.
type me struct {
	ID    string
	Name  string
	Email string
	Role  bridge.Role

	signIn      string // which of their sign-ins this is
	hasPassword bool
	mustEnrol   bool // they may do nothing before they have a second factor
}

// Admin reports whether they may administer.
func (m me) Admin() bool { return m.Role == bridge.RoleAdmin }

// actor is how the log names them. The account is the person's id on the web: an
// envelope holds no personal text, such as an address.
func (m me) actor() bridge.Actor {
	return bridge.Actor{
		Person: m.ID, Role: m.Role, Name: m.Name,
		Account: bridge.Account{Surface: bridge.SurfaceWeb, ID: m.ID},
	}
}

type meKey struct{}

// whoIs returns who is signed in; signedIn has put them into the request.
func whoIs(r *http.Request) me {
	m, _ := r.Context().Value(meKey{}).(me)
	return m
}

// signedIn lets a handler run for people of a role, and admins. Who is not signed
// in is asked to, and comes back to the page they wanted.
func (s *Server) signedIn(role bridge.Role, h handler) http.HandlerFunc {
	return s.run(func(w http.ResponseWriter, r *http.Request) error {
		m, err := s.session(r.Context())
		switch {
		case errors.Is(err, bridge.ErrNotFound):
			return s.askToSignIn(w, r)
		case err != nil:
			return err
		case m.Role != bridge.RoleAdmin && m.Role != role:
			return bridge.ErrForbidden
		case m.mustEnrol && !strings.HasPrefix(r.URL.Path, "/account/two-factor"):
			return s.askToEnrol(w, r)
		}
		return h(w, r.WithContext(context.WithValue(r.Context(), meKey{}, m)))
	})
}

// askToEnrol leads to the page where a second factor is set up.
func (s *Server) askToEnrol(w http.ResponseWriter, r *http.Request) error {
	if isFragment(r) || r.Method != http.MethodGet || strings.HasSuffix(r.URL.Path, "/stream") {
		return fmt.Errorf("%w: set up two-factor sign-in first, on the page of your account", bridge.ErrForbidden)
	}
	http.Redirect(w, r, "/account/two-factor", http.StatusSeeOther)
	return nil
}

func (s *Server) askToSignIn(w http.ResponseWriter, r *http.Request) error {
	if isFragment(r) || strings.HasSuffix(r.URL.Path, "/stream") {
		http.Error(w, "You are signed out. Reload the page to sign in again.", http.StatusUnauthorized)
		return nil
	}
	there, err := s.needsSetup(r.Context())
	if err != nil {
		return err
	}
	to := "/sign-in"
	if there {
		to = "/setup"
	} else if r.Method == http.MethodGet && r.URL.Path != "/" {
		to += "?next=" + url.QueryEscape(r.URL.RequestURI())
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// page is what every page has.
type page struct {
	Title string
	// Section is the part of the navigation that is marked as present.
	Section string
	Me      me
	Flash   string
	// At is when the page was made: from then on it is told what is new.
	At int64
	// Unread counts the tickets with something unread, as far as people read it.
	Unread int64
}

func (s *Server) page(r *http.Request, title, section string) page {
	p := page{Title: title, Section: section, Me: whoIs(r), At: bridge.Micros(s.now())}
	if p.Me.ID == "" {
		p.Me, _ = s.session(r.Context()) // an error page shows who is signed in, if that can be told
	} else if r.Method == http.MethodGet && !isFragment(r) {
		p.Flash = s.sessions.PopString(r.Context(), sessionFlash)
	}
	if p.Me.ID != "" {
		p.Unread, _ = s.store.Unread(r.Context(), p.Me.ID, inboxCounted+1) // the page's stream counts again
	}
	return p
}

// done answers a form that did what it should: with a line of text for our script,
// and otherwise with a redirect to a page that shows it.
func (s *Server) done(w http.ResponseWriter, r *http.Request, to, flash string) error {
	if isFragment(r) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(flash)) // the client may be gone
		return nil
	}
	if flash != "" {
		s.sessions.Put(r.Context(), sessionFlash, flash)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}
