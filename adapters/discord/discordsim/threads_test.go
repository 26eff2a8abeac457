package discordsim

import (
	"slices"
	"testing"
	"time"
)

// https://docs.discord.com/developers/resources/channel#start-thread-from-message
func TestThreadOnAMessageHasItsIdAndIsMadeOnce(t *testing.T) {
	r := quiet(t)
	root := r.post(r.ch, "root")
	path := "channels/" + r.ch + "/messages/" + root
	th := r.want("POST", path+"/threads", fields{"name": "T", "auto_archive_duration": 60})
	meta, _ := th.fields["thread_metadata"].(map[string]any)
	if th.id() != root || th.text("parent_id") != r.ch || th.fields["type"] != 11.0 || th.text("owner_id") != r.BotID() || meta["auto_archive_duration"] != 60.0 {
		t.Errorf("thread %s", th.Raw)
	}
	r.refused(400, 160004, "POST", path+"/threads", fields{"name": "T"})
	m := r.want("GET", path, nil)
	if flags, _ := m.fields["flags"].(float64); int(flags)&32 == 0 || m.fields["thread"] == nil {
		t.Errorf("root %s", m.Raw)
	}
	// Discord's own first message is in the thread, for those who list it.
	list := r.want("GET", "channels/"+root+"/messages", nil).list()
	if len(list) != 1 || list[0]["type"] != 21.0 || len(r.Channel(root)) != 0 {
		t.Errorf("in the thread: %v and %v", list, r.Channel(root))
	}
	r.refused(400, 50024, "POST", "channels/"+root+"/messages/"+list[0]["id"].(string)+"/threads", fields{"name": "T"})
	r.refused(404, 10008, "GET", "channels/"+root+"/messages/"+root, nil)
	for _, body := range []fields{{"name": ""}, {"name": long(101)}, {"name": "T", "auto_archive_duration": 61}} {
		r.refused(400, 50035, "POST", path+"/threads", body)
	}
	// The thread outlives the message.
	r.want("DELETE", path, nil)
	r.post(root, "still here")
	if got := r.Thread(root); len(got) != 1 {
		t.Errorf("thread %+v", got)
	}
}

func TestThreadsOfAnnouncementsAreOfTheirOwnType(t *testing.T) {
	r := quiet(t)
	news := r.AddChannel(ChannelSpec{Name: "news", Announcement: true})
	root := r.post(news, "news")
	if th := r.want("POST", "channels/"+news+"/messages/"+root+"/threads", fields{"name": "T"}); th.fields["type"] != 10.0 {
		t.Errorf("thread %s", th.Raw)
	}
}

// https://docs.discord.com/developers/resources/channel#start-thread-without-message
func TestThreadWithoutATypeIsPrivate(t *testing.T) {
	r := quiet(t)
	path := "channels/" + r.ch + "/threads"
	r.refused(403, 50013, "POST", path, fields{"name": "T"})
	r.check(r.Allow(r.ch, CreatePrivateThreads))
	if th := r.want("POST", path, fields{"name": "T"}); th.fields["type"] != 12.0 {
		t.Errorf("thread %s", th.Raw)
	}
	if th := r.want("POST", path, fields{"name": "T", "type": 11}); th.fields["type"] != 11.0 {
		t.Errorf("thread %s", th.Raw)
	}
	r.refused(400, 50035, "POST", path, fields{"name": "T", "type": 0})
}

// https://docs.discord.com/developers/topics/threads#active--archived-threads
func TestArchivedThreadTakesPostsAndNothingElse(t *testing.T) {
	r := quiet(t)
	th := r.thread()
	m := r.post(th, "before")
	path := "channels/" + th
	r.check(r.ArchiveThread(th))
	r.refused(400, 50083, "PATCH", path+"/messages/"+m, fields{"content": "x"})
	r.refused(400, 50083, "PUT", path+"/messages/"+m+"/reactions/%F0%9F%91%8D/@me", nil)
	r.refused(400, 50083, "DELETE", path+"/messages/"+m+"/reactions/%F0%9F%91%8D/@me", nil)
	r.refused(400, 50083, "DELETE", path+"/messages/"+m, nil)
	r.refused(400, 50083, "PUT", path+"/thread-members/@me", nil)
	r.refused(400, 50083, "PATCH", path, fields{"name": "renamed"})
	if err := r.anna.React(th, m, "👍"); err == nil {
		t.Error("a person reacted in an archived thread")
	}
	r.want("PATCH", path, fields{"archived": false})
	r.want("PATCH", path+"/messages/"+m, fields{"content": "x"})
	r.check(r.ArchiveThread(th))
	r.must(r.anna.Say(th, "this opens it"))
	if s, _ := r.State(th); s.Archived {
		t.Error("a post left the thread archived")
	}
	r.check(r.ArchiveThread(th))
	r.post(th, "so does the bot's")
	if s, _ := r.State(th); s.Archived {
		t.Error("the bot's post left the thread archived")
	}
}

func TestLockedThreadIsForThoseWhoManageThreads(t *testing.T) {
	r := quiet(t)
	th := r.thread()
	m := r.post(th, "before")
	r.check(r.LockThread(th, true))
	if _, err := r.anna.Say(th, "let me"); err == nil {
		t.Error("a person wrote in a locked thread")
	}
	r.post(th, "the bot may, since it manages threads")
	r.check(r.Deny(r.ch, ManageThreads))
	r.refused(403, 160005, "POST", "channels/"+th+"/messages", fields{"content": "x"})
	r.refused(403, 50013, "PATCH", "channels/"+th, fields{"locked": false})
	r.refused(403, 50013, "PATCH", "channels/"+th, fields{"archived": true})
	r.want("PATCH", "channels/"+th+"/messages/"+m, fields{"content": "edits are no posts"})
	r.check(r.LockThread(th, false))
	r.refused(403, 50013, "PATCH", "channels/"+th, fields{"locked": true})
	r.want("PATCH", "channels/"+th, fields{"archived": true, "name": "closed"}) // its owner's right
}

