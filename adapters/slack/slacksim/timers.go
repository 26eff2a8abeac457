package slacksim

import (
	"container/heap"
	"slices"
	"time"
)

// after runs fn outside all locks once the pause is over, unless the simulator
// is closed before.
func (q *queue) after(pause time.Duration, fn func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tasks++
	q.plan(pause, task{fn: func() {
		fn()
		q.mu.Lock()
		q.tasks--
		q.mu.Unlock()
		q.sim.changed()
	}})
}

// plan adds a task to the timers. The caller holds mu.
func (q *queue) plan(pause time.Duration, t task) {
	if q.closed {
		return
	}
	t.due = time.Now().Add(pause)
	heap.Push(&q.later, t)
	if q.later[0].due.Equal(t.due) {
		q.timer.Reset(pause)
	}
}

// fire runs the tasks that are due.
func (q *queue) fire() {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return
	}
	q.sim.wg.Add(1)
	defer q.sim.wg.Done()
	var due []task
	for len(q.later) > 0 && !q.later[0].due.After(time.Now()) {
		t := heap.Pop(&q.later).(task)
		if t.delivery == nil {
			due = append(due, t)
			continue
		}
		q.waiting--
		q.ready.push(t.delivery)
	}
	if len(q.later) > 0 {
		q.timer.Reset(time.Until(q.later[0].due))
	}
	q.mu.Unlock()
	q.cond.Broadcast()
	for _, t := range due {
		if q.sim.ctx.Err() == nil {
			t.fn()
		}
	}
}

// task is a delivery that becomes due, or something else to do.
type task struct {
	due      time.Time
	delivery *delivery
	fn       func()
}

func sortTasks(t timers) {
	slices.SortFunc(t, func(a, b task) int { return a.due.Compare(b.due) })
}

// timers is a heap of tasks by time.
type timers []task

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].due.Before(t[j].due) }
func (t timers) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }

// Push is called by container/heap.
func (t *timers) Push(x any) { *t = append(*t, x.(task)) }

// Pop is called by container/heap.
func (t *timers) Pop() any {
	old := *t
	last := old[len(old)-1]
	old[len(old)-1] = task{}
	*t = old[:len(old)-1]
	return last
}

// fifo is a queue of deliveries that gives its memory back.
type fifo struct {
	items []*delivery
	head  int
}

func (f *fifo) len() int         { return len(f.items) - f.head }
func (f *fifo) push(d *delivery) { f.items = append(f.items, d) }

func (f *fifo) pop() *delivery {
	d := f.items[f.head]
	f.items[f.head] = nil
	f.head++
	if f.head == len(f.items) {
		f.items, f.head = f.items[:0], 0
	} else if f.head > 1024 && f.head*2 > len(f.items) {
		f.items = append(f.items[:0], f.items[f.head:]...)
		f.head = 0
	}
	return d
}

// dropLater removes the deliveries among the timers. The caller holds mu.
func (q *queue) dropLater(dropped int) (timers, int) {
	var rest timers
	for _, t := range q.later {
		if t.delivery == nil {
			rest = append(rest, t)
			continue
		}
		q.finish(t.delivery, false)
		dropped++
	}
	// A subsequence of a heap need not be one.
	sortTasks(rest)
	if len(rest) > 0 && !q.closed {
		q.timer.Reset(time.Until(rest[0].due))
	}
	return rest, dropped
}
