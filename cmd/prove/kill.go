package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

type killCmd struct {
	Kills         int           `default:"100" help:"SIGKILLs per database."`
	Conversations int           `default:"8" help:"Conversations that talk at the same time."`
	Driver        []string      `default:"sqlite,postgres" help:"Databases to prove it on."`
	Seed          uint64        `default:"1" help:"Seed of the random choices."`
	Settle        time.Duration `default:"8m" help:"How long all sides may take to agree after the last kill; Slack takes 50 edits a minute."`
	Keep          string        `help:"Folder for the daemon's logs, kept afterwards."`

	http bool // Slack sends by the Events API on both databases
}

// Run kills the real binary at random moments under traffic both ways, against a Slack
// and a Discord that lose answers, double, drop and reorder events and refuse calls,
// with conversations in one of them and in both at once, and then compares what people
// see there with the log and the page.
func (c *killCmd) Run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "sidebridge-kill-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if c.Keep == "" {
		c.Keep = dir
	}
	binary := filepath.Join(dir, "sidebridge")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/sidebridge")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build the daemon: %w", err)
	}
	var missed error
	for _, driver := range c.Driver {
		v, err := c.on(ctx, binary, driver)
		if err != nil {
			return fmt.Errorf("%s: %w", driver, err)
		}
		fmt.Printf("database=%s %s\n", driver, v)
		if !v.holds() {
			missed = errMissed
		}
	}
	return missed
}

// killDoubt is the daemon's doubt after an ambiguous failure here.
const killDoubt = time.Second

// verdict is what the comparison of both sides found.
type verdict struct {
	messages, kills          int
	lost, doubled, reordered int
	chain                    bool
	details                  []string
}

func (v verdict) holds() bool {
	return v.lost+v.doubled+v.reordered == 0 && v.chain && v.messages > 0
}

func (v verdict) String() string {
	chain := "broken"
	if v.chain {
		chain = "ok"
	}
	return fmt.Sprintf("messages=%d kills=%d lost=%d duplicated=%d reordered=%d chain=%s", v.messages, v.kills, v.lost, v.doubled, v.reordered, chain)
}

func (v *verdict) note(counter *int, format string, args ...any) {
	*counter++
	if len(v.details) < 20 {
		v.details = append(v.details, fmt.Sprintf(format, args...))
	}
}

func (c *killCmd) on(ctx context.Context, binary, driver string) (v verdict, err error) {
	w, err := newKillWorld(ctx, c, binary, driver)
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	if err := w.open(ctx, c.Conversations); err != nil {
		return v, fmt.Errorf("open conversations: %w", err)
	}
	for _, c := range w.chats {
		c.trouble()
	}
	talk, stopTalk := context.WithCancel(ctx)
	var talkers sync.WaitGroup
	for i, conv := range w.talks {
		rng := rand.New(rand.NewPCG(c.Seed, uint64(2*i+1)))
		talkers.Go(func() { w.agentTalks(talk, conv, rng) })
		for n, s := range conv.sides {
			other := rand.New(rand.NewPCG(c.Seed, uint64(1000*(n+1)+i)))
			talkers.Go(func() { w.expertTalks(talk, conv, s, other) })
		}
	}
	rng := rand.New(rand.NewPCG(c.Seed, 0))
	err = w.killLoop(ctx, c.Kills, rng)
	stopTalk()
	talkers.Wait()
	if err != nil {
		return v, err
	}
	for _, c := range w.chats {
		c.calm()
	}
	// What a listing lacks counts as deleted only when it is older than the doubt.
	pause(ctx, 2*killDoubt)
	// One more restart, so that what the dropped events said is caught up.
	if err := w.restart(ctx); err != nil {
		return v, err
	}
	v, err = w.agree(ctx, c.Settle)
	v.kills = c.Kills
	for _, d := range v.details {
		fmt.Println(driver+":", d)
	}
	return v, err
}

// killLoop kills the daemon at random moments after it became ready.
func (w *killWorld) killLoop(ctx context.Context, kills int, rng *rand.Rand) error {
	for i := range kills {
		pause(ctx, time.Duration(50+rng.IntN(900))*time.Millisecond)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := w.restart(ctx); err != nil {
			return fmt.Errorf("after kill %d: %w", i+1, err)
		}
		if (i+1)%10 == 0 {
			fmt.Printf("%s: %d kills, %d messages\n", w.driver, i+1, w.said())
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// contains reports whether text has a marker as a whole word.
func contains(text, marker string) bool {
	for _, word := range strings.Fields(text) {
		if word == marker {
			return true
		}
	}
	return false
}
