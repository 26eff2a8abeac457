package slacksim

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/sidebridge/sidebridge/adapters/chat/simpage"
)

// pictures is where Slack has the pictures that people gave it. The simulator has none:
// its page draws what an address there stands for.
const pictures = "https://avatars.slack-edge.com/2026-01-05/"

// pictureOf is the address of a user's picture, or of one that is made up.
func pictureOf(u *user, size int) string {
	if u.picture == "" {
		return fmt.Sprintf("https://secure.gravatar.com/avatar/%x.jpg?s=%d", sha256.Sum256([]byte(u.email)), size)
	}
	return fmt.Sprintf("%s%s_%s_%d.png", pictures, u.id, u.picture, size)
}

// viewPicture is where the page finds the picture of a message's author. A post that was
// given a person's has that one.
func (s *Sim) viewPicture(m *message) string {
	id, picture := m.author(), ""
	if u := s.users[id]; u != nil {
		picture = u.picture
	}
	if name, ok := strings.CutPrefix(m.iconURL, pictures); ok {
		if whose, rest, _ := strings.Cut(name, "_"); s.users[whose] != nil {
			id = whose
			picture, _, _ = strings.Cut(rest, "_")
		}
	}
	address := "/sim/avatar/" + url.PathEscape(id) + ".svg"
	if picture != "" {
		address += "?picture=" + url.QueryEscape(picture)
	}
	return address
}

// avatar draws the face of an account, or the app's.
func (p *pages) avatar(w http.ResponseWriter, r *http.Request) {
	id := strings.TrimSuffix(r.PathValue("name"), ".svg")
	p.sim.mu.Lock()
	name := p.sim.displayName(id)
	if b := p.sim.bots[id]; b != nil {
		name = b.name
	}
	if id == "" {
		name = p.sim.opts.AppName
	}
	p.sim.mu.Unlock()
	simpage.Face(w, name, r.URL.Query().Get("picture"))
}
