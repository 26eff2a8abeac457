package slacksim

import "strings"

func (s *Sim) apiTest(c *call) (any, error) {
	if code := c.args.text("error"); code != "" {
		return nil, fail(code)
	}
	return ok(), nil
}

func (s *Sim) authTest(c *call) (any, error) {
	if c.app {
		return ok().with("app_id", s.opts.AppID).with("app_name", s.opts.AppName), nil
	}
	return ok().with("url", s.base+"/").with("team", s.opts.TeamName).with("user", strings.ToLower(s.opts.AppName)).
		with("team_id", s.opts.TeamID).with("user_id", s.opts.BotUserID).with("bot_id", s.opts.BotID).
		with("is_enterprise_install", false), nil
}

func (s *Sim) teamInfo(*call) (any, error) {
	return ok().with("team", fields{
		"id": s.opts.TeamID, "name": s.opts.TeamName, "domain": s.opts.TeamDomain, "url": s.base + "/",
		"email_domain": "", "icon": fields{"image_default": true}, "is_verified": false,
	}), nil
}

func (s *Sim) botsInfo(c *call) (any, error) {
	b := s.bots[c.args.text("bot")]
	if b == nil {
		return nil, fail("bot_not_found")
	}
	w := s.wireBot(b)
	w.UserID, w.TeamID = b.userID, ""
	return ok().with("bot", w), nil
}

// connectionsOpen gives out a single-use address for a socket. An app whose
// Socket Mode is off gets forbidden_team, which is a guess.
// https://docs.slack.dev/reference/methods/apps.connections.open
func (s *Sim) connectionsOpen(*call) (any, error) {
	s.queue.mu.Lock()
	on := s.queue.socket
	s.queue.mu.Unlock()
	if !on {
		return nil, fail("forbidden_team")
	}
	ticket := s.newSecret()
	s.tickets[ticket] = true
	address := "ws" + strings.TrimPrefix(s.base, "http") + "/socket?ticket=" + ticket + "&app_id=" + s.opts.AppID
	return ok().with("url", address), nil
}
