package discord

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

const (
	pageSize = 100
	// lookBackMost is how many of a thread's last copies a listing covers again after
	// something may have been missed, to see what became of them. An edit or delete of
	// something older is noticed only by its own event.
	lookBackMost = 5000
	// lookBackLess is how many it covers otherwise: one page, with room for what is new.
	lookBackLess = 80
	// lookAgain is how soon a thread that has nothing new is listed all the same.
	lookAgain = time.Hour
)

// List implements bridge.Surface. It lists the thread from before what it has seen, or
// before the oldest of the last copies if that is earlier, since only then an edit or
// delete of one can be noticed.
//
// A copy is found deleted only when the listing was complete, the copy lies inside it
// and is older than Options.Settle, and another copy or the first post is there:
// without Read Message History Discord answers with an empty list and no error.
// https://docs.discord.com/developers/resources/message#get-channel-messages
func (g *Guild) List(ctx context.Context, m bridge.Mirror, known []bridge.Copy, accept func(context.Context, bridge.Inbound) error) (string, error) {
	if !validID(m.Thread) || !validID(m.Place.Channel) {
		return "", &bridge.SurfaceError{Class: bridge.Gone, Code: codeNoThread, Err: errors.New("the mirror has no thread")}
	}
	if err := g.knowing(ctx); err != nil {
		return "", err
	}
	looked, gen := g.looked.last(m.Thread)
	began := g.clock.At(g.Now()) // ours may have jumped
	if m.Seen != "" && began.Sub(looked) < lookAgain && g.nothingNew(m) {
		return m.Seen, nil
	}
	l := &listing{
		g: g, m: m, at: spot{channel: m.Place.Channel, thread: m.Thread}, accept: accept,
		known: map[string]bridge.Copy{}, seen: map[string]bool{}, newest: cmp.Or(m.Seen, m.Thread), wholly: looked.IsZero(),
	}
	for _, c := range known {
		l.known[c.Ref] = c
	}
	l.from = listFrom(m, known, !looked.IsZero(), g.Settle)
	switch err := l.run(ctx); {
	case codeOf(err) == bridge.ParkedThread && m.Seen == "" && l.unopened:
		return "", nil // nobody can have said anything yet; the post that opens it comes next
	case err != nil:
		return "", err
	}
	if err := l.deletes(ctx, began.Add(-g.Settle)); err != nil {
		return "", err
	}
	g.looked.done(m.Thread, began, gen)
	return l.newest, nil
}

// nothingNew reports whether the gateway, which is followed here, has told of nothing
// that a listing has not shown. Elsewhere the newest message is not known.
func (g *Guild) nothingNew(m bridge.Mirror) bool {
	k, ok := g.places.get(m.Thread)
	return ok && k.guild == g.id && k.last != "" && !laterID(k.last, m.Seen)
}

// listFrom returns the id after which to begin.
func listFrom(m bridge.Mirror, known []bridge.Copy, looked bool, settle time.Duration) string {
	if m.Seen == "" {
		return beforeID(m.Thread) // in a forum the first post has the thread's own id
	}
	from := idAt(time.UnixMicro(idMicros(m.Seen)).Add(-settle))
	var refs []string
	for _, c := range known {
		if validID(c.Ref) && !c.Gone && c.Ref != m.Thread {
			refs = append(refs, c.Ref)
		}
	}
	slices.SortFunc(refs, compareIDs)
	back := lookBackMost
	if looked {
		back = lookBackLess
	}
	if n := len(refs); n > 0 {
		if oldest := beforeID(refs[max(0, n-back)]); laterID(from, oldest) {
			from = oldest
		}
	}
	if laterID(m.Thread, from) {
		from = beforeID(m.Thread)
	}
	return from
}

func compareIDs(a, b string) int {
	switch {
	case a == b:
		return 0
	case laterID(a, b):
		return 1
	}
	return -1
}

// listing is one listing of one thread.
type listing struct {
	g      *Guild
	m      bridge.Mirror
	at     spot
	accept func(context.Context, bridge.Inbound) error
	known  map[string]bridge.Copy
	// from: what is listed came after it.
	from   string
	seen   map[string]bool
	newest string
	// forum: the first post is in the thread itself; elsewhere it stands in the channel,
	// and rootGone says that it was asked for and is not there.
	forum, rootGone bool
	// unopened: the first post is there, and no thread was opened on it.
	unopened bool
	// wholly: something may have been missed since the last look back.
	wholly bool
	asks   int // about reactions
}

// run feeds all of the thread, oldest first.
func (l *listing) run(ctx context.Context) error {
	parent, ok := l.g.places.get(l.m.Place.Channel)
	if !ok {
		var err error
		if parent, err = l.g.lookUp(ctx, l.m.Place.Channel); err != nil {
			return err
		}
	}
	l.forum = hasPosts(parent.kind)
	if !l.forum && (l.wholly || l.m.Seen == "") {
		if err := l.root(ctx); err != nil {
			return err
		}
	}
	after := l.from
	for {
		page, err := l.page(ctx, after)
		if err != nil {
			return err
		}
		for i := range page {
			if err := l.show(ctx, l.at, &page[i]); err != nil {
				return err
			}
		}
		if len(page) < pageSize {
			break
		}
		after = page[len(page)-1].ID
	}
	if len(l.seen) == 0 {
		return l.g.mayRead(ctx, l.m.Place.Channel)
	}
	return nil
}

