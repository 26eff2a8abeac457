package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// pendingAge is how long a right password waits for its code.
const pendingAge = 10 * time.Minute

// pending is who has given their password and not yet their code.
type pending struct {
	Person string    `json:"person"`
	Stamp  string    `json:"stamp"`
	Next   string    `json:"next"`
	Until  time.Time `json:"until"`
}

// askCode keeps who gave the right password, and asks for their code. The session gets
// a new token already: what it holds is worth something.
func (s *Server) askCode(w http.ResponseWriter, r *http.Request, person, hash, next string) error {
	if err := s.sessions.RenewToken(r.Context()); err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	text, _ := json.Marshal(pending{person, stampOf(hash), next, s.now().Add(pendingAge)}) // unreachable error: strings and a time
	s.sessions.Put(r.Context(), sessionPending, string(text))
	http.Redirect(w, r, "/sign-in/code", http.StatusSeeOther)
	return nil
}

// pendingOf returns who is to give their code, ErrNotFound when nobody is.
func (s *Server) pendingOf(r *http.Request) (p pending, hash string, err error) {
	text := s.sessions.GetString(r.Context(), sessionPending)
	if text == "" || json.Unmarshal([]byte(text), &p) != nil || s.now().After(p.Until) {
		return pending{}, "", bridge.ErrNotFound
	}
	who, hash, err := s.store.Person(r.Context(), p.Person)
	if err != nil {
		return pending{}, "", err
	}
	if stampOf(hash) != p.Stamp || !maySignIn(who.Role) || !s.passwordsFor(who.Role) {
		return pending{}, "", bridge.ErrNotFound
	}
	return p, hash, nil
}

// codePage asks for a code.
type codePage struct {
	page
	Error string
}

func (s *Server) codePage(w http.ResponseWriter, r *http.Request) error {
	switch _, _, err := s.pendingOf(r); {
	case errors.Is(err, bridge.ErrNotFound):
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
		return nil
	case err != nil:
		return err
	}
	s.render(w, r, http.StatusOK, "sign_in_code", codePage{page: s.page(r, "Enter your code", "")})
	return nil
}

