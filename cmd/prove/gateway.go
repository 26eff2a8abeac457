package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

type gatewayCmd struct {
	Rounds int    `default:"500" help:"How often the gateway misbehaves."`
	Speed  int    `default:"20" help:"How many times faster than in reality its clock goes."`
	Seed   uint64 `default:"1" help:"Seed of the random choices."`
}

// allowed is how much simulated time may pass until everything works again.
const allowed = 30 * time.Second

// heartbeat is how often Discord wants one. A connection that fell silent is found dead
// when one is not answered, which takes up to two of them; that time is granted on top.
// https://docs.discord.com/developers/events/gateway#sending-heartbeats
const heartbeat = 41250 * time.Millisecond

// trouble is one way in which the gateway misbehaves.
type trouble struct {
	name string
	do   func()
	// fatal: Discord says not to come back, so an admin must be told what to do.
	fatal bool
	// silent: only a heartbeat without an answer shows it.
	silent bool
}

// Run lets the simulated gateway misbehave at random while an expert and an agent talk,
// and watches that both hear everything once, and how long it takes to be well again.
func (c *gatewayCmd) Run(ctx context.Context) (err error) {
	w, err := newGatewayWorld(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	rng := rand.New(rand.NewPCG(c.Seed, 0))
	all := w.troubles()
	slow, parked, worst := 0, 0, time.Duration(0)
	for round := range c.Rounds {
		var names []string
		limit, fatal := allowed, false
		w.watcher.forget()
		if err := w.talk(ctx, fmt.Sprintf("before%dx", round)); err != nil {
			return err
		}
		for range 1 + rng.IntN(2) {
			t := all[rng.IntN(len(all))]
			names = append(names, t.name)
			if t.silent {
				limit += 2 * heartbeat
			}
			fatal = fatal || t.fatal
			t.do()
		}
		began := time.Now()
		pause(ctx, c.real(time.Second)) // what was sent is on its way
		if err := w.talk(ctx, fmt.Sprintf("after%dx", round)); err != nil {
			return err
		}
		if err := w.hears(ctx, fmt.Sprintf("after%dx", round)); err != nil {
			return fmt.Errorf("round %d (%s): %w", round, strings.Join(names, ", "), err)
		}
		took := time.Since(began) * time.Duration(c.Speed)
		switch remedy := w.watcher.remedy(); {
		case fatal && remedy != "":
			parked++
		case took > limit:
			slow++
			fmt.Printf("round %d (%s): well again after %s of simulated time\n", round, strings.Join(names, ", "), took.Round(time.Second))
		case limit == allowed:
			worst = max(worst, took)
		}
		// Who comes back more than once in ten seconds waits longer each time, as Discord asks.
		pause(ctx, c.real(10*time.Second))
		if (round+1)%50 == 0 {
			fmt.Printf("%d rounds\n", round+1)
		}
	}
	lost, doubled, err := w.compare(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("rounds=%d messages=%d lost=%d duplicated=%d parked_with_remedy=%d slow=%d worst=%s\n",
		c.Rounds, len(w.said), lost, doubled, parked, slow, worst.Round(100*time.Millisecond))
	if lost+doubled+slow > 0 {
		return errMissed
	}
	return nil
}

// real is how long a simulated time takes.
func (c *gatewayCmd) real(d time.Duration) time.Duration { return d / time.Duration(c.Speed) }

func (w *gatewayWorld) troubles() []trouble {
	list := []trouble{
		{name: "op 1", do: w.sim.RequestHeartbeat},
		{name: "op 7", do: w.sim.ForceReconnect},
		{name: "op 9 resumable", do: func() { w.sim.InvalidateSession(true) }},
		{name: "op 9", do: func() { w.sim.InvalidateSession(false) }},
		{name: "silence", do: w.sim.Silence, silent: true},
		{name: "half a frame", do: w.sim.HalfFrame},
		{name: "cut", do: w.sim.DropConnections},
	}
	for _, code := range []int{1000, 1001, 1006, 4000, 4001, 4002, 4003, 4005, 4007, 4008, 4009} {
		list = append(list, trouble{name: fmt.Sprint("close ", code), do: func() { w.sim.CloseGateway(code) }})
	}
	for _, code := range []int{4004, 4010, 4011, 4012, 4013, 4014} {
		list = append(list, trouble{name: fmt.Sprint("close ", code), do: func() { w.sim.CloseGateway(code) }, fatal: true})
	}
	return list
}
