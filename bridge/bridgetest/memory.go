package bridgetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// Memory is a store in memory: bridge.RelayStore, Directory and Desk over one
// bridge.State with all rows loaded. The decisions are the real ones; only the
// database is not there. Everything committed survives the process that did it:
// Reopen gives the next life's view of the same disk.
type Memory struct {
	disk   *disk
	life   *Life
	faults *Faults
	holder string
	cutOff atomic.Bool
}

var (
	_ bridge.RelayStore = (*Memory)(nil)
	_ bridge.Directory  = (*Memory)(nil)
)

// disk is what survives a crash.
type disk struct {
	mu      sync.Mutex
	st      *bridge.State
	log     map[int64][]*bridge.Entry
	tickets int64
	lives   int
	blobs   map[string][]byte
	leases  map[string]lease
	blocked map[[2]string][2]string
	bell    *bridge.Bell
	// floors and broken watch what must hold after every commit.
	floors map[bridge.ID]int64
	broken []string
}

type lease struct {
	holder  string
	fence   int64
	expires time.Time
}

// NewMemory returns an empty store. Faults may be nil.
func NewMemory(f *Faults) *Memory {
	if f == nil {
		f = &Faults{}
	}
	d := &disk{
		st: bridge.NewState(time.Now()), log: map[int64][]*bridge.Entry{},
		blobs: map[string][]byte{}, leases: map[string]lease{}, blocked: map[[2]string][2]string{},
		bell: bridge.NewBell(), floors: map[bridge.ID]int64{},
	}
	d.st.Rights = Everything{}
	return d.open(f)
}

func (d *disk) open(f *Faults) *Memory {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lives++
	return &Memory{disk: d, life: NewLife(), faults: f, holder: fmt.Sprintf("daemon-%d", d.lives)}
}

// Reopen returns the store as a restart, or another daemon, finds it. The life of
// m goes on unless it was killed.
func (m *Memory) Reopen() *Memory { return m.disk.open(m.faults) }

// With returns a view of the same disk whose steps go wrong by another script; nil
// means none does.
func (m *Memory) With(f *Faults) *Memory {
	if f == nil {
		f = &Faults{}
	}
	return m.disk.open(f)
}

// Life returns the life of the process that has this view of the store.
func (m *Memory) Life() *Life { return m.life }

// Bell rings at every commit.
func (m *Memory) Bell() *bridge.Bell { return m.disk.bell }

// Settings changes how replies on closed conversations and the customer webhook are treated.
func (m *Memory) Settings(reopenOnReply, customerWebhook bool) {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	m.disk.st.ReopenOnReply, m.disk.st.CustomerWebhook = reopenOnReply, customerWebhook
}

// ReactionRules switches the rules on or off by which reactions to a card are gestures.
func (m *Memory) ReactionRules(on bool) {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	m.disk.st.ReactionRules = on
}

// Rights sets what people may do; at the beginning everybody may do everything.
func (m *Memory) Rights(r bridge.Rights) {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	m.disk.st.Rights = r
}

// Everything is the right of everybody to everything.
type Everything struct{}

// MayInvite implements bridge.Rights.
func (Everything) MayInvite(bridge.Actor, bool, string) (bool, string) { return true, "" }

// MayRestrict implements bridge.Rights.
func (Everything) MayRestrict(bridge.Actor) (bool, string) { return true, "" }

// Append decides and commits one command. Its step is named "append" with the
// command's type, an inbound's with its kind: "append Begin", "append Inbound post".
func (m *Memory) Append(ctx context.Context, c bridge.Command) (bridge.Result, error) {
	if err := ctx.Err(); err != nil {
		return bridge.Result{}, context.Cause(ctx)
	}
	var refused error
	res, err := step(ctx, m.life, m.faults, "append "+commandName(c), func() (bridge.Result, error) {
		res, err := m.disk.commit(c)
		refused = err
		return res, err
	})
	var foreign *bridge.SurfaceError
	if errors.As(err, &foreign) {
		err = errDatabase // a database does not speak as a surface does
	}
	if err == nil && refused != nil {
		return res, refused
	}
	return res, err
}

