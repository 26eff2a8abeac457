package discord

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
)

func TestABotThatIsNotInTheServerComesWithTheReadyInvitation(t *testing.T) {
	f, a := newAPI(t, nil)
	f.answer = func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/users/@me"):
			says(200, `{"id": "`+testBot+`", "username": "Sidebridge"}`)(w, r)
		case strings.HasSuffix(r.URL.Path, "/applications/@me"):
			says(200, `{"id": "`+testApp+`", "flags": 262144}`)(w, r)
		default:
			says(404, `{"code": 10004, "message": "Unknown Guild"}`)(w, r)
		}
	}
	found := a.Check(t.Context(), nil)
	last := found[len(found)-1]
	if last.OK || last.What != "the bot is in the server "+testGuild {
		t.Fatalf("found %+v", found)
	}
	for _, want := range []string{
		"https://discord.com/oauth2/authorize?client_id=" + testApp + "&scope=bot+applications.commands&permissions=" + fmt.Sprint(invitePermissions),
		"or correct `guilds` (Copy Server ID)",
	} {
		if !strings.Contains(last.Remedy, want) {
			t.Errorf("the remedy %q does not say %q", last.Remedy, want)
		}
	}
	if strings.Contains(last.Remedy, "again") {
		t.Errorf("the remedy %q speaks of an invitation that may never have been", last.Remedy)
	}
}

func TestCheckSaysThatDiscordCannotBeReached(t *testing.T) {
	f, a := newAPI(t, nil)
	f.srv.Close()
	found := a.Check(t.Context(), nil)
	if len(found) != 1 || found[0].OK || found[0].What != "Discord can be reached" || !strings.Contains(found[0].Remedy, "firewall") {
		t.Errorf("found %+v", found)
	}
}

func TestCheckNamesEveryLackWithItsRemedy(t *testing.T) {
	tb := textChannel()
	tb["GET users/@me"] = ok(`{"id": "` + testBot + `", "username": "sidebridge"}`)
	tb["GET applications/@me"] = ok(`{"id": "` + testApp + `", "flags": 0}`)
	tb["GET guilds/"+testGuild] = ok(`{"id": "` + testGuild + `"}`)
	tb["GET applications/"+testApp+"/guilds/"+testGuild+"/commands"] = []reply{refuses(403, 50001)}
	tb["GET channels/1100000000000001"] = []reply{refuses(403, 50001)}
	_, a := newAPI(t, tb.serve)
	g := a.Guilds()[0]
	found := a.Check(t.Context(), []bridge.Place{g.at(testChannel), g.at("1100000000000001")})
	bad := map[string]string{
		"the bot may read what messages say":                          "Message Content Intent",
		"the bot may offer its commands in the server " + testGuild:   "applications.commands",
		"conversations can be opened in the channel 1100000000000001": "View Channel",
		"the bot token works":                                         "",
		"the bot is in the server " + testGuild:                       "",
		"conversations can be opened in #billing":                     "",
	}
	if len(found) != len(bad) {
		t.Errorf("found %+v", found)
	}
	for _, f := range found {
		remedy, known := bad[f.What]
		if !known || f.OK != (remedy == "") || !strings.Contains(f.Remedy, remedy) {
			t.Errorf("%+v", f)
		}
	}
}

func TestChannelsAreListedWithWhatTheBotMayDoThere(t *testing.T) {
	tb := textChannel()
	deny := `[{"id": "` + testGuild + `", "type": 0, "allow": "0", "deny": "1024"}]`
	tb["GET guilds/"+testGuild+"/roles"] = ok(`[{"id": "` + testGuild + `", "permissions": "` + fmt.Sprint(uint64(1<<63-1)&^(1<<3)) + `"}]`)
	tb["GET guilds/"+testGuild+"/channels"] = ok(`[{"id": "11", "type": 4, "name": "Support"}, {"id": "12", "type": 0, "name": "billing"},
		{"id": "13", "type": 15, "name": "tickets"}, {"id": "14", "type": 2, "name": "voice"},
		{"id": "15", "type": 0, "name": "leads", "permission_overwrites": ` + deny + `}]`)
	_, g := withTable(t, tb)
	var got []Channel
	if err := g.Channels(t.Context(), func(page []Channel) error { got = append(got, page...); return nil }); err != nil {
		t.Fatal(err)
	}
	want := []Channel{
		{ID: "12", Name: "billing", Member: true},
		{ID: "13", Name: "tickets", Member: true, Forum: true},
		{ID: "15", Name: "leads", Private: true},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
}
