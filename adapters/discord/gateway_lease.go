package discord

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

var errLeaseLost = errors.New("another daemon holds the gateway")

// leaseName names the lease and the session of the bot's connection.
func (a *Adapter) leaseName() string { return "discord/gateway/" + a.self().user }

// takeTurns holds the connection while this daemon has its lease, and waits for the
// lease otherwise. Two sessions would receive every event twice.
func (a *Adapter) takeTurns(ctx context.Context) error {
	if a.ready(ctx) != nil {
		return nil
	}
	for ctx.Err() == nil {
		begun := time.Now()
		fence, ok, err := a.Leases.Acquire(ctx, a.leaseName(), a.Timing.Lease)
		switch {
		case err != nil && ctx.Err() == nil:
			a.Log.Warn("the gateway's lease was not asked for", "err", err)
		case ok:
			a.lead(ctx, fence, begun.Add(a.Timing.Lease))
		default:
			a.watchGaps(ctx)
		}
		// Whoever holds it may crash: then it ends by itself, and is taken within an
		// eighth of its length.
		a.rest(ctx, a.Timing.Lease/8)
	}
	return nil
}

// lead follows the gateway until the lease is lost or ctx ends. The session is saved
// before the lease is given up, so that who takes it resumes where we ended.
func (a *Adapter) lead(ctx context.Context, fence bridge.Fence, until time.Time) {
	a.leased.Store(until.UnixNano())
	held, lose := context.WithCancelCause(ctx)
	defer lose(nil)
	var beside sync.WaitGroup
	beside.Go(func() { a.renew(held, lose, fence, until) })
	beside.Go(func() { a.place.keepSaved(held, a) })
	a.Log.Info("this daemon holds the gateway")
	a.follow(held)
	lost := errors.Is(context.Cause(held), errLeaseLost)
	lose(nil)
	beside.Wait()
	if lost {
		a.Log.Warn("the gateway's lease was lost")
		a.Count("lease lost", "gateway")
		return
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.Timing.Lease/2)
	defer cancel()
	a.place.save(last, a)
	if err := a.Leases.Release(last, a.leaseName()); err != nil {
		a.Log.Warn("the gateway's lease was not given up", "err", err)
	}
}

// ours reports whether the lease certainly still lasts. A daemon that was halted wakes
// up with events that another one has accepted long ago, and more since.
func (a *Adapter) ours() bool { return time.Now().UnixNano() < a.leased.Load() }

// renew keeps the lease. It is lost when another daemon has it, or had it meanwhile,
// and, by our own clock, a while before it would run out.
func (a *Adapter) renew(ctx context.Context, lose context.CancelCauseFunc, fence bridge.Fence, until time.Time) {
	every := a.Timing.Lease / 4
	for {
		a.rest(ctx, every)
		if ctx.Err() != nil {
			return
		}
		begun := time.Now()
		ask, cancel := context.WithTimeout(ctx, every)
		now, ok, err := a.Leases.Acquire(ask, a.leaseName(), a.Timing.Lease)
		cancel()
		switch {
		case err == nil && ok && now == fence:
			until = begun.Add(a.Timing.Lease)
			a.leased.Store(until.UnixNano())
		case err == nil, time.Until(until) < every:
			lose(errLeaseLost)
			return
		default:
			a.Log.Warn("the gateway's lease was not renewed", "err", err)
		}
	}
}

// watchGaps learns from the holder's session whether threads have to be listed, since
// a guild's relay may be here while the gateway is elsewhere.
func (a *Adapter) watchGaps(ctx context.Context) {
	p, err := loadPosition(ctx, a.Sessions, a.leaseName())
	if err != nil {
		return // the next look has it
	}
	if old := a.gapsSeen.Swap(p.Gaps); old != p.Gaps {
		a.listAll()
	}
}

// listAll makes the relay list every thread of every guild.
func (a *Adapter) listAll() {
	a.looked.all()
	for _, g := range a.guilds {
		g.reconnected.Store(true)
	}
}
