package discord

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

func TestPostOfTheBotHasItsTokenAsAnEnforcedNonce(t *testing.T) {
	f, g := withTable(t, textChannel())
	r := mustDeliver(t, g, attempt(g, planView(bridge.MessagePosted, "hello")))
	var p map[string]any
	if err := json.Unmarshal(f.last().body, &p); err != nil {
		t.Fatal(err)
	}
	if p["nonce"] != "ABCDEFGHIJKLMNOPQRSTUVWX" || p["enforce_nonce"] != true || p["flags"] != float64(4) || r.Ref != refMade {
		t.Errorf("sent %v, receipt %+v", p, r)
	}
	if m := (message{GuildID: testGuild, Content: p["content"].(string)}); g.printOf(&m) != r.Print {
		t.Error("the echo will have another fingerprint than the receipt")
	}
}

func TestForumsPostHasTheTagThatItDemands(t *testing.T) {
	tb := textChannel()
	tb["GET channels/"+testChannel] = ok(`{"id": "` + testChannel + `", "guild_id": "` + testGuild + `", "type": 15, "name": "tickets", "flags": 16,
		"available_tags": [{"id": "1800000000000001", "moderated": true}, {"id": "1800000000000002", "moderated": false}]}`)
	tb["POST channels/"+testChannel+"/threads"] = []reply{{201, `{"id": "` + refMade + `", "message": {"id": "` + refMade + `"}}`}}
	f, g := withTable(t, tb)
	v := planView(bridge.MirrorOpened, "")
	r := mustDeliver(t, g, attempt(g, v))
	var p struct {
		Name    string   `json:"name"`
		Tags    []string `json:"applied_tags"`
		Message post     `json:"message"`
	}
	body := string(f.last().body)
	body = body[:strings.Index(body, `"components"`)] + body[strings.Index(body, `"allowed_mentions"`):]
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		t.Fatal(err)
	}
	if r.Ref != refMade || p.Name != "#12 Double charge" || !slices.Equal(p.Tags, []string{"1800000000000002"}) || p.Message.Nonce != "" || p.Message.Mentions.Parse == nil {
		t.Errorf("receipt %+v, sent %+v", r, p)
	}
	n := len(f.seen())
	v.Mirror.Thread = refMade
	if r := mustDeliver(t, g, attempt(g, v, 1)); r.Ref != refMade || len(f.seen()) != n {
		t.Errorf("opening a forum's post again: %+v, %q", r, f.seen()[n:])
	}
}

func TestChannelOfTheWrongKindIsRefusedWithARemedy(t *testing.T) {
	tb := textChannel()
	tb["GET channels/"+testChannel] = ok(`{"id": "` + testChannel + `", "guild_id": "` + testGuild + `", "type": 2, "name": "voice"}`)
	_, g := withTable(t, tb)
	_, err := g.Deliver(t.Context(), attempt(g, planView(bridge.MirrorOpened, "")))
	if se := asError(t, err); se.Class != bridge.Gone || !strings.Contains(se.Remedy, "#voice") {
		t.Errorf("%v: %q", se, se.Remedy)
	}
}

func TestMissingPermissionIsNamedAndAskedForOnce(t *testing.T) {
	tb := textChannel()
	tb["GET guilds/"+testGuild+"/roles"] = ok(`[{"id": "` + testGuild + `", "permissions": "` + fmt.Sprint(uint64(mayView|mayHistory|1<<11|1<<14)) + `"}]`)
	tb["POST channels/"+testThread+"/messages"] = []reply{refuses(403, 50013)}
	now := time.Now()
	f, g := withTable(t, tb, func(o *Options) { o.Now = func() time.Time { return now } })
	v := planView(bridge.MessagePosted, "hello")
	_, err := g.Deliver(t.Context(), attempt(g, v))
	want := "In Discord open the settings of #billing, Permissions, and give Sidebridge (or its role): " +
		"Send Messages in Threads, Attach Files, Create Public Threads."
	if se := asError(t, err); se.Class != bridge.Gone || se.Remedy != want {
		t.Errorf("%v: %q", se, se.Remedy)
	}
	n := len(f.seen())
	for range 50 { // a thousand threads of the channel ask once
		v.Mirror.Thread += "1"
		if se := asError(t, errOf(g.Deliver(t.Context(), attempt(g, v)))); se.Remedy != want {
			t.Fatalf("%v: %q", se, se.Remedy)
		}
		v.Mirror.Thread = testThread
	}
	if len(f.seen()) != n {
		t.Errorf("%d more calls were made", len(f.seen())-n)
	}
	tb["GET guilds/"+testGuild+"/roles"] = textChannel()["GET guilds/"+testGuild+"/roles"]
	tb["POST channels/"+testThread+"/messages"] = ok(`{"id": "` + refMade + `"}`)
	if err := g.Probe(t.Context(), v.Mirror.Place); err != nil {
		t.Fatal(err)
	}
	mustDeliver(t, g, attempt(g, v))
}

func TestDeleteOfWhatIsGoneIsDone(t *testing.T) {
	_, g := withTable(t, textChannel())
	if r := mustDeliver(t, g, attempt(g, shown(planView(bridge.MessageDeleted, ""), refOne))); r.Ref != refOne {
		t.Errorf("receipt %+v", r)
	}
}

func TestCardStandsInTheChannelAndAForumsInItsPost(t *testing.T) {
	tb := textChannel()
	tb["PATCH channels/"+testChannel+"/messages/"+testThread] = ok(`{}`)
	_, g := withTable(t, tb)
	mustDeliver(t, g, attempt(g, planView(bridge.TicketChanged, "")))
	tb = textChannel()
	tb["GET channels/"+testChannel] = ok(`{"id": "` + testChannel + `", "guild_id": "` + testGuild + `", "type": 15}`)
	tb["PATCH channels/"+testThread+"/messages/"+testThread] = ok(`{}`)
	_, g = withTable(t, tb)
	mustDeliver(t, g, attempt(g, planView(bridge.TicketChanged, "")))
}

func TestReactionThatIsNotAllowedDelaysNothing(t *testing.T) {
	v := shown(planView(bridge.ReactionAdded, ""), refOne)
	v.Entry.Facts.Emoji = "👍"
	v.Reactions = []bridge.Reaction{{ReactionKey: bridge.ReactionKey{Emoji: "👍"}}}
	put := "PUT channels/" + testThread + "/messages/" + refOne + "/reactions/%F0%9F%91%8D/@me"
	for _, answer := range []reply{{204, ""}, refuses(403, 50013), refuses(400, 30010), refuses(404, 10008), refuses(400, 10014)} {
		tb := textChannel()
		tb[put] = []reply{answer}
		f, g := withTable(t, tb)
		mustDeliver(t, g, attempt(g, v))
		wantCalls(t, f, put)
		mustDeliver(t, g, attempt(g, v))
		if n, refused := len(f.seen()), answer.status == 403; refused != (n == 1) {
			t.Errorf("after %+v the second reaction made the calls %d", answer, n)
		}
	}
}
