// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Bench plays clusters of two nodes against the C arbiter and ours, in turn in
// one run, and prints what both cost as a table.
//
// # Limitations
//
// The load runs on the same machine. Figures are for comparing the two columns;
// only ratios travel.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/quorate/quorate/bench/table"
)

func main() {
	only := flag.String("only", "", "run only rows whose name contains this")
	lenient := flag.Bool("lenient", false, "exit with 0 though a target was missed")
	file := flag.String("attack", "", "be the attackers of a row, with the certificate in this file")
	out := flag.String("o", "", "put the table between the markers of this file")
	flag.Parse()
	if *file != "" {
		fmt.Fprintln(os.Stderr, "bench: attackers:", attack(*file))
		os.Exit(2)
	}
	if *only != "" && *out != "" {
		fmt.Fprintln(os.Stderr, "bench: -o writes all rows, and -only has not measured them")
		os.Exit(2)
	}
	met, err := run(*only, *out)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	case !met && !*lenient:
		fmt.Fprintln(os.Stderr, "bench: a target was missed")
		os.Exit(1)
	}
}

// measure is one row: it returns a figure for a fresh arbiter.
type measure struct {
	name   string
	target string                     // in words, for the table
	met    func(c, ours float64) bool // whether ours is good enough
	unit   string
	run    func(a *arbiter) (float64, error)
	tls    bool
	rounds int
	alone  bool // C's arbiter does not live through it
}

func rows() []measure {
	return []measure{
		{name: "memory when idle, no client", unit: "MiB", target: "C's", met: ratio(1), run: idleMemory, tls: true, rounds: 3},
		{name: "CPU an echo, 2,000 plaintext clients idle at 8 s heartbeats", unit: "µs", target: "1/20 of C", met: ratio(20), run: echoCPU(2000), rounds: 3},
		{name: "the same, 8,000 clients", unit: "µs", target: "1/50 of C", met: ratio(50), run: echoCPU(8000), rounds: 3},
		{name: "one cluster splits: last report to ACK, median", unit: "ms", target: "2 ms", met: atMost(2), run: oneSplit, rounds: 3},
		{name: "1,000 clusters split at once: p99", unit: "ms", target: "half of C", met: ratio(2), run: manySplits, rounds: 3},
		{name: "500 clusters connect with TLS: until all have their vote", unit: "s", target: "a quarter of C", met: ratio(4), run: connectTLS, tls: true, rounds: 1},
		{name: "another cluster's certificate at its worst: p99 of a quiet cluster's echo", unit: "ms", target: "20 ms", met: atMost(20), run: hostileEcho(99), tls: true, rounds: 1, alone: true},
		{name: "memory a TLS client", unit: "KiB", target: "half of C", met: ratio(2), run: clientMemory, tls: true, rounds: 1},
	}
}

func ratio(n float64) func(c, ours float64) bool {
	return func(c, ours float64) bool { return ours*n <= c }
}

func atMost(n float64) func(c, ours float64) bool {
	return func(_, ours float64) bool { return ours <= n }
}

// run measures every row with both arbiters in turn, prints the table and
// reports whether all targets were met.
func run(only, out string) (met bool, err error) {
	dir, err := os.MkdirTemp(".", ".bench-") // on a real disk: a grant's commit is part of the work
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	if dir, err = filepath.Abs(dir); err != nil {
		return false, err
	}
	binary := filepath.Join(dir, "corosync-qnetd")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "./cmd/quorate")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return false, fmt.Errorf("go build: %w: %s", err, text)
	}
	if _, err := exec.LookPath("corosync-qnetd"); err != nil {
		return false, errors.New("no corosync-qnetd to compare with: install the Debian packages (make deps as root)")
	}
	kinds := []kind{{name: "C", binary: "/usr/bin/corosync-qnetd", c: true}, {name: "quorate", binary: binary}}
	for i := range kinds {
		fmt.Fprintf(os.Stderr, "certificates for %s ...\n", kinds[i].name)
		if err := kinds[i].enrol(filepath.Join(dir, kinds[i].name)); err != nil {
			return false, err
		}
	}
	text, met, err := measureAll(kinds, only)
	if err != nil {
		return false, err
	}
	fmt.Print(text)
	if out != "" {
		err = table.Replace(out, "bench", text)
	}
	return met, err
}

func measureAll(kinds []kind, only string) (text string, met bool, err error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s; C is corosync-qnetd 3.0.3\n\n", table.Where())
	b.WriteString("| work | C | quorate | C : quorate | target | met |\n|---|---|---|---|---|---|\n")
	met = true
	for _, m := range rows() {
		if !strings.Contains(m.name, only) {
			continue
		}
		figures := make([][]float64, len(kinds))
		for range m.rounds {
			for i := range kinds {
				if kinds[i].c && m.alone {
					continue
				}
				fmt.Fprintf(os.Stderr, "%s: %s ...", m.name, kinds[i].name)
				f, err := kinds[i].measure(m)
				if err != nil {
					return "", false, fmt.Errorf("%s, %s: %w", m.name, kinds[i].name, err)
				}
				fmt.Fprintf(os.Stderr, " %.3g %s\n", f, m.unit)
				figures[i] = append(figures[i], f)
			}
		}
		line, ok := m.line(table.Median(figures[0]), table.Median(figures[1]))
		b.WriteString(line)
		met = met && ok
	}
	return b.String(), met, nil
}

// line is a row of the table, and whether ours meets the target.
func (m measure) line(c, ours float64) (line string, met bool) {
	word := "no"
	if met = m.met(c, ours); met {
		word = "yes"
	}
	if m.alone {
		return fmt.Sprintf("| %s | crashes | %.3g %s | | %s | %s |\n", m.name, ours, m.unit, m.target, word), met
	}
	return fmt.Sprintf("| %s | %.3g %s | %.3g %s | %.1f | %s | %s |\n", m.name, c, m.unit, ours, m.unit, c/ours, m.target, word), met
}
