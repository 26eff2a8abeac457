package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
)

// The keys of what a session holds.
const (
	sessionPerson = "person"
	sessionStamp  = "stamp"
	sessionFlash  = "flash"
)

// me is whoever is signed in.
type me struct {
	ID    string
	Name  string
	Email string
	Role  bridge.Role
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
		}
		return h(w, r.WithContext(context.WithValue(r.Context(), meKey{}, m)))
	})
}

// session returns the person of the session, or ErrNotFound when nobody is signed
// in any more: the session ended, they were disabled, or their password changed.
func (s *Server) session(ctx context.Context) (me, error) {
	id := s.sessions.GetString(ctx, sessionPerson)
	if id == "" {
		return me{}, bridge.ErrNotFound
	}
	p, hash, err := s.store.Person(ctx, id)
	if err != nil {
		return me{}, err
	}
	if s.sessions.GetString(ctx, sessionStamp) != stampOf(hash) || (p.Role != bridge.RoleAgent && p.Role != bridge.RoleAdmin) {
		return me{}, bridge.ErrNotFound
	}
	return me{ID: p.Person, Name: p.Name, Email: p.Account.ID, Role: p.Role}, nil
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
}

func (s *Server) page(r *http.Request, title, section string) page {
	p := page{Title: title, Section: section, Me: whoIs(r)}
	if p.Me.ID == "" {
		p.Me, _ = s.session(r.Context()) // an error page shows who is signed in, if that can be told
	} else if r.Method == http.MethodGet && !isFragment(r) {
		p.Flash = s.sessions.PopString(r.Context(), sessionFlash)
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
