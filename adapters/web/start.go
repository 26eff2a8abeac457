package web

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// startForm is the form that begins a side conversation.
type startForm struct {
	Ticket  int64
	To      []choiceGroup
	Chosen  string
	Find    string // the beginning of a name that To is limited to
	Many    bool   // there are more than To has
	Subject string
	Body    string
	Error   string
	Preview *preview
	Open    bool // the form is shown unfolded
	// Restricted: only those who are asked see it.
	Restricted bool
	Key        string
	Limit      int64
	Attach     attachForm
}

// choiceGroup is a part of a choice under a heading.
type choiceGroup struct {
	Label   string
	Options []choiceOf
}

// preview is where a conversation would go, and why.
type preview struct {
	Channels []string
	// Notes say what else happens, such as a channel that is left out.
	Notes []string
	Steps []mapping.Step
}

// asked is whom a conversation asks, resolved to channels by the mapping.
type asked struct {
	group   string // a group's id
	mention string // Markdown that calls the person who was picked
	person  string // the id of that person
	targets []bridge.Target
	preview preview
}

// The prefixes of the values that the form's choice of whom to ask has.
const (
	askGroup   = "group:"
	askPerson  = "person:"
	askChannel = "channel:"
)

func placeOf(c mapping.Channel) bridge.Place {
	return bridge.Place{Surface: c.Surface, Workspace: c.Workspace, Channel: c.ID}
}

// resolve finds the channels that asking somebody about a ticket leads to now.
func (s *Server) resolve(ctx context.Context, t *bridge.Ticket, to string) (asked, error) {
	return s.resolveAt(ctx, t, to, s.now())
}

// resolveAt finds those that it leads to at a time.
func (s *Server) resolveAt(ctx context.Context, t *bridge.Ticket, to string, at time.Time) (asked, error) {
	rules, err := s.store.Rules(ctx)
	if err != nil {
		return asked{}, err
	}
	groups, err := s.store.Groups(ctx)
	if err != nil {
		return asked{}, err
	}
	rules = nameGroups(rules, groups)
	q := mapping.Query{Tags: t.Tags, Priority: t.Priority, At: at}
	switch {
	case strings.HasPrefix(to, askGroup):
		id := strings.TrimPrefix(to, askGroup)
		name, ok := groups[id]
		if !ok {
			return asked{}, fmt.Errorf("%w: that group is gone: pick another", bridge.ErrInvalid)
		}
		q.Group = name
		return s.routed(ctx, id, mapping.Route(rules, q))
	case strings.HasPrefix(to, askPerson):
		return s.resolvePerson(ctx, strings.TrimPrefix(to, askPerson), rules, groups, q)
	case strings.HasPrefix(to, askChannel):
		return s.resolveChannel(ctx, strings.TrimPrefix(to, askChannel), rules)
	default:
		return asked{}, fmt.Errorf("%w: whom do you want to ask? Pick a group, a channel or a person", bridge.ErrInvalid)
	}
}

// nameGroups puts names for the group ids in rules' conditions, so that the
// explanation speaks of groups as people do. A rule keeps the id, which a
// renamed group keeps too.
func nameGroups(rules []mapping.Rule, groups map[string]string) []mapping.Rule {
	out := slices.Clone(rules)
	for i := range out {
		out[i].When.Groups = slices.Clone(out[i].When.Groups)
		for j, id := range out[i].When.Groups {
			out[i].When.Groups[j] = cmp.Or(groups[id], id)
		}
	}
	return out
}

