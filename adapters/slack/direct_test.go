package slack

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// to makes the world's mirror one with people.
func (w *world) to(people ...*slacksim.Person) bridge.Place {
	var ids []string
	for _, p := range people {
		ids = append(ids, p.ID())
	}
	w.mirror.Place.Channel = mapping.Direct(ids...)
	return w.mirror.Place
}

// resolve takes the mirror to the direct message, as the relay does.
func (w *world) resolve() {
	w.t.Helper()
	place, err := w.a.Resolve(w.ctx(), w.mirror)
	check(w.t, err)
	w.mirror.Place, w.channel = place, place.Channel
}

func TestPeopleAreAskedInTheirDirectMessageInAThread(t *testing.T) {
	w := newWorld(t, setup{})
	bo := w.sim.AddUser(slacksim.UserSpec{Name: "bo", RealName: "Bo Dahl"})
	for _, people := range [][]*slacksim.Person{{w.anders}, {bo, w.anders}} {
		w.to(people...)
		w.mirror.Thread = ""
		w.resolve()
		if w.channel != w.sim.Direct(people...) {
			t.Fatalf("opened %s", w.channel)
		}
		w.open()
		w.show(w.view(bridge.MessagePosted, "Can you look?"))
		ts, err := w.anders.Reply(w.channel, w.mirror.Thread, "I can")
		check(t, err)
		w.quiet()
		all := w.in.theirs()
		last := all[len(all)-1]
		if last.Body != "I can" || last.Source.Channel != w.channel || last.Source.Thread != w.mirror.Thread || last.Source.Ref != ts {
			t.Errorf("heard %+v", last)
		}
		if fed, _ := w.list(w.mirror); len(fed) == 0 || fed[len(fed)-1].Source.Ref != ts {
			t.Errorf("listed %+v", fed)
		}
	}
	want := []string{
		"opened " + w.sim.Direct(w.anders) + " for " + mapping.Direct(w.anders.ID()) + " @Anders Holm",
		"opened " + w.sim.Direct(w.anders, bo) + " for " + mapping.Direct(w.anders.ID(), bo.ID()) + " @" + w.a.who(mapping.Direct(w.anders.ID(), bo.ID())),
	}
	if diff := cmp.Diff(want, w.watcher.all()); diff != "" {
		t.Error(diff)
	}
	if who := w.a.who(mapping.Direct(w.anders.ID(), bo.ID())); !strings.Contains(who, "Anders Holm") || !strings.Contains(who, "Bo Dahl") {
		t.Errorf("with %q", who)
	}
}

func TestAChannelIsWhereItIs(t *testing.T) {
	w := newWorld(t, setup{})
	before := len(w.sim.Arrivals())
	if place, err := w.a.Resolve(w.ctx(), w.mirror); err != nil || place != w.mirror.Place || len(w.sim.Arrivals()) != before {
		t.Errorf("%v, %v, with %d calls", place, err, len(w.sim.Arrivals())-before)
	}
}

