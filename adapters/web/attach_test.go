package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
)

// fakeLinks reads links of the form https://chat.example/<channel>/<thread>.
type fakeLinks struct{}

func (fakeLinks) ParseLink(_ context.Context, link string) (bridge.Place, string, error) {
	path, ok := strings.CutPrefix(link, "https://chat.example/")
	if !ok {
		return bridge.Place{}, "", bridge.ErrNotFound
	}
	channel, thread, ok := strings.Cut(path, "/")
	switch {
	case channel == "down":
		return bridge.Place{}, "", &bridge.SurfaceError{Class: bridge.Transient, Code: "timeout"}
	case !ok:
		return bridge.Place{}, "", fmt.Errorf("%w: this link leads to no thread", bridge.ErrInvalid)
	}
	return bridge.Place{Surface: "discord", Workspace: "9", Channel: channel}, thread, nil
}

func worldWithLinks(t testing.TB) *world {
	return newWorldWith(t, func(o *web.Options) { o.Links = []web.LinkReader{fakeLinks{}} })
}

// C10: an existing thread becomes a side conversation by its link, from the page and
// from the API.
func TestAThreadIsAttachedByItsLink(t *testing.T) {
	w := worldWithLinks(t)
	ticket := w.ticket("Wrong invoice", "Billed twice.")
	path := fmt.Sprintf("/tickets/%d", ticket)
	b := w.as("bob@example.org")
	has(t, "the page", b.get(path).body, "Attach an existing thread", `action="/tickets/1/attach"`)
	got := b.post(path+"/attach", url.Values{"thread_url": {"https://chat.example/100/200"}, "key": {"k"}})
	if got.status != http.StatusSeeOther {
		t.Fatalf("attach: %d %s", got.status, got.body)
	}
	conv, mirror := w.last(ticket, bridge.ConversationStarted), w.last(ticket, bridge.MirrorOpened)
	if conv.Words.Subject != "Wrong invoice" || mirror.Facts.Place.String() != "discord/9/100" || got.to() != fmt.Sprintf("%s#c%d", path, conv.Seq) {
		t.Errorf("attached as %+v in %+v, to %s", conv, mirror.Facts.Place, got.to())
	}
	for link, want := range map[string]string{
		"":                            "Paste the link of a thread.",
		"https://elsewhere.example/1": "No connected chat knows this link",
		"https://chat.example/100":    "This link leads to no thread.",
		"https://chat.example/down/1": "did not answer just now",
	} {
		refused := b.post(path+"/attach", url.Values{"thread_url": {link}, "subject": {"About <this>"}})
		if refused.status < 400 || refused.status > 499 {
			t.Errorf("%q: %d", link, refused.status)
		}
		has(t, "the page after "+link, refused.body, want, `value="About &lt;this&gt;"`, `id="attach" open`)
	}
}

func TestProgramsBeginAndAttachConversations(t *testing.T) {
	w := worldWithLinks(t)
	ticket := w.ticket("Wrong invoice", "Billed twice.")
	p := w.program()
	path := fmt.Sprintf("/api/v1/tickets/%d/conversations", ticket)
	for name, c := range map[string]struct{ body, place string }{
		"group":   {`{"group": "Billing", "subject": "Q1", "body": "?"}`, "slack/T1/C1"},
		"channel": {`{"channel": "slack/T1/C1", "subject": "Q2", "body": "?"}`, "slack/T1/C1"},
		"thread":  {`{"thread_url": "https://chat.example/100/200", "subject": "Q3"}`, "discord/9/100"},
	} {
		got, body := p.json(path, c.body, "key-"+name)
		if got.status != http.StatusCreated || !strings.HasSuffix(fmt.Sprint(body["url"]), "/c/"+fmt.Sprint(body["conversation"])) {
			t.Errorf("%s: %d %v", name, got.status, body)
		}
		if place := w.last(ticket, bridge.MirrorOpened).Facts.Place.String(); place != c.place {
			t.Errorf("%s: in %s", name, place)
		}
		again, same := p.json(path, c.body, "key-"+name)
		if again.status != http.StatusOK || same["conversation"] != body["conversation"] {
			t.Errorf("%s again: %d %v", name, again.status, same)
		}
	}
	if got, _ := p.json(path, `{"group": "Billing", "subject": "Other", "body": "?"}`, "key-group"); got.status != http.StatusConflict {
		t.Errorf("another request with the same key: %d", got.status)
	}
	for body, want := range map[string]int{
		`{}`: 422, `{"group": "Nowhere", "subject": "x", "body": "y"}`: 422, `{"group": "Billing", "channel": "slack/T1/C1", "subject": "x", "body": "y"}`: 422,
		`{"thread_url": "https://chat.example/1/2", "body": "x"}`: 422, `{"thread_url": "https://elsewhere.example/"}`: 422, `{"thred": ""}`: 422,
	} {
		if got, answer := p.json(path, body, ""); got.status != want {
			t.Errorf("%s: %d %v", body, got.status, answer)
		}
	}
	if got, _ := p.json("/api/v1/tickets/99/conversations", `{"group": "Billing", "subject": "x", "body": "y"}`, ""); got.status != http.StatusNotFound {
		t.Errorf("an unknown ticket: %d", got.status)
	}
}
