package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// F2: a program is told where the rules lead and why, by the same steps as people, for a
// ticket as it is and for one that is made up, now and at a time; nothing changes.
func TestProgramsAreToldWhereTheRulesLeadAndWhy(t *testing.T) {
	w := newWorld(t)
	var zone mapping.Zone
	if err := json.Unmarshal([]byte(`"Europe/Berlin"`), &zone); err != nil {
		t.Fatal(err)
	}
	channel := func(id string) []mapping.Channel {
		return []mapping.Channel{{Surface: "slack", Workspace: "T1", ID: id}}
	}
	w.setRules(
		mapping.Rule{ID: "r1", Name: "VIPs", When: mapping.Conditions{TagsAny: []string{"vip"}}, Channels: channel("C1"), Fields: mapping.DefaultPolicy()},
		mapping.Rule{
			ID: "r2", Name: "At night", When: mapping.Conditions{Hours: []mapping.Hours{{Zone: zone, From: 22 * 60, To: 6 * 60}}},
			Channels: channel("C2"), Fields: mapping.DefaultPolicy(),
		},
		mapping.Rule{ID: "r3", Name: "Everything else", Default: true, Channels: channel("C3"), Fields: mapping.DefaultPolicy()},
	)
	ticket := w.ticket("S", "b")
	w.must(&bridge.ChangeTicket{Actor: w.bobActs(), Ticket: ticket, Tags: []string{"vip"}})
	head, p := w.head(ticket), w.program()
	type route struct {
		Rule     string
		Channels []struct{ ID string }
		Steps    []mapping.Step
	}
	ask := func(q url.Values) (int, route) {
		t.Helper()
		r := p.request(http.MethodGet, "/api/v1/explain?"+q.Encode(), nil)
		r.Header.Set("Authorization", "Bearer "+p.token)
		got := p.do(r)
		var out route
		if got.status == http.StatusOK {
			if err := json.Unmarshal([]byte(got.body), &out); err != nil {
				t.Fatal(err)
			}
		}
		return got.status, out
	}
	noon, night := "2026-11-24T12:00:00Z", "2026-11-24T23:30:00+01:00"
	for name, c := range map[string]struct {
		q     url.Values
		rule  string
		id    string
		steps int
	}{
		"the ticket as it is": {url.Values{"group": {"billing"}, "ticket": {fmt.Sprint(ticket)}, "at": {night}}, "VIPs", "C1", 1},
		"made up":             {url.Values{"group": {"Billing"}, "tags": {"a, VIP"}}, "VIPs", "C1", 1},
		"at night":            {url.Values{"group": {"billing"}, "at": {night}}, "At night", "C2", 2},
		"at noon":             {url.Values{"group": {"billing"}, "priority": {"high"}, "at": {noon}}, "Everything else", "C3", 3},
	} {
		status, got := ask(c.q)
		if status != http.StatusOK || got.Rule != c.rule || len(got.Channels) != 1 || got.Channels[0].ID != c.id || len(got.Steps) != c.steps {
			t.Errorf("%s: %d %+v", name, status, got)
			continue
		}
		for i, s := range got.Steps {
			if s.Reason == "" || s.Matched != (i == len(got.Steps)-1) {
				t.Errorf("%s: step %d %+v", name, i, s)
			}
		}
	}
	for name, q := range map[string]url.Values{
		"nobody asked":         {},
		"an unknown group":     {"group": {"Nobody"}},
		"an unknown ticket":    {"group": {"billing"}, "ticket": {"99"}},
		"a ticket and tags":    {"group": {"billing"}, "ticket": {"1"}, "tags": {"vip"}},
		"a ticket's no number": {"group": {"billing"}, "ticket": {"x"}},
		"an odd time":          {"group": {"billing"}, "at": {"tonight"}},
	} {
		if status, got := ask(q); status == http.StatusOK || status >= 500 {
			t.Errorf("%s: %d %+v", name, status, got)
		}
	}
	if w.head(ticket) != head {
		t.Error("asking changed something")
	}
	r := p.request(http.MethodGet, "/api/v1/explain?group=billing", nil)
	if got := p.do(r); got.status != http.StatusUnauthorized {
		t.Errorf("without a token: %d", got.status)
	}
}
