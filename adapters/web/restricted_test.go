package web_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
)

// routesOfPages lists the routes that a signed-in person can ask for, as the code has them.
func routesOfPages(t *testing.T) (out []string) {
	t.Helper()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	route := regexp.MustCompile(`(?:agent|admin)\("((?:GET|POST) [^"]+)"|HandleFunc\("((?:GET|POST) /api/[^"]+)"`)
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range route.FindAllStringSubmatch(string(text), -1) {
			out = append(out, m[1]+m[2])
		}
	}
	return out
}

// secret is a restricted conversation between Bob and Anders, and what it says.
type secret struct {
	ticket        int64
	conv          bridge.ID
	message, file bridge.ID
	approval      bridge.ID
	draft, better bridge.ID
}

const hush = "xylophone"

func (w *world) secret() secret {
	w.t.Helper()
	blob, size, err := w.store.PutBlob(w.t.Context(), strings.NewReader(hush+" bytes"), 100)
	if err != nil {
		w.t.Fatal(err)
	}
	s := secret{ticket: w.ticket("A parcel", "Where is it?")}
	anders := []bridge.Known{{Person: w.anders, Name: "Anders Expert"}}
	s.conv = w.must(&bridge.StartConversation{
		Actor: w.bobActs(), Ticket: s.ticket, Subject: "About " + hush, Body: "The " + hush + " question", Restricted: true, People: anders,
	}).ID
	s.message = w.must(&bridge.PostMessage{Actor: w.bobActs(), Conversation: s.conv, Body: "A " + hush, Files: []bridge.FileUpload{{Name: hush + ".txt", Size: size, Hash: blob}}}).ID
	s.file = s.message
	s.approval = w.must(&bridge.AskApproval{Actor: w.bobActs(), Conversation: s.conv, Approvers: anders, Body: "May we " + hush + "?"}).ID
	s.draft = w.must(&bridge.OfferDraft{Actor: w.bobActs(), Conversation: s.conv, Body: "We " + hush}).ID
	s.better = w.must(&bridge.SuggestDraft{Actor: w.actor(w.anders, "Anders Expert", bridge.RoleExpert), Draft: s.draft, Body: "They " + hush}).ID
	w.must(&bridge.EditMessage{Actor: w.bobActs(), Message: s.message, Body: "A second " + hush})
	return s
}

// fill puts the secret's ids into a route's path.
func (s secret) fill(pattern string) string {
	path := strings.TrimSuffix(pattern, "{$}")
	id := s.conv.String()
	switch {
	case strings.HasSuffix(path, "/good"), strings.HasSuffix(path, "/suggest"):
		id = s.draft.String()
	case strings.HasSuffix(path, "/take"), strings.HasSuffix(path, "/dismiss"):
		id = s.better.String()
	case strings.HasPrefix(path, "/m/"):
		id = s.message.String()
	case strings.HasPrefix(path, "/a/"):
		id = s.approval.String()
	}
	return strings.NewReplacer("{ticket}", fmt.Sprint(s.ticket), "{id}", id, "{message}", fmt.Sprint(s.file.Seq), "{n}", "0").Replace(path)
}

// The decisions that a route needs: about the conversation itself, so that who does not
// take part is told that it is not there; about its ticket or many, which are shown
// without it; or about neither.
const (
	refuses   = "refuses"
	leavesOut = "leaves out"
	elsewhere = "elsewhere"
	leads     = "leads" // to a page, which decides
)

