package mapping

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Decision is where a conversation goes, and why.
type Decision struct {
	// Channels are where a thread is opened. Without any, the conversation
	// stays on the ticket.
	Channels []Channel

	// Rule is the rule that decided, nil when none matched and there is no
	// default.
	Rule *Rule

	// Explain has a step for each rule that was looked at, in order; the last
	// one is the rule that decided, if any did.
	Explain []Step
}

// Step says of one rule whether it matched, and why.
type Step struct {
	RuleID  string `json:"rule_id"`
	Rule    string `json:"rule"`
	Matched bool   `json:"matched"`
	Reason  string `json:"reason"`
}

// Route returns what the first rule that matches says, or else what the
// default rule says. It keeps nothing of rules; the decision's rule is a copy.
func Route(rules []Rule, q Query) Decision {
	var d Decision
	for _, r := range rules {
		if r.Default {
			continue
		}
		matched, reason := r.When.Match(q)
		d.Explain = append(d.Explain, Step{RuleID: r.ID, Rule: r.Name, Matched: matched, Reason: reason})
		if matched {
			return d.by(r)
		}
	}
	for _, r := range rules {
		if r.Default {
			d.Explain = append(d.Explain, Step{RuleID: r.ID, Rule: r.Name, Matched: true, Reason: "no other rule matched"})
			return d.by(r)
		}
	}
	return d
}

func (d Decision) by(r Rule) Decision {
	d.Rule, d.Channels = &r, slices.Clone(r.Channels)
	return d
}

// Match says whether every condition holds, and why: the first that does not,
// or all that do.
func (c Conditions) Match(q Query) (ok bool, reason string) {
	var held []string
	for _, check := range c.checks() {
		ok, reason := check(q)
		if !ok {
			return false, reason
		}
		held = append(held, reason)
	}
	if len(held) == 0 {
		return true, "it has no conditions"
	}
	return true, strings.Join(held, "; ")
}

// check says whether one condition holds, and puts either outcome in words.
type check func(Query) (ok bool, reason string)

// checks returns the conditions that are set, cheap and telling ones first.
func (c Conditions) checks() []check {
	var list []check
	add := func(set bool, ch check) {
		if set {
			list = append(list, ch)
		}
	}
	oneOf := func(what string, allowed []string, value func(Query) string) {
		add(len(allowed) > 0, func(q Query) (bool, string) { return isOneOf(what, value(q), allowed) })
	}
	oneOf("group", c.Groups, func(q Query) string { return q.Group })
	add(len(c.TagsNone) > 0, func(q Query) (bool, string) { return hasNone(q.Tags, c.TagsNone) })
	add(len(c.TagsAll) > 0, func(q Query) (bool, string) { return hasAll(q.Tags, c.TagsAll) })
	add(len(c.TagsAny) > 0, func(q Query) (bool, string) { return hasAny(q.Tags, c.TagsAny) })
	oneOf("brand", c.Brands, func(q Query) string { return q.Brand })
	oneOf("organisation", c.Organizations, func(q Query) string { return q.Organization })
	oneOf("form", c.Forms, func(q Query) string { return q.Form })
	add(len(c.Languages) > 0, func(q Query) (bool, string) { return speaks(q.Language, c.Languages) })
	oneOf("priority", c.Priorities, func(q Query) string { return q.Priority })
	add(len(c.Hours) > 0, func(q Query) (bool, string) { return within(q.At, c.Hours) })
	return list
}

func isOneOf(what, value string, allowed []string) (bool, string) {
	if i := find(allowed, value); i >= 0 {
		return true, what + " is " + strconv.Quote(allowed[i])
	}
	if strings.TrimSpace(value) == "" {
		return false, fmt.Sprintf("%s is not set, and must be %s", what, orList(allowed))
	}
	return false, fmt.Sprintf("%s is %q, not %s", what, value, orList(allowed))
}

func hasAny(tags, wanted []string) (bool, string) {
	for _, w := range wanted {
		if find(tags, w) >= 0 {
			return true, "has the tag " + strconv.Quote(w)
		}
	}
	return false, "has no tag " + orList(wanted)
}

func hasAll(tags, wanted []string) (bool, string) {
	for _, w := range wanted {
		if find(tags, w) < 0 {
			return false, "has no tag " + strconv.Quote(w)
		}
	}
	return true, "has every tag of " + quoteList(wanted, ", ")
}

func hasNone(tags, refused []string) (bool, string) {
	for _, r := range refused {
		if find(tags, r) >= 0 {
			return false, "has the tag " + strconv.Quote(r)
		}
	}
	return true, "has no tag " + orList(refused)
}

func speaks(language string, allowed []string) (bool, string) {
	for _, a := range allowed {
		base, _, _ := strings.Cut(normal(language), "-")
		if same(language, a) || base == normal(a) {
			return true, "language is " + strconv.Quote(language)
		}
	}
	return isOneOf("language", language, allowed)
}

func within(at time.Time, windows []Hours) (bool, string) {
	for _, h := range windows {
		if h.Contains(at) {
			return true, "the time is in " + h.String()
		}
	}
	names := make([]string, len(windows))
	for i, h := range windows {
		names[i] = h.String()
	}
	local := at.In(windows[0].Zone.location())
	now := strings.ToLower(local.Format("Mon")) + " " + local.Format("15:04")
	return false, fmt.Sprintf("the time is not in %s: it is %s there", strings.Join(names, " or "), now)
}

// find returns the index of the element that is the same word, or -1.
func find(list []string, value string) int {
	return slices.IndexFunc(list, func(s string) bool { return same(s, value) })
}

// same compares words as people write them.
func same(a, b string) bool { return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) }

func normal(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

func orList(list []string) string { return quoteList(list, " or ") }

func quoteList(list []string, separator string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = strconv.Quote(s)
	}
	return strings.Join(quoted, separator)
}
