package web

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// rulePage is the form of one mapping rule.
type rulePage struct {
	page
	Rule     mapping.Rule
	New      bool
	Groups   []choiceOf
	Lists    []listField
	Channels []string // as surface/workspace/channel
	Labels   map[string]string
	Found    []channelOption
	Hours    []string // windows in words; they are kept, and changed by the configuration only
	Error    string
}

// listField is a condition that is a list of words.
type listField struct {
	Name  string
	Label string
	Value string
	Help  string
}

// wordLists are the conditions that are lists of words, by their form fields.
func wordLists(c *mapping.Conditions) []struct {
	name, label, help string
	list              *[]string
} {
	type field = struct {
		name, label, help string
		list              *[]string
	}
	return []field{
		{"tags_any", "Has one of these tags", "", &c.TagsAny},
		{"tags_all", "Has all of these tags", "", &c.TagsAll},
		{"tags_none", "Has none of these tags", "", &c.TagsNone},
		{"priorities", "Priority is one of", "low, normal, high, urgent", &c.Priorities},
		{"brands", "Brand is one of", "", &c.Brands},
		{"organizations", "Organisation is one of", "", &c.Organizations},
		{"forms", "Form is one of", "", &c.Forms},
		{"languages", "Language is one of", "such as da, sv-FI", &c.Languages},
	}
}

func (s *Server) rulePage(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("rule")
	if id == "" {
		return s.showRule(w, r, http.StatusOK, rulePage{New: true, Rule: mapping.Rule{Fields: mapping.DefaultPolicy()}})
	}
	rules, err := s.store.Rules(r.Context())
	if err != nil {
		return err
	}
	i := indexOfRule(rules, id)
	if i < 0 {
		return fmt.Errorf("rule: %w", bridge.ErrNotFound)
	}
	return s.showRule(w, r, http.StatusOK, rulePage{Rule: rules[i]})
}

func indexOfRule(rules []mapping.Rule, id string) int {
	return slices.IndexFunc(rules, func(r mapping.Rule) bool { return r.ID == id })
}

func (s *Server) showRule(w http.ResponseWriter, r *http.Request, status int, p rulePage) error {
	groups, err := s.store.Groups(r.Context())
	if err != nil {
		return err
	}
	for _, id := range sortedNames(groups) {
		p.Groups = append(p.Groups, choiceOf{Value: id, Label: groups[id], On: slices.Contains(p.Rule.When.Groups, id)})
	}
	for _, f := range wordLists(&p.Rule.When) {
		p.Lists = append(p.Lists, listField{Name: f.name, Label: f.label, Help: f.help, Value: strings.Join(*f.list, ", ")})
	}
	for _, c := range p.Rule.Channels {
		p.Channels = append(p.Channels, placeOf(c).String())
	}
	for _, h := range p.Rule.When.Hours {
		p.Hours = append(p.Hours, h.String())
	}
	if p.Labels, err = s.channelLabels(r.Context(), []mapping.Rule{p.Rule}); err != nil {
		return err
	}
	if p.Found, err = s.findChannels(r.Context(), ""); err != nil {
		return err
	}
	p.page = s.page(r, "Mapping rule", "mapping")
	s.render(w, r, status, "rule", p)
	return nil
}

// saveRule adds a rule, or replaces one in its place.
func (s *Server) saveRule(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	id := r.PathValue("rule")
	rule, err := readRule(r)
	if err == nil {
		err = s.store.ChangeRules(r.Context(), func(rules []mapping.Rule) ([]mapping.Rule, error) {
			return putRule(rules, id, rule)
		})
	}
	if err != nil {
		status, _, text := classify(err)
		if status >= 500 {
			return err
		}
		rule.ID = id
		return s.showRule(w, r, status, rulePage{Rule: rule, New: id == "", Error: text})
	}
	s.o.Logger.Info("mapping rule saved", "rule", rule.Name, "person", whoIs(r).ID)
	return s.done(w, r, "/admin/mapping", "The rule is saved. New conversations follow it; those that are open stay where they are.")
}

