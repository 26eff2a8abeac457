package discordsim

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// client is one connection to the gateway.
type client struct {
	r  *rig
	ws *websocket.Conn
	// session, resume and seq are what a Resume needs.
	session, resume string
	seq             int64
}

const allIntents = 1 | 1<<9 | 1<<10 | 1<<15

// dial connects and takes the Hello.
func (r *rig) dial(url string) *client {
	r.t.Helper()
	ws, resp, err := websocket.DefaultDialer.DialContext(r.ctx(), url+"/?v=10&encoding=json", nil)
	r.check(err)
	_ = resp.Body.Close()
	r.t.Cleanup(func() { _ = ws.Close() })
	c := &client{r: r, ws: ws}
	if p := c.next(); p.Op != opHello {
		r.t.Fatalf("first packet %+v", p)
	}
	return c
}

// gateway is the address that the API names, without its slash.
func (r *rig) gateway() string {
	r.t.Helper()
	url := r.want("GET", "gateway/bot", nil).text("url")
	for url[len(url)-1] == '/' {
		url = url[:len(url)-1]
	}
	return url
}

// ready identifies and takes READY and the guild.
func (r *rig) ready(intents int) *client {
	r.t.Helper()
	c := r.dial(r.gateway())
	c.identify(intents)
	p := c.event("READY")
	var d struct {
		Session string `json:"session_id"`
		Resume  string `json:"resume_gateway_url"`
		Guilds  []fields
	}
	r.check(json.Unmarshal(p.Data, &d))
	c.session, c.resume = d.Session, d.Resume
	for c.resume != "" && c.resume[len(c.resume)-1] == '/' {
		c.resume = c.resume[:len(c.resume)-1]
	}
	for range d.Guilds {
		c.event("GUILD_CREATE")
	}
	return c
}

func (c *client) send(op int, d any) {
	c.r.t.Helper()
	c.r.check(c.ws.WriteJSON(fields{"op": op, "d": d}))
}

func (c *client) identify(intents int) {
	c.r.t.Helper()
	c.send(opIdentify, fields{"token": c.r.Token(), "intents": intents, "properties": fields{"os": "linux", "browser": "t", "device": "t"}})
}

// resumeOn continues an earlier client's session on a new connection.
func (c *client) resumeOn(url string) *client {
	c.r.t.Helper()
	next := c.r.dial(url)
	next.session, next.resume, next.seq = c.session, c.resume, c.seq
	next.send(opResume, fields{"token": c.r.Token(), "session_id": c.session, "seq": c.seq})
	return next
}

// read returns the next packet, or the error that ended the connection.
func (c *client) read() (p packet, err error) {
	_ = c.ws.SetReadDeadline(time.Now().Add(10 * time.Second))
	err = c.ws.ReadJSON(&p)
	if p.Seq != nil {
		c.seq = *p.Seq
	}
	return p, err
}

func (c *client) next() packet {
	c.r.t.Helper()
	p, err := c.read()
	c.r.check(err)
	return p
}

// event takes the next packet, which must be an event of this kind.
func (c *client) event(kind string) packet {
	c.r.t.Helper()
	p := c.next()
	if p.Type == nil || *p.Type != kind {
		c.r.t.Fatalf("packet op %d %s, want %s", p.Op, p.Data, kind)
	}
	return p
}

func (c *client) message(kind string) (out fields) {
	c.r.t.Helper()
	c.r.check(json.Unmarshal(c.event(kind).Data, &out))
	return out
}

// closed reads until the connection ends and returns the code.
func (c *client) closed() int {
	c.r.t.Helper()
	for {
		if _, err := c.read(); err != nil {
			if e, ok := errors.AsType[*websocket.CloseError](err); ok {
				return e.Code
			}
			return -1
		}
	}
}

