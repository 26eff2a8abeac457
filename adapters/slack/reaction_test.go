package slack

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
)

// gestures are the reactions among what was accepted, in short.
func gestures(ins []bridge.Inbound) []string {
	var out []string
	for _, in := range ins {
		if in.Kind == bridge.InReact || in.Kind == bridge.InUnreact {
			out = append(out, fmt.Sprintf("%s %s %s", in.Kind, in.Emoji, in.AuthorName))
		}
	}
	return out
}

// reactionTo is an entry about a message, which has these reactions from elsewhere.
func (w *world) reactionTo(message int64, emoji string, have ...string) bridge.View {
	v := w.about(w.view(bridge.ReactionAdded, ""), message)
	v.Entry.Facts.Emoji = emoji
	for _, e := range have {
		v.Reactions = append(v.Reactions, bridge.Reaction{ReactionKey: bridge.ReactionKey{Emoji: e}})
	}
	return v
}

// say shows an agent's message and returns its seq and ts.
func (w *world) say(body string) (message int64, ts string) {
	w.t.Helper()
	v := w.view(bridge.MessagePosted, body)
	return v.Message, w.show(v)[0].Ref
}

// given is who has given a message an emoji.
func (w *world) given(ts, name string) []string {
	for _, m := range w.sim.All(w.channel) {
		if m.TS == ts {
			return m.Reactions[name]
		}
	}
	return nil
}

func TestReactionsAreReceivedAsEmoji(t *testing.T) {
	both(t, func(t *testing.T, socket bool) {
		w := newWorld(t, setup{socket: socket})
		w.open()
		_, ts := w.say("hello")
		for _, name := range []string{"+1", "wave::skin-tone-4", "our_parrot"} {
			check(t, w.anders.React(w.channel, ts, name))
			w.quiet() // Slack promises no order
		}
		check(t, w.anders.Unreact(w.channel, ts, "+1"))
		w.quiet()
		want := []string{"react 👍 Anders Holm", "react 👋🏽 Anders Holm", "react :our_parrot: Anders Holm", "unreact 👍 Anders Holm"}
		if diff := cmp.Diff(want, gestures(w.in.theirs())); diff != "" {
			t.Errorf("received (-want +got):\n%s", diff)
		}
		in := w.in.theirs()[0]
		if in.Source.Ref != ts || in.Source.Place() != w.mirror.Place || in.Source.Thread != "" || in.Author.ID != w.anders.ID() || in.Guest {
			t.Errorf("received %+v", in)
		}
	})
}

func TestOurReactionStandsForEverybodyElsewhere(t *testing.T) {
	w := newWorld(t, setup{})
	w.open()
	message, ts := w.say("hello")
	me := []string{w.sim.BotUserID()}
	for range 2 { // it can be repeated
		w.show(w.reactionTo(message, "❤", "❤"))
		if got := w.given(ts, "heart"); !slices.Equal(got, me) {
			t.Errorf("reactions %q", got)
		}
	}
	w.quiet()
	ours := slices.DeleteFunc(w.in.ours(), func(in bridge.Inbound) bool { return in.Kind != bridge.InReact })
	if len(ours) != 1 || len(gestures(w.in.theirs())) != 0 {
		t.Errorf("our own came back as %+v and %q", ours, gestures(w.in.theirs()))
	}
	for range 2 {
		w.show(w.reactionTo(message, "❤"))
		if got := w.given(ts, "heart"); len(got) != 0 {
			t.Errorf("reactions %q", got)
		}
	}
	check(t, w.anders.Delete(w.channel, func() string { ts, _ := w.anders.Reply(w.channel, w.mirror.Thread, "x"); return ts }()))
	w.copies = append(w.copies, bridge.Copy{CopyKey: bridge.CopyKey{Ref: "1700000000.000001"}, Message: 77})
	w.show(w.reactionTo(77, "👍", "👍")) // to what is gone: nothing to do
}

func TestOnlyEmojiThatSlackHasAreShown(t *testing.T) {
	w := newWorld(t, setup{})
	w.open()
	message, _ := w.say("hello")
	foreign := w.reactionTo(message, ":parrot:", ":parrot:")
	foreign.Entry.Facts.Source = &bridge.Source{Surface: "discord", Workspace: "1"}
	own := w.reactionTo(message, ":parrot:", ":parrot:")
	own.Entry.Facts.Source = &bridge.Source{Surface: Surface, Workspace: w.sim.TeamID(), Channel: "C0OTHER"}
	here := w.reactionTo(message, "👍", "👍")
	here.Entry.Facts.Source, here.Entry.Facts.Mirror = &bridge.Source{}, w.mirror.ID.Seq
	for name, c := range map[string]struct {
		view bridge.View
		want int
	}{
		"no emoji": {w.reactionTo(message, "x", "x"), 0}, "another chat's": {foreign, 0}, "this workspace's": {own, 1},
		"made in this thread": {here, 0}, "no copy here": {w.reactionTo(999, "👍", "👍"), 0}, "any other": {w.reactionTo(message, "👍", "👍"), 1},
	} {
		if calls := w.a.Plan(c.view); len(calls) != c.want {
			t.Errorf("%s: planned %+v, want %d calls", name, calls, c.want)
		}
	}
}

