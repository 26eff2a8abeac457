package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/mapping/words"
)

// How many of each kind the choice of whom to ask has at once, and how many people are
// looked at for those who can be asked.
const (
	askedMost  = 50
	askedFound = 500
)

// askable lists whom a conversation can ask: groups, the channels that a rule names,
// and people who are in a group. What a name begins limits them to those so called. Of
// each kind there are only so many, and the one that is chosen; many says that there
// are more.
func (s *Server) askable(ctx context.Context, people []bridge.Known, groups map[string]string, chosen, find string) (out []choiceGroup, many bool, err error) {
	rules, err := s.store.Rules(ctx)
	if err != nil {
		return nil, false, err
	}
	members, err := s.store.Members(ctx)
	if err != nil {
		return nil, false, err
	}
	channels, err := s.channelLabels(ctx, rules)
	if err != nil {
		return nil, false, err
	}
	out = []choiceGroup{{Label: "Groups"}, {Label: "Channels"}, {Label: "People"}}
	typed := words.Name(find)
	add := func(i int, value, label string, found bool) {
		switch {
		case value == chosen, found && len(out[i].Options) < askedMost:
			out[i].Options = append(out[i].Options, choiceOf{Value: value, Label: label, On: value == chosen})
		case found:
			many = true
		}
	}
	for _, id := range sortedNames(groups) {
		add(0, askGroup+id, groups[id], begins(words.Name(groups[id]), typed))
	}
	for _, value := range sortedNames(channels) {
		add(1, askChannel+value, channels[value], begins(words.Name(channels[value]), typed))
	}
	inGroup := map[string]bool{}
	for _, ids := range members {
		for _, id := range ids {
			inGroup[id] = true
		}
	}
	for _, p := range people {
		if inGroup[p.Person] {
			add(2, askPerson+p.Person, p.Name, len(typed) == 0 || begins(words.Name(p.Name), typed))
		}
	}
	return slices.DeleteFunc(out, func(g choiceGroup) bool { return len(g.Options) == 0 }), many, nil
}

// askWhom answers the form's script with those who are called so.
func (s *Server) askWhom(w http.ResponseWriter, r *http.Request) error {
	ctx, find := r.Context(), r.FormValue("q")
	groups, err := s.store.Groups(ctx)
	if err != nil {
		return err
	}
	found, err := s.store.Named(ctx, bridge.NameQuery{Text: find, Limit: map[bridge.NamedKind]int{bridge.NamedPerson: askedFound}})
	if err != nil {
		return err
	}
	people := make([]bridge.Known, len(found))
	for i, n := range found {
		people[i] = bridge.Known{Person: n.ID, Name: n.Name}
	}
	chosen := r.FormValue("to")
	if id, ok := strings.CutPrefix(chosen, askPerson); ok && !slices.ContainsFunc(people, func(k bridge.Known) bool { return k.Person == id }) {
		k, _, err := s.store.Person(ctx, id)
		if err != nil {
			return err
		}
		people = append(people, k)
	}
	to, _, err := s.askable(ctx, people, groups, chosen, find)
	if err != nil {
		return err
	}
	return s.fragment(w, "ask-options", to)
}

// channelLabels names the channels that the rules lead to, by their form values.
func (s *Server) channelLabels(ctx context.Context, rules []mapping.Rule) (map[string]string, error) {
	var places []bridge.Place
	for _, r := range rules {
		for _, c := range r.Channels {
			places = append(places, placeOf(c))
		}
	}
	channels, err := s.store.ChannelNames(ctx, places)
	n := names{channels: channels}
	out := map[string]string{}
	for _, p := range places {
		out[p.String()] = n.place(p)
	}
	return out, err
}
