package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sidebridge/sidebridge/adapters/discord"
	"github.com/sidebridge/sidebridge/adapters/discord/discordsim"
	"github.com/sidebridge/sidebridge/adapters/slack"
	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
)

// mentionsWorld is one conversation that is mirrored to both chats, with everything in
// this process.
type mentionsWorld struct {
	store         *store.Store
	slack         *slacksim.Sim
	discord       *discordsim.Sim
	slackExpert   *slacksim.Person
	discordExpert *discordsim.Person
	conv          bridge.ID
	channel       map[string]string // by surface
	thread        map[string]string

	running errgroup.Group
	stop    context.CancelFunc
	drop    func() error
}

func newMentionsWorld(ctx context.Context) (w *mentionsWorld, err error) {
	dsn, drop, err := freshDatabase("sqlite", false)
	if err != nil {
		return nil, err
	}
	w = &mentionsWorld{drop: drop, channel: map[string]string{}, thread: map[string]string{}}
	if w.store, err = openStore(ctx, "sqlite", dsn, store.Options{}); err != nil {
		return nil, err
	}
	w.slack = slacksim.New(slacksim.Options{TeamID: benchTeam, SocketMode: true, Limits: slacksim.Limits{Off: true}})
	w.discord = discordsim.New(discordsim.Options{Limits: discordsim.Limits{Off: true}})
	api, err := w.slack.Start("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	if _, err := w.discord.Start("127.0.0.1:0"); err != nil {
		return nil, err
	}
	w.slackExpert = w.slack.AddUser(slacksim.UserSpec{Name: "anders", RealName: "Anders"})
	w.discordExpert = w.discord.AddUser(discordsim.UserSpec{Name: "sanne", Global: "Sanne"})
	w.channel["slack"] = w.slack.AddChannel(slacksim.ChannelSpec{Name: "billing"})
	w.channel["discord"] = w.discord.AddChannel(discordsim.ChannelSpec{Name: "billing"})
	if err := w.connect(ctx, api+"/api/"); err != nil {
		return nil, err
	}
	return w, w.open(ctx)
}

func (w *mentionsWorld) connect(ctx context.Context, slackAPI string) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	desk := &web.Desk{Tickets: w.store, Directory: w.store, Log: w.store, PublicURL: "http://desk.example"}
	in := inbox{&bridge.Receiver{Log: w.store, Desk: desk, Directory: w.store}, w.store}
	one, err := slack.New(slack.Options{
		Workspace: benchTeam, BotToken: w.slack.BotToken(), AppToken: w.slack.AppToken(), APIURL: slackAPI,
		Inbox: in, Desk: desk, Threads: w.store, Log: log, Budget: slack.Budget{PostsPerMinute: 1_000_000, PostInterval: time.Nanosecond, Tier2: 1_000_000, Tier3: 1_000_000, Tier4: 1_000_000},
	})
	if err != nil {
		return err
	}
	two, err := discord.New(discord.Options{
		Token: w.discord.Token(), Guilds: []string{w.discord.GuildID()}, APIURL: w.discord.APIURL(), FileHosts: []string{w.discord.FileHost()},
		Inbox: in, Desk: desk, Threads: w.store, Sessions: w.store, Leases: w.store, Log: log,
	})
	if err != nil {
		return err
	}
	guild := two.Guilds()[0]
	relay := bridge.NewRelay(bridge.RelayOptions{
		Store: w.store, Desk: desk, Bell: w.store.Bell(), Log: log, Poll: 50 * time.Millisecond,
	}, bridge.Port{Surface: one, Workspace: one.Workspace()}, bridge.Port{Surface: guild, Workspace: guild.Workspace()})
	run, stop := context.WithCancel(ctx)
	w.stop = stop
	w.running.Go(func() error { return one.Run(run) })
	w.running.Go(func() error { return two.Run(run) })
	w.running.Go(func() error { return relay.Run(run) })
	return nil
}

func (w *mentionsWorld) close() error {
	w.stop()
	return errors.Join(w.running.Wait(), w.slack.Close(), w.discord.Close(), w.store.Close(), w.drop())
}

func (w *mentionsWorld) open(ctx context.Context) error {
	ticket, err := w.store.Append(ctx, &bridge.CreateTicket{Subject: "Question", Requester: "Carl", Body: "It does not work."})
	if err != nil {
		return err
	}
	conv, err := w.store.Append(ctx, &bridge.StartConversation{
		Actor: proofAgent, Ticket: ticket.ID.Ticket, Subject: "Question", Body: "Can you look?",
		Targets: []bridge.Target{
			{Place: bridge.Place{Surface: slack.Surface, Workspace: benchTeam, Channel: w.channel["slack"]}},
			{Place: bridge.Place{Surface: discord.Surface, Workspace: w.discord.GuildID(), Channel: w.channel["discord"]}},
		},
	})
	if err != nil {
		return err
	}
	w.conv = conv.ID
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for ; len(w.thread) < 2; pause(ctx, 20*time.Millisecond) {
		state, err := w.store.TicketPage(ctx, bridge.SeesAll, w.conv.Ticket)
		if err != nil {
			return fmt.Errorf("wait for the threads: %w", err)
		}
		for _, m := range state.Mirrors {
			if m.Thread != "" && !m.Behind() {
				w.thread[m.Place.Surface] = m.Thread
			}
		}
	}
	return nil
}
