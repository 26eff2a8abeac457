package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func texts(list []wireMessage) []string {
	var out []string
	for _, m := range list {
		out = append(out, m.Text)
	}
	return out
}

func TestHistoryIsNewestFirstWithoutReplies(t *testing.T) {
	w := start(t, Options{})
	var stamps []string
	for i := range 5 {
		stamps = append(stamps, w.post(w.anna, strconv.Itoa(i)))
	}
	w.reply(w.bo, stamps[0], "a reply")
	a := w.must("conversations.history", "channel", w.ch)
	if diff := cmp.Diff([]string{"4", "3", "2", "1", "0"}, texts(a.Messages)); diff != "" || a.HasMore {
		t.Error(diff)
	}
	last := a.Messages[4]
	if last.ThreadTS != stamps[0] || last.ReplyCount != 1 || last.LatestReply == "" || !slices.Equal(last.ReplyUsers, []string{w.bo.ID()}) {
		t.Errorf("parent %+v", last)
	}
	between := []string{"channel", w.ch, "oldest", stamps[1], "latest", stamps[3]}
	if diff := cmp.Diff([]string{"2"}, texts(w.must("conversations.history", between...).Messages)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"3", "2", "1"}, texts(w.must("conversations.history", append(between, "inclusive", "true")...).Messages)); diff != "" {
		t.Error(diff)
	}
	w.refused("invalid_ts_oldest", "conversations.history", "channel", w.ch, "oldest", "x")
	w.refused("invalid_ts_latest", "conversations.history", "channel", w.ch, "latest", "x")
}

