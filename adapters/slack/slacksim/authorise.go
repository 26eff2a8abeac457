package slacksim

import (
	"net/http"
	"slices"
	"strings"
)

// bearer returns what the call authenticates with.
func bearer(r *http.Request, a args) string {
	if value, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return value
	}
	return a.form.Get("token")
}

// authorise checks token and scope. The caller holds mu.
func (s *Sim) authorise(c *call, r *http.Request, m method) error {
	switch bearer(r, c.args) {
	case "":
		return fail("not_authed")
	case s.opts.AppToken:
		c.app = true
		if !m.app && !m.anyToken {
			return fail("not_allowed_token_type")
		}
		return nil
	case s.opts.BotToken:
		switch {
		case s.uninstalled:
			return fail("account_inactive")
		case s.revoked:
			return fail("token_revoked")
		case m.app:
			return fail("not_allowed_token_type")
		}
		return s.need(m.scope)
	}
	return fail("invalid_auth")
}

// need fails with missing_scope unless the scope, if any, is granted. The
// caller holds mu.
func (s *Sim) need(scope string) error {
	if scope == "" || s.scopes[scope] {
		return nil
	}
	return apiError{code: "missing_scope", needed: scope, provided: s.scopeListLocked()}
}

func (s *Sim) scopeList() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.scopeListLocked()
}

func (s *Sim) scopeListLocked() string {
	var granted []string
	for scope, has := range s.scopes {
		if has {
			granted = append(granted, scope)
		}
	}
	slices.Sort(granted)
	return strings.Join(granted, ",")
}
