package discordsim

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
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
}

// upload is one part of a form: files[n].
type upload struct {
	n, name string
	data    []byte
}

// problem is an answer other than success. A form's has the path of its field, with
// dots, and Discord's name for what is wrong with it.
type problem struct {
	status, code int
	text         string
	field, why   string
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
	errSize    = refuse(413, 40005, "Request entity too large")
	errToken   = refuse(401, 0, "401: Unauthorized")
	errHookKey = refuse(401, 50027, "Invalid Webhook Token")
	errKind    = refuse(400, 50024, "Cannot execute action on this channel type")
)

// badForm refuses a field, as "errors" of the answer then tell.
// https://docs.discord.com/developers/reference#error-messages
func badForm(field, why string) *problem {
	return &problem{status: 400, code: 50035, text: "Invalid Form Body", field: field, why: why}
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
		{"GET", "guilds/:id/members", (*call).guildMembers, false},
		{"GET", "guilds/:id/members/:id", (*call).guildMember, false},
		{"GET", "guilds/:id/threads/active", (*call).activeThreads, false},
		{"POST", "users/@me/channels", (*call).openDirect, false},
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
		{"GET", "webhooks/:id", (*call).getWebhook, false},
		{"DELETE", "webhooks/:id", (*call).deleteWebhook, false},
		{"POST", "webhooks/:id/:token", (*call).executeWebhook, true},
		{"GET", "webhooks/:id/:token/messages/:id", (*call).getHookMessage, true},
		{"PATCH", "webhooks/:id/:token/messages/@original", (*call).editOriginal, true},
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

// route returns the endpoint of a call and the ids in its path.
func (s *Sim) route(method, path string) (endpoint, []string) {
	for _, e := range s.endpoints() {
		if ids, ok := match(e.route, path); ok && e.method == method {
			return e, ids
		}
	}
	return endpoint{}, nil
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
		if len(raw) > maxRequest {
			return errSize
		}
		c.body = raw
		if len(raw) > 0 && !json.Valid(raw) {
			return fmt.Errorf("no JSON")
		}
		return nil
	}
	form, total := multipart.NewReader(body, params["boundary"]), 0
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		data, err := io.ReadAll(part)
		if total += len(data); total >= maxRequest-1024 {
			return errSize
		}
		if err != nil {
			return err
		}
		if part.FormName() == "payload_json" {
			if c.body = data; !json.Valid(data) {
				return fmt.Errorf("no JSON")
			}
		} else if n, ok := strings.CutPrefix(part.FormName(), "files["); ok {
			c.files = append(c.files, upload{strings.TrimSuffix(n, "]"), part.FileName(), data})
		}
	}
}

func (c *call) decode(into any) error {
	if len(c.body) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.body, into); err != nil {
		return badForm("_body", err.Error())
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
