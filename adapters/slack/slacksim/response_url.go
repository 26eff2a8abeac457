package slacksim

import (
	"net/http"
	"slices"
	"time"
)

// responseURL lets the app answer an interaction without a token: at most five
// times within half an hour.
// https://docs.slack.dev/interactivity/handling-user-interaction
type responseURL struct {
	user    string
	channel *channel
	// message is what the interaction was on; nil for a command.
	message   *message
	whispered bool
	born      time.Time
	uses      int
}

const (
	responseLife = 30 * time.Minute
	responseUses = 5
)

func (s *Sim) newResponseURL(userID string, ch *channel, m *message, whispered bool) string {
	token := s.newSecret()
	s.responses[token] = &responseURL{user: userID, channel: ch, message: m, whispered: whispered, born: s.now()}
	return s.base + "/response/" + token
}

func (s *Sim) serveResponseURL(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	a, argErr := readArgs(r, true)
	c := &call{sim: s, name: "response_url", args: a}
	var err error
	s.do(func() {
		s.arrive(c, r, argErr == nil)
		c.fault = s.strike("response_url", "", "", false)
		if err = argErr; err == nil && (c.fault == nil || c.fault.Apply || !c.fault.spoils()) {
			err = s.respond(s.responses[r.PathValue("token")], a)
		}
	})
	if c.fault != nil {
		s.sleep(r, c.fault.Delay)
		if c.fault.spoils() {
			s.write(w, s.spoil(c))
			return
		}
	}
	if err != nil {
		s.record(c, err.Error(), http.StatusNotFound, false)
		s.write(w, reply{status: http.StatusNotFound, kind: jsonType, body: encode(fields{"ok": false, "error": err.Error()})})
		return
	}
	s.record(c, "ok", http.StatusOK, true)
	s.write(w, reply{status: http.StatusOK, kind: "text/plain", body: []byte("ok")})
}

// respond posts, replaces or deletes as the app asks. The caller holds mu.
func (s *Sim) respond(u *responseURL, a args) error {
	switch {
	case u == nil:
		return fail("invalid_url")
	case s.now().Sub(u.born) > responseLife:
		return fail("expired_url")
	case u.uses >= responseUses:
		return fail("used_url")
	}
	u.uses++
	if u.message == nil && (a.flag("delete_original") || a.flag("replace_original")) {
		return fail("message_not_found")
	}
	if a.flag("delete_original") {
		s.dropOriginal(u)
		return nil
	}
	body, err := s.readContent(a)
	if err != nil {
		return err
	}
	switch {
	case a.flag("replace_original") && u.whispered:
		u.message.text, u.message.blocks, u.message.attachments = body.text, s.rendered(body, body.text), body.attachments
	case a.flag("replace_original"):
		if u.channel.byTS[u.message.ts] != u.message {
			return fail("message_not_found")
		}
		s.alter(u.channel, u.message, s.opts.BotID, func() {
			u.message.text, u.message.attachments = body.text, body.attachments
			u.message.blocks = s.rendered(body, body.text)
		})
	case a.text("response_type") == "in_channel":
		m := s.appMessage()
		m.threadTS, m.attachments = a.text("thread_ts"), body.attachments
		s.postParts(u.channel, m, body)
	default:
		thread := a.text("thread_ts")
		if thread == "" && u.message != nil {
			thread = u.message.threadTS
		}
		s.whisper(u.channel, u.user, thread, body)
	}
	return nil
}

func (s *Sim) dropOriginal(u *responseURL) {
	if u.whispered {
		s.ephemerals = slices.DeleteFunc(s.ephemerals, func(e *ephemeral) bool { return e.message == u.message })
		return
	}
	if u.channel.byTS[u.message.ts] == u.message {
		s.erase(u.channel, u.message)
	}
}
