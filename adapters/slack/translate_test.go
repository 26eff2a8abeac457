package slack

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
)

// offline returns an adapter that knows who it is and asks nobody.
func offline(t testing.TB, change ...func(*Options)) *Adapter {
	t.Helper()
	o := Options{
		Workspace: "T1", BotToken: "xoxb-1", SigningSecrets: []string{"secret"}, Inbox: newMemoryInbox(),
		APIURL: "http://127.0.0.1:1/api/", Budget: plenty,
	}
	for _, fn := range change {
		fn(&o)
	}
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	a.me = identity{user: "UBOT", bot: "BBOT", app: "A1", name: "sidebridge"}
	close(a.identified)
	for _, id := range []string{"U1", "U2", "C1"} {
		a.names.learn(id, "Name of "+id, nameAge)
		a.channelNames.learn(id, "channel-"+id, nameAge)
	}
	a.nameBudget = 0
	return a
}

const (
	rootTS  = "1700000000.000100"
	replyTS = "1700000001.000200"
)

func translated(t *testing.T, a *Adapter, raw string) (bridge.Inbound, string) {
	t.Helper()
	var e event
	if err := decode([]byte(raw), &e); err != nil {
		t.Fatal(err)
	}
	return a.translate(t.Context(), &e)
}

func TestAReplyBecomesAPost(t *testing.T) {
	in, skip := translated(t, offline(t), `{"type":"message","channel":"C1","user":"U1","text":"*see* <@U2> in <#C1>",
		"ts":"`+replyTS+`","thread_ts":"`+rootTS+`","client_msg_id":"abc","team":"T1",
		"files":[{"id":"F1","name":"../a\u202e.pdf","mimetype":"application/pdf","size":3}]}`)
	if skip != "" {
		t.Fatal(skip)
	}
	want := bridge.Inbound{
		Kind: bridge.InPost,
		Source: bridge.Source{
			Surface: "slack", Workspace: "T1", Channel: "C1", Thread: rootTS, Ref: replyTS, Order: replyTS,
			SentAt: 1700000001000200,
		},
		Author: bridge.Account{Surface: "slack", Workspace: "T1", ID: "U1"}, AuthorName: "Name of U1",
		Body:  "**see** [@Name of U2](mention:slack/T1/U2) in [#channel-C1](channel:slack/T1/C1)",
		Files: []bridge.InboundFile{{Ref: "F1", Name: "a.pdf", MIME: "application/pdf", Size: 3}},
		Key:   "slack/T1/C1/abc",
	}
	if diff := cmp.Diff(want, in); diff != "" {
		t.Error(diff)
	}
}

