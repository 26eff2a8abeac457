package discordsim

import (
	"strings"
	"testing"
)

// https://docs.discord.com/developers/topics/permissions
func TestCallsNeedTheirPermissions(t *testing.T) {
	content := fields{"content": "x"}
	for _, c := range []struct {
		name         string
		deny         uint64
		method, path string
		body         any
		code         int // 0: it is no error
	}{
		{"view", ViewChannel, "GET", "channels/CH", nil, 50001},
		{"view for posts", ViewChannel, "POST", "channels/CH/messages", content, 50001},
		{"view for threads", ViewChannel, "GET", "channels/TH", nil, 50001},
		{"send", SendMessages, "POST", "channels/CH/messages", content, 50013},
		{"send is not for threads", SendMessages, "POST", "channels/TH/messages", content, 0},
		{"send in threads", SendMessagesInThreads, "POST", "channels/TH/messages", content, 50013},
		{"send in threads is not for channels", SendMessagesInThreads, "POST", "channels/CH/messages", content, 0},
		{"embed", EmbedLinks, "POST", "channels/CH/messages", fields{"embeds": []fields{{"title": "t"}}}, 50013},
		{"history for one", ReadMessageHistory, "GET", "channels/CH/messages/ROOT", nil, 50013},
		{"history for all", ReadMessageHistory, "GET", "channels/CH/messages", nil, 0},
		{"threads", CreatePublicThreads, "POST", "channels/CH/messages/ROOT/threads", fields{"name": "T"}, 50013},
		{"webhooks", ManageWebhooks, "GET", "channels/CH/webhooks", nil, 50013},
		{"making webhooks", ManageWebhooks, "POST", "channels/CH/webhooks", fields{"name": "H"}, 50013},
		{"react", AddReactions, "PUT", "channels/CH/messages/ROOT/reactions/%F0%9F%91%8D/@me", nil, 50013},
		{"deleting a thread", ManageThreads, "DELETE", "channels/TH", nil, 50013},
	} {
		r := quiet(t)
		th, root := r.thread(), r.post(r.ch, "root")
		path := strings.NewReplacer("CH", r.ch, "TH", th, "ROOT", root).Replace(c.path)
		r.check(r.Deny(r.ch, c.deny))
		if a := r.call(c.method, path, c.body); a.code() != c.code {
			t.Errorf("%s: %d %s, want code %d", c.name, a.Status, a.Raw, c.code)
		}
		r.check(r.Allow(r.ch, c.deny))
		if a := r.call(c.method, path, c.body); a.Status >= 300 {
			t.Errorf("%s, allowed again: %d %s", c.name, a.Status, a.Raw)
		}
	}
}

// https://docs.discord.com/developers/topics/permissions#permission-overwrites: those of
// everyone, then those of roles, then the member's own; a role's grant beats a role's denial.
func TestOverwritesApplyInTheirOrder(t *testing.T) {
	r := quiet(t)
	own, path := r.guilds[0].roles[1].id, "channels/"+r.ch+"/messages"
	content := fields{"content": "x"}
	r.check(r.SetPermission(r.ch, r.GuildID(), false, 0, SendMessages))
	r.refused(403, 50013, "POST", path, content)
	r.check(r.SetPermission(r.ch, own, false, SendMessages, 0))
	r.want("POST", path, content)
	r.do(func() { // another role of the bot's that denies it
		g := r.guilds[0]
		g.roles = append(g.roles, &role{id: "77", name: "Muted"})
		g.members[r.BotID()] = append(g.members[r.BotID()], "77")
	})
	r.check(r.SetPermission(r.ch, "77", false, 0, SendMessages))
	r.want("POST", path, content)
	r.check(r.SetPermission(r.ch, r.BotID(), true, 0, SendMessages))
	r.refused(403, 50013, "POST", path, content)
	r.GrantRole(r.GuildID(), 1<<3, true) // an administrator may everything
	r.want("POST", path, content)
	// The bot can compute it all: roles, its own, and the overwrites are told.
	roles := r.want("GET", "guilds/"+r.GuildID()+"/roles", nil).list()
	me := r.want("GET", "guilds/"+r.GuildID()+"/members/"+r.BotID(), nil)
	overwrites := r.want("GET", "channels/"+r.ch, nil).fields["permission_overwrites"].([]any)
	if len(roles) != 3 || me.fields["roles"].([]any)[0] != own || len(overwrites) != 4 {
		t.Errorf("roles %v, me %s, overwrites %v", roles, me.Raw, overwrites)
	}
}
