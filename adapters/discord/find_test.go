package discord

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

func TestFindRepeatsWithinTheNoncesWindowAndReadsBackAfterIt(t *testing.T) {
	tb := textChannel()
	read := "GET channels/" + testThread + "/messages"
	tb[read] = ok(`[]`)
	now := time.Now()
	f, g := withTable(t, tb, func(o *Options) { o.Now = func() time.Time { return now } })
	at := attempt(g, planView(bridge.MessagePosted, "hello"))
	now = now.Add(119 * time.Second)
	if r, found, err := g.Find(t.Context(), at); err != nil || !found || r.Ref != refMade {
		t.Errorf("within the window: %+v %v %v", r, found, err)
	}
	now = now.Add(2 * time.Second)
	n := len(f.seen())
	if r, found, err := g.Find(t.Context(), at); err != nil || found {
		t.Errorf("after the window: %+v %v %v", r, found, err)
	}
	if calls := f.seen()[n:]; !strings.HasPrefix(calls[0], read) || slices.ContainsFunc(calls, func(c string) bool { return strings.HasPrefix(c, http.MethodPost) }) {
		t.Errorf("calls after the window: %q", calls)
	}
	c := at.Call.Payload.(*content)
	tb[read] = ok(fmt.Sprintf(`[{"id": "1200000000000003", "author": {"id": "%[1]s", "bot": true}, "content": %[2]q},
		{"id": "1200000000000002", "author": {"id": "9"}, "content": %[2]q},
		{"id": "1200000000000001", "author": {"id": "%[1]s", "bot": true}, "content": %[2]q}]`, testBot, c.text))
	at.Known = []bridge.Copy{{CopyKey: bridge.CopyKey{Ref: refOne}}}
	if r, found, err := g.Find(t.Context(), at); err != nil || !found || r.Ref != "1200000000000003" {
		t.Errorf("read back: %+v %v %v", r, found, err)
	}
}

// Without the permission to read an empty list is no proof that the post is not there:
// it would be posted twice.
func TestPostIsNotHeldForMissingWhereWeMayNotRead(t *testing.T) {
	tb := textChannel()
	tb["GET channels/"+testThread+"/messages"] = ok(`[]`)
	tb["GET channels/"+testChannel] = ok(`{"id": "` + testChannel + `", "guild_id": "` + testGuild + `", "type": 0, "name": "billing",
		"permission_overwrites": [{"id": "` + testGuild + `", "type": 0, "allow": "0", "deny": "65536"},
		{"id": "1700000000000000", "type": 0, "allow": "0", "deny": "65536"}]}`)
	_, g := withTable(t, tb, asAgents) // a webhook's posts have no nonce
	_, found, err := g.Find(t.Context(), attempt(g, planView(bridge.MessagePosted, "hello")))
	if err == nil {
		t.Fatalf("found %v: it would be sent again", found)
	}
	if se := asError(t, err); se.Class != bridge.Gone || !strings.Contains(se.Remedy, "Read Message History") {
		t.Errorf("the admin is told %q", se.Remedy)
	}
}

// The first post was made and deleted by a moderator, all before its answer was seen.
func TestPostThatWasDeletedMeanwhileIsNotBroughtBack(t *testing.T) {
	tb := textChannel()
	tb["GET channels/"+testThread+"/messages"] = ok(`[]`)
	tb["POST channels/"+testThread+"/messages"] = []reply{refuses(404, 10008)}
	_, g := withTable(t, tb)
	v := planView(bridge.MessagePosted, "hello")
	_, found, err := g.Find(t.Context(), attempt(g, v))
	se := asError(t, err)
	if found || se.Class != bridge.Rejected {
		t.Errorf("found %v, %v", found, se)
	}
	if v.Rejected = se.Code; len(g.Plan(v)) != 0 {
		t.Errorf("a note stands in its place: %+v", g.Plan(v))
	}
}

func TestForumsPostIsFoundByTheTokenInItsButtons(t *testing.T) {
	tb := textChannel()
	tb["GET channels/"+testChannel] = ok(`{"id": "` + testChannel + `", "guild_id": "` + testGuild + `", "type": 15}`)
	_, g := withTable(t, tb)
	v := planView(bridge.MirrorOpened, "")
	at := attempt(g, v)
	other, mine, archived := idAt(g.Now().Add(time.Second)), idAt(g.Now().Add(2*time.Second)), idAt(g.Now().Add(3*time.Second))
	thread := func(id string) string {
		return fmt.Sprintf(`{"id": "%s", "parent_id": "%s", "owner_id": "%s", "thread_metadata": {"archive_timestamp": "%s"}}`,
			id, testChannel, testBot, g.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}
	starter := func(id, token string) []reply {
		return ok(fmt.Sprintf(`{"id": "%s", "components": [{"type": 1, "components": [{"type": 2, "custom_id": "sb:close:%s"}]}]}`, id, token))
	}
	tb["GET guilds/"+testGuild+"/threads/active"] = ok(`{"threads": [` + thread(other) + "," + thread(mine) + `]}`)
	tb["GET channels/"+testChannel+"/threads/archived/public"] = ok(`{"threads": [` + thread(archived) + `], "has_more": false}`)
	tb["GET channels/"+other+"/messages/"+other] = starter(other, "OTHER")
	tb["GET channels/"+mine+"/messages/"+mine] = starter(mine, at.Token)
	tb["GET channels/"+archived+"/messages/"+archived] = starter(archived, "LATER")
	if r, found, err := g.Find(t.Context(), at); err != nil || !found || r.Ref != mine {
		t.Errorf("among the active: %+v %v %v", r, found, err)
	}
	at.Token = "LATER"
	if r, found, err := g.Find(t.Context(), at); err != nil || !found || r.Ref != archived {
		t.Errorf("among the archived: %+v %v %v", r, found, err)
	}
	at.Token = "NEVER"
	if r, found, err := g.Find(t.Context(), at); err != nil || found {
		t.Errorf("one that was never made: %+v %v %v", r, found, err)
	}
}