func TestWhichMessagesAreTaken(t *testing.T) {
	reply := `"type":"message","channel":"C1","ts":"` + replyTS + `","thread_ts":"` + rootTS + `"`
	root := `"type":"message","channel":"C1","ts":"` + replyTS + `"`
	changed := func(inner string) string {
		return `{"type":"message","subtype":"message_changed","channel":"C1","ts":"1700000009.000000","hidden":true,"message":{"ts":"` +
			replyTS + `","thread_ts":"` + rootTS + `",` + inner + `}}`
	}
	tests := []struct {
		name, raw string
		kind      bridge.InboundKind
		skip      string
	}{
		{"a reply", `{` + reply + `,"user":"U1","text":"x"}`, bridge.InPost, ""},
		{"an app_mention", `{` + reply + `,"type":"app_mention","user":"U1","text":"x"}`, bridge.InPost, ""},
		{"a post that begins a thread", `{` + root + `,"user":"U1","text":"x"}`, "", skipNoThread},
		{"a parent that names itself", `{` + root + `,"thread_ts":"` + replyTS + `","user":"U1","text":"x"}`, "", skipNoThread},
		{"a file", `{` + reply + `,"subtype":"file_share","user":"U1","files":[{"id":"F1"}]}`, bridge.InPost, ""},
		{"a broadcast", `{` + reply + `,"subtype":"thread_broadcast","user":"U1","text":"x"}`, bridge.InPost, ""},
		{"a person's post through an app", `{` + reply + `,"user":"U1","app_id":"A9","text":"x"}`, bridge.InPost, ""},
		{"another bot", `{` + reply + `,"user":"U1","bot_id":"B9","app_id":"A9","text":"x"}`, "", skipBot},
		{"an incoming webhook", `{` + reply + `,"subtype":"bot_message","bot_id":"B9","username":"hook","text":"x"}`, "", skipBot},
		{"an allowed bot", `{` + reply + `,"subtype":"bot_message","bot_id":"BOK","username":"hook","text":"x"}`, bridge.InPost, ""},
		{"Slackbot", `{` + reply + `,"user":"USLACKBOT","text":"x"}`, "", skipBot},
		{"our own post", `{` + reply + `,"user":"UBOT","bot_id":"BBOT","text":"x"}`, bridge.InPost, ""},
		{"our post under an agent's name", `{` + reply + `,"subtype":"bot_message","bot_id":"BBOT","username":"Alice","text":"x"}`, bridge.InPost, ""},
		{"a join", `{` + reply + `,"subtype":"channel_join","user":"U1","text":"x"}`, "", skipSubtype},
		{"a message_replied", `{` + reply + `,"subtype":"message_replied"}`, "", skipSubtype},
		{"a text withheld by key management", `{` + reply + `,"subtype":"ekm_access_denied","user":"U1","text":"x"}`, "", skipHidden},
		{"a text hidden by the plan", `{` + reply + `,"user":"U1","text":"","is_hidden_by_limit":1}`, "", skipHidden},
		{"no channel", `{"type":"message","ts":"` + replyTS + `","user":"U1"}`, "", skipMalformed},
		{"no ts", `{"type":"message","channel":"C1","user":"U1"}`, "", skipMalformed},
		{"an edit", changed(`"user":"U1","text":"y","edited":{"user":"U1","ts":"1700000009.000000"}`), bridge.InEdit, ""},
		{"an edit of our own", changed(`"user":"UBOT","bot_id":"BBOT","text":"y","edited":{"user":"BBOT","ts":"1700000009.000000"}`), bridge.InEdit, ""},
		{"an unfurl", changed(`"user":"U1","text":"y","attachments":[{}]`), "", skipNoEdit},
		{"a reply count", changed(`"user":"U1","text":"y","reply_count":3`), "", skipNoEdit},
		{"a tombstone", changed(`"user":"USLACKBOT","subtype":"tombstone","text":"This message was deleted."`), bridge.InDelete, ""},
		{"a change of nothing", `{"type":"message","subtype":"message_changed","channel":"C1"}`, "", skipMalformed},
		{"a delete", `{"type":"message","subtype":"message_deleted","channel":"C1","deleted_ts":"` + replyTS + `","previous_message":{"user":"U1","ts":"` +
			replyTS + `","thread_ts":"` + rootTS + `"}}`, bridge.InDelete, ""},
		{"a delete without the message", `{"type":"message","subtype":"message_deleted","channel":"C1","deleted_ts":"` + replyTS + `"}`, bridge.InDelete, ""},
		{"another bot's delete", `{"type":"message","subtype":"message_deleted","channel":"C1","deleted_ts":"` + replyTS +
			`","previous_message":{"user":"U1","bot_id":"B9","ts":"` + replyTS + `","thread_ts":"` + rootTS + `"}}`, "", skipBot},
		{"a delete of nothing", `{"type":"message","subtype":"message_deleted","channel":"C1"}`, "", skipMalformed},
	}
	a := offline(t, func(o *Options) { o.Bots = []string{"BOK"} })
	for _, test := range tests {
		in, skip := translated(t, a, test.raw)
		if in.Kind != test.kind || skip != test.skip {
			t.Errorf("%s: %q, skipped as %q; want %q, %q", test.name, in.Kind, skip, test.kind, test.skip)
		}
		if skip == "" && test.name != "a delete without the message" && in.Source.Thread != rootTS {
			t.Errorf("%s: thread %q", test.name, in.Source.Thread)
		}
	}
}

