package slacksim

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

var errRedirects = errors.New("too many redirects")

func newDeliveryClient(opts Options) *http.Client {
	transport := &http.Transport{
		MaxIdleConnsPerHost: opts.Workers + 2,
		IdleConnTimeout:     time.Minute,
		DisableCompression:  true,
	}
	return &http.Client{
		Transport: transport,
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) > 2 {
				return errRedirects
			}
			return nil
		},
	}
}

// work delivers over HTTP until the queue closes.
func (q *queue) work() {
	for {
		d, target := q.takeHTTP()
		if d == nil {
			return
		}
		answer, reason, noRetry := q.sim.post(target, d)
		q.mu.Lock()
		q.inflight--
		switch {
		case reason == "":
			d.answer = answer
			q.finish(d, true)
		case noRetry:
			q.giveUp(d)
		default:
			q.retry(d, reason)
		}
		q.mu.Unlock()
		q.sim.changed()
	}
}

// takeHTTP waits for a delivery that goes over HTTP; nil means the queue closed.
func (q *queue) takeHTTP() (d *delivery, target string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		for !q.closed && (q.socket || q.url == "" || q.ready.len() == 0) {
			q.cond.Wait()
		}
		if q.closed {
			return nil, ""
		}
		d := q.ready.pop()
		if q.expired(d) {
			q.giveUp(d)
			continue
		}
		q.begin(d)
		if d.kind != "events_api" {
			return d, q.actURL
		}
		return d, q.url
	}
}

// begin counts an attempt. The caller holds mu.
func (q *queue) begin(d *delivery) {
	q.inflight++
	if d.kind != "events_api" {
		return
	}
	q.stats.Attempts++
	if d.attempt > 0 {
		q.stats.Redelivered++
	}
}

// post makes one signed attempt and returns Slack's reason if it failed.
// https://docs.slack.dev/apis/events-api/
func (s *Sim) post(target string, d *delivery) (answer []byte, reason string, noRetry bool) {
	ctx, cancel := context.WithTimeout(s.ctx, s.opts.AckTimeout)
	defer cancel()
	body, contentType := d.payload, "application/json"
	switch d.kind {
	case "interactive":
		body = []byte(url.Values{"payload": {string(d.payload)}}.Encode())
		contentType = "application/x-www-form-urlencoded"
	case "slash_commands":
		body, contentType = formOf(d.payload), "application/x-www-form-urlencoded"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, "unknown_error", false
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	s.Sign(req.Header, body)
	if d.attempt > 0 {
		req.Header.Set("X-Slack-Retry-Num", strconv.Itoa(d.attempt))
		req.Header.Set("X-Slack-Retry-Reason", d.reason)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, failure(ctx, err), false
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, failure(ctx, err), false
	}
	if resp.StatusCode/100 != 2 {
		return nil, "http_error", resp.Header.Get("X-Slack-No-Retry") == "1"
	}
	return answer, "", false
}

// failure names an error as x-slack-retry-reason does.
func failure(ctx context.Context, err error) string {
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, errRedirects):
		return "too_many_redirects"
	case ctx.Err() != nil:
		return "http_timeout"
	case errors.As(err, &certificate):
		return "ssl_error"
	}
	return "connection_failed"
}

// Sign adds the headers with which Slack signs body.
// https://docs.slack.dev/authentication/verifying-requests-from-slack
func (s *Sim) Sign(header http.Header, body []byte) {
	stamp := strconv.FormatInt(s.now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(s.opts.SigningSecret))
	_, _ = fmt.Fprintf(mac, "v0:%s:", stamp)
	_, _ = mac.Write(body)
	header.Set("X-Slack-Request-Timestamp", stamp)
	header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
}

// SetEventsURL points HTTP deliveries somewhere else, as an admin does in the
// app's settings; interactions too unless they have an address of their own.
func (s *Sim) SetEventsURL(target string) {
	q := s.queue
	q.mu.Lock()
	if q.actURL == q.url {
		q.actURL = target
	}
	q.url = target
	q.mu.Unlock()
	q.cond.Broadcast()
}

// SetInteractivityURL points only interactions somewhere else.
func (s *Sim) SetInteractivityURL(target string) {
	s.queue.mu.Lock()
	s.queue.actURL = target
	s.queue.mu.Unlock()
}

// VerifyEventsURL does the url_verification handshake with the events URL and
// says what is wrong with the answer.
func (s *Sim) VerifyEventsURL(ctx context.Context) error {
	s.mu.Lock()
	challenge := s.newSecret()
	s.mu.Unlock()
	s.queue.mu.Lock()
	target := s.queue.url
	s.queue.mu.Unlock()
	body := encode(fields{"type": "url_verification", "token": "deprecated", "challenge": challenge})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("verify events url: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	s.Sign(req.Header, body)
	resp, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("verify events url: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		return fmt.Errorf("verify events url: %w", err)
	}
	if resp.StatusCode != http.StatusOK || !bytes.Contains(answer, []byte(challenge)) {
		return fmt.Errorf("verify events url: status %d without the challenge", resp.StatusCode)
	}
	return nil
}