// https://docs.discord.com/developers/events/gateway#connection-lifecycle
func TestGatewayGreetsIdentifiesAndTellsInOrder(t *testing.T) {
	r := quiet(t)
	limit := r.want("GET", "gateway/bot", nil).fields["session_start_limit"].(map[string]any)
	if limit["total"] != 1000.0 || limit["remaining"] != 1000.0 || limit["max_concurrency"] != 1.0 {
		t.Errorf("limit %v", limit)
	}
	c := r.ready(allIntents)
	if c.session == "" || c.resume == r.gateway() || c.seq != 2 {
		t.Errorf("session %q, resume %q, seq %d", c.session, c.resume, c.seq)
	}
	c.send(opHeartbeat, c.seq)
	if p := c.next(); p.Op != opAck || p.Seq != nil {
		t.Errorf("packet %+v", p)
	}
	m := r.must(r.anna.Say(r.ch, "hello"))
	got := c.message("MESSAGE_CREATE")
	if got["id"] != m || got["content"] != "hello" || got["guild_id"] != r.GuildID() || c.seq != 3 {
		t.Errorf("message %v at %d", got, c.seq)
	}
	r.check(r.anna.Edit(r.ch, m, "edited"))
	if got = c.message("MESSAGE_UPDATE"); got["edited_timestamp"] == nil || got["content"] != "edited" {
		t.Errorf("edit %v", got)
	}
	r.check(r.anna.React(r.ch, m, "👍"))
	r.check(r.anna.Unreact(r.ch, m, "👍"))
	r.check(r.anna.React(r.ch, m, "🎉"))
	r.check(r.anna.ClearReactions(r.ch, m, "🎉"))
	r.check(r.anna.ClearReactions(r.ch, m, ""))
	for _, kind := range []string{
		"MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE", "MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE_EMOJI", "MESSAGE_REACTION_REMOVE_ALL",
	} {
		c.event(kind)
	}
	r.check(r.anna.Delete(r.ch, m))
	if got = c.message("MESSAGE_DELETE"); got["id"] != m || got["author"] != nil || got["content"] != nil {
		t.Errorf("delete %v", got)
	}
	a, b := r.must(r.anna.Say(r.ch, "a")), r.must(r.anna.Say(r.ch, "b"))
	r.check(r.anna.BulkDelete(r.ch, a, b))
	c.event("MESSAGE_CREATE")
	c.event("MESSAGE_CREATE")
	if got = c.message("MESSAGE_DELETE_BULK"); len(got["ids"].([]any)) != 2 {
		t.Errorf("bulk delete %v", got)
	}
	if s := r.GatewayStats(); s.Identifies != 1 || s.Heartbeats != 1 || s.Connections != 1 {
		t.Errorf("stats %+v", s)
	}
}

// https://docs.discord.com/developers/events/gateway-events#channels
func TestThreadsAndChannelsAreToldOf(t *testing.T) {
	r := quiet(t)
	c := r.ready(allIntents)
	root := r.must(r.anna.Say(r.ch, "root"))
	c.event("MESSAGE_CREATE")
	th := r.must(r.anna.StartThread(r.ch, root, "T"))
	if got := c.message("THREAD_CREATE"); got["id"] != th || got["newly_created"] != true {
		t.Errorf("thread %v", got)
	}
	c.event("MESSAGE_CREATE") // Discord's own starter message
	r.check(r.RenameThread(th, "renamed"))
	if got := c.message("MESSAGE_CREATE"); got["type"] != 4.0 {
		t.Errorf("rename %v", got)
	}
	c.event("THREAD_UPDATE")
	r.check(r.LockThread(th, true))
	got := c.message("THREAD_UPDATE")
	if meta := got["thread_metadata"].(map[string]any); meta["locked"] != true || got["name"] != "renamed" {
		t.Errorf("lock %v", got)
	}
	r.check(r.DeleteThread(th))
	if got := c.message("THREAD_DELETE"); got["id"] != th || got["parent_id"] != r.ch || got["name"] != nil {
		t.Errorf("delete %v", got)
	}
	r.check(r.DeleteChannel(r.ch))
	c.event("CHANNEL_DELETE")
	r.KickBot(r.GuildID())
	if got := c.message("GUILD_DELETE"); got["unavailable"] != nil {
		t.Errorf("kick %v", got)
	}
}

