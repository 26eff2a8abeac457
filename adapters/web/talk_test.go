package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/store"
)

func TestAConversationGoesWhereTheMappingSays(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	b := w.as("bob@example.org")
	path := fmt.Sprintf("/tickets/%d", ticket)
	start := func(to string) (*bridge.Entry, *bridge.Entry, answered) {
		got := b.post(path+"/conversations", url.Values{"to": {to}, "subject": {"Q " + to}, "body": {"?"}})
		return w.last(ticket, bridge.ConversationStarted), w.last(ticket, bridge.MirrorOpened), got
	}
	for _, to := range []string{"group:" + w.group, "channel:slack/T1/C1", "person:" + w.anders} {
		conv, mirror, got := start(to)
		if got.status != http.StatusSeeOther || conv.Words.Subject != "Q "+to || mirror.Facts.Conversation != conv.Seq || *mirror.Facts.Place != billing || mirror.Facts.Rule != "r1" {
			t.Errorf("%s: %d, %+v, %+v", to, got.status, conv, mirror)
		}
	}
	if posted := w.last(ticket, bridge.MessagePosted); posted.Words.Body != "[@Anders Expert](mention:person/"+w.anders+") ?" {
		t.Errorf("a question to a person is %q", posted.Words.Body)
	}
	for _, to := range []string{"", "group:none", "channel:slack/T1/C9", "person:none", "person:" + w.bob} {
		if _, _, got := start(to); got.status < 400 || got.status > 499 {
			t.Errorf("%q: %d", to, got.status)
		}
	}
	// A group without a rule stays on the ticket.
	legal, err := w.store.SaveGroup(t.Context(), "", "Legal")
	if err != nil {
		t.Fatal(err)
	}
	conv, mirror, got := start("group:" + legal)
	if got.status != http.StatusSeeOther || mirror.Facts.Conversation == conv.Seq {
		t.Errorf("a group without a rule: %d, %+v", got.status, mirror)
	}
	has(t, "the page", b.get(path).body, "it is shown in no channel")
}

// F3: one conversation in a Slack and a Discord channel at once.
func TestAGroupMapsToChannelsOfSeveralChatsAtOnce(t *testing.T) {
	w := newWorld(t)
	inGuild := bridge.Place{Surface: "discord", Workspace: "9", Channel: "100"}
	if err := w.store.PutChannels(t.Context(), []store.Channel{{Place: inGuild, Name: "billing-dk", Member: true}}); err != nil {
		t.Fatal(err)
	}
	ada := w.as("ada@example.org")
	got := ada.post("/admin/rules/r1", url.Values{"name": {"Billing"}, "group": {w.group}, "channel": {"slack/T1/C1", "discord/9/100", ""}, "customer_messages": {"none"}})
	if got.status != http.StatusSeeOther {
		t.Fatalf("save the rule: %d %s", got.status, got.body)
	}
	has(t, "the rules", ada.get("/admin/mapping").body, "Slack #billing, Discord #billing-dk")
	has(t, "the rule's form", ada.get("/admin/rules/r1").body, `value="slack/T1/C1"`, `value="discord/9/100"`)
	ticket := w.ticket("S", "b")
	b := w.as("bob@example.org")
	path := fmt.Sprintf("/tickets/%d", ticket)
	has(t, "the preview", b.post(path+"/preview", url.Values{"to": {"group:" + w.group}}).body, "<b>Slack #billing</b>, <b>Discord #billing-dk</b>")
	if got := b.post(path+"/conversations", url.Values{"to": {"group:" + w.group}, "subject": {"Q"}, "body": {"?"}}); got.status != http.StatusSeeOther {
		t.Fatalf("start: %d %s", got.status, got.body)
	}
	var places []string
	for _, e := range w.entries(ticket) {
		if e.Kind == bridge.MirrorOpened {
			places = append(places, e.Facts.Place.String())
		}
	}
	if !slices.Equal(places, []string{"slack/T1/C1", "discord/9/100"}) {
		t.Errorf("mirrored to %v", places)
	}
	has(t, "the page", b.get(path).body, "<b>Slack #billing</b> <span>on its way</span>", "<b>Discord #billing-dk</b> <span>on its way</span>")
}

