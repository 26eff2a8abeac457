package main

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
)

// stepTime bounds what one step waits for.
const stepTime = 30 * time.Second

// waitSlack waits until something is true in the simulated Slack.
func (r *checkRun) waitSlack(ctx context.Context, what string, ok func() bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, stepTime, fmt.Errorf("not within %v", stepTime))
	defer cancel()
	return wrapf(r.sim.WaitFor(ctx, ok), "wait until %s", what)
}

// waitPage waits until the open page was sent some words after a mark.
func (r *checkRun) waitPage(ctx context.Context, mark int, words string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, stepTime, fmt.Errorf("not within %v", stepTime))
	defer cancel()
	return r.stream.wait(ctx, mark, words)
}

// thread is the Slack thread as it is now.
func (r *checkRun) thread() []slacksim.Message { return r.slackThread(r.job) }

// slackThread is a job's thread in Slack.
func (r *checkRun) slackThread(j *job) []slacksim.Message { return r.sim.Thread(j.channel, j.root) }

// names are the people of the chats by their ids there.
func (r *checkRun) names() map[string]string {
	names := map[string]string{}
	for _, p := range r.people() {
		if p.slack != nil {
			names[p.slack.ID()] = p.name
		}
		if p.discord != nil {
			names[p.discord.ID()] = p.name
		}
	}
	return names
}

// threadHas reports whether the thread has a message with these words.
func (r *checkRun) threadHas(words string) bool {
	for _, m := range r.thread() {
		if strings.Contains(m.Text, words) {
			return true
		}
	}
	return false
}

func (r *checkRun) signIn(ctx context.Context) (err error) {
	if r.page, err = newBrowser("http://" + r.address); err != nil {
		return err
	}
	if _, err := r.page.post(ctx, "/sign-in", url.Values{"email": {r.alice.email}, "password": {r.password}}); err != nil {
		return err
	}
	return r.open(ctx, "in Slack", "4712")
}

func (r *checkRun) askBilling(ctx context.Context) error {
	if err := r.asks(ctx, r.billing, "Second charge on 4712", "Is the second charge on order 4712 ours?"); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	var err error
	r.channel = r.billing.channel
	r.root, err = r.demo.thread(ctx, r.channel, "Second charge on 4712")
	return err
}

// expertSays lets Anders reply in the thread, and waits for it on the open page.
func (r *checkRun) expertSays(ctx context.Context, text string) (ts string, took time.Duration, err error) {
	start := time.Now()
	ts, err = r.saysInSlack(ctx, r.anders, text)
	return ts, time.Since(start), err
}

// saysInSlack lets somebody reply in the job's thread in Slack, and waits for it on the
// open page.
func (r *checkRun) saysInSlack(ctx context.Context, p *demoPerson, text string) (ts string, err error) {
	mark := r.stream.mark()
	if ts, err = p.slack.Reply(r.channel, r.root, text); err != nil {
		return "", err
	}
	r.said = append(r.said, saying{text: text, who: p.name})
	return ts, r.waitPage(ctx, mark, text)
}

// agentSays lets Alice write in the conversation, and waits for it in the thread.
func (r *checkRun) agentSays(ctx context.Context, text string) (seq int64, err error) {
	if seq, err = r.writes(ctx, text); err != nil {
		return 0, err
	}
	return seq, r.waitSlack(ctx, "the thread has it", func() bool { return r.threadHas(text) })
}

func (r *checkRun) expertAnswers(ctx context.Context) error {
	_, took, err := r.expertSays(ctx, "Yes, the second charge is ours, a retry of the payment provider.")
	if err == nil && took > r.soon {
		err = fmt.Errorf("it took %v", took)
	}
	return err
}

func (r *checkRun) agentAnswers(ctx context.Context) error {
	_, err := r.agentSays(ctx, "Thanks! Can we refund it today?")
	return err
}

