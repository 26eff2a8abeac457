package mapping

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func zone(t testing.TB, name string) Zone {
	t.Helper()
	var z Zone
	if err := z.UnmarshalText([]byte(name)); err != nil {
		t.Fatal(err)
	}
	return z
}

var workdays = []Day{1, 2, 3, 4, 5}

// thirtyRules is a set as a large support organisation has it. Each rule's id
// is its number, and its channel's id is "C" and that number.
func thirtyRules(t testing.TB) []Rule {
	sthlm, ny := zone(t, "Europe/Stockholm"), zone(t, "America/New_York")
	day := func(z Zone) Hours { return Hours{Zone: z, Days: workdays, From: 8 * 60, To: 17 * 60} }
	when := []Conditions{
		1:  {TagsAny: []string{"legal-hold"}},
		2:  {Groups: []string{"Security"}, Priorities: []string{"urgent"}},
		3:  {Groups: []string{"Security"}},
		4:  {Groups: []string{"Billing"}, TagsAll: []string{"refund", "vip"}},
		5:  {Groups: []string{"Billing"}, TagsAny: []string{"refund", "chargeback"}, Brands: []string{"Acme Pro"}},
		6:  {Groups: []string{"Billing"}, TagsAny: []string{"refund", "chargeback"}},
		7:  {Groups: []string{"Billing"}, Languages: []string{"sv"}, Hours: []Hours{day(sthlm)}},
		8:  {Groups: []string{"Billing"}, Languages: []string{"sv"}},
		9:  {Groups: []string{"Billing"}, Languages: []string{"de-AT"}},
		10: {Groups: []string{"Billing"}, Languages: []string{"de"}},
		11: {Groups: []string{"Billing"}, Organizations: []string{"Initech", "Globex"}},
		12: {Groups: []string{"Billing"}, TagsNone: []string{"sandbox"}},
		13: {Groups: []string{"Shipping"}, Forms: []string{"Customs"}},
		14: {Groups: []string{"Shipping"}, Hours: []Hours{{Zone: sthlm, From: 22 * 60, To: 6 * 60}}},
		15: {Groups: []string{"Shipping"}, Hours: []Hours{day(sthlm), day(ny)}},
		16: {Groups: []string{"Shipping"}, Hours: []Hours{{Zone: sthlm, Days: []Day{0, 6}, From: 0, To: 24 * 60}}},
		17: {Groups: []string{"Shipping"}},
		18: {Groups: []string{"Product", "Research"}, TagsAny: []string{"bug"}, Priorities: []string{"high", "urgent"}},
		19: {Groups: []string{"Product", "Research"}, TagsAny: []string{"bug"}},
		20: {Groups: []string{"Product"}, Brands: []string{"Acme Pro"}},
		21: {Groups: []string{"Product"}, Brands: []string{"Acme Home"}},
		22: {Groups: []string{"Product", "Research"}},
		23: {Groups: []string{"Team leads"}, Hours: []Hours{{Zone: ny, Days: []Day{5}, From: 18 * 60, To: 18 * 60}}},
		24: {Groups: []string{"Team leads"}},
		25: {Brands: []string{"Acme Pro"}, Priorities: []string{"urgent"}},
		26: {Brands: []string{"Acme Pro"}, TagsAll: []string{"beta"}, TagsNone: []string{"internal", "test"}},
		27: {Organizations: []string{"Initech"}},
		28: {Languages: []string{"fr", "nl"}},
		29: {Forms: []string{"Complaint"}, TagsAny: []string{"press"}},
	}
	var rules []Rule
	for i, c := range when {
		if i == 0 {
			continue
		}
		n := fmt.Sprint(i)
		rules = append(rules, Rule{ID: n, Name: "rule " + n, When: c, Channels: []Channel{{"slack", "acme", "C" + n}}})
	}
	fallback := Rule{ID: "30", Name: "rule 30", Default: true, Channels: []Channel{{"slack", "acme", "C30"}, {"discord", "guild", "C30"}}}
	// In the middle, since a default's place does not count.
	return slices.Insert(rules, 10, fallback)
}

