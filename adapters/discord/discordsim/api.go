package discordsim

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// call is one REST call under way.
type call struct {
	s       *Sim
	r       *http.Request
	ids     []string // of the path, in order
	query   url.Values
	body    json.RawMessage
	files   []upload
	arrival *Arrival
	after   []func() // events that leave after the answer
	applied bool
}

type upload struct {
	name string
	data []byte
}

// problem is an answer other than success.
type problem struct {
	status, code int
	text, field  string
}

func (p *problem) Error() string { return p.text }

func refuse(status, code int, text string) *problem {
	return &problem{status: status, code: code, text: text}
}

var (
	errChannel = refuse(404, 10003, "Unknown Channel")
	errMessage = refuse(404, 10008, "Unknown Message")
	errGuild   = refuse(404, 10004, "Unknown Guild")
	errHook    = refuse(404, 10015, "Unknown Webhook")
	errAccess  = refuse(403, 50001, "Missing Access")
	errPerms   = refuse(403, 50013, "Missing Permissions")
	errArchive = refuse(400, 50083, "Thread is archived")
	errLocked  = refuse(403, 160005, "Thread is locked")
)

func badForm(field, text string) *problem {
	return &problem{status: 400, code: 50035, text: "Invalid Form Body", field: field + "|" + text}
}

// answer is what a handler gives: a status and an object, or no content.
type answer struct {
	status int
	body   any
}

// endpoint is one route.
type endpoint struct {
	method, route string
	handle        func(*call) (answer, error)
	// bare: the path has a token of its own.
	bare bool
}

func (s *Sim) endpoints() []endpoint {
	return []endpoint{
		{"GET", "users/@me", (*call).me, false},
		{"GET", "applications/@me", (*call).application, false},
		{"GET", "gateway/bot", (*call).gatewayBot, false},
		{"GET", "guilds/:id", (*call).getGuild, false},
		{"GET", "guilds/:id/channels", (*call).guildChannels, false},
		{"GET", "guilds/:id/roles", (*call).guildRoles, false},
		{"GET", "guilds/:id/members/:id", (*call).guildMember, false},
		{"GET", "guilds/:id/threads/active", (*call).activeThreads, false},
		{"GET", "users/@me/guilds", (*call).myGuilds, false},
		{"GET", "applications/:id/guilds/:id/commands", (*call).getCommands, false},
		{"PUT", "applications/:id/guilds/:id/commands", (*call).putCommands, false},
		{"GET", "channels/:id", (*call).getChannel, false},
		{"PATCH", "channels/:id", (*call).patchChannel, false},
		{"DELETE", "channels/:id", (*call).deleteChannel, false},
		{"GET", "channels/:id/messages", (*call).listMessages, false},
		{"POST", "channels/:id/messages", (*call).createMessage, false},
		{"GET", "channels/:id/messages/:id", (*call).getMessage, false},
		{"PATCH", "channels/:id/messages/:id", (*call).editMessage, false},
		{"DELETE", "channels/:id/messages/:id", (*call).deleteMessage, false},
		{"POST", "channels/:id/messages/:id/threads", (*call).threadFromMessage, false},
		{"POST", "channels/:id/threads", (*call).createThread, false},
		{"GET", "channels/:id/threads/archived/public", (*call).archivedThreads, false},
		{"PUT", "channels/:id/thread-members/@me", (*call).joinThread, false},
		{"PUT", "channels/:id/messages/:id/reactions/:emoji/@me", (*call).addReaction, false},
		{"DELETE", "channels/:id/messages/:id/reactions/:emoji/@me", (*call).removeReaction, false},
		{"GET", "channels/:id/messages/:id/reactions/:emoji", (*call).listReactions, false},
		{"GET", "channels/:id/webhooks", (*call).channelWebhooks, false},
		{"POST", "channels/:id/webhooks", (*call).createWebhook, false},
		{"POST", "webhooks/:id/:token", (*call).executeWebhook, true},
		{"PATCH", "webhooks/:id/:token/messages/@original", (*call).editOriginal, true},
		{"GET", "webhooks/:id/:token/messages/:id", (*call).getHookMessage, true},
		{"PATCH", "webhooks/:id/:token/messages/:id", (*call).editHookMessage, true},
		{"DELETE", "webhooks/:id/:token/messages/:id", (*call).deleteHookMessage, true},
		{"POST", "interactions/:id/:token/callback", (*call).interactionCallback, true},
	}
}

// match compares a path with a route; ids are what stands at its colons.
func match(route, path string) (ids []string, ok bool) {
	want, have := strings.Split(route, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return nil, false
	}
	for i, w := range want {
		switch {
		case w == ":id":
			if !validID(have[i]) {
				return nil, false
			}
			ids = append(ids, have[i])
		case w[:min(1, len(w))] == ":":
			text, err := url.PathUnescape(have[i])
			if err != nil {
				return nil, false
			}
			ids = append(ids, text)
		case w != have[i]:
			return nil, false
		}
	}
	return ids, true
}

// userAgent is what Discord insists on. https://docs.discord.com/developers/reference#user-agent
var userAgent = regexp.MustCompile(`^DiscordBot \([^ ,)]+, [^)]+\)`)

