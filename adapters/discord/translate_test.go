package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

// newDeaf returns a guild that knows who it is and its places, and has no connection.
func newDeaf(t testing.TB, in *heardInbox, set func(*Options)) *Guild {
	t.Helper()
	o := Options{Token: "test-token", Guilds: []string{testGuild}, Inbox: in, Watcher: in, Transport: nowhere{}}
	if set != nil {
		set(&o)
	}
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	a.me = identity{user: testBot, app: testApp, name: "sidebridge"}
	a.known.Do(func() { close(a.identified) })
	a.places.put(testGuild, &channel{ID: testChannel, Name: "billing"})
	a.places.put(testGuild, &channel{ID: testThread, Type: 11, Parent: testChannel, Name: "ticket 12"})
	return a.guilds[testGuild]
}

// event hands an event to a guild as the connection does.
func (g *Guild) happens(t testing.TB, kind, data string) {
	t.Helper()
	if err := g.receive(t.Context(), event{Type: kind, Seq: 7, Session: "session-1", Data: json.RawMessage(data)}); err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
}

const anders = `"author":{"id":"1500000000000000","username":"anders","global_name":"Anders"}`

// threadMessage is a message in the thread with more fields.
func threadMessage(id, more string) string {
	return fmt.Sprintf(`{"id":%q,"channel_id":%q,"guild_id":%q,%s}`, id, testThread, testGuild, more)
}

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

// What Discord says by itself is nobody's message.
// A detail that is not as documented does not lose the guild.
func TestGuildWithUnreadablePermissionsIsTaken(t *testing.T) {
	in := &heardInbox{}
	g := newDeaf(t, in, nil)
	g.happens(t, "GUILD_CREATE", fmt.Sprintf(`{"id":%q,"roles":[{"id":"55","permissions":null},{"id":"56","permissions":"1e400"},{"id":"57","permissions":[]}],
		"channels":[{"id":"1100000000000009","type":0,"name":"new","permission_overwrites":[{"id":"55","allow":null,"deny":"18446744073709551616"}]}]}`, testGuild))
	if k, ok := g.places.get("1100000000000009"); !ok || k.name != "new" {
		t.Errorf("the channel is %+v", k)
	}
}

// Whoever writes a hundred ids that mean nothing makes neither a hundred calls nor the
// others wait.
func TestHostileMentionsAreNotAllLookedUp(t *testing.T) {
	s, in := newScripted(t), &heardInbox{}
	g := newDeaf(t, in, func(o *Options) { o.APIURL, o.Transport = s.srv.URL+"/api/v10/", nil })
	t.Cleanup(g.client.http.CloseIdleConnections)
	for n := range 3 {
		var words strings.Builder
		for i := range 80 {
			fmt.Fprintf(&words, "<#18%013d> ", 1000*n+i)
		}
		g.happens(t, "MESSAGE_CREATE", threadMessage(fmt.Sprint(2000000000000001+n), fmt.Sprintf(`%s,"content":%q`, anders, words.String())))
	}
	var calls int
	s.look(func() { calls = len(s.calls) })
	if calls > 20 || len(in.all) != 3 {
		t.Errorf("%d calls for 3 messages, of which %d were heard", calls, len(in.all))
	}
}

