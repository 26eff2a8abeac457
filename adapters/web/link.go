package web

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// linkAge is how long a link is good by which somebody takes an account as theirs.
const linkAge = 15 * time.Minute

// linkKey is the setting that has the key of links.
const linkKey = "link-key"

// claim is what a link says: whoever got it writes from that account.
type claim struct {
	Account bridge.Account `json:"account"`
	Name    string         `json:"name"`
	Until   int64          `json:"until"` // Unix seconds
}

// LinkURL makes the address at which a person who can sign in takes an account as
// their own. It must be shown to that account only: knowing it is the proof.
func (s *Server) LinkURL(ctx context.Context, account bridge.Account, name string) (string, error) {
	if account.Surface == "" || account.ID == "" {
		return "", fmt.Errorf("%w: there is no account to link", bridge.ErrInvalid)
	}
	key, err := s.linkKey(ctx)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(claim{account, bridge.Clean(name), s.now().Add(linkAge).Unix()})
	if err != nil {
		return "", fmt.Errorf("encode a link: %w", err) // unreachable: strings and a number
	}
	return s.o.PublicURL + "/link/" + base64.RawURLEncoding.EncodeToString(append(text, macOf(key, text)...)), nil
}

// linkKey returns the key that signs links, which the first link makes. It is in the
// database, so that every daemon takes every daemon's links.
func (s *Server) linkKey(ctx context.Context) ([]byte, error) {
	var key []byte
	if err := s.store.Setting(ctx, linkKey, &key); err != nil || len(key) > 0 {
		return key, err
	}
	key = make([]byte, sha256.Size)
	rand.Read(key)
	if err := s.store.SetSetting(ctx, linkKey, key); err != nil {
		return nil, err
	}
	// Of two daemons that made a key at once, the one whose stayed is right.
	return key, s.store.Setting(ctx, linkKey, &key)
}

func macOf(key, text []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("sidebridge link 1\x00"))
	m.Write(text)
	return m.Sum(nil)
}

// readLink returns what a link's token says, when it is ours and not too old.
func (s *Server) readLink(ctx context.Context, token string) (claim, error) {
	key, err := s.linkKey(ctx)
	if err != nil {
		return claim{}, err
	}
	wrong := fmt.Errorf("%w: this link is not complete or not ours: ask for a new one in the chat, with /link in Discord or /sidebridge link in Slack", bridge.ErrInvalid)
	data, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(data) <= sha256.Size {
		return claim{}, wrong
	}
	text, mac := data[:len(data)-sha256.Size], data[len(data)-sha256.Size:]
	var c claim
	if !hmac.Equal(mac, macOf(key, text)) || json.Unmarshal(text, &c) != nil {
		return claim{}, wrong
	}
	if s.now().Unix() > c.Until {
		return claim{}, fmt.Errorf("%w: this link was good for 15 minutes and is too old now: ask for a new one in the chat, with /link in Discord or /sidebridge link in Slack", bridge.ErrInvalid)
	}
	return c, nil
}

// linkPage asks whether an account is that of whoever is signed in.
type linkPage struct {
	page
	Account string // the name there
	Surface string
	ID      string
	Mine    bool   // it is linked to them already
	Other   string // whose it is already, when it is somebody else's
	Error   string // why the link is no good
}

func (s *Server) linkPage(w http.ResponseWriter, r *http.Request) error {
	return s.showLink(w, r, http.StatusOK, nil)
}

// showLink shows the question, or why it cannot be asked.
func (s *Server) showLink(w http.ResponseWriter, r *http.Request, status int, err error) error {
	p := linkPage{page: s.page(r, "Link an account", "account")}
	var c claim
	if err == nil {
		c, err = s.readLink(r.Context(), r.PathValue("token"))
	}
	if err != nil {
		var text string
		if status, _, text = classify(err); status >= 500 {
			return err
		}
		p.Error = text
		s.render(w, r, status, "link", p)
		return nil
	}
	known, err := s.store.Identify(r.Context(), c.Account)
	if err != nil {
		return err
	}
	p.Account, p.Surface, p.ID = strings.TrimSpace(c.Name), surfaceName(c.Account.Surface), c.Account.ID
	if p.Account == "" {
		p.Account = p.ID
	}
	switch known.Person {
	case "":
	case p.Me.ID:
		p.Mine = true
	default:
		p.Other = known.Name
	}
	s.render(w, r, status, "link", p)
	return nil
}

// takeAccount links the account of a link to whoever is signed in and confirms it.
// What was linked before stays: a link is good for one account and one person.
func (s *Server) takeAccount(w http.ResponseWriter, r *http.Request) error {
	c, err := s.readLink(r.Context(), r.PathValue("token"))
	if err == nil {
		err = s.store.TakeAccount(r.Context(), c.Account, c.Name, whoIs(r).ID)
	}
	if err != nil {
		return s.showLink(w, r, http.StatusOK, err)
	}
	s.o.Logger.Info("account linked by its owner", "surface", c.Account.Surface, "account", c.Account.ID, "person", whoIs(r).ID)
	return s.done(w, r, "/account", "Linked. What you say in "+surfaceName(c.Account.Surface)+" from now on has your name.")
}
