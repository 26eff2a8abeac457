package discordsim

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// respond is the path of an interaction's first answer, later that of those after it.
func respond(in *interaction) string { return "interactions/" + in.id + "/" + in.token + "/callback" }

func (r *rig) later(in *interaction) string { return "webhooks/" + r.AppID() + "/" + in.token }

// pressed lets Anna press the card's button.
func (r *rig) pressed(card string) *interaction {
	r.t.Helper()
	r.must(r.anna.Press(r.ch, card, "Show ticket"))
	return r.newest()
}

func TestInteractionsWaitThreeSecondsForOneAnswer(t *testing.T) {
	r := quiet(t)
	card := r.card()
	in := r.pressed(card)
	r.refused(404, 10015, "PATCH", r.later(in)+"/messages/@original", fields{"content": "too early"})
	r.want("POST", respond(in), fields{"type": 5, "data": fields{"flags": 64}})
	r.refused(400, 40060, "POST", respond(in), fields{"type": 5})
	if !r.Answered(in.id) {
		t.Error("it is not answered")
	}
	late := r.pressed(card)
	r.pass(3*time.Second + time.Millisecond)
	r.refused(404, 10062, "POST", respond(late), fields{"type": 5})
	r.refused(404, 10062, "POST", "interactions/"+card+"/"+late.token+"/callback", fields{"type": 5})
}

func TestAnswersForOnePersonAreSeenByNobodyElse(t *testing.T) {
	r := quiet(t)
	in := r.pressed(r.card())
	before := len(r.Channel(r.ch))
	r.want("POST", respond(in), fields{"type": 5, "data": fields{"flags": 64}})
	r.want("PATCH", r.later(in)+"/messages/@original", fields{"content": "first"})
	r.want("PATCH", r.later(in)+"/messages/@original", fields{"content": "changed"})
	r.want("POST", r.later(in), fields{"content": "second", "flags": 64})
	got := r.Ephemerals()
	if len(got) != 2 || got[0].Content != "changed" || got[1].Content != "second" || got[0].User != r.anna.ID() || got[0].Interaction != in.id {
		t.Errorf("she sees %+v", got)
	}
	if len(r.Channel(r.ch)) != before {
		t.Error("an answer stands in the channel")
	}
	r.refused(400, 50035, "POST", r.later(in), fields{"content": long(2001)})
	r.pass(15 * time.Minute)
	r.refused(401, 50027, "POST", r.later(in), fields{"content": "too late"})
	r.refused(401, 50027, "PATCH", r.later(in)+"/messages/@original", fields{"content": "too late"})
}

func TestAnswersForAllStandInTheChannel(t *testing.T) {
	r := quiet(t)
	card := r.card()
	r.want("POST", respond(r.pressed(card)), fields{"type": 4, "data": fields{"content": "at once <@" + r.anna.ID() + ">"}})
	in := r.pressed(card)
	r.want("POST", respond(in), fields{"type": 5})
	r.want("PATCH", r.later(in)+"/messages/@original", fields{"content": "later"})
	r.want("PATCH", r.later(in)+"/messages/@original", fields{"content": "changed"})
	said := r.Channel(r.ch)
	said = said[len(said)-2:]
	if said[0].Type != 20 || said[1].Content != "changed" || !said[1].Bot || len(r.Ephemerals()) != 0 {
		t.Errorf("said %+v", said)
	}
	if calls := r.Notifications(); len(calls) != 1 || calls[0].Who != r.anna.ID() { // users only, by default
		t.Errorf("called %+v", calls)
	}
}

func TestButtonsUpdateTheirMessage(t *testing.T) {
	r := quiet(t)
	card := r.card()
	r.want("POST", respond(r.pressed(card)), fields{"type": 7, "data": fields{"content": "pressed"}})
	if m, _ := r.Message(r.ch, card); m.Content != "pressed" {
		t.Errorf("the card is %+v", m)
	}
	in := r.pressed(card)
	r.want("POST", respond(in), fields{"type": 6})
	r.want("PATCH", r.later(in)+"/messages/@original", fields{"components": []fields{}})
	if got := r.Buttons(r.ch, card); len(got) != 0 {
		t.Errorf("buttons %v", got)
	}
	if _, err := r.anna.Press(r.ch, card, "Show ticket"); !errors.Is(err, ErrNoSuch) {
		t.Errorf("a button that is gone: %v", err)
	}
}

