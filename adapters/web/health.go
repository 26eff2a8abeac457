package web

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// healthRows is the most rows of each list on the health page.
const healthRows = 200

// healthPage is what an admin has to look after.
type healthPage struct {
	page
	Parked     []mirror
	Late       []mirror // behind, deferred or uncertain
	Blocked    []blockedLine
	Quarantine []quarantineLine
}

// Well reports whether there is nothing to do.
func (p healthPage) Well() bool {
	return len(p.Parked)+len(p.Late)+len(p.Blocked)+len(p.Quarantine) == 0
}

type blockedLine struct {
	Surface, Workspace, Reason, Remedy string
	Since                              time.Time
}

type quarantineLine struct {
	ID, Surface, Reason string
	At                  time.Time
	Size                int64
}

func (s *Server) healthPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	st, err := s.store.Troubled(ctx, healthRows)
	if err != nil {
		return err
	}
	n := names{}
	if err := n.addChannels(ctx, s.store, st); err != nil {
		return err
	}
	p := healthPage{page: s.page(r, "Health", "health")}
	v := newView(st, 0, n, p.Me, s.now())
	for _, m := range v.allMirrors {
		if line := v.mirror(m); line.State == stateParked {
			p.Parked = append(p.Parked, line)
		} else if line.State != stateShown {
			p.Late = append(p.Late, line)
		}
	}
	slices.Reverse(p.Parked) // the newest tickets first
	err = s.store.BlockedWorkspaces(ctx, func(surface, workspace, reason, remedy string, since time.Time) {
		p.Blocked = append(p.Blocked, blockedLine{surfaceName(surface), s.workspace(surface, workspace), reason, remedy, since})
	})
	if err != nil {
		return err
	}
	err = s.store.Quarantined(ctx, healthRows, func(id string, at time.Time, surface, reason string, size int64) {
		p.Quarantine = append(p.Quarantine, quarantineLine{id, surfaceName(surface), reason, at, size})
	})
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, "health", p)
	return nil
}

// resumeMirror takes a mirror out of the parked state, once a person has done what its remedy says.
func (s *Server) resumeMirror(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	res, err := s.log.Append(r.Context(), &bridge.Resume{Actor: whoIs(r).actor(), Mirror: id, Reason: "by hand"})
	if err != nil {
		return err
	}
	flash := "Resumed. What waited is sent now, in order."
	if res.Outcome != bridge.Accepted {
		flash = fmt.Sprintf("Nothing to do: %s.", res.Why)
	}
	return s.done(w, r, localPath(r.PostFormValue("next")), flash)
}
