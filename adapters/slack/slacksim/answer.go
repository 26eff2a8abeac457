package slacksim

import (
	"errors"
	"net/http"
	"strconv"
	"time"
)

// reply is what goes back over the wire.
type reply struct {
	status     int
	body       []byte
	kind       string
	retryAfter int
	close      bool
	scopes     string
	accepted   string
}

const jsonType = "application/json; charset=utf-8"

// refuse answers with an error.
func (s *Sim) refuse(c *call, err error) reply {
	var limited rateLimited
	if errors.As(err, &limited) {
		s.record(c, "ratelimited", http.StatusTooManyRequests, false)
		return reply{
			status: http.StatusTooManyRequests, retryAfter: int(limited), kind: jsonType,
			body: encode(fields{"ok": false, "error": "ratelimited"}),
		}
	}
	var e apiError
	if !errors.As(err, &e) {
		e = apiError{code: "fatal_error"}
	}
	s.record(c, e.code, http.StatusOK, false)
	body := fields{"ok": false, "error": e.code}
	if e.needed != "" {
		body.with("needed", e.needed).with("provided", e.provided)
	}
	if e.messages != nil {
		body.with("response_metadata", fields{"messages": e.messages})
	}
	return reply{status: http.StatusOK, body: encode(body), kind: jsonType, scopes: s.scopeList()}
}

// spoil answers as the fault says.
func (s *Sim) spoil(c *call) reply {
	f := c.fault
	applied := c.arrival.Applied
	switch {
	case f.CloseSocket:
		s.record(c, "closed", 0, applied)
		return reply{close: true}
	case f.Status == http.StatusTooManyRequests:
		s.record(c, "ratelimited", f.Status, applied)
		kind, body := jsonType, encode(fields{"ok": false, "error": "ratelimited"})
		if f.HTML {
			kind, body = "text/html", []byte(errorPage)
		}
		return reply{status: f.Status, retryAfter: max(1, f.RetryAfter), kind: kind, body: body}
	case f.HTML:
		s.record(c, "html", statusOr200(f.Status), applied)
		return reply{status: statusOr200(f.Status), kind: "text/html; charset=utf-8", body: []byte(errorPage)}
	case f.BrokenJSON:
		s.record(c, "broken json", statusOr200(f.Status), applied)
		return reply{status: statusOr200(f.Status), kind: jsonType, body: []byte(`{"ok":true,"channel":"C0`)}
	case f.Error != "":
		s.record(c, f.Error, statusOr200(f.Status), applied)
		return reply{
			status: statusOr200(f.Status), kind: jsonType, retryAfter: f.RetryAfter,
			body: encode(fields{"ok": false, "error": f.Error}),
		}
	}
	s.record(c, strconv.Itoa(f.Status), f.Status, applied)
	return reply{status: f.Status, kind: "text/plain", body: []byte(http.StatusText(f.Status)), retryAfter: f.RetryAfter}
}

const errorPage = "<!DOCTYPE html><html><head><title>Something went wrong</title></head><body>Simulated error page</body></html>"

func statusOr200(status int) int {
	if status == 0 {
		return http.StatusOK
	}
	return status
}

// sleep waits for a delay unless the caller or the simulator goes away.
func (s *Sim) sleep(r *http.Request, pause time.Duration) {
	if pause <= 0 {
		return
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-s.ctx.Done():
	}
}

// write sends a reply. Date is the simulator's clock, which clients use to
// measure the offset of their own.
func (s *Sim) write(w http.ResponseWriter, out reply) {
	if out.close {
		panic(http.ErrAbortHandler)
	}
	h := w.Header()
	h.Set("Date", s.now().UTC().Format(http.TimeFormat))
	h.Set("Content-Type", out.kind)
	if out.scopes != "" {
		h.Set("X-OAuth-Scopes", out.scopes)
	}
	if out.accepted != "" {
		h.Set("X-Accepted-OAuth-Scopes", out.accepted)
	}
	if out.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(out.retryAfter))
	}
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body)
	_ = http.NewResponseController(w).Flush()
}
