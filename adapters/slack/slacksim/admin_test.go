package slacksim

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
)

// kinds returns types of events, with the subtype of messages.
func (r *receiver) kinds() []string {
	var out []string
	for _, g := range r.all() {
		kind := g.Body.Event.Type
		if g.Body.Event.Subtype != "" {
			kind += "." + g.Body.Event.Subtype
		}
		out = append(out, kind)
	}
	return out
}

func TestChannelEvents(t *testing.T) {
	r := receive(t)
	w := start(t, Options{EventsURL: r.URL, Workers: 1})
	private := w.AddChannel(ChannelSpec{Name: "secret", Private: true})
	cleo := w.AddUser(UserSpec{Name: "cleo"})
	for _, step := range []struct {
		name string
		do   func() error
		want []string
	}{
		{"archive", func() error { return w.Archive(w.ch) }, []string{"message.channel_archive", "channel_archive"}},
		{"unarchive", func() error { return w.Unarchive(w.ch) }, []string{"message.channel_unarchive", "channel_unarchive"}},
		{"rename", func() error { return w.Rename(w.ch, "b2") }, []string{"message.channel_name", "channel_rename"}},
		{"share", func() error { return w.ShareExternally(w.ch, "T0X") }, []string{"channel_shared"}},
		{"unshare", func() error { return w.Unshare(w.ch, "T0X") }, []string{"channel_unshared"}},
		{"invite", func() error { return w.Invite(w.ch, cleo) }, []string{"message.channel_join", "member_joined_channel"}},
		{"kick", func() error { return w.Kick(w.ch, cleo) }, []string{"message.channel_leave", "member_left_channel"}},
		{"kick bot", func() error { return w.KickBot(w.ch) }, []string{"channel_left"}},
		{"unseen post", func() error { _, err := w.anna.Post(w.ch, "x"); return err }, nil},
		{"invite bot", func() error { return w.InviteBot(w.ch) }, []string{"message.channel_join", "member_joined_channel"}},
		{"private", func() error { return w.ConvertToPrivate(w.ch) }, []string{"message.channel_convert_to_private"}},
		{"archive private", func() error { return w.Archive(private) }, []string{"message.group_archive", "group_archive"}},
		{"unarchive private", func() error { return w.Unarchive(private) }, []string{"message.group_unarchive", "group_unarchive"}},
		{"kick bot private", func() error { return w.KickBot(private) }, []string{"group_left"}},
		{"private unseen", func() error { return w.Archive(private) }, nil},
		{"delete", func() error { return w.DeleteChannel(w.ch) }, []string{"group_deleted"}},
		{"user", func() error { return w.ChangeUser(cleo, func(u *UserSpec) { u.Deleted = true }) }, []string{"user_change"}},
		{"revoke", func() error { w.RevokeToken(); return nil }, []string{"tokens_revoked"}},
		{"uninstall", func() error { w.Uninstall(); return nil }, []string{"app_uninstalled", "tokens_revoked"}},
		{"after uninstall", func() error { _, err := w.bo.Post(w.AddChannel(ChannelSpec{Name: "z"}), "x"); return err }, nil},
	} {
		before := len(r.all())
		w.check(step.do())
		w.settle()
		if got := r.kinds()[before:]; !slices.Equal(got, step.want) {
			t.Errorf("%s: %v, want %v", step.name, got, step.want)
		}
	}
}

func TestChannelKeepsItsMessagesWhenItsIDChanges(t *testing.T) {
	r := receive(t)
	w := start(t, Options{EventsURL: r.URL, Workers: 1})
	root := w.post(w.anna, "root")
	id, err := w.ChangeChannelID(w.ch)
	w.check(err)
	w.settle()
	all := r.all()
	if e := all[len(all)-1].Body.Event; e.Type != "channel_id_changed" || e.OldID != w.ch || e.NewID != id {
		t.Errorf("event %+v", e)
	}
	w.refused("channel_not_found", "conversations.replies", "channel", w.ch, "ts", root)
	w.must("conversations.replies", "channel", id, "ts", root)
}

func TestSharedChannelsMarkTheirEventsAndAuthors(t *testing.T) {
	r := receive(t)
	w := start(t, Options{EventsURL: r.URL})
	far := w.AddUser(UserSpec{Name: "far", TeamID: "T0OTHER"})
	w.check(w.ShareExternally(w.ch, "T0OTHER"))
	w.check(w.Invite(w.ch, far))
	w.post(far, "hello from outside")
	w.settle()
	for _, g := range r.all() {
		if e := g.Body.Event; e.Text == "hello from outside" {
			if !g.Body.Shared || e.UserTeam != "T0OTHER" || e.SourceTeam != "T0OTHER" || g.Body.TeamID != w.TeamID() {
				t.Errorf("event %s", g.Raw)
			}
			return
		}
	}
	t.Error("no event")
}

