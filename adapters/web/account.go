package web

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/sidebridge/sidebridge/bridge"
)

// The hints that a person can dismiss for good.
const hintAsk = "hint-ask" // a note tells, a side conversation asks

type accountPage struct {
	page
	Error string
}

func (s *Server) home(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, "/tickets", http.StatusSeeOther)
	return nil
}

func (s *Server) accountPage(w http.ResponseWriter, r *http.Request) error {
	s.render(w, r, http.StatusOK, "account", accountPage{page: s.page(r, "Your account", "account")})
	return nil
}

// changePassword sets a new password for whoever knows the old one. It ends every
// session of theirs but this one.
func (s *Server) changePassword(w http.ResponseWriter, r *http.Request) error {
	hash, err := s.newPassword(r)
	if err != nil {
		status, _, text := classify(err)
		if status >= 500 {
			return err
		}
		s.render(w, r, status, "account", accountPage{page: s.page(r, "Your account", "account"), Error: text})
		return nil
	}
	s.sessions.Put(r.Context(), sessionStamp, stampOf(hash))
	return s.done(w, r, "/account", "Your password is changed. You are signed out everywhere else.")
}

func (s *Server) newPassword(r *http.Request) (hash string, err error) {
	m := whoIs(r)
	if !s.tries.allow("account " + m.Email) {
		return "", errTooMany
	}
	_, old, err := s.store.Person(r.Context(), m.ID)
	if err != nil {
		return "", err
	}
	ok, err := s.check(r.Context(), old, r.PostFormValue("old"))
	if err != nil {
		return "", err
	}
	if !ok {
		return "", fmt.Errorf("%w: that is not your present password", bridge.ErrInvalid)
	}
	if hash, err = s.hash(r.Context(), r.PostFormValue("new")); err != nil {
		return "", err
	}
	return hash, s.store.SetPassword(r.Context(), m.ID, hash)
}

func (s *Server) dismissHint(w http.ResponseWriter, r *http.Request) error {
	hint := r.PostFormValue("hint")
	if !slices.Contains([]string{hintAsk}, hint) {
		return fmt.Errorf("%w: there is no such hint", bridge.ErrInvalid)
	}
	if err := s.store.SetPreference(r.Context(), whoIs(r).ID, hint, "seen"); err != nil {
		return err
	}
	return s.done(w, r, localPath(r.PostFormValue("next")), "")
}
