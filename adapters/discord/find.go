package discord

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// findMargin is how far before the attempt we look: clocks and the Date header have
// their grain.
const findMargin = 5 * time.Second

// Find implements bridge.Surface. It looks for a post of ours that is not among the
// known copies. What it does not find is, within Options.NonceWindow, posted again with
// the same nonce: Discord answers with the post that is there, or makes it.
// https://docs.discord.com/developers/resources/message#create-message
func (g *Guild) Find(ctx context.Context, at bridge.Attempt) (bridge.Receipt, bool, error) {
	c, ok := at.Call.Payload.(*content)
	if at.Call.Verb != bridge.VerbPost || !ok {
		return bridge.Receipt{}, false, nil // repeating it is as good
	}
	if err := g.knowing(ctx); err != nil {
		return bridge.Receipt{}, false, err
	}
	forum := false
	if at.Call.Root {
		var err error
		if forum, err = g.isForum(ctx, at.Mirror.Place.Channel); err != nil {
			return bridge.Receipt{}, false, err
		}
	}
	var ref string
	var shown int
	var err error
	if forum {
		ref, err = g.findInForum(ctx, at)
	} else {
		ref, shown, err = g.readBack(ctx, at, c)
	}
	switch {
	case err != nil:
		return bridge.Receipt{}, false, g.explained(ctx, at, err)
	case ref != "":
		return bridge.Receipt{Ref: ref, Print: c.print}, true, nil
	case !forum && !g.mayRepeat(at, c) && shown == 0:
		// It would be posted a second time if an empty list only means that we may not read.
		return bridge.Receipt{}, false, g.mayRead(ctx, at.Mirror.Place.Channel)
	case forum || !g.mayRepeat(at, c):
		return bridge.Receipt{}, false, nil
	}
	g.Count("nonce repeated", "")
	receipt, err := g.Deliver(ctx, at)
	return receipt, err == nil, err
}

// mayRepeat reports whether Discord still knows the attempt's nonce, so that posting
// again is sure to make no second message. A file's upload takes too long for a look:
// the relay posts it again itself, with the same nonce.
func (g *Guild) mayRepeat(at bridge.Attempt, c *content) bool {
	age := g.Now().Sub(at.BegunAt)
	return c.author == "" && len(c.files) == 0 && age >= 0 && age < g.NonceWindow
}

// readBack looks for the post among those that came after the attempt was begun, and
// counts them.
func (g *Guild) readBack(ctx context.Context, at bridge.Attempt, c *content) (ref string, shown int, err error) {
	channel := cmp.Or(at.Mirror.Thread, at.Mirror.Place.Channel)
	if at.Call.Root {
		channel = at.Mirror.Place.Channel
	}
	after := g.findFrom(at)
	for {
		var page []message
		err := g.client.read(ctx, request{
			method: http.MethodGet, path: "channels/" + channel + "/messages", channel: at.Mirror.Place.Channel,
			query: url.Values{"after": {after}, "limit": {strconv.Itoa(pageSize)}},
		}, &page)
		if err != nil {
			return "", shown, err
		}
		shown += len(page)
		slices.SortFunc(page, func(a, b message) int { return compareIDs(a.ID, b.ID) })
		for i := range page {
			page[i].GuildID = g.id
			if g.isAttempt(&page[i], at, c) {
				return page[i].ID, shown, nil
			}
		}
		if len(page) < pageSize || !laterID(page[len(page)-1].ID, after) {
			return "", shown, nil
		}
		after = page[len(page)-1].ID
	}
}

// findFrom returns the id after which to look. Our clock may have been set back since
// the attempt, and a post that is not found is made twice, so the time alone is not
// trusted: a thread is looked through from where it was listed up to, a channel from
// the day before if the attempt seems to be still to come.
func (g *Guild) findFrom(at bridge.Attempt) string {
	begun := at.BegunAt
	if now := g.Now(); begun.After(now) {
		begun = now.Add(-24 * time.Hour)
	}
	from := idAt(g.clock.At(begun).Add(-findMargin))
	if seen := at.Mirror.Seen; !at.Call.Root && validID(seen) && laterID(from, seen) {
		from = idAt(time.UnixMicro(idMicros(seen)).Add(-g.Settle))
	}
	return from
}