func TestEventsNeedScopesAndMembership(t *testing.T) {
	r := receive(t)
	w := start(t, Options{EventsURL: r.URL, Workers: 1, Scopes: []string{"channels:history"}})
	private := w.AddChannel(ChannelSpec{Name: "secret", Private: true})
	_, err := w.anna.Post(private, "no groups:history")
	w.check(err)
	ts := w.post(w.anna, "seen")
	w.check(w.bo.React(w.ch, ts, "eyes"))
	w.check(w.Rename(w.ch, "x"))
	w.settle()
	if got := r.kinds(); !slices.Equal(got, []string{"message", "message.channel_name"}) {
		t.Errorf("events %v", got)
	}
}

func TestOddShapesCanBeSent(t *testing.T) {
	r := receive(t)
	w := start(t, Options{EventsURL: r.URL, Workers: 1})
	robot := w.AddBot("Robot")
	w.check(w.Invite(w.ch, robot))
	w.settle()
	before := len(r.all())
	send := func(p *Person, d Draft) {
		_, err := p.Send(w.ch, d)
		w.check(err)
	}
	send(w.anna, Draft{Text: "shrugs", Me: true})
	send(w.anna, Draft{Text: "no blocks", Raw: true})
	send(w.anna, Draft{Text: "twice", ClientMsgID: "same"})
	send(w.anna, Draft{Text: "twice", ClientMsgID: "same"})
	send(robot, Draft{Text: "beep"})
	send(robot, Draft{Text: "legacy", Subtype: "bot_message", Username: "github"})
	send(robot, Draft{Text: "meta", Metadata: json.RawMessage(`{"event_type":"bridge","event_payload":{"d":"stolen"}}`)})
	w.settle()
	events := r.all()[before:]
	get := func(i int) event { return events[i].Body.Event }
	if e := get(0); e.Subtype != "me_message" || e.Blocks != nil {
		t.Errorf("me_message %+v", e)
	}
	if e := get(1); e.Blocks != nil || e.Text != "no blocks" {
		t.Errorf("raw %+v", e)
	}
	if a, b := get(2), get(3); a.ClientMsgID != "same" || b.ClientMsgID != "same" || a.TS == b.TS {
		t.Errorf("phantoms %+v %+v", a, b)
	}
	if e := get(4); e.BotID == "" || e.AppID == w.AppID() || e.User != robot.ID() || e.Subtype != "" || e.ClientMsgID != "" || e.BotProfile.Name != "Robot" {
		t.Errorf("bot %+v", e)
	}
	if e := get(5); e.Subtype != "bot_message" || e.User != "" || e.Username != "github" {
		t.Errorf("bot_message %+v", e)
	}
	if e := get(6); e.Metadata.EventType != "bridge" {
		t.Errorf("metadata %+v", e)
	}
}

func TestPersonsCanDoOnlyWhatPersonsCan(t *testing.T) {
	w := start(t, Options{})
	cleo := w.AddUser(UserSpec{Name: "cleo"})
	ts := w.post(w.anna, "x")
	fails := func(err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	_, err := cleo.Post(w.ch, "x")
	fails(err, ErrNotMember)
	w.check(cleo.Join(w.ch))
	_, err = cleo.Post(w.ch, "x")
	w.check(err)
	w.check(cleo.Leave(w.ch))
	fails(w.bo.Edit(w.ch, ts, "y"), ErrNotAllowed)
	fails(w.bo.Delete(w.ch, ts), ErrNotAllowed)
	_, err = w.bo.Reply(w.ch, "1.000000", "x")
	fails(err, ErrNoSuch)
	_, err = w.bo.Post("C404", "x")
	fails(err, ErrNoSuch)
	w.check(w.bo.Moderate(w.ch, ts))
	w.check(w.Archive(w.ch))
	_, err = w.bo.Post(w.ch, "x")
	fails(err, ErrNotAllowed)
	if w.Person("U404") != nil || w.Person(w.bo.ID()).ID() != w.bo.ID() {
		t.Error("Person found the wrong one")
	}
	if !strings.HasPrefix(w.anna.ID(), "U") {
		t.Errorf("id %s", w.anna.ID())
	}
}

func TestDelayedEventsRetryForADay(t *testing.T) {
	w := start(t, Options{DelayedEvents: true})
	for failures, want := range map[int]bool{0: true, 3: true, 26: true, 27: false} {
		if _, again := w.queue.delay(failures); again != want {
			t.Errorf("after %d failures: %v", failures, again)
		}
	}
}
