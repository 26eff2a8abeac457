package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
)

func TestProgramsListCloseAndReopenConversations(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Wrong invoice", "Billed twice.")
	var want []string
	for i := range 50 {
		res := w.must(&bridge.StartConversation{Actor: w.bobActs(), Ticket: ticket, Subject: fmt.Sprint("Question ", i), Body: "?"})
		want = append(want, res.ID.String())
	}
	p := w.program()
	list := func() (ids []string, states map[string]string) {
		t.Helper()
		r := p.request(http.MethodGet, fmt.Sprintf("/api/v1/tickets/%d/conversations", ticket), nil)
		r.Header.Set("Authorization", "Bearer "+p.token)
		var out struct {
			Conversations []struct{ ID, Subject, State string }
		}
		if err := json.Unmarshal([]byte(p.do(r).body), &out); err != nil {
			t.Fatal(err)
		}
		states = map[string]string{}
		for i, c := range out.Conversations {
			if c.Subject != fmt.Sprint("Question ", i) {
				t.Errorf("conversation %d has the subject %q", i, c.Subject)
			}
			ids, states[c.ID] = append(ids, c.ID), c.State
		}
		return ids, states
	}
	if ids, _ := list(); !cmp.Equal(want, ids) {
		t.Error(cmp.Diff(want, ids))
	}
	for _, step := range []struct{ verb, state string }{{"close", "closed"}, {"close", "closed"}, {"reopen", "open"}} {
		got, body := p.json("/api/v1/conversations/"+want[7]+"/"+step.verb, "", "")
		if got.status != http.StatusOK || body["state"] != step.state {
			t.Errorf("%s answers %d %v", step.verb, got.status, body)
		}
		if _, states := list(); states[want[7]] != step.state || states[want[8]] != "open" {
			t.Errorf("after %s the states are %s and %s", step.verb, states[want[7]], states[want[8]])
		}
	}
	if got, _ := p.json("/api/v1/conversations/99-1/close", "", ""); got.status != http.StatusNotFound {
		t.Errorf("an unknown conversation answers %d", got.status)
	}
}

func TestAKeyThatWasUsedForSomethingElseIsRefused(t *testing.T) {
	w := newWorld(t)
	p := w.program()
	const form = `{"subject": "Wrong invoice", "requester": {"name": "Carl"}, "body": %q}`
	first, made := p.json("/api/v1/tickets", fmt.Sprintf(form, "Billed twice."), "order-4711")
	again, same := p.json("/api/v1/tickets", fmt.Sprintf(form, "Billed twice. "), "order-4711")
	if first.status != http.StatusCreated || again.status != http.StatusOK || made["ticket"] != same["ticket"] {
		t.Errorf("the same request answers %d %v, then %d %v", first.status, made, again.status, same)
	}
	if other, body := p.json("/api/v1/tickets", fmt.Sprintf(form, "Never arrived."), "order-4711"); other.status != http.StatusConflict {
		t.Errorf("another request with the same key answers %d %v", other.status, body)
	}
	path := fmt.Sprintf("/api/v1/tickets/%v/messages", made["ticket"])
	for _, c := range []struct {
		body string
		want int
	}{{"And?", http.StatusCreated}, {"And?", http.StatusOK}, {"Hello?", http.StatusConflict}} {
		if got, _ := p.json(path, fmt.Sprintf(`{"body": %q}`, c.body), "m1"); got.status != c.want {
			t.Errorf("message %q answers %d, want %d", c.body, got.status, c.want)
		}
	}
}
