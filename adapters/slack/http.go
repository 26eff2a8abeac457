package slack

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
)

// maxEnvelope is the most that one request or frame may have. Slack's own events
// stay far below.
const maxEnvelope = 1 << 20

// EventsHandler receives signed events, button presses, shortcuts, forms and slash
// commands over HTTP, for installations without Socket Mode. The same address serves
// all request URLs.
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

// envelopeOf returns the JSON of a request: interactions come as a form's field, slash
// commands as the form itself, in the words that Socket Mode has for it in JSON.
// https://docs.slack.dev/interactivity/handling-user-interaction
// https://docs.slack.dev/interactivity/implementing-slash-commands
func envelopeOf(contentType string, body []byte) ([]byte, error) {
	if kind, _, err := mime.ParseMediaType(contentType); err != nil || kind != "application/x-www-form-urlencoded" {
		return body, nil
	}
	form, err := url.ParseQuery(string(body))
	switch {
	case err == nil && form.Get("payload") != "":
		return []byte(form.Get("payload")), nil
	case err == nil && form.Get("command") != "":
		command := map[string]string{}
		for _, field := range commandFields() {
			command[field] = form.Get(field)
		}
		return json.Marshal(command)
	}
	return nil, errors.New("no payload in the form")
}

// commandFields are what is read of a command's form.
func commandFields() []string {
	return []string{
		"command", "text", "team_id", "api_app_id", "channel_id", "channel_name", "user_id", "user_name", "trigger_id", "response_url",
	}
}

func (a *Adapter) serveEnvelope(ctx context.Context, w http.ResponseWriter, raw []byte) {
	ctx, cancel := context.WithTimeout(ctx, a.acceptance)
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
	reply, err := a.receive(ctx, &p, raw)
	switch {
	case err != nil:
		http.Error(w, "not accepted", http.StatusInternalServerError)
	case reply != nil:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_ = json.NewEncoder(w).Encode(reply)
	}
}
