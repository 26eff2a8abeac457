package slacksim

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// opened returns the id that conversations.open gives for people.
func (w *world) opened(people ...*Person) string {
	w.t.Helper()
	var ids []string
	for _, p := range people {
		ids = append(ids, p.ID())
	}
	var ch struct{ ID string }
	w.check(json.Unmarshal(w.must("conversations.open", "users", strings.Join(ids, ",")).Channel, &ch))
	return ch.ID
}

func TestOneDirectMessageForTheSamePeopleHoweverItIsOpened(t *testing.T) {
	w := start(t, Options{})
	carl := w.AddUser(UserSpec{Name: "carl"})
	a := w.must("chat.postMessage", "channel", w.anna.ID(), "text", "psst")
	one := strings.Trim(string(a.Channel), `"`)
	if one[0] != 'D' || len(w.Channel(one)) != 1 || w.opened(w.anna) != one || w.Direct(w.anna) != one {
		t.Errorf("channel %s", one)
	}
	group := w.opened(w.anna, carl)
	if group[0] != 'G' || w.opened(carl, w.anna) != group || w.opened(w.anna, w.bo) == group || w.opened(w.anna, w.bo, carl) == group {
		t.Errorf("group %s", group)
	}
	full := w.must("conversations.open", "users", w.anna.ID()+","+w.BotUserID(), "return_im", "true")
	if !contains(full.Channel, `"is_im":true`) || !contains(full.Channel, `"user":"`+w.anna.ID()+`"`) {
		t.Errorf("full %s", full.Channel)
	}
	info := w.must("conversations.info", "channel", group)
	if !contains(info.Channel, `"is_mpim":true`) || !contains(info.Channel, `"mpdm-anna--carl--sidebridge-1"`) {
		t.Errorf("info %s", info.Channel)
	}
	if resumed := w.must("conversations.open", "channel", group); !contains(resumed.Channel, group) {
		t.Errorf("resumed %s", resumed.Channel)
	}
}

func TestOpeningADirectMessageIsRefusedAsDocumented(t *testing.T) {
	w := start(t, Options{})
	gone := w.AddUser(UserSpec{Name: "gone", Deleted: true})
	guest := w.AddUser(UserSpec{Name: "guest", Guest: true})
	far := w.AddUser(UserSpec{Name: "far", TeamID: "T0OTHER"})
	farther := w.AddUser(UserSpec{Name: "farther", TeamID: "T0OTHER2"})
	robot := w.AddBot("Robot")
	var nine []string
	for i := range 9 {
		nine = append(nine, w.AddUser(UserSpec{Name: fmt.Sprint("n", i)}).ID())
	}
	for code, users := range map[string]string{
		"users_list_not_supplied": "",
		"user_not_found":          "U0NOBODY",
		"user_disabled":           w.anna.ID() + "," + gone.ID(),
		"cannot_dm_bot":           robot.ID(),
		"user_not_visible":        guest.ID(),
		"not_enough_users":        w.BotUserID(),
		"too_many_users":          strings.Join(nine, ","),
	} {
		w.refused(code, "conversations.open", "users", users)
	}
	w.refused("channel_not_found", "conversations.open", "channel", "D0NOTHING")
	w.refused("method_not_supported_for_channel_type", "conversations.open", "channel", w.ch)

	w.AddChannel(ChannelSpec{Name: "guests", Members: []*Person{guest, far}})
	w.AddChannel(ChannelSpec{Name: "others", Members: []*Person{farther}})
	w.opened(guest)
	w.refused("invalid_user_combination", "conversations.open", "users", far.ID()+","+farther.ID())
	if ch := w.must("conversations.info", "channel", w.opened(far)).Channel; !contains(ch, `"is_ext_shared":true`) {
		t.Errorf("a direct message with another organisation: %s", ch)
	}
	w.opened(w.anna, guest)
}

func TestDirectMessagesNeedScopesOfTheirOwn(t *testing.T) {
	w := start(t, Options{})
	one, group := w.opened(w.anna), w.opened(w.anna, w.bo)
	ids := map[string]string{"im": one, "mpim": group}
	users := map[string]string{"im": w.anna.ID(), "mpim": w.anna.ID() + "," + w.bo.ID()}
	for family, id := range ids {
		w.RemoveScope(family + ":write")
		if a := w.refused("missing_scope", "conversations.open", "users", users[family]); a.Needed != family+":write" {
			t.Errorf("needed %q", a.Needed)
		}
		w.must("chat.postMessage", "channel", id, "text", "hello")
		w.RemoveScope(family + ":read")
		w.refused("missing_scope", "conversations.info", "channel", id)
		w.RemoveScope(family + ":history")
		w.refused("missing_scope", "conversations.history", "channel", id)
	}
}

