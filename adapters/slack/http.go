package slack

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
)

// maxEnvelope is the most that one request or frame may have. Slack's own events
// stay far below.
const maxEnvelope = 1 << 20

// EventsHandler receives signed events and button presses over HTTP, for
// installations without Socket Mode. The same address serves both request URLs.
//
// It answers 200 to everything that Slack signed and that is committed or is
// nothing of ours, also of unknown teams: Slack switches an app's events off
// when too many are refused. It answers 500 to what could not be committed, and
// Slack sends it again.
func (a *Adapter) EventsHandler() http.Handler { return http.HandlerFunc(a.serveEvents) }

func (a *Adapter) serveEvents(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "only POST", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEnvelope))
	if err != nil {
		a.count("refused", "body")
		http.Error(w, "the body is too large or broken off", http.StatusRequestEntityTooLarge)
		return
	}
	if err := verify(a.secrets, r.Header, body, a.now()); err != nil {
		a.refuse(w, err)
		return
	}
	if retry := r.Header.Get("X-Slack-Retry-Num"); retry != "" {
		a.count("redelivered", "http")
	}
	raw, err := envelopeOf(r.Header.Get("Content-Type"), body)
	if err != nil {
		a.count("refused", "form")
		http.Error(w, "no payload in the form", http.StatusBadRequest)
		return
	}
	a.serveEnvelope(r.Context(), w, raw)
}

// refuse tells a wrong signature from a wrong clock, in the log only.
func (a *Adapter) refuse(w http.ResponseWriter, err error) {
	reason := "signature"
	if errors.Is(err, errClockSkew) {
		reason = "clock_skew"
		a.log.Warn("a signed request was refused: its time is not ours", "reason", reason,
			"remedy", "Check this server's clock (timedatectl), it must be right within 5 minutes.")
	}
	a.count("refused", reason)
	http.Error(w, "invalid signature", http.StatusUnauthorized)
}

// envelopeOf returns the JSON of a request: interactions come as a form's field.
// https://docs.slack.dev/interactivity/handling-user-interaction
func envelopeOf(contentType string, body []byte) ([]byte, error) {
	if kind, _, err := mime.ParseMediaType(contentType); err != nil || kind != "application/x-www-form-urlencoded" {
		return body, nil
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || form.Get("payload") == "" {
		return nil, errors.New("no payload in the form")
	}
	return []byte(form.Get("payload")), nil
}

func (a *Adapter) serveEnvelope(ctx context.Context, w http.ResponseWriter, raw []byte) {
	ctx, cancel := context.WithTimeout(ctx, acceptTimeout)
	defer cancel()
	var p payload
	if err := decode(raw, &p); err != nil {
		// Slack signed it, so it is kept and not asked for again.
		if err := a.quarantine(ctx, err.Error(), raw); err != nil {
			http.Error(w, "not accepted", http.StatusInternalServerError)
		}
		return
	}
	if p.Type == "url_verification" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = io.WriteString(w, p.Challenge)
		return
	}
	if err := a.receive(ctx, &p, raw); err != nil {
		http.Error(w, "not accepted", http.StatusInternalServerError)
	}
}
