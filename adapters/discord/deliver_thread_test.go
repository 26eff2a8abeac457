package discord

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
)

func TestThreadIsOpenedOnceOnItsRoot(t *testing.T) {
	tb := textChannel()
	open := "POST channels/" + testChannel + "/messages/" + testThread + "/threads"
	tb[open] = []reply{{201, `{"id": "` + testThread + `"}`}, refuses(400, 160004), refuses(404, 10008)}
	_, g := withTable(t, tb)
	at := attempt(g, planView(bridge.MirrorOpened, ""), 1)
	for range 2 {
		if r := mustDeliver(t, g, at); r.Ref != testThread {
			t.Errorf("receipt %+v", r)
		}
	}
	_, err := g.Deliver(t.Context(), at)
	if se := asError(t, err); se.Code != bridge.ParkedThread || se.Class != bridge.Gone {
		t.Errorf("a root that was deleted before: %v", se)
	}
}

func TestArchivedThreadIsTakenOutForAnEdit(t *testing.T) {
	tb := textChannel()
	edit, thread := "PATCH channels/"+testThread+"/messages/"+refOne, "PATCH channels/"+testThread
	tb[edit] = []reply{refuses(400, 50083), {200, `{}`}}
	tb[thread] = ok(`{}`)
	f, g := withTable(t, tb)
	mustDeliver(t, g, attempt(g, shown(planView(bridge.MessageEdited, "new"), refOne)))
	wantCalls(t, f, edit, thread, edit)
}

func TestLockedThreadThatWeMayNotOpenParksWithTheRemedy(t *testing.T) {
	tb := textChannel()
	tb["POST channels/"+testThread+"/messages"] = []reply{refuses(403, 160005)}
	tb["PATCH channels/"+testThread] = []reply{refuses(403, 50013)}
	_, g := withTable(t, tb)
	_, err := g.Deliver(t.Context(), attempt(g, planView(bridge.MessagePosted, "hello")))
	if se := asError(t, err); se.Class != bridge.Gone || se.Code != codeLocked || se.Uncertain || !strings.Contains(se.Remedy, "Manage Threads") {
		t.Errorf("%v: %q", se, se.Remedy)
	}
}

// An unlock that Discord refused us was not ours: the moderator's own is heard.
func TestModeratorsUnlockIsHeardAfterOursWasRefused(t *testing.T) {
	tb := textChannel()
	tb["POST channels/"+testThread+"/messages"] = []reply{refuses(403, 160005)}
	tb["PATCH channels/"+testThread] = []reply{refuses(403, 50013)}
	in := &heardInbox{}
	_, g := withTable(t, tb, func(o *Options) { o.Inbox, o.Watcher = in, in })
	update := func(locked bool) {
		g.happens(t, "THREAD_UPDATE", fmt.Sprintf(`{"id":%q,"guild_id":%q,"parent_id":%q,"type":11,"thread_metadata":{"locked":%v}}`,
			testThread, testGuild, testChannel, locked))
	}
	update(true)
	if _, err := g.Deliver(t.Context(), attempt(g, planView(bridge.MessagePosted, "hello"))); err == nil {
		t.Fatal("a locked thread took a post")
	}
	update(false)
	if n := len(in.all); n != 2 || in.all[1].Action != bridge.PressReopen || !in.told("recovered "+testGuild+" "+testChannel) {
		t.Errorf("heard %+v, told %q", in.all, in.lines)
	}
}

func TestNoticeIntoALockedThreadDelaysNothing(t *testing.T) {
	tb := textChannel()
	tb["POST channels/"+testThread+"/messages"] = []reply{refuses(403, 160005)}
	tb["PATCH channels/"+testThread] = []reply{refuses(403, 50013)}
	_, g := withTable(t, tb)
	v := planView(bridge.ConversationClosed, "")
	_, err := g.Deliver(t.Context(), attempt(g, v, 1))
	se := asError(t, err)
	if v.Rejected = se.Code; se.Class != bridge.Rejected || len(g.Plan(v)) != 0 {
		t.Errorf("%v, in its place %+v", se, g.Plan(v))
	}
	at := attempt(planner(t, func(o *Options) { o.LockClosed = true }), planView(bridge.ConversationClosed, ""), 2)
	if se := asError(t, errOf(g.Deliver(t.Context(), at))); se.Class != bridge.Gone || !strings.Contains(se.Remedy, "Manage Threads") {
		t.Errorf("our own lock: %v: %q", se, se.Remedy)
	}
}

func TestThreadThatIsGoneIsToldFromItsChannel(t *testing.T) {
	tb := textChannel()
	tb["POST channels/"+testThread+"/messages"] = []reply{refuses(404, 10003)}
	_, g := withTable(t, tb)
	at := attempt(g, planView(bridge.MessagePosted, "hello"))
	if se := asError(t, errOf(g.Deliver(t.Context(), at))); se.Code != bridge.ParkedThread {
		t.Errorf("the thread is gone: %v", se)
	}
	tb["GET channels/"+testChannel] = []reply{refuses(404, 10003)}
	if se := asError(t, errOf(g.Deliver(t.Context(), at))); se.Code != codeUnknownChannel || se.Class != bridge.Gone {
		t.Errorf("the channel is gone: %v", se)
	}
}

func TestUnlockingGentlyTouchesOnlyWhatIsLocked(t *testing.T) {
	get, patch := "GET channels/"+testThread, "PATCH channels/"+testThread
	for _, locked := range []bool{false, true} {
		tb := textChannel()
		tb[get] = ok(fmt.Sprintf(`{"id": "%s", "type": 11, "thread_metadata": {"locked": %v}}`, testThread, locked))
		tb[patch] = []reply{refuses(403, 50013)}
		f, g := withTable(t, tb)
		mustDeliver(t, g, attempt(g, planView(bridge.ConversationReopened, "")))
		if want := map[bool][]string{false: {get}, true: {get, patch}}[locked]; !slices.Equal(f.seen(), want) {
			t.Errorf("locked %v: %q", locked, f.seen())
		}
	}
}
