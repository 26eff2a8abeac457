package web

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// checkTime is how long the check of all connections may take.
const checkTime = 60 * time.Second

// surfacesPage shows what is connected.
type surfacesPage struct {
	page
	Connections []connectionLine
	// Checked is when the findings were made, zero before.
	Checked time.Time
	Wrong   int64
}

type connectionLine struct {
	Surface, Name string
	Channels      []string // the mapped ones
	Findings      []Finding
	Wrong         int64
}

func (s *Server) surfacesPage(w http.ResponseWriter, r *http.Request) error {
	return s.showSurfaces(w, r, false)
}

// checkSurfaces asks every surface about its token, what it was granted, and each mapped
// channel, now.
func (s *Server) checkSurfaces(w http.ResponseWriter, r *http.Request) error {
	return s.showSurfaces(w, r, true)
}

func (s *Server) showSurfaces(w http.ResponseWriter, r *http.Request, check bool) error {
	p := surfacesPage{page: s.page(r, "Surfaces", "surfaces")}
	places, err := s.mapped(r.Context())
	if err != nil {
		return err
	}
	channels, err := s.store.ChannelNames(r.Context(), places)
	if err != nil {
		return err
	}
	n := names{channels: channels}
	p.Connections = make([]connectionLine, len(s.o.Connections))
	ctx, cancel := context.WithTimeout(r.Context(), checkTime)
	defer cancel()
	var wg sync.WaitGroup
	for i, c := range s.o.Connections {
		line := &p.Connections[i]
		line.Surface, line.Name = surfaceName(c.Surface), c.Name
		for _, place := range places {
			if place.Surface == c.Surface {
				line.Channels = append(line.Channels, s.workspace(place.Surface, place.Workspace)+" "+n.channel(place))
			}
		}
		if check {
			wg.Go(func() { line.Findings = c.Check(ctx, places) })
		}
	}
	wg.Wait()
	if check {
		p.Checked = s.now()
	}
	for i := range p.Connections {
		for _, f := range p.Connections[i].Findings {
			if !f.OK {
				p.Connections[i].Wrong++
				p.Wrong++
			}
		}
	}
	s.render(w, r, http.StatusOK, "surfaces", p)
	return nil
}
