package main

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sidebridge/sidebridge/bridge"
)

// metrics are the daemon's figures for Prometheus, in a registry of their own.
type metrics struct {
	registry *prometheus.Registry
	inbound  *prometheus.CounterVec
	relay    *prometheus.CounterVec
	failures *prometheus.CounterVec
	surface  *prometheus.CounterVec
}

func newMetrics() *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "sidebridge", Name: name, Help: help}, labels)
	}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		inbound:  counter("inbound_total", "What surfaces sent us, by what became of it: accepted, echo, duplicate, not ours, ignored.", "surface", "outcome"),
		relay:    counter("relay_total", "What the relay did: delivered, resolved, resent, listed, blocked.", "port", "event"),
		failures: counter("delivery_failures_total", "Calls that failed, by their class. All but rejected ones are made again.", "port", "class"),
		surface:  counter("surface_total", "What happened at a workspace of a surface, by the adapter's own names.", "surface", "workspace", "name", "label"),
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "sidebridge", Name: "build_info", Help: "The version that runs."}, []string{"version"})
	build.WithLabelValues(version()).Set(1)
	m.registry.MustRegister(m.inbound, m.relay, m.failures, m.surface, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// countInbound is bridge.Receiver's Count.
func (m *metrics) countInbound(outcome bridge.Outcome, surface string) {
	m.inbound.WithLabelValues(surface, string(outcome)).Inc()
}

// countRelay is bridge.Relay's Count.
func (m *metrics) countRelay(event, port string) {
	switch event {
	case bridge.Transient.String(), bridge.RateLimited.String(), bridge.Rejected.String(), bridge.Gone.String(), bridge.Unauthorized.String():
		m.failures.WithLabelValues(port, event).Inc()
	default:
		m.relay.WithLabelValues(port, event).Inc()
	}
}

// countSurface returns the Count of one adapter, by the name that the configuration has for it.
func (m *metrics) countSurface(surface, name string) func(name, label string) {
	return func(what, label string) { m.surface.WithLabelValues(surface, name, what, label).Inc() }
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// troubled reads the mirrors that are behind or parked, and the calls under way.
type troubled interface {
	Troubled(ctx context.Context, limit int) (*bridge.State, error)
}

// maxTroubled bounds a scrape. With more mirrors behind than that, the figure is
// the bound, and every alarm rings anyway.
const maxTroubled = 10_000

// uncertainAge is how old a call without an answer must be to count as uncertain.
const uncertainAge = 30 * time.Second

// lag is a collector of how far mirrors are behind, read from the store at each scrape.
type lag struct {
	store   troubled
	ports   []string // shown with zeros, so that an alarm sees a figure and not a gap
	now     func() time.Time
	mirrors *prometheus.Desc
	calls   *prometheus.Desc
}

func newLag(s troubled, ports []string) *lag {
	return &lag{
		store: s, ports: ports, now: time.Now,
		mirrors: prometheus.NewDesc("sidebridge_mirrors", "Mirrors that have something to show (behind), that wait for a time (deferred), "+
			"or that need a person (parked).", []string{"port", "state"}, nil),
		calls: prometheus.NewDesc("sidebridge_deliveries_uncertain", "Calls of unknown outcome, which are looked for.", []string{"port"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (l *lag) Describe(ch chan<- *prometheus.Desc) {
	ch <- l.mirrors
	ch <- l.calls
}

// Collect implements prometheus.Collector.
func (l *lag) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	st, err := l.store.Troubled(ctx, maxTroubled)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(l.mirrors, err)
		return
	}
	type state struct{ port, name string }
	mirrors, calls := map[state]float64{}, map[string]float64{}
	for _, port := range l.ports {
		calls[port] = 0
		for _, name := range []string{"behind", "deferred", "parked"} {
			mirrors[state{port, name}] = 0
		}
	}
	for _, m := range st.Mirrors {
		mirrors[state{portOf(m), l.stateOf(m)}]++
	}
	for _, d := range st.Deliveries {
		if m := st.Mirrors[d.Mirror]; m != nil && l.now().Sub(d.BegunAt) > uncertainAge {
			calls[portOf(m)]++
		}
	}
	for s, n := range mirrors {
		ch <- prometheus.MustNewConstMetric(l.mirrors, prometheus.GaugeValue, n, s.port, s.name)
	}
	for port, n := range calls {
		ch <- prometheus.MustNewConstMetric(l.calls, prometheus.GaugeValue, n, port)
	}
}

func portOf(m *bridge.Mirror) string { return m.Place.Surface + "/" + m.Place.Workspace }

func (l *lag) stateOf(m *bridge.Mirror) string {
	switch {
	case m.Parked != "":
		return "parked"
	case m.Due.After(l.now()):
		return "deferred"
	default:
		return "behind"
	}
}