func TestThirtyRulesFirstMatchWins(t *testing.T) {
	at := func(text string) time.Time {
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	noon := at("2026-11-25T12:00:00Z") // a Wednesday, 13:00 in Stockholm, 07:00 in New York
	tests := []struct {
		q    Query
		want string
		last string // how the deciding step explains itself
	}{
		{Query{Group: "Billing", Tags: []string{"Legal-Hold"}, At: noon}, "1", `has the tag "legal-hold"`},
		{Query{Group: "Security", Priority: "urgent", At: noon}, "2", `group is "Security"; priority is "urgent"`},
		{Query{Group: "security ", Priority: "low", At: noon}, "3", `group is "Security"`},
		{Query{Group: "Billing", Tags: []string{"vip", "refund"}, At: noon}, "4", `group is "Billing"; has every tag of "refund", "vip"`},
		{Query{Group: "Billing", Tags: []string{"refund"}, Brand: "acme pro", At: noon}, "5", ""},
		{Query{Group: "Billing", Tags: []string{"chargeback"}, Brand: "Acme Home", At: noon}, "6", ""},
		{Query{Group: "Billing", Language: "sv", At: noon}, "7", `group is "Billing"; language is "sv"; the time is in mon, tue, wed, thu, fri 08:00-17:00 Europe/Stockholm`},
		{Query{Group: "Billing", Language: "sv-FI", At: noon.Add(6 * time.Hour)}, "8", ""},
		{Query{Group: "Billing", Language: "de-at", At: noon}, "9", ""},
		{Query{Group: "Billing", Language: "de-CH", At: noon}, "10", ""},
		{Query{Group: "Billing", Organization: "Globex", Language: "en", At: noon}, "11", ""},
		{Query{Group: "Billing", At: noon}, "12", `group is "Billing"; has no tag "sandbox"`},
		{Query{Group: "Billing", Tags: []string{"sandbox"}, At: noon}, "30", "no other rule matched"},
		{Query{Group: "Shipping", Form: "Customs", At: noon}, "13", ""},
		{Query{Group: "Shipping", At: at("2026-11-25T23:30:00+01:00")}, "14", ""},
		{Query{Group: "Shipping", At: at("2026-11-26T05:59:59+01:00")}, "14", ""},
		{Query{Group: "Shipping", At: at("2026-11-26T06:00:00+01:00")}, "17", ""},
		{Query{Group: "Shipping", At: noon}, "15", ""},
		{Query{Group: "Shipping", At: at("2026-11-25T16:00:00-05:00")}, "14", ""}, // 22:00 in Stockholm
		{Query{Group: "Shipping", At: at("2026-11-25T15:00:00-05:00")}, "15", ""},
		{Query{Group: "Shipping", At: at("2026-11-28T12:00:00+01:00")}, "16", ""},
		{Query{Group: "Product", Tags: []string{"bug"}, Priority: "high", At: noon}, "18", ""},
		{Query{Group: "Research", Tags: []string{"bug"}, Priority: "low", At: noon}, "19", ""},
		{Query{Group: "Product", Brand: "Acme Pro", At: noon}, "20", ""},
		{Query{Group: "Product", Brand: "Acme Home", At: noon}, "21", ""},
		{Query{Group: "Research", Brand: "Acme Pro", At: noon}, "22", ""},
		{Query{Group: "Team leads", At: at("2026-11-27T18:00:00-05:00")}, "23", ""},
		{Query{Group: "Team leads", At: at("2026-11-28T17:59:00-05:00")}, "23", ""},
		{Query{Group: "Team leads", At: at("2026-11-28T18:00:00-05:00")}, "24", ""},
		{Query{Group: "HR", Brand: "Acme Pro", Priority: "urgent", At: noon}, "25", ""},
		{Query{Group: "HR", Brand: "Acme Pro", Tags: []string{"beta"}, At: noon}, "26", ""},
		{Query{Group: "HR", Brand: "Acme Pro", Tags: []string{"beta", "test"}, At: noon}, "30", ""},
		{Query{Group: "HR", Organization: "initech", At: noon}, "27", ""},
		{Query{Group: "HR", Language: "nl-BE", At: noon}, "28", ""},
		{Query{Group: "HR", Form: "Complaint", Tags: []string{"press"}, At: noon}, "29", ""},
		{Query{Group: "HR", At: noon}, "30", "no other rule matched"},
		{Query{}, "30", "no other rule matched"},
	}
	rules := thirtyRules(t)
	if err := ValidateRules(rules); err != nil {
		t.Fatal(err)
	}
	reached := make(map[string]bool)
	for _, tt := range tests {
		d := Route(rules, tt.q)
		if d.Rule == nil || d.Rule.ID != tt.want || d.Channels[0].ID != "C"+tt.want {
			t.Errorf("%+v: rule %+v, want %s; explained by %+v", tt.q, d.Rule, tt.want, d.Explain)
			continue
		}
		reached[d.Rule.ID] = true
		last := d.Explain[len(d.Explain)-1]
		if !last.Matched || last.RuleID != tt.want || (tt.last != "" && last.Reason != tt.last) {
			t.Errorf("%+v: last step %+v, want rule %s with the reason %q", tt.q, last, tt.want, tt.last)
		}
	}
	if len(reached) != 30 {
		t.Errorf("the table reaches %d of 30 rules", len(reached))
	}
}

func TestExplanationNamesTheFirstConditionThatFails(t *testing.T) {
	at := time.Date(2026, 11, 28, 11, 3, 0, 0, time.UTC)
	ticket := Query{Group: "Billing", Tags: []string{"new"}, Brand: "Acme", Language: "en", At: at}
	office := Hours{Zone: zone(t, "Europe/Stockholm"), Days: workdays, From: 8 * 60, To: 17 * 60}
	tests := []struct {
		when Conditions
		want string
	}{
		{Conditions{Groups: []string{"Shipping", "Returns"}}, `group is "Billing", not "Shipping" or "Returns"`},
		{Conditions{Groups: []string{"Billing"}, TagsAny: []string{"vip", "gold"}}, `has no tag "vip" or "gold"`},
		{Conditions{TagsAll: []string{"new", "eu"}}, `has no tag "eu"`},
		{Conditions{TagsNone: []string{"new"}, TagsAll: []string{"eu"}}, `has the tag "new"`},
		{Conditions{Priorities: []string{"urgent"}}, `priority is not set, and must be "urgent"`},
		{Conditions{Languages: []string{"sv", "en-GB"}}, `language is "en", not "sv" or "en-GB"`},
		{Conditions{Forms: []string{"Complaint"}}, `form is not set, and must be "Complaint"`},
		{Conditions{Organizations: []string{"Initech"}}, `organisation is not set, and must be "Initech"`},
		{Conditions{Hours: []Hours{office}}, `the time is not in mon, tue, wed, thu, fri 08:00-17:00 Europe/Stockholm: it is sat 12:03 there`},
	}
	for _, tt := range tests {
		d := Route([]Rule{{ID: "1", Name: "one", When: tt.when}}, ticket)
		want := []Step{{RuleID: "1", Rule: "one", Reason: tt.want}}
		if diff := cmp.Diff(Decision{Explain: want}, d); diff != "" {
			t.Errorf("decision (-want +got):\n%s", diff)
		}
	}
}

func TestRuleWithoutChannelsKeepsTheConversationOnTheTicket(t *testing.T) {
	d := Route([]Rule{{ID: "1", When: Conditions{TagsAny: []string{"secret"}}}, {ID: "2", Default: true, Channels: []Channel{{"slack", "a", "C"}}}},
		Query{Tags: []string{"secret"}})
	if d.Rule == nil || d.Rule.ID != "1" || len(d.Channels) != 0 {
		t.Errorf("decision %+v, want rule 1 without channels", d)
	}
	if _, reason := (Conditions{}).Match(Query{}); reason != "it has no conditions" {
		t.Errorf("reason %q", reason)
	}
}

// The result must not depend on anything but the rules before and including
// the one that decides.
func TestRouteLooksAtNothingAfterTheRuleThatDecides(t *testing.T) {
	all := thirtyRules(t)
	value := func(list ...string) *rapid.Generator[string] { return rapid.SampledFrom(append(list, "")) }
	rapid.Check(t, func(t *rapid.T) {
		rules := rapid.Permutation(all).Draw(t, "rules")
		q := Query{
			Group:        value("Billing", "Shipping", "Product", "HR").Draw(t, "group"),
			Tags:         rapid.SliceOfN(value("refund", "vip", "bug", "beta", "test"), 0, 3).Draw(t, "tags"),
			Brand:        value("Acme Pro", "Acme Home").Draw(t, "brand"),
			Organization: value("Initech").Draw(t, "organization"),
			Form:         value("Customs", "Complaint").Draw(t, "form"),
			Language:     value("sv", "de-AT", "fr").Draw(t, "language"),
			Priority:     value("urgent", "low").Draw(t, "priority"),
			At:           time.Unix(rapid.Int64Range(1.7e9, 1.9e9).Draw(t, "at"), 0),
		}
		d := Route(rules, q)
		if d.Rule == nil {
			t.Fatal("a rule set with a default decided nothing")
		}
		for i, s := range d.Explain {
			if s.Reason == "" || s.Matched != (i == len(d.Explain)-1) {
				t.Fatalf("step %d of %d is %+v", i, len(d.Explain), s)
			}
		}
		if d.Rule.Default {
			return
		}
		at := slices.IndexFunc(rules, func(r Rule) bool { return r.ID == d.Rule.ID })
		if diff := cmp.Diff(d, Route(rules[:at+1], q)); diff != "" {
			t.Fatalf("without the rules after it, the decision differs:\n%s", diff)
		}
		if ok, _ := d.Rule.When.Match(q); !ok {
			t.Fatal("the rule that decided does not match")
		}
	})
}

func TestDecisionSharesNothingWithTheRules(t *testing.T) {
	rules := []Rule{{ID: "1", Channels: []Channel{{"slack", "a", "C1"}}}}
	d := Route(rules, Query{})
	d.Channels[0].ID, d.Rule.ID = "changed", "changed"
	if rules[0].ID != "1" || rules[0].Channels[0].ID != "C1" {
		t.Errorf("a decision's change reached the rules: %+v", rules)
	}
}

func TestRulesSurviveJSON(t *testing.T) {
	rules := thirtyRules(t)
	rules[0].Answer, rules[0].Fields = Who{Roles: []string{"lead"}}, DefaultPolicy()
	text, err := json.Marshal(rules)
	if err != nil {
		t.Fatal(err)
	}
	var back []Rule
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rules, back); diff != "" {
		t.Errorf("rules after JSON (-want +got):\n%s", diff)
	}
	for _, want := range []string{`"from":"22:00","to":"06:00"`, `"days":["mon","tue"`, `"zone":"Europe/Stockholm"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("JSON lacks %s:\n%s", want, text)
		}
	}
}

func TestMistakesInRulesAreNamed(t *testing.T) {
	channel := Channel{"slack", "acme", "C1"}
	bad := []Rule{
		{ID: "1", Name: "a", Channels: []Channel{channel, channel, {Surface: "slack"}}},
		{ID: "1", Name: "b", Fields: Policy{CustomerMessages: "some"}},
		{ID: "3", Name: " "},
		{ID: "4", Name: "d", Default: true, When: Conditions{Groups: []string{"x"}}},
		{ID: "5", Name: "e", Default: true},
		{ID: "6", Name: "f", When: Conditions{Hours: []Hours{{From: 25 * 60}, {Days: []Day{7}}}}},
	}
	err := ValidateRules(bad)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"rule a: channel slack:acme:C1 is listed twice", "channel slack:: lacks", `rule b: its id "1"`, `customer_messages is "some"`,
		"rule number 3: give it a name", "rule d: the default rule takes what no other takes", "2 rules are the default",
		"rule f: hours 25:00-00:00 UTC lie outside", "day 7 is none of",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not say %q:\n%v", want, err)
		}
	}
}
