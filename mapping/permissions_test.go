package mapping

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var (
	agent  = Person{ID: "p1", Name: "Anna", Roles: []string{"agent"}, Groups: []string{"Support"}}
	lead   = Person{ID: "p2", Name: "Lars", Roles: []string{"lead"}, Groups: []string{"Support"}}
	expert = Person{ID: "p3", Name: "Anders", Roles: []string{"expert"}, Groups: []string{"Billing"}}
	legal  = Person{ID: "p4", Name: "Lena", Groups: []string{"Legal"}}
	nobody = Person{} // wrote in a channel, and nobody has linked them
)

// settings are those of a careful organisation.
func settings() Permissions {
	return Permissions{
		Start: []StartRule{
			{By: Who{Roles: []string{"Agent", "lead"}}, Groups: []string{"Billing", "Shipping"}},
			{By: Who{Roles: []string{"lead"}, People: []string{"p1"}}, Groups: []string{"Legal"}},
			{By: Who{Groups: []string{"Legal"}}},
		},
		Invite: []InviteRule{
			{By: Who{Roles: []string{"agent", "lead"}}, Whom: Who{Roles: []string{"agent", "lead", "expert"}}},
			{By: Who{Participants: true}, Whom: Who{Roles: []string{"expert"}}},
			{By: Who{Roles: []string{"lead"}}, Whom: Who{Groups: []string{"legal"}}},
		},
		Answer: Who{Participants: true, Groups: []string{"Billing", "Legal"}},
	}
}

func TestWhoMayStart(t *testing.T) {
	tests := []struct {
		actor  Person
		group  string
		ok     bool
		reason string
	}{
		{agent, "Billing", true, `the role "agent" may start conversations with Billing`},
		{agent, "shipping", true, `the role "agent" may start conversations with shipping`},
		{agent, "Legal", true, "Anna may start conversations with Legal"},
		{agent, "HR", false, `Anna may not start conversations with HR: only the group "Legal" may`},
		{lead, "Legal", true, `the role "lead" may start`},
		{expert, "Billing", false, `Anders may not start conversations with Billing: only the role "Agent", the role "lead", the group "Legal" may`},
		{expert, "Legal", false, `only the role "lead", one named person, the group "Legal" may`},
		{legal, "HR", true, `the group "Legal" may start conversations with HR`},
		{nobody, "Billing", false, "somebody unknown may not start"},
	}
	for _, tt := range tests {
		ok, reason := MayStart(settings(), tt.actor, tt.group)
		if ok != tt.ok || !strings.Contains(reason, tt.reason) {
			t.Errorf("%s with %s: %t, %q; want %t, %q", tt.actor.name(), tt.group, ok, reason, tt.ok, tt.reason)
		}
	}
}

func TestWhoMayInviteWhom(t *testing.T) {
	people := []Person{agent, lead, expert, legal, nobody}
	// Rows invite columns: y always, p while taking part, - never.
	matrix := map[string]string{
		"Anna":             "yyy--",
		"Lars":             "yyyy-",
		"Anders":           "--p--",
		"Lena":             "--p--",
		"somebody unknown": "--p--",
	}
	for _, actor := range people {
		for i, invited := range people {
			want := matrix[actor.name()][i]
			for _, takesPart := range []bool{false, true} {
				ok, reason := MayInvite(settings(), actor, takesPart, invited)
				if ok != (want == 'y' || (want == 'p' && takesPart)) {
					t.Errorf("%s (takes part: %t) invites %s: %t, %q; the matrix says %c", actor.name(), takesPart, invited.name(), ok, reason, want)
				}
				if reason == "" {
					t.Errorf("%s invites %s: no reason", actor.name(), invited.name())
				}
			}
		}
	}
	if _, reason := MayInvite(settings(), agent, true, nobody); reason != "Anna may not invite somebody unknown: only nobody may" {
		t.Errorf("reason %q", reason)
	}
}

