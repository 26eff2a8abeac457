package web

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// changesShown is how many changes a page shows.
const changesShown = 100

// The areas in which settings are changed.
const (
	areaGroup       = "group"
	areaRule        = "rule"
	areaPerson      = "person"
	areaAccount     = "account"
	areaToken       = "token"
	areaPermissions = "permissions"
)

func areas() []string {
	return []string{areaGroup, areaRule, areaPerson, areaAccount, areaToken, areaPermissions}
}

// changeLine is a change as the page shows it.
type changeLine struct {
	At                             time.Time
	By, Area, Subject, Was, Became string
}

type changesPage struct {
	page
	Areas   []choiceOf
	People  []choiceOf
	Changes []changeLine
	Area    string
	Person  string
	// More is the time of the last line, when there are earlier ones.
	More int64
}

// changesPage shows what was changed in the settings, by whom, from what to what.
func (s *Server) changesPage(w http.ResponseWriter, r *http.Request) error {
	p := changesPage{page: s.page(r, "Changed settings", "settings"), Area: r.FormValue("area"), Person: r.FormValue("person")}
	for _, area := range areas() {
		p.Areas = append(p.Areas, choiceOf{Value: area, Label: titled(area), On: area == p.Area})
	}
	n := names{people: map[string]string{}}
	if err := n.addPeople(r.Context(), s.store); err != nil {
		return err
	}
	for _, id := range sortedNames(n.people) {
		p.People = append(p.People, choiceOf{Value: id, Label: n.people[id], On: id == p.Person})
	}
	var before time.Time
	if at, err := strconv.ParseInt(r.FormValue("before"), 10, 64); err == nil {
		before = bridge.FromMicros(at)
	}
	err := s.store.Changes(r.Context(), p.Area, p.Person, before, changesShown, func(at time.Time, by, area, subject, was, became string) {
		p.Changes = append(p.Changes, changeLine{at, by, area, subject, was, became})
	})
	if err != nil {
		return err
	}
	if len(p.Changes) == changesShown {
		p.More = bridge.Micros(p.Changes[changesShown-1].At)
	}
	s.render(w, r, http.StatusOK, "changes", p)
	return nil
}

// described is a part of the settings in words, by what it is about.
type described map[string]string

// recorded puts what an admin's form changes on record, by comparing the settings in
// words before and after it. Forms come one after the other, so that each is held to
// have made its own changes alone.
func (s *Server) recorded(pattern string, h handler) handler {
	area, describe := s.describer(pattern)
	if describe == nil {
		return h
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		s.changing.Lock()
		defer s.changing.Unlock()
		if err := parseForm(r); err != nil {
			return err
		}
		was, err := describe(r)
		if err != nil {
			return err
		}
		status := &statusWriter{ResponseWriter: w}
		if err := h(status, r); err != nil {
			return err
		}
		// The change is made: it is recorded even when whoever made it is gone.
		ctx := context.WithoutCancel(r.Context())
		became, err := describe(r.WithContext(ctx))
		if err == nil {
			err = s.recordChanges(ctx, whoIs(r).actor(), area, was, became)
		}
		if err == nil && area == areaPerson && status.code < http.StatusBadRequest {
			err = s.recordActs(ctx, r)
		}
		if err != nil {
			s.o.Logger.Error("a change of the settings was not put on record", "area", area, "person", whoIs(r).ID, "error", err)
		}
		return nil // it has been answered
	}
}