func TestOurEchoCarriesItsTokenUnlessItStrayedIntoTheChannel(t *testing.T) {
	a := offline(t)
	ours := `"type":"message","channel":"C1","user":"UBOT","bot_id":"BBOT","app_id":"A1","text":"*Alice*\nhi","ts":"` + replyTS + `"`
	tests := []struct{ name, raw, token string }{
		{"a reply", `{` + ours + `,"thread_ts":"` + rootTS + `","metadata":{"event_type":"sidebridge_delivery","event_payload":{"d":"tok"}}}`, "tok"},
		{"a root", `{` + ours + `,"metadata":{"event_type":"sidebridge_delivery","event_payload":{"d":"tok","r":true}}}`, "tok"},
		{"a stray", `{` + ours + `,"metadata":{"event_type":"sidebridge_delivery","event_payload":{"d":"tok"}}}`, ""},
		{"another app's metadata", `{` + ours + `,"thread_ts":"` + rootTS + `","metadata":{"event_type":"other","event_payload":{"d":5}}}`, ""},
	}
	for _, test := range tests {
		in, skip := translated(t, a, test.raw)
		if !in.Ours || in.Token != test.token || skip != "" || in.Body != "" {
			t.Errorf("%s: ours %v, token %q, skipped %q", test.name, in.Ours, in.Token, skip)
		}
	}
}

func TestSomebodyElsesTokenProvesNothing(t *testing.T) {
	in, skip := translated(t, offline(t), `{"type":"message","channel":"C1","user":"U1","app_id":"A9","text":"x","ts":"`+replyTS+
		`","thread_ts":"`+rootTS+`","metadata":{"event_type":"sidebridge_delivery","event_payload":{"d":"tok"}}}`)
	if skip != "" || in.Ours || in.Token != "" {
		t.Errorf("ours %v, token %q, skipped %q", in.Ours, in.Token, skip)
	}
}

func TestAForwardedMessageIsQuotedAndAPreviewIsNot(t *testing.T) {
	reply := `"type":"message","channel":"C1","user":"U1","ts":"` + replyTS + `","thread_ts":"` + rootTS + `"`
	for raw, want := range map[string]string{
		`{` + reply + `,"text":"look","attachments":[{"is_share":true,"author_name":"Bo","text":"one\ntwo"}]}`:         "look\n\n> **Bo**\n> one\n> two",
		`{` + reply + `,"text":"","attachments":[{"fallback":"a card"}]}`:                                              "> a card",
		`{` + reply + `,"text":"<https://e.org>","attachments":[{"from_url":"https://e.org","text":"the page says"}]}`: "<https://e.org>",
	} {
		in, skip := translated(t, offline(t), raw)
		if skip != "" || in.Body != want {
			t.Errorf("%q, want %q", in.Body, want)
		}
	}
}

// F12: every combination of the two fields has one meaning, and only a valid ts
// names a thread.
func TestThreadRules(t *testing.T) {
	tests := []struct {
		ts, thread string
		want       string
		reply      bool
	}{
		{replyTS, "", replyTS, false},
		{replyTS, replyTS, replyTS, false},
		{replyTS, rootTS, rootTS, true},
		{"", "", "", false},
	}
	for _, test := range tests {
		if got := threadOf(test.ts, test.thread); got != test.want || isReply(test.ts, test.thread) != test.reply {
			t.Errorf("ts %q thread %q: thread %q, reply %v", test.ts, test.thread, got, isReply(test.ts, test.thread))
		}
	}
	for _, bad := range []string{"", "null", "0", "1.0", "1700000000.00010", "1700000000.0001000", "-1700000000.000100", "1700000000.000100 "} {
		if thread, err := newThreadTS(bad); err == nil || thread.ts != "" {
			t.Errorf("thread %q is accepted", bad)
		}
	}
	if us := tsMicros(rootTS); us != 1700000000000100 || microsTS(us) != rootTS {
		t.Errorf("%s is %d microseconds, and back %s", rootTS, us, microsTS(us))
	}
	if !laterTS("10000000000.000000", "9999999999.999999") || laterTS(rootTS, rootTS) {
		t.Error("ts are compared as text and not as numbers")
	}
}

// F22: what Slack withholds has a defined result and never panics.
func TestFilesOfEveryModeAreNamed(t *testing.T) {
	in, skip := translated(t, offline(t), `{"type":"message","channel":"C1","user":"U1","ts":"`+replyTS+`","thread_ts":"`+rootTS+`","files":[
		{"id":"F1","mode":"file_access","file_access":"check_file_info"},{"id":"F2","mode":"tombstone"},
		{"id":"F3","mode":"hidden_by_limit","name":null},{"mode":"hosted"},null]}`)
	if skip != "" || len(in.Files) != 3 || in.Files[0].Name != "F1" {
		t.Errorf("skipped %q, files %v", skip, in.Files)
	}
}

