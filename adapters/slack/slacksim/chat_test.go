package slacksim

import (
	"strings"
	"testing"
	"time"
)

func TestPostIsStoredAsSlackStoresIt(t *testing.T) {
	w := start(t, Options{})
	a := w.must("chat.postMessage", "channel", w.ch, "text", "a & b <c> <@"+w.anna.ID()+"> see https://example.com/x.")
	want := "a &amp; b &lt;c&gt; <@" + w.anna.ID() + "> see <https://example.com/x>."
	m, found := w.Message(w.ch, a.TS)
	if !found || m.Text != want || a.Message.Text != want || m.AppID != w.AppID() || m.BotID != w.BotID() || m.User != w.BotUserID() {
		t.Errorf("stored %+v", m)
	}
	if !contains(m.Blocks, `"rich_text"`) || !contains(m.Blocks, `"a \u0026 b \u003cc\u003e "`) {
		t.Errorf("Slack makes a rich_text block of a bare text: %s", m.Blocks)
	}
	if a.Message.BotProfile == nil || a.Message.BotProfile.AppID != w.AppID() {
		t.Errorf("bot_profile %+v", a.Message.BotProfile)
	}
}

func TestPostRefusals(t *testing.T) {
	w := start(t, Options{Scopes: []string{"chat:write", "channels:history"}})
	private := w.AddChannel(ChannelSpec{Name: "secret", Private: true, WithoutBot: true})
	public := w.AddChannel(ChannelSpec{Name: "lobby", WithoutBot: true})
	root := w.post(w.anna, "root")
	long := strings.Repeat("x", 3001)
	many := "[" + strings.Repeat(`{"type":"divider"},`, 50) + `{"type":"divider"}]`
	for _, c := range []struct {
		code string
		args []string
	}{
		{"channel_not_found", []string{"channel", private, "text", "x"}},
		{"channel_not_found", []string{"text", "x"}},
		{"not_in_channel", []string{"channel", public, "text", "x"}},
		{"no_text", []string{"channel", w.ch}},
		{"missing_scope", []string{"channel", w.ch, "text", "x", "username", "Agent Alice"}},
		{"invalid_thread_ts", []string{"channel", w.ch, "text", "x", "thread_ts", "yesterday"}},
		{"invalid_blocks_format", []string{"channel", w.ch, "blocks", "{"}},
		{"invalid_blocks", []string{"channel", w.ch, "blocks", many}},
		{"invalid_blocks", []string{"channel", w.ch, "blocks", `[{"type":"section","text":{"type":"mrkdwn","text":"` + long + `"}}]`}},
		{"markdown_text_conflict", []string{"channel", w.ch, "text", "x", "markdown_text", "y"}},
		{"msg_too_long", []string{"channel", w.ch, "markdown_text", strings.Repeat("y", 12001)}},
		{"invalid_metadata_format", []string{"channel", w.ch, "text", "x", "metadata", "nope"}},
		{"invalid_metadata_schema", []string{"channel", w.ch, "text", "x", "metadata", `{"event_type":"a b","event_payload":{}}`}},
		{"metadata_too_large", []string{"channel", w.ch, "text", "x", "metadata", `{"event_type":"a","event_payload":{"x":"` + strings.Repeat("y", 9000) + `"}}`}},
		{"too_many_attachments", []string{"channel", w.ch, "attachments", "[" + strings.Repeat(`{"text":"a"},`, 100) + `{"text":"a"}]`}},
	} {
		w.refused(c.code, "chat.postMessage", c.args...)
	}
	w.GrantScope("chat:write.public")
	w.must("chat.postMessage", "channel", public, "text", "x")
	w.check(w.LockThread(w.ch, root, true))
	w.refused("restricted_action_thread_locked", "chat.postMessage", "channel", w.ch, "text", "x", "thread_ts", root)
	w.check(w.SetPolicy(w.ch, "restricted_action_read_only_channel"))
	w.refused("restricted_action_read_only_channel", "chat.postMessage", "channel", w.ch, "text", "x")
	w.check(w.Archive(w.ch))
	w.refused("is_archived", "chat.postMessage", "channel", w.ch, "text", "x")
	w.check(w.DeleteChannel(w.ch))
	w.refused("channel_not_found", "chat.postMessage", "channel", w.ch, "text", "x")
}

