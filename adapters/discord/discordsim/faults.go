package discordsim

import (
	"slices"
	"strings"
	"time"
)

// Fault changes what one or more REST calls do. With Apply unset the call has no
// effect and fails as described; with Apply set it takes effect first and its answer
// is lost or spoiled. A fault that only has a Delay makes the call slow.
type Fault struct {
	// Method is the HTTP method and Route the path with its ids left out, such as
	// "channels/:id/messages"; Channel an id in the path. Empty matches any.
	Method, Route, Channel string
	// Skip lets so many matching calls pass first, Times limits how often the fault
	// strikes (0: always), Probability, if set, makes it strike in that share of calls.
	Skip, Times int
	Probability float64

	// Apply lets the call take effect before the rest happens.
	Apply bool
	// Delay holds the call back, or with Apply its answer.
	Delay time.Duration
	// Status answers with this HTTP status. 429 carries RetryAfter, in seconds.
	Status     int
	RetryAfter float64
	// Global makes a 429 the global one; Scope "shared" one that does not count as invalid.
	Global bool
	Scope  string
	// Error answers with this code of Discord's, with Status or 400.
	Error int
	// BrokenJSON answers 200 with half a document, HTML with a page of Cloudflare's.
	BrokenJSON, HTML bool
	// CloseSocket closes the connection without an answer.
	CloseSocket bool
}

// Remove takes a fault out again.
type Remove func()

type fault struct {
	Fault
	seen, struck int
}

// Inject adds a fault; the first that matches a call strikes.
func (s *Sim) Inject(f Fault) Remove {
	added := &fault{Fault: f}
	s.do(func() { s.faults = append(s.faults, added) })
	return func() {
		s.do(func() { s.faults = slices.DeleteFunc(s.faults, func(o *fault) bool { return o == added }) })
	}
}

// ClearFaults removes every fault.
func (s *Sim) ClearFaults() { s.do(func() { s.faults, s.evFaults = nil, nil }) }

// strike returns the fault that hits a call, or nil. The caller holds mu.
func (s *Sim) strike(method, route, path string) *Fault {
	for _, f := range s.faults {
		if f.Method != "" && f.Method != method || f.Route != "" && f.Route != route ||
			f.Channel != "" && !slices.Contains(strings.Split(path, "/"), f.Channel) {
			continue
		}
		f.seen++
		if f.seen <= f.Skip || f.Times > 0 && f.struck >= f.Times || f.Probability > 0 && s.rng.Float64() >= f.Probability {
			continue
		}
		f.struck++
		return &f.Fault
	}
	return nil
}

// spoils says whether the fault replaces the answer.
func (f *Fault) spoils() bool {
	return f != nil && (f.Status != 0 || f.Error != 0 || f.BrokenJSON || f.HTML || f.CloseSocket)
}

// EventFault changes how events reach the app.
type EventFault struct {
	// Type and Channel choose the events; empty matches any.
	Type, Channel string
	Skip, Times   int
	Probability   float64
	// Drop loses the event for good.
	Drop bool
	// Duplicates sends it so many times more.
	Duplicates int
	// Delay sends it later than those after it.
	Delay time.Duration
}

type eventFault struct {
	EventFault
	seen, struck int
}

// InjectEvent adds an event fault; the first that matches an event strikes.
func (s *Sim) InjectEvent(f EventFault) Remove {
	added := &eventFault{EventFault: f}
	s.do(func() { s.evFaults = append(s.evFaults, added) })
	return func() {
		s.do(func() { s.evFaults = slices.DeleteFunc(s.evFaults, func(o *eventFault) bool { return o == added }) })
	}
}

type verdict struct {
	drop  bool
	more  int
	after time.Duration
}

func (s *Sim) judge(e *event) verdict {
	for _, f := range s.evFaults {
		if f.Type != "" && f.Type != e.kind || f.Channel != "" && (e.channel == nil || f.Channel != e.channel.id) {
			continue
		}
		f.seen++
		if f.seen <= f.Skip || f.Times > 0 && f.struck >= f.Times || f.Probability > 0 && s.rng.Float64() >= f.Probability {
			continue
		}
		f.struck++
		return verdict{f.Drop, f.Duplicates, f.Delay}
	}
	return verdict{}
}

// sleep waits for d and reports whether the simulator still runs then.
func (s *Sim) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}
