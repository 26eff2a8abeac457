package web

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
)

// names turns the ids that rows and entries hold into what people call things.
type names struct {
	groups   map[string]string
	channels map[bridge.Place]string
	people   map[string]string
	subjects map[int64]string // of one ticket's conversations
	// reach has in which workspaces those can be called who take part in its conversations.
	reach map[string][]bridge.Place
}

// namesOf reads the names that a ticket's pages need.
func (s *Server) namesOf(ctx context.Context, st *bridge.State) (names, error) {
	n := names{people: map[string]string{}}
	var err error
	if n.groups, err = s.store.Groups(ctx); err != nil {
		return n, err
	}
	if err := n.addPeople(ctx, s.store); err != nil {
		return n, err
	}
	if err := n.addReach(ctx, s.store, st); err != nil {
		return n, err
	}
	return n, n.addChannels(ctx, s.store, st)
}

func (n *names) addPeople(ctx context.Context, p People) error {
	for _, disabled := range []bool{true, false} {
		people, err := p.People(ctx, disabled)
		if err != nil {
			return err
		}
		for _, k := range people {
			n.people[k.Person] = k.Name
		}
	}
	return nil
}

func (n *names) addChannels(ctx context.Context, m Mapping, st *bridge.State) (err error) {
	seen := map[bridge.Place]bool{}
	for _, mirror := range st.Mirrors {
		seen[mirror.Place] = true
	}
	for _, e := range st.Entries {
		if e.Facts.Source != nil {
			seen[e.Facts.Source.Place()] = true
		}
		if e.Facts.Place != nil {
			seen[*e.Facts.Place] = true
		}
	}
	places := make([]bridge.Place, 0, len(seen))
	for p := range seen {
		places = append(places, p)
	}
	n.channels, err = m.ChannelNames(ctx, places)
	return err
}

// person returns somebody's name now, by their id.
func (n names) person(id string) string {
	if id == "" {
		return ""
	}
	return cmp.Or(n.people[id], "somebody")
}

// group returns a group's name. A desk's own group may have no name of ours.
func (n names) group(id string) string { return cmp.Or(n.groups[id], id) }

// place returns what people call a channel, such as "Slack #billing" or "Slack @Anders Holm".
func (n names) place(p bridge.Place) string {
	return surfaceName(p.Surface) + " " + n.channel(p)
}

func (n names) channel(p bridge.Place) string {
	switch name := strings.TrimPrefix(n.channels[p], "#"); {
	case strings.HasPrefix(name, "@"):
		return name // people, in their direct message
	case name != "":
		return "#" + name
	}
	return p.Channel
}

// surfaceName returns what people call a surface.
func surfaceName(surface string) string {
	switch surface {
	case bridge.SurfaceWeb:
		return "Sidebridge"
	case "webhook":
		return "Webhook"
	case SurfaceOIDC:
		return "Single sign-on"
	default:
		return titled(surface)
	}
}

// workspace returns what the configuration calls a workspace, or its id.
func (s *Server) workspace(surface, id string) string {
	return cmp.Or(s.o.Workspaces[bridge.Place{Surface: surface, Workspace: id}], id)
}

// sortedNames returns a map's keys by the names they lead to.
func sortedNames(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.ToLower(m[a]), strings.ToLower(m[b])), cmp.Compare(a, b))
	})
	return keys
}
