package slack

import (
	"context"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// relayWatcher tells the relay what a daemon's watcher does.
type relayWatcher struct {
	memoryWatcher
	b *bridged
}

func (w *relayWatcher) Recovered(_ context.Context, p bridge.Place) error {
	w.b.relay.Recovered(p)
	return nil
}

func (w *relayWatcher) MembersChanged(ctx context.Context, p bridge.Place) error {
	return w.b.relay.MembersChanged(ctx, p)
}

// newRoom is a bridged world with Anders, Eve and a channel for restricted conversations.
func newRoom(t *testing.T) (b *bridged, eve *slacksim.Person) {
	t.Helper()
	watcher := &relayWatcher{}
	b = newBridged(t, setup{opts: func(o *Options) { o.Watcher = watcher }, late: func(b *bridged) { watcher.b = b }})
	b.memory.Link(bridge.Known{Account: b.a.account(b.anders.ID()), Person: "anders", Role: bridge.RoleExpert, Name: "Anders"})
	return b, b.sim.AddUser(slacksim.UserSpec{Name: "eve", RealName: "Eve Outside"})
}

// whisper begins a restricted conversation with Anders in a channel.
func (b *bridged) whisper(channel string) bridge.ID {
	b.t.Helper()
	b.channel, b.mirror.Place.Channel = channel, channel
	t := b.append(&bridge.CreateTicket{Actor: alice(), Subject: "Charged twice", Requester: "Carla", Body: "help"})
	return b.append(&bridge.StartConversation{
		Actor: alice(), Ticket: t.ID.Ticket, Subject: "Fraud", Body: "Is the card stolen?", Restricted: true,
		People: []bridge.Known{{Person: "anders", Name: "Anders"}}, Targets: []bridge.Target{{Place: b.mirror.Place, Rule: "billing"}},
	}).ID
}

func (b *bridged) mirrorOf(conversation bridge.ID) bridge.Mirror {
	for _, m := range b.memory.Mirrors() {
		if m.ID.Ticket == conversation.Ticket && m.Conversation == conversation.Seq {
			return m
		}
	}
	return bridge.Mirror{}
}

func (b *bridged) parkedFor(conversation bridge.ID, remedy string) {
	b.t.Helper()
	b.until("the mirror rests: "+remedy, func() bool {
		m := b.mirrorOf(conversation)
		return m.Parked == bridge.ParkedMembers && strings.Contains(m.Remedy, remedy)
	})
}

// saw counts what of some words is shown in a channel and its threads.
func (b *bridged) saw(channel, words string) (n int) {
	for _, m := range b.sim.All(channel) {
		if strings.Contains(m.Text, words) || strings.Contains(string(m.Blocks), words) {
			n++
		}
	}
	return n
}

func TestARestrictedConversationIsShownInNoChannelThatOthersRead(t *testing.T) {
	for _, c := range []struct {
		name, remedy string
		room         func(b *bridged, eve *slacksim.Person) slacksim.ChannelSpec
		after        func(b *bridged, channel string)
	}{
		{"everybody", "Everybody in the workspace can read #room", func(b *bridged, _ *slacksim.Person) slacksim.ChannelSpec {
			return slacksim.ChannelSpec{Members: []*slacksim.Person{b.anders}}
		}, nil},
		{"somebody else", "who do not take part in it: Eve Outside", func(b *bridged, eve *slacksim.Person) slacksim.ChannelSpec {
			return slacksim.ChannelSpec{Private: true, Members: []*slacksim.Person{b.anders, eve}}
		}, nil},
		{"another app", "who do not take part in it: Robot", func(b *bridged, _ *slacksim.Person) slacksim.ChannelSpec {
			return slacksim.ChannelSpec{Private: true, Members: []*slacksim.Person{b.anders, b.sim.AddBot("Robot")}}
		}, nil},
		{"another organisation", "is shared with another organisation", func(b *bridged, _ *slacksim.Person) slacksim.ChannelSpec {
			return slacksim.ChannelSpec{Private: true, Members: []*slacksim.Person{b.anders}}
		}, func(b *bridged, channel string) { check(b.t, b.sim.ShareExternally(channel, "T0OTHER")) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, eve := newRoom(t)
			spec := c.room(b, eve)
			spec.Name = "room"
			room := b.sim.AddChannel(spec)
			if c.after != nil {
				c.after(b, room)
			}
			conv := b.whisper(room)
			b.parkedFor(conv, c.remedy)
			if n := b.saw(room, ""); n != 0 {
				t.Errorf("%d posts are shown", n)
			}
		})
	}
}

// TestARestrictedConversationRestsWhileOthersReadItsChannel: from the moment that Slack
// tells of it, and it goes on by itself when they are gone.
func TestARestrictedConversationRestsWhileOthersReadItsChannel(t *testing.T) {
	b, eve := newRoom(t)
	room := b.sim.AddChannel(slacksim.ChannelSpec{Name: "room", Private: true, Members: []*slacksim.Person{b.anders}})
	conv := b.whisper(room)
	b.until("the question is shown", func() bool { return b.saw(room, "Is the card stolen?") > 0 })
	b.settled()
	check(t, b.sim.Invite(room, eve))
	b.parkedFor(conv, "Eve Outside")
	b.append(&bridge.PostMessage{Actor: alice(), Conversation: conv, Body: "while eve is there"})
	check(t, b.sim.Kick(room, eve))
	b.until("it goes on", func() bool { return b.mirrorOf(conv).Parked == "" && b.saw(room, "while eve is there") == 1 })
	b.settled()
	b.append(&bridge.RemoveParticipant{Actor: alice(), Conversation: conv, Person: "anders", Name: "Anders"})
	b.append(&bridge.PostMessage{Actor: alice(), Conversation: conv, Body: "without anders"})
	b.parkedFor(conv, "Anders")
	if n := b.saw(room, "without anders"); n != 0 {
		t.Errorf("shown %d times to whom it was kept from", n)
	}
}

// TestARestrictedConversationIsHeldInADirectMessage with those who take part, and in none
// with others.
func TestARestrictedConversationIsHeldInADirectMessage(t *testing.T) {
	b, eve := newRoom(t)
	conv := b.whisper(mapping.Direct(b.anders.ID()))
	direct := b.sim.Direct(b.anders)
	b.until("the question is shown", func() bool { return b.saw(direct, "Is the card stolen?") > 0 })
	b.settled()
	if m := b.mirrorOf(conv); m.Parked != "" || m.Place.Channel != direct {
		t.Errorf("the mirror is %+v", m)
	}
	conv = b.whisper(mapping.Direct(b.anders.ID(), eve.ID()))
	b.parkedFor(conv, "who do not take part in it")
	if n := b.saw(b.sim.Direct(b.anders, eve), ""); n != 0 {
		t.Errorf("%d posts are shown", n)
	}
}
