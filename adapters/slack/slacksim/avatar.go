package slacksim

import (
	"crypto/sha256"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
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

// avatar draws a square with initials, with a frame in the colour of a picture; the app's
// is a bridge.
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
	frame := ""
	if picture := r.URL.Query().Get("picture"); picture != "" {
		frame = fmt.Sprintf(`<rect x="4" y="4" width="64" height="64" fill="none" stroke="hsl(%d 80%% 70%%)" stroke-width="8"/>`, hueOf(picture))
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 72"><rect width="72" height="72" fill="hsl(%d 45%% 42%%)"/>%s`+
		`<text x="36" y="47" font-family="sans-serif" font-size="30" fill="#fff" text-anchor="middle">%s</text></svg>`,
		hueOf(name), frame, template.HTMLEscapeString(initials(name)))
}

func hueOf(text string) int {
	sum := sha256.Sum256([]byte(text))
	return int(sum[0]) * 360 / 256
}

func initials(name string) string {
	var out []rune
	for word := range strings.FieldsSeq(name) {
		first, _ := utf8.DecodeRuneInString(word)
		if unicode.IsLetter(first) && len(out) < 2 {
			out = append(out, unicode.ToUpper(first))
		}
	}
	if out == nil {
		return "?"
	}
	return string(out)
}
