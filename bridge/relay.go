package bridge

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// RelayStore is the durable state that the relay works on; package store has it.
type RelayStore interface {
	Log
	LeaseStore
	FileStore
	MemberStore
	Behind(ctx context.Context, surface, workspace string, limit int) ([]Mirror, error)
	NextDue(ctx context.Context, surface, workspace string) (time.Time, error)
	Work(ctx context.Context, mirror ID, limit int) (Work, error)
	Parked(ctx context.Context, surface, workspace, channel string) ([]Mirror, error)
	Threads(ctx context.Context, surface, workspace string, closedSince time.Time) ([]Mirror, error)
	Unlisted(ctx context.Context, surface, workspace string, limit int) ([]Mirror, error)
	MirrorCopies(ctx context.Context, mirror ID) ([]Copy, error)
	// AppendAll appends commands in order, in as few transactions as it can, and returns
	// their results in that order.
	AppendAll(ctx context.Context, cmds []Command) ([]Result, error)
}

// LeaseStore keeps who may send to a workspace, and whether it can be sent to.
type LeaseStore interface {
	Acquire(ctx context.Context, name string, ttl time.Duration) (Fence, bool, error)
	Release(ctx context.Context, name string) error
	Block(ctx context.Context, surface, workspace, reason, remedy string) error
	Blocked(ctx context.Context, surface, workspace string) (reason, remedy string, err error)
}

// FileStore keeps the bytes of files and knows which are still to be fetched.
type FileStore interface {
	PendingFiles(ctx context.Context, surface, workspace string, limit int) ([]File, error)
	PutBlob(ctx context.Context, r io.Reader, limit int64) (hash string, size int64, err error)
	OpenBlob(ctx context.Context, hash string) (io.ReadCloser, error)
}

// Port is one workspace of a surface that the relay serves.
type Port struct {
	Surface   Surface
	Workspace string
	// PerChannel is how many threads of one channel may be written at the same
	// time; zero means one, which suits a platform that counts posts per channel.
	PerChannel int
}

func (p Port) lease() string { return p.Surface.Name() + "/" + p.Workspace }

// RelayOptions are the relay's settings. Zero values mean the defaults in brackets.
type RelayOptions struct {
	Store RelayStore
	Desk  Desk
	Bell  *Bell
	Log   *slog.Logger
	// Count is told of every delivery, retry and catch-up, for metrics; may be nil.
	Count func(event string, port string)
	// CountInbound is told what became of everything that a listing showed, as a
	// Receiver's Count is of the rest; may be nil.
	CountInbound func(outcome Outcome, surface string)

	Doubt         time.Duration // how long an unknown outcome is looked for before the post is sent again [30 s]
	ParkUncertain bool          // park instead of sending again: at most once
	LeaseTTL      time.Duration // [30 s]
	CallTimeout   time.Duration // for one call [20 s]
	FileTimeout   time.Duration // for a call or fetch that moves a file [10 min]
	Workers       int           // mirrors written at the same time, per workspace [32]
	Poll          time.Duration // how often to look without being woken [1 s]
	CatchUpEvery  time.Duration // [15 min]
	ProbeEvery    time.Duration // how often parked places are probed [10 min]
	MaxFile       int64         // bytes of a file that is fetched [100 MiB]
}

// Relay brings every mirror that is behind forward, entry by entry, in order.
type Relay struct {
	RelayOptions
	ports []Port

	mu      sync.Mutex
	holders map[string]*holder // by lease
}

// NewRelay returns a relay for the given ports.
func NewRelay(o RelayOptions, ports ...Port) *Relay {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&o.Doubt, 30*time.Second)
	def(&o.LeaseTTL, 30*time.Second)
	def(&o.CallTimeout, 20*time.Second)
	def(&o.FileTimeout, 10*time.Minute)
	def(&o.Poll, time.Second)
	def(&o.CatchUpEvery, 15*time.Minute)
	def(&o.ProbeEvery, 10*time.Minute)
	if o.Workers == 0 {
		o.Workers = 32
	}
	if o.MaxFile == 0 {
		o.MaxFile = 100 << 20
	}
	if o.Count == nil {
		o.Count = func(string, string) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Relay{RelayOptions: o, ports: ports, holders: map[string]*holder{}}
}

// Run serves all ports until ctx ends, then lets the calls under way finish.
func (r *Relay) Run(ctx context.Context) error {
	var g errgroup.Group
	for _, p := range r.ports {
		g.Go(func() error { r.servePort(ctx, p); return nil })
	}
	return g.Wait()
}

// servePort holds the workspace's lease whenever it can and works while it does.
func (r *Relay) servePort(ctx context.Context, p Port) {
	log := r.Log.With("surface", p.Surface.Name(), "workspace", p.Workspace)
	for ctx.Err() == nil {
		start := time.Now()
		fence, ok, err := r.Store.Acquire(ctx, p.lease(), r.LeaseTTL)
		if err != nil && ctx.Err() == nil {
			log.Warn("lease not acquired", "error", err)
		}
		if err != nil || !ok {
			pause(ctx, r.LeaseTTL/5)
			continue
		}
		log.Info("lease acquired", "fence", fence.Number)
		r.hold(ctx, p, fence, start, log)
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime)
		if err := r.Store.Release(end, p.lease()); err != nil {
			log.Warn("lease not released, others wait for its end", "error", err)
		}
		cancel()
	}
}

// releaseTime is how long giving up a lease may take when the daemon stops.
const releaseTime = 5 * time.Second

