package discord

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

const (
	// pictureAge is how long an account's picture is taken for the present one when
	// nothing is heard of it; pictureRetry is how long nothing is asked after a failure.
	pictureAge   = 24 * time.Hour
	pictureRetry = 10 * time.Minute
	pictureTime  = 3 * time.Second // for one question, while a post waits
)

// pictures remembers the pictures of the accounts whose people post under their own
// name, by guild and id. They are as public as those people's own posts. Nobody else's
// is kept.
type pictures struct {
	now       func() time.Time
	mu        sync.Mutex
	byAccount map[[2]string]picture
}

type picture struct {
	url   string // empty for who has none
	until time.Time
}

func newPictures(now func() time.Time) *pictures {
	return &pictures{now: now, byAccount: map[[2]string]picture{}}
}

// get returns what is known, and whether that is recent.
func (p *pictures) get(guild, id string) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.byAccount[[2]string{guild, id}]
	return known.url, p.now().Before(known.until)
}

func (p *pictures) put(guild, id, url string, age time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.byAccount[[2]string{guild, id}] = picture{url, p.now().Add(age)}
}

// heard takes the picture that an event shows, of an account that was asked for.
func (p *pictures) heard(guild string, u *user, m *member) {
	if u == nil || m == nil {
		return // a listing, which does not say which picture the guild shows
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if key := [2]string{guild, u.ID}; p.byAccount[key].until != (time.Time{}) {
		p.byAccount[key] = picture{pictureURL(guild, u, m), p.now().Add(pictureAge)}
	}
}

// pictureURL is the address of the picture that a guild shows of a member: the one they
// have there, or the one they have everywhere, or none.
// https://docs.discord.com/developers/reference#image-formatting
func pictureURL(guild string, u *user, m *member) string {
	const cdn = "https://cdn.discordapp.com/"
	switch {
	case !validID(u.ID):
		return ""
	case validPicture(m.Avatar):
		return cdn + "guilds/" + guild + "/users/" + u.ID + "/avatars/" + m.Avatar + ".png"
	case validPicture(u.Avatar):
		return cdn + "avatars/" + u.ID + "/" + u.Avatar + ".png"
	}
	return ""
}

// validPicture reports whether hash is one: hexadecimal digits, after "a_" when the
// picture moves.
func validPicture(hash string) bool {
	hash = strings.TrimPrefix(hash, "a_")
	return hash != "" && len(hash) <= 64 && strings.Trim(hash, "0123456789abcdef") == ""
}

// pictureOf returns the address of a person's picture here, which Discord fetches from
// itself, or none. A post does not fail for want of a picture.
func (g *Guild) pictureOf(ctx context.Context, person string) string {
	if person == "" {
		return ""
	}
	id, ok := g.Mention(g.id, "person/"+person)
	if !ok || !validID(id) {
		return ""
	}
	url, recent := g.shown.get(g.id, id)
	if recent {
		return url
	}
	ctx, cancel := context.WithTimeout(ctx, pictureTime)
	defer cancel()
	var m member
	err := g.client.do(ctx, request{method: http.MethodGet, path: "guilds/" + g.id + "/members/" + id}, &m)
	switch {
	case codeOf(err) == codeUnknownMember:
		g.shown.put(g.id, id, "", pictureAge) // they have left
		return ""
	case bridge.AsSurfaceError(err).Class == bridge.RateLimited:
		return url // the post itself has to wait, or the next one asks
	case err != nil || m.User == nil || m.User.ID != id:
		g.shown.put(g.id, id, url, pictureRetry)
		return url
	}
	url = pictureURL(g.id, m.User, &m)
	g.shown.put(g.id, id, url, pictureAge)
	return url
}