func TestThePreviewExplainsAndChangesNothing(t *testing.T) {
	w := newWorld(t)
	partners := bridge.Place{Surface: "slack", Workspace: "T1", Channel: "C2"}
	if err := w.store.PutChannels(t.Context(), []store.Channel{{Place: partners, Name: "partners", External: true, Member: true}}); err != nil {
		t.Fatal(err)
	}
	rule := mapping.Rule{
		ID: "r2", Name: "VIPs", When: mapping.Conditions{TagsAny: []string{"vip"}}, Fields: mapping.DefaultPolicy(),
		Channels: []mapping.Channel{{Surface: "slack", Workspace: "T1", ID: "C1"}, {Surface: "slack", Workspace: "T1", ID: "C2"}},
	}
	w.setRules(mapping.Rule{ID: "r0", Name: "Urgent", When: mapping.Conditions{Priorities: []string{"urgent"}}, Fields: mapping.DefaultPolicy()}, rule)
	ticket := w.ticket("S", "b")
	w.must(&bridge.ChangeTicket{Actor: w.bobActs(), Ticket: ticket, Tags: []string{"vip"}})
	head := w.head(ticket)
	b := w.as("bob@example.org")
	path := fmt.Sprintf("/tickets/%d/preview", ticket)
	form := url.Values{"to": {"group:" + w.group}, "subject": {"kept subject"}, "body": {"kept words"}}
	want := []string{"<b>Slack #billing</b>", "Slack #partners is shared with another organisation", "priority is &#34;normal&#34;, not &#34;urgent&#34;", "has the tag &#34;vip&#34;"}
	got := b.script(path, form, head)
	has(t, "the piece", got.body, want...)
	page := b.post(path, form)
	has(t, "the page without a script", page.body, append(want, "kept subject", "kept words")...)
	if w.head(ticket) != head {
		t.Error("a preview changed the log")
	}
	rule.AllowExternal = true
	w.setRules(rule)
	has(t, "with outside channels allowed", b.script(path, form, head).body, "<b>Slack #billing</b>, <b>Slack #partners</b>")
}

func TestMessagesAreChangedByWhoWroteThem(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	conv, _ := w.talk(ticket, "Q", "?")
	mine := w.must(&bridge.PostMessage{Actor: w.bobActs(), Conversation: conv, Body: "v1"}).ID
	theirs := w.must(w.answer(conv, "100.1", "from the chat")).ID
	adas := w.must(&bridge.PostMessage{Actor: w.actor(w.ada, "Ada Admin", bridge.RoleAdmin), Conversation: conv, Body: "by Ada"}).ID
	b := w.as("bob@example.org")
	if got := b.post("/m/"+mine.String()+"/edit", url.Values{"body": {"v2"}, "was": {fmt.Sprint(mine.Seq)}}); got.status != http.StatusSeeOther {
		t.Errorf("edit: %d %s", got.status, got.body)
	}
	got := b.post("/m/"+mine.String()+"/edit", url.Values{"body": {"v3"}, "was": {fmt.Sprint(mine.Seq)}})
	if got.status != http.StatusConflict {
		t.Errorf("an edit of an old version: %d", got.status)
	}
	has(t, "the page", got.body, "edited meanwhile")
	for _, id := range []bridge.ID{theirs, adas} {
		for _, do := range []string{"/edit", "/delete"} {
			if got := b.post("/m/"+id.String()+do, url.Values{"body": {"forged"}}); got.status != http.StatusForbidden {
				t.Errorf("%s of %s by Bob: %d, want 403", do, id, got.status)
			}
		}
	}
	has(t, "the versions", b.get("/m/"+mine.String()+"/history").body, "<p>v1</p>", "<p>v2</p>", "edited it")
	if got := b.post("/m/"+mine.String()+"/delete", nil); got.status != http.StatusSeeOther {
		t.Errorf("delete: %d", got.status)
	}
	page := b.get(fmt.Sprintf("/tickets/%d", ticket)).body
	has(t, "the page", page, "Deleted by Bob Agent")
	hasNot(t, "the page", page, "<p>v2</p>")
	if got := b.post("/m/"+mine.String()+"/use", nil); got.status != http.StatusConflict {
		t.Errorf("the words of a deleted message: %d", got.status)
	}
	for _, path := range []string{"/m/9-9/history", "/m/9-9/use", "/m/9-9/edit", "/c/9-9/close"} {
		method := http.MethodPost
		if strings.HasSuffix(path, "history") {
			method = http.MethodGet
		}
		if got := b.do(b.request(method, path, nil)); got.status != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, got.status)
		}
	}
}

