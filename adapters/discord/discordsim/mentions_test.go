package discordsim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// called returns who was called by a message, as kind:id.
func (r *rig) called(id string) (out []string) {
	for _, n := range r.Notifications() {
		if n.Message == id {
			out = append(out, n.Kind+":"+n.Who)
		}
	}
	slices.Sort(out)
	return out
}

// https://docs.discord.com/developers/resources/message#allowed-mentions-object
func TestAllowedMentionsDecideWhoIsCalled(t *testing.T) {
	r := quiet(t)
	bo := r.AddUser(UserSpec{Name: "bo"})
	role := r.guilds[0].roles[1].id
	text := fmt.Sprintf("<@%s> <@!%s> <@&%s> @everyone", r.anna.ID(), bo.ID(), role)
	anna, other := "user:"+r.anna.ID(), "user:"+bo.ID()
	both := []string{anna, other}
	slices.Sort(both)
	everything := append([]string{"everyone:everyone", "role:" + role}, both...)
	path := "channels/" + r.ch + "/messages"
	for name, c := range map[string]struct {
		allowed any
		want    []string
	}{
		"left out is everything": {nil, everything},
		"nothing":                {fields{"parse": []string{}}, nil},
		"users":                  {fields{"parse": []string{"users"}}, both},
		"one user":               {fields{"parse": []string{}, "users": []string{r.anna.ID()}}, []string{anna}},
		"one user, parse unsaid": {fields{"users": []string{r.anna.ID()}}, []string{anna}},
		"one role":               {fields{"roles": []string{role}}, []string{"role:" + role}},
		"everyone":               {fields{"parse": []string{"everyone"}}, []string{"everyone:everyone"}},
		"roles and a user":       {fields{"parse": []string{"roles"}, "users": []string{bo.ID()}}, []string{"role:" + role, other}},
	} {
		body := fields{"content": text}
		if c.allowed != nil {
			body["allowed_mentions"] = c.allowed
		}
		m := r.want("POST", path, body).id()
		if got := r.called(m); !slices.Equal(got, c.want) {
			t.Errorf("%s: called %v, want %v", name, got, c.want)
		}
	}
	for name, allowed := range map[string]fields{
		"users both ways": {"parse": []string{"users"}, "users": []string{r.anna.ID()}},
		"roles both ways": {"parse": []string{"roles"}, "roles": []string{role}},
		"unknown kind":    {"parse": []string{"channels"}},
		"101 users":       {"users": slices.Repeat([]string{r.anna.ID()}, 101)},
	} {
		r.refused(400, 50035, "POST", path, fields{"content": name, "allowed_mentions": allowed})
	}
}

func TestEditsMentionByTheSameRules(t *testing.T) {
	r := quiet(t)
	path := "channels/" + r.ch + "/messages"
	m := r.want("POST", path, fields{"content": "x"}).id()
	r.want("PATCH", path+"/"+m, fields{"content": "@everyone", "allowed_mentions": fields{"parse": []string{}}})
	if got := r.called(m); got != nil {
		t.Errorf("called %v", got)
	}
	r.want("PATCH", path+"/"+m, fields{"content": "@here <@" + r.anna.ID() + ">"})
	list := r.Notifications()
	if len(list) != 2 || !list[0].Edit || list[0].Author != r.BotID() || list[1].Who != "here" {
		t.Errorf("notifications %+v", list)
	}
	r.refused(400, 50035, "PATCH", path+"/"+m, fields{"allowed_mentions": fields{"parse": []string{"users"}, "users": []string{r.anna.ID()}}})
}

func TestRepliesCallTheAuthorUnlessTold(t *testing.T) {
	r := quiet(t)
	path, question := "channels/"+r.ch+"/messages", r.must(r.anna.Say(r.ch, "why?"))
	body := fields{"content": "because", "message_reference": fields{"message_id": question}}
	if got := r.called(r.want("POST", path, body).id()); len(got) != 1 {
		t.Errorf("by default called %v", got)
	}
	body["allowed_mentions"] = fields{"parse": []string{}}
	if got := r.called(r.want("POST", path, body).id()); got != nil {
		t.Errorf("without replied_user called %v", got)
	}
	body["allowed_mentions"] = fields{"replied_user": true}
	if got := r.called(r.want("POST", path, body).id()); len(got) != 1 {
		t.Errorf("with replied_user called %v", got)
	}
}

func TestWebhooksCallUsersOnlyByDefaultAndEmbedsNobody(t *testing.T) {
	r := quiet(t)
	h := r.want("POST", "channels/"+r.ch+"/webhooks", fields{"name": "Agents"})
	path := "webhooks/" + h.id() + "/" + h.text("token") + "?wait=true"
	text := "<@" + r.anna.ID() + "> @everyone"
	if got := r.called(r.want("POST", path, fields{"content": text}).id()); len(got) != 1 || !strings.HasPrefix(got[0], "user:") {
		t.Errorf("called %v", got)
	}
	if got := r.called(r.want("POST", path, fields{"embeds": []fields{{"description": text}}}).id()); got != nil {
		t.Errorf("an embed called %v", got)
	}
}

// https://docs.discord.com/developers/topics/permissions#permissions-bitwise-permission-flags
func TestWithoutThePermissionEveryoneIsNotCalled(t *testing.T) {
	r := quiet(t)
	r.check(r.Deny(r.ch, MentionEveryone))
	if got := r.called(r.post(r.ch, "@everyone <@&"+r.guilds[0].roles[1].id+">")); got != nil {
		t.Errorf("called %v", got)
	}
}
