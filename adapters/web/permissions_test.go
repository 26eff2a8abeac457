package web_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
)

// TestWhoMayStartIsTheSameOnThePageInTheAPIAndInAChat: each setting, and who may begin
// a conversation with the group under it. The API acts as the admin who made its token.
func TestWhoMayStartIsTheSameOnThePageInTheAPIAndInAChat(t *testing.T) {
	w := newWorld(t)
	other, err := w.store.SaveGroup(t.Context(), "", "Logistics")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.SetMembers(t.Context(), other, []string{w.bob}); err != nil {
		t.Fatal(err)
	}
	ada, bob, api := w.as("ada@example.org"), w.as("bob@example.org"), w.program()
	ticket := w.ticket("S", "b")
	page := fmt.Sprintf("/tickets/%d/conversations", ticket)
	n := 0
	for _, c := range []struct {
		what             string
		form             url.Values
		agent, adminToo  bool
		reasonForTheRest string
	}{
		{"as it begins", nil, true, true, ""},
		{"nobody", url.Values{"starts": {"2"}}, false, false, "only nobody may"},
		{"admins", url.Values{"starts": {"1"}, "start.0.by.role": {"admin"}}, false, true, `only the role "admin" may`},
		{"agents", url.Values{"starts": {"1"}, "start.0.by.role": {"agent"}}, true, false, `only the role "agent" may`},
		{"a group", url.Values{"starts": {"1"}, "start.0.by.group": {other}}, true, false, `only the group "Logistics" may`},
		{"everybody, another group", url.Values{"starts": {"1"}, "start.0.by.everybody": {"on"}, "start.0.with.group": {other}}, false, false, "may not start conversations with Billing"},
		{"everybody, this group", url.Values{"starts": {"1"}, "start.0.by.everybody": {"on"}, "start.0.with.group": {w.group}}, true, true, ""},
	} {
		if c.form != nil {
			if got := ada.post("/admin/permissions", c.form); got.status != http.StatusSeeOther {
				t.Fatalf("%s: %d %s", c.what, got.status, got.body)
			}
		}
		n++
		got := bob.post(page, url.Values{"to": {"group:" + w.group}, "subject": {fmt.Sprint("Q", n)}, "body": {"?"}})
		if ok := got.status == http.StatusSeeOther; ok != c.agent || !ok && (got.status != http.StatusForbidden || !strings.Contains(got.body, strings.ReplaceAll(c.reasonForTheRest, `"`, "&#34;"))) {
			t.Errorf("%s: an agent on the page: %d", c.what, got.status)
		}
		answer, body := api.json(fmt.Sprintf("/api/v1/tickets/%d/conversations", ticket), fmt.Sprintf(`{"group":"Billing","subject":"A%d","body":"?"}`, n), "")
		if ok := answer.status == http.StatusCreated; ok != c.adminToo || !ok && (answer.status != http.StatusForbidden || !strings.Contains(fmt.Sprint(body), c.reasonForTheRest)) {
			t.Errorf("%s: the API: %d %v", c.what, answer.status, body)
		}
		_, err := w.web.Start(t.Context(), w.bobActs(), bridge.Ask{Place: billing, Group: "Billing", Ticket: ticket, Subject: fmt.Sprint("C", n), Body: "?"})
		if (err == nil) != c.agent || err != nil && !errors.Is(err, bridge.ErrForbidden) {
			t.Errorf("%s: an agent in a chat: %v", c.what, err)
		}
	}
}

