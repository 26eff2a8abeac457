package discordsim

import "encoding/json"

// live are the sessions with a connection. The caller holds mu.
func (s *Sim) live() (out []*session) {
	for _, ses := range s.sessions {
		if ses.conn != nil && !ses.dead {
			out = append(out, ses)
		}
	}
	return out
}

func (s *Sim) each(fn func(*session)) {
	s.do(func() {
		for _, ses := range s.live() {
			fn(ses)
		}
	})
}

// ForceReconnect asks every client to reconnect and resume (op 7).
func (s *Sim) ForceReconnect() { s.each(func(ses *session) { ses.conn.put(packet{Op: opReconnect}) }) }

// RequestHeartbeat asks for a heartbeat at once (op 1).
func (s *Sim) RequestHeartbeat() {
	s.each(func(ses *session) { ses.conn.put(packet{Op: opHeartbeat}) })
}

// InvalidateSession says that the session is invalid (op 9), resumable or not.
func (s *Sim) InvalidateSession(resumable bool) {
	s.each(func(ses *session) {
		ses.conn.put(packet{Op: opInvalid, Data: encode(resumable)})
		ses.dead = !resumable // the client may identify again on the same connection
	})
}

// CloseGateway closes every connection with a code.
func (s *Sim) CloseGateway(code int) {
	s.each(func(ses *session) {
		if code == 4007 || code == 4009 {
			ses.dead = true
		}
		ses.conn.finish(code)
	})
}

// DropConnections cuts the connections without a word.
func (s *Sim) DropConnections() { s.each((*session).drop) }

// Silence makes the present connections black holes: nothing is heard, nothing is said.
func (s *Sim) Silence() {
	s.each(func(ses *session) {
		ses.conn.mu.Lock()
		ses.conn.silent = true
		ses.conn.mu.Unlock()
	})
}

// HalfFrame cuts the connections in the middle of the next packet.
func (s *Sim) HalfFrame() {
	s.each(func(ses *session) {
		ses.conn.mu.Lock()
		ses.conn.half = true
		ses.conn.mu.Unlock()
	})
}

// Outage begins or ends a time in which nobody can connect and all sessions are lost,
// so that what is said meanwhile is told to nobody.
func (s *Sim) Outage(on bool) {
	s.do(func() {
		s.outage = on
		for _, ses := range s.sessions {
			ses.dead = true
			ses.drop()
		}
	})
}

// RevokeToken makes the bot's token invalid, RestoreToken valid again.
func (s *Sim) RevokeToken() {
	s.do(func() {
		s.revoked = true
		for _, ses := range s.live() {
			ses.dead = true
			ses.conn.finish(4004)
		}
	})
}

// RestoreToken makes the token valid again.
func (s *Sim) RestoreToken() { s.do(func() { s.revoked, s.identifies = false, 0 }) }

// GatewayStats are counts since the start; Connections are those open now.
type GatewayStats struct {
	Connections, Identifies, Resumes, Heartbeats, Events int
	// Closes are the codes with which the client closed.
	Closes []int
	// Backlog counts events that no connection has been given.
	Backlog int
}

// GatewayStats returns what happened on the gateway.
func (s *Sim) GatewayStats() GatewayStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.stats
	out.Closes = append([]int{}, s.stats.Closes...)
	return out
}

// event is something that happened, for those whose intents cover it.
type event struct {
	kind    string
	channel *channel
	data    func(hidden bool) any
	// own: it is about the bot's own message, whose content it always sees.
	own bool
}

// raise tells all sessions of an event, as the faults let it. The caller holds mu.
func (s *Sim) raise(e event) {
	times, delay := 1, s.judge(&e)
	switch {
	case delay.drop:
		return
	case delay.after > 0:
		s.wg.Go(func() {
			if s.sleep(delay.after) {
				s.do(func() { s.tell(e) })
			}
		})
		return
	}
	for range times + delay.more {
		s.tell(e)
	}
}

func (s *Sim) tell(e event) {
	for _, ses := range s.sessions {
		if ses.dead || s.outage || ses.conn == nil && s.now().Sub(ses.lostAt) >= s.opts.SessionTTL {
			continue
		}
		need := intentGuilds
		hidden := false
		switch e.kind {
		case "MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK":
			need, hidden = intentMessages, ses.intents&intentContent == 0 && !e.own
		case "MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE", "MESSAGE_REACTION_REMOVE_ALL", "MESSAGE_REACTION_REMOVE_EMOJI":
			need = intentReactions
		case "INTERACTION_CREATE":
			need = 0
		case "WEBHOOKS_UPDATE":
			need = intentWebhooks
		}
		if e.channel != nil && e.channel.guild.out {
			continue
		}
		if ses.intents&need != need || e.channel != nil && !s.sees(e.channel) {
			continue
		}
		ses.dispatch(e.kind, e.data(hidden))
	}
}

// sees says whether the bot may view a channel; who may not hears nothing of it.
func (s *Sim) sees(c *channel) bool {
	if c.kind == typePrivate && c.owner != s.bot.id && !s.has(c, ManageThreads) {
		return false
	}
	return s.has(c, ViewChannel)
}

func fixed(v any) func(bool) any {
	raw := json.RawMessage(encode(v))
	return func(bool) any { return raw }
}
