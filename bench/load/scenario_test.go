package main

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestScenariosAgainstTheFloor runs every scenario, small, against the real floor program, and wants every message
// accounted for: a generator that miscounts would blame a server for it.
func TestScenariosAgainstTheFloor(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "floor")
	if output, err := exec.Command("go", "build", "-o", binary, "../floor").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	s := size{
		people: 20, rooms: 4, members: 10, rate: 200, length: 300 * time.Millisecond, senders: 4,
		big: 40, bigRepeats: 3, idle: 40, idleLength: 100 * time.Millisecond, settle: 200 * time.Millisecond,
		growth: "300,1200",
	}
	for _, one := range scenarios {
		t.Run(one.name, func(t *testing.T) {
			target, err := launch(binary, "", 0)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := target.remove(); err != nil {
					t.Error(err)
				}
			}()
			measured, err := one.measure(target, s)
			if err != nil {
				t.Fatal(err)
			}
			accounted(t, one.name, measured)
		})
	}
}

// accounted wants the numbers that a right server has whatever the machine.
func accounted(t *testing.T, scenario string, measured result) {
	t.Helper()
	values := map[string]float64{}
	for _, m := range measured {
		values[m.Name] = m.Value
	}
	for _, name := range []string{"messages lost", "messages duplicated", "messages out of order", "sends refused",
		"gaps in timelines", "at 1200 events: messages lost", "answers while idle"} {
		if values[name] != 0 {
			t.Errorf("%s: %v", name, values[name])
		}
	}
	positive := map[string][]string{
		"open":     {"deliveries per second", "send p50", "delivery p99"},
		"saturate": {"deliveries per second", "messages per second"},
		"big":      {"all delivered, median", "all delivered, worst"},
		"idle":     {"resident memory waiting"},
		"growth":   {"at 300 events: ready after start", "at 1200 events: incremental sync p50", "growth of send p99"},
	}
	for _, name := range positive[scenario] {
		if values[name] <= 0 {
			t.Errorf("%s: %v", name, values[name])
		}
	}
}