func TestCloseReopenAndTakeOver(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	conv, _ := w.talk(ticket, "Q", "?")
	b := w.as("bob@example.org")
	path := "/c/" + conv.String()
	b.post(path+"/close", nil)
	has(t, "the page", b.get(fmt.Sprintf("/tickets/%d", ticket)).body, `data-state="closed"`, "Reopen")
	b.post(path+"/reopen", nil)
	has(t, "the page", b.get(fmt.Sprintf("/tickets/%d", ticket)).body, `data-state="open"`, "reopened by Bob Agent")
	if got := b.post(path+"/take-over", url.Values{"note": {"I know him."}}); got.status != http.StatusSeeOther {
		t.Errorf("take over: %d %s", got.status, got.body)
	}
	e := w.last(ticket, bridge.TicketChanged)
	if *e.Facts.Assignee != w.bob || e.Words.Note != "I know him." || e.Facts.Conversation != conv.Seq {
		t.Errorf("taking over is recorded as %+v %+v", e.Facts, e.Words)
	}
	trail := b.get(fmt.Sprintf("/tickets/%d/audit", ticket)).body
	has(t, "the trail", trail, "took the ticket: taken over", "I know him.", "reopened side conversation")
}

func TestWordsAndFilesAreTakenIntoTheReplyAndSentByHandOnly(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	conv, _ := w.talk(ticket, "Q", "?")
	hash, size, err := w.store.PutBlob(t.Context(), strings.NewReader("invoice"), 100)
	if err != nil {
		t.Fatal(err)
	}
	m := w.must(&bridge.PostMessage{
		Actor: w.bobActs(), Conversation: conv, Body: "[@here](broadcast:here) it is *done*, [@Ann](mention:slack/T1/U2)",
		Files: []bridge.FileUpload{{Name: "invoice.pdf", MIME: "application/pdf", Size: size, Hash: hash}},
	}).ID
	b := w.as("bob@example.org")
	got := b.post("/m/"+m.String()+"/use", nil)
	if want := fmt.Sprintf("/tickets/%d?take=%d#reply", ticket, m.Seq); got.to() != want {
		t.Errorf("it leads to %q, want %q", got.to(), want)
	}
	page := b.get(got.to()).body
	has(t, "the page", page, ">it is *done*, Ann</textarea>", fmt.Sprintf(`name="take_file" value="%d/0" checked`, m.Seq))
	piece := b.script("/m/"+m.String()+"/use", nil, 0).body
	has(t, "the piece", piece, `data-text="it is *done*, Ann"`, "invoice.pdf")
	if w.last(ticket, bridge.CustomerReply) != nil {
		t.Fatal("something was sent to the customer")
	}
	path := fmt.Sprintf("/tickets/%d/reply", ticket)
	if got := b.post(path, url.Values{"body": {"Dear Carl"}, "take_file": {fmt.Sprintf("%d/0", m.Seq)}}); got.status != http.StatusSeeOther {
		t.Fatalf("reply: %d %s", got.status, got.body)
	}
	reply := w.last(ticket, bridge.CustomerReply)
	if fmt.Sprint(reply.Words.Files) != "[invoice.pdf]" || reply.Facts.Files[0].Hash != hash {
		t.Errorf("the reply has the files %v %v", reply.Words.Files, reply.Facts.Files)
	}
	for _, ref := range []string{"x", "9999/0", "1/-1"} {
		if got := b.post(path, url.Values{"body": {"x"}, "take_file": {ref}}); got.status < 400 || got.status > 499 {
			t.Errorf("file %q: %d", ref, got.status)
		}
	}
}