// unreachable are the reasons why people cannot be asked directly, and what is said of each.
var unreachable = []struct {
	name, code, remedy string
	who                func(w *world) []*slacksim.Person
	scopes             []string // that are missing
}{
	{name: "somebody who left", code: "user_disabled", remedy: "Gone cannot be written to: the Slack account is deactivated", who: func(w *world) []*slacksim.Person {
		return []*slacksim.Person{w.anders, w.sim.AddUser(slacksim.UserSpec{Name: "gone", Deleted: true})}
	}},
	{name: "an app", code: "cannot_dm_bot", remedy: "Robot is an app", who: func(w *world) []*slacksim.Person {
		return []*slacksim.Person{w.sim.AddBot("Robot")}
	}},
	{name: "a guest who shares no channel", code: "user_not_visible", remedy: "Guest: a guest, or somebody", who: func(w *world) []*slacksim.Person {
		return []*slacksim.Person{w.sim.AddUser(slacksim.UserSpec{Name: "guest", Guest: true})}
	}},
	{name: "another organisation", code: codeExternal, remedy: "Far is of another organisation. Allow that", who: func(w *world) []*slacksim.Person {
		return []*slacksim.Person{w.anders, w.sim.AddUser(slacksim.UserSpec{Name: "far", TeamID: "T0OTHER"})}
	}},
	{name: "nobody of the workspace", code: "user_not_found", remedy: "no account U0STRANGER", who: func(w *world) []*slacksim.Person {
		other := slacksim.New(slacksim.Options{})
		w.t.Cleanup(func() { _ = other.Close() })
		return []*slacksim.Person{other.AddUser(slacksim.UserSpec{Name: "stranger", ID: "U0STRANGER"})}
	}},
	{name: "nine people", code: "users_list_not_supplied", remedy: "at most 8 people, not 9", who: func(w *world) (nine []*slacksim.Person) {
		for i := range 9 {
			nine = append(nine, w.sim.AddUser(slacksim.UserSpec{Name: fmt.Sprint("n", i)}))
		}
		return nine
	}},
	{name: "without the scope to open", code: "missing_scope", remedy: "add im:write (OAuth", scopes: []string{"im:write"}},
	{name: "without the scopes to read", code: "missing_scope", remedy: "add im:read, im:history (OAuth", scopes: []string{"im:history", "im:read"}},
	{name: "a group without its scope", code: "missing_scope", remedy: "add mpim:write (OAuth", scopes: []string{"mpim:write"}, who: func(w *world) []*slacksim.Person {
		return []*slacksim.Person{w.anders, w.sim.AddUser(slacksim.UserSpec{Name: "bo"})}
	}},
}

// TestWhoCannotBeAskedDirectlyIsSaidWithWhatToDo at the start, at mapping time and by
// sidebridge check; and no refusal is one of the workspace, whose channels go on.
func TestWhoCannotBeAskedDirectlyIsSaidWithWhatToDo(t *testing.T) {
	for _, c := range unreachable {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, setup{opts: func(o *Options) { o.Forbidden = func(bridge.Place) bool { return true } }})
			for _, scope := range c.scopes {
				w.sim.RemoveScope(scope)
			}
			people := []*slacksim.Person{w.anders}
			if c.who != nil {
				people = c.who(w)
			}
			place := w.to(people...)
			check(t, w.a.authTest(w.ctx()))
			_, atStart := w.a.Resolve(w.ctx(), w.mirror)
			for when, err := range map[string]error{"start": atStart, "mapping": w.a.Probe(w.ctx(), place)} {
				se := surfaceErr(t, err)
				if se.Class != bridge.Gone || se.Code != c.code || se.Uncertain || !strings.Contains(se.Remedy, c.remedy) {
					t.Errorf("at %s: %v %s: %s", when, se.Class, se.Code, se.Remedy)
				}
			}
			if bad := faults(w.a.Check(w.ctx(), []string{place.Channel})); !strings.Contains(bad, c.remedy) {
				t.Errorf("check says:\n%s", bad)
			}
			if n := len(w.watcher.all()); n != 0 {
				t.Errorf("the watcher heard %q", w.watcher.all())
			}
		})
	}
}

// TestSlacksOwnRefusalToOpenIsSaidToo: what the look at each person does not see, and
// scopes that were taken away since we were told them.
func TestSlacksOwnRefusalToOpenIsSaidToo(t *testing.T) {
	w := newWorld(t, setup{opts: func(o *Options) { o.Policy = allowAll }})
	one := w.sim.AddUser(slacksim.UserSpec{Name: "one", TeamID: "T0OTHER"})
	two := w.sim.AddUser(slacksim.UserSpec{Name: "two", TeamID: "T0OTHER2"})
	for _, p := range []*slacksim.Person{one, two} {
		w.sim.AddChannel(slacksim.ChannelSpec{Name: "with-" + p.ID(), Members: []*slacksim.Person{p}})
	}
	w.to(one, two)
	_, err := w.a.Resolve(w.ctx(), w.mirror)
	if se := surfaceErr(t, err); se.Code != "invalid_user_combination" || !strings.Contains(se.Remedy, "no channel together yet") {
		t.Errorf("%+v", se)
	}
	w.to(w.anders)
	w.sim.Inject(slacksim.Fault{Method: "conversations.open", Times: 1, Error: "missing_scope"})
	_, err = w.a.Resolve(w.ctx(), w.mirror)
	if se := surfaceErr(t, err); se.Class != bridge.Gone || se.Remedy == "" {
		t.Errorf("%+v", se)
	}
}

