package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// tokenPrefix lets people and secret scanners recognise a token of ours.
const tokenPrefix = "sbr_"

type tokensPage struct {
	page
	Tokens []tokenLine
	// Fresh is a token that was made just now; it is shown once.
	Fresh string
	Error string
	URL   string
}

type tokenLine struct {
	ID, Name, By  string
	Created, Used time.Time
}

func (s *Server) tokensPage(w http.ResponseWriter, r *http.Request) error {
	return s.showTokens(w, r, http.StatusOK, tokensPage{})
}

func (s *Server) showTokens(w http.ResponseWriter, r *http.Request, status int, p tokensPage) error {
	p.page, p.URL = s.page(r, "API tokens", "tokens"), s.o.PublicURL
	err := s.store.Tokens(r.Context(), func(id, name, by string, created, used time.Time) {
		p.Tokens = append(p.Tokens, tokenLine{id, name, by, created, used})
	})
	if err != nil {
		return err
	}
	s.render(w, r, status, "tokens", p)
	return nil
}

// createToken makes a token and shows it once: the store has its hash alone.
func (s *Server) createToken(w http.ResponseWriter, r *http.Request) error {
	token := tokenPrefix + rand.Text() + rand.Text()
	name := strings.Join(strings.Fields(bridge.Clean(r.PostFormValue("name"))), " ")
	if err := s.store.CreateToken(r.Context(), name, hashToken(token), whoIs(r).ID); err != nil {
		status, _, text := classify(err)
		if status >= 500 {
			return err
		}
		return s.showTokens(w, r, status, tokensPage{Error: text})
	}
	return s.showTokens(w, r, http.StatusOK, tokensPage{Fresh: token})
}

// hashToken is how a token is stored and found. A token has 260 random bits, so
// that a plain hash cannot be reversed and the time of a look-up tells nothing.
func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func (s *Server) revokeToken(w http.ResponseWriter, r *http.Request) error {
	if err := s.store.DeleteToken(r.Context(), r.PathValue("token")); err != nil {
		return err
	}
	return s.done(w, r, "/admin/tokens", "The token is revoked.")
}
