package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
)

// program is a program with a token.
type program struct {
	*browser
	token string
}

// program makes a token on the admin's page, where it is shown once.
func (w *world) program() program {
	w.t.Helper()
	admin := w.as("ada@example.org")
	page := admin.post("/admin/tokens", url.Values{"name": {"Shop form"}}).body
	token := regexp.MustCompile(`sbr_[A-Z2-7]{52}`).FindString(page)
	if token == "" {
		w.t.Fatalf("no token on %s", page)
	}
	hasNot(w.t, "the page when it is loaded again", admin.get("/admin/tokens").body, token)
	return program{w.browser(), token}
}

func (p program) send(path, kind string, body io.Reader, key string) (answered, map[string]any) {
	p.w.t.Helper()
	r := p.request(http.MethodPost, path, body)
	r.Header.Set("Authorization", "Bearer "+p.token)
	r.Header.Set("Content-Type", kind)
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	got := p.do(r)
	var decoded map[string]any
	if err := json.Unmarshal([]byte(got.body), &decoded); err != nil || got.header.Get("Content-Type") != "application/json" {
		p.w.t.Errorf("%s answers %d %s %q", path, got.status, got.header.Get("Content-Type"), got.body)
	}
	return got, decoded
}

func (p program) json(path, body, key string) (answered, map[string]any) {
	return p.send(path, "application/json", strings.NewReader(body), key)
}

const newTicket = `{"subject": "Wrong invoice", "requester": {"name": "Carl", "email": "carl@example.org"}, "body": "Billed *twice*.",
	"group": "billing", "priority": "high", "tags": ["VIP"], "files": [{"name": "a.txt", "type": "text/plain", "base64": "aGVsbG8="}]}`

func TestAProgramCreatesATicketOnceHoweverOftenItAsks(t *testing.T) {
	w := newWorld(t)
	p := w.program()
	got, body := p.json("/api/v1/tickets", newTicket, "order-1")
	if got.status != http.StatusCreated || body["ticket"] != 1.0 || body["url"] != w.http.URL+"/tickets/1" {
		t.Fatalf("%d %v", got.status, body)
	}
	again, body := p.json("/api/v1/tickets", newTicket, "order-1")
	if again.status != http.StatusOK || body["ticket"] != 1.0 {
		t.Errorf("the same again: %d %v", again.status, body)
	}
	if other, body := p.json("/api/v1/tickets", newTicket, "order-2"); other.status != http.StatusCreated || body["ticket"] == 1.0 {
		t.Errorf("another key: %d %v", other.status, body)
	}
	created, wrote := w.last(1, bridge.TicketCreated), w.last(1, bridge.CustomerWrote)
	if f := created.Facts; f.Channel != "api" || f.Group != w.group || f.Priority != "high" || fmt.Sprint(f.Tags) != "[vip]" || f.Person != w.ada {
		t.Errorf("the ticket is %+v", f)
	}
	if created.Words.Name != "API token Shop form" || wrote.Words.Name != "Carl" || wrote.Words.Body != "Billed *twice*." || wrote.Facts.Role != bridge.RoleCustomer {
		t.Errorf("words %+v, %+v", created.Words, wrote.Words)
	}
	file := w.as("bob@example.org").get("/files/1/" + fmt.Sprint(wrote.Seq) + "/0")
	if file.body != "hello" {
		t.Errorf("the file has %q", file.body)
	}
}

func TestAProgramAddsWhatTheCustomerWritesWithFiles(t *testing.T) {
	w := newWorld(t)
	p := w.program()
	ticket := w.ticket("S", "b")
	w.must(&bridge.ChangeTicket{Actor: w.bobActs(), Ticket: ticket, Status: bridge.StatusPending})
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	part, err := m.CreateFormFile("files", "invoice.pdf")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(part, strings.Repeat("x", 2<<20)); err != nil { // larger than a body without files may be
		t.Fatal(err)
	}
	if err := m.WriteField("body", "Here is the invoice."); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("/api/v1/tickets/%d/messages", ticket)
	got, body := p.send(path, m.FormDataContentType(), &form, "")
	if got.status != http.StatusCreated || !strings.HasPrefix(fmt.Sprint(body["message"]), fmt.Sprint(ticket, "-")) {
		t.Fatalf("%d %v", got.status, body)
	}
	wrote := w.last(ticket, bridge.CustomerWrote)
	if wrote.Words.Name != "Carl Customer" || fmt.Sprint(wrote.Words.Files) != "[invoice.pdf]" || wrote.Facts.Files[0].Size != 2<<20 {
		t.Errorf("%+v %+v", wrote.Words, wrote.Facts.Files)
	}
	if c := w.last(ticket, bridge.TicketChanged); c.Facts.Status != bridge.StatusOpen {
		t.Errorf("the customer wrote and the status is %q", c.Facts.Status)
	}
	if got, _ := p.json(path, `{"body": "and more", "author": "Carla"}`, "m-1"); got.status != http.StatusCreated {
		t.Errorf("a message as JSON: %d %s", got.status, got.body)
	}
	if wrote := w.last(ticket, bridge.CustomerWrote); wrote.Words.Name != "Carla" {
		t.Errorf("it is by %q", wrote.Words.Name)
	}
	// The key of another address is another key.
	if got, _ := p.json("/api/v1/tickets", newTicket, "m-1"); got.status != http.StatusCreated {
		t.Errorf("the same key for a ticket: %d", got.status)
	}
}

func TestTheAPISaysWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	p := w.program()
	for _, c := range []struct {
		path, body string
		status     int
		code, text string
	}{
		{"/api/v1/tickets", `{`, 422, "invalid", "JSON cannot be read"},
		{"/api/v1/tickets", `{"subjct": "x"}`, 422, "invalid", "subjct"},
		{"/api/v1/tickets", `{} {}`, 422, "invalid", "something after"},
		{"/api/v1/tickets", `{"subject": "x", "body": "y"}`, 422, "invalid", "requester.name is missing"},
		{"/api/v1/tickets", `{"subject": "", "body": "y", "requester": {"name": "C"}}`, 422, "invalid", "the subject is empty"},
		{"/api/v1/tickets", `{"subject": "x", "body": "", "requester": {"email": "c@example.org"}}`, 422, "invalid", "the message is empty"},
		{"/api/v1/tickets", `{"subject": "x", "body": "y", "requester": {"name": "C"}, "group": "Nobody"}`, 422, "invalid", "no group"},
		{"/api/v1/tickets", `{"subject": "x", "body": "y", "requester": {"name": "C"}, "priority": "top"}`, 422, "invalid", "urgent"},
		{"/api/v1/tickets", `{"subject": "x", "body": "y", "requester": {"name": "C"}, "files": [{"base64": "!"}]}`, 422, "invalid", "files[0].base64"},
		{"/api/v1/tickets", `{"body": "` + strings.Repeat("x", 1<<20) + `"}`, 413, "too_large", "multipart"},
		{"/api/v1/tickets/99/messages", `{"body": "x"}`, 404, "not_found", "ticket 99"},
		{"/api/v1/tickets/x/messages", `{"body": "x"}`, 404, "not_found", "no such ticket"},
		{"/api/v2/anything", `{}`, 404, "not_found", "no such address"},
	} {
		got, body := p.json(c.path, c.body, "")
		e, _ := body["error"].(map[string]any)
		if got.status != c.status || e["code"] != c.code || !strings.Contains(fmt.Sprint(e["message"]), c.text) {
			t.Errorf("%s %.60s: %d %v, want %d %s …%s…", c.path, c.body, got.status, body, c.status, c.code, c.text)
		}
	}
	if got, _ := p.send("/api/v1/tickets", "text/plain", strings.NewReader("x"), ""); got.status != http.StatusUnprocessableEntity {
		t.Errorf("plain text: %d", got.status)
	}
	if got, _ := p.json("/api/v1/tickets", newTicket, strings.Repeat("k", 201)); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a long key: %d", got.status)
	}
}

func TestOnlyAValidTokenOpensTheAPI(t *testing.T) {
	w := newWorld(t)
	p := w.program()
	for _, header := range []string{"", "Bearer", "Bearer x", "Bearer sbr_x", "Basic " + p.token, "Bearer " + p.token[:len(p.token)-1] + "!"} {
		r := p.request(http.MethodPost, "/api/v1/tickets", strings.NewReader(newTicket))
		r.Header.Set("Authorization", header)
		if got := p.do(r); got.status != http.StatusUnauthorized || got.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%q: %d", header, got.status)
		}
	}
	// A cookie is no token: a page of another site could send it.
	if got := w.as("ada@example.org").post("/api/v1/tickets", nil); got.status != http.StatusUnauthorized {
		t.Errorf("a signed-in browser: %d", got.status)
	}
	admin := w.as("ada@example.org")
	id := regexp.MustCompile(`/admin/tokens/([^/]+)/revoke`).FindStringSubmatch(admin.get("/admin/tokens").body)[1]
	if got := admin.post("/admin/tokens/"+id+"/revoke", nil); got.status != http.StatusSeeOther {
		t.Errorf("revoke: %d", got.status)
	}
	if got, _ := p.json("/api/v1/tickets", newTicket, ""); got.status != http.StatusUnauthorized {
		t.Errorf("a revoked token: %d", got.status)
	}
	if got := admin.post("/admin/tokens", url.Values{"name": {" "}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a token without a name: %d", got.status)
	}
}

func TestAFileLargerThanTheLimitIsRefused(t *testing.T) {
	w := emptyWorld(t, func(o *web.Options) { o.MaxFile = 1 << 20 })
	var err error
	if w.bob, err = w.store.CreatePerson(t.Context(), bridge.Known{Name: "Bob", Role: bridge.RoleAgent, Account: bridge.Account{ID: "bob@example.org"}}, cheapHash(password)); err != nil {
		t.Fatal(err)
	}
	ticket := w.ticket("S", "b")
	b := w.as("bob@example.org")
	send := func(size int) answered {
		var form bytes.Buffer
		m := multipart.NewWriter(&form)
		part, err := m.CreateFormFile("files", "big.bin")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		r := b.request(http.MethodPost, fmt.Sprintf("/tickets/%d/note", ticket), &form)
		r.Header.Set("Content-Type", m.FormDataContentType())
		return b.do(r)
	}
	if got := send(1 << 20); got.status != http.StatusSeeOther {
		t.Errorf("a file of the limit: %d", got.status)
	}
	got := send(1<<20 + 1)
	if got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("a larger one: %d", got.status)
	}
	has(t, "the page", got.body, "larger than 1 MiB")
	if got := send(40 << 20); got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("a form larger than all files may be: %d", got.status)
	}
}