// decisions has one for every route.
func decisions() map[string]string {
	return map[string]string{
		"GET /{$}": leads, "GET /tickets": leavesOut, "GET /search": leavesOut, "GET /audit": leavesOut, "GET /tickets/{ticket}": leavesOut,
		"GET /tickets/{ticket}/stream": "stream", "GET /tickets/{ticket}/audit": leavesOut, "GET /tickets/{ticket}/export": leavesOut,
		"GET /tickets/{ticket}/erasures": leavesOut, "GET /c/{id}": leads, "GET /m/{id}": leads,
		"POST /c/{id}/messages": refuses, "POST /c/{id}/close": refuses, "POST /c/{id}/reopen": refuses, "POST /c/{id}/restrict": refuses,
		"POST /c/{id}/close-and-solve": refuses, "POST /c/{id}/take-over": refuses, "GET /c/{id}/approval": refuses, "POST /c/{id}/approval": refuses,
		"POST /c/{id}/read": refuses, "POST /a/{id}/approve": refuses, "POST /a/{id}/refuse": refuses, "POST /a/{id}/withdraw": refuses,
		"POST /m/{id}/unread": refuses, "POST /m/{id}/edit": refuses, "POST /m/{id}/delete": refuses, "POST /m/{id}/react": refuses,
		"POST /m/{id}/use": refuses, "GET /m/{id}/history": refuses, "GET /files/{ticket}/{message}/{n}": refuses,
		"GET /m/{id}/erase": refuses, "POST /m/{id}/erase": refuses,
		"GET /api/v1/tickets/{ticket}/conversations": leavesOut, "POST /api/v1/conversations/{id}/close": refuses,
		"POST /api/v1/conversations/{id}/reopen": refuses, "POST /api/v1/conversations/{id}/close-and-solve": refuses,
		"GET /admin/health": leavesOut, "GET /admin/access": leavesOut, "GET /admin/access/export": leavesOut,
		"GET /c/{id}/share": refuses, "POST /c/{id}/share": refuses, "GET /api/v1/explain": elsewhere, "GET /tickets/{ticket}/share": leavesOut,
		"GET /tickets/{ticket}/draft": leavesOut, "POST /tickets/{ticket}/draft": leavesOut, "POST /m/{id}/good": refuses,
		"POST /m/{id}/suggest": refuses, "POST /m/{id}/take": refuses, "POST /m/{id}/dismiss": refuses,
		"POST /c/{id}/people": refuses, "POST /c/{id}/people/remove": refuses,
		"GET /api/v1/conversations/{id}/participants": refuses, "POST /api/v1/conversations/{id}/participants": refuses,
		// Lines of tickets and counts, which ask the same condition as the list of tickets.
		"GET /tickets/stream": elsewhere, "GET /tickets/lines": elsewhere, "GET /news/stream": elsewhere,
		// An admin may add themselves: TestAnAdminMayJoinWhichIsOnRecord.
		"POST /c/{id}/join": elsewhere,
	}
}

// TestWhoDoesNotTakePartGetsNothingByAnyRoute: whatever can be asked for, a restricted
// conversation's words are in no answer to somebody who does not take part, even an
// admin, and what is asked about it is not found.
func TestWhoDoesNotTakePartGetsNothingByAnyRoute(t *testing.T) {
	w := newWorld(t)
	s := w.secret()
	ada, p := w.as("ada@example.org"), w.program() // the token is Ada's
	decided := decisions()
	form := url.Values{
		"body": {"hello"}, "emoji": {"👍"}, "upto": {"99"}, "approver": {w.bob}, "reason": {"because"}, "note": {"mine"}, "seq": {"99"},
	}
	for _, route := range routesOfPages(t) {
		method, pattern, _ := strings.Cut(route, " ")
		want, known := decided[route]
		about := strings.Contains(pattern, "{id}") || strings.Contains(pattern, "{ticket}")
		switch {
		case !known && about && !strings.HasPrefix(pattern, "/admin/mirrors/") && !strings.HasPrefix(pattern, "/account/") && !onTicketOnly(route):
			t.Errorf("%s: decide what it does for who does not take part in a restricted conversation", route)
			continue
		case !known && method == http.MethodGet && !about && !strings.Contains(pattern, "{"):
			want = leavesOut // it must not tell anything either
		case !known || want == elsewhere || want == "stream":
			continue
		}
		path := s.fill(pattern)
		if path == "/search" {
			path += "?q=" + hush
		}
		var got answered
		switch {
		case strings.HasPrefix(path, "/api/"):
			sent := ""
			if strings.HasSuffix(path, "/participants") && method == http.MethodPost {
				sent = `{"people":["bob@example.org"]}`
			}
			r := p.request(method, path, strings.NewReader(sent))
			r.Header.Set("Authorization", "Bearer "+p.token)
			got = p.do(r)
		case method == http.MethodGet:
			got = ada.get(path)
		default:
			with := maps.Clone(form)
			if strings.HasSuffix(path, "/people") {
				with.Set("body", "Bob Agent") // names, and no words
			}
			got = ada.post(path, with)
		}
		if strings.Contains(strings.ReplaceAll(got.body, `value="`+hush+`"`, ""), hush) {
			t.Errorf("%s tells what was said: %d", route, got.status)
		}
		if want == refuses && got.status != http.StatusNotFound {
			t.Errorf("%s: %d, want 404: %.200s", route, got.status, got.body)
		}
		if want == leavesOut && got.status != http.StatusOK {
			t.Errorf("%s: %d", route, got.status)
			t.Log(w.logs.String())
		}
	}
	for _, e := range w.entries(s.ticket) {
		if e.Facts.Person == w.ada {
			t.Errorf("entry %d %s is by somebody who does not take part", e.Seq, e.Kind)
		}
	}
}

