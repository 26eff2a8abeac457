package mapping

import (
	"fmt"
	"slices"
	"time"
)

// CustomerMessages says how much of the customer conversation may be shown.
type CustomerMessages string

// How much of the customer conversation may be shown.
const (
	NoMessages  CustomerMessages = "none"
	LastMessage CustomerMessages = "last" // the customer's last message
	AllMessages CustomerMessages = "all"  // all of the customer's and all replies to them
)

// Policy says what of a ticket the card in a channel and the answer to Show
// ticket may hold. The zero Policy shows nothing but that there is a ticket.
type Policy struct {
	Subject          bool             `json:"subject"`
	Requester        bool             `json:"requester"` // name and e-mail address
	CustomerMessages CustomerMessages `json:"customer_messages"`
	Notes            bool             `json:"notes"` // internal notes
	Tags             bool             `json:"tags"`
	Assignee         bool             `json:"assignee"`
	Priority         bool             `json:"priority"`

	// Mask removes e-mail addresses, phone numbers and card numbers from
	// everything that is shown.
	Mask bool `json:"mask"`
}

// DefaultPolicy is what a new mapping shows: enough to answer by, without
// who the customer is.
func DefaultPolicy() Policy {
	return Policy{
		Subject: true, CustomerMessages: LastMessage, Tags: true, Assignee: true, Priority: true, Mask: true,
	}
}

func (p Policy) validate() error {
	if !slices.Contains([]CustomerMessages{"", NoMessages, LastMessage, AllMessages}, p.CustomerMessages) {
		return fmt.Errorf("customer_messages is %q: write none, last or all", p.CustomerMessages)
	}
	return nil
}

// Kind says who wrote a ticket's message, and for whom.
type Kind string

// The kinds of a ticket's messages.
const (
	FromCustomer Kind = "customer"
	ToCustomer   Kind = "reply"
	Note         Kind = "note" // internal
)

// Message is one message of a ticket.
type Message struct {
	Kind   Kind
	Author string
	At     time.Time
	Text   string // Markdown
}

// Context is what there is to know of a ticket.
type Context struct {
	Subject        string
	RequesterName  string
	RequesterEmail string
	Assignee       string
	Priority       string
	Tags           []string
	Messages       []Message // in order
}

// Apply returns the part of a ticket's context that the policy lets be shown,
// and changes nothing of the one given. What a policy does not know it hides.
func (p Policy) Apply(c Context) Context {
	mask := func(s string) string { return s }
	if p.Mask {
		mask = Mask
	}
	keep := func(allowed bool, s string) string {
		if !allowed {
			return ""
		}
		return mask(s)
	}
	shown := Context{
		Subject:        keep(p.Subject, c.Subject),
		RequesterName:  keep(p.Requester, c.RequesterName),
		RequesterEmail: keep(p.Requester, c.RequesterEmail),
		Assignee:       keep(p.Assignee, c.Assignee),
		Priority:       keep(p.Priority, c.Priority),
	}
	if p.Tags {
		for _, tag := range c.Tags {
			shown.Tags = append(shown.Tags, mask(tag))
		}
	}
	for i, m := range c.Messages {
		if !p.shows(c.Messages, i) {
			continue
		}
		m.Text = mask(m.Text)
		m.Author = mask(m.Author)
		if m.Kind == FromCustomer && !p.Requester {
			m.Author = ""
		}
		shown.Messages = append(shown.Messages, m)
	}
	return shown
}

// shows says whether the policy lets the i-th message be shown.
func (p Policy) shows(messages []Message, i int) bool {
	switch messages[i].Kind {
	case Note:
		return p.Notes
	case ToCustomer:
		return p.CustomerMessages == AllMessages
	case FromCustomer:
		later := slices.ContainsFunc(messages[i+1:], func(m Message) bool { return m.Kind == FromCustomer })
		return p.CustomerMessages == AllMessages || (p.CustomerMessages == LastMessage && !later)
	default:
		return false
	}
}
