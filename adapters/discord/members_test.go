package discord

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/adapters/discord/discordsim"
	"github.com/sidebridge/sidebridge/bridge"
)

// closedRoom makes the world's channel one that only the bot and some people see.
func (w *world) closedRoom(people ...*discordsim.Person) {
	w.t.Helper()
	w.letIn(w.sim.BotID(), true)
	for _, p := range people {
		w.letIn(p.ID(), true)
	}
	check(w.t, w.sim.SetPermission(w.channel, w.sim.GuildID(), false, 0, discordsim.ViewChannel))
}

func (w *world) letIn(id string, in bool) {
	w.t.Helper()
	allow, deny := discordsim.ViewChannel, uint64(0)
	if !in {
		allow, deny = 0, discordsim.ViewChannel
	}
	check(w.t, w.sim.SetPermission(w.channel, id, true, allow, deny))
}

// known links a Discord account to a person.
func (w *world) known(p *discordsim.Person, person string) bridge.Known {
	k := bridge.Known{Account: w.g.account(p.ID()), Person: person, Role: bridge.RoleExpert, Name: p.Name()}
	w.memory.Link(k)
	return k
}

// whisper begins a restricted conversation in the world's channel.
func (w *world) whisper(members ...bridge.Known) *talk {
	w.t.Helper()
	ticket := w.do(&bridge.CreateTicket{Actor: bridge.System(), Subject: "Charged twice", Requester: "Carla", Body: "help"}).ID.Ticket
	return &talk{w: w, id: w.do(&bridge.StartConversation{
		Actor: agent("Alice"), Ticket: ticket, Subject: "Fraud", Body: "Is the card stolen?", Restricted: true, People: members,
		Targets: []bridge.Target{{Place: w.place(), Rule: "billing"}},
	}).ID}
}

func (c *talk) parkedFor(remedy string) {
	c.w.t.Helper()
	c.w.until("the mirror rests: "+remedy, func() bool {
		m := c.mirror()
		return m.Parked == bridge.ParkedMembers && strings.Contains(m.Remedy, remedy)
	})
}

// saw counts the posts with some words in the world's channel and its threads.
func (w *world) saw(words string) int { return strings.Count(w.picture(), words) }

func TestARestrictedConversationIsShownInNoChannelThatOthersSee(t *testing.T) {
	for _, c := range []struct {
		name, remedy string
		sim          func(*discordsim.Options)
		room         func(w *world, eve *discordsim.Person)
	}{
		{"everybody", "Everybody in the server can see #billing", nil, func(*world, *discordsim.Person) {}},
		{"somebody else", "who do not take part in it: eve", nil, func(w *world, eve *discordsim.Person) { w.closedRoom(w.anders, eve) }},
		{"another app", "who do not take part in it: robot", nil, func(w *world, _ *discordsim.Person) {
			w.closedRoom(w.anders, w.sim.AddUser(discordsim.UserSpec{Name: "robot", Bot: true}))
		}},
		{"who knows", "switch on Server Members Intent for Sidebridge", func(o *discordsim.Options) { o.NoMembers = true }, func(w *world, _ *discordsim.Person) { w.closedRoom(w.anders) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, worldSetup{sim: c.sim})
			c.room(w, w.sim.AddUser(discordsim.UserSpec{Name: "eve"}))
			talk := w.whisper(w.known(w.anders, "anders"))
			talk.parkedFor(c.remedy)
			if n := len(w.sim.All(w.channel)); n != 0 {
				t.Errorf("%d posts are shown:\n%s", n, w.picture())
			}
		})
	}
}

// TestARestrictedConversationRestsWhileOthersSeeItsChannel: from the moment that Discord
// tells of it, and it goes on by itself when they are gone.
func TestARestrictedConversationRestsWhileOthersSeeItsChannel(t *testing.T) {
	w := newWorld(t, worldSetup{})
	eve := w.sim.AddUser(discordsim.UserSpec{Name: "eve"})
	w.closedRoom(w.anders)
	talk := w.whisper(w.known(w.anders, "anders"))
	w.until("the question is shown", func() bool { return w.saw("Is the card stolen?") > 0 })
	w.idle()
	w.letIn(eve.ID(), true)
	talk.parkedFor("eve")
	w.do(&bridge.PostMessage{Actor: agent("Alice"), Conversation: talk.id, Body: "while eve is there"})
	w.letIn(eve.ID(), false)
	w.until("it goes on", func() bool { return talk.mirror().Parked == "" && w.saw("while eve is there") == 1 })
	// Removed from the conversation, Anders is somebody else too, without any word of Discord.
	w.idle()
	w.do(&bridge.RemoveParticipant{Actor: agent("Alice"), Conversation: talk.id, Person: "anders", Name: "Anders"})
	w.do(&bridge.PostMessage{Actor: agent("Alice"), Conversation: talk.id, Body: "without anders"})
	talk.parkedFor("anders")
	if n := w.saw("without anders"); n != 0 {
		t.Errorf("shown %d times to whom it was kept from", n)
	}
}

// TestWhoSeesARestrictedChannelIsAskedAtEachCatchUp, whatever Discord left out telling.
func TestWhoSeesARestrictedChannelIsAskedAtEachCatchUp(t *testing.T) {
	w := newWorld(t, worldSetup{relay: func(o *bridge.RelayOptions) { o.CatchUpEvery = 100 * time.Millisecond }})
	eve := w.sim.AddUser(discordsim.UserSpec{Name: "eve"})
	w.closedRoom(w.anders)
	talk := w.whisper(w.known(w.anders, "anders"))
	w.until("the question is shown", func() bool { return w.saw("Is the card stolen?") > 0 })
	w.sim.InjectEvent(discordsim.EventFault{Type: "CHANNEL_UPDATE", Drop: true})
	w.letIn(eve.ID(), true)
	talk.parkedFor("eve")
}

// TestWhatOutsidersDoInARestrictedThreadIsNotTaken: their words are put aside, and their
// presses answered.
func TestWhatOutsidersDoInARestrictedThreadIsNotTaken(t *testing.T) {
	w := newWorld(t, worldSetup{})
	w.closedRoom(w.anders)
	talk := w.whisper(w.known(w.anders, "anders"))
	w.until("the question is shown", func() bool { return talk.mirror().Thread != "" && w.saw("Is the card stolen?") > 0 })
	w.idle()
	in := bridge.Inbound{
		Kind: bridge.InPost, Author: w.g.account("4711"), AuthorName: "Mallory", Body: "let me in",
		Source: bridge.Source{Surface: Surface, Workspace: w.sim.GuildID(), Channel: w.channel, Thread: talk.mirror().Thread, Ref: "99"}, Key: fmt.Sprint("k", 1),
	}
	if _, err := w.memory.Append(t.Context(), &in); err == nil || !strings.Contains(err.Error(), "does not take part") {
		t.Errorf("an outsider's words: %v", err)
	}
}