// onTicketOnly are routes that read and write the ticket itself and no conversation.
func onTicketOnly(route string) bool {
	switch route {
	case "POST /tickets/{ticket}/reply", "POST /tickets/{ticket}/note", "POST /tickets/{ticket}/change", "POST /tickets/{ticket}/conversations",
		"POST /tickets/{ticket}/preview", "POST /tickets/{ticket}/attach", "POST /api/v1/tickets/{ticket}/messages", "POST /api/v1/tickets/{ticket}/conversations":
		return true
	}
	return false
}

// TestThoseWhoTakePartAndAuditorsSeeARestrictedConversation, and an auditor does
// nothing in it.
func TestThoseWhoTakePartAndAuditorsSeeARestrictedConversation(t *testing.T) {
	w := newWorld(t)
	s := w.secret()
	bob, ada := w.as("bob@example.org"), w.as("ada@example.org")
	page := fmt.Sprintf("/tickets/%d", s.ticket)
	has(t, "Bob's page", bob.get(page).body, "A second "+hush, "Restricted")
	has(t, "Bob's search", bob.get("/search?q=second").body, `href="/m/`+s.message.String())
	hasNot(t, "Ada's page", ada.get(page).body, hush)
	if got := ada.post("/admin/people/"+w.ada, url.Values{"do": {"auditor"}, "on": {"1"}}); got.status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.status, got.body)
	}
	has(t, "the record of settings", ada.get("/admin/changes?area=person").body, "auditor")
	has(t, "the auditor's page", ada.get(page).body, "A second "+hush)
	has(t, "the auditor's export", ada.get(page+"/export").body, hush)
	if got := ada.post("/c/"+s.conv.String()+"/messages", url.Values{"body": {"me too"}}); got.status != http.StatusNotFound {
		t.Errorf("an auditor speaks in it: %d", got.status)
	}
}

// TestAnAdminMayJoinWhichIsOnRecord: nobody is a member by being an admin, but they can
// add themselves, and nobody else.
func TestAnAdminMayJoinWhichIsOnRecord(t *testing.T) {
	w := newWorld(t)
	s := w.secret()
	ada := w.as("ada@example.org")
	adaActs := w.actor(w.ada, "Ada Admin", bridge.RoleAdmin)
	other := &bridge.AddParticipants{Actor: adaActs, Conversation: s.conv, People: []bridge.Known{{Person: w.anders, Name: "Anders"}, {Person: w.ada, Name: "Ada"}}}
	if _, err := w.store.Append(t.Context(), other); err == nil {
		t.Error("an admin adds others to what they do not see")
	}
	page := fmt.Sprintf("/tickets/%d", s.ticket)
	has(t, "what an admin is told", ada.get(page).body, "A restricted conversation", "Add yourself to it")
	if got := ada.post("/c/"+s.conv.String()+"/join", nil); got.status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if e := w.last(s.ticket, bridge.ParticipantAdded); e == nil || e.Facts.Person != w.ada {
		t.Errorf("on record: %+v", e)
	}
	has(t, "the page then", ada.get(page).body, "A second "+hush)
	// Removed while the page is open, they are told nothing more.
	head := w.entries(s.ticket)
	w.must(&bridge.RemoveParticipant{Actor: w.bobActs(), Conversation: s.conv, Person: w.ada, Name: "Ada"})
	w.must(&bridge.PostMessage{Actor: w.bobActs(), Conversation: s.conv, Body: "Now without Ada: " + hush})
	got := ada.script(page+"/note", url.Values{"body": {"a note"}}, head[len(head)-1].Seq)
	has(t, "what the open page is told", got.body, "a note")
	hasNot(t, "what the open page is told", got.body, hush)
}