func (r *checkRun) expertEdits(ctx context.Context) error {
	ts, _, err := r.expertSays(ctx, "Yes, the refund goes out today at noon.")
	if err != nil {
		return err
	}
	const better = "Yes, the refund goes out today at three."
	mark := r.stream.mark()
	if err := r.anders.slack.Edit(r.billing.channel, ts, better); err != nil {
		return err
	}
	r.said[len(r.said)-1].text = better
	return r.waitPage(ctx, mark, better)
}

func (r *checkRun) agentEdits(ctx context.Context) error {
	seq, err := r.agentSays(ctx, "Good, I tell her that it takes two days.")
	if err != nil {
		return err
	}
	const better = "Good, I tell her that it takes two working days."
	id := bridge.ID{Ticket: r.ticket, Seq: seq}
	if _, err := r.page.post(ctx, "/m/"+id.String()+"/edit", url.Values{"body": {better}}); err != nil {
		return err
	}
	r.said[len(r.said)-1].text = better
	return r.waitSlack(ctx, "the thread has the new words", func() bool { return r.threadHas(better) })
}

func (r *checkRun) expertSendsFile(ctx context.Context) error {
	const words = "Here is the payment provider's statement."
	data := bytes.Repeat([]byte("statement,4712,twice\n"), 5000)
	mark := r.stream.mark()
	if _, err := r.anders.slack.UploadFile(r.billing.channel, r.root, "statement.csv", data, words); err != nil {
		return err
	}
	r.said = append(r.said, saying{text: words, who: r.anders.name})
	if err := r.waitPage(ctx, mark, words); err != nil {
		return err
	}
	page, err := r.page.get(ctx, fmt.Sprintf("/tickets/%d", r.ticket))
	if err != nil {
		return err
	}
	seq, err := messageOf(page, words)
	if err != nil {
		return err
	}
	path := fmt.Sprintf("/files/%d/%d/0", r.ticket, seq)
	// The text comes first and the file follows; its link is there once it is stored.
	if err := r.waitPage(ctx, mark, path); err != nil {
		return err
	}
	got, err := r.page.get(ctx, path)
	if err == nil && got != string(data) {
		err = fmt.Errorf("the file has %d other bytes", len(got))
	}
	return err
}

func (r *checkRun) agentSendsFile(ctx context.Context) error {
	const words = "This is the customer's own screenshot."
	data := bytes.Repeat([]byte{0x89, 'P', 'N', 'G', 0, 255, '\n'}, 3000)
	_, err := r.page.upload(ctx, "/c/"+r.conversation.String()+"/messages", map[string]string{"body": words, "key": "file"}, "screenshot.png", data)
	if err != nil {
		return err
	}
	r.said = append(r.said, saying{text: words})
	return r.waitSlack(ctx, "the thread has the same file", func() bool {
		for _, m := range r.thread() {
			if strings.Contains(m.Text, words) && len(m.Files) == 1 {
				return m.Files[0].Name == "screenshot.png" && bytes.Equal(m.Files[0].Content, data)
			}
		}
		return false
	})
}

func (r *checkRun) closeFromSlack(ctx context.Context) error {
	mark := r.stream.mark()
	if err := r.anders.slack.Press(ctx, r.billing.channel, r.root, "sidebridge_close"); err != nil {
		return err
	}
	if err := r.waitPage(ctx, mark, `data-state="closed"`); err != nil {
		return err
	}
	return r.waitCard(ctx, "sidebridge_reopen")
}

func (r *checkRun) reopenFromPage(ctx context.Context) error {
	if _, err := r.page.post(ctx, "/c/"+r.conversation.String()+"/reopen", nil); err != nil {
		return err
	}
	return r.waitCard(ctx, "sidebridge_close")
}

// waitCard waits until the root card has a button.
func (r *checkRun) waitCard(ctx context.Context, button string) error {
	return r.waitSlack(ctx, "the card has the button "+button, func() bool {
		m, ok := r.sim.Message(r.billing.channel, r.root)
		return ok && strings.Contains(string(m.Blocks), button)
	})
}

func (r *checkRun) useInReply(ctx context.Context) error {
	const words = "Yes, the refund goes out today at three."
	return r.useWords(ctx, words, words, "Dear Carla, good news. ")
}
