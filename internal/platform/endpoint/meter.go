package endpoint

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/wardline/wardline/internal/platform/metric"
)

// family is what is measured of all routes, labelled by pattern only: a path holds identifiers.
type family struct {
	requests *prometheus.CounterVec   // by route and status
	seconds  *prometheus.HistogramVec // by route
	flying   *prometheus.GaugeVec     // by route
	plain    prometheus.Counter
	packed   prometheus.Counter
}

func newFamily(r *metric.Registry) *family {
	if r == nil {
		r = metric.New()
	}
	return &family{
		requests: r.Counters("http_requests_total", "Requests answered, by route and status.", "route", "status"),
		seconds:  r.Histograms("http_request_seconds", "Time from request to answer, waiting included.", "route"),
		flying:   r.Gauges("http_requests_in_flight", "Requests being served.", "route"),
		plain:    r.Counter("http_gzip_input_bytes_total", "Bytes of JSON answers before they were compressed."),
		packed:   r.Counter("http_gzip_output_bytes_total", "Bytes of JSON answers after they were compressed."),
	}
}

// meters are the measurements of one route, looked up beforehand.
type meters struct {
	all     *family
	pattern string
	good    prometheus.Counter
	seconds prometheus.Observer
	flying  prometheus.Gauge
}

func (f *family) of(pattern string) *meters {
	return &meters{
		all: f, pattern: pattern,
		good:    f.requests.WithLabelValues(pattern, "200"),
		seconds: f.seconds.WithLabelValues(pattern),
		flying:  f.flying.WithLabelValues(pattern),
	}
}

func (m *meters) start() time.Time {
	m.flying.Inc()
	return time.Now()
}

func (m *meters) end(status int, since time.Time) {
	m.flying.Dec()
	m.seconds.Observe(time.Since(since).Seconds())
	if status == http.StatusOK {
		m.good.Inc()
		return
	}
	m.all.requests.WithLabelValues(m.pattern, strconv.Itoa(status)).Inc()
}

func (m *meters) squeezed(plain, packed int) {
	if m != nil {
		m.all.plain.Add(float64(plain))
		m.all.packed.Add(float64(packed))
	}
}

// requestNumber numbers the requests whose failure is logged, for a person to name one.
var requestNumber atomic.Uint64

func nextReference() string {
	n := requestNumber.Add(1)
	return bootMark + "-" + strconv.FormatUint(n, 36)
}

// bootMark tells the references of one run of the program from those of another.
var bootMark = strconv.FormatInt(time.Now().UnixMilli(), 36)
