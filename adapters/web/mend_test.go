package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
)

// stuckWorld has a conversation whose thread does not get past a message.
func stuckWorld(t *testing.T, change func(*web.Options)) (w *world, ticket int64, conv, mirror bridge.ID) {
	t.Helper()
	w = newWorldWith(t, change)
	ticket = w.ticket("S", "b")
	conv, mirror = w.talk(ticket, "Q", "?")
	w.must(&bridge.PostMessage{Actor: w.bobActs(), Conversation: conv, Body: "poison"})
	return w, ticket, conv, mirror
}

func TestAnAdminSkipsWhatIsStuckFromTheHealthPage(t *testing.T) {
	w, ticket, conv, mirror := stuckWorld(t, nil)
	w.must(&bridge.Park{Key: bridge.DeliveryKey{Mirror: mirror}, Reason: "defect", Remedy: "Report it."})
	b := w.as("ada@example.org")
	page := b.get("/admin/health").body
	has(t, "the page", page, "Conversation "+conv.String(), "defect", "Report it.", "behind", "since <time", "Skip the entry", "Slack #billing")
	path := "/admin/mirrors/" + mirror.String() + "/skip"
	if got := b.post(path, url.Values{"cursor": {"1"}}); got.status != http.StatusConflict {
		t.Errorf("with an old page: %d", got.status)
	}
	m, err := w.store.Mirror(t.Context(), mirror)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.post(path, url.Values{"cursor": {fmt.Sprint(m.Cursor)}, "next": {"/admin/health"}}); got.to() != "/admin/health" {
		t.Errorf("%d to %q: %s", got.status, got.to(), got.body)
	}
	if e := w.last(ticket, bridge.DeliveryFailed); e == nil || e.Facts.Person != w.ada || e.Facts.Reason != bridge.SkippedByHand {
		t.Errorf("the trail has %+v", e)
	}
	has(t, "the trail", b.get(fmt.Sprintf("/tickets/%d/audit?deliveries=1", ticket)).body, "skipped entry", "Ada Admin")
	if got := w.as("bob@example.org").post(path, nil); got.status != http.StatusForbidden {
		t.Errorf("an agent: %d", got.status)
	}
}

func TestAnAdminTriesAtOnceWhatWaits(t *testing.T) {
	held := func() map[bridge.Place]time.Time {
		return map[bridge.Place]time.Time{billing: time.Now().Add(time.Minute)}
	}
	w, _, _, mirror := stuckWorld(t, func(o *web.Options) { o.Held = held })
	key := bridge.DeliveryKey{Mirror: mirror, Seq: 1 << 30}
	w.must(&bridge.Defer{Key: key, Until: time.Now().Add(time.Hour), Error: "Slack answered 503"})
	b := w.as("ada@example.org")
	has(t, "the page", b.get("/admin/health").body, "Slack answered 503", "Retry now", "1 attempt", "Waiting for a rate limit", "1 thread behind")
	b.post("/admin/mirrors/"+mirror.String()+"/retry", url.Values{"next": {"/admin/health"}})
	hasNot(t, "the page", b.get("/admin/health").body, "Retry now")
}

func TestAnAdminMovesAConversationToAnotherChannel(t *testing.T) {
	w, ticket, conv, mirror := stuckWorld(t, nil)
	shared := bridge.Place{Surface: "slack", Workspace: "T1", Channel: "C5"}
	if err := w.store.PutChannels(t.Context(), []store.Channel{{Place: shared, Name: "partners", External: true, Member: true}}); err != nil {
		t.Fatal(err)
	}
	w.must(&bridge.Park{Key: bridge.DeliveryKey{Mirror: mirror}, Reason: "is_archived", Remedy: "Unarchive it."})
	b := w.as("ada@example.org")
	path := "/admin/mirrors/" + mirror.String() + "/rebind"
	for channel, want := range map[string]int{
		"#support":       http.StatusUnprocessableEntity,
		shared.String():  http.StatusForbidden,
		"slack/T1/C9":    http.StatusConflict, // we are not in it
		"discord/1/2":    http.StatusConflict, // it is not connected
		"slack/T1/C9/10": http.StatusUnprocessableEntity,
	} {
		if got := b.post(path, url.Values{"channel": {channel}}); got.status != want {
			t.Errorf("to %q: %d, want %d", channel, got.status, want)
		}
	}
	has(t, "the refusal", b.post(path, url.Values{"channel": {"slack/T1/C9"}}).body, "Invite @sidebridge to the channel.")
	// The channel works again: the conversation begins anew in it.
	if got := b.post(path, url.Values{"channel": {billing.String()}}); got.status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if e := w.last(ticket, bridge.MirrorEnded); e == nil || e.Facts.Person != w.ada || e.Facts.Mirror != mirror.Seq {
		t.Errorf("the trail has %+v", e)
	}
	opened := w.last(ticket, bridge.MirrorOpened)
	if m, err := w.store.Mirror(t.Context(), opened.ID()); err != nil || m.Conversation != conv.Seq || m.Rule != "r1" || !m.Behind() {
		t.Errorf("the new mirror is %+v, %v", m, err)
	}
	hasNot(t, "the ticket", b.get(fmt.Sprintf("/tickets/%d", ticket)).body, "Unarchive it.")
	if rep, err := w.store.Verify(t.Context(), store.VerifyOptions{}); err != nil || len(rep.Found) > 0 {
		t.Errorf("%v, %v", rep.Found, err)
	}
}

func TestThePageOfSurfacesNamesWhatIsMissingAndTheRemedy(t *testing.T) {
	var asked []bridge.Place
	w := newWorldWith(t, func(o *web.Options) {
		o.Connections = []web.Connection{{Surface: "slack", Name: "acme", Check: func(_ context.Context, mapped []bridge.Place) []web.Finding {
			asked = mapped
			return []web.Finding{{What: "the bot token works", OK: true}, {What: "the token has its scopes", Remedy: "Add files:write and install again."}}
		}}}
	})
	b := w.as("ada@example.org")
	page := b.get("/admin/surfaces").body
	has(t, "the page", page, "Slack acme", "Check now", "T1 #billing")
	hasNot(t, "the page", page, "files:write")
	has(t, "the answer", b.post("/admin/surfaces/check", nil).body, "Not so: the token has its scopes", "Add files:write and install again.", "1 thing is wrong", "the bot token works")
	if len(asked) != 1 || asked[0] != billing {
		t.Errorf("asked about %v", asked)
	}
	if got := w.as("bob@example.org").get("/admin/surfaces"); got.status != http.StatusForbidden {
		t.Errorf("an agent: %d", got.status)
	}
	has(t, "with nothing connected", newWorld(t).as("ada@example.org").get("/admin/surfaces").body, "Nothing is connected yet")
}
