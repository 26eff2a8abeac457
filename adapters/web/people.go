package web

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// accountsShown bounds the list of accounts seen in chats.
const accountsShown = 200

type peoplePage struct {
	page
	People   []bridge.Known
	Disabled []bridge.Known
	Accounts []accountLine
	Names    map[string]string
	Roles    []bridge.Role
	// Auditors has the ids of those who see all restricted conversations.
	Auditors map[string]bool
	// TwoFactor has the ids of those who confirm their password with a code.
	TwoFactor map[string]bool
	// SSO is what the provider is called that people sign in with, if there is one.
	SSO   string
	Error string
	Name  string
	Email string
}

// accountLine is an account that was seen in a chat.
type accountLine struct {
	bridge.Known
	Where string // the surface and workspace
	Seen  time.Time
}

func (s *Server) peoplePage(w http.ResponseWriter, r *http.Request) error {
	return s.showPeople(w, r, http.StatusOK, peoplePage{})
}

func (s *Server) showPeople(w http.ResponseWriter, r *http.Request, status int, p peoplePage) (err error) {
	p.page = s.page(r, "People", "people")
	if s.o.SSO != nil {
		p.SSO = s.o.SSO.Name
	}
	p.Roles = []bridge.Role{bridge.RoleExpert, bridge.RoleAgent, bridge.RoleAdmin}
	if p.People, err = s.store.People(r.Context(), false); err != nil {
		return err
	}
	if p.Disabled, err = s.store.People(r.Context(), true); err != nil {
		return err
	}
	if p.Auditors, err = s.store.Auditors(r.Context()); err != nil {
		return err
	}
	if p.TwoFactor, err = s.store.TwoFactorPeople(r.Context()); err != nil {
		return err
	}
	accounts, err := s.store.Accounts(r.Context(), accountsShown)
	if err != nil {
		return err
	}
	where := func(a bridge.Account) string {
		return surfaceName(a.Surface) + " " + s.workspace(a.Surface, a.Workspace)
	}
	err = s.store.Unlinked(r.Context(), accountsShown, func(a bridge.Account, name string, seen time.Time) {
		p.Accounts = append(p.Accounts, accountLine{Known: bridge.Known{Account: a, Name: name}, Where: where(a), Seen: seen})
	})
	if err != nil {
		return err
	}
	for _, k := range accounts {
		if k.Person != "" {
			p.Accounts = append(p.Accounts, accountLine{Known: k, Where: where(k.Account)})
		}
	}
	p.Names = map[string]string{}
	for _, k := range append(p.People, p.Disabled...) {
		p.Names[k.Person] = k.Name
	}
	s.render(w, r, status, "people", p)
	return nil
}

// addPerson adds somebody to the directory. An agent or admin signs in with the
// password that the admin gives them and should change it, or needs none where there
// is a provider to sign in with.
func (s *Server) addPerson(w http.ResponseWriter, r *http.Request) error {
	p := peoplePage{Name: r.PostFormValue("name"), Email: r.PostFormValue("email")}
	err := s.createPerson(r.Context(), p.Name, p.Email, bridge.Role(r.PostFormValue("role")), r.PostFormValue("password"))
	if err != nil {
		status, _, text := classify(err)
		if status >= 500 {
			return err
		}
		p.Error = text
		return s.showPeople(w, r, status, p)
	}
	return s.done(w, r, "/admin/people", p.Name+" is added.")
}

func (s *Server) createPerson(ctx context.Context, name, email string, role bridge.Role, password string) (err error) {
	if err := validRole(role); err != nil {
		return err
	}
	hash := ""
	if role != bridge.RoleExpert || email != "" {
		if email, err = cleanEmail(email); err != nil {
			return err
		}
	}
	if role != bridge.RoleExpert && (password != "" || s.o.SSO == nil) {
		if hash, err = s.hash(ctx, password); err != nil {
			return err
		}
	}
	_, err = s.store.CreatePerson(ctx, newPerson(name, email, role), hash)
	return err
}

