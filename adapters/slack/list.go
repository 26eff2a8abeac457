package slack

import (
	"context"
	"slices"

	"github.com/sidebridge/sidebridge/bridge"
)

// lookBackMost is how far a listing looks back where listings are cheap.
const lookBackMost = 5000

// lookBack is how many of a thread's last copies a listing covers again, to see
// what became of them while no event told. Slack counts calls and not messages, a
// thousand of them a call for an app of one's own: one call for nearly every thread,
// five for the longest. An app that gets few messages a page, and one page a minute,
// looks back by one page, less a few that came meanwhile. An edit or delete of
// something older is noticed only by its own event.
func (a *Adapter) lookBack() int {
	if a.pageSize >= 100 {
		return lookBackMost
	}
	return max(5, a.pageSize-10)
}

// List implements bridge.Surface. It lists the thread from before what it has
// seen, or before the oldest copy given if that is earlier, since only then an
// edit or delete of it can be noticed.
//
// A copy is found deleted only when the listing was complete, the copy lies
// inside it and is older than Options.Settle, and another copy or the root is
// there: an empty answer proves nothing.
func (a *Adapter) List(ctx context.Context, m bridge.Mirror, known []bridge.Copy, accept func(context.Context, bridge.Inbound) error) (string, error) {
	thread, err := newThreadTS(m.Thread)
	if err != nil {
		return "", &bridge.SurfaceError{Class: bridge.Gone, Code: "no_thread", Err: err}
	}
	if err := a.knowing(ctx); err != nil {
		return "", err
	}
	t := threadList{a: a, channel: m.Place.Channel, thread: thread.ts, known: map[string]bridge.Copy{}, seen: map[string]bool{}, newest: m.Seen}
	t.oldest = a.listFrom(m, known)
	for _, c := range known {
		t.known[c.Ref] = c
	}
	var began int64
	l := listing{a: a, channel: t.channel, thread: thread.ts, oldest: t.oldest}
	for !l.done {
		page, err := l.next(ctx)
		if err != nil {
			return "", err
		}
		// By Slack's clock as its answer has just shown it: ours may have jumped.
		t.shownAt = a.clock.At(a.now()).UnixMicro()
		if began == 0 {
			began = t.shownAt
		}
		for i := range page {
			if err := t.show(ctx, &page[i], accept); err != nil {
				return "", err
			}
		}
	}
	if err := t.deletes(ctx, began-a.settle.Microseconds(), accept); err != nil {
		return "", err
	}
	return t.newest, nil
}

// listFrom returns where to begin, as a ts.
func (a *Adapter) listFrom(m bridge.Mirror, known []bridge.Copy) string {
	if m.Seen == "" {
		return ""
	}
	var refs []int64
	for _, c := range known {
		if us := tsMicros(c.Ref); us > 0 && !c.Gone && c.Ref != m.Thread {
			refs = append(refs, us)
		}
	}
	slices.Sort(refs)
	from := tsMicros(m.Seen) - a.settle.Microseconds()
	if n := len(refs); n > 0 {
		from = min(from, refs[max(0, n-a.lookBack())])
	}
	return microsTS(max(from, 0))
}

// threadList is one listing of one thread.
type threadList struct {
	a       *Adapter
	channel string
	thread  string
	oldest  string
	known   map[string]bridge.Copy
	seen    map[string]bool
	newest  string
	// shownAt is when the present page was shown, in Slack's microseconds.
	shownAt int64
	// blind: Slack withholds messages, so that nothing can be found missing.
	blind bool
}

// show takes one message of the listing: as a post, as an edit of a copy that is
// known with an older stamp, or, for the parent's tombstone, as a delete.
func (t *threadList) show(ctx context.Context, m *message, accept func(context.Context, bridge.Inbound) error) error {
	if t.seen[m.TS] || !validTS(m.TS) || threadOf(m.TS, m.ThreadTS) != t.thread {
		return nil
	}
	if m.hidden() {
		t.blind = true
	}
	c, known := t.known[m.TS]
	in, skip := t.translate(ctx, m, c, known)
	if m.Subtype != "tombstone" {
		t.seen[m.TS] = true
		t.a.noteOwn(t.channel, m)
	}
	if skip == "" {
		if err := accept(ctx, in); err != nil {
			return err
		}
	}
	if skip == "" || skip == skipKnown {
		// What was taken before counts, so that a listing after a restart stops where we did.
		t.a.heard(t.channel, m)
		if err := t.listReactions(ctx, m, accept); err != nil {
			return err
		}
	}
	if laterTS(m.TS, t.newest) {
		t.newest = m.TS
	}
	return nil
}

const skipKnown = "known"

func (t *threadList) translate(ctx context.Context, m *message, c bridge.Copy, known bool) (bridge.Inbound, string) {
	switch {
	case m.Subtype == "tombstone":
		return bridge.Inbound{}, skipSubtype // deletes has it, when the listing is complete
	case !known && m.TS == t.thread && t.a.isOurs(m):
		return bridge.Inbound{}, skipKnown
	case !known && m.TS == t.thread && t.a.skip(t.channel, m) == skipBot:
		// What a person has attached begins with a bot's words: they are what it is about.
		in := t.a.said(ctx, t.channel, m)
		in.Kind = bridge.InPost
		return in, ""
	case !known:
		return t.a.listed(ctx, t.channel, m)
	case c.Gone || c.Ours():
		return bridge.Inbound{}, skipKnown
	case m.Edited == nil || !laterTS(m.Edited.TS, c.Rev):
		return bridge.Inbound{}, skipKnown
	}
	return t.a.edited(ctx, t.channel, m)
}

// deletes accepts the delete of every known copy that a complete listing lacks.
func (t *threadList) deletes(ctx context.Context, before int64, accept func(context.Context, bridge.Inbound) error) error {
	if t.blind || !t.proves() {
		return nil
	}
	for ref, c := range t.known {
		us := tsMicros(ref)
		if c.Gone || t.seen[ref] || us == 0 || us > before || (ref != t.thread && us < tsMicros(t.oldest)) {
			continue
		}
		in, skip := t.a.gone(t.channel, &message{TS: ref, ThreadTS: t.thread})
		if skip != "" {
			continue
		}
		if err := accept(ctx, in); err != nil {
			return err
		}
	}
	return nil
}

// proves reports whether the listing shows something that we know to be there.
func (t *threadList) proves() bool {
	if t.seen[t.thread] {
		return true
	}
	for ref := range t.known {
		if t.seen[ref] {
			return true
		}
	}
	return false
}
