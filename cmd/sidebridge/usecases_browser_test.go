package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/discord"
	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/adapters/web/webtest"
	"github.com/sidebridge/sidebridge/bridge"
)

// sits opens a tab for somebody at the desk, who has a keyboard and no mouse.
func (w *world) sits(p *demoPerson) *webtest.Tab {
	w.t.Helper()
	b := webtest.NewTab(w.t, w.app.cfg.PublicURL, nil)
	b.Open("/sign-in")
	b.ReachSelector("input[name=email]")
	b.Type(p.email)
	b.ReachSelector("input[name=password]")
	b.Type(w.password)
	b.Enter()
	b.Wait(`document.querySelector(".who-am-i") !== null`)
	return b
}

// opens goes to a ticket and waits until the page is live.
func opens(b *webtest.Tab, ticket int64) {
	b.Open(fmt.Sprintf("/tickets/%d", ticket))
	b.Wait(`document.querySelector("[data-live-state]").textContent === "Live"`)
}

// asksByKeys begins a side conversation with a group.
func asksByKeys(b *webtest.Tab, group, subject, body string) {
	b.ReachSelector("#start > summary")
	b.Enter()
	b.ReachSelector("#start select[name=to]")
	b.Type(group)
	b.Wait(`document.querySelector("#start .preview") !== null`)
	b.ReachSelector("#start input[name=subject]")
	b.Type(subject)
	b.ReachSelector("#start textarea[name=body]")
	b.Type(body)
	b.Send()
	b.Wait(fmt.Sprintf(`document.querySelector("#talks .msg .body")?.innerText.includes(%q)`, body))
}

