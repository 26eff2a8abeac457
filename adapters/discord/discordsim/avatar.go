package discordsim

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"

	"github.com/sidebridge/sidebridge/adapters/chat/simpage"
)

// cdn is where Discord has people's pictures. The simulator has none: its page draws
// what an address there stands for.
// https://docs.discord.com/developers/reference#image-formatting
const cdn = "https://cdn.discordapp.com/"

// webAddress reports whether a webhook may give an address for its picture, or none.
func webAddress(address string) bool {
	u, err := url.Parse(address)
	return address == "" || err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

// copiedPicture is the hash of Discord's copy of a picture that a webhook gave.
func copiedPicture(address string) string {
	if address == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(address))
	return hex.EncodeToString(sum[:16])
}

// viewPicture is where the page finds the picture of a message's author. A webhook that
// gave a person's has that one.
func (s *Sim) viewPicture(g *guild, m *message) string {
	if m.webhook == nil {
		return pagePicture(g.called(m.author), cmp.Or(g.avatars[m.author.id], m.author.avatar))
	}
	if id, hash := pictured(m.avatar); s.users[id] != nil {
		return pagePicture(g.called(s.users[id]), hash)
	}
	return pagePicture(s.authorName(m), "")
}

// pictured takes the address of a person's picture apart: avatars/<user>/<hash>.png, or
// guilds/<guild>/users/<user>/avatars/<hash>.png.
func pictured(address string) (user, hash string) {
	path, ok := strings.CutPrefix(address, cdn)
	parts := strings.Split(strings.TrimSuffix(path, ".png"), "/")
	switch {
	case ok && len(parts) == 3 && parts[0] == "avatars":
		return parts[1], parts[2]
	case ok && len(parts) == 6 && parts[0] == "guilds" && parts[2] == "users" && parts[4] == "avatars":
		return parts[3], parts[5]
	}
	return "", ""
}

func pagePicture(name, hash string) string {
	query := url.Values{"name": {name}}
	if hash != "" {
		query.Set("hash", hash)
	}
	return "/sim/avatar?" + query.Encode()
}

// avatar draws somebody's face by name, and by the hash of their picture.
func (p *pages) avatar(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "max-age=3600")
	simpage.Face(w, r.URL.Query().Get("name"), r.URL.Query().Get("hash"))
}