// No page and no form but the reply box may reach the customer, whatever is sent to it.
func TestOnlyTheReplyBoxReachesTheCustomer(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	conv, mirror := w.talk(ticket, "Q", "?")
	m := w.must(&bridge.PostMessage{Actor: w.bobActs(), Conversation: conv, Body: "secret"}).ID
	admin := w.as("ada@example.org")
	form := url.Values{
		"body": {"secret"}, "to": {"group:" + w.group}, "subject": {"x"}, "note": {"secret"}, "status": {"open"}, "requester": {"c"}, "name": {"n"},
		"do": {"role"}, "role": {"agent"}, "hint": {"hint-ask"}, "group": {w.group},
	}
	base := fmt.Sprintf("/tickets/%d", ticket)
	for _, path := range []string{
		base + "/note", base + "/change", base + "/conversations", base + "/preview", "/tickets", "/c/" + conv.String() + "/messages", "/c/" + conv.String() + "/close",
		"/c/" + conv.String() + "/reopen", "/c/" + conv.String() + "/take-over", "/m/" + m.String() + "/edit", "/m/" + m.String() + "/use", "/m/" + m.String() + "/delete",
		"/admin/groups", "/admin/rules", "/admin/mapping/test", "/admin/tokens", "/admin/mirrors/" + mirror.String() + "/resume", "/account/hints",
	} {
		if got := admin.post(path, form); got.status >= 500 {
			t.Errorf("%s: %d", path, got.status)
		}
		admin.script(path, form, 0)
	}
	w.must(w.answer(conv, "100.1", "secret"))
	if e := w.last(ticket, bridge.CustomerReply); e != nil {
		t.Errorf("entry %d reached the customer", e.Seq)
	}
}

// A GET changes nothing, so that a link, an image or a prefetch does no harm.
func TestNoGETChangesState(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	conv, mirror := w.talk(ticket, "Q", "?")
	m := w.must(w.answer(conv, "100.1", "x")).ID
	head := w.head(ticket)
	admin := w.as("ada@example.org")
	base := fmt.Sprintf("/tickets/%d", ticket)
	for _, path := range []string{
		"/sign-out", base + "/reply?body=x", base + "/note?body=x", base + "/change?status=solved", base + "?take=" + fmt.Sprint(m.Seq), base + "/conversations",
		"/c/" + conv.String() + "/close", "/m/" + m.String() + "/use", "/m/" + m.String() + "/delete", "/m/" + m.String(), "/admin/rules/r1/delete", "/admin/rules/r1/move?to=up",
		"/admin/mirrors/" + mirror.String() + "/resume", "/admin/people/" + w.bob + "?do=disable", "/account/hints?hint=hint-ask",
	} {
		admin.get(path)
	}
	rules, err := w.store.Rules(t.Context())
	people, err2 := w.store.People(t.Context(), true)
	hint, err3 := w.store.Preference(t.Context(), w.ada, "hint-ask")
	if err != nil || err2 != nil || err3 != nil {
		t.Fatal(err, err2, err3)
	}
	if w.head(ticket) != head || len(rules) != 1 || len(people) != 0 || hint != "" || admin.get("/tickets").status != http.StatusOK {
		t.Error("a GET changed something")
	}
}