func FuzzTranslate(f *testing.F) {
	f.Add([]byte(`{"type":"message","channel":"C1","user":"U1","text":"x","ts":"1700000001.000200","thread_ts":"1700000000.000100"}`))
	f.Add([]byte(`{"type":"message","subtype":"message_changed","channel":{"id":"C1"},"message":{"edited":{"ts":"1"}}}`))
	f.Add([]byte(`{"type":"message","subtype":"message_deleted","channel":"C1","deleted_ts":"1700000001.000200","previous_message":null}`))
	f.Add([]byte(`{"type":"user_change","user":{"id":"U1"},"files":[null,{"id":5}],"blocks":{},"metadata":{"event_payload":[]}}`))
	a := offline(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var e event
		if decode(raw, &e) != nil {
			return
		}
		in, skip := a.translate(t.Context(), &e)
		if skip != "" {
			return
		}
		if !validTS(in.Source.Ref) || !validTS(in.Source.Thread) || in.Source.Channel == "" || in.Author.ID == "" && in.Kind != bridge.InDelete {
			t.Errorf("a taken message lacks its place or author: %+v", in)
		}
		if in.Ours && in.Body != "" {
			t.Error("our own words came back as somebody's")
		}
	})
}

func FuzzEnvelope(f *testing.F) {
	for _, seed := range []string{
		`{"type":"event_callback","team_id":"T1","event_id":"Ev1","event":{"type":"message"}}`,
		`{"type":"block_actions","user":{"id":"U1","team_id":"T1"},"actions":[{"action_id":"sidebridge_close"}],"container":{"message_ts":"1700000000.000100"}}`,
		`{"envelope_id":"x","type":"events_api","payload":[]}`, `null`, `[]`, `"x"`,
		`{"type":"event_callback","team_id":"T1","event":{"type":"reaction_added","user":"U1","reaction":"+1::skin-tone-2","item_user":"U2","item":{"type":"message","channel":"C1","ts":"1700000000.000100"}}}`,
		`{"type":"message_action","callback_id":"sidebridge_attach","user":{"id":"U1","team_id":"T9"},"channel":{"id":"C1"},"message":{"ts":"1700000000.000100"}}`,
		`{"type":"view_submission","user":{"id":"U1","team_id":"T1"},"view":{"callback_id":"sidebridge_attach","private_metadata":"{}","state":{"values":{"ticket":{"ticket":{"value":"x"}}}}}}`,
		`{"command":"/sidebridge","text":"start 4711 why","team_id":"T1","user_id":"U1","channel_id":"C1"}`,
	} {
		f.Add([]byte(seed))
	}
	a := offline(f)
	a.prompt = time.Millisecond // nobody answers here
	f.Fuzz(func(t *testing.T, raw []byte) {
		var p payload
		if decode(raw, &p) != nil {
			return
		}
		if _, err := a.receive(t.Context(), &p, raw); err != nil {
			t.Errorf("not acknowledged: %v", err)
		}
		if len(a.inbox.(*memoryInbox).quarantined) > 0 {
			t.Errorf("put aside: %v", a.inbox.(*memoryInbox).quarantined)
		}
		for len(a.errands) > 0 {
			<-a.errands
		}
	})
}

func BenchmarkReceive(b *testing.B) {
	a := offline(b)
	raw := []byte(`{"token":"t","team_id":"T1","api_app_id":"A1","type":"event_callback","event_id":"Ev1","event_time":1700000001,
		"authorizations":[{"team_id":"T1","user_id":"UBOT","is_bot":true}],"event":{"type":"message","channel":"C1","user":"U1",
		"text":"The customer has *two* contracts, see <@U2>","ts":"` + replyTS + `","thread_ts":"` + rootTS + `","client_msg_id":"abc","team":"T1",
		"blocks":[{"type":"rich_text","block_id":"x","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"The customer has "},
		{"type":"text","text":"two","style":{"bold":true}},{"type":"text","text":" contracts, see "},{"type":"user","user_id":"U2"}]}]}]}}`)
	a.inbox = acceptAll{}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		var p payload
		if err := json.Unmarshal(raw, &p); err != nil {
			b.Fatal(err)
		}
		if _, err := a.receive(b.Context(), &p, raw); err != nil {
			b.Fatal(err)
		}
	}
}

type acceptAll struct{ *memoryInbox }

func (acceptAll) Accept(context.Context, bridge.Inbound) (bridge.Result, error) {
	return bridge.Result{Outcome: bridge.Accepted}, nil
}
