package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of CPU time in /proc: USER_HZ is 100 on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// process is a running program as /proc shows it.
type process int

// stat is the fields of /proc/PID/stat from the third on, after the name in parentheses (which may hold spaces).
func (p process) stat() ([]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", int(p)))
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 20 {
		return nil, fmt.Errorf("/proc/%d/stat has %d fields", int(p), len(fields))
	}
	return fields, nil
}

// cpu is the processor time used so far, in user and kernel mode, with that of children waited for.
func (p process) cpu() (time.Duration, error) {
	fields, err := p.stat()
	if err != nil {
		return 0, err
	}
	var ticks int64
	for _, field := range fields[11:15] { // utime, stime, cutime, cstime
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/%d/stat: %w", int(p), err)
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick, nil
}

// children are the processes started by this one that still run, as PostgreSQL's are by its postmaster.
func (p process) children() []process {
	paths, _ := filepath.Glob("/proc/[0-9]*/stat")
	var found []process
	for _, path := range paths {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			continue
		}
		fields, err := process(pid).stat()
		if err == nil && fields[1] == strconv.Itoa(int(p)) {
			found = append(found, process(pid))
		}
	}
	return found
}

// familyCPU is the processor time of this process and its children.
func (p process) familyCPU() (time.Duration, error) {
	total, err := p.cpu()
	if err != nil {
		return 0, err
	}
	for _, child := range p.children() {
		if used, err := child.cpu(); err == nil {
			total += used
		}
	}
	return total, nil
}

// memory is the resident memory in bytes: now, and at most so far.
func (p process) memory() (now, peak int64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", int(p)))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		kib, _, _ := strings.Cut(strings.TrimSpace(value), " ")
		switch name {
		case "VmRSS":
			now, err = strconv.ParseInt(kib, 10, 64)
		case "VmHWM":
			peak, err = strconv.ParseInt(kib, 10, 64)
		}
		if err != nil {
			return 0, 0, fmt.Errorf("/proc/%d/status: %w", int(p), err)
		}
	}
	return now << 10, peak << 10, nil
}