func allowAll(string) (mapping.Policy, bool) { return mapping.DefaultPolicy(), true }

// TestAnotherOrganisationsPeopleAreAskedWhereTheRuleAllowsIt, and are not once it does
// not any more.
func TestAnotherOrganisationsPeopleAreAskedWhereTheRuleAllowsIt(t *testing.T) {
	var allow atomic.Bool
	allow.Store(true)
	w := newWorld(t, setup{opts: func(o *Options) {
		o.Policy = func(string) (mapping.Policy, bool) { return mapping.DefaultPolicy(), allow.Load() }
	}})
	far := w.sim.AddUser(slacksim.UserSpec{Name: "far", TeamID: "T0OTHER"})
	w.sim.AddChannel(slacksim.ChannelSpec{Name: "shared"})
	symbolic := w.to(far)
	w.resolve()
	w.open()
	allow.Store(false)
	_, _, err := w.deliver(w.view(bridge.MessagePosted, "secret"))
	if se := surfaceErr(t, err); se.Code != codeExternal || !strings.Contains(se.Remedy, "Far is of another organisation") {
		t.Errorf("%+v", se)
	}
	w.mirror.Place, w.mirror.Thread = symbolic, ""
	_, err = w.a.Resolve(w.ctx(), w.mirror)
	if se := surfaceErr(t, err); se.Code != codeExternal {
		t.Errorf("%+v", se)
	}
	if se := surfaceErr(t, w.a.Probe(w.ctx(), symbolic)); se.Code != codeExternal {
		t.Errorf("a probe would resume it: %+v", se)
	}
	allow.Store(true)
	check(t, w.a.Probe(w.ctx(), symbolic))
}

func TestSomebodyWhoLeavesTakesNothingMore(t *testing.T) {
	w := newWorld(t, setup{})
	w.to(w.anders)
	w.resolve()
	w.open()
	check(t, w.sim.ChangeUser(w.anders, func(u *slacksim.UserSpec) { u.Deleted = true }))
	w.quiet()
	_, _, err := w.deliver(w.view(bridge.MessagePosted, "still there?"))
	if se := surfaceErr(t, err); se.Class != bridge.Gone || !strings.Contains(se.Remedy, "Anders Holm takes no posts any more") {
		t.Errorf("%+v", se)
	}
	if se := surfaceErr(t, w.a.Probe(w.ctx(), w.mirror.Place)); se.Code != "user_disabled" || !strings.Contains(se.Remedy, "Anders Holm") {
		t.Errorf("%+v", se)
	}
}

func TestAppWithoutMessagesTabIsToldToHaveOne(t *testing.T) {
	w := newWorld(t, setup{sim: func(o *slacksim.Options) { o.MessagesTab = slacksim.TabOff }})
	w.to(w.anders)
	w.resolve()
	_, _, err := w.deliver(w.view(bridge.MirrorOpened, ""))
	if se := surfaceErr(t, err); se.Class != bridge.Gone || !strings.Contains(se.Remedy, "Messages tab") {
		t.Errorf("%+v", se)
	}
}

func TestCheckAsksForTheScopesOfDirectMessagesOnlyWhereTheyAreUsed(t *testing.T) {
	w := newWorld(t, setup{})
	for _, scope := range append(directScopes(directOne), directScopes(directGroup)...) {
		w.sim.RemoveScope(scope)
	}
	found := w.a.Check(w.ctx(), []string{w.channel})
	if bad := faults(found); bad != "" {
		t.Errorf("not used, and asked for:\n%s", bad)
	}
	if !slices.ContainsFunc(found, func(f Finding) bool {
		return strings.Contains(f.What, "mpim:write, mpim:read, mpim:history are only needed")
	}) {
		t.Errorf("found %+v", found)
	}
	bad := faults(w.a.Check(w.ctx(), []string{w.channel, mapping.Direct(w.anders.ID())}))
	if !strings.Contains(bad, "Add im:write, im:read, im:history under") || strings.Contains(bad, "mpim") {
		t.Errorf("used:\n%s", bad)
	}
	for _, scope := range directScopes(directOne) {
		w.sim.GrantScope(scope)
	}
	if bad := faults(w.a.Check(w.ctx(), []string{w.channel, mapping.Direct(w.anders.ID())})); bad != "" {
		t.Errorf("granted:\n%s", bad)
	}
}

