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
	// HasPassword is whether they can sign in without the provider.
	HasPassword bool
	TwoFactor   bool
	CodesLeft   int
	SignIns     []signInLine
	SSO         string
}

func (s *Server) home(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, "/tickets", http.StatusSeeOther)
	return nil
}

func (s *Server) accountPage(w http.ResponseWriter, r *http.Request) error {
	return s.showAccount(w, r, http.StatusOK, "")
}

func (s *Server) showAccount(w http.ResponseWriter, r *http.Request, status int, problem string) (err error) {
	m := whoIs(r)
	p := accountPage{page: s.page(r, "Your account", "account"), Error: problem, HasPassword: m.hasPassword && s.passwordsFor(m.Role)}
	if s.o.SSO != nil {
		p.SSO = s.o.SSO.Name
	}
	if _, p.TwoFactor, p.CodesLeft, err = s.store.TwoFactor(r.Context(), m.ID); err != nil {
		return err
	}
	if p.SignIns, err = s.signInsOf(r.Context(), m); err != nil {
		return err
	}
	s.render(w, r, status, "account", p)
	return nil
}

// changePassword sets a new password for whoever knows the old one. It ends every
// session of theirs but this one.
func (s *Server) changePassword(w http.ResponseWriter, r *http.Request) error {
	hash, err := s.newPassword(r)
	if err != nil {
		status, text, ours := refused(w, err)
		if ours {
			return err
		}
		return s.showAccount(w, r, status, text)
	}
	s.sessions.Put(r.Context(), sessionStamp, stampOf(hash))
	return s.done(w, r, "/account", "Your password is changed. You are signed out everywhere else.")
}

func (s *Server) newPassword(r *http.Request) (hash string, err error) {
	m := whoIs(r)
	if err := s.checkOwnPassword(r, m, "old"); err != nil {
		return "", err
	}
	if hash, err = s.hash(r.Context(), r.PostFormValue("new")); err != nil {
		return "", err
	}
	if err := s.store.SetPassword(r.Context(), m.ID, hash); err != nil {
		return "", err
	}
	return hash, s.store.EndSignIns(r.Context(), m.ID, m.signIn)
}

// checkOwnPassword refuses a form without the present password of who is signed in.
func (s *Server) checkOwnPassword(r *http.Request, m me, field string) error {
	if !s.tries.allow("account " + m.Email) {
		return errTooMany
	}
	_, hash, err := s.store.Person(r.Context(), m.ID)
	if err != nil {
		return err
	}
	ok, err := s.check(r.Context(), hash, r.PostFormValue(field))
	if err == nil && (!ok || hash == "") {
		err = fmt.Errorf("%w: that is not your present password", bridge.ErrInvalid)
	}
	return err
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
