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