// putRule puts a rule among the others. Hours are not in the form, so they stay.
func putRule(rules []mapping.Rule, id string, rule mapping.Rule) ([]mapping.Rule, error) {
	if id == "" {
		rule.ID = strings.ToLower(rand.Text()[:12])
		rules = append(rules, rule)
	} else {
		i := indexOfRule(rules, id)
		if i < 0 {
			return nil, fmt.Errorf("rule: %w", bridge.ErrNotFound)
		}
		rule.ID, rule.When.Hours, rule.Answer = id, rules[i].When.Hours, rules[i].Answer
		rules[i] = rule
	}
	return rules, invalidRules(rules)
}

// invalidRules returns what is wrong with the rules as one error for a person.
func invalidRules(rules []mapping.Rule) error {
	if err := mapping.ValidateRules(rules); err != nil {
		return fmt.Errorf("%w: %s", bridge.ErrInvalid, strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return nil
}

// readRule reads the form of a rule.
func readRule(r *http.Request) (mapping.Rule, error) {
	f := r.PostForm
	rule := mapping.Rule{
		Name: strings.TrimSpace(bridge.Clean(f.Get("name"))), AllowExternal: f.Has("allow_external"), Default: f.Has("default"),
		Fields: mapping.Policy{
			Subject: f.Has("show_subject"), Requester: f.Has("show_requester"), Notes: f.Has("show_notes"), Tags: f.Has("show_tags"),
			Assignee: f.Has("show_assignee"), Priority: f.Has("show_priority"), Mask: f.Has("mask"),
			CustomerMessages: mapping.CustomerMessages(f.Get("customer_messages")),
		},
	}
	rule.When.Groups = f["group"]
	for _, field := range wordLists(&rule.When) {
		for word := range strings.SplitSeq(f.Get(field.name), ",") {
			if word = strings.TrimSpace(bridge.Clean(word)); word != "" {
				*field.list = append(*field.list, word)
			}
		}
	}
	var errs []error
	for _, text := range f["channel"] {
		for line := range strings.FieldsSeq(text) {
			c, err := parseChannel(line)
			errs = append(errs, err)
			if err == nil {
				rule.Channels = append(rule.Channels, c)
			}
		}
	}
	return rule, errors.Join(errs...)
}

// parseChannel reads surface/workspace/channel, the form that Place.String writes.
func parseChannel(text string) (mapping.Channel, error) {
	parts := strings.SplitN(bridge.Clean(text), "/", 3)
	if len(parts) != 3 || slices.Contains(parts, "") {
		return mapping.Channel{}, fmt.Errorf("%w: channel %q: write it as surface/workspace/channel, such as slack/T024BE7LD/C024BE91L", bridge.ErrInvalid, text)
	}
	c := mapping.Channel{Surface: parts[0], Workspace: parts[1], ID: parts[2]}
	if people, direct := mapping.DirectTo(c.ID); direct {
		c.ID = mapping.Direct(people...) // in whatever order they were written
	}
	return c, nil
}

func (s *Server) moveRule(w http.ResponseWriter, r *http.Request) error {
	by := 1
	if r.PostFormValue("to") == "up" {
		by = -1
	}
	err := s.store.ChangeRules(r.Context(), func(rules []mapping.Rule) ([]mapping.Rule, error) {
		i := indexOfRule(rules, r.PathValue("rule"))
		if i < 0 {
			return nil, fmt.Errorf("rule: %w", bridge.ErrNotFound)
		}
		if j := i + by; j >= 0 && j < len(rules) {
			rules[i], rules[j] = rules[j], rules[i]
		}
		return rules, nil
	})
	if err != nil {
		return err
	}
	return s.done(w, r, "/admin/mapping#rules", "")
}

func (s *Server) deleteRule(w http.ResponseWriter, r *http.Request) error {
	err := s.store.ChangeRules(r.Context(), func(rules []mapping.Rule) ([]mapping.Rule, error) {
		i := indexOfRule(rules, r.PathValue("rule"))
		if i < 0 {
			return nil, fmt.Errorf("rule: %w", bridge.ErrNotFound)
		}
		return slices.Delete(rules, i, i+1), nil
	})
	if err != nil {
		return err
	}
	s.o.Logger.Info("mapping rule deleted", "rule", r.PathValue("rule"), "person", whoIs(r).ID)
	return s.done(w, r, "/admin/mapping#rules", "The rule is deleted. Conversations that it opened stay where they are.")
}
