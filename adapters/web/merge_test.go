package web_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
)

func TestAnAdminMergesPeopleAndSplitsAnAccountOff(t *testing.T) {
	w := newWorld(t)
	conv, _ := w.talk(w.ticket("S", "b"), "Q", "?")
	w.must(w.answer(conv, "9.1", "hello"))
	b := w.as("ada@example.org")
	has(t, "the page", b.get("/admin/people").body, "last seen", "Anders Expert")
	account := url.Values{"surface": {"slack"}, "workspace": {"T1"}, "id": {"U1"}}
	b.post("/admin/accounts", url.Values{"surface": {"slack"}, "workspace": {"T1"}, "id": {"U1"}, "person": {w.anders}})
	if got := b.post("/admin/people/"+w.anders, url.Values{"do": {"merge"}, "into": {w.bob}}); got.status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.status, got.body)
	}
	who := func() string {
		t.Helper()
		k, err := w.store.Identify(t.Context(), bridge.Account{Surface: "slack", Workspace: "T1", ID: "U1"})
		if err != nil {
			t.Fatal(err)
		}
		return k.Person
	}
	if who() != w.bob {
		t.Error("the account did not go over")
	}
	account.Set("do", "split")
	if got := b.post("/admin/accounts", account); got.status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if p := who(); p == w.bob || p == w.anders || p == "" {
		t.Errorf("the account is of %q", p)
	}
	if got := b.post("/admin/people/"+w.bob, url.Values{"do": {"merge"}, "into": {w.bob}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("into themselves: %d", got.status)
	}
	has(t, "the record", b.get("/admin/changes?area=person").body, "expert, disabled")
}
