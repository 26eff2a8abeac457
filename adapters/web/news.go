package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

const (
	newsGap     = time.Second
	newsMost    = 5   // messages that are told one by one; more are only counted
	newsExcerpt = 140 // runes of what was said
)

// newsFeed tells one person's browser how much is unread and what came. All tabs of a
// browser share one, which its script sees to, so that nothing is told twice.
type newsFeed struct {
	s       *Server
	me      me
	upto    time.Time
	mark    uint64
	unread  int64
	told    map[bridge.ID]time.Time // lately: two looks overlap
	counted time.Time
}

// notification is what a browser tells of one message.
type notification struct {
	ID   string `json:"id"`
	What string `json:"what"`
	Text string `json:"text"`
	URL  string `json:"url"`
}

// newsEvent is one event of the feed. Page and Browser say how the person wants to be told.
type newsEvent struct {
	Unread   int64          `json:"unread"`
	Messages []notification `json:"messages,omitempty"`
	Page     bool           `json:"page,omitempty"`
	Browser  bool           `json:"browser,omitempty"`
}

func (f *newsFeed) wake() <-chan struct{} { return f.s.o.Bell.Any() }
func (f *newsFeed) at() int64             { return bridge.Micros(f.upto) }
func (f *newsFeed) gap() time.Duration    { return newsGap }
func (f *newsFeed) again() time.Duration  { return seldom }

// newsStream tells a browser what is new for whoever is signed in there.
func (s *Server) newsStream(w http.ResponseWriter, r *http.Request) error {
	after, err := positionOf(r)
	if err != nil {
		return err
	}
	// Who was away for long is not told of everything that came meanwhile one by one.
	from := bridge.FromMicros(max(after, bridge.Micros(s.now().Add(-time.Minute))))
	return s.sendStream(w, r, &newsFeed{s: s, me: whoIs(r), upto: from, unread: -1, told: map[bridge.ID]time.Time{}})
}

// unreadCount answers the script of a page on which somebody has read something.
func (s *Server) unreadCount(w http.ResponseWriter, r *http.Request) error {
	n, err := s.store.Unread(r.Context(), whoIs(r).ID, inboxCounted+1)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprint(w, n) // the client may be gone
	return nil
}

// next counts and tells. It reads the messages of the tickets that the bell was rung
// for, and at its first look of those that changed since the page was made. It counts
// when something came; what was read elsewhere, or settled, it finds at the next beat.
func (f *newsFeed) next(ctx context.Context, b *bytes.Buffer) (string, error) {
	now := f.s.now()
	tickets, mark, known := f.s.o.Bell.Since(f.mark)
	from := f.upto.Add(-inboxOverlap)
	if !known {
		st, _, err := f.s.store.Inbox(ctx, bridge.InboxQuery{Person: f.me.ID, View: bridge.InboxUnread, Since: from, Limit: inboxMost})
		if err != nil {
			return "", err
		}
		tickets = map[int64]bool{}
		for id := range st.Tickets {
			tickets[id] = true
		}
	}
	event := newsEvent{}
	fresh, err := f.messages(ctx, &event, tickets, from)
	if err != nil {
		return "", err
	}
	unread := f.unread
	if fresh || unread < 0 || now.Sub(f.counted) >= streamBeat {
		if unread, err = f.s.store.Unread(ctx, f.me.ID, inboxCounted+1); err != nil {
			return "", err
		}
		f.counted = now
	}
	event.Unread = unread
	changed := unread != f.unread || len(event.Messages) > 0
	f.mark, f.upto, f.unread = mark, now, unread
	if !changed {
		return "", nil
	}
	return "news", json.NewEncoder(b).Encode(event)
}

// messages adds what is to be told one by one, as the person wishes, and reports
// whether anything came.
func (f *newsFeed) messages(ctx context.Context, event *newsEvent, tickets map[int64]bool, from time.Time) (fresh bool, err error) {
	news, err := f.s.store.News(ctx, f.me.ID, tickets, from, newsMost)
	if err != nil || len(news) == 0 {
		return false, err
	}
	wish, err := f.s.notices(ctx, f.me.ID)
	if err != nil {
		return false, err
	}
	maps.DeleteFunc(f.told, func(_ bridge.ID, at time.Time) bool { return !at.After(from) })
	var read []bridge.Access
	for _, n := range news {
		if _, told := f.told[n.ID]; told {
			continue
		}
		f.told[n.ID], fresh = n.At, true
		// What came before the page was made is on it.
		if f.mark == 0 && !n.At.After(f.upto) || wish.On(n.Why) == "" || wish.IsQuiet(f.s.now()) {
			continue
		}
		event.Page, event.Browser = wish.Wants(mapping.WayPage), wish.Wants(mapping.WayBrowser)
		event.Messages = append(event.Messages, f.notification(n, wish.Excerpt))
		if wish.Excerpt {
			read = append(read, bridge.Access{Ticket: n.ID.Ticket, Conversation: n.Conversation.Seq})
		}
	}
	if len(read) > 0 {
		err = f.s.store.RecordAccess(ctx, f.me.actor(), bridge.AccessPage, read...)
	}
	return fresh, err
}

func (f *newsFeed) notification(n bridge.News, excerpt bool) notification {
	out := notification{ID: n.ID.String(), URL: "/m/" + n.ID.String()}
	out.What = fmt.Sprintf("%s in #%d %s", cmp.Or(n.Name, "Somebody"), n.ID.Ticket, n.TicketSubject)
	out.Text = n.Subject
	if excerpt {
		out.Text = cmp.Or(shortened(n.Body, newsExcerpt), plural(int64(n.Files), "file", "files"))
	}
	return out
}

// shortened returns the first words of a body, on one line.
func shortened(md string, runes int) string {
	text := strings.Join(strings.Fields(markup.Plain(md)), " ")
	if utf8.RuneCountInString(text) <= runes {
		return text
	}
	cut := string([]rune(text)[:runes])
	if i := strings.LastIndexByte(cut, ' '); i > runes/2 {
		cut = cut[:i]
	}
	return cut + "…"
}
