package slack

import (
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
)

// An agent's post has their name and the picture of their own account; a picture that
// they change counts from then on; edits and deletes work as for every post.
func TestAgentsHaveTheirOwnNamesAndPicturesAlsoAfterwards(t *testing.T) {
	accounts := map[string]string{}
	w := newWorld(t, setup{
		sim: func(o *slacksim.Options) { o.AllowCustomDelete = true },
		opts: func(o *Options) {
			o.Identity = IdentityAgent
			o.Mention = func(target string) (string, bool) { id, ok := accounts[target]; return id, ok }
		},
	})
	alice := w.sim.AddUser(slacksim.UserSpec{Name: "alice", Picture: "first"})
	root := w.open()
	w.show(w.view(bridge.MessagePosted, "before she linked her account"))
	accounts["person/alice"] = alice.ID()
	one := w.view(bridge.MessagePosted, "with the first picture")
	w.show(one)
	w.show(w.view(bridge.MessagePosted, "and again"))
	check(t, w.sim.ChangeUser(alice, func(u *slacksim.UserSpec) { u.Picture = "second" }))
	w.eventually("we have heard of it", func() bool { return w.counts.of("received", "user_change") == 1 && w.sim.EventStats().InFlight == 0 })
	two := w.view(bridge.MessagePosted, "with the second picture")
	w.show(two)
	w.show(w.about(w.view(bridge.MessageEdited, "with the first picture, edited"), one.Message))
	w.show(w.about(w.view(bridge.MessageDeleted, ""), two.Message))
	check(t, w.sim.ChangeUser(alice, func(u *slacksim.UserSpec) { u.Picture = "" }))
	w.eventually("we have heard of it", func() bool { return w.counts.of("received", "user_change") == 2 && w.sim.EventStats().InFlight == 0 })
	w.show(w.view(bridge.MessagePosted, "with none"))
	want := []struct{ text, picture string }{
		{"before she linked her account", ""},
		{"with the first picture, edited", "_first_72.png"},
		{"and again", "_first_72.png"},
		{"with none", ""},
	}
	thread := w.sim.Thread(w.channel, root)[1:]
	if len(thread) != len(want) {
		t.Fatalf("people see %d posts: %+v", len(thread), thread)
	}
	for i, m := range thread {
		if m.Username != "Alice (agent)" || m.Text != want[i].text || !strings.HasSuffix(m.IconURL, want[i].picture) || (m.IconURL == "") != (want[i].picture == "") {
			t.Errorf("%q has the name %q and the picture %q, want %+v", m.Text, m.Username, m.IconURL, want[i])
		}
	}
	asked := 0
	for _, a := range w.sim.Arrivals() {
		if a.Method == "users.info" {
			asked++
		}
	}
	if asked != 3 {
		t.Errorf("asked %d times for the account, want once for each picture", asked)
	}
}

// As the app, nobody is asked for a picture, and none is sent.
func TestTheAppsPostsHaveTheAppsPicture(t *testing.T) {
	w := newWorld(t, setup{opts: func(o *Options) {
		o.Mention = func(string) (string, bool) { t.Error("an account was looked for"); return "", false }
	}})
	root := w.open()
	w.show(w.view(bridge.MessagePosted, "words"))
	if m := w.sim.Thread(w.channel, root)[1]; m.IconURL != "" {
		t.Errorf("picture %q", m.IconURL)
	}
}

// https://docs.slack.dev/reference/objects/user-object
func TestAPictureIsSlacksOwnAddressOrNone(t *testing.T) {
	for address, fine := range map[string]bool{
		"https://avatars.slack-edge.com/2018-07-20/401750958992_1b07bb3c946bc863bfc6_72.png": true,
		"https://secure.gravatar.com/avatar/0123.jpg?s=72":                                   false,
		"http://avatars.slack-edge.com/a.png":                                                false,
		"https://avatars.slack-edge.com.evil.test/a.png":                                     false,
		"https://evilslack-edge.com/a.png":                                                   false,
		"https://avatars.slack-edge.com:8080/a.png":                                          false,
		"https://user@avatars.slack-edge.com/a.png":                                          false,
		"https://evil.test/?.slack-edge.com":                                                 false,
		"%zz":                                                                                false, "": false,
	} {
		u := &slack.User{Profile: slack.UserProfile{Image72: address}}
		if got := pictureURL(u); (got == address) != fine && address != "" || got != "" && !fine {
			t.Errorf("%q: %q", address, got)
		}
		if u.Deleted = true; pictureURL(u) != "" {
			t.Errorf("%q is shown of somebody who has left", address)
		}
	}
}