func TestLongTextsBecomeSeveralMessagesWithOneTS(t *testing.T) {
	w := start(t, Options{})
	for _, c := range []struct{ length, messages, stored int }{
		{4040, 1, 4040}, {4041, 2, 4041}, {8001, 3, 8001}, {41000, 10, 40000},
	} {
		ch := w.AddChannel(ChannelSpec{Name: "c"})
		a := w.must("chat.postMessage", "channel", ch, "text", strings.Repeat("ж", c.length))
		all, stored := w.Channel(ch), 0
		for _, m := range all {
			stored += len([]rune(m.Text))
		}
		if len(all) != c.messages || stored != c.stored || a.TS != all[0].TS {
			t.Errorf("%d characters: %d messages of %d", c.length, len(all), stored)
		}
	}
}

func TestReplyGoesToItsThreadAndABroadcastAlsoToTheChannel(t *testing.T) {
	r := receive(t)
	w := start(t, Options{EventsURL: r.URL})
	root := w.post(w.anna, "root")
	a := w.must("chat.postMessage", "channel", w.ch, "text", "reply", "thread_ts", root)
	if a.Message.ThreadTS != root || a.Message.ParentUserID != w.anna.ID() {
		t.Errorf("reply %+v", a.Message)
	}
	b := w.must("chat.postMessage", "channel", w.ch, "text", "loud", "thread_ts", root, "reply_broadcast", "true")
	if n := len(w.Thread(w.ch, root)); n != 3 {
		t.Errorf("thread has %d messages", n)
	}
	if list := w.Channel(w.ch); len(list) != 2 || list[1].TS != b.TS {
		t.Errorf("channel %+v", list)
	}
	w.settle()
	if e := r.of("thread_broadcast"); len(e) != 1 || e[0].Root == nil || e[0].Root.TS != root {
		t.Errorf("thread_broadcast %+v", e)
	}
	odd := w.must("chat.postMessage", "channel", w.ch, "text", "odd", "thread_ts", a.TS)
	if !w.Arrivals()[len(w.Arrivals())-1].ReplyToReply || len(w.Thread(w.ch, root)) != 3 {
		t.Errorf("a reply to a reply is not flagged: %+v", odd.Message)
	}
}

func TestReplyToADeletedParentLandsInTheChannelAndSaysOK(t *testing.T) {
	w := start(t, Options{})
	root := w.post(w.anna, "root")
	w.check(w.anna.Delete(w.ch, root))
	a := w.must("chat.postMessage", "channel", w.ch, "text", "late", "thread_ts", root)
	if a.Message.ThreadTS != "" {
		t.Error("the answer says it was threaded")
	}
	if list := w.Channel(w.ch); len(list) != 1 || list[0].Text != "late" {
		t.Errorf("channel %+v", list)
	}
	if last := w.Arrivals()[0]; !last.Unthreaded {
		t.Errorf("arrival %+v", last)
	}
}

func TestMetadataIsShownInFullOnlyWhenAskedFor(t *testing.T) {
	w := start(t, Options{})
	a := w.must("chat.postMessage", "channel", w.ch, "text", "x", "metadata", `{"event_type":"delivery","event_payload":{"d":"1"}}`)
	list := w.must("conversations.history", "channel", w.ch).Messages
	if m := list[0].Metadata; m == nil || m.EventType != "delivery" || m.EventPayload != nil {
		t.Errorf("without the flag: %+v", m)
	}
	for _, flag := range []string{"true", "1"} {
		list = w.must("conversations.replies", "channel", w.ch, "ts", a.TS, "include_all_metadata", flag).Messages
		if m := list[0].Metadata; m == nil || compact(t, m.EventPayload) != `{"d":"1"}` {
			t.Errorf("with the flag: %+v", m)
		}
	}
	w.must("chat.update", "channel", w.ch, "ts", a.TS, "text", "y")
	if m, _ := w.Message(w.ch, a.TS); m.MetadataType != "delivery" {
		t.Error("an update without metadata removed it")
	}
	w.must("chat.update", "channel", w.ch, "ts", a.TS, "text", "y", "metadata", "{}")
	if m, _ := w.Message(w.ch, a.TS); m.MetadataType != "" {
		t.Error("an empty object did not remove metadata")
	}
}