func TestWhatIsSaidInDirectMessagesArrivesWithTheScopeOnly(t *testing.T) {
	r := receive(t)
	w := start(t, Options{EventsURL: r.URL})
	one, group := w.opened(w.anna), w.opened(w.anna, w.bo)
	ts, err := w.anna.Post(one, "to the app")
	w.check(err)
	w.settle() // two events may overtake one another
	_, err = w.bo.Post(group, "to both")
	w.check(err)
	w.settle()
	all := r.all()
	if len(all) != 2 || all[0].Body.Event.ChannelType != "im" || all[1].Body.Event.ChannelType != "mpim" || all[0].Body.Event.TS != ts {
		t.Fatalf("%d events", len(all))
	}
	if _, err := w.bo.Post(one, "not mine"); !errors.Is(err, ErrNotMember) {
		t.Errorf("somebody else wrote there: %v", err)
	}
	w.RemoveScope("im:history")
	w.RemoveScope("mpim:history")
	_, err = w.anna.Post(one, "unheard")
	w.check(err)
	_, err = w.bo.Post(group, "unheard")
	w.check(err)
	w.settle()
	if n := len(r.all()); n != 2 {
		t.Errorf("%d events arrived without the scope", n)
	}
}

func TestMessagesTabDecidesWhoWritesInADirectMessage(t *testing.T) {
	for _, tab := range []Tab{TabReadOnly, TabOff} {
		w := start(t, Options{MessagesTab: tab})
		id := w.Direct(w.anna)
		if _, err := w.anna.Post(id, "hello"); !errors.Is(err, ErrNotAllowed) {
			t.Errorf("tab %d: a person wrote: %v", tab, err)
		}
		if tab == TabOff {
			w.refused("messages_tab_disabled", "chat.postMessage", "channel", id, "text", "hello")
		} else {
			w.must("chat.postMessage", "channel", id, "text", "hello")
		}
		_, body := w.get("/?as=" + w.anna.ID() + "&channel=" + id)
		if !strings.Contains(body, "You cannot write here") {
			t.Errorf("tab %d: the page offers to write", tab)
		}
	}
}

func TestDirectMessageWithSomebodyWhoLeftTakesNothing(t *testing.T) {
	w := start(t, Options{})
	id := w.opened(w.anna)
	w.check(w.ChangeUser(w.anna, func(u *UserSpec) { u.Deleted = true }))
	w.refused("channel_not_found", "chat.postMessage", "channel", id, "text", "hello?")
	if info := w.must("conversations.info", "channel", id); !contains(info.Channel, `"is_user_deleted":true`) {
		t.Errorf("info %s", info.Channel)
	}
}

func TestPageOpensADirectMessageAndRepliesInItsThread(t *testing.T) {
	w := start(t, Options{})
	body := w.form("do", "direct")
	id := w.Direct(w.bo)
	if !strings.Contains(body, "<title>Sidebridge") || strings.Contains(body, "Message Sidebridge</button>") {
		t.Errorf("the direct message is not shown: %s", body)
	}
	m := w.must("chat.postMessage", "channel", id, "text", "a question")
	w.form("do", "post", "channel", id, "parent", m.TS, "thread", m.TS, "text", "the answer")
	if thread := w.Thread(id, m.TS); len(thread) != 2 || thread[1].Text != "the answer" {
		t.Errorf("thread %+v", thread)
	}
	group := w.Direct(w.anna, w.bo)
	_, body = w.get("/?as=" + w.bo.ID() + "&channel=" + group)
	if !strings.Contains(body, "Anna Berg, Sidebridge") {
		t.Errorf("the group message is not named by its people: %s", body)
	}
	if _, body = w.get("/?as=" + w.AddUser(UserSpec{Name: "dora"}).ID()); strings.Contains(body, group) || strings.Contains(body, id) {
		t.Error("somebody else sees it")
	}
}