// TestOthersAreToldThatARestrictedConversationIsThereOnlyBySetting.
func TestOthersAreToldThatARestrictedConversationIsThereOnlyBySetting(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("A parcel", "Where is it?")
	adaActs := w.actor(w.ada, "Ada Admin", bridge.RoleAdmin)
	w.must(&bridge.StartConversation{Actor: adaActs, Ticket: ticket, Subject: hush, Body: hush, Restricted: true, People: []bridge.Known{{Person: w.anders}}})
	bob, ada := w.as("bob@example.org"), w.as("ada@example.org")
	page := fmt.Sprintf("/tickets/%d", ticket)
	hasNot(t, "Bob's page", bob.get(page).body, hush, "A restricted conversation")
	hasNot(t, "Bob's trail", bob.get(page+"/audit").body, hush, "restricted conversation")
	got := ada.post("/admin/permissions", url.Values{"starts": {"0"}, "invites": {"0"}, "restrict.role": {"agent"}, "tell_restricted": {"on"}})
	if got.status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.status, got.body)
	}
	has(t, "Bob's page by the setting", bob.get(page).body, "A restricted conversation")
	has(t, "Bob's trail by the setting", bob.get(page+"/audit?deliveries=1").body, "An entry of a restricted conversation")
	hasNot(t, "Bob's page by the setting", bob.get(page).body+bob.get(page+"/audit").body, hush, "Add yourself")
}

// TestStartingRestrictedAsksThoseWhoTakePart: a group's people take part, and who may
// not restrict is told so.
func TestStartingRestrictedAsksThoseWhoTakePart(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("A parcel", "Where is it?")
	bob, ada := w.as("bob@example.org"), w.as("ada@example.org")
	start := func() answered {
		return bob.post(fmt.Sprintf("/tickets/%d/conversations", ticket), url.Values{
			"to": {"group:" + w.group}, "subject": {"About " + hush}, "body": {hush}, "restricted": {"1"},
		})
	}
	if got := start(); got.status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.status, got.body)
	}
	e := w.last(ticket, bridge.ParticipantAdded)
	if e == nil || len(e.Facts.People) != 1 || e.Facts.People[0] != w.anders {
		t.Errorf("who takes part: %+v", e)
	}
	hasNot(t, "others' page", ada.get(fmt.Sprintf("/tickets/%d", ticket)).body, hush)
	ada.post("/admin/permissions", url.Values{"starts": {"1"}, "start.0.by.role": {"agent"}, "invites": {"0"}, "restrict.role": {"admin"}})
	if got := start(); got.status != http.StatusForbidden {
		t.Errorf("who may not restrict: %d", got.status)
	}
}

// TestOpenPagesFollowARestriction: the page of somebody from whom a conversation is kept,
// or to whom it comes back, is loaded again.
func TestOpenPagesFollowARestriction(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("A parcel", "Where is it?")
	conv := w.must(&bridge.StartConversation{Actor: w.bobActs(), Ticket: ticket, Subject: "About " + hush, Body: hush}).ID
	path := fmt.Sprintf("/c/%s/restrict", conv)
	bob, ada := w.as("bob@example.org"), w.as("ada@example.org")
	for _, on := range []bool{true, false} {
		page := ada.stream(ticket, int64(len(w.entries(ticket))), "")
		page.next()
		form := url.Values{}
		if !on {
			form.Set("off", "1")
		}
		if got := bob.post(path, form); got.status != http.StatusSeeOther {
			t.Fatalf("restrict %t: %d %s", on, got.status, got.body)
		}
		if name, data := page.next(); name != "reload" {
			t.Errorf("restrict %t: the open page is told %q %s", on, name, data)
		}
		if got := strings.Contains(ada.get(fmt.Sprintf("/tickets/%d", ticket)).body, hush); got == on {
			t.Errorf("restricted %t, and others see it: %t", on, got)
		}
	}
}