func TestAReactionThatMayNotBeMadeHoldsNothingUp(t *testing.T) {
	w := newWorld(t, setup{})
	w.open()
	message, ts := w.say("hello")
	w.sim.RemoveScope("reactions:write")
	for range 3 {
		w.show(w.reactionTo(message, "👍", "👍"))
	}
	w.in.mu.Lock()
	told := slices.Clone(w.in.quarantined)
	w.in.mu.Unlock()
	if len(told) != 1 || !strings.Contains(told[0], "Add the scope reactions:write to the Slack app") {
		t.Errorf("the admin is told %q", told)
	}
	w.sim.GrantScope("reactions:write")
	for _, code := range []string{"too_many_reactions", "invalid_name", "thread_locked", "no_such_code_is_known", "not_reactable"} {
		w.sim.Inject(slacksim.Fault{Method: "reactions.add", Times: 1, Error: code})
		w.show(w.reactionTo(message, "👍", "👍"))
	}
	if got := w.given(ts, "+1"); len(got) != 0 {
		t.Errorf("reactions %q", got)
	}
	w.sim.Inject(slacksim.Fault{Method: "reactions.add", Times: 1, Status: 502})
	if _, _, err := w.deliver(w.reactionTo(message, "👍", "👍")); surfaceErr(t, err).Class != bridge.Transient {
		t.Errorf("a lost answer: %v", err)
	}
	w.sim.Inject(slacksim.Fault{Method: "reactions.add", Times: 1, Error: "is_archived"})
	if _, _, err := w.deliver(w.reactionTo(message, "👍", "👍")); surfaceErr(t, err).Class != bridge.Gone {
		t.Errorf("an archived channel: %v", err)
	}
}

func TestMembersOfAnotherOrganisationAreGuestsAtTheCard(t *testing.T) {
	w := newWorld(t, setup{})
	root := w.open()
	check(t, w.sim.ShareExternally(w.channel, "T0OTHER"))
	stranger := w.sim.AddUser(slacksim.UserSpec{Name: "eve", RealName: "Eve", TeamID: "T0OTHER"})
	check(t, w.sim.Invite(w.channel, stranger))
	theirs, err := w.anders.Reply(w.channel, root, "hello")
	check(t, err)
	check(t, stranger.React(w.channel, root, "white_check_mark"))
	check(t, stranger.React(w.channel, theirs, "white_check_mark"))
	check(t, w.anders.React(w.channel, root, "white_check_mark"))
	w.quiet()
	guests := map[string]bool{}
	for _, in := range w.in.theirs() {
		if in.Kind == bridge.InReact {
			guests[in.AuthorName+" to the card: "+fmt.Sprint(in.Source.Ref == root)] = in.Guest
		}
	}
	want := map[string]bool{"Eve to the card: true": true, "Eve to the card: false": false, "Anders Holm to the card: true": false}
	if diff := cmp.Diff(want, guests); diff != "" {
		t.Errorf("guests (-want +got):\n%s", diff)
	}
}

func TestReactionsToFilesAndMalformedOnesAreAcknowledged(t *testing.T) {
	w := newWorld(t, setup{})
	for _, event := range []string{
		`{"type":"reaction_added","user":"U1","reaction":"+1","item":{"type":"file","file":"F1"},"event_ts":"1700000000.000100"}`,
		`{"type":"reaction_added","user":"U1","reaction":"+1","event_ts":"1700000000.000100"}`,
		`{"type":"reaction_removed","reaction":"+1","item":{"type":"message","channel":"C1","ts":"1700000000.000100"}}`,
		`{"type":"reaction_added","user":"U1","reaction":"+1","item":{"type":"message","channel":"C1","ts":"yesterday"}}`,
	} {
		w.sim.RaiseRaw(w.channel, json.RawMessage(event))
	}
	w.quiet()
	if got := gestures(w.in.theirs()); len(got) != 0 || w.counts.of("ignored", skipMalformed) != 4 {
		t.Errorf("accepted %q, %d malformed", got, w.counts.of("ignored", skipMalformed))
	}
}

