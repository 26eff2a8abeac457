package discordsim

import (
	"strings"
	"testing"
)

// https://docs.discord.com/developers/resources/guild and
// https://docs.discord.com/developers/resources/application
func TestBotLearnsItsGuildsChannelsAndFlags(t *testing.T) {
	r := quiet(t)
	other := r.AddGuild("Other")
	private := r.AddChannel(ChannelSpec{Name: "private"})
	r.AddChannel(ChannelSpec{Guild: other, Name: "elsewhere", Media: true})
	r.check(r.SetPermission(private, r.GuildID(), false, 0, ViewChannel))
	r.check(r.Deny(private, ViewChannel))
	r.thread()
	if got := ids(r.want("GET", "users/@me/guilds", nil).list()); len(got) != 2 || got[0] != r.GuildID() {
		t.Errorf("guilds %v", got)
	}
	// Channels are listed whether the bot may view them or not; threads are not.
	if got := ids(r.want("GET", "guilds/"+r.GuildID()+"/channels", nil).list()); len(got) != 2 || got[1] != private {
		t.Errorf("channels %v", got)
	}
	if got := r.want("GET", "guilds/"+other+"/channels", nil).list(); len(got) != 1 || got[0]["type"] != 16.0 {
		t.Errorf("the other's channels %v", got)
	}
	if g := r.want("GET", "guilds/"+other, nil); g.text("name") != "Other" || g.fields["channels"] != nil {
		t.Errorf("guild %s", g.Raw)
	}
	if m := r.want("GET", "guilds/"+other+"/members/"+r.anna.ID(), nil); m.fields["user"].(map[string]any)["global_name"] != "Anna Berg" {
		t.Errorf("member %s", m.Raw)
	}
	r.refused(404, 10007, "GET", "guilds/"+other+"/members/1", nil)
	app := r.want("GET", "applications/@me", nil)
	if flags, _ := app.fields["flags"].(float64); app.id() != r.AppID() || int(flags)&(1<<19) == 0 {
		t.Errorf("application %s", app.Raw)
	}
	r.KickBot(other)
	if got := ids(r.want("GET", "users/@me/guilds", nil).list()); len(got) != 1 {
		t.Errorf("guilds %v", got)
	}
}

// https://docs.discord.com/developers/interactions/application-commands
func TestCommandsAreReplacedAsAWhole(t *testing.T) {
	r := quiet(t)
	path := "applications/" + r.AppID() + "/guilds/" + r.GuildID() + "/commands"
	if a := r.want("GET", path, nil); string(a.Raw) != "[]" {
		t.Errorf("commands %s", a.Raw)
	}
	ask := fields{"name": "ask", "description": "Asks.", "options": []fields{{"name": "what", "description": "What.", "type": 3, "required": true}}}
	r.want("PUT", path, []fields{ask, {"name": "Attach to ticket", "type": 3}})
	if got := r.want("GET", path, nil).list(); len(got) != 2 || got[0]["id"] == nil || got[0]["application_id"] != r.AppID() {
		t.Errorf("commands %v", got)
	}
	for name, list := range map[string][]fields{
		"upper case":       {{"name": "Ask", "description": "x"}},
		"blank":            {{"name": "ask me", "description": "x"}},
		"no description":   {{"name": "ask"}},
		"long description": {{"name": "ask", "description": long(101)}},
		"twice":            {ask, ask},
		"described menu":   {{"name": "Attach", "type": 3, "description": "x"}},
		"optional first": {{"name": "ask", "description": "x", "options": []fields{
			{"name": "a", "description": "x"}, {"name": "b", "description": "x", "required": true},
		}}},
	} {
		if a := r.call("PUT", path, list); a.code() != 50035 {
			t.Errorf("%s: %d %s", name, a.Status, a.Raw)
		}
	}
	r.refused(403, 50001, "PUT", strings.Replace(path, r.AppID(), "1", 1), []fields{ask})
	if _, err := r.anna.Command(r.ch, "ask", nil); err == nil {
		t.Error("a command without its required option")
	}
	r.must(r.anna.Command(r.ch, "ask", map[string]any{"what": "why?"}))
	r.want("PUT", path, []fields{})
	if _, err := r.anna.Command(r.ch, "ask", map[string]any{"what": "why?"}); err == nil {
		t.Error("a command that is there no more")
	}
}
