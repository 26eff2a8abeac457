package bridge

import (
	"context"
	"time"
)

// blockedProbe is how long a workspace that refused our token rests between probes.
const blockedProbe = time.Minute

// lookAhead is how many mirrors one look returns, more than there are workers. When
// all of them are busy or held, they may hide others: the next look is twice as
// wide, up to lookMost.
const (
	lookAhead = 512
	lookMost  = 128 * lookAhead
)

// Budgeted is what a surface offers that knows its platform's budgets: how long a
// call would have to wait now, without taking anything from the budget. A wait
// for the channel holds the channel's other mirrors too, and costs no write.
type Budgeted interface {
	Wait(m Mirror, c Call) (wait time.Duration, wholeChannel bool)
}

// dispatch gives mirrors that are behind to workers until ctx ends, then waits
// for the workers.
func (h *holder) dispatch(ctx context.Context) {
	h.loadBlocked(ctx)
	width := lookAhead
	for ctx.Err() == nil {
		rung := h.r.Bell.Any()
		wait := h.r.Poll
		if h.unblocked(ctx) {
			mirrors := h.look(ctx, width)
			next, none := h.start(ctx, mirrors)
			if none && len(mirrors) == width && width < lookMost {
				width *= 2
				continue
			}
			if len(mirrors) < width/2 {
				width = max(lookAhead, width/2)
			}
			wait = min(wait, next, h.untilDue(ctx))
		}
		select {
		case <-ctx.Done():
		case <-rung:
		case <-h.done:
		case <-time.After(max(wait, time.Millisecond)):
		}
	}
	h.pool.Wait()
}

// look reads which mirrors are behind. Floors set before the read begins are
// dropped, since the read cannot be older than what they guard against.
func (h *holder) look(ctx context.Context, limit int) []Mirror {
	h.mu.Lock()
	clear(h.floor)
	h.mu.Unlock()
	mirrors, err := h.r.Store.Behind(ctx, h.p.Surface.Name(), h.p.Workspace, limit)
	if err != nil && ctx.Err() == nil {
		h.log.Warn("mirrors not read", "error", err)
	}
	return mirrors
}

// untilDue returns how long until the next deferred mirror is due.
func (h *holder) untilDue(ctx context.Context) time.Duration {
	due, err := h.r.Store.NextDue(ctx, h.p.Surface.Name(), h.p.Workspace)
	if err != nil || due.IsZero() {
		return h.r.Poll
	}
	if wait := time.Until(due); wait > 0 {
		return wait
	}
	return h.r.Poll // due already: it is busy or held, and its worker will ring
}

// start gives out what may be worked on. It returns how long until a held channel is
// free, and whether it found none to give out although there are workers.
func (h *holder) start(ctx context.Context, mirrors []Mirror) (next time.Duration, none bool) {
	next, none = h.r.Poll, true
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	for _, m := range mirrors {
		if len(h.busy) >= h.r.Workers {
			return next, false
		}
		if until := h.held[m.Place]; until.After(now) {
			next = min(next, until.Sub(now))
			continue
		}
		if h.busy[m.ID] || m.Cursor < h.floor[m.ID] || h.channels[m.Place] >= max(1, h.p.PerChannel) {
			continue
		}
		none = false
		h.busy[m.ID] = true
		h.channels[m.Place]++
		h.pool.Go(func() { h.work(ctx, m) })
	}
	return next, none
}

func (h *holder) work(ctx context.Context, m Mirror) {
	cursor := h.bring(ctx, m.ID)
	h.mu.Lock()
	delete(h.busy, m.ID)
	h.floor[m.ID] = cursor
	if h.channels[m.Place]--; h.channels[m.Place] == 0 {
		delete(h.channels, m.Place)
	}
	h.mu.Unlock()
	select {
	case h.done <- struct{}{}:
	default:
	}
}

// holdChannel lets nothing be sent to a channel before a time.
func (h *holder) holdChannel(p Place, until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if until.After(h.held[p]) {
		h.held[p] = until
	}
}

func (h *holder) loadBlocked(ctx context.Context) {
	reason, _, err := h.r.Store.Blocked(ctx, h.p.Surface.Name(), h.p.Workspace)
	if err != nil {
		h.log.Warn("workspace state not read", "error", err)
	}
	h.mu.Lock()
	h.blocked = reason
	h.mu.Unlock()
}

// block stops all sends of the workspace until a probe succeeds.
func (h *holder) block(ctx context.Context, e *SurfaceError) {
	h.mu.Lock()
	h.blocked = e.Code
	h.mu.Unlock()
	h.log.Error("workspace blocked", "code", e.Code, "remedy", e.Remedy)
	h.r.Count("blocked", h.p.lease())
	if err := h.r.Store.Block(ctx, h.p.Surface.Name(), h.p.Workspace, e.Code, e.Remedy); err != nil {
		h.log.Warn("workspace state not recorded", "error", err)
	}
}

// unblocked reports whether the workspace can be sent to. While it is blocked,
// it is probed at most once in blockedProbe.
func (h *holder) unblocked(ctx context.Context) bool {
	h.mu.Lock()
	blocked, probed := h.blocked, h.held[Place{}]
	if blocked != "" && time.Now().After(probed) {
		h.held[Place{}] = time.Now().Add(blockedProbe)
	}
	h.mu.Unlock()
	if blocked == "" {
		return true
	}
	if time.Now().Before(probed) {
		return false
	}
	place := Place{Surface: h.p.Surface.Name(), Workspace: h.p.Workspace}
	if err := h.probe(ctx, place); err != nil {
		return false
	}
	if err := h.r.Store.Block(ctx, place.Surface, place.Workspace, "", ""); err != nil {
		h.log.Warn("workspace state not recorded", "error", err)
		return false
	}
	h.mu.Lock()
	h.blocked = ""
	h.mu.Unlock()
	h.log.Info("workspace works again")
	return true
}
