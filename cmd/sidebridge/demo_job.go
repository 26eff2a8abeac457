package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
)

// job is a ticket that the check works on, with its one side conversation.
type job struct {
	title        string
	ticket       int64
	conversation bridge.ID
	stream       *stream // of Alice's open page
	channel      string  // in Slack, and the thread's root there, when it is there
	root         string
	inDiscord    string // the thread in Discord, when there is one
	said         []saying
	reply        string // what the customer got
	shown        []line // on Alice's page in the end
	trail        []*bridge.Entry
}

// open makes a job: a customer's ticket comes through the API, and Alice opens it.
func (r *checkRun) open(ctx context.Context, title, order string) error {
	r.job = &job{title: title}
	r.jobs = append(r.jobs, r.job)
	subject := "Question about order " + order
	ticket, err := r.createTicket(ctx, subject, "order-"+order)
	if err != nil {
		return err
	}
	r.ticket = ticket
	page, err := r.page.get(ctx, fmt.Sprintf("/tickets/%d", r.ticket))
	if err != nil {
		return err
	}
	if !strings.Contains(page, subject) {
		return errors.New("the page does not show the ticket")
	}
	r.stream = openStream(ctx, r.page, r.ticket, 0)
	return r.stream.connected(ctx, 1)
}

// createTicket makes a ticket as a shop's program does, twice with the same key, as
// after a lost answer: there must be one.
func (r *checkRun) createTicket(ctx context.Context, subject, key string) (int64, error) {
	body, err := json.Marshal(map[string]any{
		"subject": subject, "requester": map[string]string{"name": "Carla Customer", "email": "carla@example.org"},
		"body": "My card was charged **twice**.", "priority": "high", "tags": []string{"refund"},
	})
	if err != nil {
		return 0, err
	}
	var ids [2]int64
	for i := range ids {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.page.base+"/api/v1/tickets", strings.NewReader(string(body)))
		if err != nil {
			return 0, err
		}
		req.Header.Set("Authorization", "Bearer "+r.token)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", key)
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

// asks lets Alice begin the job's conversation with a group.
func (r *checkRun) asks(ctx context.Context, g demoGroup, subject, question string) error {
	seq, err := r.page.post(ctx, fmt.Sprintf("/tickets/%d/conversations", r.ticket), url.Values{
		"to": {"group:" + g.id}, "subject": {subject}, "body": {question}, "key": {"start"},
	})
	if err != nil {
		return err
	}
	r.conversation = bridge.ID{Ticket: r.ticket, Seq: seq}
	r.said = append(r.said, saying{text: question})
	return nil
}

// writes lets Alice write in the job's conversation.
func (r *checkRun) writes(ctx context.Context, text string) (seq int64, err error) {
	seq, err = r.page.post(ctx, "/c/"+r.conversation.String()+"/messages", url.Values{"body": {text}, "key": {"agent says"}})
	if err == nil {
		r.said = append(r.said, saying{text: text})
	}
	return seq, err
}

// useWords takes an expert's words into the reply box and sends them to the customer,
// who must have got nothing of this ticket before. The box has them as Markdown.
func (r *checkRun) useWords(ctx context.Context, words, markdown, dear string) error {
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
	if !strings.Contains(box, ">"+html.EscapeString(markdown)+"</textarea>") {
		return errors.New("the reply box does not have the expert's words")
	}
	if n := r.sink.count(r.ticket); n != 0 {
		return fmt.Errorf("%d requests reached the customer's side before anything was sent", n)
	}
	r.reply = dear + markdown
	if _, err := r.page.post(ctx, fmt.Sprintf("/tickets/%d/reply", r.ticket), url.Values{"body": {r.reply}, "key": {"reply"}}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, stepTime, fmt.Errorf("not within %v", stepTime))
	defer cancel()
	return r.sink.wait(ctx)
}

// lookAtPages keeps what Alice's pages show in the end, loaded anew.
func (r *checkRun) lookAtPages(ctx context.Context) error {
	for _, j := range r.jobs {
		page, err := r.page.get(ctx, fmt.Sprintf("/tickets/%d?all=1", j.ticket))
		if err != nil {
			return err
		}
		if j.shown = pageLines(page, j.conversation.Seq); len(j.shown) == 0 {
			return fmt.Errorf("the page of ticket #%d shows no message of the conversation", j.ticket)
		}
	}
	return nil
}

// readTrails reads what the log has of every job.
func (r *checkRun) readTrails(ctx context.Context) error {
	return r.withData(ctx, func(s *store.Store) (err error) {
		for _, j := range r.jobs {
			if j.trail, err = s.Entries(ctx, bridge.SeesAll, j.ticket, 0, 10_000); err != nil {
				return err
			}
		}
		return nil
	})
}
