package discord

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

const (
	aliceID   = "1500000000000042"
	aliceHash = "0123456789abcdef0123456789abcdef"
)

// postedPicture posts as Alice and returns the picture's address that was sent.
func postedPicture(t *testing.T, f *api, g *Guild) any {
	t.Helper()
	mustDeliver(t, g, attempt(g, planView(bridge.MessagePosted, "hello")))
	var p map[string]any
	if err := json.Unmarshal(f.last().body, &p); err != nil {
		t.Fatal(err)
	}
	return p["avatar_url"]
}

func aliceIs(id string) func(*Options) {
	return func(o *Options) {
		o.Mention = func(guild, target string) (string, bool) { return id, guild == testGuild && target == "person/alice" }
	}
}

// https://docs.discord.com/developers/reference#image-formatting
func TestAPictureIsDiscordsOwnAddressOrNone(t *testing.T) {
	const cdn = "https://cdn.discordapp.com/"
	for answer, want := range map[string]any{
		`{"user": {"id": "` + aliceID + `", "avatar": "` + aliceHash + `"}}`:                         cdn + "avatars/" + aliceID + "/" + aliceHash + ".png",
		`{"user": {"id": "` + aliceID + `", "avatar": "a_` + aliceHash + `"}, "avatar": null}`:       cdn + "avatars/" + aliceID + "/a_" + aliceHash + ".png",
		`{"user": {"id": "` + aliceID + `", "avatar": "00"}, "avatar": "` + aliceHash + `"}`:         cdn + "guilds/" + testGuild + "/users/" + aliceID + "/avatars/" + aliceHash + ".png",
		`{"user": {"id": "` + aliceID + `", "avatar": null}}`:                                        nil,
		`{"user": {"id": "` + aliceID + `", "avatar": "../../evil"}, "avatar": "https://evil.test"}`: nil,
		`{"user": {"id": "` + aliceID + `", "avatar": ""}, "avatar": "a_"}`:                          nil,
		`{"user": {"id": "1500000000000043", "avatar": "` + aliceHash + `"}}`:                        nil, // somebody else
		`{}`: nil,
	} {
		tb := textChannel()
		tb["GET guilds/"+testGuild+"/members/"+aliceID] = ok(answer)
		f, g := withTable(t, tb, asAgents, aliceIs(aliceID))
		if got := postedPicture(t, f, g); got != want {
			t.Errorf("%s: %v, want %v", answer, got, want)
		}
	}
}

func TestNobodyIsAskedForThePictureOfWhoHasNoAccountHere(t *testing.T) {
	for _, id := range []string{"", "../../users/1", "U0123"} {
		f, g := withTable(t, textChannel(), asAgents, aliceIs(id))
		if got := postedPicture(t, f, g); got != nil || strings.Contains(strings.Join(f.seen(), " "), "members") {
			t.Errorf("account %q: %v after %v", id, got, f.seen())
		}
	}
}

// A post never fails or waits again and again for want of a picture.
func TestAPictureThatCannotBeHadHoldsNothingUp(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tb, who := textChannel(), "GET guilds/"+testGuild+"/members/"+aliceID
	f, g := withTable(t, tb, asAgents, aliceIs(aliceID), func(o *Options) { o.Now = func() time.Time { return now } })
	asked := func() (n int) {
		for _, c := range f.seen() {
			if c == who {
				n++
			}
		}
		return n
	}
	steps := []struct {
		says  []reply
		later time.Duration
		want  any
		asked int
	}{
		{[]reply{{429, `{"message": "slow down", "retry_after": 0.1}`}}, 0, nil, 1},
		{[]reply{{500, "oops"}}, time.Minute, nil, 2},
		{nil, time.Minute, nil, 2},
		{ok(`{"user": {"id": "` + aliceID + `", "avatar": "aa"}}`), pictureRetry, "https://cdn.discordapp.com/avatars/" + aliceID + "/aa.png", 3},
		{[]reply{{500, "oops"}}, pictureAge, "https://cdn.discordapp.com/avatars/" + aliceID + "/aa.png", 4},
		{[]reply{refuses(404, 10007)}, pictureRetry, nil, 5},
		{ok(`{"user": {"id": "` + aliceID + `", "avatar": "bb"}}`), pictureAge / 2, nil, 5},
	}
	for i, s := range steps {
		if now = now.Add(s.later); s.says != nil {
			tb[who] = s.says
		}
		if got := postedPicture(t, f, g); got != s.want || asked() != s.asked {
			t.Errorf("step %d: %v after %d questions, want %v after %d", i+1, got, asked(), s.want, s.asked)
		}
	}
}

// Pictures of those who do not post by name are none of ours.
func TestOnlyPicturesThatAreNeededAreKept(t *testing.T) {
	_, g := withTable(t, textChannel(), asAgents)
	g.learnNames(&message{Author: &user{ID: aliceID, Avatar: aliceHash}, Member: &member{}})
	if _, recent := g.shown.get(testGuild, aliceID); recent || len(g.shown.byAccount) != 0 {
		t.Error("a stranger's picture is kept")
	}
	g.shown.put(testGuild, aliceID, "", pictureAge)
	g.learnNames(&message{Author: &user{ID: aliceID, Avatar: aliceHash}})
	if url, _ := g.shown.get(testGuild, aliceID); url != "" {
		t.Error("a listing does not say which picture the guild shows")
	}
	if err := g.rolesChanged(t.Context(), event{Data: []byte(`{"user": {"id": "` + aliceID + `", "avatar": "aa"}, "avatar": "bb"}`)}); err != nil {
		t.Fatal(err)
	}
	if url, _ := g.shown.get(testGuild, aliceID); !strings.HasSuffix(url, "/bb.png") {
		t.Errorf("heard of a member: %q", url)
	}
	g.learnNames(&message{Author: &user{ID: aliceID}, Member: &member{}, Mentions: []user{{ID: aliceID, Avatar: aliceHash, Member: &member{}}}})
	if url, _ := g.shown.get(testGuild, aliceID); !strings.HasSuffix(url, aliceHash+".png") {
		t.Errorf("heard in a mention: %q", url)
	}
}
