package discord

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// table answers calls by "METHOD path" without the query, each key's answers one after
// the other and the last again and again. What is not in it is answered with 404.
type table map[string][]reply

type reply struct {
	status int
	body   string
}

func ok(body string) []reply { return []reply{{200, body}} }

func refuses(status, code int) reply {
	return reply{status, fmt.Sprintf(`{"code": %d, "message": "no"}`, code)}
}

func (tb table) serve(w http.ResponseWriter, r *http.Request) {
	key := r.Method + " " + strings.TrimPrefix(r.URL.EscapedPath(), "/api/v10/")
	answers := tb[key]
	if len(answers) == 0 {
		says(404, `{"code": 10008, "message": "not in the table"}`)(w, r)
		return
	}
	if len(answers) > 1 {
		tb[key] = answers[1:]
	}
	w.WriteHeader(answers[0].status)
	_, _ = io.WriteString(w, answers[0].body)
}

const (
	refOne   = "1200000000000001"
	refMade  = "1200000000000077"
	hookID   = "1600000000000000"
	hookPath = "webhooks/" + hookID + "/hook-secret"
)

// textChannel is a table with a text channel in which we may do all that we need.
func textChannel() table {
	everything := fmt.Sprint(uint64(mayView | mayHistory | maySendInThreads | mayOpenThreads | mayManageThreads | 1<<11 | 1<<14 | 1<<15 | 1<<29))
	return table{
		"GET channels/" + testChannel: ok(`{"id": "` + testChannel + `", "guild_id": "` + testGuild + `", "type": 0, "name": "billing"}`),
		"GET guilds/" + testGuild + "/roles": ok(`[{"id": "` + testGuild + `", "permissions": "0"},
			{"id": "1700000000000000", "name": "Sidebridge", "permissions": "` + everything + `"}]`),
		"GET guilds/" + testGuild + "/members/" + testBot: ok(`{"roles": ["1700000000000000"]}`),
		"POST channels/" + testThread + "/messages":       ok(`{"id": "` + refMade + `"}`),
		"POST channels/" + testChannel + "/messages":      ok(`{"id": "` + refMade + `"}`),
		"GET channels/" + testChannel + "/webhooks": ok(`[{"id": "1600000000000009", "name": "Sidebridge", "token": "stranger", "application_id": "5"},
			{"id": "` + hookID + `", "name": "Sidebridge", "token": "hook-secret", "application_id": "` + testApp + `"}]`),
		"POST " + hookPath: ok(`{"id": "` + refMade + `"}`),
	}
}

func withTable(t *testing.T, tb table, more ...func(*Options)) (*api, *Guild) {
	t.Helper()
	f, a := newAPI(t, tb.serve, more...)
	return f, a.Guilds()[0]
}

// attempt is the first call of a view, or the one that is picked.
func attempt(g *Guild, v bridge.View, pick ...int) bridge.Attempt {
	n := 0
	if len(pick) > 0 {
		n = pick[0]
	}
	return bridge.Attempt{Mirror: v.Mirror, Call: g.Plan(v)[n], Token: "ABCDEFGHIJKLMNOPQRSTUVWX", BegunAt: g.Now(), Known: v.Copies}
}

func mustDeliver(t *testing.T, g *Guild, at bridge.Attempt) bridge.Receipt {
	t.Helper()
	r, err := g.Deliver(t.Context(), at)
	if err != nil {
		t.Fatalf("deliver: %v", err)
	}
	return r
}

