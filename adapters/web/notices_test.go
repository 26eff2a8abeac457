package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// told returns what somebody chose of how they are told.
func (w *world) told(person string) (n mapping.Notices) {
	w.t.Helper()
	text, err := w.store.Preference(w.t.Context(), person, web.PreferenceNotices)
	if err == nil && text != "" {
		err = json.Unmarshal([]byte(text), &n)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func noticesAs(change url.Values) url.Values {
	form := url.Values{
		"way": {"page", "slack"}, "occasion": {"started", "approval"}, "digest": {"daily"}, "minutes": {"20"}, "daily": {"08:30"},
		"excerpt": {"on"}, "quiet": {"on"}, "from": {"21:00"}, "to": {"06:30"}, "zone": {"Europe/Stockholm"},
	}
	for k, v := range change {
		form[k] = v
	}
	return form
}

// TestPeopleSayHowTheyAreTold: what they chose is kept for them alone, and shown again.
func TestPeopleSayHowTheyAreTold(t *testing.T) {
	w := newWorld(t)
	bob := w.as("bob@example.org")
	page := bob.get("/settings/notifications").body
	has(t, "who chose nothing", page, `value="slack" checked`, `value="browser" checked`, `value="once" checked`, `value="mentioned" checked`, `name="zone" list="zones" required value="UTC"`)
	hasNot(t, "who chose nothing", page, `name="quiet" checked`)
	if got := bob.post("/settings/notifications", noticesAs(nil)); got.status != http.StatusSeeOther || got.to() != "/settings/notifications" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	zone := mapping.Zone{}
	if err := zone.UnmarshalText([]byte("Europe/Stockholm")); err != nil {
		t.Fatal(err)
	}
	want := mapping.Notices{
		Ways: []string{"page", "slack"}, Occasions: []string{"started", "approval"}, Digest: "daily", SilenceMinutes: 20, Daily: 8*60 + 30,
		Excerpt: true, Zone: zone, Quiet: &mapping.Hours{From: 21 * 60, To: 6*60 + 30, Zone: zone},
	}
	if diff := cmp.Diff(want, w.told(w.bob)); diff != "" {
		t.Error(diff)
	}
	has(t, "the page afterwards", bob.get("/settings/notifications").body, "Saved.", `value="daily" checked`, `name="quiet" checked`, `value="21:00"`, `value="Europe/Stockholm"`)
	if got := w.told(w.ada); got.Digest != "" {
		t.Errorf("somebody else is told as %+v", got)
	}
}

// TestAWrongWishIsNotKept: the page says what is wrong, in words, and shows what was typed.
func TestAWrongWishIsNotKept(t *testing.T) {
	w := newWorld(t)
	bob := w.as("bob@example.org")
	for _, wrong := range []struct {
		change url.Values
		says   string
	}{
		{url.Values{"minutes": {"soon"}}, "whole number"},
		{url.Values{"digest": {"silence"}, "minutes": {"0"}}, "between 1 and"},
		{url.Values{"zone": {"Mars/Olympus"}}, "Mars/Olympus"},
		{url.Values{"daily": {"25:00"}}, "25:00"},
		{url.Values{"to": {"21:00"}}, "whole day"},
		{url.Values{"digest": {"never"}}, "never"},
	} {
		got := bob.post("/settings/notifications", noticesAs(wrong.change))
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "That was not saved") || !strings.Contains(got.body, wrong.says) {
			t.Errorf("%v: %d, wants %q", wrong.change, got.status, wrong.says)
		}
		has(t, "what was typed", got.body, `name="from" type="time" class="short" value="21:00"`)
	}
	if got := w.told(w.bob); got.Digest != "" {
		t.Errorf("kept: %+v", got)
	}
}

// TestAnAccountThatCannotBeToldIsShownWithARemedy to whose it is and to admins, and to
// nobody else.
func TestAnAccountThatCannotBeToldIsShownWithARemedy(t *testing.T) {
	w := newWorld(t)
	a := bridge.Account{Surface: "discord", Workspace: "G1", ID: "77"}
	if err := w.store.TakeAccount(t.Context(), a, "bob_in_discord", w.bob); err != nil {
		t.Fatal(err)
	}
	bob, ada := w.as("bob@example.org"), w.as("ada@example.org")
	has(t, "a page while it works", bob.get("/settings/notifications").body, "bob_in_discord", "linked")
	has(t, "health while it works", ada.get("/admin/health").body, "Everything is shown")
	if err := w.store.Unreachable(t.Context(), a, "50007", "Allow direct messages <here>."); err != nil {
		t.Fatal(err)
	}
	for what, body := range map[string]string{"their page": bob.get("/settings/notifications").body, "health": ada.get("/admin/health").body} {
		has(t, what, body, "bob_in_discord", "cannot be told", "Allow direct messages &lt;here&gt;.")
	}
	hasNot(t, "health", ada.get("/admin/health").body, "Everything is shown")
	hasNot(t, "another's page", ada.get("/settings/notifications").body, "bob_in_discord")
	if err := w.store.Unreachable(t.Context(), a, "", ""); err != nil {
		t.Fatal(err)
	}
	hasNot(t, "their page when it works again", bob.get("/settings/notifications").body, "cannot be told")
}

// TestAMessageOfThePageNamesWhomItMentions, so that they are told.
func TestAMessageOfThePageNamesWhomItMentions(t *testing.T) {
	w := newWorld(t)
	conv, _ := w.talk(w.ticket("Wrong invoice", "b"), "Q", "?")
	body := "[@Ada](mention:person/" + w.ada + ") and `[@x](mention:person/x)`, [@Slack](mention:slack/T1/U1)"
	if got := w.as("bob@example.org").post("/c/"+conv.String()+"/messages", url.Values{"body": {body}}); got.status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if e := w.last(conv.Ticket, bridge.MessagePosted); !slices.Equal(e.Facts.People, []string{w.ada}) {
		t.Errorf("it names %v", e.Facts.People)
	}
}
