// Command prove runs the long proofs and benchmarks whose figures the project
// states: make prove-kill, prove-audit and so on call it. Each
// proof prints its figures as name=value on its last line and exits non-zero
// when one misses its goal.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/alecthomas/kong"
)

type cli struct {
	Audit    auditCmd    `cmd:"" help:"Change single bytes and rows behind the daemon's back; audit verify must find every one."`
	Forgery  forgeryCmd  `cmd:"" help:"Send mutated and replayed Slack requests; none may be accepted."`
	Gateway  gatewayCmd  `cmd:"" help:"Let Discord's gateway misbehave in every way at random; nothing may be lost or doubled, and all is well again soon."`
	Mentions mentionsCmd `cmd:"" help:"Send everything that could call somebody through every field; nobody may be called."`
	Kill     killCmd     `cmd:"" help:"Kill the daemon again and again under traffic; nothing may be lost, doubled or out of order."`
	Pages    pagesCmd    `cmd:"" help:"Measure a busy ticket's page to the last byte, and how soon one message is on 2,000 open pages."`
	Bench    benchCmd    `cmd:"" help:"Measure accepted events per second and the way to an open page, as ratios to the raw database."`
}

// errMissed: a figure missed its goal. The figures themselves are printed.
var errMissed = errors.New("a figure missed its goal")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var c cli
	k := kong.Parse(&c, kong.Description("Proofs and benchmarks of Sidebridge."), kong.BindTo(ctx, (*context.Context)(nil)))
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "prove:", err)
		stop()
		os.Exit(1)
	}
}
