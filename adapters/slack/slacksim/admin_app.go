package slacksim

import "fmt"

// RevokeToken revokes the bot token and raises tokens_revoked.
func (s *Sim) RevokeToken() {
	s.do(func() {
		s.revoked = true
		s.emitTeam("tokens_revoked", fields{"tokens": fields{"oauth": []string{}, "bot": []string{s.opts.BotUserID}}})
	})
}

// RestoreToken makes the bot token valid again, as a new install does.
func (s *Sim) RestoreToken() {
	s.do(func() { s.revoked, s.uninstalled = false, false })
}

// Uninstall removes the app: app_uninstalled and tokens_revoked, in the order
// that is harder for a client.
func (s *Sim) Uninstall() {
	s.do(func() {
		s.uninstalled = true
		s.emitTeam("app_uninstalled", fields{})
		s.emitTeam("tokens_revoked", fields{"tokens": fields{"oauth": []string{}, "bot": []string{s.opts.BotUserID}}})
	})
}

// RemoveScope takes a scope from the bot token.
func (s *Sim) RemoveScope(scope string) {
	s.do(func() { s.scopes[scope] = false })
}

// GrantScope gives the bot token a scope.
func (s *Sim) GrantScope(scope string) {
	s.do(func() { s.scopes[scope] = true })
}

// ChangeUser changes an account and raises user_change.
func (s *Sim) ChangeUser(p *Person, fn func(*UserSpec)) error {
	return s.try(func() error {
		u := s.users[p.id]
		if u == nil {
			return fmt.Errorf("change user %s: %w", p.id, ErrNoSuch)
		}
		spec := UserSpec{
			Name: u.name, RealName: u.realName, DisplayName: u.displayName, Email: u.email, Picture: u.picture, TeamID: u.teamID,
			Guest: u.restricted, Deleted: u.deleted, ID: u.id,
		}
		fn(&spec)
		u.name, u.realName, u.displayName, u.email = spec.Name, spec.RealName, spec.DisplayName, spec.Email
		u.picture, u.restricted, u.deleted, u.updated = spec.Picture, spec.Guest, spec.Deleted, s.now().Unix()
		if s.scopes["users:read"] {
			s.emitTeam("user_change", fields{"user": s.wireUser(u), "cache_ts": s.now().Unix()})
		}
		return nil
	})
}

// FileState is what became of a file.
type FileState struct {
	// Mode is hosted, snippet, external, tombstone, hidden_by_limit or
	// file_access; the last with Access check_file_info or access_denied.
	Mode, Access string
	// ExternalURL is where an external file lives: not at Slack.
	ExternalURL string
	// NotReady makes so many downloads get a page instead of the bytes.
	NotReady int
}

// SetFile changes the state of a file.
func (s *Sim) SetFile(fileID string, state FileState) error {
	return s.try(func() error {
		f := s.files[fileID]
		if f == nil {
			return fmt.Errorf("set file %s: %w", fileID, ErrNoSuch)
		}
		if state.Mode != "" {
			f.mode = state.Mode
		}
		f.access, f.externalURL, f.notReady = state.Access, state.ExternalURL, state.NotReady
		return nil
	})
}