func TestWhoMayAnswer(t *testing.T) {
	open, onlyLegal := Rule{Name: "open"}, Rule{Name: "contracts", Answer: Who{Groups: []string{"Legal"}}}
	anybody := Permissions{Answer: Who{Everybody: true}}
	tests := []struct {
		name      string
		settings  Permissions
		rule      Rule
		actor     Person
		takesPart bool
		ok        bool
	}{
		{"anybody in an open channel", anybody, open, nobody, false, true},
		{"only allowed ones under the rule: not one of them", anybody, onlyLegal, expert, true, false},
		{"only allowed ones under the rule: one of them", anybody, onlyLegal, legal, false, true},
		{"the settings allow the group", settings(), open, expert, false, true},
		{"the settings allow participants", settings(), open, nobody, true, true},
		{"the settings refuse an outsider", settings(), open, nobody, false, false},
		{"the settings refuse what the rule allows", Permissions{}, onlyLegal, legal, true, false},
	}
	for _, tt := range tests {
		ok, reason := MayAnswer(tt.settings, tt.rule, tt.actor, tt.takesPart)
		if ok != tt.ok || reason == "" {
			t.Errorf("%s: %t, %q; want %t", tt.name, ok, reason, tt.ok)
		}
	}
}

func TestDefaultsLetTheDeskAskAndAnybodyAnswer(t *testing.T) {
	p := DefaultPermissions()
	for _, tt := range []struct {
		actor Person
		start bool
	}{{agent, true}, {lead, true}, {Person{Roles: []string{"admin"}}, true}, {expert, false}, {nobody, false}} {
		if ok, reason := MayStart(p, tt.actor, "Billing"); ok != tt.start {
			t.Errorf("%s starts: %t, %q", tt.actor.name(), ok, reason)
		}
		if ok, reason := MayInvite(p, tt.actor, true, nobody); !ok {
			t.Errorf("%s takes part and may not invite: %q", tt.actor.name(), reason)
		}
		if ok, reason := MayAnswer(p, Rule{}, tt.actor, false); !ok {
			t.Errorf("%s may not answer: %q", tt.actor.name(), reason)
		}
	}
}

func TestNoPermissionsAllowNothing(t *testing.T) {
	for _, p := range []Person{agent, lead, expert, legal, nobody} {
		start, _ := MayStart(Permissions{}, p, "Billing")
		invite, _ := MayInvite(Permissions{}, p, true, expert)
		answer, _ := MayAnswer(Permissions{}, Rule{}, p, true)
		if start || invite || answer {
			t.Errorf("%s may start %t, invite %t, answer %t", p.name(), start, invite, answer)
		}
	}
}

// More rules may allow more, never less.
func TestAnotherRuleTakesNoPermissionAway(t *testing.T) {
	names := rapid.SliceOfN(rapid.SampledFrom([]string{"agent", "lead", "expert"}), 0, 2)
	groups := rapid.SliceOfN(rapid.SampledFrom([]string{"Billing", "Legal", "Support"}), 0, 2)
	who := rapid.Custom(func(t *rapid.T) Who {
		return Who{Roles: names.Draw(t, "roles"), Groups: groups.Draw(t, "groups"), Participants: rapid.Bool().Draw(t, "participants")}
	})
	people := rapid.SampledFrom([]Person{agent, lead, expert, legal, nobody})
	rapid.Check(t, func(t *rapid.T) {
		p := settings()
		p.Start = nil
		p.Invite = nil
		actor, other := people.Draw(t, "actor"), people.Draw(t, "other")
		var mayStart, mayInvite bool
		for range rapid.IntRange(1, 5).Draw(t, "rules") {
			p.Start = append(p.Start, StartRule{By: who.Draw(t, "by"), Groups: groups.Draw(t, "with")})
			p.Invite = append(p.Invite, InviteRule{By: who.Draw(t, "by"), Whom: who.Draw(t, "whom")})
			start, _ := MayStart(p, actor, "Billing")
			invite, _ := MayInvite(p, actor, true, other)
			if (mayStart && !start) || (mayInvite && !invite) {
				t.Fatal("a rule that was added took a permission away")
			}
			mayStart, mayInvite = start, invite
		}
	})
}

func TestWhoInWords(t *testing.T) {
	for want, who := range map[string]Who{
		"nobody":             {},
		"everybody":          {Everybody: true, Roles: []string{"lead"}},
		"2 named people":     {People: []string{"p1", "p2"}},
		"whoever takes part": {Participants: true},
	} {
		if got := who.String(); got != want {
			t.Errorf("%+v is %q, want %q", who, got, want)
		}
	}
}
