package web_test

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
)

// readings lists what is on record, in order of ticket, conversation and item.
func (w *world) readings(q bridge.AccessQuery) (out []string) {
	w.t.Helper()
	q.Limit = 1000
	err := w.store.Accesses(w.t.Context(), q, func(a bridge.Access) error {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %d-%d %s", cmp.Or(a.By.Name, a.By.Account.ID), a.Way, a.Ticket, a.Conversation, a.Item)))
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// TestEveryWayOfReadingIsOnRecord: the page, a search and the find that is opened, the
// trail, a message's versions, a file, an export and the API.
func TestEveryWayOfReadingIsOnRecord(t *testing.T) {
	w := newWorld(t)
	blob, size, err := w.store.PutBlob(t.Context(), strings.NewReader("bytes"), 100)
	if err != nil {
		t.Fatal(err)
	}
	ticket := w.ticket("A parcel", "Where is it?")
	conv, _ := w.talk(ticket, "Late", "Do you know the xylophone?")
	post := w.must(&bridge.PostMessage{Actor: w.bobActs(), Conversation: conv, Body: "see", Files: []bridge.FileUpload{{Name: "a.txt", Size: size, Hash: blob}}}).ID
	p := w.program()
	bob, ada := w.as("bob@example.org"), w.as("ada@example.org")
	page, c := fmt.Sprintf("/tickets/%d", ticket), fmt.Sprintf("%d-%d", ticket, conv.Seq)
	for _, step := range []struct {
		what string
		do   func() answered
		want []string
	}{
		{"the page", func() answered { return bob.get(page) }, []string{"Bob Agent page 1-0", "Bob Agent page " + c}},
		{"the page again", func() answered { return bob.get(page) }, nil},
		{"a search", func() answered { return bob.get("/search?q=xylophone") }, []string{"Bob Agent search " + c + " search result"}},
		{"a find that is opened", func() answered {
			return bob.get(bob.get(fmt.Sprintf("/m/%d-%d?from=search", ticket, conv.Seq+2)).to())
		}, []string{"Bob Agent search 1-0", "Bob Agent search " + c}},
		{"the trail", func() answered { return bob.get(page + "/audit") }, []string{"Bob Agent page 1-0 audit trail", "Bob Agent page " + c + " audit trail"}},
		{"versions", func() answered { return bob.get("/m/" + post.String() + "/history") }, []string{"Bob Agent page " + c + fmt.Sprintf(" versions of %d", post.Seq)}},
		{"a file", func() answered { return bob.get(fmt.Sprintf("/files/%d/%d/0", ticket, post.Seq)) }, []string{"Bob Agent page " + c + fmt.Sprintf(" file %d/0", post.Seq)}},
		{"an export", func() answered { return ada.get(page + "/export") }, []string{"Ada Admin export 1-0 audit trail", "Ada Admin export " + c + " audit trail"}},
		{"the API", func() answered {
			r := p.request(http.MethodGet, fmt.Sprintf("/api/v1/tickets/%d/conversations", ticket), nil)
			r.Header.Set("Authorization", "Bearer "+p.token)
			return p.do(r)
		}, []string{"API token Shop form api 1-0", "API token Shop form api " + c}},
	} {
		before := w.readings(bridge.AccessQuery{})
		if got := step.do(); got.status != http.StatusOK {
			t.Errorf("%s: %d %s", step.what, got.status, got.body)
		}
		got := slices.DeleteFunc(w.readings(bridge.AccessQuery{}), func(line string) bool { return slices.Contains(before, line) })
		slices.Sort(step.want)
		if d := gocmp.Diff(step.want, got); len(step.want)+len(got) > 0 && d != "" {
			t.Errorf("%s (-want +got):\n%s", step.what, d)
		}
	}
}

// TestWhatAnOpenPageIsToldOfIsRead: a reply that comes while a page is open is read by
// whoever has it open.
func TestWhatAnOpenPageIsToldOfIsRead(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("A parcel", "Where is it?")
	conv, _ := w.talk(ticket, "Late", "Why?")
	bob := w.as("bob@example.org")
	head := w.entries(ticket)
	if got := bob.script("/c/"+conv.String()+"/messages", url.Values{"body": {"Anybody?"}}, head[len(head)-1].Seq); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	want := []string{"Bob Agent page " + fmt.Sprintf("%d-%d", ticket, conv.Seq)}
	if d := gocmp.Diff(want, w.readings(bridge.AccessQuery{})); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestWhatCannotBeRecordedIsNotShown: without the record nobody would know who read it.
func TestWhatCannotBeRecordedIsNotShown(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("A parcel", "Where is it?")
	conv, _ := w.talk(ticket, "Late", "A secret question")
	bob := w.as("bob@example.org")
	if _, err := w.raw().ExecContext(t.Context(), "ALTER TABLE accesses RENAME TO gone"); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{fmt.Sprintf("/tickets/%d", ticket), fmt.Sprintf("/tickets/%d/audit", ticket), fmt.Sprintf("/m/%d-%d/history", ticket, conv.Seq+2), "/search?q=secret"} {
		got := bob.get(path)
		if got.status != http.StatusInternalServerError || strings.Contains(got.body, "A secret question") {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

// TestAdminsFindWhoReadWhat by person, ticket, way and day, and take it out as JSON Lines.
func TestAdminsFindWhoReadWhat(t *testing.T) {
	w := newWorld(t)
	first, second := w.ticket("One", "1"), w.ticket("Two", "2")
	bob, ada := w.as("bob@example.org"), w.as("ada@example.org")
	bob.get(fmt.Sprintf("/tickets/%d", first))
	ada.get(fmt.Sprintf("/tickets/%d", second))
	if got := bob.get("/admin/access"); got.status != http.StatusForbidden {
		t.Errorf("an agent sees who read what: %d", got.status)
	}
	if got := bob.get("/admin/access/export"); got.status != http.StatusForbidden {
		t.Errorf("an agent takes out who read what: %d", got.status)
	}
	one, two := fmt.Sprintf("ticket #%d", first), fmt.Sprintf("ticket #%d", second)
	today, tomorrow := time.Now().UTC().Format(time.DateOnly), time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly)
	for query, want := range map[string][2]bool{
		"":                                {true, true},
		"person=" + w.bob:                 {true, false},
		"ticket=%23" + fmt.Sprint(second): {false, true},
		"way=page":                        {true, true},
		"way=api":                         {false, false},
		"from=" + today:                   {true, true},
		"until=" + today:                  {true, true},
		"from=" + tomorrow:                {false, false},
	} {
		page := ada.get("/admin/access?" + query).body
		if strings.Contains(page, one) != want[0] || strings.Contains(page, two) != want[1] {
			t.Errorf("%q: the first ticket %t, the second %t, want %v", query, strings.Contains(page, one), strings.Contains(page, two), want)
		}
		lines := ada.get("/admin/access/export?" + query)
		n := 0
		for _, is := range want {
			if is {
				n++
			}
		}
		if got := strings.Count(lines.body, "\n"); lines.status != http.StatusOK || got != n {
			t.Errorf("export of %q: %d, %d lines, want %d: %s", query, lines.status, got, n, lines.body)
		}
	}
	has(t, "a wrong number", ada.get("/admin/access?ticket=abc").body, "digits only")
	has(t, "a wrong day", ada.get("/admin/access?from=yesterday").body, "rite a day as")
	has(t, "nothing found", ada.get("/admin/access?way=export").body, "Nobody did")
}
