package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/sidebridge/sidebridge/bridge"
)

const dear = "Dear Carla,\n\nwe refund 19 euro."

// B8 on the pages: offered by one agent, reviewed by another, taken by the first. Their
// own draft nobody reviews, and the customer is sent nothing.
func TestADraftIsReviewedOnThePage(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Wrong invoice", "Billed twice.")
	conv, _ := w.talk(ticket, "Refund?", "?")
	bob, ada := w.as("bob@example.org"), w.as("ada@example.org")
	page := fmt.Sprintf("/tickets/%d", ticket)
	has(t, "the choice", bob.get(page+"/draft").body, `value="`+conv.String()+`"`, "Refund?", "data-offer")
	form := bob.post(page+"/draft", url.Values{"body": {dear}})
	has(t, "without a conversation", form.body, "Ask for a review", "we refund 19 euro.", `value="`+conv.String()+`"`)
	for name, v := range map[string]url.Values{
		"nothing":   {"to": {conv.String()}, "body": {" \n"}},
		"elsewhere": {"to": {"99-1"}, "body": {dear}},
		"nowhere":   {"to": {"x"}, "body": {dear}},
	} {
		if got := bob.post(page+"/draft", v); got.status < 400 || got.status > 499 {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	got := bob.post(page+"/draft", url.Values{"to": {conv.String()}, "body": {dear}, "key": {"k"}})
	draft := w.last(ticket, bridge.MessagePosted)
	if got.status != http.StatusSeeOther || !draft.Facts.Draft {
		t.Fatalf("%d %s", got.status, got.body)
	}
	has(t, "the reply box", bob.get(got.header.Get("Location")).body, `placeholder="The customer will read this.">`+dear)
	id := draft.ID().String()
	has(t, "Ada's page", ada.get(page).body, "Draft of a reply, not sent", `action="/m/`+id+`/good"`, `action="/m/`+id+`/suggest"`)
	hasNot(t, "Bob's page", bob.get(page).body, `action="/m/`+id+`/good"`, `action="/m/`+id+`/suggest"`)
	if got := bob.post("/m/"+id+"/good", nil); got.status != http.StatusForbidden {
		t.Errorf("one's own: %d", got.status)
	}

	before := w.head(ticket)
	has(t, "the approval", ada.script("/m/"+id+"/good", url.Values{"text": {fmt.Sprint(draft.Seq)}}, before).body, fmt.Sprintf(`id="m%d"`, draft.Seq), "finds it good")
	hasNot(t, "Ada's page", ada.get(page).body, `action="/m/`+id+`/good"`)
	const better = "Dear Carla,\n\nwe refund <b>29</b> euro."
	if got := ada.post("/m/"+id+"/suggest", url.Values{"text": {fmt.Sprint(draft.Seq)}, "body": {better}}); got.status != http.StatusSeeOther {
		t.Fatalf("suggest: %d %s", got.status, got.body)
	}
	suggestion := w.last(ticket, bridge.MessagePosted)
	sid := suggestion.ID().String()
	has(t, "Bob's page", bob.get(page).body, "Suggested for", "</span>19<span", "&lt;b&gt;29&lt;/b&gt;", `action="/m/`+sid+`/take"`, `action="/m/`+sid+`/dismiss"`)

	w.must(&bridge.EditMessage{Actor: w.bobActs(), Message: draft.ID(), Body: "Dear Carla, 19 euro."})
	has(t, "after a newer text", bob.get(page).body, "as it was before", "finds an earlier text good")
	if got := ada.post("/m/"+id+"/good", url.Values{"text": {fmt.Sprint(draft.Seq)}}); got.status != http.StatusConflict {
		t.Errorf("the text before: %d", got.status)
	}
	taken := bob.script("/m/"+sid+"/take", nil, w.head(ticket))
	has(t, "what is taken", taken.body, "&lt;b&gt;29&lt;/b&gt;", `data-instead="Dear Carla, 19 euro."`, `data-instead="`+dear+`"`)
	has(t, "Bob's page", bob.get(page).body, "Take it again", ">Taken<")
	has(t, "without script", bob.get(page+"?take="+fmt.Sprint(suggestion.Seq)).body, `placeholder="The customer will read this.">Dear Carla,`+"\n\nwe refund &lt;b&gt;29&lt;/b&gt; euro.")
	has(t, "the trail", bob.get(page+"/audit").body, "offered a draft of a reply for review", "looks good", "suggested another text", "into the reply box")
	if e := w.last(ticket, bridge.CustomerReply); e != nil {
		t.Errorf("the customer was sent %q", e.Words.Body)
	}
}

// The whole way by keys, on two pages that are open: the draft and every answer come up
// live, and what is taken stands in the box, where the draft stood, and is not sent.
func TestBrowserReviewsADraftByKeyboard(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Wrong invoice", "Billed twice.")
	w.talk(ticket, "Refund?", "?")
	bob, ada := w.chromium("bob@example.org"), w.chromium("ada@example.org")
	for _, b := range []*tab{bob, ada} {
		b.open(fmt.Sprintf("/tickets/%d", ticket))
		b.wait(`document.querySelector("[data-live-state]").textContent === "Live"`)
	}
	enter := func(b *tab) { b.do(chromedp.KeyEvent(kb.Enter)) }
	bob.tabTo("#reply-body")
	bob.do(chromedp.KeyEvent("We refund 19 euro."))
	bob.tabTo("form.reply .share > summary")
	enter(bob)
	bob.wait(`document.querySelector("[data-offer]")`)
	bob.tabTo("[data-offer]")
	enter(bob)
	bob.wait(`!document.querySelector("form.reply .share").open`)

	ada.wait(`document.querySelector("form[action$='/suggest']")`)
	ada.tabTo("form[action$='/good'] button")
	enter(ada)
	ada.wait(`document.querySelector(".goods")`)
	ada.tabTo("details[data-keep=suggest] > summary")
	enter(ada)
	ada.tabTo("form[action$='/suggest'] textarea")
	ada.do(chromedp.KeyEvent(kb.End, chromedp.KeyModifiers()), chromedp.KeyEvent(" Today."))
	ada.tabTo("form[action$='/suggest'] button")
	enter(ada)

	bob.wait(`document.querySelector(".goods")`)
	bob.wait(`document.querySelector(".changes ins")?.textContent.includes("Today.")`)
	bob.tabTo("form[action$='/take'] button")
	enter(bob)
	bob.wait(`document.querySelector("#reply-body").value === "We refund 19 euro. Today."`)
	ada.wait(`[...document.querySelectorAll(".kind .pill")].some((p) => p.innerText === "Taken")`)
	if w.last(ticket, bridge.CustomerReply) != nil || w.last(ticket, bridge.DraftTaken) == nil {
		t.Error("it was sent, or not recorded as taken")
	}
}

func TestDraftsLookRight(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Wrong invoice", "Billed twice.")
	conv, _ := w.talk(ticket, "Refund?", "Can we?")
	draft := w.must(&bridge.OfferDraft{Actor: w.bobActs(), Conversation: conv, Body: dear + "\n\nYou will have it within five days.\n\n- Bob"}).ID
	anders := w.actor(w.anders, "Anders Expert", bridge.RoleExpert)
	w.must(&bridge.ApproveDraft{Actor: anders, Draft: draft})
	one := w.must(&bridge.SuggestDraft{Actor: anders, Draft: draft, Body: "Dear Carla,\n\nwe are sorry, and refund 29 euro.\n\nYou will have it within three days.\n\n- Bob"}).ID
	w.must(&bridge.SuggestDraft{Actor: w.actor(w.ada, "Ada Admin", bridge.RoleAdmin), Draft: draft, Body: "Hello!"})
	w.must(&bridge.TakeDraft{Actor: w.bobActs(), Suggestion: one})
	w.must(&bridge.EditMessage{Actor: w.bobActs(), Message: draft, Body: "Dear Carla,\n\nwe refund 29 euro."})
	b := w.chromium("ada@example.org")
	b.lookAt("drafts", func(string) {
		b.open(fmt.Sprintf("/tickets/%d", ticket))
		b.do(chromedp.Click(chromedp.CSS("form.reply .share > summary")))
		b.wait(`document.querySelector("[data-offer]")`)
	})
}
