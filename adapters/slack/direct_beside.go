package slack

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

const (
	// besideRest is how long somebody is not told again that they write beside the threads.
	besideRest = time.Hour
	maxBeside  = 4096
	// shownBeside is how many threads they are shown.
	shownBeside = 5
)

// besideThreads tells somebody who writes in a direct message, and not in a thread of
// it, that nobody hears them, and where they would be heard. Which conversation they
// mean is not guessed: their words could reach the wrong ticket. What they wrote is no
// answer to anything and stays theirs: it is neither recorded nor shown to an admin.
func (a *Adapter) besideThreads(e *event) {
	channel, user := string(e.Channel), string(e.User)
	if a.threadsIn == nil || user == "" || !a.toldBeside.first(channel+"/"+user, a.now()) {
		return
	}
	to := answer{in: bridge.Inbound{Source: bridge.Source{Channel: channel}, Author: a.account(user)}}
	queued := a.later(func(ctx context.Context) error {
		text, err := a.whereHeard(ctx, channel)
		if err == nil && text != "" {
			err = a.tell(ctx, to, &content{text: text})
		}
		if err != nil {
			a.toldBeside.forget(channel + "/" + user) // the next message is another chance
		}
		return err
	})
	if !queued {
		a.toldBeside.forget(channel + "/" + user)
	}
}

// whereHeard says where in a direct message one is heard; nothing when no conversation
// was ever held there.
func (a *Adapter) whereHeard(ctx context.Context, channel string) (string, error) {
	open, closed, err := a.threadsIn(ctx, a.place(channel))
	if err != nil {
		return "", fmt.Errorf("find the threads of a direct message: %w", err)
	}
	switch {
	case len(open) > 0:
		return "Nobody reads what is written here, outside the threads, and it is not passed on. " +
			"Write it again in the thread that you mean:" + a.threadLinks(channel, open), nil
	case len(closed) > 0:
		return "Nobody reads what is written here, outside the threads, and no conversation is open. " +
			"A reply in the thread of one that was closed opens it again:" + a.threadLinks(channel, closed), nil
	}
	return "", nil
}

// threadLinks lists threads as links, those that do not fit as their number.
func (a *Adapter) threadLinks(channel string, threads []bridge.Mirror) string {
	var b strings.Builder
	for i, m := range threads {
		if i == shownBeside {
			fmt.Fprintf(&b, "\n• and %d more", len(threads)-i)
			break
		}
		fmt.Fprintf(&b, "\n• <%s|the conversation on ticket #%d>", a.permalink(channel, m.Thread), m.ID.Ticket)
	}
	return b.String()
}

// permalink is the address of a message.
// https://docs.slack.dev/reference/methods/chat.getPermalink
func (a *Adapter) permalink(channel, ts string) string {
	return cmp.Or(a.self().base, "https://app.slack.com") + "/archives/" + channel + "/p" + strings.Replace(ts, ".", "", 1)
}

// lately remembers what was done within besideRest.
type lately struct {
	mu   sync.Mutex
	done map[string]time.Time
}

// first reports whether it was not done lately, and takes it for done.
func (l *lately) first(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, ok := l.done[key]; ok && now.Sub(at) < besideRest {
		return false
	}
	if l.done == nil || len(l.done) >= maxBeside {
		l.done = map[string]time.Time{}
	}
	l.done[key] = now
	return true
}

func (l *lately) forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.done, key)
}
