package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sidebridge/sidebridge/adapters/discord"
	"github.com/sidebridge/sidebridge/adapters/discord/discordsim"
	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
)

// gatewayWorld is one conversation between the log and a simulated guild.
type gatewayWorld struct {
	store   *store.Store
	sim     *discordsim.Sim
	expert  *discordsim.Person
	watcher *watched
	conv    bridge.ID
	thread  string
	said    []string // markers of both sides

	running errgroup.Group
	stop    context.CancelFunc
	drop    func() error
}

// watched remembers what an admin was told to do.
type watched struct {
	mu   sync.Mutex
	told string
}

// Recovered implements discord.Watcher.
func (*watched) Recovered(context.Context, bridge.Place) error { return nil }

// MembersChanged implements discord.Watcher.
func (*watched) MembersChanged(context.Context, bridge.Place) error { return nil }

// Blocked implements discord.Watcher.
func (w *watched) Blocked(_ context.Context, _ bridge.Place, _, remedy string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = remedy
	return nil
}

func (w *watched) remedy() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.told
}

func (w *watched) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = ""
}

func newGatewayWorld(ctx context.Context, c *gatewayCmd) (w *gatewayWorld, err error) {
	dsn, drop, err := freshDatabase("sqlite", false)
	if err != nil {
		return nil, err
	}
	w = &gatewayWorld{drop: drop, watcher: &watched{}}
	if w.store, err = openStore(ctx, "sqlite", dsn, store.Options{}); err != nil {
		return nil, err
	}
	speed := time.Duration(c.Speed)
	w.sim = discordsim.New(discordsim.Options{
		Seed: c.Seed, Limits: discordsim.Limits{Off: true}, Heartbeat: heartbeat / speed, Identifies: 100_000,
	})
	if _, err := w.sim.Start("127.0.0.1:0"); err != nil {
		return nil, err
	}
	w.expert = w.sim.AddUser(discordsim.UserSpec{Name: "anders", Global: "Anders"})
	channel := w.sim.AddChannel(discordsim.ChannelSpec{Name: "billing"})
	if err := w.connect(ctx, speed); err != nil {
		return nil, err
	}
	return w, w.open(ctx, channel)
}

// connect starts the adapter and a relay. All its waits are the real ones, divided by
// speed, but that a refused connection is tried again each minute and not each ten.
func (w *gatewayWorld) connect(ctx context.Context, speed time.Duration) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	desk := &web.Desk{Tickets: w.store, Directory: w.store, Log: w.store, PublicURL: "http://desk.example"}
	adapter, err := discord.New(discord.Options{
		Token: w.sim.Token(), Guilds: []string{w.sim.GuildID()}, APIURL: w.sim.APIURL(), FileHosts: []string{w.sim.FileHost()},
		Inbox: inbox{&bridge.Receiver{Log: w.store, Desk: desk, Directory: w.store}, w.store},
		Desk:  desk, Threads: w.store, Watcher: w.watcher, Sessions: w.store, Leases: w.store, Log: log,
		Timing: discord.Timing{
			Reconnect: time.Second / speed, ReconnectMost: time.Minute / speed, Identify: 5 * time.Second / speed,
			IdentifyMost: time.Minute / speed, Handshake: 20 * time.Second / speed, Lease: 20 * time.Second,
		},
	})
	if err != nil {
		return err
	}
	guild := adapter.Guilds()[0]
	relay := bridge.NewRelay(bridge.RelayOptions{
		Store: w.store, Desk: desk, Bell: w.store.Bell(), Log: log, Doubt: time.Second, Poll: 50 * time.Millisecond, CatchUpEvery: time.Hour,
	}, bridge.Port{Surface: guild, Workspace: guild.Workspace()})
	run, stop := context.WithCancel(ctx)
	w.stop = stop
	w.running.Go(func() error { return adapter.Run(run) })
	w.running.Go(func() error { return relay.Run(run) })
	return nil
}

