package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// noticesPage is where people say how they want to be told of what they have not read.
type noticesPage struct {
	page
	Ways, Occasions []choice
	Digest, Minutes string
	Daily           string
	Excerpt         bool
	Quiet           bool
	From, To        string
	Zone            string
	Accounts        []toldLine
	// NoDirect: nobody is told by a direct message here.
	NoDirect bool
	Error    string
}

// choice is a box that can be ticked.
type choice struct {
	Value, Label string
	On           bool
}

// toldLine is a chat account, and why nobody can be told anything there.
type toldLine struct {
	Surface, Workspace, Name string
	// Person is the id of whose it is.
	Person          string
	Trouble, Remedy string
	Since           time.Time
}

// Deaf reports whether a notice to the account was refused.
func (l toldLine) Deaf() bool { return l.Trouble != "" }

func (s *Server) noticesPage(w http.ResponseWriter, r *http.Request) error {
	n, err := s.notices(r.Context(), whoIs(r).ID)
	if err != nil {
		return err
	}
	p := noticesPage{
		Ways: ticked(n.Ways, wayWords()), Occasions: ticked(n.Occasions, occasionWords()), Digest: n.Digest,
		Minutes: strconv.Itoa(n.SilenceMinutes), Daily: n.Daily.String(), Excerpt: n.Excerpt, Zone: n.Zone.String(),
		From: "22:00", To: "07:00",
	}
	if n.Quiet != nil {
		p.Quiet, p.From, p.To, p.Zone = true, n.Quiet.From.String(), n.Quiet.To.String(), n.Quiet.Zone.String()
	}
	return s.showNotices(w, r, http.StatusOK, p)
}

func (s *Server) showNotices(w http.ResponseWriter, r *http.Request, status int, p noticesPage) error {
	p.page, p.NoDirect = s.page(r, "Being told", "account"), s.o.NoDirectMessages
	err := s.store.ChatAccounts(r.Context(), whoIs(r).ID, func(k bridge.Known, trouble, remedy string, since time.Time) {
		p.Accounts = append(p.Accounts, s.toldLine(k, trouble, remedy, since))
	})
	if err != nil {
		return err
	}
	s.render(w, r, status, "notices", p)
	return nil
}

func (s *Server) toldLine(k bridge.Known, trouble, remedy string, since time.Time) toldLine {
	return toldLine{
		Surface: surfaceName(k.Account.Surface), Workspace: s.workspace(k.Account.Surface, k.Account.Workspace),
		Name: k.Name, Person: k.Person, Trouble: trouble, Remedy: remedy, Since: since,
	}
}

// unreachable lists whose chat accounts refuse what we want to tell them.
func (s *Server) unreachable(ctx context.Context, p *healthPage) error {
	return s.store.UnreachableAccounts(ctx, func(k bridge.Known, trouble, remedy string, since time.Time) {
		p.Deaf = append(p.Deaf, s.toldLine(k, trouble, remedy, since))
	})
}

func (s *Server) saveNotices(w http.ResponseWriter, r *http.Request) error {
	p, n, err := noticesForm(r)
	if err != nil {
		p.Error = "That was not saved: " + err.Error() + "."
		return s.showNotices(w, r, http.StatusUnprocessableEntity, p)
	}
	text, err := json.Marshal(n)
	if err != nil {
		return err // unreachable: it was read from text
	}
	if err := s.store.SetPreference(r.Context(), whoIs(r).ID, PreferenceNotices, string(text)); err != nil {
		return err
	}
	return s.done(w, r, "/settings/notifications", "Saved.")
}

// noticesForm reads the form, as it is to be shown again and as it is to be kept.
func noticesForm(r *http.Request) (p noticesPage, n mapping.Notices, err error) {
	form := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	p = noticesPage{
		Digest: form("digest"), Minutes: form("minutes"), Daily: form("daily"), Excerpt: form("excerpt") != "",
		Quiet: form("quiet") != "", From: form("from"), To: form("to"), Zone: form("zone"),
	}
	p.Ways, p.Occasions = ticked(r.PostForm["way"], wayWords()), ticked(r.PostForm["occasion"], occasionWords())
	n = mapping.Notices{Ways: chosen(p.Ways), Occasions: chosen(p.Occasions), Digest: p.Digest, Excerpt: p.Excerpt}
	if n.SilenceMinutes, err = strconv.Atoi(p.Minutes); err != nil {
		return p, n, fmt.Errorf("the minutes of silence are a whole number, such as 15")
	}
	if err = n.Daily.UnmarshalText([]byte(p.Daily)); err != nil {
		return p, n, err
	}
	if err = n.Zone.UnmarshalText([]byte(p.Zone)); err != nil {
		return p, n, err
	}
	if p.Quiet {
		if n.Quiet, err = mapping.ParseQuiet(p.From+"-"+p.To, n.Zone); err != nil {
			return p, n, err
		}
	}
	return p, n, n.Validate()
}

// ticked returns the choices, in pairs of value and label, with those that are on.
func ticked(on []string, words [][2]string) []choice {
	out := make([]choice, len(words))
	for i, w := range words {
		out[i] = choice{w[0], w[1], slices.Contains(on, w[0])}
	}
	return out
}

// chosen returns the values of the choices that are on.
func chosen(all []choice) []string {
	out := []string{}
	for _, c := range all {
		if c.On {
			out = append(out, c.Value)
		}
	}
	return out
}

func wayWords() [][2]string {
	return [][2]string{
		{mapping.WayPage, "On the page that I look at"},
		{mapping.WayBrowser, "By my browser, while I look at no page"},
		{"slack", "By a direct message in Slack"},
		{"discord", "By a direct message in Discord"},
	}
}

func occasionWords() [][2]string {
	return [][2]string{
		{mapping.OccasionStarted, "In a conversation that I started"},
		{mapping.OccasionAssigned, "On a ticket of mine"},
		{mapping.OccasionPart, "In a conversation that I take part in"},
		{mapping.OccasionMentioned, "When somebody names me"},
		{mapping.OccasionApproval, "When I am asked for approval"},
	}
}
