package slack

import (
	"slices"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
)

// B8 in Slack: the draft is told from a message, anybody in the thread finds it good or
// changes it in a form that has its text, and one post follows the answers.
func TestADraftIsReviewedInItsThread(t *testing.T) {
	b := newBridged(t, setup{})
	conv, root := b.start("Refund?", "Carla wants 900 back.")
	long := strings.TrimSpace(strings.Repeat("We are sorry for that. ", 80))
	text := "Dear Carla,\n\nwe refund 19 euro.\n\n" + long + "\n\nBye"
	draft := b.append(&bridge.OfferDraft{Actor: alice(), Conversation: conv, Body: text}).ID
	b.settled()
	find := func(words string) slacksim.Message {
		t.Helper()
		thread := b.sim.Thread(b.channel, root)
		i := slices.IndexFunc(thread, func(m slacksim.Message) bool { return strings.Contains(m.Text, words) })
		if i < 0 {
			t.Fatalf("no post has %q", words)
		}
		return thread[i]
	}
	const ask = "Is this draft good as it is?"
	if shown := find("not sent"); !strings.Contains(shown.Text, "we refund 19 euro.") {
		t.Errorf("the draft is shown as %q", shown.Text)
	}
	post := find(ask)
	check(t, b.anders.Press(b.ctx(), b.channel, post.TS, pressGood))
	b.until("the post follows", func() bool { return strings.Contains(find(ask).Text, "Anders Holm ✅ finds it good") })
	if told := b.told(); told.User != b.anders.ID() || !strings.Contains(told.Text, "looks good") {
		t.Errorf("told %+v", told)
	}

	check(t, b.anders.Press(b.ctx(), b.channel, post.TS, pressSuggest))
	b.until("the form is open", func() bool { return len(b.sim.Views()) == 1 })
	form := b.sim.Views()[0]
	for _, want := range []string{"we refund 19 euro.", "Bye", "Suggest a change"} {
		if !strings.Contains(string(form.JSON), want) {
			t.Errorf("the form lacks %q", want)
		}
	}
	_, err := b.anders.SubmitView(b.ctx(), form.ID, typed(map[string]string{suggestField(0): " "}))
	if err == nil && b.sim.Views()[0].Errors[suggestField(0)] == "" {
		t.Error("an empty suggestion was taken")
	}
	_, err = b.anders.SubmitView(b.ctx(), form.ID, typed(map[string]string{suggestField(0): "Dear *Carla*,\n\nwe refund <b>29</b> euro."}))
	check(t, err)
	b.settled()
	if n := len(b.sim.Views()); n != 0 {
		t.Errorf("%d forms are still open", n)
	}
	e := lastOf(b, conv, bridge.MessagePosted)
	if e.Facts.Suggests != draft.Seq || e.Words.Body != "Dear *Carla*,\n\nwe refund <b>29</b> euro." || e.Words.Name != "Anders Holm" {
		t.Errorf("recorded %+v %+v", e.Facts, e.Words)
	}
	find("Suggested for the draft")
	if got := find(ask).Text; !strings.Contains(got, "suggested another text") {
		t.Errorf("after a suggestion: %q", got)
	}
	b.append(&bridge.TakeDraft{Actor: alice(), Suggestion: e.ID()})
	b.append(&bridge.EditMessage{Actor: alice(), Message: draft, Body: strings.Repeat("x", 2500)})
	b.settled()
	if got := find(ask); got.TS != post.TS || !strings.Contains(got.Text, "which was taken (as it was before)") {
		t.Errorf("after it was taken: %q", got.Text)
	}
	check(t, b.anders.Press(b.ctx(), b.channel, post.TS, pressSuggest))
	b.until("they are told that it is too long", func() bool { return strings.Contains(b.told().Text, "too long for a form") })
	b.append(&bridge.DeleteMessage{Actor: alice(), Message: draft})
	b.settled()
	find("The draft was withdrawn.")
	if err := b.anders.Press(b.ctx(), b.channel, post.TS, pressGood); err == nil {
		t.Error("the buttons outlived the draft")
	}
}

// lastOf is the last entry of a kind on a conversation's ticket.
func lastOf(b *bridged, conv bridge.ID, kind bridge.Kind) (last *bridge.Entry) {
	for _, e := range b.memory.Entries(conv.Ticket) {
		if e.Kind == kind {
			last = e
		}
	}
	return last
}
