// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"sync"
	"time"

	"quorate/internal/wire"
)

// heartbeat is the nodes' heartbeat interval.
const heartbeat = 8 * time.Second

func idleMemory(a *arbiter) (float64, error) { return a.idle / 1024, nil }

// echoCPU is the processor time for one echo with n clients that do nothing else.
func echoCPU(n int) func(a *arbiter) (float64, error) {
	return func(a *arbiter) (float64, error) {
		pairs, err := connectPairs(n/2, 16, nil)
		defer closeAll(pairs)
		if err != nil {
			return 0, err
		}
		var clients []*client
		for _, p := range pairs {
			clients = append(clients, p.nodes[:]...)
		}
		echoes(clients, heartbeat) // one round to settle
		before, err := a.cpu()
		if err != nil {
			return 0, err
		}
		sent := echoes(clients, 2*heartbeat)
		after, err := a.cpu()
		if err != nil {
			return 0, err
		}
		return float64((after - before).Nanoseconds()) / 1000 / float64(sent), nil
	}
}

// echoes sends each client's echo once a heartbeat, evenly spread, for a time,
// and returns how many it sent.
func echoes(clients []*client, d time.Duration) (sent int) {
	start := time.Now()
	gap := heartbeat / time.Duration(len(clients))
	for {
		due := start.Add(time.Duration(sent) * gap)
		if due.Sub(start) >= d {
			return sent
		}
		time.Sleep(time.Until(due))
		c := clients[sent%len(clients)]
		c.send(wire.EchoRequest{Seq: c.next()})
		sent++
	}
}

func oneSplit(*arbiter) (float64, error) {
	pairs, err := connectPairs(1, 1, nil)
	defer closeAll(pairs)
	if err != nil {
		return 0, err
	}
	var took []float64
	for range 60 {
		d, err := pairs[0].split()
		if err != nil {
			return 0, err
		}
		took = append(took, float64(d.Microseconds())/1000)
		if err := pairs[0].heal(); err != nil {
			return 0, err
		}
	}
	return median(took), nil
}

func manySplits(*arbiter) (float64, error) {
	pairs, err := connectPairs(1000, 16, nil)
	defer closeAll(pairs)
	if err != nil {
		return 0, err
	}
	var mu sync.Mutex
	var took []float64
	var first error
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for _, p := range pairs {
		wg.Go(func() {
			<-begin
			d, err := p.split()
			mu.Lock()
			defer mu.Unlock()
			took = append(took, float64(d.Microseconds())/1000)
			if err != nil {
				first = err
			}
		})
	}
	close(begin)
	wg.Wait()
	return percentile(took, 99), first
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
