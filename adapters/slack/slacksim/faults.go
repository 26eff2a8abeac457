package slacksim

import (
	"slices"
	"time"
)

// Fault changes what one or more API calls do. With Apply unset the call has no
// effect and fails as described; with Apply set it takes effect first and its
// answer is lost or spoiled as described. A fault that only has a Delay makes
// the call slow.
type Fault struct {
	// Method, Channel and Thread choose the calls; empty matches any. Upload
	// bodies are the method "upload", downloads "download".
	Method, Channel, Thread string
	// Cursor limits the fault to calls that continue a listing.
	Cursor bool
	// Skip lets so many matching calls pass first, Times limits how often the
	// fault strikes (0: always), and Probability, if set, makes it strike only
	// in that share of matching calls, by the simulator's seed.
	Skip, Times int
	Probability float64

	// Apply lets the call take effect before the rest happens.
	Apply bool
	// Delay holds the answer back.
	Delay time.Duration
	// Status answers with this HTTP status. 429 carries RetryAfter.
	Status int
	// RetryAfter is the header of that name in seconds; at least 1 with 429.
	RetryAfter int
	// Error answers {"ok":false} with this code.
	Error string
	// BrokenJSON answers 200 with half a document, HTML with a page.
	BrokenJSON, HTML bool
	// CloseSocket closes the connection without an answer.
	CloseSocket bool

	// Unthread makes a post lose its thread and still say ok, as when the
	// parent has just been deleted.
	Unthread bool
	// Swallow answers a post with ok and a ts though the message is neither
	// stored nor shown, which Slack reserves the right to do with bursts.
	Swallow bool
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
		s.do(func() {
			s.faults = slices.DeleteFunc(s.faults, func(other *fault) bool { return other == added })
		})
	}
}

// ClearFaults removes every fault and lets held events go.
func (s *Sim) ClearFaults() {
	s.do(func() {
		s.faults, s.eventFaults = nil, nil
		s.releaseHeld(s.held)
		s.held = nil
	})
}

// strike returns the fault that hits a call, or nil. The caller holds mu.
func (s *Sim) strike(method, channelID, thread string, cursor bool) *Fault {
	for _, f := range s.faults {
		if !matches(f.Method, method) || !matches(f.Channel, channelID) || !matches(f.Thread, thread) || (f.Cursor && !cursor) {
			continue
		}
		f.seen++
		if f.seen <= f.Skip || (f.Times > 0 && f.struck >= f.Times) {
			continue
		}
		if f.Probability > 0 && s.rng.Float64() >= f.Probability {
			continue
		}
		f.struck++
		return &f.Fault
	}
	return nil
}

func matches(want, have string) bool { return want == "" || want == have }

// spoils says whether the fault replaces the answer.
func (f *Fault) spoils() bool {
	return f != nil && (f.Status != 0 || f.Error != "" || f.BrokenJSON || f.HTML || f.CloseSocket)
}

// EventFault changes how events reach the app.
type EventFault struct {
	// Type, Subtype and Channel choose the events; empty matches any.
	Type, Subtype, Channel string
	// Skip, Times and Probability are as in Fault.
	Skip, Times int
	Probability float64

	// Drop loses the event for good.
	Drop bool
	// Duplicates sends it so many times more.
	Duplicates int
	// Delay sends it later.
	Delay time.Duration
	// Hold keeps events back until that many have gathered, then sends them in
	// random order. ReleaseHeld sends them earlier.
	Hold int
}

type eventFault struct {
	EventFault
	seen, struck int
}

// InjectEvent adds an event fault; the first that matches an event strikes.
func (s *Sim) InjectEvent(f EventFault) Remove {
	added := &eventFault{EventFault: f}
	s.do(func() { s.eventFaults = append(s.eventFaults, added) })
	return func() {
		s.do(func() {
			s.eventFaults = slices.DeleteFunc(s.eventFaults, func(other *eventFault) bool { return other == added })
		})
	}
}

// verdict is what the event faults decided about one event.
type verdict struct {
	drop       bool
	duplicates int
	delay      time.Duration
	hold       *eventFault
}

func (s *Sim) judgeEvent(r raised) verdict {
	channelID := ""
	if r.channel != nil {
		channelID = r.channel.id
	}
	for _, f := range s.eventFaults {
		if !matches(f.Type, r.kind) || !matches(f.Subtype, r.subtype) || !matches(f.Channel, channelID) {
			continue
		}
		f.seen++
		if f.seen <= f.Skip || (f.Times > 0 && f.struck >= f.Times) {
			continue
		}
		if f.Probability > 0 && s.rng.Float64() >= f.Probability {
			continue
		}
		f.struck++
		v := verdict{drop: f.Drop, duplicates: f.Duplicates, delay: f.Delay}
		if f.Hold > 0 {
			v.hold = f
		}
		return v
	}
	return verdict{}
}

// keep holds an event back and lets all go once enough have gathered. The
// caller holds mu.
func (f *eventFault) keep(s *Sim, d *delivery) {
	s.held = append(s.held, d)
	if len(s.held) >= f.Hold {
		s.releaseHeld(s.held)
		s.held = nil
	}
}

// ReleaseHeld sends the events that are held back, in random order.
func (s *Sim) ReleaseHeld() {
	s.do(func() {
		s.releaseHeld(s.held)
		s.held = nil
	})
}

func (s *Sim) releaseHeld(held []*delivery) {
	s.rng.Shuffle(len(held), func(i, j int) { held[i], held[j] = held[j], held[i] })
	for _, d := range held {
		s.queue.put(d)
	}
}