func (s *Sim) serveAPI(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/api/v10/")
	e, ids := endpoint{}, []string(nil)
	for _, have := range s.endpoints() {
		if got, ok := match(have.route, path); ok && have.method == r.Method {
			e, ids = have, got
			break
		}
	}
	c := &call{s: s, r: r, ids: ids, query: r.URL.Query()}
	readErr := c.read()
	var f *Fault
	s.do(func() {
		s.noteBase(r)
		c.arrival = s.arrive(r.Method, e.route, path, c.body)
		f = s.strike(r.Method, e.route, path)
	})
	if f != nil && f.Delay > 0 && !s.sleep(f.Delay) {
		return
	}
	if f.spoils() && !f.Apply {
		s.spoil(w, c, f)
		return
	}
	if !userAgent.MatchString(r.UserAgent()) {
		c.finish(w, answer{}, refuse(403, 40333, "internal network error"))
		return
	}
	if readErr != nil {
		c.finish(w, answer{}, refuse(400, 50109, "The request body contains invalid JSON."))
		return
	}
	var ans answer
	var err error
	limited := false
	s.do(func() {
		if wait, global := s.limit(w.Header(), r.Method, e.route, first(ids)); wait > 0 {
			limited = true
			s.invalid++
			c.arrival.end("429", 429, false)
			tooMany(w, wait, global)
			return
		}
		ans, err = c.run(e)
	})
	if limited {
		return
	}
	if f.spoils() {
		s.do(func() { c.arrival.Applied = err == nil })
		s.spoil(w, c, f)
		c.leave()
		return
	}
	c.finish(w, ans, err)
	c.leave()
}

func (c *call) leave() {
	if len(c.after) > 0 {
		c.s.do(func() {
			for _, fn := range c.after {
				fn()
			}
		})
	}
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// run checks the token and does the call. The caller holds mu.
func (c *call) run(e endpoint) (answer, error) {
	if e.handle == nil {
		return answer{}, refuse(404, 0, "404: Not Found")
	}
	if !e.bare {
		if c.r.Header.Get("Authorization") != "Bot "+c.s.opts.Token || c.s.revoked {
			c.s.invalid++
			return answer{}, refuse(401, 0, "401: Unauthorized")
		}
	}
	return e.handle(c)
}

func (c *call) finish(w http.ResponseWriter, ans answer, err error) {
	if err == nil {
		c.s.do(func() { c.arrival.end("ok", max(ans.status, 200), true) })
		if ans.body == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		writeJSON(w, max(ans.status, 200), ans.body)
		return
	}
	p, ok := err.(*problem)
	if !ok {
		p = refuse(500, 0, err.Error())
	}
	c.s.do(func() {
		c.arrival.end(fmt.Sprint(p.code), p.status, false)
		if p.status == 403 {
			c.s.invalid++
		}
	})
	body := fields{"message": p.text, "code": p.code}
	if field, text, ok := strings.Cut(p.field, "|"); ok {
		body["errors"] = fields{field: fields{"_errors": []fields{{"code": "BASE_TYPE_BAD_LENGTH", "message": text}}}}
	}
	writeJSON(w, p.status, body)
}

// spoil answers as the fault says.
func (s *Sim) spoil(w http.ResponseWriter, c *call, f *Fault) {
	outcome, status := fmt.Sprint(f.Status), f.Status
	switch {
	case f.CloseSocket:
		outcome = "closed"
	case f.HTML:
		outcome = "html"
	case f.BrokenJSON:
		outcome = "broken json"
	case f.Error != 0:
		outcome, status = fmt.Sprint(f.Error), max(f.Status, 400)
	}
	s.do(func() {
		c.arrival.Faulted = true
		c.arrival.end(outcome, status, c.arrival.Applied)
	})
	switch {
	case f.CloseSocket:
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close()
		}
	case f.HTML:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(max(f.Status, 502))
		_, _ = io.WriteString(w, "<html><title>cloudflare</title></html>")
	case f.BrokenJSON:
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"12`)
	case f.Status == http.StatusTooManyRequests:
		tooMany(w, time.Duration(max(f.RetryAfter, 0.05)*float64(time.Second)), f.Global)
	default:
		writeJSON(w, status, fields{"message": "injected", "code": f.Error})
	}
}

// maxRequest is the most bytes of a request.
const maxRequest = 25 << 20

// read takes the body: JSON, or multipart with the JSON in payload_json.
// https://docs.discord.com/developers/reference#uploading-files
func (c *call) read() error {
	kind, params, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	body := io.LimitReader(c.r.Body, maxRequest+1)
	if kind != "multipart/form-data" {
		raw, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		c.body = raw
		if len(raw) > 0 && !json.Valid(raw) {
			return fmt.Errorf("no JSON")
		}
		return nil
	}
	form := multipart.NewReader(body, params["boundary"])
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return err
		}
		if part.FormName() == "payload_json" {
			if c.body = data; !json.Valid(data) {
				return fmt.Errorf("no JSON")
			}
		} else if strings.HasPrefix(part.FormName(), "files[") {
			c.files = append(c.files, upload{part.FileName(), data})
		}
	}
}

func (c *call) decode(into any) error {
	if len(c.body) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.body, into); err != nil {
		return badForm("body", err.Error())
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(encode(v))
}

// length counts as Discord is taken to: characters, not bytes.
func length(s string) int { return utf8.RuneCountInString(s) }
