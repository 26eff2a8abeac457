package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/sidebridge/sidebridge/adapters/discord"
	"github.com/sidebridge/sidebridge/adapters/slack"
	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/store"
)

// seed fills an empty database: people, groups, their mapping to channels, a token
// for the API, and tickets.
func (d *demo) seed(ctx context.Context, s *store.Store) error {
	if err := d.seedPeople(ctx, s); err != nil {
		return err
	}
	if err := d.seedGroups(ctx, s); err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(d.token))
	if err := s.CreateToken(ctx, "shop", hex.EncodeToString(sum[:]), d.alice.id); err != nil {
		return err
	}
	for _, t := range d.tickets() {
		if _, err := s.Append(ctx, &t); err != nil {
			return wrapf(err, "make a sample ticket")
		}
	}
	return nil
}

func (d *demo) seedPeople(ctx context.Context, s *store.Store) error {
	hash, err := web.HashPassword(d.password)
	if err != nil {
		return err
	}
	for _, p := range []struct {
		*demoPerson
		role  bridge.Role
		email string // experts do not sign in
		hash  string
	}{
		{d.alice, bridge.RoleAdmin, d.alice.email, hash},
		{d.ben, bridge.RoleAgent, d.ben.email, hash},
		{d.anders, bridge.RoleExpert, "", ""},
		{d.maria, bridge.RoleAgent, d.maria.email, hash}, // who may take a ticket over from the chat
		{d.peter, bridge.RoleExpert, "", ""},
		{d.sanne, bridge.RoleExpert, "", ""},
	} {
		p.id, err = s.CreatePerson(ctx, bridge.Known{
			Name: p.name, Role: p.role, Account: bridge.Account{Surface: bridge.SurfaceWeb, ID: p.email},
		}, p.hash)
		if err != nil {
			return wrapf(err, "add %s", p.name)
		}
	}
	return nil
}

func (d *demo) seedGroups(ctx context.Context, s *store.Store) (err error) {
	var rules []mapping.Rule
	groups := []memberGroup{{&d.billing, d.anders}, {&d.engineering, d.maria}}
	if d.guild != nil {
		groups = append(groups, memberGroup{&d.logistics, d.anders})
	}
	for _, g := range groups {
		if g.id, err = s.SaveGroup(ctx, "", g.name); err != nil {
			return err
		}
		if err := s.SetMembers(ctx, g.id, []string{g.member.id}); err != nil {
			return err
		}
		rules = append(rules, mapping.Rule{
			ID: strings.ToLower(g.name), Name: g.name + " questions", When: mapping.Conditions{Groups: []string{g.id}},
			Channels: d.channels(*g.demoGroup), Fields: mapping.DefaultPolicy(),
		})
	}
	return s.ChangeRules(ctx, func([]mapping.Rule) ([]mapping.Rule, error) { return rules, mapping.ValidateRules(rules) })
}

// memberGroup is a group and who is in it.
type memberGroup struct {
	*demoGroup
	member *demoPerson
}

// channels are where a group is asked.
func (d *demo) channels(g demoGroup) (out []mapping.Channel) {
	if g.channel != "" {
		out = append(out, mapping.Channel{Surface: slack.Surface, Workspace: d.sim.TeamID(), ID: g.channel})
	}
	if g.discord != "" {
		out = append(out, mapping.Channel{Surface: discord.Surface, Workspace: d.guild.GuildID(), ID: g.discord})
	}
	return out
}

func (d *demo) tickets() []bridge.CreateTicket {
	customer := func(name, subject, body, priority string, tags ...string) bridge.CreateTicket {
		return bridge.CreateTicket{
			Actor: bridge.Actor{Role: bridge.RoleCustomer, Name: name}, Subject: subject, Requester: name,
			Email: strings.ToLower(strings.Fields(name)[0]) + "@example.org", Body: body, Priority: priority, Tags: tags, Channel: "form",
		}
	}
	return []bridge.CreateTicket{
		customer("Carla Customer", "Charged twice for order 4711",
			"Hello,\n\nmy card was charged **twice** for order 4711. Please give me the second amount back.\n\nCarla", "high", "refund", "payments"),
		customer("David Dawson", "The app shows an empty page after the update",
			"Since yesterday's update the app stays white after I sign in. I use version 5.2 on a tablet.", "urgent", "app"),
		customer("Emma Erikson", "Where is my parcel?", "The tracking number has shown *in transit* for a week.", "normal", "delivery"),
		customer("Farid Farouk", "Invoice with our VAT number", "Could you send the October invoice again, with our VAT number DK12345678 on it?", "low", "invoice"),
	}
}

