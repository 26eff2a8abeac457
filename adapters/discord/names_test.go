package discord

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

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