func TestUpdateAndDelete(t *testing.T) {
	r := receive(t)
	c := newClock()
	w := start(t, Options{EventsURL: r.URL, Now: c.Now, EditWindow: time.Hour})
	own := w.must("chat.postMessage", "channel", w.ch, "text", "one", "blocks", `[{"type":"divider"}]`).TS
	theirs := w.post(w.anna, "not yours")
	a := w.must("chat.update", "channel", w.ch, "ts", own, "text", "two")
	if a.Text != "two" || a.Message.Edited == nil || contains(a.Message.Blocks, "divider") {
		t.Errorf("update %+v", a.Message)
	}
	w.settle()
	if e := r.of("message_changed"); len(e) != 1 || e[0].Message.Edited == nil || e[0].Message.AppID != w.AppID() || e[0].Previous.Text != "one" {
		t.Errorf("event %+v", e)
	}
	w.refused("msg_too_long", "chat.update", "channel", w.ch, "ts", own, "text", strings.Repeat("x", 4001))
	w.refused("no_text", "chat.update", "channel", w.ch, "ts", own)
	w.refused("cant_update_message", "chat.update", "channel", w.ch, "ts", theirs, "text", "x")
	w.refused("message_not_found", "chat.update", "channel", w.ch, "ts", "1.000000", "text", "x")
	w.refused("cant_delete_message", "chat.delete", "channel", w.ch, "ts", theirs)
	c.advance(2 * time.Hour)
	w.refused("edit_window_closed", "chat.update", "channel", w.ch, "ts", own, "text", "x")
	w.check(w.Archive(w.ch))
	w.refused("is_inactive", "chat.update", "channel", w.ch, "ts", own, "text", "x")
	w.check(w.Unarchive(w.ch))
	w.must("chat.delete", "channel", w.ch, "ts", own)
	w.refused("message_not_found", "chat.delete", "channel", w.ch, "ts", own)
}

func TestCustomisedAuthorCannotBeDeleted(t *testing.T) {
	w := start(t, Options{})
	args := []string{"channel", w.ch, "text", "hi", "username", "Agent Alice", "icon_emoji", ":wave:"}
	a := w.must("chat.postMessage", args...)
	if a.Message.Subtype != "bot_message" || a.Message.User != "" || a.Message.Username != "Agent Alice" || a.Message.Icons.Emoji != ":wave:" {
		t.Errorf("message %+v", a.Message)
	}
	w.refused("cant_delete_message", "chat.delete", "channel", w.ch, "ts", a.TS)
	w.must("chat.update", "channel", w.ch, "ts", a.TS, "text", "edited")

	lax := start(t, Options{AllowCustomDelete: true})
	args[1] = lax.ch
	lax.must("chat.delete", "channel", lax.ch, "ts", lax.must("chat.postMessage", args...).TS)
}

func TestEphemeralIsShownToOneMember(t *testing.T) {
	w := start(t, Options{})
	stranger := w.AddUser(UserSpec{Name: "cleo"})
	w.refused("user_not_in_channel", "chat.postEphemeral", "channel", w.ch, "user", stranger.ID(), "text", "x")
	a := w.must("chat.postEphemeral", "channel", w.ch, "user", w.bo.ID(), "text", "psst")
	list := w.Ephemerals()
	if len(list) != 1 || list[0].User != w.bo.ID() || list[0].Text != "psst" || list[0].TS != a.MessageTS {
		t.Errorf("ephemerals %+v", list)
	}
	if n := len(w.Channel(w.ch)); n != 0 {
		t.Errorf("%d messages are stored", n)
	}
}

func TestTimestampsAreUniqueAndGrowEvenWhenTheClockDoesNot(t *testing.T) {
	c := newClock()
	w := start(t, Options{Now: c.Now})
	last := ""
	for i := range 50 {
		if i == 25 {
			c.advance(-time.Hour)
		}
		ts := w.post(w.anna, "x")
		if ts <= last || len(ts) != 17 {
			t.Fatalf("%s after %s", ts, last)
		}
		last = ts
	}
}