// https://docs.discord.com/developers/resources/channel#start-thread-in-forum-or-media-channel
func TestForumPostsHaveTheirFirstMessageAndItsTags(t *testing.T) {
	r := quiet(t)
	forum := r.AddChannel(ChannelSpec{Name: "forum", Forum: true, Tags: 2, RequireTag: true})
	path := "channels/" + forum
	tags, _ := r.want("GET", path, nil).fields["available_tags"].([]any)
	tag := tags[1].(map[string]any)["id"]
	r.refused(400, 50008, "POST", path+"/messages", fields{"content": "x"})
	r.refused(400, 50035, "POST", path+"/threads", fields{"name": "T"})
	r.refused(400, 40067, "POST", path+"/threads", fields{"name": "T", "message": fields{"content": "x"}})
	r.refused(400, 50035, "POST", path+"/threads", fields{"name": "T", "message": fields{"content": "x"}, "applied_tags": []string{"1"}})
	r.refused(400, 50006, "POST", path+"/threads", fields{"name": "T", "message": fields{}, "applied_tags": []any{tag}})
	body := fields{"name": "T", "message": fields{"content": "root", "nonce": "n", "enforce_nonce": true}, "applied_tags": []any{tag}}
	a, b := r.want("POST", path+"/threads", body), r.want("POST", path+"/threads", body)
	first, _ := a.fields["message"].(map[string]any)
	if a.id() == b.id() || first["id"] != a.id() || first["nonce"] != nil || first["channel_id"] != a.id() {
		t.Errorf("post %s", a.Raw)
	}
	if s, _ := r.State(a.id()); !slices.Equal(s.Tags, []string{tag.(string)}) || s.Owner != r.BotID() {
		t.Errorf("state %+v", s)
	}
	hers := r.must(r.anna.PostInForum(forum, "Hers", "a question"))
	if got := r.Thread(hers); len(got) != 1 || got[0].ID != hers {
		t.Errorf("her post %+v", got)
	}
}

// https://docs.discord.com/developers/resources/guild#list-active-guild-threads and
// https://docs.discord.com/developers/resources/channel#list-public-archived-threads
func TestThreadsAreListedActiveOrByWhenTheyWereArchived(t *testing.T) {
	r := quiet(t)
	a, b, c, active := r.thread(), r.thread(), r.thread(), r.thread()
	for _, id := range []string{b, a, c} { // not in the order in which they were made
		r.pass(time.Second)
		r.check(r.ArchiveThread(id))
	}
	list := func(query string) (reply, []string) {
		page := r.want("GET", "channels/"+r.ch+"/threads/archived/public"+query, nil)
		var got []string
		for _, th := range page.fields["threads"].([]any) {
			got = append(got, th.(map[string]any)["id"].(string))
		}
		return page, got
	}
	page, got := list("?limit=2")
	if !slices.Equal(got, []string{c, a}) || page.fields["has_more"] != true {
		t.Fatalf("first page %s", page.Raw)
	}
	last := page.fields["threads"].([]any)[1].(map[string]any)["thread_metadata"].(map[string]any)["archive_timestamp"].(string)
	last = last[:len(last)-len("+00:00")] + "Z"
	if page, got = list("?limit=2&before=" + last); !slices.Equal(got, []string{b}) || page.fields["has_more"] != false {
		t.Errorf("second page %s", page.Raw)
	}
	now := r.want("GET", "guilds/"+r.GuildID()+"/threads/active", nil).fields["threads"].([]any)
	if len(now) != 1 || now[0].(map[string]any)["id"] != active {
		t.Errorf("active %v", now)
	}
	r.check(r.Deny(r.ch, ReadMessageHistory))
	r.refused(403, 50013, "GET", "channels/"+r.ch+"/threads/archived/public", nil)
}

func TestGuildHasOnlySoManyActiveThreads(t *testing.T) {
	r := newRig(t, Options{ActiveThreads: 1, Limits: Limits{Off: true}})
	th, root := r.thread(), r.post(r.ch, "root")
	r.refused(400, 160006, "POST", "channels/"+r.ch+"/messages/"+root+"/threads", fields{"name": "T"})
	r.check(r.ArchiveThread(th))
	r.want("POST", "channels/"+r.ch+"/messages/"+root+"/threads", fields{"name": "T"})
	r.refused(400, 160006, "PATCH", "channels/"+th, fields{"archived": false})
}

func TestDeletedThreadsAndChannelsAreUnknown(t *testing.T) {
	r := quiet(t)
	th := r.thread()
	r.want("DELETE", "channels/"+th, nil)
	r.refused(404, 10003, "POST", "channels/"+th+"/messages", fields{"content": "x"})
	th = r.thread()
	r.check(r.DeleteChannel(r.ch))
	r.refused(404, 10003, "GET", "channels/"+th, nil)
	r.refused(404, 10003, "GET", "channels/"+r.ch, nil)
	r.KickBot(r.GuildID())
	r.refused(403, 50001, "GET", "guilds/"+r.GuildID(), nil)
	r.refused(404, 10004, "GET", "guilds/1", nil)
}
