package web

import (
	"context"
	"net/http"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// What the tests of other packages' view look at inside.
var (
	PageOrder     = pageOrder
	CheckPassword = checkPassword
	ParseChannel  = parseChannel
	LocalPath     = localPath
	FileName      = fileName
	DecodeJSON    = decodeJSON
	ParseBefore   = parseBefore
	Initials      = initials
	NewAttempts   = newAttempts
	Patiently     = patiently
	BrowserName   = browserName
	NetworkOf     = networkOf
	MatchCode     = matchCode
	PlainCode     = plainCode
	QRSVG         = qrSVG
)

// Allow makes attempts' method visible.
func (a *attempts) Allow(keys ...string) bool { return a.allow(keys...) }

// SetBeat changes how often a stream looks whether its person is still signed in.
func (s *Server) SetBeat(d time.Duration) { s.beat = d }

// Known returns how many keys are remembered.
func (a *attempts) Known() int { return len(a.byKey) }

// Sentence returns what the audit trail says of an entry.
func Sentence(e *bridge.Entry) string {
	n := names{groups: map[string]string{"g": "Billing"}, channels: map[bridge.Place]string{}, people: map[string]string{"p": "Peter"}, subjects: map[int64]string{5: "Why?"}}
	return n.sentence(e)
}

// ReadLink reads a link's token.
func ReadLink(s *Server, token string) error {
	_, err := s.readLink(context.Background(), token)
	return err
}

// Patterns returns the patterns of every page and every form.
func Patterns(s *Server) (out []string) {
	s.routes(func(pattern string, _ func(http.ResponseWriter, *http.Request)) { out = append(out, pattern) })
	return out
}
