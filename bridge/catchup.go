package bridge

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

// catchUp lists threads: those that could not be listed, and all of them after the lease was acquired, after every new
// connection, and every CatchUpEvery.
func (h *holder) catchUp(ctx context.Context) {
	var last time.Time
	for ctx.Err() == nil {
		rung := h.r.Bell.Any()
		if time.Since(last) >= h.r.CatchUpEvery || h.reconnected() {
			h.checkMembers(ctx, "")
			if h.listAll(ctx) {
				last = time.Now()
			} else {
				last = time.Time{}
			}
		}
		h.listMissed(ctx)
		select {
		case <-ctx.Done():
		case <-rung:
			pause(ctx, h.r.Poll/10) // many commits, one look
		case <-time.After(h.r.Poll):
		}
	}
}

// catchUpNew lists the threads that were just bound. It does not wait for a catch-up
// of all threads, which may take long on a platform that limits listings.
func (h *holder) catchUpNew(ctx context.Context) {
	for ctx.Err() == nil {
		rung := h.r.Bell.Any()
		h.listNew(ctx)
		select {
		case <-ctx.Done():
		case <-rung:
			pause(ctx, h.r.Poll/10) // many commits, one look
		case <-time.After(h.r.Poll):
		}
	}
}

// Reconnecting is what a surface offers that receives by a connection of its own:
// it reports, once, that a new connection was made since it was last asked.
type Reconnecting interface {
	Reconnected() bool
}

func (h *holder) reconnected() bool {
	c, ok := h.p.Surface.(Reconnecting)
	return ok && c.Reconnected()
}

// closedWindow is how long after its end a conversation's thread is still listed
// when the whole workspace is.
const closedWindow = 30 * 24 * time.Hour

// listAll lists the threads of the workspace. It reports false when it does not
// even know which there are.
func (h *holder) listAll(ctx context.Context) bool {
	mirrors, err := h.r.Store.Threads(ctx, h.p.Surface.Name(), h.p.Workspace, time.Now().Add(-closedWindow))
	if err != nil {
		h.log.Warn("threads not read for catch-up", "error", err)
		return false
	}
	h.listEach(ctx, mirrors)
	return true
}

// listNew lists the threads that were bound and never listed: an answer may have
// been written before we knew that the thread is ours.
func (h *holder) listNew(ctx context.Context) {
	mirrors, err := h.r.Store.Unlisted(ctx, h.p.Surface.Name(), h.p.Workspace, 100)
	if err != nil && ctx.Err() == nil {
		h.log.Warn("new threads not read", "error", err)
	}
	now := time.Now()
	maps.DeleteFunc(h.relist, func(_ ID, until time.Time) bool { return !until.After(now) })
	mirrors = slices.DeleteFunc(mirrors, func(m Mirror) bool { return !h.relist[m.ID].IsZero() })
	for _, m := range mirrors {
		// Listed, it is not read again; lost, it is not asked for each second.
		h.relist[m.ID] = now.Add(h.r.CatchUpEvery)
		if !h.list(ctx, m) {
			h.relist[m.ID] = time.Now().Add(10 * h.r.Poll)
		}
	}
}

// missed is a thread that could not be listed, and when it is tried again.
type missed struct {
	mirror   Mirror
	attempts int
	due      time.Time
}

// listMissed lists again what could not be listed.
func (h *holder) listMissed(ctx context.Context) {
	var due []Mirror
	for _, m := range h.missed {
		if !m.due.After(time.Now()) {
			due = append(due, m.mirror)
		}
	}
	h.listEach(ctx, due)
}

// failuresInRow is how many listings fail before it is the workspace, not the threads.
const failuresInRow = 3

// listEach lists threads one after the other. One that fails is tried again on the
// retry curve and delays no other; when several fail in a row, the rest waits too.
func (h *holder) listEach(ctx context.Context, mirrors []Mirror) {
	inRow := 0
	for _, m := range mirrors {
		if inRow < failuresInRow && h.list(ctx, m) {
			inRow = 0
			delete(h.missed, m.ID)
			continue
		}
		if ctx.Err() != nil {
			return
		}
		inRow++
		again := h.missed[m.ID]
		h.missed[m.ID] = missed{m, again.attempts + 1, time.Now().Add(retryWait(again.attempts))}
	}
}

