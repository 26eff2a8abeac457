package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/sidebridge/sidebridge/bridge"
)

func TestWhomToAskIsFoundByNameWhereThereAreMany(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Wrong invoice", "I was billed twice.")
	page := fmt.Sprintf("/tickets/%d", ticket)
	b := w.as("bob@example.org")
	hasNot(t, "a small desk's form", b.get(page).body, "data-find")

	for i := range 60 {
		if _, err := w.store.SaveGroup(t.Context(), "", fmt.Sprintf("Crew %02d", i)); err != nil {
			t.Fatal(err)
		}
	}
	form := b.get(page).body
	has(t, "the form", form, "data-find", ">Billing<", ">Crew 48<", ">Anders Expert<")
	if start := form[strings.Index(form, `<select name="to"`):]; strings.Contains(start[:strings.Index(start, "</select>")], ">Crew 49<") {
		t.Error("more than 50 groups are listed")
	}

	found := b.get("/ask?q=crew+5").body
	has(t, "what is found", found, ">Crew 50<", ">Crew 59<")
	hasNot(t, "what is found", found, ">Billing<", ">Crew 49<", "Anders")
	has(t, "a person", b.get("/ask?q=and").body, `value="person:`+w.anders+`">Anders Expert<`)
	has(t, "a channel", b.get("/ask?q=bil").body, `value="channel:`+billing.String()+`">`, ">Billing<")
	// Who is chosen stays; who is in no group cannot be asked.
	kept := b.get("/ask?q=crew+5&to=person:" + w.anders).body
	has(t, "what is found beside who is chosen", kept, `value="person:`+w.anders+`" selected>Anders Expert<`, ">Crew 50<")
	hasNot(t, "who can be asked", b.get("/ask?q=ada").body, "Ada")

	// Without our script the form's button finds, and nothing that was written is lost.
	got := b.post(page+"/preview", url.Values{"find": {"crew 5"}, "subject": {"Billed twice?"}, "body": {"Can you look?"}})
	if got.status != http.StatusOK {
		t.Fatalf("%d", got.status)
	}
	has(t, "the form without a script", got.body, `value="crew 5"`, ">Crew 59<", `value="Billed twice?"`, "Can you look?")
	if got := w.browser().get("/ask?q=and"); got.status == http.StatusOK {
		t.Error("somebody who is not signed in finds people")
	}
}

func TestTheFormFindsPeopleAmongThousands(t *testing.T) {
	w := newWorld(t)
	ids := []string{w.anders}
	for i := range 300 {
		id, err := w.store.CreatePerson(t.Context(), bridge.Known{Name: fmt.Sprintf("Expert %03d", i), Role: bridge.RoleExpert}, "")
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := w.store.SetMembers(t.Context(), w.group, ids); err != nil {
		t.Fatal(err)
	}
	b := w.as("bob@example.org")
	form := b.get(fmt.Sprintf("/tickets/%d", w.ticket("S", "b"))).body
	if n := strings.Count(form, `<option value="person:`); n != 50 {
		t.Errorf("the form lists %d people, want 50", n)
	}
	has(t, "what is found", b.get("/ask?q=expert+299").body, ">Expert 299<")
}

func TestBrowserFindsWhomToAskByName(t *testing.T) {
	w := newWorld(t)
	for i := range 60 {
		if _, err := w.store.SaveGroup(t.Context(), "", fmt.Sprintf("Crew %02d", i)); err != nil {
			t.Fatal(err)
		}
	}
	ticket := w.ticket("Wrong invoice", "I was billed twice.")
	b := w.chromium("bob@example.org")
	b.lookAt("find-whom-to-ask", func(string) {
		b.open(fmt.Sprintf("/tickets/%d", ticket))
		b.js(`document.getElementById("start").open = true`)
		b.do(chromedp.Focus(chromedp.CSS("#start [data-find]")), chromedp.KeyEvent("crew 59"))
		b.wait(`document.querySelectorAll("#start select[name=to] optgroup option").length === 1`)
		b.wait(`document.querySelector("#start [role=status]").textContent === "1 found: Enter picks it."`)
		// Enter sends nothing: it takes the only one, and goes on to the choice.
		b.do(chromedp.KeyEvent(kb.Enter))
		b.wait(`document.activeElement.name === "to"`)
		b.wait(`document.querySelector("#start select[name=to]").selectedOptions[0].textContent === "Crew 59"`)
		b.wait(`document.querySelector("#start [data-preview]").textContent.trim() !== ""`)
	})
}