// hold works on a port while the lease lasts. ctx ending stops new calls; losing
// the lease cancels those under way.
func (r *Relay) hold(ctx context.Context, p Port, fence Fence, since time.Time, log *slog.Logger) {
	calls, lose := context.WithCancelCause(context.WithoutCancel(ctx))
	defer lose(nil)
	stop, halt := context.WithCancel(ctx)
	defer halt()
	h := &holder{
		r: r, p: p, fence: fence, log: log, calls: calls,
		busy: map[ID]bool{}, floor: map[ID]int64{}, channels: map[Place]int{}, held: map[Place]time.Time{},
		relist: map[ID]time.Time{}, missed: map[ID]missed{}, probed: map[ID]time.Time{}, done: make(chan struct{}, 1), recover: make(chan string, 64), changed: make(chan string, 64),
	}
	r.setHolder(p.lease(), h)
	defer r.setHolder(p.lease(), nil)
	h.expire = time.AfterFunc(r.LeaseTTL-time.Since(since), func() { lose(ErrFenced); halt() })
	defer h.expire.Stop()
	h.setExpiry(since.Add(r.LeaseTTL))

	var work, beat sync.WaitGroup
	work.Go(func() { h.dispatch(stop) })
	work.Go(func() { h.catchUp(stop) })
	work.Go(func() { h.catchUpNew(stop) })
	work.Go(func() { h.fetchFiles(stop) })
	work.Go(func() { h.probeParked(stop) })
	beats, endBeats := context.WithCancel(calls)
	beat.Go(func() { h.heartbeat(beats, lose, halt) })
	work.Wait()
	endBeats()
	beat.Wait()
}

func (r *Relay) setHolder(lease string, h *holder) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if h == nil {
		delete(r.holders, lease)
		return
	}
	r.holders[lease] = h
}

// Recovered tells the relay that a channel may work again, so that its parked
// mirrors are probed now. When another daemon holds the workspace, that one finds
// out by its own probes.
func (r *Relay) Recovered(p Place) {
	r.mu.Lock()
	h := r.holders[p.Surface+"/"+p.Workspace]
	r.mu.Unlock()
	if h == nil {
		return
	}
	select {
	case h.recover <- p.Channel:
	default: // many at once: the periodic probe has them
	}
}

// Blocked tells the relay that nothing can be sent to a workspace until a probe
// succeeds, when its adapter hears so before a call fails.
func (r *Relay) Blocked(p Place, reason string) {
	r.mu.Lock()
	h := r.holders[p.Surface+"/"+p.Workspace]
	r.mu.Unlock()
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.blocked = reason
	h.held[Place{}] = time.Now().Add(blockedProbe)
}

// holder is the holder of one workspace's lease: its sends, catch-up and budgets.
type holder struct {
	r     *Relay
	p     Port
	fence Fence
	log   *slog.Logger
	calls context.Context // ends when the lease is lost: every outward call is made under it

	expire *time.Timer

	mu       sync.Mutex
	expires  time.Time // on the monotonic clock
	busy     map[ID]bool
	floor    map[ID]int64 // no cursor can be lower: a read that says so is stale
	channels map[Place]int
	held     map[Place]time.Time
	blocked  string
	trusted  trusted

	// Only catchUp touches these.
	relist map[ID]time.Time // new threads that were listed, and until when that counts
	missed map[ID]missed
	probed map[ID]time.Time // when a probe resumed a mirror

	pool    sync.WaitGroup
	done    chan struct{} // a worker ended
	recover chan string   // a channel that may work again
	changed chan string   // a channel that others may read now
}

func (h *holder) setExpiry(t time.Time) {
	h.mu.Lock()
	h.expires = t
	h.mu.Unlock()
}

// leased reports whether the lease certainly still lasts.
func (h *holder) leased() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Before(h.expires)
}

// heartbeat renews the lease three times in its life. When that fails until the
// end, expire ends everything.
func (h *holder) heartbeat(ctx context.Context, lose context.CancelCauseFunc, halt func()) {
	for pause(ctx, h.r.LeaseTTL/3) {
		start := time.Now()
		fence, ok, err := h.r.Store.Acquire(ctx, h.p.lease(), h.r.LeaseTTL)
		switch {
		case err != nil:
			h.log.Warn("lease not renewed", "error", err)
		case !ok || fence != h.fence:
			h.log.Warn("lease lost to another daemon")
			lose(ErrFenced)
			halt()
			return
		default:
			h.setExpiry(start.Add(h.r.LeaseTTL))
			h.expire.Reset(h.r.LeaseTTL - time.Since(start))
		}
	}
}

// pause waits, and reports false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// protect turns a panic of a surface's code into an error, so that one poisoned
// mirror does not end the daemon, at this start and at every next one.
func (h *holder) protect(err *error) {
	if v := recover(); v != nil {
		h.log.Error("the surface's code panicked", "panic", v, "stack", string(debug.Stack()))
		*err = &SurfaceError{
			Class: Gone, Code: ParkedDefect, Uncertain: true,
			Remedy: "This is a defect of the daemon. Report the log line with the stack, then resume the mirror.",
			Err:    fmt.Errorf("panic: %v", v),
		}
	}
}

// probe asks whether posts to a place would work now.
func (h *holder) probe(ctx context.Context, p Place) (err error) {
	defer h.protect(&err)
	ctx, cancel := context.WithTimeoutCause(ctx, h.r.CallTimeout, errTooLong)
	defer cancel()
	return h.p.Surface.Probe(ctx, p)
}
