package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
)

// reactions are the reactions to a message, as a page shows them.
type reactions struct {
	ID      bridge.ID
	Shown   []reacted
	Offered []string // the emoji to choose from
}

// reacted is one emoji that people gave a message.
type reacted struct {
	Emoji string
	Count int
	Names string // who, as far as it is known
	Mine  bool
}

// offeredEmoji are what a page offers. Any other one comes from the chats.
func offeredEmoji() []string { return []string{"👍", "✅", "👀", "🙏", "🎉", "❤️"} }

// reactions makes the view of what people gave a message, in the order of the first
// of each emoji.
func (v *view) reactions(m *bridge.Message) reactions {
	out := reactions{ID: m.ID, Offered: offeredEmoji()}
	var all []*bridge.Reaction
	for key, r := range v.st.Reactions {
		if key.Message == m.ID {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b *bridge.Reaction) int { return cmp.Compare(a.Seq, b.Seq) })
	names := map[string][]string{}
	for _, r := range all {
		i := slices.IndexFunc(out.Shown, func(s reacted) bool { return s.Emoji == r.Emoji })
		if i < 0 {
			out.Shown = append(out.Shown, reacted{Emoji: r.Emoji})
			i = len(out.Shown) - 1
		}
		s := &out.Shown[i]
		s.Count++
		s.Mine = s.Mine || r.Account == (bridge.Account{Surface: bridge.SurfaceWeb, ID: v.me.ID})
		if e := v.entries[r.Seq]; e != nil {
			names[r.Emoji] = append(names[r.Emoji], authorOf(e).Name)
		}
	}
	for i := range out.Shown {
		out.Shown[i].Names = strings.Join(names[out.Shown[i].Emoji], ", ")
	}
	return out
}

// react gives a message an emoji, or takes it back.
func (s *Server) react(w http.ResponseWriter, r *http.Request) error {
	return s.act(w, r, "m", func(id bridge.ID) bridge.Command {
		return &bridge.React{Actor: whoIs(r).actor(), Message: id, Emoji: r.PostFormValue("emoji"), On: r.PostFormValue("off") == ""}
	})
}
