package slack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
)

// away drops every event, so that only a listing can tell what happened.
func (w *world) away() { w.sim.InjectEvent(slacksim.EventFault{Drop: true}) }

// theirCopy is a copy of a message that somebody said in the thread.
func (w *world) theirCopy(ts, rev string) bridge.Copy {
	return bridge.Copy{
		CopyKey: bridge.CopyKey{Surface: Surface, Workspace: w.sim.TeamID(), Channel: w.channel, Ref: ts},
		Ticket:  12, Message: 5, Mirror: 3, Rev: rev,
	}
}

func (w *world) replies(root string, from, to int) []string {
	w.t.Helper()
	var refs []string
	for n := from; n < to; n++ {
		ts, err := w.anders.Reply(w.channel, root, fmt.Sprintf("reply %d", n))
		check(w.t, err)
		refs = append(refs, ts)
	}
	return refs
}

// F32: pages of 15, whatever was asked for, and cursors that expire.
func TestCatchUpIsCompleteInSmallPagesAndThroughExpiredCursors(t *testing.T) {
	w := newWorld(t, setup{sim: func(o *slacksim.Options) { o.HistoryPageCap = 15; o.Limits.Off = true }})
	root := w.open()
	w.away()
	refs := w.replies(root, 0, 100)
	w.sim.Inject(slacksim.Fault{Method: "conversations.replies", Cursor: true, Error: "invalid_cursor", Skip: 2, Times: 2})
	fed, seen := w.list(w.mirror, w.copies...)
	var got []string
	for _, in := range fed {
		got = append(got, in.Source.Ref)
	}
	if !slices.Equal(got, refs) {
		t.Errorf("%d messages were fed, want the %d replies once and in order", len(got), len(refs))
	}
	if seen != refs[len(refs)-1] {
		t.Errorf("seen %q, want %q", seen, refs[len(refs)-1])
	}
}

func TestCatchUpFeedsWhatIsNewEditedAndDeleted(t *testing.T) {
	w := newWorld(t, setup{})
	root := w.open()
	refs := w.replies(root, 0, 5)
	w.quiet()
	w.mirror.Seen = refs[4]
	w.away()
	check(t, w.anders.Edit(w.channel, refs[1], "reply 1, corrected"))
	check(t, w.anders.Delete(w.channel, refs[2]))
	more := w.replies(root, 5, 6)
	known := slices.Clone(w.copies)
	for _, ref := range refs {
		known = append(known, w.theirCopy(ref, ""))
	}
	w.a.now = later(w.a.now) // a delete is believed once the message is a minute old
	fed, seen := w.list(w.mirror, known...)
	if want := []string{"edit reply 1, corrected", "reply 5", "delete " + refs[2]}; !slices.Equal(bodies(fed), want) {
		t.Errorf("fed %q, want %q", bodies(fed), want)
	}
	if seen != more[0] {
		t.Errorf("seen %q, want %q", seen, more[0])
	}
	if fed[0].Source.Rev == "" || fed[2].Author.ID != slackbot {
		t.Errorf("edit %+v, delete %+v", fed[0].Source, fed[2].Author)
	}
	edited := w.theirCopy(refs[1], fed[0].Source.Rev)
	if again, _ := w.list(w.mirror, edited); slices.Contains(bodies(again), "edit reply 1, corrected") {
		t.Error("the same edit was fed again")
	}
}

func TestAMessageOfTheLastMinuteIsNotFoundDeleted(t *testing.T) {
	w := newWorld(t, setup{})
	root := w.open()
	refs := w.replies(root, 0, 2)
	w.quiet()
	w.away()
	check(t, w.anders.Delete(w.channel, refs[1]))
	fed, _ := w.list(w.mirror, append(w.copies, w.theirCopy(refs[0], ""), w.theirCopy(refs[1], ""))...)
	if len(fed) != 0 {
		t.Errorf("fed %q", bodies(fed))
	}
}