func TestLostAccessIsNotToldAndGainedAccessBringsTheThreads(t *testing.T) {
	r := quiet(t)
	th := r.thread()
	c := r.ready(allIntents)
	r.check(r.Deny(r.ch, ViewChannel))
	r.must(r.anna.Say(th, "unheard"))
	r.check(r.Allow(r.ch, ViewChannel))
	c.event("CHANNEL_UPDATE")
	if got := c.message("THREAD_LIST_SYNC"); len(got["threads"].([]any)) != 1 {
		t.Errorf("sync %v", got)
	}
	r.GuildOutage(r.GuildID(), true)
	if got := c.message("GUILD_DELETE"); got["unavailable"] != true {
		t.Errorf("outage %v", got)
	}
	r.must(r.anna.Say(th, "lost"))
	r.GuildOutage(r.GuildID(), false)
	if got := c.message("GUILD_CREATE"); len(got["threads"].([]any)) != 1 || len(got["channels"].([]any)) != 1 {
		t.Errorf("guild %v", got)
	}
}

// https://docs.discord.com/developers/events/gateway#gateway-intents
func TestIntentsDecideWhatIsTold(t *testing.T) {
	r := quiet(t)
	c := r.ready(1 | 1<<9) // neither reactions nor content
	r.check(r.anna.React(r.ch, r.must(r.anna.Say(r.ch, "secret")), "👍"))
	if got := c.message("MESSAGE_CREATE"); got["content"] != "" {
		t.Errorf("content without the intent: %v", got)
	}
	r.must(r.anna.Say(r.ch, "<@"+r.BotID()+"> hello"))
	if got := c.message("MESSAGE_CREATE"); got["content"] == "" {
		t.Error("no content though the app was mentioned")
	}
	r.post(r.ch, "own")
	if got := c.message("MESSAGE_CREATE"); got["content"] != "own" {
		t.Errorf("own content: %v", got)
	}
	r.want("POST", "channels/"+r.ch+"/webhooks", fields{"name": "H"}) // GUILD_WEBHOOKS is missing, too
	r.must(r.anna.Say(r.ch, "next"))
	c.event("MESSAGE_CREATE")
}

func TestOwnPostsComeWithTheirNonce(t *testing.T) {
	for _, echo := range []Echo{EchoBefore, EchoDuring, EchoAfter} {
		r := newRig(t, Options{Echo: echo, Limits: Limits{Off: true}})
		c := r.ready(allIntents)
		m := r.want("POST", "channels/"+r.ch+"/messages", fields{"content": "see http://example.com", "nonce": "N1", "enforce_nonce": true}).id()
		if got := c.message("MESSAGE_CREATE"); got["id"] != m || got["nonce"] != "N1" {
			t.Errorf("echo %d: %v", echo, got)
		}
		// The preview of its link comes as an update that is no edit.
		if got := c.message("MESSAGE_UPDATE"); got["edited_timestamp"] != nil {
			t.Errorf("echo %d: %v", echo, got)
		}
	}
}

