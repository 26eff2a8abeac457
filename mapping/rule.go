package mapping

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Channel is a place in a workspace where threads can be opened.
type Channel struct {
	Surface   string `json:"surface"`   // such as "slack"
	Workspace string `json:"workspace"` // the platform's id of it, such as Slack's T…
	ID        string `json:"id"`        // the platform's id, since names change; or people, see Direct
}

// String returns the channel as logs and explanations name it.
func (c Channel) String() string { return c.Surface + ":" + c.Workspace + ":" + c.ID }

// Rule is one mapping: conversations that meet its conditions go to its
// channels. The order of rules counts, since the first that matches wins.
type Rule struct {
	ID   string     `json:"id"`
	Name string     `json:"name"`
	When Conditions `json:"when,omitzero"`

	// Channels are where a thread is opened, one in each. A rule without
	// channels keeps its conversations on the ticket.
	Channels []Channel `json:"channels,omitempty"`

	// AllowExternal says whether the channels may be shared with another
	// organisation. When they are and it is false, nothing is sent there.
	AllowExternal bool `json:"allow_external,omitempty"`

	// Fields says what of the ticket may be shown in the channels.
	Fields Policy `json:"fields"`

	// Answer restricts whose messages there are taken as answers. When it is
	// empty, everybody in the channels may answer.
	Answer Who `json:"answer,omitzero"`

	// Default marks the rule for conversations that no other rule matches.
	// It has no conditions, and its place in the order does not count.
	Default bool `json:"default,omitempty"`
}

// Conditions all hold for a rule to match; an empty one always holds. Text is
// compared without regard to case and surrounding blanks.
type Conditions struct {
	Groups        []string `json:"groups,omitempty"`        // the asked group is one of these
	TagsAny       []string `json:"tags_any,omitempty"`      // the ticket has one of these tags
	TagsAll       []string `json:"tags_all,omitempty"`      // the ticket has all of these tags
	TagsNone      []string `json:"tags_none,omitempty"`     // the ticket has none of these tags
	Brands        []string `json:"brands,omitempty"`        // the ticket's brand is one of these
	Organizations []string `json:"organizations,omitempty"` // the requester's organisation is one of these
	Forms         []string `json:"forms,omitempty"`         // the ticket's form is one of these
	Languages     []string `json:"languages,omitempty"`     // the requester's language is one of these; "sv" takes "sv-FI" too
	Priorities    []string `json:"priorities,omitempty"`    // the ticket's priority is one of these
	Hours         []Hours  `json:"hours,omitempty"`         // the time lies in one of these windows
}

// Query is what Route is asked about: the ticket and the asked group, at a
// time.
type Query struct {
	Group        string
	Tags         []string
	Brand        string
	Organization string
	Form         string
	Language     string
	Priority     string
	At           time.Time
}

// ValidateRules returns everything that is wrong with a rule set, each with
// the rule's name and what to do about it.
func ValidateRules(rules []Rule) error {
	var errs []error
	ids := make(map[string]bool)
	defaults := 0
	for i, r := range rules {
		name := r.Name
		if strings.TrimSpace(name) == "" {
			name = fmt.Sprintf("number %d", i+1)
			errs = append(errs, fmt.Errorf("rule %s: give it a name", name))
		}
		if r.ID == "" || ids[r.ID] {
			errs = append(errs, fmt.Errorf("rule %s: its id %q is empty or another rule's", name, r.ID))
		}
		ids[r.ID] = true
		if r.Default {
			defaults++
		}
		if err := r.validate(); err != nil {
			errs = append(errs, fmt.Errorf("rule %s: %w", name, err))
		}
	}
	if defaults > 1 {
		errs = append(errs, fmt.Errorf("%d rules are the default: keep one", defaults))
	}
	return errors.Join(errs...)
}

func (r Rule) validate() error {
	var errs []error
	seen := make(map[Channel]bool)
	for _, c := range r.Channels {
		errs = append(errs, ValidateChannel(c))
		if seen[c] {
			errs = append(errs, fmt.Errorf("channel %s is listed twice: remove one", c))
		}
		seen[c] = true
	}
	if r.Default && len(r.When.checks()) > 0 {
		errs = append(errs, errors.New("the default rule takes what no other takes: remove its conditions"))
	}
	for _, h := range r.When.Hours {
		errs = append(errs, h.validate())
	}
	errs = append(errs, r.Fields.validate())
	return errors.Join(errs...)
}