// isAttempt reports whether a message is the post that the attempt made. One call is in
// flight in a thread, so a post of ours there that is no known copy and says the same
// is the one.
func (g *Guild) isAttempt(m *message, at bridge.Attempt, c *content) bool {
	known := slices.ContainsFunc(at.Known, func(k bridge.Copy) bool { return k.Ref == m.ID })
	if known || !g.isOurs(m) {
		return false
	}
	if len(c.buttons) > 0 || string(m.Nonce) == at.Token {
		return tokenOf(m) == at.Token
	}
	return buttonToken(m.Components) == "" && g.printOf(m) == c.print && sameFiles(m, c) &&
		(c.author == "" || m.Author.Username == c.author) && len(m.Embeds) >= countEmbeds(c)
}

func countEmbeds(c *content) int {
	if c.embed != nil {
		return 1
	}
	return 0
}

func sameFiles(m *message, c *content) bool {
	if len(m.Attachments) != len(c.files) {
		return false
	}
	for i, f := range c.files {
		if m.Attachments[i].Size != f.Size {
			return false
		}
	}
	return true
}

// threadPage is a listing of threads.
type threadPage struct {
	Threads []struct {
		ID     string `json:"id"`
		Parent string `json:"parent_id"`
		Owner  string `json:"owner_id"`
		Meta   struct {
			Archived time.Time `json:"archive_timestamp"`
		} `json:"thread_metadata"`
	} `json:"threads"`
	More bool `json:"has_more"`
}

// findInForum looks for the post of a forum whose buttons have the attempt's token,
// among those that are active and those that were archived since.
func (g *Guild) findInForum(ctx context.Context, at bridge.Attempt) (string, error) {
	after := g.findFrom(at)
	var page threadPage
	err := g.client.read(ctx, request{method: http.MethodGet, path: "guilds/" + g.id + "/threads/active"}, &page)
	if err != nil {
		return "", err
	}
	if ref, err := g.ownPost(ctx, at, page, after); ref != "" || err != nil {
		return ref, err
	}
	channel := at.Mirror.Place.Channel
	query := url.Values{"limit": {strconv.Itoa(pageSize)}}
	for {
		page = threadPage{}
		err := g.client.read(ctx, request{method: http.MethodGet, path: "channels/" + channel + "/threads/archived/public", query: query}, &page)
		if err != nil {
			return "", err
		}
		if ref, err := g.ownPost(ctx, at, page, after); ref != "" || err != nil {
			return ref, err
		}
		n := len(page.Threads)
		if n == 0 || !page.More {
			return "", nil
		}
		last := page.Threads[n-1].Meta.Archived // the pages go back in time
		if last.UnixMicro() < idMicros(after) {
			return "", nil
		}
		query.Set("before", last.UTC().Format(time.RFC3339Nano))
	}
}

// ownPost looks among threads for the one of the attempt.
// https://docs.discord.com/developers/resources/guild#list-active-guild-threads
func (g *Guild) ownPost(ctx context.Context, at bridge.Attempt, page threadPage, after string) (string, error) {
	for _, t := range page.Threads {
		if t.Parent != at.Mirror.Place.Channel && t.Parent != "" || t.Owner != g.self().user || !validID(t.ID) || !laterID(t.ID, after) {
			continue
		}
		var m message
		err := g.client.read(ctx, request{
			method: http.MethodGet, path: "channels/" + t.ID + "/messages/" + t.ID, channel: at.Mirror.Place.Channel,
		}, &m)
		switch code := codeOf(err); {
		case code == codeUnknownMessage || code == codeUnknownChannel:
			continue
		case err != nil:
			return "", err
		}
		if buttonToken(m.Components) == at.Token {
			return t.ID, nil
		}
	}
	return "", nil
}
