package slacksim

import (
	"net/http"
	"time"
)

// method is one Web API method.
type method struct {
	run       func(*call) (any, error)
	perMinute float64
	// json says that the method writes and so accepts a JSON body.
	json bool
	// app says that the method takes the app-level token.
	app bool
	// anyToken accepts both kinds.
	anyToken bool
	// scope that the method always needs; others depend on the channel.
	scope string
}

// methods returns the Web API. Tiers are those of the method reference.
func (s *Sim) methods() map[string]method {
	return map[string]method{
		"api.test":                     {run: s.apiTest, perMinute: tierSpecial, json: true, anyToken: true},
		"auth.test":                    {run: s.authTest, perMinute: tierSpecial, json: true, anyToken: true},
		"apps.connections.open":        {run: s.connectionsOpen, perMinute: tier3, json: true, app: true},
		"team.info":                    {run: s.teamInfo, perMinute: tier3, scope: "team:read"},
		"bots.info":                    {run: s.botsInfo, perMinute: tier3, scope: "users:read"},
		"chat.postMessage":             {run: s.chatPostMessage, json: true, scope: "chat:write"},
		"chat.postEphemeral":           {run: s.chatPostEphemeral, perMinute: tier4, json: true, scope: "chat:write"},
		"chat.update":                  {run: s.chatUpdate, perMinute: tier3, json: true, scope: "chat:write"},
		"chat.delete":                  {run: s.chatDelete, perMinute: tier3, json: true, scope: "chat:write"},
		"chat.getPermalink":            {run: s.chatGetPermalink, perMinute: tierSpecial},
		"conversations.replies":        {run: s.conversationsReplies, perMinute: tier3},
		"conversations.history":        {run: s.conversationsHistory, perMinute: tier3},
		"conversations.info":           {run: s.conversationsInfo, perMinute: tier3},
		"conversations.members":        {run: s.conversationsMembers, perMinute: tier4},
		"conversations.list":           {run: s.conversationsList, perMinute: tier2},
		"conversations.join":           {run: s.conversationsJoin, perMinute: tier3, json: true, scope: "channels:join"},
		"conversations.open":           {run: s.conversationsOpen, perMinute: tier3, json: true},
		"users.info":                   {run: s.usersInfo, perMinute: tier4, scope: "users:read"},
		"users.list":                   {run: s.usersList, perMinute: tier2, scope: "users:read"},
		"users.lookupByEmail":          {run: s.usersLookupByEmail, perMinute: tier3, scope: "users:read.email"},
		"usergroups.list":              {run: s.usergroupsList, perMinute: tier2, scope: "usergroups:read"},
		"reactions.add":                {run: s.reactionsAdd, perMinute: tier3, json: true, scope: "reactions:write"},
		"reactions.remove":             {run: s.reactionsRemove, perMinute: tier2, json: true, scope: "reactions:write"},
		"files.getUploadURLExternal":   {run: s.filesGetUploadURL, perMinute: tier4, scope: "files:write"},
		"files.completeUploadExternal": {run: s.filesCompleteUpload, perMinute: tier4, json: true, scope: "files:write"},
		"files.info":                   {run: s.filesInfo, perMinute: tier4, scope: "files:read"},
		"views.open":                   {run: s.viewsOpen, perMinute: tier4, json: true},
	}
}

// apiError is an {"ok":false} answer.
type apiError struct {
	code             string
	needed, provided string
	messages         []string
}

// Error returns the code.
func (e apiError) Error() string { return e.code }

// fail returns an error with only a code.
func fail(code string) error { return apiError{code: code} }

// rateLimited is a 429 answer that the method itself decides on.
type rateLimited int

// Error names Slack's code for it.
func (rateLimited) Error() string { return "ratelimited" }

// call is one API call in progress.
type call struct {
	sim     *Sim
	name    string
	args    args
	arrival *Arrival
	fault   *Fault
	app     bool // carries the app-level token
}

func (s *Sim) serveAPI(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	name := r.PathValue("method")
	m, known := s.apis[name]
	a, argErr := readArgs(r, m.json)
	c := &call{sim: s, name: name, args: a}

	s.mu.Lock()
	s.noteBase(r)
	s.calls++
	s.arrive(c, r, known && argErr == nil)
	s.mu.Unlock()

	defer func() { s.do(func() { s.calls-- }) }()
	var captured []*delivery
	answer := s.answer(c, r, m, known, argErr, &captured)
	s.write(w, answer)

	for _, d := range captured {
		if s.opts.Echo == EchoAfter {
			s.queue.mu.Lock()
			s.queue.postpone(5*time.Millisecond, d)
			s.queue.mu.Unlock()
		}
	}
}

// answer decides about a call and runs it.
func (s *Sim) answer(c *call, r *http.Request, m method, known bool, argErr error, captured *[]*delivery) reply {
	if !known {
		return s.refuse(c, fail("unknown_method"))
	}
	if argErr != nil {
		return s.refuse(c, argErr)
	}
	s.mu.Lock()
	err := s.authorise(c, r, m)
	if err == nil {
		if after, ok := s.limitCall(c.name, m.perMinute); !ok {
			err = rateLimited(after)
		}
	}
	if err == nil {
		c.fault = s.strike(c.name, c.channelArg(), c.args.text("thread_ts"), c.args.has("cursor"))
	}
	c.arrival.Faulted = c.fault != nil
	s.mu.Unlock()
	if err != nil {
		return s.refuse(c, err)
	}
	if c.fault != nil && !c.fault.Apply {
		s.sleep(r, c.fault.Delay)
		if c.fault.spoils() {
			return s.spoil(c)
		}
	}
	out := s.run(c, m, captured)
	if c.fault != nil && c.fault.Apply {
		s.sleep(r, c.fault.Delay)
		if c.fault.spoils() {
			return s.spoil(c)
		}
	}
	return out
}

// run executes the method under the lock.
func (s *Sim) run(c *call, m method, captured *[]*delivery) reply {
	s.mu.Lock()
	if s.opts.Echo != EchoDuring {
		s.capture = captured
	}
	result, err := m.run(c)
	var body []byte
	if err == nil {
		body = encode(result)
	}
	s.capture = nil
	s.mu.Unlock()
	s.changed()
	if err != nil {
		return s.refuse(c, err)
	}
	if s.opts.Echo == EchoBefore {
		for _, d := range *captured {
			select {
			case <-d.done:
			case <-time.After(s.opts.AckTimeout):
			case <-s.ctx.Done():
			}
		}
	}
	s.record(c, "ok", http.StatusOK, true)
	out := reply{status: http.StatusOK, body: body, kind: jsonType, accepted: m.scope}
	out.scopes = s.scopeList()
	return out
}

// ok starts a successful answer.
func ok() fields { return fields{"ok": true} }

// next adds a cursor to a listing.
func (f fields) next(cursor string) fields {
	return f.with("response_metadata", fields{"next_cursor": cursor})
}
