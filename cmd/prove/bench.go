package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sidebridge/sidebridge/adapters/slack"
	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
)

type benchCmd struct {
	Conversations int           `default:"500" help:"Open conversations that the events are spread over."`
	Connections   int           `default:"32" help:"HTTP connections that send events, and clients of the comparison."`
	Rounds        int           `default:"3" help:"Rounds of ours and of the comparison in turn; medians are printed."`
	For           time.Duration `default:"15s" help:"How long one round of either lasts."`
	Samples       int           `default:"500" help:"Replies whose way to an open page is measured."`
}

// Run prints one "name value" a line: ratios to the raw database first, then the
// absolute figures that they are made of.
func (c *benchCmd) Run(ctx context.Context) error {
	var missed error
	for _, driver := range []string{"postgres", "sqlite"} {
		if err := c.on(ctx, driver); errors.Is(err, errMissed) {
			missed = err
		} else if err != nil {
			return fmt.Errorf("%s: %w", driver, err)
		}
		if err := c.latency(ctx, driver); err != nil {
			return fmt.Errorf("%s: latency: %w", driver, err)
		}
	}
	return missed
}

func (c *benchCmd) on(ctx context.Context, driver string) (err error) {
	dsn, drop, err := freshDatabase(driver, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	b, err := newBench(ctx, driver, dsn, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()

	var ours, raw, ratios []float64
	for range c.Rounds {
		r, err := b.raw(ctx)
		if err != nil {
			return fmt.Errorf("raw database: %w", err)
		}
		o, err := b.events(ctx)
		if err != nil {
			return fmt.Errorf("events: %w", err)
		}
		ours, raw, ratios = append(ours, o), append(raw, r), append(ratios, o/r)
	}
	ratio := median(ratios)
	fmt.Printf("accept_ratio_%s %.2f\n", driver, ratio)
	fmt.Printf("accepted_per_second_%s %.0f\n", driver, median(ours))
	fmt.Printf("raw_per_second_%s %.0f\n", driver, median(raw))
	if ratio < 1 {
		return errMissed
	}
	return nil
}

func median(xs []float64) float64 { return quantile(xs, 0.5) }

func quantile(xs []float64, q float64) float64 {
	if len(xs) == 0 {
		return 0
	}
	xs = slices.Clone(xs)
	slices.Sort(xs)
	return xs[min(len(xs)-1, int(q*float64(len(xs))))]
}

// bench is a store with open conversations behind Slack's adapter, served over
// HTTP as in production.
type bench struct {
	cmd     *benchCmd
	driver  string
	dsn     string
	store   *store.Store
	trace   []statement // what Append runs for a batch of one
	sim     *slacksim.Sim
	server  *http.Server
	addr    string
	tickets []bridge.ID // the conversations
	sent    int
	running errgroup.Group
	stop    func()
	printed bool
}

const (
	warmEvents  = 50
	benchTeam   = "T1"
	benchSecret = "8f742231b10e8888abcd99yyyzzz85a5"
)

// inbox is what the adapter accepts into.
type inbox struct {
	*bridge.Receiver
	*store.Store
}

func newBench(ctx context.Context, driver, dsn string, cmd *benchCmd) (*bench, error) {
	b := &bench{cmd: cmd, driver: driver, dsn: dsn}
	var err error
	tracing := false
	b.store, err = openStore(ctx, driver, dsn, store.Options{Trace: func(q string, args []any) {
		if tracing {
			b.trace = append(b.trace, statement{q, slices.Clone(args)})
		}
	}})
	if err != nil {
		return nil, err
	}
	for range cmd.Conversations {
		conv, err := b.open(ctx)
		if err != nil {
			return nil, err
		}
		b.tickets = append(b.tickets, conv)
	}
	b.sim = slacksim.New(slacksim.Options{TeamID: benchTeam, Limits: slacksim.Limits{Off: true}})
	api, err := b.sim.Start("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b.sim.AddUser(slacksim.UserSpec{ID: "U1", Name: "anders", RealName: "Anders"})
	adapter, err := slack.New(slack.Options{
		Workspace: benchTeam, BotToken: b.sim.BotToken(), SigningSecrets: []string{benchSecret}, APIURL: api + "/api/",
		Inbox: inbox{&bridge.Receiver{Log: b.store}, b.store}, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b.addr = ln.Addr().String()
	run, stop := context.WithCancel(ctx)
	b.stop = stop
	b.running.Go(func() error { return adapter.Run(run) })
	b.server = &http.Server{Handler: adapter.EventsHandler(), ReadHeaderTimeout: 10 * time.Second}
	b.running.Go(func() error {
		_ = b.server.Serve(ln) // it ends with Close
		return nil
	})
	// The first events make the user's name known and give the conversation a length
	// that is nobody's id, so that the numbers in the traced one cannot be confused.
	traced := b.tickets[len(b.tickets)/2]
	for range warmEvents {
		if err := b.sendOne(traced); err != nil {
			return nil, err
		}
	}
	tracing = true
	err = b.sendOne(traced)
	tracing = false
	return b, err
}

func (b *bench) close() error {
	b.stop()
	err := errors.Join(b.server.Close(), b.running.Wait(), b.store.Close())
	b.sim.Close()
	return err
}

// open makes a ticket with a conversation whose thread in channel C<ticket> has the root benchRoot.
func (b *bench) open(ctx context.Context) (bridge.ID, error) {
	ticket, err := b.store.Append(ctx, &bridge.CreateTicket{Subject: "Question", Requester: "Carl", Body: "It does not work."})
	if err != nil {
		return bridge.ID{}, err
	}
	d := &dialogue{s: b.store, place: bridge.Place{Surface: "slack", Workspace: benchTeam, Channel: fmt.Sprint("C", ticket.ID.Ticket)}}
	conv, err := b.store.Append(ctx, &bridge.StartConversation{
		Actor: proofAgent, Ticket: ticket.ID.Ticket, Subject: "Question", Targets: []bridge.Target{{Place: d.place}}, Body: "Can you look?",
	})
	if err != nil {
		return bridge.ID{}, err
	}
	d.mirror = bridge.ID{Ticket: conv.ID.Ticket, Seq: conv.ID.Seq + 1}
	if err := d.deliver(ctx, d.mirror.Seq, bridge.Call{Verb: bridge.VerbPost, Root: true}, benchRoot); err != nil {
		return bridge.ID{}, err
	}
	_, err = b.store.Append(ctx, &bridge.Step{Mirror: d.mirror, Seq: d.mirror.Seq + 1})
	return conv.ID, err
}
