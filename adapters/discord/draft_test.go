package discord

import (
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/discord/discordsim"
	"github.com/sidebridge/sidebridge/bridge"
)

// B8 in Discord: the draft is told from a message, anybody in the thread finds it good or
// changes it in a form that has its text, and one post follows the answers.
func TestADraftIsReviewedInItsThread(t *testing.T) {
	w := newWorld(t, worldSetup{})
	c := w.open("Refund?", "Carla wants 900 back.")
	para := strings.TrimSpace(strings.Repeat("We are sorry for that. ", 120))
	text := "Dear Carla,\n\nwe refund 19 euro.\n\n" + para + "\n\n" + para
	draft := w.do(&bridge.OfferDraft{Actor: agent("Alice"), Conversation: c.id, Body: text}).ID
	w.idle()
	one := func(words string) discordsim.Message {
		t.Helper()
		all := c.with(words)
		if len(all) != 1 {
			t.Fatalf("%d posts have %q", len(all), words)
		}
		return all[0]
	}
	told := func(interaction string) (content string) {
		t.Helper()
		w.until("who pressed is answered", func() bool {
			for _, e := range w.sim.Ephemerals() {
				if e.Interaction == interaction {
					content = e.Content
				}
			}
			return content != ""
		})
		return content
	}
	press := func(action string) string {
		t.Helper()
		id, err := w.anders.Press(c.thread, one("Is this draft good").ID, "sb:"+action)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	one("not sent")
	if got := told(press(bridge.PressGood)); !strings.Contains(got, "looks good") {
		t.Errorf("told %q", got)
	}
	w.idle()
	if got := one("Is this draft good").Content; !strings.Contains(got, "✅ finds it good") {
		t.Errorf("after an approval: %q", got)
	}

	asked := press(bridge.PressSuggest)
	w.until("the form is open", func() bool { _, ok := w.sim.Modal(asked); return ok })
	raw, _ := w.sim.Modal(asked)
	if !strings.Contains(string(raw), "we refund 19 euro.") || !strings.Contains(string(raw), "2 of 2") {
		t.Errorf("the form is %s", raw)
	}
	submitted, err := w.anders.SubmitModal(asked, map[string]string{suggestField(0): "Dear Carla,\n\nwe refund **29** euro.", suggestField(1): para})
	if err != nil {
		t.Fatal(err)
	}
	if got := told(submitted); !strings.Contains(got, "was suggested") {
		t.Errorf("told %q", got)
	}
	w.idle()
	var e *bridge.Entry
	for _, x := range w.memory.Entries(c.id.Ticket) {
		if x.Kind == bridge.MessagePosted {
			e = x
		}
	}
	if e.Facts.Suggests != draft.Seq || e.Facts.Entry != draft.Seq || e.Words.Body != "Dear Carla,\n\nwe refund **29** euro.\n\n"+para {
		t.Errorf("recorded %+v %+v", e.Facts, e.Words)
	}
	one("Suggested for the draft")
	w.do(&bridge.DismissDraft{Actor: agent("Alice"), Suggestion: e.ID()})
	w.do(&bridge.EditMessage{Actor: agent("Alice"), Message: draft, Body: strings.Repeat("x", 3500)})
	w.idle()
	if got := one("Is this draft good").Content; !strings.Contains(got, "which was not taken (as it was before)") {
		t.Errorf("after it was dismissed: %q", got)
	}
	if got := told(press(bridge.PressSuggest)); !strings.Contains(got, "too long for a form") {
		t.Errorf("told %q", got)
	}
	w.do(&bridge.DeleteMessage{Actor: agent("Alice"), Message: draft})
	w.idle()
	if id, err := w.anders.Press(c.thread, one("The draft was withdrawn.").ID, "sb:"+bridge.PressGood); err == nil {
		t.Errorf("the buttons outlived the draft: %q", told(id))
	}
}
