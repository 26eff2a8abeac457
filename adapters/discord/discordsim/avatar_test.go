package discordsim

import (
	"strings"
	"testing"
)

// https://docs.discord.com/developers/reference#image-formatting
func TestPeopleHavePicturesHereOrEverywhere(t *testing.T) {
	r := quiet(t)
	user := func() (everywhere, here any) {
		t.Helper()
		m := r.want("GET", "guilds/"+r.GuildID()+"/members/"+r.anna.ID(), nil)
		u, _ := m.fields["user"].(map[string]any)
		return u["avatar"], m.fields["avatar"]
	}
	if u, g := user(); u != nil || g != nil {
		t.Errorf("without a picture: %v %v", u, g)
	}
	r.anna.SetAvatar("", "a1")
	r.anna.SetAvatar(r.GuildID(), "b2")
	if u, g := user(); u != "a1" || g != "b2" {
		t.Errorf("with pictures: %v %v", u, g)
	}
}

// https://docs.discord.com/developers/resources/webhook#execute-webhook
func TestAWebhooksPictureIsItsPostsOwnAndStays(t *testing.T) {
	r := quiet(t)
	path := r.hook(r.ch) + "?wait=true"
	address := cdn + "avatars/" + r.anna.ID() + "/a1.png"
	post := func(avatar string) (id string, hash any) {
		t.Helper()
		a := r.want("POST", path, fields{"content": "hello", "username": "Anna (agent)", "avatar_url": avatar})
		author, _ := a.fields["author"].(map[string]any)
		return a.id(), author["avatar"]
	}
	one, first := post(address)
	_, second := post(cdn + "guilds/" + r.GuildID() + "/users/" + r.anna.ID() + "/avatars/b2.png")
	if _, none := post(""); first == nil || second == nil || first == second || none != nil {
		t.Errorf("the posts' pictures are %v, %v and %v", first, second, none)
	}
	if got := r.Channel(r.ch)[0]; got.ID != one || got.Avatar != address {
		t.Errorf("people see %+v", got)
	}
	for _, wrong := range []string{"ftp://cdn.discordapp.com/a.png", "picture", "https://"} {
		r.refused(400, 50035, "POST", path, fields{"content": "hello", "avatar_url": wrong})
	}
	_, page := r.page("/?channel=" + r.ch)
	for _, want := range []string{"hash=a1", "hash=b2"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no picture with %s", want)
		}
	}
	if _, with := r.page("/sim/avatar?name=Anna&hash=a1"); !strings.Contains(with, "stroke=") {
		t.Errorf("drawn as %s", with)
	}
}
