package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/sidebridge/sidebridge/bridge"
)

// experts adds people who are asked, and returns their ids.
func (w *world) experts(names ...string) []string {
	w.t.Helper()
	var ids []string
	for _, name := range names {
		id, err := w.store.CreatePerson(w.t.Context(), bridge.Known{Name: name, Role: bridge.RoleExpert}, "")
		if err != nil {
			w.t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// TestPeopleAreAddedAndRemovedOnThePage (E5): by what the box completes and by name, each
// in the log, with a word about who is in none of the conversation's chats.
func TestPeopleAreAddedAndRemovedOnThePage(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	conv, _ := w.talk(ticket, "Refund?", "?")
	w.must(w.answer(conv, "9.9", "seen"))
	if err := w.store.LinkAccount(t.Context(), bridge.Account{Surface: "slack", Workspace: "T1", ID: "U1"}, w.anders, w.ada); err != nil {
		t.Fatal(err)
	}
	bob := w.as("bob@example.org")
	page, form := fmt.Sprintf("/tickets/%d", ticket), "/c/"+conv.String()+"/people"
	got := bob.post(form, url.Values{"body": {"@Anders Expert ada@example.org"}, "naming": {"mention:person/" + w.anders + " @Anders Expert"}})
	if got.status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.status, got.body)
	}
	e := w.last(ticket, bridge.ParticipantAdded)
	if e == nil || strings.Join(e.Facts.People, " ") != w.anders+" "+w.ada {
		t.Fatalf("added %+v", e)
	}
	shown := bob.get(page).body
	has(t, "the page", shown, "Bob Agent <small>(you)</small> <small>not in Slack</small>", "Ada Admin <small>not in Slack</small>", "does under People")
	hasNot(t, "the page", shown, "Anders Expert <small>not in")
	for _, c := range []struct {
		body, want string
		status     int
	}{
		{"Nobody Known", "Nobody we know is called", http.StatusUnprocessableEntity},
		{"", "Write @ and a name", http.StatusUnprocessableEntity},
		{"Ada Admin", "They take part already", http.StatusConflict},
	} {
		if got := bob.post(form, url.Values{"body": {c.body}}); got.status != c.status || !strings.Contains(got.body, c.want) {
			t.Errorf("%q: %d", c.body, got.status)
		}
	}
	if got := bob.script(form+"/remove", url.Values{"person": {w.ada}}, w.head(ticket)); got.status != http.StatusOK {
		t.Fatalf("remove: %d %s", got.status, got.body)
	} else {
		has(t, "the piece", got.body, "-people", "Anders Expert")
		hasNot(t, "the piece", got.body, "Remove Ada Admin")
	}
	has(t, "the trail", bob.get(page+"/audit").body, "removed Ada Admin")
	// Only whom one may invite.
	if got := w.as("ada@example.org").post("/admin/permissions", url.Values{"starts": {"1"}, "start.0.by.everybody": {"on"}, "invites": {"1"}, "invite.0.by.role": {"admin"}, "invite.0.with.everybody": {"on"}}); got.status != http.StatusSeeOther {
		t.Fatal(got.status)
	}
	if got := bob.post(form, url.Values{"body": {"Ada Admin"}}); got.status != http.StatusForbidden || !strings.Contains(got.body, "Bob Agent may not invite Ada Admin") {
		t.Errorf("without the right: %d", got.status)
	}
}

// TestACrowdIsConfirmed (B13): the sixth person, and a whole group, on the page and in the
// API; a number that is configured counts, and 0 asks nobody.
func TestACrowdIsConfirmed(t *testing.T) {
	w := newWorld(t)
	ids := w.experts("A A", "B B", "C C", "D D", "E E")
	if err := w.store.SetMembers(t.Context(), w.group, ids[:2]); err != nil {
		t.Fatal(err)
	}
	ticket := w.ticket("S", "b")
	conv, _ := w.talk(ticket, "Q", "?")
	other, _ := w.talk(ticket, "R", "?")
	bob, api := w.as("bob@example.org"), w.program()
	form := "/c/" + conv.String() + "/people"
	if got := bob.post(form, url.Values{"body": {"A A, B B, C C, D D"}}); got.status != http.StatusSeeOther {
		t.Fatalf("five people: %d %s", got.status, got.body)
	}
	sixth := url.Values{"body": {"E E"}}
	got := bob.post(form, sixth)
	if got.status != http.StatusConflict {
		t.Errorf("the sixth: %d", got.status)
	}
	has(t, "the page", got.body, "6 people take part", `value="E E"`, `name="confirm" value="1" data-confirm>Add all of them`)
	if got := bob.script(form, sixth, 0); got.status != http.StatusConflict || got.header.Get("Sidebridge-Error") != "unconfirmed" {
		t.Errorf("the script is told %d %s", got.status, got.header.Get("Sidebridge-Error"))
	}
	sixth.Set("confirm", "1")
	if got := bob.post(form, sixth); got.status != http.StatusSeeOther {
		t.Errorf("confirmed: %d", got.status)
	}
	path := "/api/v1/conversations/" + other.String() + "/participants"
	answer, body := api.json(path, `{"group":"billing"}`, "")
	if answer.status != http.StatusConflict || !strings.Contains(fmt.Sprint(body), "a whole group, 2 people") || !strings.Contains(fmt.Sprint(body), "unconfirmed") {
		t.Errorf("a group by the API: %d %v", answer.status, body)
	}
	if answer, body = api.json(path, `{"group":"billing","confirm":true}`, ""); answer.status != http.StatusOK || !strings.Contains(fmt.Sprint(body), "B B") {
		t.Errorf("confirmed by the API: %d %v", answer.status, body)
	}
	if e := w.last(ticket, bridge.ParticipantAdded); e.Facts.Group != w.group || len(e.Facts.People) != 2 {
		t.Errorf("recorded %+v", e.Facts)
	}
	if answer, body = api.json(path, `{"people":["C C"]}`, ""); answer.status != http.StatusOK || !strings.Contains(fmt.Sprint(body), "C C") {
		t.Errorf("a person by the API: %d %v", answer.status, body)
	}
	if answer, _ := api.json(path, `{}`, ""); answer.status != http.StatusUnprocessableEntity {
		t.Errorf("nobody by the API: %d", answer.status)
	}
}

// TestBrowserAddsPeopleByKeyboard: the completion names them, the warning says how many
// there would be, and its button is where the keyboard is.
func TestBrowserAddsPeopleByKeyboard(t *testing.T) {
	w := newWorld(t)
	w.experts("Alma Ask", "Bert Bank", "Cleo Card", "Dora Debt")
	ticket := w.ticket("Wrong invoice", "Billed twice.")
	conv, _ := w.talk(ticket, "Refund?", "?")
	bob := w.chromium("bob@example.org")
	bob.open(fmt.Sprintf("/tickets/%d", ticket))
	bob.wait(`document.querySelector("[data-live-state]").textContent === "Live"`)
	if got := bob.js(`[...document.querySelectorAll("[data-confirm]")].filter((b) => b.offsetParent !== null).length`); got != "0" {
		t.Errorf("%s buttons confirm what nobody has warned of", got)
	}
	box := fmt.Sprintf("#c%d-people-box", conv.Seq)
	bob.tabTo(fmt.Sprintf("#c%d-people summary", conv.Seq))
	bob.do(chromedp.KeyEvent(kb.Enter))
	bob.tabTo(box)
	bob.do(chromedp.KeyEvent("@Alm"))
	bob.wait(`!document.getElementById("completions").hidden`)
	bob.do(chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent(", Bert Bank, Cleo Card, Dora Debt, Anders Expert"))
	bob.do(chromedp.KeyEvent(kb.Enter))
	bob.wait(`document.activeElement.matches("[data-confirm]")`)
	bob.wait(`document.querySelector(".people p.error:not([hidden])").innerText.includes("6 people take part")`)
	if dir := os.Getenv("SIDEBRIDGE_SCREENSHOTS"); dir != "" {
		for _, width := range []int64{1280, 320} {
			bob.do(chromedp.EmulateViewport(width, 900))
			shot, err := chromedp.Run(bob.ctx, chromedp.FullScreenshot(100))
			if err == nil {
				err = os.WriteFile(fmt.Sprintf("%s/people-%d.png", dir, width), shot, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	bob.do(chromedp.KeyEvent(kb.Enter))
	bob.wait(`document.querySelectorAll(".people-list li").length === 6`)
	bob.wait(`document.activeElement.matches(".people summary")`)
	if e := w.last(ticket, bridge.ParticipantAdded); e == nil || len(e.Facts.People) != 5 {
		t.Errorf("recorded %+v", e)
	}
}

// TestWhoIsMentionedOnThePageTakesPart, as far as the author may invite them; otherwise the
// mention stays text and the page says so. The message calls them, and nothing else does.
func TestWhoIsMentionedOnThePageTakesPart(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	conv, _ := w.talk(ticket, "Q", "?")
	bob := w.as("bob@example.org")
	form := "/c/" + conv.String() + "/messages"
	say := func(body string) answered {
		return bob.script(form, url.Values{"body": {body}, "naming": {"mention:person/" + w.anders + " @Anders Expert", "mention:person/" + w.ada + " @Ada Admin"}}, w.head(ticket))
	}
	if got := say("@Anders Expert, look"); got.status != http.StatusOK || strings.Contains(got.body, "data-said") {
		t.Fatalf("%d %s", got.status, got.body)
	}
	post, added := w.last(ticket, bridge.MessagePosted), w.last(ticket, bridge.ParticipantAdded)
	if added == nil || added.Seq != post.Seq+1 || added.Facts.Message != post.Seq || strings.Join(added.Facts.People, "") != w.anders {
		t.Fatalf("%+v after %+v", added, post)
	}
	if got := w.as("ada@example.org").post("/admin/permissions", url.Values{"starts": {"1"}, "start.0.by.everybody": {"on"}, "invites": {"1"}, "invite.0.by.role": {"admin"}, "invite.0.with.everybody": {"on"}}); got.status != http.StatusSeeOther {
		t.Fatal(got.status)
	}
	got := say("@Anders Expert and @Ada Admin, look")
	has(t, "the page", got.body, "data-said", "Ada Admin is named and was not called: Bob Agent may not invite Ada Admin")
	want := "[@Anders Expert](mention:person/" + w.anders + ") and @Ada Admin, look"
	if post = w.last(ticket, bridge.MessagePosted); post.Words.Body != want || w.last(ticket, bridge.ParticipantAdded).Seq != added.Seq {
		t.Errorf("posted %q", post.Words.Body)
	}
}