// page asks for the messages that follow one, oldest first; Discord gives the newest
// of the page first.
func (l *listing) page(ctx context.Context, after string) ([]message, error) {
	var page []message
	err := l.g.ask(ctx, request{
		method: http.MethodGet, path: "channels/" + l.m.Thread + "/messages", channel: l.m.Place.Channel,
		query: url.Values{"after": {after}, "limit": {strconv.Itoa(pageSize)}},
	}, &page)
	if err != nil {
		return nil, fmt.Errorf("list a thread: %w", asThread(err))
	}
	for i := range page {
		if !laterID(page[i].ID, after) {
			return nil, &bridge.SurfaceError{Class: bridge.Transient, Code: "unexpected_page"}
		}
		page[i].ChannelID = l.m.Thread
	}
	slices.SortFunc(page, func(a, b message) int { return compareIDs(a.ID, b.ID) })
	return page, nil
}

// asThread makes "unknown channel" of a thread's own address the loss of the thread.
func asThread(err error) error {
	var se *bridge.SurfaceError
	if errors.As(err, &se) && se.Code == codeUnknownChannel {
		lost := *se
		lost.Code = bridge.ParkedThread
		return &lost
	}
	return err
}

// root shows the message that the thread was started from, which stands in the channel
// before it and has the thread's id.
// https://docs.discord.com/developers/topics/threads
func (l *listing) root(ctx context.Context) error {
	var m message
	err := l.g.ask(ctx, request{
		method: http.MethodGet, path: "channels/" + l.m.Place.Channel + "/messages/" + l.m.Thread, channel: l.m.Place.Channel,
	}, &m)
	if codeOf(err) == codeUnknownMessage {
		l.rootGone = true // or there never was one
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the message before a thread: %w", err)
	}
	m.ChannelID, l.unopened = l.m.Place.Channel, m.Thread == nil
	return l.show(ctx, spot{channel: l.m.Place.Channel}, &m)
}

// show takes one message of the listing: as a post, or as an edit of a copy that is
// known with an older stamp.
func (l *listing) show(ctx context.Context, at spot, m *message) error {
	if !validID(m.ID) || l.seen[m.ID] {
		return nil
	}
	l.seen[m.ID] = true
	in, skip := l.translate(ctx, at, m)
	if skip == "" {
		if err := l.accept(ctx, in); err != nil {
			return err
		}
	}
	if skip == "" || skip == skipKnown {
		// What was taken before counts, so that a listing after a restart stops where we did.
		l.g.heard(l.m.Thread, m)
	}
	if laterID(m.ID, l.newest) {
		l.newest = m.ID
	}
	c := l.known[m.ID]
	if l.wholly && (skip == "" && !in.Ours || c.Message != 0 && !c.Gone) {
		return l.reactions(ctx, at, m)
	}
	return nil
}

func (l *listing) translate(ctx context.Context, at spot, m *message) (bridge.Inbound, string) {
	c, known := l.known[m.ID]
	switch {
	case !known:
		return l.g.listed(ctx, at, m)
	case c.Gone || c.Ours() || m.Edited == nil:
		return bridge.Inbound{}, skipKnown
	case !laterID(strconv.FormatInt(m.Edited.UnixMicro(), 10), cmp.Or(c.Rev, "0")):
		return bridge.Inbound{}, skipKnown
	}
	return l.g.edited(ctx, at, m)
}

// deletes accepts the delete of every known copy that a complete listing lacks.
func (l *listing) deletes(ctx context.Context, before time.Time) error {
	if !l.proves() {
		return nil
	}
	var gone []string
	for ref, c := range l.known {
		switch {
		case c.Gone || l.seen[ref] || !validID(ref) || idMicros(ref) > before.UnixMicro():
			continue
		case ref == l.m.Thread && !l.forum && !l.rootGone, (ref != l.m.Thread || l.forum) && !laterID(ref, l.from):
			continue // it was not looked for
		}
		gone = append(gone, ref)
	}
	if len(gone) == 0 {
		return nil
	}
	// A permission that was taken away between two pages ends the list as well.
	if err := l.g.mayRead(ctx, l.m.Place.Channel); err != nil {
		return err
	}
	for _, ref := range gone {
		if err := l.accept(ctx, l.g.gone(l.at, ref)); err != nil {
			return err
		}
	}
	return nil
}

// proves reports whether the listing shows something that we know to be there.
func (l *listing) proves() bool {
	if l.seen[l.m.Thread] {
		return true
	}
	for ref := range l.known {
		if l.seen[ref] {
			return true
		}
	}
	return false
}

// mayRead confirms that what a list does not show is not there: without the permission
// Discord answers with an empty list.
// https://docs.discord.com/developers/resources/message#get-channel-messages
func (g *Guild) mayRead(ctx context.Context, channel string) error {
	c, err := g.askChannel(ctx, channel)
	if err != nil {
		return err
	}
	r, err := g.rights(ctx)
	if err != nil {
		return err
	}
	have := permissionsIn(g.id, g.self().user, r.has, r.roles, c.Overwrites)
	if have&mayView == 0 || have&mayHistory == 0 {
		return g.lacks(channel, []string{"View Channel", "Read Message History"})
	}
	return nil
}
