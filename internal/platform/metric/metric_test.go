package metric

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestScrapeHoldsEveryKind(t *testing.T) {
	r := New()
	r.Counter("a_total", "A.").Add(2)
	r.Counters("b_total", "B.", "kind").WithLabelValues("x").Inc()
	r.Gauge("c", "C.").Set(3)
	r.Gauges("d", "D.", "kind").WithLabelValues("y").Set(4)
	r.GaugeOf("e", "E.", func() float64 { return 5 })
	r.CounterOf("f_total", "F.", func() float64 { return 6 })
	r.Histogram("g_seconds", "G.").Observe(0.002)
	r.Histogram("h_rows", "H.", 1, 10).Observe(7)
	r.Histograms("i_seconds", "I.", "kind").WithLabelValues("z").Observe(2)
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		"wardline_a_total 2", `wardline_b_total{kind="x"} 1`, "wardline_c 3", `wardline_d{kind="y"} 4`, "wardline_e 5",
		"wardline_f_total 6", `wardline_g_seconds_bucket{le="0.0025"} 1`, `wardline_h_rows_bucket{le="1"} 0`,
		`wardline_h_rows_bucket{le="10"} 1`, `wardline_i_seconds_sum{kind="z"} 2`, "go_goroutines ", "process_resident_memory_bytes ",
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %s", want)
		}
	}
}
