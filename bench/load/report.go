package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// measure is one number.
type measure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

// result is the numbers of one scenario, in the order to show them.
type result []measure

func (r *result) add(name string, value float64, unit string) {
	*r = append(*r, measure{name, value, unit})
}

func (r *result) addQuantiles(name string, h *histogram) {
	r.add(name+" p50", milliseconds(h.quantile(.50)), "ms")
	r.add(name+" p95", milliseconds(h.quantile(.95)), "ms")
	r.add(name+" p99", milliseconds(h.quantile(.99)), "ms")
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// record is a result with where it came from: a line of the file of results.
type record struct {
	Target   string `json:"target"`
	Scenario string `json:"scenario"`
	Measures result `json:"measures"`
}

// save appends a record to the file of results.
func save(path string, r record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := file.Write(append(line, '\n')); err != nil {
		return err
	}
	return file.Close()
}

func load(path string) ([]record, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var records []record
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var r record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		records = append(records, r)
	}
	return records, nil
}

// show prints one scenario's numbers.
func show(w io.Writer, r record) {
	fmt.Fprintf(w, "%s, %s:\n", r.Target, r.Scenario)
	for _, m := range r.Measures {
		fmt.Fprintf(w, "  %-58s %10s %s\n", m.Name, figure(m.Value), m.Unit)
	}
}

// figure writes a number with three significant digits or so.
func figure(value float64) string {
	switch {
	case value == float64(int64(value)):
		return fmt.Sprintf("%d", int64(value))
	case value >= 100:
		return fmt.Sprintf("%.0f", value)
	case value >= 10:
		return fmt.Sprintf("%.1f", value)
	}
	return fmt.Sprintf("%.2f", value)
}

// table prints the results as Markdown, a column for each target, the first being the yardstick of the ratios.
func table(w io.Writer, records []record) {
	var targets []string
	for _, r := range records {
		if !slices.Contains(targets, r.Target) {
			targets = append(targets, r.Target)
		}
	}
	for _, s := range scenarios {
		rows := map[string]map[string]measure{} // by measure, then target
		var names []string
		for _, r := range records {
			if r.Scenario != s.name {
				continue
			}
			for _, m := range r.Measures {
				if rows[m.Name] == nil {
					rows[m.Name] = map[string]measure{}
					names = append(names, m.Name)
				}
				rows[m.Name][r.Target] = m
			}
		}
		if len(names) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s\n\n| %s |", s.title, s.name)
		for i, target := range targets {
			fmt.Fprintf(w, " %s |", target)
			if i > 0 {
				fmt.Fprintf(w, " ×%s |", targets[0])
			}
		}
		fmt.Fprintf(w, "\n|---|%s\n", strings.Repeat("---:|", 2*len(targets)-1))
		for _, name := range names {
			fmt.Fprintln(w, row(name, targets, rows[name]))
		}
	}
}

func row(name string, targets []string, values map[string]measure) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |", name)
	yardstick, known := values[targets[0]]
	for i, target := range targets {
		value, measured := values[target]
		if measured {
			fmt.Fprintf(&b, " %s %s |", figure(value.Value), value.Unit)
		} else {
			b.WriteString(" |")
		}
		switch {
		case i == 0:
		case measured && known && yardstick.Value != 0:
			fmt.Fprintf(&b, " %.2f |", value.Value/yardstick.Value)
		default:
			b.WriteString(" |")
		}
	}
	return b.String()
}
