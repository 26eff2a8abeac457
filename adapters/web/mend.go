package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
)

// mendRoutes are what an admin does about what is not shown, and the settings of who
// may do what.
func (s *Server) mendRoutes(admin func(pattern string, h handler)) {
	admin("GET /admin/health", s.healthPage)
	admin("POST /admin/mirrors/{id}/resume", s.resumeMirror)
	admin("POST /admin/mirrors/{id}/retry", s.retryMirror)
	admin("POST /admin/mirrors/{id}/skip", s.skipEntry)
	admin("POST /admin/mirrors/{id}/rebind", s.rebindMirror)
	admin("GET /admin/permissions", s.permissionsPage)
	admin("POST /admin/permissions", s.savePermissions)
	admin("GET /admin/changes", s.changesPage)
	admin("GET /admin/access", s.accessPage)
	admin("GET /admin/access/export", s.exportAccesses)
	admin("GET /admin/surfaces", s.surfacesPage)
	admin("POST /admin/surfaces/check", s.checkSurfaces)
}

// resumeMirror takes a mirror out of the parked state, once a person has done what its remedy says.
func (s *Server) resumeMirror(w http.ResponseWriter, r *http.Request) error {
	return s.mend(w, r, "Resumed. What waited is sent now, in order.", func(_ context.Context, id bridge.ID) (bridge.Command, error) {
		return &bridge.Resume{Actor: whoIs(r).actor(), Mirror: id, Reason: "by hand"}, nil
	})
}

// retryMirror tries a mirror at once that waits for a time.
func (s *Server) retryMirror(w http.ResponseWriter, r *http.Request) error {
	return s.mend(w, r, "It is tried now.", func(_ context.Context, id bridge.ID) (bridge.Command, error) {
		return &bridge.RetryNow{Actor: whoIs(r).actor(), Mirror: id}, nil
	})
}

// skipLook is how many entries are looked at to find the one that is stuck.
const skipLook = 500

// skipEntry gives up the entry that a mirror does not get past. The form says how far
// the mirror was when it was shown: what is stuck now may be another entry.
func (s *Server) skipEntry(w http.ResponseWriter, r *http.Request) error {
	return s.mend(w, r, "Skipped. A note stands in its place, and the mirror goes on.", func(ctx context.Context, id bridge.ID) (bridge.Command, error) {
		work, err := s.store.Work(ctx, id, skipLook)
		if err != nil {
			return nil, err
		}
		e := work.Stuck()
		if e == nil || r.PostFormValue("cursor") != strconv.FormatInt(work.Mirror.Cursor, 10) {
			return nil, fmt.Errorf("%w: it got on meanwhile: look again", bridge.ErrConflict)
		}
		return &bridge.Skip{Actor: whoIs(r).actor(), Mirror: id, Seq: e.Seq}, nil
	})
}

// rebindMirror lets a conversation go on in another channel, when posts would work there
// and the rule allows that channel.
func (s *Server) rebindMirror(w http.ResponseWriter, r *http.Request) error {
	return s.mend(w, r, "The conversation goes on in the other channel.", func(ctx context.Context, id bridge.ID) (bridge.Command, error) {
		work, err := s.store.Work(ctx, id, 1)
		if err != nil {
			return nil, err
		}
		to, err := s.newPlace(ctx, strings.TrimSpace(r.PostFormValue("channel")), work.Mirror.Rule)
		return &bridge.Rebind{Actor: whoIs(r).actor(), Mirror: id, To: to}, err
	})
}

// newPlace reads the channel that a conversation is to move to.
func (s *Server) newPlace(ctx context.Context, value, rule string) (bridge.Place, error) {
	parts := strings.Split(value, "/")
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" || parts[2] == "" {
		return bridge.Place{}, fmt.Errorf("%w: pick a channel, or write it as surface/workspace/channel", bridge.ErrInvalid)
	}
	to := bridge.Place{Surface: parts[0], Workspace: parts[1], Channel: parts[2]}
	external, err := s.store.ChannelExternal(ctx, to)
	if err != nil {
		return to, err
	}
	rules, err := s.store.Rules(ctx)
	if err != nil {
		return to, err
	}
	allowed := false
	for _, r := range rules {
		allowed = allowed || r.ID == rule && r.AllowExternal
	}
	if external && !allowed {
		return to, fmt.Errorf("%w: that channel is shared with another organisation, which the rule of this conversation does not allow", bridge.ErrForbidden)
	}
	if p := s.probe(ctx, to, ""); !p.Works {
		return to, fmt.Errorf("%w: posts to that channel would not work: %s", bridge.ErrConflict, cmp.Or(p.Remedy, p.Reason))
	}
	return to, nil
}

// mend runs one command about a mirror and comes back to the page it was asked for on.
// What is wrong with it is said on the health page.
func (s *Server) mend(w http.ResponseWriter, r *http.Request, done string, command func(context.Context, bridge.ID) (bridge.Command, error)) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	c, err := command(r.Context(), id)
	var res bridge.Result
	if err == nil {
		res, err = s.log.Append(r.Context(), c)
	}
	if err != nil {
		status, _, text := classify(err)
		if status >= 500 || status == http.StatusNotFound || isFragment(r) {
			return err
		}
		return s.showHealth(w, r, status, healthPage{Error: text})
	}
	if res.Outcome != bridge.Accepted {
		done = fmt.Sprintf("Nothing to do: %s.", res.Why)
	}
	return s.done(w, r, cmp.Or(localPath(r.PostFormValue("next")), "/admin/health"), done)
}
