// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Ipc asks a real Corosync the same question as a C program does, in turn in one
// run, and prints what a call takes as a table; and it asks a million times and
// looks what has grown.
//
// # Limitations
//
// It needs root, corosync, gcc and libcmap-dev. The daemon is one of one node in
// namespaces of its own. Figures are for comparing the two columns; only ratios travel.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/quorate/quorate/bench/table"
	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/corotest"
	"github.com/quorate/quorate/corosync/qb"
)

// key is what is asked for: it has a string of a few bytes.
const key = "totem.cluster_name"

// Rounds in which the programs take turns, and the calls of each.
const (
	rounds = 60
	calls  = 2000
)

// limit is how much longer than C's a call may take.
const limit = 1.5

// allowed is how many KiB the process may grow by in a million calls: what the
// collector has not given back yet.
const allowed = 1024

func main() {
	lenient := flag.Bool("lenient", false, "exit with 0 though a target was missed")
	out := flag.String("o", "", "put the table between the markers of this file")
	flag.Parse()
	if !corotest.Isolated() {
		code, err := corotest.Isolate()
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench/ipc: needs root:", err)
			code = 2
		}
		os.Exit(code)
	}
	met, err := run(*out)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench/ipc:", err)
		os.Exit(2)
	case !met && !*lenient:
		fmt.Fprintln(os.Stderr, "bench/ipc: a target was missed")
		os.Exit(1)
	}
}

// run measures over both transports, prints the table and reports whether all
// targets were met.
func run(out string) (met bool, err error) {
	dir, err := os.MkdirTemp("", "bench-ipc-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	program, err := compile(dir)
	if err != nil {
		return false, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s; C is libcmap of Corosync %s; median of %d rounds of %d calls in turn\n\n", table.Where(), version(), rounds, calls)
	b.WriteString("| a cmap get over | C | quorate | quorate : C | target | met |\n|---|---|---|---|---|---|\n")
	met = true
	var grown growth
	for _, t := range []struct{ name, kind string }{{"shared memory, as usual", "shm"}, {"datagram sockets", "socket"}} {
		c, ours, g, err := measure(dir, t.kind, program)
		if err != nil {
			return false, fmt.Errorf("%s: %w", t.name, err)
		}
		word := "yes"
		if ours > limit*c {
			word, met = "no", false
		}
		fmt.Fprintf(&b, "| %s | %.3g µs | %.3g µs | %.2f | %.1f | %s |\n", t.name, c, ours, ours/c, limit, word)
		if t.kind == "shm" {
			grown = g
		}
	}
	fmt.Fprintf(&b, "\nA million gets in a row: goroutines %+d, descriptors %+d, memory %+d KiB.\n", grown.goroutines, grown.files, grown.memory)
	met = met && grown.goroutines <= 0 && grown.files <= 0 && grown.memory <= allowed
	fmt.Print(b.String())
	if out != "" {
		err = table.Replace(out, "bench/ipc", b.String())
	}
	return met, err
}

// measure starts a daemon and asks it in turn, and over shared memory a million times.
func measure(dir, kind, program string) (c, ours float64, g growth, err error) {
	sub, err := os.MkdirTemp(dir, kind)
	if err != nil {
		return 0, 0, g, err
	}
	d, err := corotest.Launch(sub, "system {\n qb_ipc_type: "+kind+"\n}\n")
	if err != nil {
		return 0, 0, g, err
	}
	defer d.End()
	other, err := start(program)
	if err != nil {
		return 0, 0, g, err
	}
	defer func() { err = errors.Join(err, other.end()) }()
	client, err := cmap.Dial(context.Background(), qb.Options{})
	if err != nil {
		return 0, 0, g, err
	}
	defer client.Close()
	var figures [2][]float64
	for range rounds {
		for i, round := range []func(int) (float64, error){other.round, get(client)} {
			f, err := round(calls)
			if err != nil {
				return 0, 0, g, err
			}
			figures[i] = append(figures[i], f)
		}
	}
	if kind == "shm" {
		g, err = grow(client)
	}
	return table.Median(figures[0]), table.Median(figures[1]), g, err
}
