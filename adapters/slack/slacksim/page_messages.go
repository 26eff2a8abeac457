package slacksim

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/adapters/chat/simpage"
)

func (s *Sim) viewMessages(v *pageView, ch *channel, as string) {
	// The page is for reading, not for history: the last messages suffice.
	recent := ch.roots[max(0, len(ch.roots)-200):]
	for _, m := range recent {
		v.Messages = append(v.Messages, s.viewMessage(ch, m, as, v.ThreadTS))
	}
	if parent := ch.byTS[v.ThreadTS]; parent != nil {
		v.Thread = append(v.Thread, s.viewMessage(ch, parent, as, v.ThreadTS))
		for _, m := range parent.replies {
			v.Thread = append(v.Thread, s.viewMessage(ch, m, as, v.ThreadTS))
		}
	}
	for _, e := range s.ephemerals {
		if e.user != as || e.channel != ch {
			continue
		}
		shown := s.viewMessage(ch, e.message, as, v.ThreadTS)
		shown.Ephemeral = true
		if e.thread != "" && e.thread == v.ThreadTS {
			v.Thread = append(v.Thread, shown)
		} else if e.thread == "" {
			v.Messages = append(v.Messages, shown)
		}
	}
	for i := range v.Thread {
		v.Thread[i].InThread = true
	}
	// Ids are unique in a page: a message shown twice keeps its own where a
	// permalink leads.
	if v.Thread != nil {
		v.Thread[0].Anchor = "t-" + v.ThreadTS
	}
	for i := range v.Messages {
		if v.Messages[i].Broadcast {
			v.Messages[i].Anchor = "c-" + v.Messages[i].TS
		}
	}
	slices.SortStableFunc(v.Messages, byStamp)
	slices.SortStableFunc(v.Thread, byStamp)
}

func byStamp(a, b viewMessage) int { return strings.Compare(a.TS, b.TS) }

func (s *Sim) viewMessage(ch *channel, m *message, as, thread string) viewMessage {
	micros, _ := parseTS(m.ts)
	at := time.UnixMicro(micros)
	v := viewMessage{
		Anchor: "m-" + m.ts, TS: m.ts, Channel: ch.id, As: as, Thread: thread, AuthorID: m.author(),
		Author: s.authorName(m), Avatar: s.viewPicture(m),
		App: m.botID != "", Mine: m.user == as && m.botID == "", System: isSystem(m.subtype),
		Deleted: m.subtype == "tombstone", Edited: m.edited != nil, Broadcast: m.broadcast,
		Time: at.Format("15:04"), Stamp: at.UTC().Format(time.RFC3339), Text: unescape(m.text), Shown: thread,
	}
	v.Body = s.render(m)
	if s.scopes["commands"] {
		v.Shortcuts = s.opts.Shortcuts
	}
	for _, f := range m.files {
		w := s.wireFile(f)
		v.Files = append(v.Files, viewFile{Name: f.name, Size: simpage.Size(f.size), URL: strings.TrimPrefix(w.Permalink, s.base)})
	}
	for _, r := range m.reactions {
		var who []string
		for _, id := range r.Users {
			who = append(who, s.displayName(id))
		}
		v.Reactions = append(v.Reactions, viewReaction{
			Name: r.Name, Sign: emojiSign(r.Name), Count: r.Count, Mine: slices.Contains(r.Users, as), Who: strings.Join(who, ", "),
		})
	}
	switch n := len(m.replies); n {
	case 0:
	case 1:
		v.Replies = "1 reply"
	default:
		v.Replies = fmt.Sprintf("%d replies", n)
	}
	root := m.ts
	if m.isReply() {
		root = m.threadTS
	}
	v.ThreadURL = "/?" + url.Values{"as": {as}, "channel": {ch.id}, "thread": {root}}.Encode()
	return v
}