func TestCommandsCarryTheirOptionsAndMessages(t *testing.T) {
	r := quiet(t)
	r.want("PUT", "applications/"+r.AppID()+"/guilds/"+r.GuildID()+"/commands", []fields{
		{"name": "ask", "description": "Ask", "options": []fields{
			{"name": "question", "description": "What", "type": 3}, {"name": "ticket", "description": "Which", "type": 4},
		}},
		{"name": "Attach", "type": 3},
	})
	c := r.ready(1) // the intents do not matter
	r.check(r.Deny(r.ch, ViewChannel))
	said := r.must(r.anna.Say(r.ch, "words"))
	r.must(r.anna.Command(r.ch, "ask", map[string]any{"question": "why", "ticket": 7, "unknown": true}))
	r.must(r.anna.MessageCommand(r.ch, said, "Attach"))
	for _, want := range []string{
		`{"name":"question","type":3,"value":"why"},{"name":"ticket","type":4,"value":7}`,
		`"target_id":"` + said + `"`,
	} {
		if p := c.event("INTERACTION_CREATE"); !contains(p.Data, want) || !contains(p.Data, `"app_permissions":"0"`) {
			t.Errorf("%s is not in %s", want, p.Data)
		}
	}
	if _, err := r.anna.Command(r.ch, "Attach", nil); !errors.Is(err, ErrNoSuch) {
		t.Errorf("a message's command without a message: %v", err)
	}
	r.want("POST", respond(r.newest()), fields{"type": 4, "data": fields{"content": "seen", "flags": 64}})
}

func TestFormsAreFilledInOnce(t *testing.T) {
	r := quiet(t)
	card := r.card()
	in := r.pressed(card)
	form := func(id, title string, inputs ...fields) fields {
		rows := []fields{}
		for _, input := range inputs {
			rows = append(rows, fields{"type": 1, "components": []fields{input}})
		}
		return fields{"type": 9, "data": fields{"custom_id": id, "title": title, "components": rows}}
	}
	subject := fields{"type": 4, "style": 1, "custom_id": "subject", "label": "Subject", "min_length": 2, "max_length": 4}
	note := fields{"type": 4, "style": 2, "custom_id": "note", "label": "Note", "required": false}
	for _, bad := range []fields{form("", "x", note), form("id", long(46), note), form("id", "x"), form("id", "x", note, note, note, note, note, note)} {
		r.refused(400, 50035, "POST", respond(in), bad)
	}
	r.want("POST", respond(in), form("the form", "Attach", subject, note))
	if raw, ok := r.Modal(in.id); !ok || !contains(raw, "the form") {
		t.Errorf("the form is %s", raw)
	}
	bo := r.AddUser(UserSpec{Name: "bo"})
	if _, err := bo.SubmitModal(in.id, map[string]string{"subject": "abc"}); !errors.Is(err, ErrNoSuch) {
		t.Errorf("somebody else's form: %v", err)
	}
	for _, typed := range []string{"", "a", "abcde"} {
		if _, err := r.anna.SubmitModal(in.id, map[string]string{"subject": typed}); !errors.Is(err, ErrNotAllowed) {
			t.Errorf("%q: %v", typed, err)
		}
	}
	c := r.ready(allIntents)
	r.must(r.anna.SubmitModal(in.id, map[string]string{"subject": "abc"}))
	p := c.event("INTERACTION_CREATE")
	if !contains(p.Data, `"type":5`) || !contains(p.Data, `{"custom_id":"subject","type":4,"value":"abc"}`) || !contains(p.Data, `"custom_id":"the form"`) {
		t.Errorf("sent %s", p.Data)
	}
	if _, err := r.anna.SubmitModal(in.id, map[string]string{"subject": "abc"}); !errors.Is(err, ErrNoSuch) {
		t.Errorf("a second time: %v", err)
	}
	r.refused(400, 50035, "POST", respond(r.newest()), form("another", "x", note))
	again := r.pressed(card)
	r.want("POST", respond(again), form("the form", "Attach", subject))
	r.check(r.anna.CloseModal(again.id))
}

func contains(raw []byte, words string) bool { return strings.Contains(string(raw), words) }