func TestTheHintIsShownUntilItIsDismissed(t *testing.T) {
	w := newWorld(t)
	path := fmt.Sprintf("/tickets/%d", w.ticket("S", "b"))
	b, other := w.as("bob@example.org"), w.as("ada@example.org")
	has(t, "the page", b.get(path).body, "A note tells.", "A side conversation asks.")
	if got := b.post("/account/hints", url.Values{"hint": {"hint-ask"}, "next": {path}}); got.to() != path {
		t.Errorf("it leads to %q", got.to())
	}
	hasNot(t, "the page", b.get(path).body, "A note tells.")
	has(t, "somebody else's page", other.get(path).body, "A note tells.")
	if got := b.post("/account/hints", url.Values{"hint": {"role"}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("no such hint: %d", got.status)
	}
}

func TestNotesAndConversationsLookDifferent(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	w.must(&bridge.WriteNote{Actor: w.bobActs(), Ticket: ticket, Body: "a note"})
	w.talk(ticket, "Q", "a question")
	page := w.as("bob@example.org").get(fmt.Sprintf("/tickets/%d", ticket)).body
	has(t, "the page", page, `class="msg note"`, "Internal note", `class="msg side"`, `class="talk"`, "Side conversations", `class="msg customer"`)
}

func TestTheBuiltInDeskTellsOfATicketAndTakesChanges(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Wrong invoice", "Billed twice.")
	desk := &web.Desk{Tickets: w.store, Directory: w.store, Log: w.store, PublicURL: "https://desk.example.org"}
	w.must(&bridge.WriteNote{Actor: w.bobActs(), Ticket: ticket, Body: "a note"})
	w.talk(ticket, "Q", "never part of the context")
	res, err := desk.Change(t.Context(), &bridge.ChangeTicket{
		Actor: w.bobActs(), Ticket: ticket, Status: "open", Group: w.group, Assignee: &w.bob, AssigneeName: "Bob Agent", Tags: []string{"vip"},
	})
	if err != nil || res.Outcome != bridge.Accepted {
		t.Fatalf("%+v, %v", res, err)
	}
	got, err := desk.Context(t.Context(), ticket)
	if err != nil {
		t.Fatal(err)
	}
	if got.Subject != "Wrong invoice" || got.Status != "open" || got.Group != "Billing" || got.Assignee != "Bob Agent" || got.Email != "carl@example.org" ||
		got.URL != fmt.Sprintf("https://desk.example.org/tickets/%d", ticket) || fmt.Sprint(got.Tags) != "[vip]" || len(got.Messages) != 2 || got.Messages[1].Body != "a note" {
		t.Errorf("%+v", got)
	}
	if err := w.store.SetDisabled(t.Context(), w.bob, true); err != nil {
		t.Fatal(err)
	}
	if got, err := desk.Context(t.Context(), ticket); err != nil || got.Assignee != "somebody" {
		t.Errorf("somebody who left: %q, %v", got.Assignee, err)
	}
	if _, err := desk.Context(context.Background(), 99); !strings.Contains(fmt.Sprint(err), "not found") {
		t.Errorf("no ticket: %v", err)
	}
}

func TestMarksSayHowFarAMessageIs(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	conv, mirror := w.talk(ticket, "Q", "?")
	post := w.must(&bridge.PostMessage{Actor: w.bobActs(), Conversation: conv, Body: "words"}).ID
	b := w.as("bob@example.org")
	key := bridge.DeliveryKey{Mirror: mirror, Seq: post.Seq}
	marks := func() string {
		page := b.get(fmt.Sprintf("/tickets/%d", ticket)).body
		_, page, _ = strings.Cut(page, fmt.Sprintf(`id="m%d"`, post.Seq))
		page, _, _ = strings.Cut(page, "</article>")
		_, page, _ = strings.Cut(page, `<li class="mark `)
		state, _, _ := strings.Cut(page, `"`)
		return state
	}
	var got []string
	step := func(cmd bridge.Command) {
		if cmd != nil {
			w.must(cmd)
		}
		got = append(got, marks())
	}
	call := bridge.Call{Verb: bridge.VerbPost, Message: post.Seq, Last: true}
	step(nil)
	w.must(&bridge.Begin{Key: key, Token: "t", Call: call})
	step(&bridge.Defer{Key: key, Error: "timeout", Uncertain: true})
	step(&bridge.Park{Key: key, Reason: "is_archived", Remedy: "Unarchive it."})
	w.must(&bridge.Resume{Actor: w.bobActs(), Mirror: mirror})
	w.must(&bridge.Begin{Key: key, Token: "t2", Call: call})
	step(&bridge.Settle{Key: key, Token: "t2", Receipt: bridge.Receipt{Ref: "200.1", Print: "p"}})
	del := w.answer(conv, "200.1", "")
	del.Kind, del.Ours = bridge.InDelete, true
	step(del)
	if want := []string{"waiting", "uncertain", "parked", "shown", "removed"}; !slices.Equal(got, want) {
		t.Errorf("marks %v, want %v", got, want)
	}
	refused := w.must(&bridge.PostMessage{Actor: w.bobActs(), Conversation: conv, Body: "too much"}).ID
	post = refused
	key.Seq = refused.Seq
	w.must(&bridge.Begin{Key: key, Token: "t3", Call: bridge.Call{Verb: bridge.VerbPost, Message: refused.Seq, Last: true}})
	w.must(&bridge.Reject{Key: key, Reason: "msg_too_long", Skip: true})
	if got := marks(); got != "refused" {
		t.Errorf("a message that cannot be shown is %q", got)
	}
}