// resolvePerson asks a person where their groups are asked, in the first of them
// that leads to a channel, and calls them there by name.
func (s *Server) resolvePerson(ctx context.Context, person string, rules []mapping.Rule, groups map[string]string, q mapping.Query) (asked, error) {
	p, _, err := s.store.Person(ctx, person)
	if err != nil {
		return asked{}, err
	}
	members, err := s.store.Members(ctx)
	if err != nil {
		return asked{}, err
	}
	var last asked
	for _, id := range sortedNames(groups) {
		if !slices.Contains(members[id], person) {
			continue
		}
		q.Group = groups[id]
		if last, err = s.routed(ctx, id, mapping.Route(rules, q)); err != nil {
			return asked{}, err
		}
		last.preview.Notes = append([]string{fmt.Sprintf("%s is in %s.", p.Name, groups[id])}, last.preview.Notes...)
		last.person = p.Person
		last.mention = fmt.Sprintf("[@%s](mention:person/%s) ", strings.NewReplacer("[", "", "]", "", `\`, "").Replace(p.Name), p.Person)
		if len(last.targets) > 0 {
			return last, nil
		}
	}
	if last.group == "" {
		return asked{}, fmt.Errorf("%w: %s is in no group, so no channel is mapped: an admin can add them to one", bridge.ErrInvalid, p.Name)
	}
	return last, nil
}

// resolveChannel asks in one channel that a rule names, under that rule.
func (s *Server) resolveChannel(ctx context.Context, place string, rules []mapping.Rule) (asked, error) {
	for _, r := range rules {
		for _, c := range r.Channels {
			if placeOf(c).String() == place {
				d := mapping.Decision{Rule: &r, Channels: []mapping.Channel{c}}
				d.Explain = []mapping.Step{{RuleID: r.ID, Rule: r.Name, Matched: true, Reason: "you picked one of its channels"}}
				return s.routed(ctx, "", d)
			}
		}
	}
	return asked{}, fmt.Errorf("%w: no rule maps that channel any more: pick another", bridge.ErrInvalid)
}

// routed turns a decision into targets. A channel shared with another
// organisation is left out unless the rule allows it.
func (s *Server) routed(ctx context.Context, group string, d mapping.Decision) (asked, error) {
	out := asked{group: group, preview: preview{Steps: d.Explain}}
	places := make([]bridge.Place, len(d.Channels))
	for i, c := range d.Channels {
		places[i] = placeOf(c)
	}
	channels, err := s.store.ChannelNames(ctx, places)
	if err != nil {
		return asked{}, err
	}
	n := names{channels: channels}
	for _, p := range places {
		external, err := s.store.ChannelExternal(ctx, p)
		if err != nil {
			return asked{}, err
		}
		if external && !d.Rule.AllowExternal {
			out.preview.Notes = append(out.preview.Notes,
				n.place(p)+" is shared with another organisation and the rule does not allow that: it is left out.")
			continue
		}
		out.targets = append(out.targets, bridge.Target{Place: p, Rule: d.Rule.ID})
		out.preview.Channels = append(out.preview.Channels, n.place(p))
	}
	return out, nil
}

// ticketRow reads a ticket's present state alone: nothing comes after the end of time.
func (s *Server) ticketRow(ctx context.Context, ticket int64) (*bridge.Ticket, error) {
	st, err := s.store.TicketSince(ctx, "", ticket, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	return st.Tickets[ticket], nil
}

func readStart(r *http.Request) startForm {
	return startForm{
		Chosen: r.PostFormValue("to"), Find: r.PostFormValue("find"), Subject: r.PostFormValue("subject"), Body: r.PostFormValue("body"), Open: true, Restricted: r.PostFormValue("restricted") != "",
	}
}

// startConversation begins a side conversation with its first message. The
// button of its form that asks for a preview changes nothing.
func (s *Server) startConversation(w http.ResponseWriter, r *http.Request) error {
	ticket, err := ticketOf(r)
	if err != nil {
		return err
	}
	var res bridge.Result
	if err = parseForm(r); err == nil {
		res, err = s.begun(r, ticket)
	}
	if err != nil {
		f := readStart(r)
		_, _, f.Error = classify(err)
		return s.refuse(w, r, ticket, typed{Form: "start"}, f, err)
	}
	return s.changedSaying(w, r, ticket, conversationAnchor(res.ID.Seq), res.Why)
}

func (s *Server) begun(r *http.Request, ticket int64) (bridge.Result, error) {
	f, ctx := readStart(r), r.Context()
	t, err := s.ticketRow(ctx, ticket)
	if err != nil {
		return bridge.Result{}, err
	}
	to, err := s.resolve(ctx, t, f.Chosen)
	if err != nil {
		return bridge.Result{}, err
	}
	files, err := s.uploads(r)
	if err != nil {
		return bridge.Result{}, err
	}
	share, err := readShare(r)
	if err != nil {
		return bridge.Result{}, err
	}
	return s.beginTalk(ctx, beginning{
		actor: whoIs(r).actor(), ticket: ticket, to: to, subject: f.Subject, body: written(r), files: files, share: share, restricted: f.Restricted,
		key: formKey(r, append([]string{"start", f.Chosen, f.Subject, f.Body}, r.PostForm["share"]...)...),
	})
}

// previewRoute shows where a conversation would go and why, before it is begun.
func (s *Server) previewRoute(w http.ResponseWriter, r *http.Request) error {
	ticket, err := ticketOf(r)
	if err != nil {
		return err
	}
	if err := parseForm(r); err != nil {
		return err
	}
	f := readStart(r)
	t, err := s.ticketRow(r.Context(), ticket)
	if err != nil {
		return err
	}
	if f.Chosen == "" && f.Find != "" { // without our script, a name is looked for by the same button
		return s.showTicket(w, r, ticket, http.StatusOK, typed{}, f)
	}
	to, err := s.resolve(r.Context(), t, f.Chosen)
	if err != nil {
		_, _, f.Error = classify(err)
		return s.refuse(w, r, ticket, typed{Form: "start"}, f, err)
	}
	if isFragment(r) {
		return s.fragment(w, "preview", &to.preview)
	}
	f.Preview = &to.preview
	return s.showTicket(w, r, ticket, http.StatusOK, typed{}, f)
}