// https://docs.discord.com/developers/events/gateway#resuming
func TestResumeReplaysWhatWasMissed(t *testing.T) {
	r := quiet(t)
	c := r.ready(allIntents)
	r.must(r.anna.Say(r.ch, "seen"))
	c.event("MESSAGE_CREATE")
	_ = c.ws.Close()
	for _, text := range []string{"one", "two"} {
		r.must(r.anna.Say(r.ch, text))
	}
	if p := c.resumeOn(r.gateway()).next(); p.Op != opInvalid {
		t.Errorf("resumed at the address for new sessions: %+v", p)
	}
	next := c.resumeOn(c.resume)
	for _, want := range []string{"one", "two"} {
		if got := next.message("MESSAGE_CREATE"); got["content"] != want {
			t.Errorf("%v, want %s", got, want)
		}
	}
	next.event("RESUMED")
	r.must(r.anna.Say(r.ch, "three"))
	next.event("MESSAGE_CREATE")
	if s := r.GatewayStats(); s.Resumes != 1 || s.Identifies != 1 {
		t.Errorf("stats %+v", s)
	}
	ahead := &client{r: r, session: c.session, seq: 1000}
	if code := ahead.resumeOn(c.resume).closed(); code != 4007 {
		t.Errorf("a sequence from the future: %d", code)
	}
}

func TestSessionsThatCannotBeResumedAreInvalid(t *testing.T) {
	r := newRig(t, Options{Replay: 3, Limits: Limits{Off: true}})
	invalid := func(name string, c *client) {
		t.Helper()
		next := c.resumeOn(c.resume)
		p := next.next()
		if p.Op != opInvalid || string(p.Data) != "false" {
			t.Errorf("%s: %+v", name, p)
		}
		next.identify(allIntents) // on the same connection
		next.event("READY")
	}
	old := r.ready(allIntents)
	_ = old.ws.Close()
	r.check(r.WaitFor(r.ctx(), func() bool { return r.GatewayStats().Connections == 0 }))
	for range 4 {
		r.must(r.anna.Say(r.ch, "more than is kept"))
	}
	invalid("too far behind", old)
	for _, code := range []int{1000, 1001} {
		c := r.ready(allIntents)
		r.check(c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(time.Second)))
		c.closed()
		r.check(r.WaitFor(r.ctx(), func() bool { return slices.Contains(r.GatewayStats().Closes, code) }))
		invalid("closed by the client", c)
	}
	late := r.ready(allIntents)
	_ = late.ws.Close()
	r.check(r.WaitFor(r.ctx(), func() bool { return r.GatewayStats().Connections <= 3 }))
	r.pass(4 * time.Minute)
	invalid("too late", late)
	lost := r.ready(allIntents)
	r.Outage(true)
	lost.closed()
	r.must(r.anna.Say(r.ch, "told to nobody"))
	r.Outage(false)
	invalid("after an outage", lost)
}

func TestTwoSessionsHearEverythingTwice(t *testing.T) {
	r := quiet(t)
	a, b := r.ready(allIntents), r.ready(allIntents)
	r.must(r.anna.Say(r.ch, "hello"))
	a.event("MESSAGE_CREATE")
	b.event("MESSAGE_CREATE")
}

// https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes
func TestGatewayClosesForWhatIsWrong(t *testing.T) {
	r := newRig(t, Options{NoContent: true, Limits: Limits{Off: true}})
	good := fields{"token": r.Token(), "intents": 1}
	for name, c := range map[string]struct {
		op   int
		d    any
		code int
	}{
		"unknown opcode":        {42, nil, 4001},
		"unreadable":            {opIdentify, "no object", 4002},
		"too large":             {opIdentify, fields{"token": long(4096)}, 4002},
		"not identified":        {opPresence, nil, 4003},
		"wrong token":           {opIdentify, fields{"token": "wrong", "intents": 1}, 4004},
		"wrong token to resume": {opResume, fields{"token": "wrong", "session_id": "1", "seq": 1}, 4004},
		"shard out of range":    {opIdentify, fields{"token": r.Token(), "intents": 1, "shard": []int{1, 1}}, 4010},
		"unknown intents":       {opIdentify, fields{"token": r.Token(), "intents": 1 << 30}, 4013},
		"disallowed intents":    {opIdentify, fields{"token": r.Token(), "intents": allIntents}, 4014},
	} {
		url := r.gateway()
		if c.op == opResume {
			url = url[:len(url)-len("gateway")] + "resume"
		}
		conn := r.dial(url)
		conn.send(c.op, c.d)
		if code := conn.closed(); code != c.code {
			t.Errorf("%s: closed with %d, want %d", name, code, c.code)
		}
	}
	twice := r.dial(r.gateway())
	twice.send(opIdentify, good)
	twice.send(opIdentify, good)
	if code := twice.closed(); code != 4005 {
		t.Errorf("identified twice: %d", code)
	}
	ws, resp, err := websocket.DefaultDialer.DialContext(r.ctx(), r.gateway()+"/?v=6&encoding=json", nil)
	r.check(err)
	_ = resp.Body.Close()
	if code := (&client{r: r, ws: ws}).closed(); code != 4012 {
		t.Errorf("an old version: %d", code)
	}
	fast := r.dial(r.gateway())
	for range 123 { // 120 and two heartbeats in the minute, and one too many
		fast.send(opHeartbeat, nil)
	}
	if code := fast.closed(); code != 4008 {
		t.Errorf("sent too fast: %d", code)
	}
}