// TestWhoMayBeInvited: asking a person by name is inviting them.
func TestWhoMayBeInvited(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.as("ada@example.org"), w.as("bob@example.org")
	page := fmt.Sprintf("/tickets/%d/conversations", w.ticket("S", "b"))
	start := url.Values{"starts": {"1"}, "start.0.by.everybody": {"on"}, "invites": {"1"}}
	for i, c := range []struct {
		by, whom url.Values
		ok       bool
	}{
		{url.Values{"by.role": {"agent"}}, url.Values{"with.everybody": {"on"}}, true},
		{url.Values{"by.role": {"admin"}}, url.Values{"with.everybody": {"on"}}, false},
		{url.Values{"by.role": {"agent"}}, url.Values{"with.role": {"agent"}}, false},
		{url.Values{"by.role": {"agent"}}, url.Values{"with.group": {w.group}}, true},
		{url.Values{"by.participants": {"on"}}, url.Values{"with.everybody": {"on"}}, false}, // nobody takes part yet
		{nil, nil, false},
	} {
		form := url.Values{}
		for _, part := range []url.Values{c.by, c.whom} {
			for k, v := range part {
				form["invite.0."+k] = v
			}
		}
		for k, v := range start {
			form[k] = v
		}
		if got := ada.post("/admin/permissions", form); got.status != http.StatusSeeOther {
			t.Fatalf("%d %s", got.status, got.body)
		}
		got := bob.post(page, url.Values{"to": {"person:" + w.anders}, "subject": {fmt.Sprint("Q", i)}, "body": {"?"}})
		if ok := got.status == http.StatusSeeOther; ok != c.ok {
			t.Errorf("case %d: %d", i, got.status)
		}
		if !c.ok {
			has(t, "the refusal", got.body, "Bob Agent may not invite Anders Expert")
		}
	}
	has(t, "the page", ada.get("/admin/permissions").body, "everybody may start with any group", "Add a rule")
	if got := bob.get("/admin/permissions"); got.status != http.StatusForbidden {
		t.Errorf("an agent: %d", got.status)
	}
}

// TestEverySettingThatChangesIsOnRecord with who, and what it was before and after.
func TestEverySettingThatChangesIsOnRecord(t *testing.T) {
	w := newWorld(t)
	if _, err := w.store.Append(t.Context(), &bridge.CreateTicket{Actor: w.bobActs(), Subject: "S", Requester: "C", Body: "b"}); err != nil {
		t.Fatal(err)
	}
	conv, _ := w.talk(w.ticket("S", "b"), "Q", "?")
	w.must(w.answer(conv, "9.9", "seen"))
	b := w.as("ada@example.org")
	for path, form := range map[string]url.Values{
		"/admin/groups/" + w.group: {"name": {"Money"}, "has_members": {"1"}, "member": {w.bob}},
		"/admin/rules/r1":          {"name": {"Billing, renamed"}, "group": {w.group}, "channel": {"slack/T1/C1"}},
		"/admin/people":            {"name": {"Carla"}, "email": {"carla@example.org"}, "role": {"agent"}, "password": {"a long enough one"}},
		"/admin/people/" + w.bob:   {"do": {"role"}, "role": {"expert"}},
		"/admin/accounts":          {"surface": {"slack"}, "workspace": {"T1"}, "id": {"U1"}, "person": {w.anders}},
		"/admin/tokens":            {"name": {"The shop"}},
		"/admin/permissions":       {"starts": {"1"}, "start.0.by.role": {"admin"}},
	} {
		if got := b.post(path, form); got.status >= http.StatusBadRequest {
			t.Fatalf("%s: %d %s", path, got.status, got.body)
		}
	}
	if got := b.post("/admin/people/"+w.bob, url.Values{"do": {"password"}, "password": {"another long one"}}); got.status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.status, got.body)
	}
	b.post("/admin/people", url.Values{"name": {""}, "role": {"agent"}}) // refused: nothing changes
	page := b.get("/admin/changes").body
	has(t, "the record", page, "Ada Admin", "Billing: Anders Expert", "Money: Bob Agent", "Billing, renamed", "Carla", "agent, carla@example.org",
		"expert, bob@example.org", "Slack T1 U1", "linked to nobody", "The shop", "the role &#34;admin&#34; may start with any group", "a new password was set")
	hasNot(t, "the record", page, "another long one", "a long enough one", "sbr_")
	only := b.get("/admin/changes?area=token&person=" + w.ada).body
	has(t, "of tokens", only, "The shop")
	hasNot(t, "of tokens", only, "Carla</b>")
	hasNot(t, "of somebody else", b.get("/admin/changes?person="+w.bob).body, "The shop")
	if err := w.tamper(`DELETE FROM changes`); err == nil {
		t.Error("the record could be deleted")
	}
	if err := w.tamper(`UPDATE changes SET became = ''`); err == nil {
		t.Error("the record could be changed")
	}
}