func TestPagingVisitsEverythingOnce(t *testing.T) {
	w := start(t, Options{})
	root := w.post(w.anna, "root")
	var want, posts []string
	for i := range 23 {
		want = append(want, fmt.Sprint("reply ", i))
		w.reply(w.bo, root, want[i])
		posts = append(posts, fmt.Sprint("post ", i))
		w.post(w.anna, posts[i])
	}
	var got []string
	cursor := ""
	for {
		a := w.must("conversations.replies", "channel", w.ch, "ts", root, "limit", "5", "cursor", cursor)
		if a.Messages[0].TS != root {
			t.Fatal("a page does not begin with the parent")
		}
		got = append(got, texts(a.Messages[1:])...)
		if cursor = a.Meta.Cursor; cursor == "" {
			break
		}
		if !a.HasMore {
			t.Error("a cursor without has_more")
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = nil
	for {
		a := w.must("conversations.history", "channel", w.ch, "limit", "4", "cursor", cursor)
		got = append(got, texts(a.Messages)...)
		if cursor = a.Meta.Cursor; cursor == "" {
			break
		}
		w.post(w.anna, "while paging")
	}
	slices.Reverse(got)
	if diff := cmp.Diff(append([]string{"root"}, posts...), got); diff != "" {
		t.Error(diff)
	}
}

func TestRepliesLeadWithTheParentHoweverLateOldestIs(t *testing.T) {
	w := start(t, Options{})
	root := w.post(w.anna, "root")
	first := w.reply(w.bo, root, "first")
	second := w.reply(w.bo, root, "second")
	a := w.must("conversations.replies", "channel", w.ch, "ts", root, "oldest", first)
	if diff := cmp.Diff([]string{"root", "second"}, texts(a.Messages)); diff != "" {
		t.Error(diff)
	}
	a = w.must("conversations.replies", "channel", w.ch, "ts", second, "oldest", second)
	if diff := cmp.Diff([]string{"root"}, texts(a.Messages)); diff != "" {
		t.Error(diff)
	}
	if a.Messages[0].ParentUserID != "" || a.Messages[0].ThreadTS != root {
		t.Errorf("parent %+v", a.Messages[0])
	}
	w.refused("thread_not_found", "conversations.replies", "channel", w.ch, "ts", "1.000000")
	w.check(w.Invite(w.ch, w.AddUser(UserSpec{Name: "cleo"})))
	join := w.Channel(w.ch)[1]
	w.refused("thread_not_found", "conversations.replies", "channel", w.ch, "ts", join.TS)
}

func TestCursorOfAnotherListingIsRefused(t *testing.T) {
	w := start(t, Options{})
	for range 3 {
		w.post(w.anna, "x")
	}
	cursor := w.must("conversations.history", "channel", w.ch, "limit", "1").Meta.Cursor
	other := w.AddChannel(ChannelSpec{Name: "other"})
	w.refused("invalid_cursor", "conversations.history", "channel", other, "cursor", cursor)
	w.refused("invalid_cursor", "conversations.history", "channel", w.ch, "cursor", "bm9wZQ==")
	w.refused("invalid_cursor", "users.list", "cursor", cursor)
}

func TestWhatTheBotIsNotInDoesNotExistOrIsClosed(t *testing.T) {
	w := start(t, Options{})
	public := w.AddChannel(ChannelSpec{Name: "lobby", WithoutBot: true})
	private := w.AddChannel(ChannelSpec{Name: "secret", Private: true, WithoutBot: true})
	w.refused("not_in_channel", "conversations.history", "channel", public)
	for _, method := range []string{"conversations.history", "conversations.info", "conversations.members", "conversations.join"} {
		w.refused("channel_not_found", method, "channel", private)
	}
	w.must("conversations.join", "channel", public)
	w.must("conversations.history", "channel", public)
	if a := w.must("conversations.join", "channel", public); a.Error != "" {
		t.Errorf("joining twice: %+v", a)
	}
	w.check(w.KickBot(public))
	w.refused("not_in_channel", "reactions.add", "channel", public, "timestamp", w.Channel(public)[0].TS, "name", "x")
	w.check(w.Archive(public))
	w.refused("is_archived", "conversations.join", "channel", public)
	w.check(w.InviteBot(private))
	w.refused("method_not_supported_for_channel_type", "conversations.join", "channel", private)
}

func TestInfoAndListTellWhatKindOfChannelItIs(t *testing.T) {
	w := start(t, Options{})
	private := w.AddChannel(ChannelSpec{Name: "secret", Private: true})
	hidden := w.AddChannel(ChannelSpec{Name: "hidden", Private: true, WithoutBot: true})
	w.check(w.ShareExternally(private, "T0OTHER"))
	w.check(w.Rename(w.ch, "invoices"))
	var info wireChannel
	w.check(json.Unmarshal(w.must("conversations.info", "channel", w.ch, "include_num_members", "true").Channel, &info))
	if info.Name != "invoices" || !slices.Equal(info.PreviousNames, []string{"billing"}) || info.IsPrivate || !info.IsMember || *info.NumMembers != 3 {
		t.Errorf("info %+v", info)
	}
	w.check(json.Unmarshal(w.must("conversations.info", "channel", private).Channel, &info))
	if !info.IsPrivate || !info.IsExtShared || info.IsOrgShared || !slices.Equal(info.ConnectedTeamIDs, []string{"T0OTHER"}) {
		t.Errorf("info %+v", info)
	}

	var found []string
	empty, cursor := 0, ""
	for {
		a := w.must("conversations.list", "types", "public_channel,private_channel", "limit", "1", "cursor", cursor)
		for _, ch := range a.Channels {
			found = append(found, ch.ID)
		}
		if len(a.Channels) == 0 {
			empty++
		}
		if cursor = a.Meta.Cursor; cursor == "" {
			break
		}
	}
	if !slices.Equal(found, []string{w.ch, private}) || empty != 1 {
		t.Errorf("listed %v with %d empty pages; %s is hidden", found, empty, hidden)
	}
	w.refused("invalid_types", "conversations.list", "types", "all")
	members := w.must("conversations.members", "channel", w.ch, "limit", "2")
	if len(members.Members) != 2 || members.Meta.Cursor == "" {
		t.Errorf("members %+v", members)
	}
}

func TestUsersGroupsBotsAndTeam(t *testing.T) {
	w := start(t, Options{})
	gone := w.AddUser(UserSpec{Name: "gone", Deleted: true, Email: "gone@example.com"})
	far := w.AddUser(UserSpec{Name: "far", TeamID: "T0OTHER", Email: "far@example.org"})
	w.AddGroup("support", "Support", w.anna)
	read := func(id string) wireUser {
		var u wireUser
		w.check(json.Unmarshal(w.must("users.info", "user", id).User, &u))
		return u
	}
	if u := read(w.anna.ID()); u.RealName != "Anna Berg" || u.Profile.Email != "anna@example.com" || u.Deleted {
		t.Errorf("anna %+v", u)
	}
	if u := read(gone.ID()); !u.Deleted {
		t.Errorf("gone %+v", u)
	}
	if u := read(far.ID()); !u.IsStranger || u.Profile.Email != "" || u.TeamID != "T0OTHER" {
		t.Errorf("far %+v", u)
	}
	if u := read(w.BotUserID()); !u.IsBot || u.Profile.BotID != w.BotID() {
		t.Errorf("bot %+v", u)
	}
	w.refused("user_not_found", "users.info", "user", "U404")
	w.must("users.lookupByEmail", "email", "ANNA@example.com")
	w.refused("users_not_found", "users.lookupByEmail", "email", "gone@example.com")
	w.RemoveScope("users:read.email")
	if u := read(w.anna.ID()); u.Profile.Email != "" {
		t.Error("an address without its scope")
	}
	if a := w.must("users.list", "limit", "3"); len(a.Members) != 3 || a.Meta.Cursor == "" {
		t.Errorf("users.list %+v", a)
	}
	if a := w.must("bots.info", "bot", w.BotID()); a.Bot.UserID != w.BotUserID() || a.Bot.AppID != w.AppID() {
		t.Errorf("bots.info %+v", a.Bot)
	}
	w.refused("bot_not_found", "bots.info", "bot", "B404")
	w.must("team.info")
	w.must("usergroups.list", "include_users", "1")
}

func TestReactions(t *testing.T) {
	r := receive(t)
	w := start(t, Options{EventsURL: r.URL})
	ts := w.post(w.anna, "x")
	args := []string{"channel", w.ch, "timestamp", ts, "name", "eyes"}
	w.must("reactions.add", args...)
	w.refused("already_reacted", "reactions.add", args...)
	w.check(w.bo.React(w.ch, ts, "eyes"))
	if m, _ := w.Message(w.ch, ts); len(m.Reactions["eyes"]) != 2 {
		t.Errorf("reactions %v", m.Reactions)
	}
	w.must("reactions.remove", args...)
	w.refused("no_reaction", "reactions.remove", args...)
	w.refused("message_not_found", "reactions.add", "channel", w.ch, "timestamp", "1.000000", "name", "eyes")
	w.refused("bad_timestamp", "reactions.add", "channel", w.ch, "timestamp", "now", "name", "eyes")
	w.refused("invalid_name", "reactions.add", "channel", w.ch, "timestamp", ts, "name", ":eyes:")
	w.settle()
	var kinds []string
	for _, g := range r.all() {
		if e := g.Body.Event; e.Reaction == "eyes" {
			kinds = append(kinds, e.Type)
		}
	}
	slices.Sort(kinds)
	if !slices.Equal(kinds, []string{"reaction_added", "reaction_added", "reaction_removed"}) {
		t.Errorf("events %v", kinds)
	}
}
