package web_test

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

const (
	password  = "correct horse battery"
	setupCode = "set-up-7431"
)

var billing = bridge.Place{Surface: "slack", Workspace: "T1", Channel: "C1"}

// world is a server on a real store, with people, a group and a mapped channel.
type world struct {
	t     testing.TB
	store *store.Store
	web   *web.Server
	http  *httptest.Server
	logs  *strings.Builder
	path  string // of the database
	// ids
	ada, bob, anders, group string
	edited                  bridge.ID // a message of the sample that was edited
	looked                  *looked   // nil: nobody asks what was looked at
}

// fakeSurface says what a probe says.
type fakeSurface struct{ err error }

func (f fakeSurface) Probe(_ context.Context, p bridge.Place) error {
	if p == billing {
		return nil
	}
	return f.err
}

func emptyWorld(t testing.TB, change func(*web.Options)) *world {
	t.Helper()
	w := &world{t: t, logs: &strings.Builder{}}
	w.path = storetest.SQLite(t)
	w.store = openStore(t, w.path)
	w.http = httptest.NewUnstartedServer(nil)
	o := web.Options{
		Log: w.store, Store: w.store, Sessions: w.store.Sessions(), Bell: w.store.Bell(),
		PublicURL: "http://" + w.http.Listener.Addr().String(), SetupCode: setupCode,
		Probers: map[string]web.Prober{"slack": fakeSurface{&bridge.SurfaceError{
			Class: bridge.Gone, Code: "not_in_channel", Remedy: "Invite @sidebridge to the channel.",
		}}},
		Logger: slog.New(slog.NewTextHandler(w.logs, nil)),
	}
	if change != nil {
		change(&o)
	}
	var err error
	if w.web, err = web.New(o); err != nil {
		t.Fatal(err)
	}
	w.http.Config.Handler = w.web.Handler()
	w.http.Start()
	t.Cleanup(func() {
		w.web.Close()
		w.http.Close()
	})
	return w
}