// entry returns the last entry of a kind in a ticket's trail.
func (w *world) entry(ticket int64, kind bridge.Kind) (found *bridge.Entry) {
	w.t.Helper()
	entries, err := w.app.store.Entries(w.ctx(), bridge.SeesAll, ticket, 0, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range entries {
		if e.Kind == kind {
			found = e
		}
	}
	return found
}

// shows waits until the page has words in a conversation.
func shows(b *webtest.Tab, words string) {
	b.Wait(fmt.Sprintf(`[...document.querySelectorAll("#talks .msg .body")].some((e) => e.innerText.includes(%q))`, words))
}

// Q1: an expert is consulted. Anders answers from Discord with a link; Alice copies it
// into her reply, sends it, closes and solves, all by keys, and everything is on record.
func TestBrowserConsultsAnExpertInDiscordByKeyboard(t *testing.T) {
	w := newBoth(t)
	w.serve()
	b := w.sits(w.alice)
	opens(b, 3)
	asksByKeys(b, "Logistics", "Parcel", "Where is Emma's parcel?")
	thread, err := w.post(w.ctx(), w.logistics.discord, "Where is Emma's parcel?")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.anders.discord.Say(thread, "It is in Odense: https://track.example.com/dk/4713"); err != nil {
		t.Fatal(err)
	}
	shows(b, "It is in Odense")
	b.Reach("the button that takes the words", `it.matches("[data-use] button") && it.closest(".msg").innerText.includes("Odense")`)
	b.Enter()
	b.Wait(`document.activeElement.id === "reply-body" && document.activeElement.value.includes("https://track.example.com/dk/4713")`)
	if w.entry(3, bridge.CustomerReply) != nil {
		t.Error("taking the words has sent them")
	}
	b.Send()
	b.Wait(`document.querySelector(".msg.reply .body")?.innerText.includes("Odense")`)
	b.Reach("close and solve", `it.matches("form[action$='/close-and-solve'] button")`)
	b.Enter()
	b.Wait(`document.querySelector("#props .status-solved") && document.querySelector(".talk-closed")`)

	conv := w.entry(3, bridge.ConversationStarted)
	answered, taken := w.heard(3, "It is in Odense: <https://track.example.com/dk/4713>"), w.entry(3, bridge.WordsTaken)
	reply, closed := w.entry(3, bridge.CustomerReply), w.entry(3, bridge.ConversationClosed)
	if conv == nil || answered == nil || taken == nil || taken.Facts.Message != answered.Seq || reply == nil || !strings.Contains(reply.Words.Body, "track.example.com") || closed == nil {
		t.Errorf("the trail has %+v, %+v, %+v, %+v, %+v", conv, answered, taken, reply, closed)
	}
	if answered.Facts.Source.Place().Surface != discord.Surface || answered.At.Before(conv.At) {
		t.Errorf("the answer is recorded as %+v", answered)
	}
	t.Logf("from the question to the solved ticket: %v", closed.At.Sub(conv.At))
}

// Q2: an escalation. Maria reads the card in Slack and presses "Take ticket"; Alice, who
// was the assignee, sees it on her open page and still takes part.
func TestBrowserSeesATicketTakenInSlackByKeyboard(t *testing.T) {
	w := newBoth(t)
	w.serve()
	b := w.sits(w.alice)
	opens(b, 1)
	b.ReachSelector(".change > summary")
	b.Enter()
	b.ReachSelector(".change select[name=assignee]")
	b.Type("Alice")
	b.ReachButton("Save")
	b.Enter()
	b.Wait(`document.querySelector("#props").innerText.includes("Alice Berg")`)
	const handover = "Carla threatens to leave. She wants somebody with a title; all I found is above."
	asksByKeys(b, "Engineering", "Escalation", handover)
	root, err := w.thread(w.ctx(), w.engineering.channel, "Escalation")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.maria.slack.Reply(w.engineering.channel, root, "I'll take it."); err != nil {
		t.Fatal(err)
	}
	if err := w.link(w.ctx(), w.app.store, w.maria, w.slackAccount(w.maria)); err != nil {
		t.Fatal(err)
	}
	shows(b, "I'll take it.")
	if err := w.maria.slack.Press(w.ctx(), w.engineering.channel, root, "sidebridge_take"); err != nil {
		t.Fatal(err)
	}
	b.Wait(`document.querySelector("#props").innerText.includes("Maria Silva")`)
	e := w.entry(1, bridge.TicketChanged)
	if e == nil || e.Facts.Person != w.maria.id {
		t.Errorf("the trail says of the assignee %+v", e)
	}
	w.heard(1, handover)
	// Alice writes on in the conversation, and Maria reads it in Slack.
	b.Reach("the box of the conversation", `it.matches(".talk .composer textarea[name=body]")`)
	b.Type("Thank you! Call me.")
	b.Send()
	err = w.sim.WaitFor(w.ctx(), func() bool {
		return slices.ContainsFunc(w.sim.Thread(w.engineering.channel, root), func(m slacksim.Message) bool { return strings.Contains(m.Text, "Thank you! Call me.") })
	})
	if err != nil {
		t.Error(err)
	}
}

// Q3: two departments in one conversation. Peter in Slack confirms, Sanne in Discord
// approves, and the reply to the customer is built from what both wrote.
func TestBrowserAsksTwoDepartmentsByKeyboard(t *testing.T) {
	w := newBoth(t)
	w.serve()
	b := w.sits(w.alice)
	opens(b, 2)
	asksByKeys(b, "Engineering", "White page", "Why is it white on tablets?")
	root, err := w.thread(w.ctx(), w.engineering.channel, "White page")
	if err != nil {
		t.Fatal(err)
	}
	post, err := w.post(w.ctx(), w.engineering.discord, "Why is it white on tablets?")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.peter.slack.Reply(w.engineering.channel, root, "Confirmed: a script is missing in 5.2."); err != nil {
		t.Fatal(err)
	}
	shows(b, "Confirmed: a script")
	if _, err := w.sanne.discord.Say(post, "Version 5.3 has it, out tomorrow."); err != nil {
		t.Fatal(err)
	}
	shows(b, "Version 5.3")
	w.heard(2, "Version 5.3 has it, out tomorrow.")
	if err := w.link(w.ctx(), w.app.store, w.sanne, w.discordAccount(w.sanne)); err != nil {
		t.Fatal(err)
	}

	b.Reach("the way to ask for approval", `it.matches("a[href$='/approval']")`)
	b.Enter()
	b.Wait(`document.querySelector(".people-choice") !== null`)
	b.ReachSelector("textarea[name=body]")
	b.Type("May we promise 5.3 for tomorrow?")
	b.Reach("Sanne", fmt.Sprintf(`it.value === %q || it.name === "others"`, w.sanne.id))
	if b.JS(`document.activeElement.name`) == "others" {
		b.Type("Sanne Lund")
	} else {
		b.Press(" ")
	}
	b.ReachSelector("form[action$='/approval'] button")
	b.Enter()
	b.Wait(`document.querySelector(".approval .pill")?.innerText === "Pending"`)
	ask := ""
	err = w.guild.WaitFor(w.ctx(), func() bool {
		for _, m := range w.guild.Channel(post) {
			if strings.Contains(m.Content, "May we promise 5.3") {
				ask = m.ID
			}
		}
		return ask != ""
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.sanne.discord.Press(post, ask, "Approve"); err != nil {
		t.Fatal(err)
	}
	b.Wait(`document.querySelector(".approval .pill").innerText === "Approved"`)
	if e := w.entry(2, bridge.ApprovalGiven); e == nil || e.Facts.Who != w.sanne.id {
		t.Errorf("the trail says of the approval %+v", e)
	}
	for _, words := range []string{"Confirmed: a script", "Version 5.3"} {
		b.Reach("the button that takes "+words, fmt.Sprintf(`it.matches("[data-use] button") && it.closest(".msg").innerText.includes(%q)`, words))
		b.Enter()
		b.Wait(fmt.Sprintf(`document.activeElement.id === "reply-body" && document.activeElement.value.includes(%q)`, words))
	}
	b.Send()
	b.Wait(`document.querySelector(".msg.reply .body")?.innerText.includes("Version 5.3")`)
	if e := w.entry(2, bridge.CustomerReply); e == nil || !strings.Contains(e.Words.Body, "a script is missing") || strings.Contains(e.Words.Body, "promise") {
		t.Errorf("the customer reads %+v", e)
	}
}
