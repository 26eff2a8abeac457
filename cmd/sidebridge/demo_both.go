package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sidebridge/sidebridge/adapters/discord/discordsim"
)

// discordSteps play the job of an expert who is in Discord.
func (r *checkRun) discordSteps() []step {
	return []step{
		{"Alice asks Logistics on another ticket, and the question becomes a thread in Discord", r.askLogistics},
		{"Anders answers in Discord with a link, and Alice's open page shows it within a second", r.linkFromDiscord},
		{"Alice takes the link into her reply, and the customer gets exactly that, once", r.replyWithLink},
		{"Alice closes the conversation and solves the ticket, and Discord says that it is closed", r.closeAndSolve},
	}
}

// bothSteps play one conversation in both chats at once.
func (r *checkRun) bothSteps() []step {
	return []step{
		{"Alice asks Engineering, and the question is in Slack and in Discord", r.askEngineering},
		{"Peter answers in Slack and Sanne in Discord, and each reads the other there by name", r.bothAnswer},
		{"Alice answers back, and both chats have it", r.answerBoth},
		{"Sanne edits hers, and Slack shows the new words", r.editInDiscord},
		{"the daemon is killed (kill -9) while all three speak, and nothing is lost or doubled", r.killInBoth},
	}
}

// waitDiscord waits until something is true in the simulated Discord.
func (r *checkRun) waitDiscord(ctx context.Context, what string, ok func() bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, stepTime, fmt.Errorf("not within %v", stepTime))
	defer cancel()
	return wrapf(r.guild.WaitFor(ctx, ok), "wait until %s", what)
}

// postHas reports whether the job's thread in Discord has these words.
func (r *checkRun) postHas(words string) bool { return discordHas(r.guild.Channel(r.inDiscord), words) }

// saysInDiscord lets somebody write in the job's thread in Discord, and waits for it
// on the open page.
func (r *checkRun) saysInDiscord(ctx context.Context, p *demoPerson, text string) (id string, took time.Duration, err error) {
	mark, start := r.stream.mark(), time.Now()
	if id, err = p.discord.Say(r.inDiscord, text); err != nil {
		return "", 0, err
	}
	r.said = append(r.said, saying{text: text, who: p.name})
	plain, _, _ := strings.Cut(text, "https://") // the page makes a link of the rest
	err = r.waitPage(ctx, mark, plain)
	return id, time.Since(start), err
}

func (r *checkRun) askLogistics(ctx context.Context) error {
	if err := r.open(ctx, "in Discord", "4713"); err != nil {
		return err
	}
	const question = "Where is the parcel of order 4713?"
	if err := r.asks(ctx, r.logistics, "Parcel of 4713", question); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	var err error
	r.inDiscord, err = r.demo.post(ctx, r.logistics.discord, question)
	return err
}

// tracking is an answer with a link, as it is written in the chat.
const tracking = "It is in Odense: https://track.example.com/dk/4713"

func (r *checkRun) linkFromDiscord(ctx context.Context) error {
	_, took, err := r.saysInDiscord(ctx, r.anders, tracking)
	if err == nil && took > r.soon {
		err = fmt.Errorf("it took %v", took)
	}
	return err
}

func (r *checkRun) replyWithLink(ctx context.Context) error {
	return r.useWords(ctx, tracking, "It is in Odense: <https://track.example.com/dk/4713>", "Dear Carla, we found it. ")
}

func (r *checkRun) closeAndSolve(ctx context.Context) error {
	if _, err := r.page.post(ctx, "/c/"+r.conversation.String()+"/close", nil); err != nil {
		return err
	}
	if err := r.waitDiscord(ctx, "Discord says that it is closed", func() bool { return r.postHas("closed") }); err != nil {
		return err
	}
	_, err := r.page.post(ctx, fmt.Sprintf("/tickets/%d/change", r.ticket), url.Values{"status": {"solved"}, "status_was": {"new"}})
	if err != nil {
		return err
	}
	page, err := r.page.get(ctx, fmt.Sprintf("/tickets/%d", r.ticket))
	if err == nil && !strings.Contains(page, "status-solved") {
		err = errors.New("the ticket is not solved")
	}
	return err
}

func (r *checkRun) askEngineering(ctx context.Context) error {
	if err := r.open(ctx, "in both chats at once", "4714"); err != nil {
		return err
	}
	const question = "Why does the checkout show an empty page?"
	if err := r.asks(ctx, r.engineering, "Empty checkout", question); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	var err error
	r.channel = r.engineering.channel
	if r.root, err = r.demo.thread(ctx, r.channel, "Empty checkout"); err != nil {
		return err
	}
	r.inDiscord, err = r.demo.post(ctx, r.engineering.discord, question)
	return err
}