func TestAReactionThatComesLateIsNoNews(t *testing.T) {
	w := newWorld(t, setup{})
	w.open()
	_, ts := w.say("hello")
	raise := func(kind, at string) {
		w.sim.RaiseRaw(w.channel, json.RawMessage(`{"type":"`+kind+`","user":"`+w.anders.ID()+`","reaction":"+1","event_ts":"`+at+
			`","item":{"type":"message","channel":"`+w.channel+`","ts":"`+ts+`"}}`))
		w.quiet()
	}
	raise("reaction_removed", "1900000000.000200")
	raise("reaction_added", "1900000000.000100") // its first delivery was refused
	raise("reaction_added", "1900000000.000300")
	if got := gestures(w.in.theirs()); !slices.Equal(got, []string{"unreact 👍 Anders Holm", "react 👍 Anders Holm"}) {
		t.Errorf("accepted %q", got)
	}
}

func TestAListingFindsReactionsThatWereMadeWhileNobodyListened(t *testing.T) {
	var ahead atomic.Int64
	w := newWorld(t, setup{opts: func(o *Options) {
		o.Settle, o.Now = time.Minute, func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	}})
	root := w.open()
	_, ours := w.say("hello")
	theirs, err := w.anders.Reply(w.channel, root, "answer")
	check(t, err)
	check(t, w.anders.React(w.channel, ours, "eyes"))
	w.quiet()
	hear := w.sim.InjectEvent(slacksim.EventFault{Drop: true})
	defer hear()
	check(t, w.anders.React(w.channel, root, "white_check_mark"))
	check(t, w.anders.React(w.channel, theirs, "tada"))
	list := func() []string {
		fed, _ := w.list(w.mirror, w.copies...)
		got := gestures(fed)
		slices.Sort(got)
		return got
	}
	all := []string{"react ✅ Anders Holm", "react 🎉 Anders Holm", "react 👀 Anders Holm"}
	if got := list(); !slices.Equal(got, all) {
		t.Errorf("listed %q, want %q", got, all)
	}
	check(t, w.anders.Unreact(w.channel, theirs, "tada"))
	check(t, w.anders.Unreact(w.channel, ours, "eyes"))
	if got := list(); !slices.Equal(got, []string{"react ✅ Anders Holm", "unreact 🎉 Anders Holm"}) {
		t.Errorf("listed %q: what was heard of within Slack's lag is left to events", got)
	}
	ahead.Store(int64(2 * time.Minute))
	if got := list(); !slices.Equal(got, []string{"react ✅ Anders Holm", "unreact 🎉 Anders Holm", "unreact 👀 Anders Holm"}) {
		t.Errorf("listed %q", got)
	}
}

func TestWhatManyHaveGivenIsNotTakenForTakenBack(t *testing.T) {
	a := offline(t)
	a.reactions.note("C1", replyTS, reactionBy{"U1", "+1"}, reactionMark{on: true, at: 1})
	a.reactions.note("C1", replyTS, reactionBy{"U1", "eyes"}, reactionMark{on: true, at: 1})
	l := &threadList{a: a, channel: "C1", shownAt: time.Now().UnixMicro()}
	var fed []bridge.Inbound
	m := &message{TS: replyTS, ThreadTS: rootTS, User: "U2", Reactions: []reactedWith{{Name: "+1", Users: []string{"U2"}, Count: 70}}}
	check(t, l.listReactions(t.Context(), m, keep(&fed)))
	if got := gestures(fed); !slices.Equal(got, []string{"react 👍 Name of U2", "unreact 👀 Name of U1"}) {
		t.Errorf("listed %q", got)
	}
}

func TestTheMemoryOfReactionsIsBounded(t *testing.T) {
	m := newReactionMemory()
	note := func(i int, name string) {
		m.note("C1", fmt.Sprint(i), reactionBy{"U1", name}, reactionMark{on: true, at: int64(i)})
	}
	for i := range 3 * maxReactions {
		note(i, "+1")
		if i == maxReactions {
			note(5, "eyes") // brings what is remembered of it along
		}
	}
	if n := len(m.young) + len(m.older); n > 2*maxReactions {
		t.Errorf("%d messages are remembered", n)
	}
	if got := m.of("C1", fmt.Sprint(3*maxReactions-1)); len(got) != 1 {
		t.Errorf("the last is %v", got)
	}
	m = newReactionMemory()
	for i := range maxReactions {
		note(i, "+1")
	}
	note(-1, "+1")
	note(5, "eyes")
	if got := m.of("C1", "5"); len(got) != 2 {
		t.Errorf("of an older generation %v", got)
	}
}
