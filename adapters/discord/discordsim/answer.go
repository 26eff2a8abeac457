package discordsim

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// userAgent is what Discord insists on. https://docs.discord.com/developers/reference#user-agent
var userAgent = regexp.MustCompile(`^DiscordBot \([^ ,)]+, [^)]+\)`)

// serveAPI takes a REST call, lets faults strike, and answers.
func (s *Sim) serveAPI(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/api/v10/")
	e, ids := s.route(r.Method, path)
	c := &call{s: s, r: r, ids: ids, query: r.URL.Query()}
	readErr := c.read()
	var f *Fault
	banned := false
	s.do(func() {
		s.noteBase(r)
		s.calls++
		c.arrival = s.arrive(r.Method, e.route, path, c.body)
		f, banned = s.strike(r.Method, e.route, path), s.banned()
	})
	defer s.do(func() { s.calls-- })
	switch {
	case banned:
		s.spoil(w, c, &Fault{HTML: true, Status: http.StatusTooManyRequests, Scope: "shared"})
	case f != nil && !f.Apply && f.Delay > 0 && !s.sleep(f.Delay):
	case f.spoils() && !f.Apply:
		s.spoil(w, c, f)
	default:
		s.answer(w, c, e, f, readErr)
	}
}

// answer does the call and tells what came of it, unless a fault spoils the answer.
func (s *Sim) answer(w http.ResponseWriter, c *call, e endpoint, f *Fault, readErr error) {
	var ans answer
	var err error
	var wait time.Duration
	var global bool
	switch {
	case !userAgent.MatchString(c.r.UserAgent()):
		err = refuse(403, 40333, "internal network error")
	case errors.Is(readErr, errSize):
		err = errSize
	case readErr != nil:
		err = refuse(400, 50109, "The request body contains invalid JSON.")
	default:
		s.do(func() {
			if wait, global = s.limit(w.Header(), e, c.ids); wait == 0 {
				ans, err = c.run(e)
			}
		})
	}
	if s.opts.Echo == EchoBefore {
		s.flush(c.r.Context())
	}
	if f != nil && f.Apply && f.Delay > 0 && !s.sleep(f.Delay) {
		return
	}
	switch {
	case f.spoils():
		s.do(func() { c.arrival.Applied = err == nil && wait == 0 })
		s.spoil(w, c, f)
	case wait > 0:
		c.end("429", http.StatusTooManyRequests, false)
		tooMany(w, wait, global, "", 0)
	default:
		c.finish(w, ans, err)
	}
	c.leave()
}

// leave lets the events go that were to leave after the answer.
func (c *call) leave() {
	if len(c.after) == 0 {
		return
	}
	c.s.do(func() {
		for _, fn := range c.after {
			fn()
		}
	})
}

// run checks the token and does the call. The caller holds mu.
func (c *call) run(e endpoint) (answer, error) {
	if e.handle == nil {
		return answer{}, refuse(404, 0, "404: Not Found")
	}
	if !e.bare && (c.r.Header.Get("Authorization") != "Bot "+c.s.opts.Token || c.s.revoked) {
		return answer{}, errToken
	}
	return e.handle(c)
}

// end closes the call's line in the log, and counts it if Discord would: 401, 403 and
// 429 are invalid requests. https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
func (c *call) end(outcome string, status int, applied bool) {
	c.s.do(func() {
		c.arrival.end(outcome, status, applied)
		if status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusTooManyRequests {
			c.s.countInvalid()
		}
	})
}

func (c *call) finish(w http.ResponseWriter, ans answer, err error) {
	if err == nil {
		c.end("ok", max(ans.status, http.StatusOK), true)
		if ans.body == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		writeJSON(w, max(ans.status, http.StatusOK), ans.body)
		return
	}
	p, ok := errors.AsType[*problem](err)
	if !ok {
		p = refuse(http.StatusInternalServerError, 0, err.Error())
	}
	c.end(strconv.Itoa(p.code), p.status, false)
	body := fields{"message": p.text, "code": p.code}
	if p.field != "" {
		body["errors"] = nest(p.field, p.why)
	}
	writeJSON(w, p.status, body)
}

// nest says at the path of a field what is wrong with it.
// https://docs.discord.com/developers/reference#error-messages
func nest(path, why string) fields {
	code := "BASE_TYPE_BAD_LENGTH"
	if strings.Contains(why, "or fewer") {
		code = "BASE_TYPE_MAX_LENGTH"
	}
	inner := fields{"_errors": []fields{{"code": code, "message": why}}}
	parts := strings.Split(path, ".")
	for i := len(parts) - 1; i >= 0; i-- {
		inner = fields{parts[i]: inner}
	}
	return inner
}

// spoil answers as the fault says.
func (s *Sim) spoil(w http.ResponseWriter, c *call, f *Fault) {
	outcome, status := strconv.Itoa(f.Status), f.Status
	switch {
	case f.CloseSocket:
		outcome, status = "closed", 0
	case f.HTML:
		outcome, status = "html", max(f.Status, http.StatusBadGateway)
		if f.Status != 0 {
			status = f.Status
		}
	case f.BrokenJSON:
		outcome, status = "broken json", http.StatusOK
	case f.Error != 0:
		outcome, status = strconv.Itoa(f.Error), max(f.Status, http.StatusBadRequest)
	}
	s.do(func() { c.arrival.Faulted = true })
	counted := status
	if f.Scope == "shared" {
		counted = 0 // https://docs.discord.com/developers/topics/rate-limits: those do not count
	}
	c.end(outcome, counted, c.arrival.Applied)
	s.do(func() { c.arrival.Status = status })
	switch {
	case f.CloseSocket:
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close()
		}
	case f.HTML:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<html><title>cloudflare</title></html>")
	case f.BrokenJSON:
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"12`)
	case status == http.StatusTooManyRequests:
		tooMany(w, time.Duration(max(f.RetryAfter, 0.05)*float64(time.Second)), f.Global, f.Scope, f.Error)
	default:
		writeJSON(w, status, fields{"message": "injected", "code": f.Error})
	}
}

// tooMany answers 429.
func tooMany(w http.ResponseWriter, wait time.Duration, global bool, scope string, code int) {
	if scope == "" {
		scope = "user"
	}
	if global {
		w.Header().Set("X-RateLimit-Global", "true")
		scope = "global"
	}
	w.Header().Set("X-RateLimit-Scope", scope)
	w.Header().Set("Retry-After", fmt.Sprint(int((wait+time.Second-1)/time.Second)))
	body := fields{"message": "You are being rate limited.", "retry_after": wait.Seconds(), "global": global}
	if code != 0 {
		body["code"] = code
	}
	writeJSON(w, http.StatusTooManyRequests, body)
}