func TestAnIncompleteListingFindsNothingDeletedAndMovesNothing(t *testing.T) {
	w := newWorld(t, setup{sim: func(o *slacksim.Options) { o.HistoryPageCap = 15 }})
	root := w.open()
	refs := w.replies(root, 0, 40)
	w.quiet()
	w.a.now = later(w.a.now)
	known := append(w.copies, w.theirCopy(refs[39], ""), w.theirCopy("1600000000.000100", ""))
	stop := errors.New("stop")
	fed := 0
	seen, err := w.a.List(w.ctx(), w.mirror, known, func(_ context.Context, in bridge.Inbound) error {
		if in.Kind == bridge.InDelete {
			t.Error("something was found deleted")
		}
		if fed++; fed == 20 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || seen != "" {
		t.Errorf("seen %q, err %v", seen, err)
	}
	w.sim.Inject(slacksim.Fault{Method: "conversations.replies", Cursor: true, Error: "missing_scope"})
	seen, err = w.a.List(w.ctx(), w.mirror, known, func(context.Context, bridge.Inbound) error { return nil })
	if se := surfaceErr(t, err); se.Class != bridge.Unauthorized || seen != "" {
		t.Errorf("seen %q, err %v", seen, err)
	}
}

func TestALostThreadIsGone(t *testing.T) {
	w := newWorld(t, setup{})
	w.mirror.Thread = rootTS
	_, err := w.a.List(w.ctx(), w.mirror, nil, func(context.Context, bridge.Inbound) error { return nil })
	if se := surfaceErr(t, err); se.Class != bridge.Gone || se.Remedy == "" {
		t.Errorf("%+v", se)
	}
}

// F13 of a thread with replies: what is left of the parent is a tombstone.
func TestCatchUpFindsTheParentDeleted(t *testing.T) {
	w := newWorld(t, setup{})
	root := w.open()
	refs := w.replies(root, 0, 2)
	w.quiet()
	w.away()
	check(t, w.anders.Moderate(w.channel, root))
	w.a.now = later(w.a.now)
	fed, _ := w.list(w.mirror, append(w.copies, w.theirCopy(refs[0], ""), w.theirCopy(refs[1], ""))...)
	if !slices.Equal(bodies(fed), []string{"delete " + root}) {
		t.Errorf("fed %q", bodies(fed))
	}
}

func TestCatchUpSettlesOurOwnPostsByTheirTokens(t *testing.T) {
	w := newWorld(t, setup{})
	w.open()
	w.quiet()
	w.away()
	post := w.view(bridge.MessagePosted, "a question")
	ref := w.show(post)[0].Ref
	fed, _ := w.list(w.mirror, w.copies[0]) // the root alone is known
	if len(fed) != 1 || !fed[0].Ours || fed[0].Token == "" || fed[0].Source.Ref != ref {
		t.Errorf("fed %+v", fed)
	}
}

func TestALinkedThreadIsListedFromItsFirstPost(t *testing.T) {
	w := newWorld(t, setup{})
	root, err := w.anders.Post(w.channel, "an old question")
	check(t, err)
	w.replies(root, 0, 3)
	w.quiet()
	w.mirror.Thread = root
	fed, _ := w.list(w.mirror)
	if want := []string{"an old question", "reply 0", "reply 1", "reply 2"}; !slices.Equal(bodies(fed), want) {
		t.Errorf("fed %q, want %q", bodies(fed), want)
	}
}

func TestCatchUpWaitsThroughRefusalsForBeingTooFast(t *testing.T) {
	w := newWorld(t, setup{})
	root := w.open()
	w.away()
	w.replies(root, 0, 1)
	w.sim.Inject(slacksim.Fault{Method: "conversations.replies", Status: 429, RetryAfter: 1, Times: 1})
	w.sim.Inject(slacksim.Fault{Method: "conversations.replies", Status: 503, Times: 1})
	if fed, _ := w.list(w.mirror, w.copies...); len(fed) != 1 {
		t.Errorf("fed %d", len(fed))
	}
}
