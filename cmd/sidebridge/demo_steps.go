package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
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
func (r *checkRun) thread() []slacksim.Message { return r.sim.Thread(r.billing.channel, r.root) }

// threadHas reports whether the thread has a message with these words.
func (r *checkRun) threadHas(words string) bool {
	for _, m := range r.thread() {
		if strings.Contains(m.Text, words) {
			return true
		}
	}
	return false
}

func (r *checkRun) makeTicket(ctx context.Context) (err error) {
	if r.page, err = newBrowser("http://" + r.address); err != nil {
		return err
	}
	if _, err := r.page.post(ctx, "/sign-in", url.Values{"email": {r.alice.email}, "password": {r.password}}); err != nil {
		return err
	}
	if r.ticket, err = r.createTicket(ctx); err != nil {
		return err
	}
	page, err := r.page.get(ctx, fmt.Sprintf("/tickets/%d", r.ticket))
	if err != nil {
		return err
	}
	if !strings.Contains(page, "Charged twice for order 4712") {
		return errors.New("the page does not show the ticket")
	}
	r.stream = openStream(ctx, r.page, r.ticket, 0)
	return r.stream.connected(ctx, 1)
}

// createTicket makes a ticket as a shop's program does, twice with the same key, as
// after a lost answer: there must be one.
func (r *checkRun) createTicket(ctx context.Context) (int64, error) {
	const body = `{"subject": "Charged twice for order 4712", "requester": {"name": "Carla Customer", "email": "carla@example.org"},
		"body": "My card was charged **twice**.", "priority": "high", "tags": ["refund"]}`
	var ids [2]int64
	for i := range ids {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.page.base+"/api/v1/tickets", strings.NewReader(body))
		if err != nil {
			return 0, err
		}
		req.Header.Set("Authorization", "Bearer "+r.token)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", "order-4712")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, err
		}
		var answer struct {
			Ticket int64           `json:"ticket"`
			Error  json.RawMessage `json:"error"`
		}
		err = errors.Join(json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer), resp.Body.Close())
		if err != nil || answer.Ticket == 0 {
			return 0, fmt.Errorf("the API answered %d %s: %w", resp.StatusCode, answer.Error, err)
		}
		ids[i] = answer.Ticket
	}
	if ids[0] != ids[1] {
		return 0, fmt.Errorf("one key made two tickets, %d and %d", ids[0], ids[1])
	}
	return ids[0], nil
}

func (r *checkRun) askBilling(ctx context.Context) error {
	const question = "Is the second charge on order 4712 ours?"
	seq, err := r.page.post(ctx, fmt.Sprintf("/tickets/%d/conversations", r.ticket), url.Values{
		"to": {"group:" + r.billing.id}, "subject": {"Second charge on 4712"}, "body": {question}, "key": {"start"},
	})
	if err != nil {
		return err
	}
	r.conversation = bridge.ID{Ticket: r.ticket, Seq: seq}
	r.said = append(r.said, saying{text: question})
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	r.root, err = r.demo.thread(ctx, r.billing.channel, "Second charge on 4712")
	return err
}

// expertSays lets Anders reply in the thread, and waits for it on the open page.
func (r *checkRun) expertSays(ctx context.Context, text string) (ts string, took time.Duration, err error) {
	mark, start := r.stream.mark(), time.Now()
	if ts, err = r.anders.slack.Reply(r.billing.channel, r.root, text); err != nil {
		return "", 0, err
	}
	r.said = append(r.said, saying{text: text, expert: true})
	err = r.waitPage(ctx, mark, text)
	return ts, time.Since(start), err
}

// agentSays lets Alice write in the conversation, and waits for it in the thread.
func (r *checkRun) agentSays(ctx context.Context, text string) (seq int64, err error) {
	seq, err = r.page.post(ctx, "/c/"+r.conversation.String()+"/messages", url.Values{"body": {text}, "key": {"agent says"}})
	if err != nil {
		return 0, err
	}
	r.said = append(r.said, saying{text: text})
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
	r.said = append(r.said, saying{text: words, expert: true})
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

// useInReply takes Anders' words into the reply box and sends them.
func (r *checkRun) useInReply(ctx context.Context) error {
	const words = "Yes, the refund goes out today at three."
	page, err := r.page.get(ctx, fmt.Sprintf("/tickets/%d?all=1", r.ticket))
	if err != nil {
		return err
	}
	seq, err := messageOf(page, words)
	if err != nil {
		return err
	}
	id := bridge.ID{Ticket: r.ticket, Seq: seq}
	if _, err := r.page.post(ctx, "/m/"+id.String()+"/use", nil); err != nil {
		return err
	}
	box, err := r.page.get(ctx, fmt.Sprintf("/tickets/%d?take=%d", r.ticket, seq))
	if err != nil {
		return err
	}
	if !strings.Contains(box, ">"+words+"</textarea>") {
		return errors.New("the reply box does not have Anders' words")
	}
	if n := r.sink.count(); n != 0 {
		return fmt.Errorf("%d requests reached the customer's side before anything was sent", n)
	}
	r.reply = "Dear Carla, good news. " + words
	if _, err := r.page.post(ctx, fmt.Sprintf("/tickets/%d/reply", r.ticket), url.Values{"body": {r.reply}, "key": {"reply"}}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, stepTime, fmt.Errorf("not within %v", stepTime))
	defer cancel()
	return r.sink.wait(ctx)
}

// lookAtPage keeps what Alice's page shows in the end, loaded anew.
func (r *checkRun) lookAtPage(ctx context.Context) error {
	page, err := r.page.get(ctx, fmt.Sprintf("/tickets/%d?all=1", r.ticket))
	if err != nil {
		return err
	}
	if r.shown = pageLines(page, r.conversation.Seq); len(r.shown) == 0 {
		return errors.New("the page shows no message of the conversation")
	}
	return nil
}