// statusWriter remembers the status that was answered.
type statusWriter struct {
	http.ResponseWriter
	code int
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(code int) {
	w.code = code
	w.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController reach the writer beneath.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (s *Server) recordChanges(ctx context.Context, by bridge.Actor, area string, was, became described) error {
	subjects := map[string]bool{}
	for _, d := range []described{was, became} {
		for subject := range d {
			subjects[subject] = true
		}
	}
	for _, subject := range slices.Sorted(maps.Keys(subjects)) {
		if was[subject] == became[subject] {
			continue
		}
		_, label, _ := strings.Cut(subject, "\x00")
		if err := s.store.RecordChange(ctx, by, area, label, was[subject], became[subject]); err != nil {
			return err
		}
	}
	return nil
}

// recordActs records what leaves no words behind: that a password was set is on record,
// the password is not.
func (s *Server) recordActs(ctx context.Context, r *http.Request) error {
	act := map[string]string{
		"password": "a new password was set", "sign-out": "was signed out everywhere", "two-factor": "two-factor sign-in was reset",
	}[r.PostFormValue("do")]
	id := r.PathValue("person")
	if act == "" || id == "" {
		return nil
	}
	n := names{people: map[string]string{}}
	if err := n.addPeople(ctx, s.store); err != nil {
		return err
	}
	return s.store.RecordChange(ctx, whoIs(r).actor(), areaPerson, n.person(id), "", act)
}

// describer returns the area of a form and what describes the settings that it changes.
// Subjects are "id\x00name", so that two of one name stay apart.
func (s *Server) describer(pattern string) (string, func(*http.Request) (described, error)) {
	path, post := strings.CutPrefix(pattern, "POST /admin/")
	if !post {
		return "", nil
	}
	switch first, _, _ := strings.Cut(path, "/"); first {
	case "groups":
		return areaGroup, s.describeGroups
	case "rules":
		return areaRule, s.describeRules
	case "people":
		return areaPerson, s.describePeople
	case "accounts":
		return areaAccount, s.describeAccount
	case "tokens":
		return areaToken, s.describeTokens
	case "permissions":
		return areaPermissions, s.describePermissions
	}
	return "", nil
}

func (s *Server) describeGroups(r *http.Request) (described, error) {
	groups, err := s.store.Groups(r.Context())
	if err != nil {
		return nil, err
	}
	members, err := s.store.Members(r.Context())
	if err != nil {
		return nil, err
	}
	n := names{people: map[string]string{}}
	if err := n.addPeople(r.Context(), s.store); err != nil {
		return nil, err
	}
	out := described{}
	for id, name := range groups {
		var who []string
		for _, m := range members[id] {
			who = append(who, n.person(m))
		}
		slices.Sort(who)
		out[id+"\x00group"] = fmt.Sprintf("%s: %s", name, cmp.Or(strings.Join(who, ", "), "nobody"))
	}
	return out, nil
}

func (s *Server) describeRules(r *http.Request) (described, error) {
	rules, err := s.store.Rules(r.Context())
	if err != nil {
		return nil, err
	}
	groups, err := s.store.Groups(r.Context())
	if err != nil {
		return nil, err
	}
	out := described{}
	for i, rule := range nameGroups(rules, groups) {
		text, err := json.Marshal(rule)
		if err != nil {
			return nil, fmt.Errorf("describe rule %s: %w", rule.Name, err)
		}
		out[rule.ID+"\x00"+rules[i].Name] = fmt.Sprintf("%d. %s", i+1, text)
	}
	return out, nil
}

func (s *Server) describePeople(r *http.Request) (described, error) {
	out := described{}
	auditors, err := s.store.Auditors(r.Context())
	if err != nil {
		return nil, err
	}
	for _, disabled := range []bool{false, true} {
		people, err := s.store.People(r.Context(), disabled)
		if err != nil {
			return nil, err
		}
		for _, p := range people {
			text := string(p.Role)
			if p.Account.ID != "" {
				text += ", " + p.Account.ID
			}
			if auditors[p.Person] {
				text += ", auditor"
			}
			if disabled {
				text += ", disabled"
			}
			out[p.Person+"\x00"+p.Name] = text
		}
	}
	return out, nil
}

// describeAccount describes the one account that the form is about.
func (s *Server) describeAccount(r *http.Request) (described, error) {
	a := bridge.Account{Surface: r.PostFormValue("surface"), Workspace: r.PostFormValue("workspace"), ID: r.PostFormValue("id")}
	k, err := s.store.Identify(r.Context(), a)
	if err != nil {
		return nil, err
	}
	n := names{people: map[string]string{}}
	if err := n.addPeople(r.Context(), s.store); err != nil {
		return nil, err
	}
	label := surfaceName(a.Surface) + " " + s.workspace(a.Surface, a.Workspace) + " " + a.ID
	return described{"\x00" + label: cmp.Or(n.person(k.Person), "linked to nobody")}, nil
}

func (s *Server) describeTokens(r *http.Request) (described, error) {
	out := described{}
	err := s.store.Tokens(r.Context(), func(id, name, by string, _, _ time.Time) { out[id+"\x00"+name] = "made by " + by })
	return out, err
}

func (s *Server) describePermissions(r *http.Request) (described, error) {
	p, err := s.permissions(r.Context())
	if err != nil {
		return nil, err
	}
	out := described{}
	for i, rule := range p.Start {
		out[fmt.Sprintf("s%d\x00who may start", i)] = startWords(rule)
	}
	out["r\x00who may restrict"] = p.Restrict.String()
	out["v\x00others are told of restricted conversations"] = map[bool]string{true: "yes", false: "no"}[p.TellRestricted]
	for i, rule := range p.Invite {
		out[fmt.Sprintf("t%d\x00who may be invited", i)] = inviteWords(rule)
	}
	return out, nil
}

func startWords(r mapping.StartRule) string {
	return fmt.Sprintf("%s may start with %s", r.By, cmp.Or(strings.Join(r.Groups, ", "), "any group"))
}

func inviteWords(r mapping.InviteRule) string { return fmt.Sprintf("%s may invite %s", r.By, r.Whom) }