func (w *gatewayWorld) close() error {
	w.stop()
	return errors.Join(w.running.Wait(), w.sim.Close(), w.store.Close(), w.drop())
}

func (w *gatewayWorld) open(ctx context.Context, channel string) error {
	ticket, err := w.store.Append(ctx, &bridge.CreateTicket{Subject: "Question", Requester: "Carl", Body: "It does not work."})
	if err != nil {
		return err
	}
	place := bridge.Place{Surface: discord.Surface, Workspace: w.sim.GuildID(), Channel: channel}
	conv, err := w.store.Append(ctx, &bridge.StartConversation{
		Actor: proofAgent, Ticket: ticket.ID.Ticket, Subject: "Question", Targets: []bridge.Target{{Place: place}}, Body: "Can you look?",
	})
	if err != nil {
		return err
	}
	w.conv = conv.ID
	return w.until(ctx, func() bool {
		for _, id := range w.sim.Threads(channel) {
			if m, err := w.store.MirrorByThread(ctx, place, id); err == nil && !m.Behind() {
				w.thread = id
			}
		}
		return w.thread != ""
	}, "there is a thread")
}

func (w *gatewayWorld) until(ctx context.Context, cond func() bool, what string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for !cond() {
		if ctx.Err() != nil {
			return fmt.Errorf("it is not so that %s: %w", what, ctx.Err())
		}
		pause(ctx, 5*time.Millisecond)
	}
	return nil
}

// talk has both sides say something.
func (w *gatewayWorld) talk(ctx context.Context, marker string) error {
	if _, err := w.expert.Say(w.thread, "e"+marker+" is said"); err != nil {
		return err
	}
	_, err := w.store.Append(ctx, &bridge.PostMessage{Actor: proofAgent, Conversation: w.conv, Body: "a" + marker + " is said"})
	w.said = append(w.said, "e"+marker, "a"+marker)
	return err
}

// hears waits until both sides have heard what was said last.
func (w *gatewayWorld) hears(ctx context.Context, marker string) error {
	after := int64(0)
	return w.until(ctx, func() bool {
		heard, head, err := w.logged(ctx, after)
		if err == nil && heard["e"+marker] > 0 {
			return w.shown()["a"+marker] > 0
		}
		after = max(after, head-64)
		return false
	}, marker+" is heard")
}

// logged counts markers in the log after an entry.
func (w *gatewayWorld) logged(ctx context.Context, after int64) (map[string]int, int64, error) {
	out := map[string]int{}
	for {
		entries, err := w.store.Entries(ctx, bridge.SeesAll, w.conv.Ticket, after, 1000)
		if err != nil {
			return nil, after, err
		}
		for _, e := range entries {
			after = e.Seq
			if e.Kind == bridge.MessagePosted {
				out[firstWord(e.Words.Body)]++
			}
		}
		if len(entries) < 1000 {
			return out, after, nil
		}
	}
}

// shown counts the agent's markers in the thread.
func (w *gatewayWorld) shown() map[string]int {
	out := map[string]int{}
	for _, m := range w.sim.Channel(w.thread) {
		for _, word := range strings.Fields(m.Content) {
			if m.Bot && strings.HasPrefix(word, "a") && strings.HasSuffix(word, "x") {
				out[word]++
			}
		}
	}
	return out
}

// compare counts what a side has not, or has twice.
func (w *gatewayWorld) compare(ctx context.Context) (lost, doubled int, err error) {
	heard, _, err := w.logged(ctx, 0)
	if err != nil {
		return 0, 0, err
	}
	shown := w.shown()
	for _, marker := range w.said {
		counts := []int{heard[marker]}
		if marker[0] == 'a' {
			counts = append(counts, shown[marker])
		}
		for _, n := range counts {
			switch {
			case n == 0:
				lost++
			case n > 1:
				doubled++
			}
		}
	}
	return lost, doubled, nil
}
