package discord

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
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