// A question ends with its context, also while Discord has it wait.
func TestQuestionThatWaitsEndsWithItsContext(t *testing.T) {
	f, a := newAPI(t, says(429, `{"message": "slow", "retry_after": 5}`, "X-RateLimit-Bucket", "b"), func(o *Options) { o.Now = time.Now })
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	began := time.Now()
	if err := a.ask(ctx, request{method: "GET", path: "channels/" + testChannel}, nil); err == nil {
		t.Error("it was answered")
	}
	if took := time.Since(began); took > 3*time.Second || len(f.seen()) > 2 {
		t.Errorf("it ended after %v and %d calls", took, len(f.seen()))
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

func TestMessagesThatWereDeletedAtOnceAreEachDeleted(t *testing.T) {
	in := &heardInbox{}
	g := newDeaf(t, in, nil)
	g.happens(t, "MESSAGE_DELETE_BULK", fmt.Sprintf(`{"ids":["2000000000000001","2000000000000002"],"channel_id":%q,"guild_id":%q}`, testThread, testGuild))
	var got []string
	for _, i := range in.all {
		got = append(got, string(i.Kind)+" "+i.Source.Ref+" in "+i.Source.Thread)
	}
	want := []string{"delete 2000000000000001 in " + testThread, "delete 2000000000000002 in " + testThread}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
}

// A thread that a moderator locks closes its conversation, and unlocking opens it; that
// it was archived, renamed, or locked by ourselves is no news.
func TestLocksOfModeratorsCloseAndReopen(t *testing.T) {
	in := &heardInbox{}
	g := newDeaf(t, in, nil)
	update := func(archived, locked bool) {
		g.happens(t, "THREAD_UPDATE", fmt.Sprintf(`{"id":%q,"guild_id":%q,"parent_id":%q,"type":11,"name":"renamed","thread_metadata":{"archived":%v,"locked":%v}}`,
			testThread, testGuild, testChannel, archived, locked))
	}
	update(false, false)
	update(true, false) // idle
	update(true, true)  // a moderator
	update(true, true)  // renamed
	update(false, false)
	g.noteLock(testThread, true) // we
	update(true, true)
	var got []string
	for _, i := range in.all {
		got = append(got, i.Action+" "+i.Source.Thread+" "+i.Key)
	}
	key := "discord/" + testGuild + "/lock/session-1/7"
	if diff := cmp.Diff([]string{"close " + testThread + " " + key, "reopen " + testThread + " " + key}, got); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
}

// A lock that could not be committed is news again when it is repeated.
func TestLockThatFailedIsHeardAgain(t *testing.T) {
	in := &heardInbox{}
	g := newDeaf(t, in, nil)
	in.fail = func(bridge.Inbound) error { return errors.New("the database is away") }
	raw := json.RawMessage(fmt.Sprintf(`{"id":%q,"guild_id":%q,"parent_id":%q,"type":11,"thread_metadata":{"locked":true}}`, testThread, testGuild, testChannel))
	e := event{Type: "THREAD_UPDATE", Seq: 9, Session: "s", Data: raw}
	if g.receive(t.Context(), e) == nil {
		t.Fatal("a lock that was not committed counts as taken")
	}
	in.fail = nil
	if err := g.receive(t.Context(), e); err != nil || len(in.all) != 1 {
		t.Errorf("then heard %+v, %v", in.all, err)
	}
}

func TestThreadsAndChannelsThatGo(t *testing.T) {
	in := &heardInbox{}
	g := newDeaf(t, in, nil)
	g.happens(t, "THREAD_DELETE", fmt.Sprintf(`{"id":%q,"guild_id":%q,"parent_id":%q,"type":11}`, testThread, testGuild, testChannel))
	if len(in.all) != 1 || in.all[0].Kind != bridge.InDelete || in.all[0].ThreadLives || in.all[0].Source.Ref != testThread || in.all[0].Source.Channel != testChannel {
		t.Errorf("heard %+v", in.all)
	}
	g.happens(t, "CHANNEL_DELETE", fmt.Sprintf(`{"id":%q,"guild_id":%q}`, testChannel, testGuild))
	if !in.told("blocked " + testGuild + " " + testChannel + " 10003: The channel was deleted") {
		t.Errorf("told %q", in.lines)
	}
	g.happens(t, "CHANNEL_UPDATE", fmt.Sprintf(`{"id":"1100000000000001","guild_id":%q,"type":0}`, testGuild))
	g.happens(t, "GUILD_ROLE_UPDATE", fmt.Sprintf(`{"guild_id":%q,"role":{"id":"55","name":"leads"}}`, testGuild))
	if !in.told("recovered "+testGuild+" 1100000000000001") || !in.told("recovered "+testGuild+" ") {
		t.Errorf("told %q", in.lines)
	}
}

func TestReactionsAreTakenWithWhoMadeThem(t *testing.T) {
	in := &heardInbox{}
	g := newDeaf(t, in, func(o *Options) { o.Bots = []string{"1700000000000000"} })
	at := fmt.Sprintf(`"channel_id":%q,"message_id":"2000000000000001","guild_id":%q`, testThread, testGuild)
	g.happens(t, "MESSAGE_REACTION_ADD", `{`+at+`,"user_id":"1500000000000000","member":{"nick":"Anders H","user":{"id":"1500000000000000","username":"anders"}},"emoji":{"id":null,"name":"👀"}}`)
	g.happens(t, "MESSAGE_REACTION_REMOVE", `{`+at+`,"user_id":"1500000000000000","emoji":{"id":"77","name":"party"}}`)
	g.happens(t, "MESSAGE_REACTION_ADD", `{`+at+`,"user_id":"1300000000000000","member":{"user":{"id":"1300000000000000","bot":true}},"emoji":{"name":"👀"}}`)
	g.happens(t, "MESSAGE_REACTION_ADD", `{`+at+`,"user_id":"1600000000000000","member":{"user":{"id":"1600000000000000","bot":true}},"emoji":{"name":"🤖"}}`)
	g.happens(t, "MESSAGE_REACTION_REMOVE_EMOJI", `{`+at+`,"emoji":{"name":"👀"}}`)
	g.happens(t, "MESSAGE_REACTION_REMOVE_ALL", `{`+at+`}`)
	var got []string
	for _, i := range in.all {
		got = append(got, fmt.Sprintf("%s %q by %q (%s) ours=%v on %s", i.Kind, i.Emoji, i.AuthorName, i.Author.ID, i.Ours, i.Source.Ref))
	}
	want := []string{
		`react "👀" by "Anders H" (1500000000000000) ours=false on 2000000000000001`,
		`unreact ":party:" by "Anders H" (1500000000000000) ours=false on 2000000000000001`,
		`react "👀" by "sidebridge" (1300000000000000) ours=true on 2000000000000001`,
		`unreact "👀" by "" () ours=false on 2000000000000001`,
		`unreact "" by "" () ours=false on 2000000000000001`,
	}
	want[2] = strings.Replace(want[2], "sidebridge", "somebody", 1)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
}

// A desk that is away while somebody takes a ticket by a reaction holds nobody up.
func TestReactionWaitsForNoDesk(t *testing.T) {
	in := &heardInbox{fail: func(bridge.Inbound) error { return fmt.Errorf("%w: no answer", bridge.ErrDesk) }}
	g := newDeaf(t, in, nil)
	g.happens(t, "MESSAGE_REACTION_ADD", fmt.Sprintf(`{"channel_id":%q,"message_id":%q,"guild_id":%q,"user_id":"1500000000000000","emoji":{"name":"👀"}}`,
		testThread, testThread, testGuild))
	if len(in.quarantined) != 1 || !strings.Contains(in.quarantined[0], "no answer") {
		t.Errorf("put aside: %q", in.quarantined)
	}
}

// Somebody is called what the guild calls them, and never something that is no name.
func TestNamesAreWhatTheGuildShows(t *testing.T) {
	for _, c := range []struct{ author, member, want string }{
		{`{"id":"1500000000000000","username":"anders","global_name":"Anders"}`, `{"nick":"Anders H"}`, "Anders H"},
		{`{"id":"1500000000000000","username":"anders","global_name":"Anders"}`, `{"nick":null}`, "Anders"},
		{`{"id":"1500000000000000","username":"anders"}`, `{}`, "anders"},
		{`{"id":"1500000000000000","username":"anders"}`, `{"nick":"\u202eecilA\u200b"}`, "ecilA"},
		{`{"id":"1500000000000000","username":"\u200b"}`, `{"nick":"\u200b\n"}`, "somebody"},
	} {
		in := &heardInbox{}
		g := newDeaf(t, in, nil)
		g.happens(t, "MESSAGE_CREATE", threadMessage("2000000000000001", `"content":"x","author":`+c.author+`,"member":`+c.member))
		if len(in.all) != 1 || in.all[0].AuthorName != c.want {
			t.Errorf("%s %s is called %q, want %q", c.author, c.member, in.all[0].AuthorName, c.want)
		}
	}
}

// Two bridges that answer one another are stopped, people are heard on.
func TestBotThatIsTooFastIsNotHeardForAWhile(t *testing.T) {
	in := &heardInbox{}
	g := newDeaf(t, in, func(o *Options) { o.Bots = []string{"1700000000000000"} })
	at := time.Date(2026, 8, 7, 12, 0, 0, 0, time.UTC)
	say := func(after time.Duration, author string) {
		g.happens(t, "MESSAGE_CREATE", threadMessage(idAt(at.Add(after)), author+`,"content":"again"`))
	}
	const bot = `"author":{"id":"1700000000000000","username":"helper","bot":true}`
	for n := range 40 {
		say(time.Duration(n)*time.Second, bot)
	}
	say(41*time.Second, anders)
	say(30*time.Minute, bot)
	if len(in.all) != chat.LoopMost+2 {
		t.Errorf("heard %d messages", len(in.all))
	}
	if len(in.quarantined) != 1 || !strings.Contains(in.quarantined[0], "two bridges") {
		t.Errorf("told the admin %q", in.quarantined)
	}
}

// What is of another guild, or of a place that we cannot see, concerns nobody.
func TestWhatIsElsewhereIsIgnored(t *testing.T) {
	in := &heardInbox{}
	g := newDeaf(t, in, nil)
	g.places.none("1200000000000009")
	g.places.put("1000000000000009", &channel{ID: "1200000000000008", Type: 11, Parent: "5"})
	for _, raw := range []string{
		`{"id":"2000000000000001","channel_id":"` + testThread + `",` + anders + `,"content":"a direct message"}`,
		`{"id":"2000000000000001","channel_id":"` + testThread + `","guild_id":"1000000000000009",` + anders + `}`,
		`{"id":"2000000000000001","channel_id":"1200000000000009","guild_id":"` + testGuild + `",` + anders + `}`,
		`{"id":"2000000000000001","channel_id":"1200000000000008","guild_id":"` + testGuild + `",` + anders + `}`,
		`{"id":"2000000000000001","channel_id":"../../x","guild_id":"` + testGuild + `",` + anders + `}`,
		`{"id":"x","channel_id":"` + testThread + `","guild_id":"` + testGuild + `",` + anders + `}`,
		`{}`, `null`, `[]`, `"x"`,
	} {
		g.happens(t, "MESSAGE_CREATE", raw)
	}
	if len(in.all) != 0 || len(in.quarantined) != 0 {
		t.Errorf("heard %+v, put aside %q", in.all, in.quarantined)
	}
}

// A thread that nobody told us of is asked for once; when Discord does not say, the
// event is repeated.
func TestUnknownThreadIsAskedForOnce(t *testing.T) {
	s, in := newScripted(t), &heardInbox{}
	asked, busy := 0, true
	s.rest["GET channels/1200000000000005"] = nil
	g := newDeaf(t, in, func(o *Options) {
		o.APIURL, o.Transport = s.srv.URL+"/api/v10/", nil
	})
	s.rest["GET channels/1200000000000005"] = answerFunc(func() (int, any) {
		asked++
		if busy {
			return 503, nil
		}
		return 200, channel{ID: "1200000000000005", GuildID: testGuild, Type: 12, Parent: testChannel}
	})
	say := func(id string) error {
		return g.receive(t.Context(), event{Type: "MESSAGE_CREATE", Session: "s", Seq: 9, Data: json.RawMessage(
			`{"id":"` + id + `","channel_id":"1200000000000005","guild_id":"` + testGuild + `",` + anders + `,"content":"hi"}`)})
	}
	if say("2000000000000001") == nil {
		t.Error("an event whose thread is not known counts as taken")
	}
	busy = false
	for n := range 3 {
		if err := say(fmt.Sprint(2000000000000001 + n)); err != nil {
			t.Fatal(err)
		}
	}
	if asked != 2 || len(in.all) != 3 || in.all[0].Source.Channel != testChannel {
		t.Errorf("asked %d times, heard %+v", asked, in.all)
	}
	g.client.http.CloseIdleConnections()
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

// Whatever comes, nothing panics and nothing malformed gets further.
func FuzzReceive(f *testing.F) {
	for _, kind := range []string{
		"MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE_BULK", "MESSAGE_REACTION_ADD", "INTERACTION_CREATE",
		"THREAD_UPDATE", "GUILD_CREATE", "GUILD_ROLE_UPDATE", "CHANNEL_DELETE", "THREAD_LIST_SYNC",
	} {
		f.Add(kind, []byte(threadMessage("2000000000000001", anders+`,"content":"<@1> **x**","type":0,"edited_timestamp":"2026-08-07T12:00:00+00:00"`)))
		f.Add(kind, []byte(`{"id":"`+testThread+`","guild_id":"`+testGuild+`","parent_id":"`+testChannel+`","type":11,"thread_metadata":{"locked":true}}`))
	}
	f.Add("INTERACTION_CREATE", []byte(`{"id":"5","type":3,"guild_id":"`+testGuild+`","channel_id":"`+testThread+`","token":"t","member":{"user":{"id":"6"}},"message":{"id":"7"},"data":{"custom_id":"sb:close:T"}}`))
	f.Fuzz(func(t *testing.T, kind string, raw []byte) {
		if !json.Valid(raw) {
			return // the frame was read before
		}
		in := &heardInbox{}
		g := newDeaf(t, in, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		g.hurry(raw)
		_ = g.receive(ctx, event{Type: kind, Seq: 1, Session: "s", Data: raw})
		for _, q := range in.quarantined {
			if strings.HasPrefix(q, "panic") {
				t.Fatal(q)
			}
		}
		for _, i := range in.all {
			if src := i.Source; !validID(src.Channel) || !validID(src.Ref) || !validID(src.Thread) || src.Workspace != testGuild {
				t.Fatalf("accepted %+v", src)
			}
		}
	})
}
