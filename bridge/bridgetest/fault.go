package bridgetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// Fault is what goes wrong when an outside step is passed. The zero Fault is none.
type Fault struct {
	// Err is what the step answers.
	Err error
	// Applied: the step takes its effect all the same.
	Applied bool
	// Late: the effect comes that long after the answer.
	Late time.Duration
	// Slow: the answer comes that long after the effect.
	Slow time.Duration
	// Hang: there is no answer before the call's deadline.
	Hang bool
	// Panic: the adapter's code panics instead of answering.
	Panic bool
	// Crash: the process dies at this very step.
	Crash bool
}

// errLost is the cause of the faults that stand for a broken line.
var errLost = errors.New("connection lost")

// ErrCrashed is what a process that is dead gets from every outside step.
var ErrCrashed = errors.New("the process has crashed")

func trouble(e bridge.SurfaceError) Fault { return Fault{Err: &e} }

// Refused is a call that certainly had no effect.
func Refused() Fault {
	return trouble(bridge.SurfaceError{Class: bridge.Transient, Code: "unavailable", Err: errLost})
}

// Lost is a call that never arrived, though nobody can tell.
func Lost() Fault {
	return trouble(bridge.SurfaceError{Class: bridge.Transient, Uncertain: true, Code: "timeout", Err: errLost})
}

// Unanswered is a call that took effect and whose answer was lost.
func Unanswered() Fault { f := Lost(); f.Applied = true; return f }

// Delayed is a call that seems lost and takes effect after d.
func Delayed(d time.Duration) Fault { f := Lost(); f.Late = d; return f }

// Slowly is a call that is answered well, after d.
func Slowly(d time.Duration) Fault { return Fault{Applied: true, Slow: d} }

// Hung is a call that is never answered; applied says whether it took effect.
func Hung(applied bool) Fault { return Fault{Hang: true, Applied: applied} }

// Limited is a call that the platform refuses until d has passed.
func Limited(d time.Duration) Fault {
	return trouble(bridge.SurfaceError{Class: bridge.RateLimited, After: d, Code: "ratelimited"})
}

// Unshowable is a call that can never succeed.
func Unshowable() Fault {
	return trouble(bridge.SurfaceError{Class: bridge.Rejected, Code: "invalid_blocks"})
}

// Archived is a call to a channel that nobody can write to any more.
func Archived() Fault {
	return trouble(bridge.SurfaceError{Class: bridge.Gone, Code: "is_archived", Remedy: remedyArchived})
}

// Revoked is a call with a token that was taken back.
func Revoked() Fault {
	return trouble(bridge.SurfaceError{Class: bridge.Unauthorized, Code: "token_revoked", Remedy: remedyRevoked})
}

// Panics is a call in which the adapter's own code breaks.
func Panics() Fault { return Fault{Panic: true} }

// CrashBefore is the process dying before the step takes effect, CrashAfter right after.
func CrashBefore() Fault { return Fault{Crash: true} }

// CrashAfter is the process dying when the step has taken effect and before it is known.
func CrashAfter() Fault { return Fault{Crash: true, Applied: true} }

const (
	remedyArchived = "Unarchive the channel, or map the group to another one."
	remedyRevoked  = "Install the app again and put its new token into the settings."
)

// Faults is the script of what goes wrong in a world. A step is named by words,
// such as "deliver post" or "append Settle"; a rule for "deliver" meets all
// deliveries, one for "read" all reads of the database.
type Faults struct {
	mu     sync.Mutex
	rules  []rule
	at     map[int]Fault
	passed []string
	hit    []string
}

type rule struct {
	step  string
	what  Fault
	times int
}

// Next makes the next times passes of a step go wrong, times < 0 all of them.
func (f *Faults) Next(step string, times int, what Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = append(f.rules, rule{step, what, times})
}

// At makes the n-th step that is passed, counted from 1, go wrong, whichever it is.
func (f *Faults) At(n int, what Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.at == nil {
		f.at = map[int]Fault{}
	}
	f.at[n] = what
}

// Hit returns which steps the faults of At met.
func (f *Faults) Hit() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.hit...)
}

// Passed returns the steps passed, in order.
func (f *Faults) Passed() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.passed...)
}

// Clear ends all faults.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules, f.at = nil, nil
}

// pass counts a step and says what goes wrong with it.
func (f *Faults) pass(step string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.passed = append(f.passed, step)
	if what, ok := f.at[len(f.passed)]; ok {
		f.hit = append(f.hit, step)
		return what
	}
	return f.rule(step)
}

// read says what goes wrong with a read of the database, which At does not count.
func (f *Faults) read() Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rule("read")
}

// rule uses up a pass of the first rule for a step. The caller holds the lock.
func (f *Faults) rule(step string) Fault {
	for i := range f.rules {
		r := &f.rules[i]
		if r.times != 0 && (step == r.step || strings.HasPrefix(step, r.step+" ")) {
			r.times--
			return r.what
		}
	}
	return Fault{}
}

// Life is one life of the daemon's process. What it does to the outside goes
// through it, so that a process that is dead does nothing more.
type Life struct {
	mu   sync.Mutex
	dead chan struct{}
	end  bool
}

// NewLife returns a life that has not ended.
func NewLife() *Life { return &Life{dead: make(chan struct{})} }

// Kill ends the life at this instruction.
func (l *Life) Kill() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.end {
		l.end = true
		close(l.dead)
	}
}

// Dead returns a channel that is closed when the life has ended.
func (l *Life) Dead() <-chan struct{} { return l.dead }

func (l *Life) over() bool {
	select {
	case <-l.dead:
		return true
	default:
		return false
	}
}

// step runs an outside step of a life under the faults: effect is what it does
// to the world, once, and its answer.
func step[T any](ctx context.Context, l *Life, f *Faults, name string, effect func() (T, error)) (T, error) {
	var none T
	if l.over() {
		return none, ErrCrashed
	}
	what := f.pass(name)
	if what.Crash && !what.Applied {
		l.Kill()
		return none, ErrCrashed
	}
	wrong := what != Fault{}
	var answer T
	var err error
	if !wrong || what.Applied {
		answer, err = effect()
	}
	switch {
	case what.Late > 0:
		time.AfterFunc(what.Late, func() { _, _ = effect() })
	case what.Crash:
		l.Kill()
	}
	switch {
	case l.over():
		return none, ErrCrashed
	case what.Panic:
		panic(fmt.Sprintf("scripted panic in %s", name))
	case what.Hang:
		select {
		case <-ctx.Done():
			return none, fmt.Errorf("%s: %w", name, context.Cause(ctx))
		case <-l.dead:
			return none, ErrCrashed
		}
	case what.Slow > 0:
		select {
		case <-ctx.Done():
			return none, fmt.Errorf("%s: %w", name, context.Cause(ctx))
		case <-l.dead:
			return none, ErrCrashed
		case <-time.After(what.Slow):
		}
	case what.Err != nil:
		return none, what.Err
	}
	return answer, err
}