func validRole(role bridge.Role) error {
	switch role {
	case bridge.RoleExpert, bridge.RoleAgent, bridge.RoleAdmin:
		return nil
	}
	return fmt.Errorf("%w: role %q: want expert, agent or admin", bridge.ErrInvalid, role)
}

// changePerson changes one thing of a person: the role, the password, or whether they may sign in.
func (s *Server) changePerson(w http.ResponseWriter, r *http.Request) error {
	id, ctx := r.PathValue("person"), r.Context()
	var err error
	flash := "Saved."
	switch r.PostFormValue("do") {
	case "role":
		role := bridge.Role(r.PostFormValue("role"))
		if err = validRole(role); err == nil {
			err = s.store.SetRole(ctx, id, role)
		}
	case "password":
		var hash string
		if hash, err = s.hash(ctx, r.PostFormValue("password")); err == nil {
			err = s.store.SetPassword(ctx, id, hash)
		}
		if err == nil {
			err = s.endTheirs(r, id)
		}
		flash = "The new password is set. Their other sessions are signed out."
	case "sign-out":
		err, flash = s.endTheirs(r, id), "They are signed out everywhere."
	case "two-factor":
		err, flash = s.resetTwoFactor(r, id), "Their two-factor sign-in is off, and they are signed out everywhere. Ask them to set it up again."
	case "merge":
		err = s.store.MergePeople(ctx, id, r.PostFormValue("into"), whoIs(r).ID)
		flash = "They are one person now. What was done before keeps the name it had."
	case "auditor":
		err = s.store.SetAuditor(ctx, id, r.PostFormValue("on") != "")
	case "disable":
		err = s.store.SetDisabled(ctx, id, true)
		flash = "They can no longer sign in. What they did stays on record."
	case "enable":
		err = s.store.SetDisabled(ctx, id, false)
	default:
		err = fmt.Errorf("%w: nothing to change", bridge.ErrInvalid)
	}
	if err != nil {
		status, _, text := classify(err)
		if status >= 500 {
			return err
		}
		return s.showPeople(w, r, status, peoplePage{Error: text})
	}
	return s.done(w, r, "/admin/people", flash)
}

// endTheirs signs a person out everywhere; an admin who does so to themselves stays
// signed in here.
func (s *Server) endTheirs(r *http.Request, person string) error {
	except := ""
	if m := whoIs(r); m.ID == person {
		except = m.signIn
	}
	s.o.Logger.Info("sign-ins ended by an admin", "person", person, "admin", whoIs(r).ID)
	return s.store.EndSignIns(r.Context(), person, except)
}

// resetTwoFactor is for somebody who has lost their phone and their recovery codes. An
// admin's own takes a code: an open browser shall not be enough.
func (s *Server) resetTwoFactor(r *http.Request, person string) error {
	if whoIs(r).ID == person {
		return fmt.Errorf("%w: switch your own off on the page of your account, with a code, or ask another admin", bridge.ErrInvalid)
	}
	if err := s.store.RemoveTwoFactor(r.Context(), person); err != nil {
		return err
	}
	s.o.Logger.Warn("two-factor sign-in reset by an admin", "person", person, "admin", whoIs(r).ID)
	return s.endTheirs(r, person)
}

func (s *Server) linkAccount(w http.ResponseWriter, r *http.Request) error {
	account := bridge.Account{
		Surface: r.PostFormValue("surface"), Workspace: r.PostFormValue("workspace"), ID: r.PostFormValue("id"),
	}
	if r.PostFormValue("do") == "split" {
		if _, err := s.store.SplitAccount(r.Context(), account, whoIs(r).ID); err != nil {
			return err
		}
		return s.done(w, r, "/admin/people", "The account is a person of its own now.")
	}
	if err := s.store.LinkAccount(r.Context(), account, r.PostFormValue("person"), whoIs(r).ID); err != nil {
		return err
	}
	return s.done(w, r, "/admin/people", "Saved. What they say from now on has their name and role.")
}
