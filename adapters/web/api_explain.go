package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// apiRoute is where the rules lead, and why: a step for each rule that was looked at, in
// order, of which the last is the one that decided.
type apiRoute struct {
	Rule     string         `json:"rule"` // empty when no rule took it
	Channels []apiChannel   `json:"channels"`
	Notes    []string       `json:"notes"`
	Steps    []mapping.Step `json:"steps"`
}

// apiChannel is a channel that a conversation would be shown in.
type apiChannel struct {
	Surface   string `json:"surface"`
	Workspace string `json:"workspace"`
	ID        string `json:"id"`
	Name      string `json:"name"`
}

// apiExplain says where asking a group would lead and why, and changes nothing: about a
// ticket as it is, or about one that is made up of tags and priority, now or at a time.
func (s *Server) apiExplain(w http.ResponseWriter, r *http.Request, c caller) error {
	ctx := r.Context()
	group, err := s.groupNamed(ctx, r.FormValue("group"))
	switch {
	case err != nil:
		return err
	case group == "":
		return fmt.Errorf("%w: send group, the name or the id of whom to ask", bridge.ErrInvalid)
	}
	at, err := explainAt(r.FormValue("at"), s.now())
	if err != nil {
		return err
	}
	t := &bridge.Ticket{Tags: splitTags(r.FormValue("tags")), Priority: strings.TrimSpace(r.FormValue("priority"))}
	if id := r.FormValue("ticket"); id != "" {
		if len(t.Tags) > 0 || t.Priority != "" {
			return fmt.Errorf("%w: a ticket has its own tags and priority: send ticket alone, or leave it out", bridge.ErrInvalid)
		}
		number, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return fmt.Errorf("%w: ticket %q is no number", bridge.ErrInvalid, id)
		}
		if t, err = s.ticketRow(ctx, number); err != nil {
			return err
		}
		if err := s.store.RecordAccess(ctx, c.actor(), bridge.AccessAPI, bridge.Access{Ticket: number}); err != nil {
			return err
		}
	}
	to, err := s.resolveAt(ctx, t, askGroup+group, at)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, routeOf(to))
	return nil
}

// explainAt reads the time that a question is about; none is now.
func explainAt(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return now, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("%w: at is %q: write a time such as 2026-11-24T18:00:00Z", bridge.ErrInvalid, text)
	}
	return at, nil
}

func routeOf(to asked) apiRoute {
	out := apiRoute{Channels: []apiChannel{}, Notes: append([]string{}, to.preview.Notes...), Steps: append([]mapping.Step{}, to.preview.Steps...)}
	if n := len(out.Steps); n > 0 && out.Steps[n-1].Matched {
		out.Rule = out.Steps[n-1].Rule
	}
	for i, target := range to.targets {
		p := target.Place
		out.Channels = append(out.Channels, apiChannel{Surface: p.Surface, Workspace: p.Workspace, ID: p.Channel, Name: to.preview.Channels[i]})
	}
	return out
}
