package discord

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
)

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

// A file that was fetched later is that of who posted it, not of the daemon.
func TestFileThatComesLaterIsPostedAsWhoSaidIt(t *testing.T) {
	_, g := withTable(t, textChannel(), asAgents)
	v := shown(planView(bridge.FileStored, ""), refOne)
	v.Entry.Facts.Role, v.Entry.Facts.Person, v.Entry.Words.Name = bridge.RoleSystem, "", "Sidebridge"
	v.Files = []bridge.ViewFile{{Name: "log.txt", Size: 3}}
	v.Post = &bridge.Entry{Kind: bridge.MessagePosted}
	v.Post.Facts.Role, v.Post.Facts.Person, v.Post.Words.Name = bridge.RoleExpert, "sanne", "Sanne"
	v.Post.Facts.Source = &bridge.Source{Surface: "slack", Workspace: "T1", Channel: "C1"}
	calls := g.Plan(v)
	if len(calls) != 1 {
		t.Fatalf("%d calls", len(calls))
	}
	if c, _ := calls[0].Payload.(*content); c == nil || c.author != "Sanne (Slack)" || c.person != "sanne" || len(c.files) != 1 {
		t.Errorf("posted as %+v", calls[0].Payload)
	}
}