func TestChannelSharedAgainstItsRuleIsFoundAtMappingTime(t *testing.T) {
	w := newWorld(t, setup{opts: func(o *Options) {
		o.Forbidden = func(p bridge.Place) bool { return p.Channel != "" }
	}})
	check(t, w.a.Probe(w.ctx(), w.mirror.Place))
	check(t, w.sim.ShareExternally(w.channel, "T0OTHER"))
	if se := surfaceErr(t, w.a.Probe(w.ctx(), w.mirror.Place)); se.Code != codeExternal || !strings.Contains(se.Remedy, "allow_external") {
		t.Errorf("%+v", se)
	}
}

// TestWhoWritesBesideTheThreadsIsToldOnceWhereTheyAreHeard, alone, and nothing of what
// they wrote is taken for an answer.
func TestWhoWritesBesideTheThreadsIsToldOnceWhereTheyAreHeard(t *testing.T) {
	var open, closed atomic.Pointer[bridge.Mirror]
	held := func(in *atomic.Pointer[bridge.Mirror]) []bridge.Mirror {
		if m := in.Load(); m != nil {
			return []bridge.Mirror{*m}
		}
		return nil
	}
	w := newWorld(t, setup{opts: func(o *Options) {
		o.ThreadsIn = func(_ context.Context, p bridge.Place) ([]bridge.Mirror, []bridge.Mirror, error) {
			if p.Channel[0] != 'D' && p.Channel[0] != 'G' {
				t.Errorf("asked for %v", p)
			}
			return held(&open), held(&closed), nil
		}
	}})
	bo := w.sim.AddUser(slacksim.UserSpec{Name: "bo"})
	say := func(p *slacksim.Person, channel string) []slacksim.Ephemeral {
		t.Helper()
		_, err := p.Post(channel, "here is my answer")
		check(t, err)
		w.quiet()
		w.eventually("errands are done", func() bool { return len(w.a.errands) == 0 && w.sim.Idle() })
		return w.sim.Ephemerals()
	}
	if told := say(w.anders, w.sim.Direct(w.anders)); len(told) != 0 {
		t.Fatalf("told where no conversation was held: %+v", told)
	}
	w.a.toldBeside.forget(w.sim.Direct(w.anders) + "/" + w.anders.ID())
	w.to(w.anders)
	w.resolve()
	w.open()
	thread := w.mirror
	open.Store(&thread)
	say(w.anders, w.channel)
	w.until("it is told", func() bool { return len(w.sim.Ephemerals()) == 1 })
	told := say(w.anders, w.channel)
	if len(told) != 1 || told[0].User != w.anders.ID() || !strings.Contains(told[0].Text, "it is not passed on") ||
		!strings.Contains(told[0].Text, "/archives/"+w.channel+"/p"+strings.Replace(w.mirror.Thread, ".", "", 1)+"|the conversation on ticket #12>") {
		t.Errorf("told %+v", told)
	}
	if all := w.in.theirs(); len(all) != 0 {
		t.Errorf("taken for an answer: %+v", all)
	}
	open.Store(nil)
	closed.Store(&thread)
	group := w.sim.Direct(w.anders, bo)
	say(bo, group)
	w.until("it is told", func() bool { return len(w.sim.Ephemerals()) == 2 })
	if last := w.sim.Ephemerals()[1]; last.User != bo.ID() || !strings.Contains(last.Text, "no conversation is open") {
		t.Errorf("told %+v", last)
	}
	if n := len(say(w.anders, w.sim.AddChannel(slacksim.ChannelSpec{Name: "lounge"}))); n != 2 {
		t.Error("somebody was told in a channel")
	}
}