// openStore opens a store in a file that the test knows.
func openStore(t testing.TB, path string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Driver: "sqlite", DSN: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// raw opens the database behind the store's back.
func (w *world) raw() *sql.DB {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	w.t.Cleanup(func() { _ = db.Close() })
	return db
}

// cheapHash is a password's hash as the product reads it, at the least cost that it
// takes: most tests sign in, and few are about that.
func cheapHash(password string) string {
	salt := []byte("salt of the tests")
	b64 := base64.RawStdEncoding.EncodeToString
	return "$argon2id$v=19$m=8,t=1,p=1$" + b64(salt) + "$" + b64(argon2.IDKey([]byte(password), salt, 1, 8, 1, 32))
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldWith(t, nil)
}

func newWorldWith(t testing.TB, change func(*web.Options)) *world {
	t.Helper()
	w := emptyWorld(t, change)
	hash := cheapHash(password)
	add := func(name, email string, role bridge.Role, hash string) string {
		id, err := w.store.CreatePerson(t.Context(), bridge.Known{
			Name: name, Role: role, Account: bridge.Account{Surface: "web", ID: email},
		}, hash)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	w.ada = add("Ada Admin", "ada@example.org", bridge.RoleAdmin, hash)
	w.bob = add("Bob Agent", "bob@example.org", bridge.RoleAgent, hash)
	w.anders = add("Anders Expert", "", bridge.RoleExpert, "")
	var err error
	if w.group, err = w.store.SaveGroup(t.Context(), "", "Billing"); err != nil {
		t.Fatal(err)
	}
	if err := w.store.SetMembers(t.Context(), w.group, []string{w.anders}); err != nil {
		t.Fatal(err)
	}
	if err := w.store.PutChannels(t.Context(), []store.Channel{{Place: billing, Name: "billing", Member: true}}); err != nil {
		t.Fatal(err)
	}
	w.setRules(mapping.Rule{
		ID: "r1", Name: "Billing", When: mapping.Conditions{Groups: []string{w.group}}, Fields: mapping.DefaultPolicy(),
		Channels: []mapping.Channel{{Surface: "slack", Workspace: "T1", ID: "C1"}},
	})
	return w
}

func (w *world) setRules(rules ...mapping.Rule) {
	w.t.Helper()
	err := w.store.ChangeRules(w.t.Context(), func([]mapping.Rule) ([]mapping.Rule, error) { return rules, nil })
	if err != nil {
		w.t.Fatal(err)
	}
}

// must appends a command that is to be accepted.
func (w *world) must(c bridge.Command) bridge.Result {
	w.t.Helper()
	res, err := w.store.Append(w.t.Context(), c)
	if err != nil {
		w.t.Fatalf("%T: %v", c, err)
	}
	return res
}

func (w *world) actor(person, name string, role bridge.Role) bridge.Actor {
	return bridge.Actor{Person: person, Role: role, Name: name, Account: bridge.Account{Surface: "web", ID: person}}
}

func (w *world) bobActs() bridge.Actor { return w.actor(w.bob, "Bob Agent", bridge.RoleAgent) }

// ticket makes a ticket.
func (w *world) ticket(subject, body string) int64 {
	w.t.Helper()
	return w.must(&bridge.CreateTicket{
		Actor: w.bobActs(), Subject: subject, Requester: "Carl Customer", Email: "carl@example.org", Body: body, Channel: "form", Priority: "normal",
	}).ID.Ticket
}

// talk starts a conversation in the mapped channel, whose thread exists.
func (w *world) talk(ticket int64, subject, body string) (conv, mirror bridge.ID) {
	w.t.Helper()
	conv = w.must(&bridge.StartConversation{
		Actor: w.bobActs(), Ticket: ticket, Subject: subject, Group: w.group, Targets: []bridge.Target{{Place: billing, Rule: "r1"}}, Body: body,
	}).ID
	mirror = bridge.ID{Ticket: ticket, Seq: conv.Seq + 1}
	key := bridge.DeliveryKey{Mirror: mirror, Seq: mirror.Seq}
	w.must(&bridge.Begin{Key: key, Token: "root" + conv.String(), Call: bridge.Call{Verb: bridge.VerbPost, Root: true, Last: true}})
	w.must(&bridge.Settle{Key: key, Token: "root" + conv.String(), Receipt: bridge.Receipt{Ref: "root" + conv.String()}})
	w.must(&bridge.Step{Mirror: mirror, Seq: 1 << 40})
	return conv, mirror
}

// answer is a reply in a conversation's thread by somebody in the chat.
func (w *world) answer(conv bridge.ID, ref, body string) *bridge.Inbound {
	return &bridge.Inbound{
		Kind: bridge.InPost, Author: bridge.Account{Surface: "slack", Workspace: "T1", ID: "U1"}, AuthorName: "Anders Expert", Body: body,
		Source: bridge.Source{Surface: "slack", Workspace: "T1", Channel: "C1", Thread: "root" + conv.String(), Ref: ref, Order: ref},
	}
}

// browser is somebody's browser without a script: it keeps cookies, does not follow redirects.
type browser struct {
	w      *world
	client *http.Client
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &browser{w, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (w *world) as(email string) *browser {
	w.t.Helper()
	b := w.browser()
	if got := b.post("/sign-in", url.Values{"email": {email}, "password": {password}}); got.status != http.StatusSeeOther {
		w.t.Fatalf("sign in as %s: %d %s", email, got.status, got.body)
	}
	return b
}

// answered is what came back.
type answered struct {
	status int
	body   string
	header http.Header
}

func (a answered) to() string { return a.header.Get("Location") }

func (b *browser) do(r *http.Request) answered {
	b.w.t.Helper()
	res, err := b.client.Do(r)
	if err != nil {
		b.w.t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		b.w.t.Fatal(err)
	}
	return answered{res.StatusCode, string(body), res.Header}
}

func (b *browser) request(method, path string, body io.Reader) *http.Request {
	b.w.t.Helper()
	r, err := http.NewRequestWithContext(b.w.t.Context(), method, b.w.http.URL+path, body)
	if err != nil {
		b.w.t.Fatal(err)
	}
	return r
}

func (b *browser) get(path string) answered {
	b.w.t.Helper()
	return b.do(b.request(http.MethodGet, path, nil))
}

func (b *browser) post(path string, form url.Values) answered {
	b.w.t.Helper()
	r := b.request(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

// script posts a form as the page's script does, after an entry that its page shows.
func (b *browser) script(path string, form url.Values, after int64) answered {
	b.w.t.Helper()
	r := b.request(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sidebridge-Fragment", "1")
	r.Header.Set("Sidebridge-After", fmt.Sprint(after))
	return b.do(r)
}

func (w *world) entries(ticket int64) []*bridge.Entry {
	w.t.Helper()
	entries, err := w.store.Entries(w.t.Context(), bridge.SeesAll, ticket, 0, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	return entries
}

// last returns the last entry of a kind, nil when there is none.
func (w *world) last(ticket int64, kind bridge.Kind) *bridge.Entry {
	var found *bridge.Entry
	for _, e := range w.entries(ticket) {
		if e.Kind == kind {
			found = e
		}
	}
	return found
}

func has(t testing.TB, what, text string, want ...string) {
	t.Helper()
	for _, s := range want {
		if !strings.Contains(text, s) {
			t.Errorf("%s has no %q", what, s)
		}
	}
}

func hasNot(t testing.TB, what, text string, refused ...string) {
	t.Helper()
	for _, s := range refused {
		if strings.Contains(text, s) {
			t.Errorf("%s has %q", what, s)
		}
	}
}
