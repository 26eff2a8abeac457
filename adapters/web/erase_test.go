package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
)

func TestAdminErasesAMessageAndSeesWhatIsLeft(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Refund", "Hello")
	conv, _ := w.talk(ticket, "Charged twice?", "Please look")
	said := w.must(w.answer(conv, "1.7", "The card is 4929-SECRET")).ID
	ada, path := w.as("ada@example.org"), "/m/"+said.String()+"/erase"
	has(t, "the trail", ada.get("/tickets/1/audit").body, `href="`+path+`"`, `href="/tickets/1/erasures"`)
	has(t, "the question", ada.get(path).body, "4929-SECRET", "cannot be undone")
	if got := ada.post(path, url.Values{"reason": {"  "}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: %d", got.status)
	}
	if got := w.as("bob@example.org").post(path, url.Values{"reason": {"no"}}); got.status != http.StatusForbidden {
		t.Errorf("by an agent: %d", got.status)
	}
	if got := ada.post(path, url.Values{"reason": {"The customer asked <b>us</b>"}}); got.to() != "/tickets/1/erasures" {
		t.Fatalf("erase: %d %s", got.status, got.body)
	}
	has(t, "the proof", ada.get("/tickets/1/erasures").body, "The customer asked &lt;b&gt;us&lt;/b&gt;", "Still there", "who wrote it there")
	for _, page := range []string{"/tickets/1", "/tickets/1/audit", "/m/" + said.String() + "/history", "/tickets/1/export", "/tickets/1/export?as=html"} {
		hasNot(t, page, ada.get(page).body, "4929-SECRET")
	}
	has(t, "the ticket", ada.get("/tickets/1").body, "The words of this message were erased.")
	var proof []bridge.Erasure
	if err := json.Unmarshal([]byte(ada.get("/tickets/1/erasures?as=json").body), &proof); err != nil || len(proof) != 1 || len(proof[0].Left) != 1 {
		t.Errorf("the proof as JSON: %+v, %v", proof, err)
	}
	if got := ada.get(path); got.status != http.StatusNotFound {
		t.Errorf("once more: %d", got.status)
	}
}

func TestAdminErasesAPerson(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Refund", "Hello")
	conv, _ := w.talk(ticket, "Charged twice?", "Please look")
	w.must(&bridge.PostMessage{Actor: w.bobActs(), Conversation: conv, Body: "From Bob"})
	bob := w.as("bob@example.org")
	ada, path := w.as("ada@example.org"), "/admin/people/"+w.bob+"/erase"
	has(t, "the people", ada.get("/admin/people").body, `href="`+path+`"`)
	has(t, "the question", ada.get(path).body, "Erase Bob Agent", "A pseudonym stays")
	if got := ada.post("/admin/people/"+w.ada+"/erase", url.Values{"reason": {"me"}}); got.status != http.StatusConflict {
		t.Errorf("oneself: %d", got.status)
	}
	if got := ada.post(path, url.Values{"reason": {"Left and asked to"}}); got.to() != "/admin/erasures" {
		t.Fatalf("erase: %d %s", got.status, got.body)
	}
	has(t, "the proof", ada.get("/admin/erasures").body, "Erased person ", "Left and asked to", `href="/tickets/1/erasures"`)
	if got := ada.get("/admin/erasures?as=json").body; !strings.Contains(got, `"pseudonym": "Erased person `) {
		t.Errorf("the proof as JSON: %s", got)
	}
	if got := bob.get("/tickets"); got.status != http.StatusSeeOther {
		t.Errorf("they are signed in still: %d", got.status)
	}
	for _, page := range []string{"/tickets/1", "/tickets/1/audit", "/admin/people", "/tickets"} {
		hasNot(t, page, ada.get(page).body, "Bob Agent", "From Bob", "bob@example.org")
	}
}