func wantCalls(t *testing.T, f *api, want ...string) {
	t.Helper()
	if got := f.seen(); !slices.Equal(got, want) {
		t.Errorf("calls\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

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

func TestThreadIsOpenedOnceOnItsRoot(t *testing.T) {
	tb := textChannel()
	open := "POST channels/" + testChannel + "/messages/" + testThread + "/threads"
	tb[open] = []reply{{201, `{"id": "` + testThread + `"}`}, refuses(400, 160004), refuses(404, 10008)}
	_, g := withTable(t, tb)
	at := attempt(g, planView(bridge.MirrorOpened, ""), 1)
	for range 2 {
		if r := mustDeliver(t, g, at); r.Ref != testThread {
			t.Errorf("receipt %+v", r)
		}
	}
	_, err := g.Deliver(t.Context(), at)
	if se := asError(t, err); se.Code != bridge.ParkedThread || se.Class != bridge.Gone {
		t.Errorf("a root that was deleted before: %v", se)
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

func TestArchivedThreadIsTakenOutForAnEdit(t *testing.T) {
	tb := textChannel()
	edit, thread := "PATCH channels/"+testThread+"/messages/"+refOne, "PATCH channels/"+testThread
	tb[edit] = []reply{refuses(400, 50083), {200, `{}`}}
	tb[thread] = ok(`{}`)
	f, g := withTable(t, tb)
	mustDeliver(t, g, attempt(g, shown(planView(bridge.MessageEdited, "new"), refOne)))
	wantCalls(t, f, edit, thread, edit)
}

func TestLockedThreadThatWeMayNotOpenParksWithTheRemedy(t *testing.T) {
	tb := textChannel()
	tb["POST channels/"+testThread+"/messages"] = []reply{refuses(403, 160005)}
	tb["PATCH channels/"+testThread] = []reply{refuses(403, 50013)}
	_, g := withTable(t, tb)
	_, err := g.Deliver(t.Context(), attempt(g, planView(bridge.MessagePosted, "hello")))
	if se := asError(t, err); se.Class != bridge.Gone || se.Code != codeLocked || se.Uncertain || !strings.Contains(se.Remedy, "Manage Threads") {
		t.Errorf("%v: %q", se, se.Remedy)
	}
}

// An unlock that Discord refused us was not ours: the moderator's own is heard.
func TestModeratorsUnlockIsHeardAfterOursWasRefused(t *testing.T) {
	tb := textChannel()
	tb["POST channels/"+testThread+"/messages"] = []reply{refuses(403, 160005)}
	tb["PATCH channels/"+testThread] = []reply{refuses(403, 50013)}
	in := &heardInbox{}
	_, g := withTable(t, tb, func(o *Options) { o.Inbox, o.Watcher = in, in })
	update := func(locked bool) {
		g.happens(t, "THREAD_UPDATE", fmt.Sprintf(`{"id":%q,"guild_id":%q,"parent_id":%q,"type":11,"thread_metadata":{"locked":%v}}`,
			testThread, testGuild, testChannel, locked))
	}
	update(true)
	if _, err := g.Deliver(t.Context(), attempt(g, planView(bridge.MessagePosted, "hello"))); err == nil {
		t.Fatal("a locked thread took a post")
	}
	update(false)
	if n := len(in.all); n != 2 || in.all[1].Action != bridge.PressReopen || !in.told("recovered "+testGuild+" "+testChannel) {
		t.Errorf("heard %+v, told %q", in.all, in.lines)
	}
}

func TestNoticeIntoALockedThreadDelaysNothing(t *testing.T) {
	tb := textChannel()
	tb["POST channels/"+testThread+"/messages"] = []reply{refuses(403, 160005)}
	tb["PATCH channels/"+testThread] = []reply{refuses(403, 50013)}
	_, g := withTable(t, tb)
	v := planView(bridge.ConversationClosed, "")
	_, err := g.Deliver(t.Context(), attempt(g, v, 1))
	se := asError(t, err)
	if v.Rejected = se.Code; se.Class != bridge.Rejected || len(g.Plan(v)) != 0 {
		t.Errorf("%v, in its place %+v", se, g.Plan(v))
	}
	at := attempt(planner(t, func(o *Options) { o.LockClosed = true }), planView(bridge.ConversationClosed, ""), 2)
	if se := asError(t, errOf(g.Deliver(t.Context(), at))); se.Class != bridge.Gone || !strings.Contains(se.Remedy, "Manage Threads") {
		t.Errorf("our own lock: %v: %q", se, se.Remedy)
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

func errOf(_ bridge.Receipt, err error) error { return err }

func TestThreadThatIsGoneIsToldFromItsChannel(t *testing.T) {
	tb := textChannel()
	tb["POST channels/"+testThread+"/messages"] = []reply{refuses(404, 10003)}
	_, g := withTable(t, tb)
	at := attempt(g, planView(bridge.MessagePosted, "hello"))
	if se := asError(t, errOf(g.Deliver(t.Context(), at))); se.Code != bridge.ParkedThread {
		t.Errorf("the thread is gone: %v", se)
	}
	tb["GET channels/"+testChannel] = []reply{refuses(404, 10003)}
	if se := asError(t, errOf(g.Deliver(t.Context(), at))); se.Code != codeUnknownChannel || se.Class != bridge.Gone {
		t.Errorf("the channel is gone: %v", se)
	}
}

func TestAgentsPostGoesByOurWebhookOfTheChannel(t *testing.T) {
	f, g := withTable(t, textChannel(), asAgents)
	v := planView(bridge.MessagePosted, "hello")
	for range 2 {
		if r := mustDeliver(t, g, attempt(g, v)); r.Ref != refMade {
			t.Errorf("receipt %+v", r)
		}
	}
	post := "POST " + hookPath + "?thread_id=" + testThread + "&wait=true"
	wantCalls(t, f, "GET channels/"+testChannel+"/webhooks", post, post)
	var p map[string]any
	if err := json.Unmarshal(f.last().body, &p); err != nil {
		t.Fatal(err)
	}
	if p["username"] != "Alice (agent)" || p["avatar_url"] != nil || p["content"] != "hello" || p["nonce"] != nil {
		t.Errorf("sent %v", p)
	}
	if !g.isOurWebhook(hookID) || g.isOurWebhook("1600000000000009") {
		t.Error("our webhook is not known, or a stranger's is")
	}
}

func TestWebhookIsMadeWhenThereIsNoneOrItIsGone(t *testing.T) {
	tb := textChannel()
	tb["GET channels/"+testChannel+"/webhooks"] = ok(`[]`)
	made := `{"id": "16000000000000%d", "token": "token-%d", "application_id": "` + testApp + `"}`
	tb["POST channels/"+testChannel+"/webhooks"] = []reply{{200, fmt.Sprintf(made, 1, 1)}, {200, fmt.Sprintf(made, 2, 2)}}
	tb["POST webhooks/160000000000001/token-1"] = []reply{{200, `{"id": "` + refOne + `"}`}, refuses(404, 10015)}
	tb["POST webhooks/160000000000002/token-2"] = ok(`{"id": "` + refMade + `"}`)
	_, g := withTable(t, tb, asAgents)
	at := attempt(g, planView(bridge.MessagePosted, "hello"))
	if r := mustDeliver(t, g, at); r.Ref != refOne {
		t.Errorf("receipt %+v", r)
	}
	if r := mustDeliver(t, g, at); r.Ref != refMade {
		t.Errorf("after somebody deleted the webhook: %+v", r)
	}
	if !g.isOurWebhook("160000000000001") {
		t.Error("posts of the lost webhook are not known to be ours")
	}
}

// The setting may have changed: what the bot made it changes itself, what a webhook
// made goes by the webhook.
func TestPostsOfBothIdentitiesCanBeChangedUnderEither(t *testing.T) {
	botEdit, botDelete := "PATCH channels/"+testThread+"/messages/"+refOne, "DELETE channels/"+testThread+"/messages/"+refOne
	hookEdit, hookDelete := "PATCH "+hookPath+"/messages/"+refOne, "DELETE "+hookPath+"/messages/"+refOne
	byBot := func() table {
		tb := textChannel()
		tb[botEdit], tb[botDelete] = ok(`{}`), []reply{{204, ""}}
		tb[hookEdit], tb[hookDelete] = []reply{refuses(404, 10008)}, []reply{refuses(404, 10008)}
		return tb
	}
	byHook := func() table {
		tb := textChannel()
		tb[botEdit], tb[botDelete] = []reply{refuses(403, 50005)}, []reply{refuses(403, 50013)}
		tb[hookEdit], tb[hookDelete] = ok(`{}`), []reply{{204, ""}}
		return tb
	}
	for name, tb := range map[string]func() table{"made by the bot": byBot, "made by the webhook": byHook} {
		for _, identity := range []string{IdentityBot, IdentityAgent} {
			f, g := withTable(t, tb(), func(o *Options) { o.Identity = identity })
			mustDeliver(t, g, attempt(g, shown(planView(bridge.MessageEdited, "new"), refOne)))
			mustDeliver(t, g, attempt(g, shown(planView(bridge.MessageDeleted, ""), refOne)))
			text := strings.Join(f.seen(), "\n")
			if name == "made by the webhook" && !strings.Contains(text, "thread_id="+testThread) {
				t.Errorf("%s, now %s: the webhook was not told the thread:\n%s", name, identity, text)
			}
		}
	}
}

// Somebody moved our webhook to another channel: its threads are not lost for that.
func TestWebhookThatWasMovedIsMadeAnew(t *testing.T) {
	tb := textChannel()
	tb["GET channels/"+testChannel+"/webhooks"] = append(tb["GET channels/"+testChannel+"/webhooks"], reply{200, `[]`})
	tb["POST "+hookPath] = []reply{refuses(404, 10003)}
	tb["POST channels/"+testChannel+"/webhooks"] = ok(`{"id": "160000000000002", "token": "token-2", "application_id": "` + testApp + `"}`)
	tb["POST webhooks/160000000000002/token-2"] = ok(`{"id": "` + refMade + `"}`)
	_, g := withTable(t, tb, asAgents)
	if r := mustDeliver(t, g, attempt(g, planView(bridge.MessagePosted, "hello"))); r.Ref != refMade {
		t.Errorf("receipt %+v", r)
	}
}

// That the webhook is asked to wait does not make the bot's refusal the end of it.
func TestEditByAWebhookWaitsForIt(t *testing.T) {
	tb := textChannel()
	tb["PATCH channels/"+testThread+"/messages/"+refOne] = []reply{refuses(403, 50005)}
	tb["PATCH "+hookPath+"/messages/"+refOne] = []reply{{429, `{"message": "slow", "retry_after": 1}`}}
	_, g := withTable(t, tb)
	se := asError(t, errOf(g.Deliver(t.Context(), attempt(g, shown(planView(bridge.MessageEdited, "new"), refOne)))))
	if se.Class != bridge.RateLimited {
		t.Errorf("the edit: %v", se)
	}
}

func TestPostOfALostWebhookIsShownAnewAndDeletedByAModerator(t *testing.T) {
	tb := textChannel()
	tb["GET channels/"+testChannel+"/webhooks"] = ok(`[]`)
	tb["PATCH channels/"+testThread+"/messages/"+refOne] = []reply{refuses(403, 50005)}
	tb["DELETE channels/"+testThread+"/messages/"+refOne] = []reply{refuses(403, 50013)}
	_, g := withTable(t, tb, asAgents)
	v := shown(planView(bridge.MessageEdited, "new words"), refOne)
	se := asError(t, errOf(g.Deliver(t.Context(), attempt(g, v))))
	if se.Class != bridge.Rejected {
		t.Errorf("the edit: %v", se)
	}
	v.Rejected = se.Code
	if c := contents(g.Plan(v)); len(c) != 1 || !strings.Contains(c[0].text, "edited") || !strings.Contains(c[0].text, "new words") {
		t.Errorf("in its place: %+v", c)
	}
	se = asError(t, errOf(g.Deliver(t.Context(), attempt(g, shown(planView(bridge.MessageDeleted, ""), refOne)))))
	if se.Class != bridge.Gone || !strings.Contains(se.Remedy, "Manage Messages") {
		t.Errorf("the delete: %v: %q", se, se.Remedy)
	}
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

func TestUnlockingGentlyTouchesOnlyWhatIsLocked(t *testing.T) {
	get, patch := "GET channels/"+testThread, "PATCH channels/"+testThread
	for _, locked := range []bool{false, true} {
		tb := textChannel()
		tb[get] = ok(fmt.Sprintf(`{"id": "%s", "type": 11, "thread_metadata": {"locked": %v}}`, testThread, locked))
		tb[patch] = []reply{refuses(403, 50013)}
		f, g := withTable(t, tb)
		mustDeliver(t, g, attempt(g, planView(bridge.ConversationReopened, "")))
		if want := map[bool][]string{false: {get}, true: {get, patch}}[locked]; !slices.Equal(f.seen(), want) {
			t.Errorf("locked %v: %q", locked, f.seen())
		}
	}
}

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

func TestCheckNamesEveryLackWithItsRemedy(t *testing.T) {
	tb := textChannel()
	tb["GET users/@me"] = ok(`{"id": "` + testBot + `", "username": "sidebridge"}`)
	tb["GET applications/@me"] = ok(`{"id": "` + testApp + `", "flags": 0}`)
	tb["GET guilds/"+testGuild] = ok(`{"id": "` + testGuild + `"}`)
	tb["GET applications/"+testApp+"/guilds/"+testGuild+"/commands"] = []reply{refuses(403, 50001)}
	tb["GET channels/1100000000000001"] = []reply{refuses(403, 50001)}
	_, a := newAPI(t, tb.serve)
	g := a.Guilds()[0]
	found := a.Check(t.Context(), []bridge.Place{g.at(testChannel), g.at("1100000000000001")})
	bad := map[string]string{
		"the bot may read what messages say":                          "Message Content Intent",
		"the bot may offer its commands in the server " + testGuild:   "applications.commands",
		"conversations can be opened in the channel 1100000000000001": "View Channel",
		"the bot token works":                                         "",
		"the bot is in the server " + testGuild:                       "",
		"conversations can be opened in #billing":                     "",
	}
	if len(found) != len(bad) {
		t.Errorf("found %+v", found)
	}
	for _, f := range found {
		remedy, known := bad[f.What]
		if !known || f.OK != (remedy == "") || !strings.Contains(f.Remedy, remedy) {
			t.Errorf("%+v", f)
		}
	}
}

func TestChannelsAreListedWithWhatTheBotMayDoThere(t *testing.T) {
	tb := textChannel()
	deny := `[{"id": "` + testGuild + `", "type": 0, "allow": "0", "deny": "1024"}]`
	tb["GET guilds/"+testGuild+"/roles"] = ok(`[{"id": "` + testGuild + `", "permissions": "` + fmt.Sprint(uint64(1<<63-1)&^(1<<3)) + `"}]`)
	tb["GET guilds/"+testGuild+"/channels"] = ok(`[{"id": "11", "type": 4, "name": "Support"}, {"id": "12", "type": 0, "name": "billing"},
		{"id": "13", "type": 15, "name": "tickets"}, {"id": "14", "type": 2, "name": "voice"},
		{"id": "15", "type": 0, "name": "leads", "permission_overwrites": ` + deny + `}]`)
	_, g := withTable(t, tb)
	var got []Channel
	if err := g.Channels(t.Context(), func(page []Channel) error { got = append(got, page...); return nil }); err != nil {
		t.Fatal(err)
	}
	want := []Channel{
		{ID: "12", Name: "billing", Member: true},
		{ID: "13", Name: "tickets", Member: true, Forum: true},
		{ID: "15", Name: "leads", Private: true},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
}