// alices returns Alice as she acts in the ticket view.
func (d *demo) alices() bridge.Actor {
	return bridge.Actor{
		Person: d.alice.id, Role: bridge.RoleAdmin, Name: d.alice.name,
		Account: bridge.Account{Surface: bridge.SurfaceWeb, ID: d.alice.id},
	}
}

// ask begins a side conversation, as the ticket page does.
func (d *demo) ask(ctx context.Context, s *store.Store, ticket int64, g demoGroup, subject, body string) (bridge.ID, error) {
	var targets []bridge.Target
	for _, c := range d.channels(g) {
		place := bridge.Place{Surface: c.Surface, Workspace: c.Workspace, Channel: c.ID}
		targets = append(targets, bridge.Target{Place: place, Rule: strings.ToLower(g.name)})
	}
	res, err := s.Append(ctx, &bridge.StartConversation{
		Actor: d.alices(), Ticket: ticket, Subject: subject, Group: g.id, Body: body,
		Targets: targets,
	})
	return res.ID, wrapf(err, "begin a conversation")
}

// thread waits until a card with these words is in a channel, with a reply that
// shows the first message, and returns its ts.
func (d *demo) thread(ctx context.Context, channel, words string) (root string, err error) {
	err = d.sim.WaitFor(ctx, func() bool {
		for _, m := range d.sim.Channel(channel) {
			if m.ThreadTS == "" || m.ThreadTS == m.TS {
				if m.ReplyCount > 0 && strings.Contains(string(m.Blocks)+m.Text, words) {
					root = m.TS
				}
			}
		}
		return root != ""
	})
	return root, wrapf(err, "wait for the thread of %q", words)
}

// link says whose an account is, once somebody was heard from it.
func (d *demo) link(ctx context.Context, s *store.Store, p *demoPerson, account bridge.Account) error {
	for {
		rung := s.Bell().Any()
		err := s.LinkAccount(ctx, account, p.id, d.alice.id)
		if err == nil || !errors.Is(err, bridge.ErrNotFound) {
			return err
		}
		select {
		case <-rung:
		case <-ctx.Done():
			return fmt.Errorf("wait for %s to be heard: %w", p.name, context.Cause(ctx))
		}
	}
}

// slackAccount and discordAccount are somebody's accounts in the simulated chats.
func (d *demo) slackAccount(p *demoPerson) bridge.Account {
	return bridge.Account{Surface: slack.Surface, Workspace: d.sim.TeamID(), ID: p.slack.ID()}
}

func (d *demo) discordAccount(p *demoPerson) bridge.Account {
	return bridge.Account{Surface: discord.Surface, Workspace: d.guild.GuildID(), ID: p.discord.ID()}
}

// who names those who are in a chat.
func (d *demo) who(in func(*demoPerson) bool) string {
	var names []string
	for _, p := range d.people() {
		if in(p) {
			first, _, _ := strings.Cut(p.name, " ")
			names = append(names, first)
		}
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// guide tells whoever opens the first ticket how the demo is played.
func (d *demo) guide(ctx context.Context, s *store.Store) error {
	_, err := s.Append(ctx, &bridge.WriteNote{Actor: d.alices(), Ticket: 1, Body: fmt.Sprintf(
		"**How to play.** You are Alice, and all the others:\n\n- in [the simulated Slack](%s): %s\n- in [the simulated Discord](%s): %s\n\n"+
			"Billing is asked in Slack, Logistics in Discord, Engineering in both at once. Maria also works at this desk: in either chat, "+
			"she can take a ticket or start a side conversation.",
		d.sim.BaseURL(), d.who(isInSlack), d.guild.BaseURL(), d.who(isInDiscord))})
	return wrapf(err, "write the guide")
}

func isInSlack(p *demoPerson) bool   { return p.slack != nil }
func isInDiscord(p *demoPerson) bool { return p.discord != nil }