// list feeds one thread through the same Append as live events. It waits for
// rate limits, and reports false when the thread has to be listed again.
func (h *holder) list(ctx context.Context, m Mirror) bool {
	for ctx.Err() == nil {
		err := h.listOnce(ctx, m)
		var se *SurfaceError
		switch {
		case err == nil:
			h.r.Count("listed", h.p.lease())
			return true
		case errors.As(err, &se) && se.Class == RateLimited:
			if !pause(ctx, max(se.After, 100*time.Millisecond)) {
				return false
			}
		case errors.As(err, &se) && se.Class == Gone && se.Code != ParkedDefect:
			// The next send, or the probe, says what to do about it.
			h.log.Info("thread not listed", "mirror", m.ID.String(), "code", se.Code)
			return true
		default:
			if ctx.Err() == nil {
				h.log.Warn("thread not listed", "mirror", m.ID.String(), "error", err)
			}
			return false
		}
	}
	return false
}

func (h *holder) listOnce(ctx context.Context, m Mirror) (err error) {
	defer h.protect(&err)
	ctx, cancel := context.WithTimeoutCause(ctx, h.r.FileTimeout, errTooLong)
	defer cancel()
	known, err := h.r.Store.MirrorCopies(ctx, m.ID)
	if err != nil {
		return err
	}
	seen, err := h.listInto(ctx, m, known)
	if err != nil || seen == "" {
		return err
	}
	_, err = h.r.Store.Append(ctx, &MarkSeen{Mirror: m.ID, Seen: seen})
	return err
}

// checkMembers looks who reads restricted conversations in a channel, or in all.
func (h *holder) checkMembers(ctx context.Context, channel string) {
	err := h.r.CheckMembers(ctx, Place{Surface: h.p.Surface.Name(), Workspace: h.p.Workspace, Channel: channel})
	if err != nil && ctx.Err() == nil {
		h.log.Warn("it was not checked who reads restricted conversations", "error", err)
	}
}

// probeParked resumes mirrors whose place can be posted to again, so that an
// admin who mended the cause need not press anything.
func (h *holder) probeParked(ctx context.Context) {
	every := time.NewTicker(h.r.ProbeEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case channel := <-h.recover:
			h.resumeWorking(ctx, channel, true)
		case channel := <-h.changed:
			h.checkMembers(ctx, channel)
			h.resumeWorking(ctx, channel, true, ParkedMembers)
		case <-every.C:
			h.resumeWorking(ctx, "", false)
		}
	}
}

// probeRest is how long a mirror rests that was resumed by a probe and parked
// again, so that a cause which no probe sees does not fill the audit trail.
const probeRest = 6 * time.Hour

// resumeWorking probes the places of parked mirrors, or of those in one channel, and
// resumes those that work: all, or only those that were parked for one reason. Told: the
// surface says that something has changed, so that no mirror rests.
func (h *holder) resumeWorking(ctx context.Context, channel string, told bool, only ...string) {
	mirrors, err := h.r.Store.Parked(ctx, h.p.Surface.Name(), h.p.Workspace, channel)
	if err != nil {
		h.log.Warn("parked mirrors not read", "error", err)
		return
	}
	works := map[Place]bool{}
	for _, m := range mirrors {
		if m.Parked == ParkedUncertain || m.Parked == ParkedThread || m.Parked == ParkedDefect || m.Parked == ParkedImported {
			continue
		}
		if len(only) > 0 && !slices.Contains(only, m.Parked) {
			continue
		}
		readable := m.Parked == ParkedMembers
		if readable && OnlyParticipants(ctx, h.p.Surface, h.r.Store, ID{m.ID.Ticket, m.Conversation}, m.Place) != nil {
			continue
		}
		ok, asked := works[m.Place]
		if !asked {
			ok = h.probe(ctx, m.Place) == nil
			works[m.Place] = ok
		}
		if !ok {
			continue
		}
		if !told && !readable && time.Since(h.probed[m.ID]) < probeRest {
			continue // it was resumed by a probe and parked again: the probe does not see the cause
		}
		h.probed[m.ID] = time.Now()
		if _, err := h.r.Store.Append(ctx, &Resume{Actor: System(), Mirror: m.ID, Reason: "the channel can be posted to again"}); err != nil {
			h.log.Warn("mirror not resumed", "mirror", m.ID.String(), "error", err)
		}
	}
}
