package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// probeTime bounds how long a surface is asked whether posts would work.
const probeTime = 10 * time.Second

type mappingPage struct {
	page
	Groups []groupLine
	People []choiceOf
	Rules  []ruleLine
	Error  string
	Test   testForm
}

type groupLine struct {
	ID      string
	Name    string
	Members []choiceOf
	Count   int
}

// ruleLine is a mapping rule in the list.
type ruleLine struct {
	mapping.Rule
	Conditions []string
	Places     []string
	First      bool
	Last       bool
}

// testForm is the dry run of the mapping, and what came of it.
type testForm struct {
	Group    string
	Tags     string
	Priority string
	Groups   []choiceOf
	Done     bool
	Result   preview
	Rule     string
	Probes   []probe
}

// probe is what a surface says of a channel.
type probe struct {
	Place  string
	Works  bool
	Reason string
	Remedy string
}

func (s *Server) mappingPage(w http.ResponseWriter, r *http.Request) error {
	return s.showMapping(w, r, http.StatusOK, mappingPage{})
}

func (s *Server) showMapping(w http.ResponseWriter, r *http.Request, status int, p mappingPage) error {
	ctx := r.Context()
	groups, err := s.store.Groups(ctx)
	if err != nil {
		return err
	}
	rules, err := s.store.Rules(ctx)
	if err != nil {
		return err
	}
	labels, err := s.channelLabels(ctx, rules)
	if err != nil {
		return err
	}
	if p.Groups, err = s.groupLines(ctx, groups); err != nil {
		return err
	}
	for i, rule := range nameGroups(rules, groups) {
		line := ruleLine{Rule: rule, Conditions: conditionWords(rule.When), First: i == 0, Last: i == len(rules)-1}
		for _, c := range rule.Channels {
			line.Places = append(line.Places, labels[placeOf(c).String()])
		}
		p.Rules = append(p.Rules, line)
	}
	for _, id := range sortedNames(groups) {
		p.Test.Groups = append(p.Test.Groups, choiceOf{Value: id, Label: groups[id], On: id == p.Test.Group})
	}
	p.page = s.page(r, "Groups and channels", "mapping")
	s.render(w, r, status, "mapping", p)
	return nil
}

func (s *Server) groupLines(ctx context.Context, groups map[string]string) ([]groupLine, error) {
	members, err := s.store.Members(ctx)
	if err != nil {
		return nil, err
	}
	people, err := s.store.People(ctx, false)
	if err != nil {
		return nil, err
	}
	var out []groupLine
	for _, id := range sortedNames(groups) {
		line := groupLine{ID: id, Name: groups[id], Count: len(members[id])}
		for _, p := range people {
			line.Members = append(line.Members, choiceOf{Value: p.Person, Label: p.Name, On: slices.Contains(members[id], p.Person)})
		}
		out = append(out, line)
	}
	return out, nil
}

// conditionWords says in words when a rule matches.
func conditionWords(c mapping.Conditions) []string {
	var out []string
	add := func(what string, values []string) {
		if len(values) > 0 {
			out = append(out, what+" "+strings.Join(values, " or "))
		}
	}
	add("group is", c.Groups)
	add("has a tag of", c.TagsAny)
	if len(c.TagsAll) > 0 {
		out = append(out, "has the tags "+strings.Join(c.TagsAll, " and "))
	}
	add("has no tag", c.TagsNone)
	add("priority is", c.Priorities)
	add("brand is", c.Brands)
	add("organisation is", c.Organizations)
	add("form is", c.Forms)
	add("language is", c.Languages)
	for _, h := range c.Hours {
		out = append(out, "at "+h.String())
	}
	return out
}

// saveGroup makes or renames a group, and sets its members where the form has them.
func (s *Server) saveGroup(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	id, err := s.store.SaveGroup(r.Context(), r.PathValue("group"), r.PostFormValue("name"))
	if err == nil && r.PostForm.Has("has_members") {
		err = s.store.SetMembers(r.Context(), id, r.PostForm["member"])
	}
	if err != nil {
		status, _, text := classify(err)
		if status >= 500 {
			return err
		}
		return s.showMapping(w, r, status, mappingPage{Error: text})
	}
	return s.done(w, r, "/admin/mapping", "The group is saved.")
}

// testMapping routes a made-up ticket and asks the surfaces whether posts to the
// channels it leads to would work. It changes nothing anywhere.
func (s *Server) testMapping(w http.ResponseWriter, r *http.Request) error {
	p := mappingPage{Test: testForm{
		Group: r.PostFormValue("group"), Tags: r.PostFormValue("tags"), Priority: r.PostFormValue("priority"), Done: true,
	}}
	t := &bridge.Ticket{Tags: splitTags(p.Test.Tags), Priority: p.Test.Priority}
	to, err := s.resolve(r.Context(), t, askGroup+p.Test.Group)
	if err != nil {
		status, _, text := classify(err)
		if status >= 500 {
			return err
		}
		p.Test.Done = false
		p.Error = text
		return s.showMapping(w, r, status, p)
	}
	p.Test.Result = to.preview
	for i, target := range to.targets {
		p.Test.Probes = append(p.Test.Probes, s.probe(r.Context(), target.Place, to.preview.Channels[i]))
	}
	return s.showMapping(w, r, http.StatusOK, p)
}

func (s *Server) probe(ctx context.Context, place bridge.Place, label string) probe {
	out := probe{Place: label}
	surface := s.o.Probers[place.Surface]
	if surface == nil {
		out.Reason = surfaceName(place.Surface) + " is not connected."
		out.Remedy = "Configure " + surfaceName(place.Surface) + " and start the daemon again."
		return out
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	err := patiently(ctx, func() error { return surface.Probe(ctx, place) })
	if err == nil {
		out.Works = true
		return out
	}
	var se *bridge.SurfaceError
	if errors.As(err, &se) {
		out.Reason, out.Remedy = cmp.Or(se.Code, se.Class.String()), se.Remedy
		return out
	}
	out.Reason = "The question failed: " + err.Error()
	return out
}

// leastPatience is the least time between two questions to a surface that asked us to wait.
const leastPatience = 50 * time.Millisecond

// patiently asks again while a surface says no more than that it was asked too often:
// that is no answer to a person's question.
func patiently(ctx context.Context, ask func() error) error {
	for {
		err := ask()
		var se *bridge.SurfaceError
		if !errors.As(err, &se) || se.Class != bridge.RateLimited {
			return err
		}
		wait := time.NewTimer(max(se.After, leastPatience))
		select {
		case <-ctx.Done():
			wait.Stop()
			return err
		case <-wait.C:
		}
	}
}

// channelOptions finds channels by the beginning of their names, for a form's picker.
func (s *Server) channelOptions(w http.ResponseWriter, r *http.Request) error {
	found, err := s.findChannels(r.Context(), r.FormValue("q"))
	if err != nil {
		return err
	}
	return s.fragment(w, "channel-options", found)
}

// channelOption is a channel that a picker offers.
type channelOption struct {
	Value    string
	Label    string
	Private  bool
	External bool
	Member   bool
}

func (s *Server) findChannels(ctx context.Context, prefix string) ([]channelOption, error) {
	var out []channelOption
	err := s.store.Channels(ctx, prefix, 50, func(place bridge.Place, name string, private, external, member bool) {
		n := names{channels: map[bridge.Place]string{place: name}}
		out = append(out, channelOption{Value: place.String(), Label: n.place(place), Private: private, External: external, Member: member})
	})
	if err != nil {
		return nil, fmt.Errorf("find channels: %w", err)
	}
	return out, nil
}
