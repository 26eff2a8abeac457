package discordsim

import (
	"fmt"
	"strings"
	"testing"
)

// hook makes a webhook in a channel and returns its path.
func (r *rig) hook(channel string) string {
	r.t.Helper()
	h := r.want("POST", "channels/"+channel+"/webhooks", fields{"name": "Agents"})
	return "webhooks/" + h.id() + "/" + h.text("token")
}

// https://docs.discord.com/developers/resources/webhook#execute-webhook
func TestWebhooksPostUnderAnyNameIntoTheirChannelsThreads(t *testing.T) {
	r := quiet(t)
	th, path := r.thread(), r.hook(r.ch)
	r.check(r.ArchiveThread(th))
	a := r.want("POST", path+"?wait=true&thread_id="+th, fields{
		"content": "hello", "username": "Alice", "avatar_url": "https://example.com/a.png", "nonce": "n", "enforce_nonce": true,
	})
	id := strings.Split(path, "/")[1]
	author, _ := a.fields["author"].(map[string]any)
	if a.text("channel_id") != th || a.text("webhook_id") != id || author["username"] != "Alice" || author["id"] != id || a.fields["nonce"] != nil {
		t.Errorf("message %s", a.Raw)
	}
	if s, _ := r.State(th); s.Archived {
		t.Error("the thread is still archived")
	}
	if got := r.Thread(th)[1]; got.Username != "Alice" || !got.Bot || got.Webhook != id {
		t.Errorf("message %+v", got)
	}
	if b := r.want("POST", path+"?wait=true&thread_id="+th, fields{"content": "hello", "nonce": "n", "enforce_nonce": true}); b.id() == a.id() {
		t.Error("a webhook has no nonce")
	}
	// An edit needs the thread, and the bot cannot do it.
	r.refused(404, 10008, "PATCH", path+"/messages/"+a.id(), fields{"content": "x"})
	r.want("PATCH", path+"/messages/"+a.id()+"?thread_id="+th, fields{"content": "x"})
	r.refused(403, 50005, "PATCH", "channels/"+th+"/messages/"+a.id(), fields{"content": "x"})
	r.want("GET", path+"/messages/"+a.id()+"?thread_id="+th, nil)
	r.want("DELETE", path+"/messages/"+a.id()+"?thread_id="+th, nil)
	r.refused(404, 10008, "GET", path+"/messages/"+a.id()+"?thread_id="+th, nil)
	r.refused(404, 10003, "POST", path+"?wait=true&thread_id="+r.AddChannel(ChannelSpec{Name: "other"}), fields{"content": "x"})
	r.check(r.LockThread(th, true))
	r.refused(403, 160005, "POST", path+"?wait=true&thread_id="+th, fields{"content": "x"})
}

func TestWithoutWaitingNothingIsTold(t *testing.T) {
	r := quiet(t)
	path := r.hook(r.ch)
	for _, content := range []string{"kept", long(2001), ""} {
		if a := r.want("POST", path, fields{"content": content}); a.Status != 204 || len(a.Raw) != 0 {
			t.Errorf("%d %s", a.Status, a.Raw)
		}
	}
	if got := r.Channel(r.ch); len(got) != 1 {
		t.Errorf("%d messages", len(got))
	}
	r.refused(400, 50035, "POST", path+"?wait=true", fields{"content": long(2001)})
	for _, name := range []string{"Clyde", "my discord friend", long(81)} {
		r.refused(400, 50035, "POST", path+"?wait=true", fields{"content": "x", "username": name})
	}
}

// Errors 220001 to 220003 of https://docs.discord.com/developers/topics/opcodes-and-status-codes
func TestWebhooksOfForumsNeedAPost(t *testing.T) {
	r := quiet(t)
	forum := r.AddChannel(ChannelSpec{Name: "forum", Forum: true})
	path := r.hook(forum)
	r.refused(400, 220001, "POST", path+"?wait=true", fields{"content": "x"})
	a := r.want("POST", path+"?wait=true", fields{"content": "x", "thread_name": "T"})
	if a.text("channel_id") != a.id() || len(r.Threads(forum)) != 1 {
		t.Errorf("post %s", a.Raw)
	}
	r.want("POST", path+"?wait=true&thread_id="+a.id(), fields{"content": "more"})
	r.refused(400, 220002, "POST", path+"?wait=true&thread_id="+a.id(), fields{"content": "x", "thread_name": "T"})
	r.refused(400, 220003, "POST", r.hook(r.ch)+"?wait=true", fields{"content": "x", "thread_name": "T"})
}

// https://docs.discord.com/developers/resources/webhook#create-webhook
func TestWebhooksAreLimitedAndUnknownWhenDeleted(t *testing.T) {
	r := quiet(t)
	c := r.ready(allIntents | intentWebhooks)
	path := r.hook(r.ch)
	c.event("WEBHOOKS_UPDATE")
	r.refused(401, 50027, "POST", path+"x?wait=true", fields{"content": "x"})
	r.refused(400, 50035, "POST", "channels/"+r.ch+"/webhooks", fields{"name": "Discord"})
	for i := range 14 {
		r.want("POST", "channels/"+r.ch+"/webhooks", fields{"name": fmt.Sprint(i)})
	}
	r.refused(400, 30007, "POST", "channels/"+r.ch+"/webhooks", fields{"name": "one too many"})
	r.must(r.PostAsWebhook(r.ch, "", "Stranger", "hello"))
	for _, h := range r.want("GET", "channels/"+r.ch+"/webhooks", nil).list() {
		if own := h["application_id"] == r.AppID(); own != (h["token"] != nil) {
			t.Errorf("token shown: %v", h)
		}
	}
	r.want("DELETE", "webhooks/"+strings.Split(path, "/")[1], nil)
	r.refused(404, 10015, "POST", path+"?wait=true", fields{"content": "x"})
	r.check(r.DeleteWebhooks(r.ch))
	if a := r.want("GET", "channels/"+r.ch+"/webhooks", nil); string(a.Raw) != "[]" {
		t.Errorf("webhooks %s", a.Raw)
	}
	for _, a := range r.Arrivals() {
		if strings.Contains(a.Path, "hooktoken") {
			t.Errorf("a token in the log of arrivals: %s", a.Path)
		}
	}
}
