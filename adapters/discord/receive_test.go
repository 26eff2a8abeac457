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
