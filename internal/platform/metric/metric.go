// Package metric holds the process's measurements for Prometheus: one registry of our own, and constructors that keep
// names and labels alike. It is not a place for anything that names a person, a room or a patient: labels are
// patterns, kinds and codes that the program itself knows beforehand.
package metric

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Registry is a set of measurements, all named wardline_….
type Registry struct{ reg *prometheus.Registry }

// New makes a registry that already measures the Go runtime and the process.
func New() *Registry {
	r := &Registry{reg: prometheus.NewRegistry()}
	r.reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// Seconds are the histogram buckets for the time something took: from a quarter of a millisecond to the half minute a
// client waits for news.
var Seconds = []float64{.00025, .001, .0025, .01, .025, .1, .25, 1, 2.5, 10, 35}

// Counter makes a counter; its name ends in _total.
func (r *Registry) Counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Namespace: "wardline", Name: name, Help: help})
	r.reg.MustRegister(c)
	return c
}

// Counters makes a family of counters told apart by labels.
func (r *Registry) Counters(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "wardline", Name: name, Help: help}, labels)
	r.reg.MustRegister(c)
	return c
}

// Gauge makes a gauge.
func (r *Registry) Gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "wardline", Name: name, Help: help})
	r.reg.MustRegister(g)
	return g
}

// GaugeOf makes a gauge that is read by calling a function, which must be quick and safe from any goroutine.
func (r *Registry) GaugeOf(name, help string, read func() float64) {
	r.reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "wardline", Name: name, Help: help}, read))
}

// CounterOf makes a counter that is read by calling a function, which must never give less than before.
func (r *Registry) CounterOf(name, help string, read func() float64) {
	r.reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "wardline", Name: name, Help: help}, read))
}

// Gauges makes a family of gauges told apart by labels.
func (r *Registry) Gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "wardline", Name: name, Help: help}, labels)
	r.reg.MustRegister(g)
	return g
}

// Histogram makes a histogram. Without buckets it is one of Seconds, and its name ends in _seconds.
func (r *Registry) Histogram(name, help string, buckets ...float64) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: "wardline", Name: name, Help: help, Buckets: orSeconds(buckets),
	})
	r.reg.MustRegister(h)
	return h
}

// Histograms makes a family of histograms of Seconds told apart by labels.
func (r *Registry) Histograms(name, help string, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "wardline", Name: name, Help: help, Buckets: Seconds,
	}, labels)
	r.reg.MustRegister(h)
	return h
}

func orSeconds(buckets []float64) []float64 {
	if len(buckets) == 0 {
		return Seconds
	}
	return buckets
}

// Handler serves the measurements in the Prometheus text format. It belongs on the operators' listener.
func (r *Registry) Handler() http.Handler {
	return promhttp.HandlerFor(r.reg, promhttp.HandlerOpts{})
}
