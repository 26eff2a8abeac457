package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
	"github.com/sidebridge/sidebridge/mapping/words"
)

// completion is a name that a composer offers while somebody types it.
type completion struct {
	Name   string // as it is written: @Anders, #billing
	Target string // what it stands for, as markup.Naming has it
	Label  string
	Note   string // what it is, where the name alone does not say so
}

// The most of each kind that a composer offers, and of names that a form may bring.
const (
	mostPeople  = 6
	mostOthers  = 3
	mostNamings = 100
)

// complete finds whom and what somebody may mean who types an @ or a #: people who can
// be called in this conversation first, then others, groups, and channels. It asks the
// database alone.
func (s *Server) complete(w http.ResponseWriter, r *http.Request) error {
	here, err := s.completedIn(r)
	if err != nil {
		return err
	}
	text, channels := r.FormValue("q"), r.FormValue("sign") == "#"
	limit := map[bridge.NamedKind]int{bridge.NamedChannel: mostOthers}
	if !channels {
		limit[bridge.NamedPerson], limit[bridge.NamedAccount], limit[bridge.NamedGroup] = mostPeople, mostOthers, mostOthers
	}
	if len(here) == 0 {
		delete(limit, bridge.NamedChannel) // without a chat there are only those that are mapped
	}
	found, err := s.store.Named(r.Context(), bridge.NameQuery{Text: text, Here: here, Limit: limit})
	if err != nil {
		return err
	}
	out := completions(found, len(here) > 0)
	mapped, err := s.mappedChannels(r.Context(), text)
	if err != nil {
		return err
	}
	out = slices.DeleteFunc(out, func(c completion) bool {
		return slices.ContainsFunc(mapped, func(m completion) bool { return m.Target == c.Target })
	})
	at := slices.IndexFunc(out, func(c completion) bool { return c.Name[0] == '#' })
	if at < 0 {
		at = len(out)
	}
	return s.fragment(w, "completions", slices.Insert(out, at, mapped...))
}

// completedIn returns the workspaces that what is being written would be shown in.
func (s *Server) completedIn(r *http.Request) ([]bridge.Place, error) {
	var places []bridge.Place
	if text := r.FormValue("conversation"); text != "" {
		id, err := bridge.ParseID(text)
		if err != nil {
			return nil, err
		}
		if places, err = s.store.ConversationPlaces(r.Context(), whoIs(r).ID, id); err != nil {
			return nil, err
		}
	} else if to := r.FormValue("to"); to != "" {
		id, err := strconv.ParseInt(r.FormValue("ticket"), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%w: there is no such ticket", bridge.ErrNotFound)
		}
		t, err := s.ticketRow(r.Context(), id)
		if err != nil {
			return nil, err
		}
		asked, err := s.resolve(r.Context(), t, to)
		if err != nil {
			return nil, err
		}
		for _, target := range asked.targets {
			places = append(places, target.Place)
		}
	}
	var here []bridge.Place
	for _, p := range places {
		if p.Channel = ""; !slices.Contains(here, p) {
			here = append(here, p)
		}
	}
	return here, nil
}

// completions names what was found. Chats: what is written is shown in some.
func completions(found []bridge.Named, chats bool) []completion {
	var out []completion
	for _, n := range found {
		name := plainName(n.Name)
		if name == "" {
			continue
		}
		c := completion{Name: "@" + name, Label: n.Name}
		switch n.Kind {
		case bridge.NamedPerson:
			c.Target = "mention:person/" + n.ID
			if chats && !n.Here {
				c.Note = "not in this chat: named, not called"
			}
		case bridge.NamedAccount:
			c.Target = "mention:" + n.Surface + "/" + n.Workspace + "/" + n.ID
			c.Note = surfaceName(n.Surface)
		case bridge.NamedGroup:
			c.Target, c.Note = "group:desk/"+n.ID, "group: named, nobody is called"
		case bridge.NamedChannel:
			c.Name, c.Label, c.Note = "#"+name, "#"+n.Name, surfaceName(n.Surface)+" channel"
			c.Target = "channel:" + n.Place().String()
		}
		out = append(out, c)
	}
	return out
}

// mappedChannels are the channels that rules lead to and that are found by a name.
func (s *Server) mappedChannels(ctx context.Context, text string) ([]completion, error) {
	rules, err := s.store.Rules(ctx)
	if err != nil {
		return nil, err
	}
	var places []bridge.Place
	for _, r := range rules {
		for _, c := range r.Channels {
			if p := placeOf(c); !slices.Contains(places, p) {
				places = append(places, p)
			}
		}
	}
	called, err := s.store.ChannelNames(ctx, places)
	if err != nil {
		return nil, err
	}
	var out []completion
	for _, p := range places {
		name := plainName(called[p])
		if name == "" || !begins(words.Name(called[p]), words.Name(text)) || len(out) == mostOthers {
			continue
		}
		out = append(out, completion{Name: "#" + name, Label: "#" + called[p], Target: "channel:" + p.String(), Note: surfaceName(p.Surface) + " channel"})
	}
	return out, nil
}

// begins reports whether each of what was typed is the beginning of a word of a name.
func begins(name, typed []string) bool {
	for _, t := range typed {
		if !slices.ContainsFunc(name, func(w string) bool { return strings.HasPrefix(w, t) }) {
			return false
		}
	}
	return true
}

// plainName is a name without what Markdown reads, as it is written into a text.
func plainName(name string) string {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune("[]()\\*_`~<>|&#@!\n\r\t", r) {
			return ' '
		}
		return r
	}, markup.CleanName(name))
	return strings.Join(strings.Fields(name), " ")
}

// written returns the words of a form with links in place of the names that its composer
// completed.
func written(r *http.Request) string {
	var list []markup.Naming
	for _, text := range r.PostForm["naming"][:min(len(r.PostForm["naming"]), mostNamings)] {
		target, name, _ := strings.Cut(text, " ")
		list = append(list, markup.Naming{Name: name, Target: target})
	}
	return markup.Link(r.PostFormValue("body"), list)
}

// editable is a body as a composer's box has it, with what its names stand for.
type editable struct {
	Text  string
	Names []markup.Naming
}

func editableBody(body string) editable {
	text, names := markup.Unlink(body)
	return editable{text, names}
}

// previewText shows what somebody has written as others will read it, made of the same
// Markdown by the same means. It changes nothing.
func (s *Server) previewText(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	return s.fragment(w, "written", written(r))
}