func TestGatewayClosesWithAnyCodeOnDemand(t *testing.T) {
	r := quiet(t)
	for _, code := range []int{4000, 4001, 4002, 4003, 4004, 4005, 4007, 4008, 4009, 4010, 4011, 4012, 4013, 4014} {
		c := r.ready(allIntents)
		r.CloseGateway(code)
		if got := c.closed(); got != code {
			t.Errorf("closed with %d, want %d", got, code)
		}
	}
}

// https://docs.discord.com/developers/events/gateway#identifying
func TestIdentifiesAreCountedAndSpaced(t *testing.T) {
	r := newRig(t, Options{IdentifyEvery: 5 * time.Second, Identifies: 3, Limits: Limits{Off: true}})
	r.ready(allIntents)
	early := r.dial(r.gateway())
	early.identify(allIntents)
	if p := early.next(); p.Op != opInvalid {
		t.Errorf("two within five seconds: %+v", p)
	}
	r.pass(5 * time.Second)
	early.identify(allIntents)
	early.event("READY")
	limit := r.want("GET", "gateway/bot", nil).fields["session_start_limit"].(map[string]any)
	if limit["remaining"] != 0.0 {
		t.Errorf("limit %v", limit)
	}
	over := r.dial(r.gateway())
	r.pass(5 * time.Second)
	over.identify(allIntents)
	if code := over.closed(); code != 4004 {
		t.Errorf("one too many: %d", code)
	}
	r.refused(401, 0, "GET", "users/@me", nil) // the token was reset
}

func TestGatewayTroubles(t *testing.T) {
	r := newRig(t, Options{Heartbeat: 100 * time.Millisecond, Limits: Limits{Off: true}})
	c := r.ready(allIntents)
	r.RequestHeartbeat()
	r.ForceReconnect()
	r.InvalidateSession(true)
	for _, op := range []int{opHeartbeat, opReconnect, opInvalid} {
		if p := c.next(); p.Op != op {
			t.Errorf("packet %+v, want op %d", p, op)
		}
	}
	r.Silence()
	r.must(r.anna.Say(r.ch, "into the hole"))
	c.send(opHeartbeat, c.seq)
	next := c.resumeOn(c.resume)
	if got := next.message("MESSAGE_CREATE"); got["content"] != "into the hole" {
		t.Errorf("resumed with %v", got)
	}
	next.event("RESUMED")
	r.HalfFrame()
	r.must(r.anna.Say(r.ch, "cut"))
	if _, err := next.read(); err == nil || websocket.IsCloseError(err, 1000, 4000) {
		t.Errorf("read half a frame as %v", err)
	}
	last := next.resumeOn(c.resume)
	last.event("MESSAGE_CREATE")
	last.event("RESUMED")
	// A client without a heartbeat is closed, and its session is gone.
	if code := last.closed(); code != 4009 {
		t.Errorf("closed with %d", code)
	}
}