func (s *Server) enterCode(w http.ResponseWriter, r *http.Request) error {
	p, hash, err := s.pendingOf(r)
	if errors.Is(err, bridge.ErrNotFound) {
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	recovery, err := s.useCode(r.Context(), p.Person, r.PostFormValue("code"))
	if err != nil {
		status, text, ours := refused(w, err)
		if ours {
			return err
		}
		s.o.Logger.Warn("sign-in code refused", "person", p.Person)
		s.render(w, r, status, "sign_in_code", codePage{page: s.page(r, "Enter your code", ""), Error: text})
		return nil
	}
	if recovery {
		s.o.Logger.Warn("signed in with a recovery code", "person", p.Person)
		s.sessions.Put(r.Context(), sessionFlash, "You used a recovery code. If your phone is lost, switch two-factor sign-in off and on again below.")
		p.Next = "/account/two-factor"
	}
	return s.begin(w, r, p.Person, hash, wayPassword, p.Next)
}

// twoFactorPage is where people switch their second factor on and off.
type twoFactorPage struct {
	page
	On      bool
	Left    int           // recovery codes that are not used yet
	QR      template.HTML // of the key that is to be confirmed
	Secret  string        // the same, to type
	Codes   []string      // recovery codes that were made just now
	Must    bool          // they may do nothing else before
	Stays   bool          // they may not switch it off
	Local   bool          // they have a password that it would protect
	SSO     string        // how they sign in otherwise
	Problem string
}

func (s *Server) twoFactorPage(w http.ResponseWriter, r *http.Request) error {
	return s.showTwoFactor(w, r, http.StatusOK, twoFactorPage{})
}

func (s *Server) showTwoFactor(w http.ResponseWriter, r *http.Request, status int, p twoFactorPage) error {
	m := whoIs(r)
	p.page = s.page(r, "Two-factor sign-in", "account")
	p.Must, p.Stays, p.Local = m.mustEnrol && len(p.Codes) == 0, s.mustConfirm(m.Role), m.hasPassword
	if s.o.SSO != nil {
		p.SSO = s.o.SSO.Name
	}
	secret, on, left, err := s.store.TwoFactor(r.Context(), m.ID)
	if err != nil {
		return err
	}
	p.On, p.Left = on, left
	if secret != "" && !on {
		address, err := otpAddress(secret, m.Email)
		if err != nil {
			return err
		}
		if p.QR, err = qrSVG(address); err != nil {
			return err
		}
		p.Secret = grouped(secret)
	}
	s.render(w, r, status, "two_factor", p)
	return nil
}

// grouped writes a key in groups of four, as people type it.
func grouped(secret string) string {
	var b strings.Builder
	for i, c := range secret {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// twoFactorChanged shows the page with what a change made, or with why it was refused.
func (s *Server) twoFactorChanged(w http.ResponseWriter, r *http.Request, codes []string, err error) error {
	if err == nil {
		return s.showTwoFactor(w, r, http.StatusOK, twoFactorPage{Codes: codes})
	}
	status, text, ours := refused(w, err)
	if ours {
		return err
	}
	return s.showTwoFactor(w, r, status, twoFactorPage{Problem: text})
}

// offerTwoFactor makes a key for the person's app.
func (s *Server) offerTwoFactor(w http.ResponseWriter, r *http.Request) error {
	m := whoIs(r)
	if !m.hasPassword {
		return s.twoFactorChanged(w, r, nil, fmt.Errorf("%w: you have no password here that it would protect", bridge.ErrInvalid))
	}
	if err := s.store.OfferTwoFactor(r.Context(), m.ID, newSecret()); err != nil {
		return err
	}
	return s.done(w, r, "/account/two-factor", "")
}

// confirmTwoFactor switches it on for who shows that their app has the key, and that
// they are who signed in: whoever finds an open browser shall not lock its owner out.
func (s *Server) confirmTwoFactor(w http.ResponseWriter, r *http.Request) error {
	codes, err := s.enrol(r)
	return s.twoFactorChanged(w, r, codes, err)
}

func (s *Server) enrol(r *http.Request) (codes []string, err error) {
	m, ctx := whoIs(r), r.Context()
	if err := s.checkOwnPassword(r, m, "password"); err != nil {
		return nil, err
	}
	if !s.codes.allow("code " + m.ID) {
		return nil, errTooMany
	}
	secret, on, _, err := s.store.TwoFactor(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	step, ok := matchCode(secret, plainCode(r.PostFormValue("code")), s.now())
	switch {
	case on:
		return nil, fmt.Errorf("%w: it is on already", bridge.ErrConflict)
	case secret == "" || !ok:
		return nil, errWrongCode
	}
	codes, hashes := newRecoveryCodes()
	if err := s.store.ConfirmTwoFactor(ctx, m.ID, secret, step, hashes); err != nil {
		return nil, err
	}
	s.o.Logger.Info("two-factor sign-in switched on", "person", m.ID)
	// Who signed in elsewhere did so without it.
	return codes, s.store.EndSignIns(ctx, m.ID, m.signIn)
}

// freshRecoveryCodes replaces the recovery codes of who shows a code.
func (s *Server) freshRecoveryCodes(w http.ResponseWriter, r *http.Request) error {
	m := whoIs(r)
	codes, hashes := newRecoveryCodes()
	_, err := s.useCode(r.Context(), m.ID, r.PostFormValue("code"))
	if err == nil {
		err = s.store.SetRecoveryCodes(r.Context(), m.ID, hashes)
	}
	return s.twoFactorChanged(w, r, codes, err)
}

// dropTwoFactor switches it off for who shows a code.
func (s *Server) dropTwoFactor(w http.ResponseWriter, r *http.Request) error {
	m := whoIs(r)
	if s.mustConfirm(m.Role) {
		return s.twoFactorChanged(w, r, nil, fmt.Errorf("%w: everybody with your role needs it", bridge.ErrForbidden))
	}
	_, err := s.useCode(r.Context(), m.ID, r.PostFormValue("code"))
	if err == nil {
		err = s.store.RemoveTwoFactor(r.Context(), m.ID)
	}
	if err != nil {
		return s.twoFactorChanged(w, r, nil, err)
	}
	s.o.Logger.Info("two-factor sign-in switched off", "person", m.ID)
	return s.done(w, r, "/account/two-factor", "Two-factor sign-in is off.")
}