// AppendAll implements bridge.RelayStore: one after the other, until one fails.
func (m *Memory) AppendAll(ctx context.Context, cmds []bridge.Command) ([]bridge.Result, error) {
	var results []bridge.Result
	for _, c := range cmds {
		res, err := m.Append(ctx, c)
		if err != nil {
			return results, err
		}
		results = append(results, res)
	}
	return results, nil
}

var errDatabase = errors.New("the database did not answer")

func commandName(c bridge.Command) string {
	name := fmt.Sprintf("%T", c)[len("*bridge."):]
	if in, ok := c.(*bridge.Inbound); ok {
		name += " " + string(in.Kind)
	}
	return name
}

// commit is one transaction: all of the command or nothing of it. A database loads
// only what the command's Needs name, so the decision on that must be the same.
func (d *disk) commit(c bridge.Command) (bridge.Result, error) {
	d.mu.Lock()
	if create, ok := c.(*bridge.CreateTicket); ok {
		d.tickets++
		create.SetTicket(d.tickets)
	}
	d.st.Now = time.Now()
	for name, l := range d.leases {
		d.st.Fences[name] = l.fence
	}
	d.st.Logs = map[int64][]*bridge.Entry{}
	if n := c.Needs(); n.Log {
		d.st.Logs[n.Ticket] = d.log[n.Ticket]
	}
	less := narrow(d.st, c.Needs())
	res, err := bridge.Decide(d.st, c)
	lessRes, lessErr := bridge.Decide(less, c)
	if what := differ(d.st, less, res, lessRes, err, lessErr); what != "" {
		d.broken = append(d.broken, fmt.Sprintf("%T decides otherwise on the rows that its needs name: %s", c, what))
	}
	touched := d.take(c)
	d.mu.Unlock()
	if len(touched) > 0 {
		d.bell.Ring(touched...)
	}
	return res, err
}

// take moves what the decision added to the log, and checks what must always hold.
func (d *disk) take(c bridge.Command) []int64 {
	for _, e := range d.st.Entries {
		d.log[e.Ticket] = append(d.log[e.Ticket], e)
	}
	for id := range d.st.Changed.Mirrors {
		d.watch(c, d.st.Mirrors[id])
	}
	for id := range d.st.Changed.Erased {
		e := d.entry(id.Ticket, id.Seq)
		e.Words, e.Content, e.Salt, e.Erased = bridge.Words{}, nil, nil, true
	}
	var touched []int64
	for id := range d.st.Changed.Tickets {
		touched = append(touched, id)
	}
	if len(touched) == 0 {
		for id := range d.st.Changed.Mirrors {
			touched = append(touched, id.Ticket)
		}
	}
	d.st.Entries = nil
	d.st.Changed = bridge.NewState(d.st.Now).Changed
	return touched
}

func (d *disk) watch(c bridge.Command, m *bridge.Mirror) {
	complain := func(what string) {
		d.broken = append(d.broken, fmt.Sprintf("%T on mirror %s: %s", c, m.ID, what))
	}
	if m.Cursor < d.floors[m.ID] {
		complain(fmt.Sprintf("the cursor went back from %d to %d", d.floors[m.ID], m.Cursor))
	}
	if m.Cursor > m.Head || m.Head > d.st.Tickets[m.ID.Ticket].Head {
		complain(fmt.Sprintf("cursor %d, head %d, log %d", m.Cursor, m.Head, d.st.Tickets[m.ID.Ticket].Head))
	}
	if m.Parked == "" && m.Remedy != "" {
		complain("it has a remedy and is not parked")
	}
	d.floors[m.ID] = m.Cursor
}

// read runs f under the lock, unless the process is dead.
func (m *Memory) read(ctx context.Context, f func(*bridge.State)) error {
	if m.life.over() {
		return ErrCrashed
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if m.faults.read() != (Fault{}) {
		return errDatabase
	}
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	f(m.disk.st)
	return nil
}
