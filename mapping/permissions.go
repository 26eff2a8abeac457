package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Who selects people. The zero Who selects nobody; a person selected by any
// of its fields is selected.
type Who struct {
	Everybody    bool     `json:"everybody,omitempty"`
	Participants bool     `json:"participants,omitempty"` // whoever takes part in the conversation
	Roles        []string `json:"roles,omitempty"`
	Groups       []string `json:"groups,omitempty"`
	People       []string `json:"people,omitempty"` // by person id
}

// IsZero says whether w selects nobody.
func (w Who) IsZero() bool {
	return !w.Everybody && !w.Participants && len(w.Roles)+len(w.Groups)+len(w.People) == 0
}

// selects says whether w selects the person, and by what.
func (w Who) selects(p Person, takesPart bool) (ok bool, by string) {
	if w.Everybody {
		return true, "everybody"
	}
	if w.Participants && takesPart {
		return true, "whoever takes part"
	}
	if p.ID != "" && slices.Contains(w.People, p.ID) {
		return true, p.name()
	}
	for _, role := range p.Roles {
		if find(w.Roles, role) >= 0 {
			return true, fmt.Sprintf("the role %q", role)
		}
	}
	for _, group := range p.Groups {
		if find(w.Groups, group) >= 0 {
			return true, fmt.Sprintf("the group %q", group)
		}
	}
	return false, ""
}

// String names the selected people in words.
func (w Who) String() string {
	var parts []string
	if w.Everybody {
		return "everybody"
	}
	if w.Participants {
		parts = append(parts, "whoever takes part")
	}
	for _, role := range w.Roles {
		parts = append(parts, fmt.Sprintf("the role %q", role))
	}
	for _, group := range w.Groups {
		parts = append(parts, fmt.Sprintf("the group %q", group))
	}
	switch len(w.People) {
	case 0:
	case 1:
		parts = append(parts, "one named person")
	default:
		parts = append(parts, fmt.Sprintf("%d named people", len(w.People)))
	}
	if len(parts) == 0 {
		return "nobody"
	}
	return strings.Join(parts, ", ")
}

// StartRule lets people start conversations with some groups.
type StartRule struct {
	By Who `json:"by"`

	// Groups are the groups that may be asked, any group when empty.
	Groups []string `json:"groups,omitempty"`
}

// InviteRule lets people invite others.
type InviteRule struct {
	By   Who `json:"by"`
	Whom Who `json:"whom"`
}

// Permissions are the settings of who may do what. A thing is allowed when one
// rule allows it; the zero Permissions allow nothing.
type Permissions struct {
	Start  []StartRule  `json:"start"`
	Invite []InviteRule `json:"invite"`
	Answer Who          `json:"answer"`
	// Restrict are those who may restrict conversations to those who take part.
	Restrict Who `json:"restrict,omitzero"`
	// TellRestricted: others are told that a restricted conversation is there.
	TellRestricted bool `json:"tell_restricted,omitempty"`
}

// MayRestrict says whether the person may restrict conversations, and why.
func MayRestrict(p Permissions, actor Person) (ok bool, reason string) {
	if ok, by := p.Restrict.selects(actor, false); ok {
		return true, by + " may restrict conversations"
	}
	return false, fmt.Sprintf("%s may not restrict conversations: only %s may", actor.name(), p.Restrict)
}

// PermissionsSetting is the name of the setting that has the permissions as JSON. It holds
// groups by their ids, which a renamed group keeps.
const PermissionsSetting = "permissions"

// The roles that DefaultPermissions know.
const (
	RoleAgent = "agent"
	RoleLead  = "lead"
	RoleAdmin = "admin"
)

// DefaultPermissions are what an installation begins with: those who work at
// the desk start conversations with any group, they and whoever takes part
// invite anybody, and everybody in a channel may answer.
func DefaultPermissions() Permissions {
	desk := Who{Roles: []string{RoleAgent, RoleLead, RoleAdmin}}
	inviters := desk
	inviters.Participants = true
	return Permissions{
		Start:  []StartRule{{By: desk}},
		Invite: []InviteRule{{By: inviters, Whom: Who{Everybody: true}}},
		Answer: Who{Everybody: true}, Restrict: desk,
	}
}