func (r *checkRun) bothAnswer(ctx context.Context) error {
	const peters, sannes = "The payment provider's script is blocked.", "I can see that in the logs as well, since noon."
	if _, err := r.saysInSlack(ctx, r.peter, peters); err != nil {
		return err
	}
	named := "**" + r.peter.name
	if err := r.waitDiscord(ctx, "Discord has Peter's words under his name", func() bool { return r.postHas(peters) && r.postHas(named) }); err != nil {
		return err
	}
	if _, _, err := r.saysInDiscord(ctx, r.sanne, sannes); err != nil {
		return err
	}
	return r.waitSlack(ctx, "Slack has Sanne's words under her name", func() bool { return r.threadHas(sannes) && r.threadHas("*"+r.sanne.name) })
}

func (r *checkRun) answerBoth(ctx context.Context) error {
	const text = "Thank you both! When will it work again?"
	if _, err := r.writes(ctx, text); err != nil {
		return err
	}
	return r.everywhere(ctx, text)
}

// everywhere waits until both chats have these words.
func (r *checkRun) everywhere(ctx context.Context, words string) error {
	return errors.Join(
		r.waitSlack(ctx, "Slack has it", func() bool { return r.threadHas(words) }),
		r.waitDiscord(ctx, "Discord has it", func() bool { return r.postHas(words) }),
	)
}

func (r *checkRun) editInDiscord(ctx context.Context) error {
	id, _, err := r.saysInDiscord(ctx, r.sanne, "In an hour.")
	if err != nil {
		return err
	}
	if err := r.waitSlack(ctx, "Slack has it", func() bool { return r.threadHas("In an hour.") }); err != nil {
		return err
	}
	const better = "In half an hour, the fix is on its way."
	if err := r.sanne.discord.Edit(r.inDiscord, id, better); err != nil {
		return err
	}
	r.said[len(r.said)-1].text = better
	return r.waitSlack(ctx, "Slack has the new words", func() bool { return r.threadHas(better) })
}

// killInBoth kills the daemon when a post to Discord has taken effect and its answer was
// lost, with Alice, Peter and Sanne all speaking.
func (r *checkRun) killInBoth(ctx context.Context) error {
	remove := r.guild.Inject(discordsim.Fault{
		Method: "POST", Route: "channels/:id/messages", Channel: r.inDiscord, Skip: rush / 2, Times: 1, Apply: true, CloseSocket: true,
	})
	defer remove()
	words := func(who string) func(int) string {
		return func(i int) string { return fmt.Sprintf("%s says %d while both chats are open.", who, i) }
	}
	alice, peter, sanne := words("Alice"), words("Peter"), words("Sanne")
	for i := range rush {
		r.said = append(r.said, saying{text: alice(i), rush: true}, saying{text: peter(i), who: r.peter.name, rush: true},
			saying{text: sanne(i), who: r.sanne.name, rush: true})
	}
	died := make(chan struct{})
	all, speaking := errgroup.WithContext(ctx)
	all.Go(func() error { return r.agentSpeaksOn(speaking, alice, died) })
	all.Go(func() error {
		for i := range rush {
			if _, err := r.peter.slack.Reply(r.channel, r.root, peter(i)); err != nil {
				return err
			}
		}
		return nil
	})
	all.Go(func() error {
		for i := range rush {
			if _, err := r.sanne.discord.Say(r.inDiscord, sanne(i)); err != nil {
				return err
			}
		}
		if err := r.waitDiscord(speaking, "a post has taken effect without its answer", r.unanswered); err != nil {
			return err
		}
		r.daemon.kill()
		close(died)
		return r.startDaemon(ctx) // it outlives this step
	})
	if err := all.Wait(); err != nil {
		return err
	}
	for i := range rush {
		for _, wait := range []error{
			r.everywhere(ctx, alice(i)), r.everywhere(ctx, peter(i)), r.everywhere(ctx, sanne(i)),
			r.waitPage(ctx, 0, peter(i)), r.waitPage(ctx, 0, sanne(i)),
		} {
			if wait != nil {
				return wait
			}
		}
	}
	return nil
}

// unanswered reports whether a fault has let a post to Discord take effect.
func (r *checkRun) unanswered() bool {
	for _, a := range r.guild.Arrivals() {
		if a.Faulted && a.Applied {
			return true
		}
	}
	return false
}
