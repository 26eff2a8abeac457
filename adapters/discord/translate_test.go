package discord

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
)

func TestWordsAreTakenAsTheyWereMeant(t *testing.T) {
	for name, c := range map[string]struct{ message, want string }{
		"plain":   {`"content":"It is *paid* now","type":0`, "It is _paid_ now"},
		"reply":   {`"content":"yes","type":19,"message_reference":{"message_id":"1"}`, "yes"},
		"people":  {`"content":"<@1600000000000000> knows","mentions":[{"id":"1600000000000000","username":"sanne","member":{"nick":"Sanne V"}}]`, "[@Sanne V](mention:discord/1000000000000000/1600000000000000) knows"},
		"channel": {`"content":"see <#1100000000000000>"`, "see [#billing](channel:discord/1000000000000000/1100000000000000)"},
		"forward": {
			`"content":"look","message_reference":{"type":1},"message_snapshots":[{"message":{"content":"line 1\nline 2","attachments":[{"id":"31","filename":"a.png"}]}}]`,
			"look\n\n> _Forwarded:_\n> \n> line 1\n> line 2",
		},
		"sticker":    {`"content":"","sticker_items":[{"name":"wave_*"}]`, `_Sticker: wave\_\*_`},
		"poll":       {`"content":"","poll":{"question":{"text":"Refund?"},"answers":[{"poll_media":{"text":"Yes"}},{"poll_media":{"text":"No"}}]}`, "_Poll:_ Refund?\n- Yes\n- No"},
		"voice":      {`"content":"","flags":8192,"attachments":[{"id":"31","filename":"voice-message.ogg"}]`, "_Voice message_"},
		"file only":  {`"content":"","attachments":[{"id":"31","filename":"a.png"}]`, ""},
		"nothing":    {`"content":""`, "_A message that cannot be shown here._"},
		"a preview":  {`"content":"https://example.org","embeds":[{"type":"link","title":"Example","description":"free money"}]`, "<https://example.org>"},
		"wrong type": {`"content":"kept","flags":"many","embeds":{}`, "kept"},
	} {
		t.Run(name, func(t *testing.T) {
			in := &heardInbox{}
			g := newDeaf(t, in, nil)
			g.happens(t, "MESSAGE_CREATE", threadMessage("2000000000000001", anders+","+c.message))
			if len(in.all) != 1 {
				t.Fatalf("heard %+v", in.all)
			}
			if diff := cmp.Diff(c.want, in.all[0].Body); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBotsAreHeardOnlyWhenAllowed(t *testing.T) {
	const bot = `"author":{"id":"1700000000000000","username":"helper","bot":true},"application_id":"1800000000000000"`
	for name, c := range map[string]struct {
		message string
		allow   string
		want    string
	}{
		"unknown bot":         {bot + `,"content":"hi"`, "", ""},
		"by its account":      {bot + `,"content":"hi"`, "1700000000000000", "hi"},
		"by its application":  {bot + `,"content":"hi"`, "1800000000000000", "hi"},
		"answer to a command": {bot + `,"content":"hi","type":20`, "1700000000000000", "hi"},
		"webhook":             {`"author":{"id":"1900000000000000","username":"Alice"},"webhook_id":"1900000000000000","content":"hi"`, "", ""},
		"allowed webhook":     {`"author":{"id":"1900000000000000","username":"Alice"},"webhook_id":"1900000000000000","content":"hi"`, "1900000000000000", "hi"},
		"components":          {bot + `,"flags":32768,"components":[{"type":17,"components":[{"type":10,"content":"from a part"}]}]`, "1700000000000000", "from a part"},
		"embed":               {bot + `,"embeds":[{"type":"rich","title":"Build","description":"failed"}]`, "1700000000000000", "**Build**\n\nfailed"},
		"still thinking":      {bot + `,"flags":128,"type":20`, "1700000000000000", ""},
		"for one only":        {bot + `,"flags":64,"type":20,"content":"hi"`, "1700000000000000", ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := &heardInbox{}
			g := newDeaf(t, in, func(o *Options) { o.Bots = []string{c.allow} })
			g.happens(t, "MESSAGE_CREATE", threadMessage("2000000000000001", c.message))
			got := ""
			for _, i := range in.all {
				got += i.Body
			}
			if got != c.want {
				t.Errorf("heard %q, want %q", got, c.want)
			}
		})
	}
}

func TestOtherMessageTypesAreIgnored(t *testing.T) {
	in := &heardInbox{}
	g := newDeaf(t, in, nil)
	for kind := range 64 {
		if kind != 0 && kind != 19 && kind != 20 && kind != 23 {
			g.happens(t, "MESSAGE_CREATE", threadMessage(fmt.Sprint(2000000000000001+kind), fmt.Sprintf(`%s,"type":%d,"content":"x"`, anders, kind)))
		}
	}
	if len(in.all) != 0 {
		t.Errorf("heard %+v", in.all)
	}
}

// Our own posts are known by the bot, the application, the nonce and the buttons.
func TestOwnPostsComeBackAsEchoesWithTheirToken(t *testing.T) {
	const me = `"author":{"id":"1300000000000000","username":"sidebridge","bot":true}`
	for name, c := range map[string]struct{ message, token string }{
		"nonce":       {me + `,"content":"**Alice**\nhi","nonce":"ABCDEFGHIJKLMNOPQRSTUVWX"`, "ABCDEFGHIJKLMNOPQRSTUVWX"},
		"no nonce":    {me + `,"content":"**Alice**\nhi"`, ""},
		"number":      {me + `,"content":"hi","nonce":12345`, ""},
		"buttons":     {me + `,"components":[{"type":1,"components":[{"type":2,"custom_id":"sb:close:ABCDEFGHIJKLMNOPQRSTUVWX"}]}]`, "ABCDEFGHIJKLMNOPQRSTUVWX"},
		"application": {`"author":{"id":"1400000000000001","username":"x"},"webhook_id":"1400000000000001","application_id":"1400000000000000","content":"hi"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := &heardInbox{}
			g := newDeaf(t, in, nil)
			g.happens(t, "MESSAGE_CREATE", threadMessage("2000000000000001", c.message))
			if len(in.all) != 1 || !in.all[0].Ours || in.all[0].Token != c.token || in.all[0].Body != "" {
				t.Errorf("heard %+v", in.all)
			}
		})
	}
}

// The card in a text channel is the root of the thread with its id.
func TestRootInAChannelIsItsOwnThread(t *testing.T) {
	in := &heardInbox{}
	g := newDeaf(t, in, nil)
	in2 := fmt.Sprintf(`"channel_id":%q,"guild_id":%q`, testChannel, testGuild)
	g.happens(t, "MESSAGE_CREATE", `{"id":"2000000000000001",`+in2+`,"author":{"id":"1300000000000000","bot":true},"nonce":"TOKEN"}`)
	g.happens(t, "MESSAGE_CREATE", `{"id":"2000000000000002",`+in2+`,`+anders+`,"content":"not ours"}`)
	g.happens(t, "MESSAGE_DELETE", `{"id":"2000000000000001",`+in2+`}`)
	g.happens(t, "MESSAGE_UPDATE", `{"id":"2000000000000003",`+in2+`,`+anders+`,"flags":32,"content":"changed","edited_timestamp":"2026-08-07T12:00:00.000001+00:00"}`)
	var got []string
	for _, i := range in.all {
		got = append(got, fmt.Sprintf("%s %s in %s ours=%v token=%s lives=%v rev=%s", i.Kind, i.Source.Ref, i.Source.Thread, i.Ours, i.Token, i.ThreadLives, i.Source.Rev))
	}
	want := []string{
		"post 2000000000000001 in 2000000000000001 ours=true token=TOKEN lives=false rev=",
		"delete 2000000000000001 in 2000000000000001 ours=false token= lives=true rev=",
		"edit 2000000000000003 in 2000000000000003 ours=false token= lives=false rev=1786104000000001",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
}

// Discord changes messages by itself; only a stamp makes it an edit.
func TestOnlyRealEditsAreEdits(t *testing.T) {
	in := &heardInbox{}
	g := newDeaf(t, in, nil)
	g.happens(t, "MESSAGE_UPDATE", threadMessage("2000000000000001", anders+`,"content":"with a preview","edited_timestamp":null`))
	g.happens(t, "MESSAGE_UPDATE", threadMessage("2000000000000001", anders+`,"content":"pinned"`))
	if len(in.all) != 0 {
		t.Fatalf("heard %+v", in.all)
	}
	g.happens(t, "MESSAGE_UPDATE", threadMessage("2000000000000001", anders+`,"content":"mended","edited_timestamp":"2026-08-07T12:00:00.5+00:00"`))
	if len(in.all) != 1 || in.all[0].Kind != bridge.InEdit || in.all[0].Body != "mended" || in.all[0].Source.Rev != "1786104000500000" {
		t.Errorf("heard %+v", in.all)
	}
}

func TestIDsTellTimeAndOrder(t *testing.T) {
	if got := idMicros("175928847299117063"); got != 1462015105796000 { // the documentation's example
		t.Errorf("idMicros: %d", got)
	}
	at := time.UnixMilli(1462015105796)
	if id := idAt(at); idMicros(id) != at.UnixMicro() || laterID(id, "175928847299117063") {
		t.Errorf("idAt: %s", id)
	}
	if !laterID("10", "9") || laterID("9", "10") || laterID("10", "10") || beforeID("10") != "9" || beforeID("0") != "0" {
		t.Error("ids are not compared as numbers")
	}
	for _, bad := range []string{"", "0", "01", "1e3", "99999999999999999999999", "-1", "../1"} {
		if idMicros(bad) != 0 {
			t.Errorf("%q is taken for an id", bad)
		}
	}
}