// OrDefault returns saved permissions, or those that an installation begins with where
// nothing was saved. Who may answer is said by rules, so that everybody may as far as
// they go.
func (p Permissions) OrDefault() Permissions {
	out := DefaultPermissions()
	if p.Start != nil || p.Invite != nil {
		out.Start, out.Invite, out.TellRestricted = p.Start, p.Invite, p.TellRestricted
		if !p.Restrict.IsZero() || p.Restrict.People != nil {
			out.Restrict = p.Restrict
		}
	}
	return out
}

// Named returns the permissions with groups by their names, as reasons speak of them,
// in place of their ids.
func (p Permissions) Named(groups map[string]string) Permissions {
	out := Permissions{Answer: p.Answer.named(groups), Restrict: p.Restrict.named(groups), TellRestricted: p.TellRestricted}
	for _, r := range p.Start {
		r.By, r.Groups = r.By.named(groups), called(r.Groups, groups)
		out.Start = append(out.Start, r)
	}
	for _, r := range p.Invite {
		r.By, r.Whom = r.By.named(groups), r.Whom.named(groups)
		out.Invite = append(out.Invite, r)
	}
	return out
}

func (w Who) named(groups map[string]string) Who {
	w.Groups = called(w.Groups, groups)
	return w
}

// called returns the names of groups, or the id of one that has none.
func called(ids []string, groups map[string]string) []string {
	var out []string
	for _, id := range ids {
		out = append(out, cmp.Or(groups[id], id))
	}
	return out
}

// MayStart says whether the person may start a conversation with the group,
// and why.
func MayStart(p Permissions, actor Person, group string) (ok bool, reason string) {
	var allowed []string
	for _, r := range p.Start {
		if len(r.Groups) > 0 && find(r.Groups, group) < 0 {
			continue
		}
		if ok, by := r.By.selects(actor, false); ok {
			return true, fmt.Sprintf("%s may start conversations with %s", by, group)
		}
		allowed = append(allowed, r.By.String())
	}
	return false, fmt.Sprintf("%s may not start conversations with %s: only %s may", actor.name(), group, orNobody(allowed))
}

// MayInvite says whether the person may invite the other to a conversation,
// and why. TakesPart says whether the first one takes part in it already.
func MayInvite(p Permissions, actor Person, takesPart bool, invited Person) (ok bool, reason string) {
	var allowed []string
	for _, r := range p.Invite {
		whom, _ := r.Whom.selects(invited, false)
		if !whom {
			continue
		}
		if ok, by := r.By.selects(actor, takesPart); ok {
			return true, fmt.Sprintf("%s may invite %s", by, r.Whom)
		}
		allowed = append(allowed, r.By.String())
	}
	return false, fmt.Sprintf("%s may not invite %s: only %s may", actor.name(), invited.name(), orNobody(allowed))
}

// MayAnswer says whether the person's message in one of the rule's channels is
// taken as an answer, and why. The settings and the rule must both allow it. A
// person whom nobody has linked yet has no roles and groups, so only a setting
// of everybody lets them answer.
func MayAnswer(p Permissions, r Rule, actor Person, takesPart bool) (ok bool, reason string) {
	ok, by := p.Answer.selects(actor, takesPart)
	if !ok {
		return false, fmt.Sprintf("%s may not answer: only %s may", actor.name(), p.Answer)
	}
	if r.Answer.IsZero() {
		return true, by + " may answer"
	}
	if ok, by = r.Answer.selects(actor, takesPart); !ok {
		return false, fmt.Sprintf("%s may not answer under the rule %q: only %s may", actor.name(), r.Name, r.Answer)
	}
	return true, fmt.Sprintf("%s may answer under the rule %q", by, r.Name)
}

func orNobody(allowed []string) string {
	if len(allowed) == 0 {
		return "nobody"
	}
	return strings.Join(slices.Compact(allowed), ", ")
}
