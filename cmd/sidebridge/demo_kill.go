package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
)

// rush is how many messages each side says around the daemon's death.
const rush = 8

// killInTheMiddle kills the daemon while a post of ours has taken effect and its
// answer is still under way, with both sides speaking before, during and after.
func (r *checkRun) killInTheMiddle(ctx context.Context) error {
	clear := r.sim.Inject(slacksim.Fault{Method: "chat.postMessage", Skip: rush / 2, Times: 1, Apply: true, Delay: time.Minute, CloseSocket: true})
	defer clear()
	agent := func(i int) string { return fmt.Sprintf("Alice's message %d while the daemon dies.", i) }
	expert := func(i int) string { return fmt.Sprintf("Anders' message %d while the daemon dies.", i) }
	for i := range rush {
		r.said = append(r.said, saying{text: agent(i), rush: true}, saying{text: expert(i), who: r.anders.name, rush: true})
	}
	died := make(chan struct{})
	both, speaking := errgroup.WithContext(ctx)
	both.Go(func() error { return r.agentSpeaksOn(speaking, agent, died) })
	both.Go(func() error {
		if err := r.expertSpeaksOn(speaking, expert, died, agent(rush/2)); err != nil {
			return err
		}
		return r.startDaemon(ctx) // it outlives this step
	})
	if err := both.Wait(); err != nil {
		return err
	}
	return r.settled(ctx, agent, expert)
}

// agentSpeaksOn lets Alice post a good half of her messages while the daemon lives, and
// the rest from the moment of its death on.
func (r *checkRun) agentSpeaksOn(ctx context.Context, text func(int) string, died <-chan struct{}) error {
	for i := range rush {
		if i == rush/2+2 {
			select {
			case <-died:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		if err := r.insist(ctx, text(i)); err != nil {
			return err
		}
	}
	return nil
}

// expertSpeaksOn lets Anders reply, and kills the daemon in the middle, as soon as the
// thread has the post whose answer is under way.
func (r *checkRun) expertSpeaksOn(ctx context.Context, text func(int) string, died chan<- struct{}, underWay string) error {
	for i := range rush {
		if _, err := r.anders.slack.Reply(r.billing.channel, r.root, text(i)); err != nil {
			return err
		}
		if i != rush/2 {
			continue
		}
		if err := r.waitSlack(ctx, "a post has taken effect", func() bool { return r.threadHas(underWay) }); err != nil {
			return err
		}
		r.daemon.kill()
		close(died)
	}
	return nil
}

// insist posts as a person does whose page says that it did not work: the same form
// again, until it is accepted.
func (r *checkRun) insist(ctx context.Context, text string) error {
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	for {
		_, err := r.page.post(ctx, "/c/"+r.conversation.String()+"/messages", url.Values{"body": {text}, "key": {"rush"}})
		var refused *statusError
		if err == nil || errors.As(err, &refused) && refused.status < 500 {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// settled waits until both sides have everything.
func (r *checkRun) settled(ctx context.Context, agent, expert func(int) string) error {
	if err := r.waitSlack(ctx, "the thread has everything", func() bool {
		for i := range rush {
			if !r.threadHas(agent(i)) {
				return false
			}
		}
		return true
	}); err != nil {
		return err
	}
	for i := range rush {
		if err := r.waitPage(ctx, 0, expert(i)); err != nil {
			return err
		}
	}
	return nil
}
