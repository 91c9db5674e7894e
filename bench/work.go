// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"time"

	"github.com/quorate/quorate/bench/table"
)

// heartbeat is the nodes' heartbeat interval.
const heartbeat = 8 * time.Second

func idleMemory(a *arbiter) (float64, error) { return a.idle / 1024, nil }

// echoCPU is the processor time for one echo with n clients that do nothing else.
func echoCPU(n int) func(a *arbiter) (float64, error) {
	return func(a *arbiter) (f float64, err error) {
		l, err := newLoad(n / 2)
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, l.close()) }()
		if _, err := l.echo(heartbeat); err != nil { // one round to settle
			return 0, err
		}
		before, err := a.cpu()
		if err != nil {
			return 0, err
		}
		sent, err := l.echo(2 * heartbeat)
		if err != nil {
			return 0, err
		}
		after, err := a.cpu()
		return float64((after - before).Nanoseconds()) / 1000 / float64(sent), err
	}
}

func oneSplit(*arbiter) (float64, error) {
	return splits(1, 60, 50)
}

func manySplits(*arbiter) (float64, error) {
	return splits(1000, 9, 99)
}

// splits cuts n clusters apart at once, so many times, and takes each time the
// percentile of the times from a cluster's last report to its ACK. It returns the
// median of these.
func splits(n, times, percent int) (f float64, err error) {
	l, err := newLoad(n)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	var each []float64
	for i := range uint64(times) {
		took, err := l.splitAll(6 + 2*i)
		if err != nil {
			return 0, err
		}
		each = append(each, table.Percentile(took, percent))
		if err := l.joinAll(7 + 2*i); err != nil {
			return 0, err
		}
	}
	return table.Median(each), nil
}

func connectTLS(a *arbiter) (float64, error) {
	start := time.Now()
	pairs, err := connectPairs(tlsClusters, 64, a.kind.certs)
	took := time.Since(start)
	closeAll(pairs)
	return took.Seconds(), err
}

func clientMemory(a *arbiter) (float64, error) {
	pairs, err := connectPairs(tlsClusters, 16, a.kind.certs)
	defer closeAll(pairs)
	if err != nil {
		return 0, err
	}
	time.Sleep(5 * time.Second) // garbage of the handshakes goes
	m, err := a.memory()
	return (m - a.idle) / float64(2*len(pairs)), err
}
