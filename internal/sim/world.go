// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"fmt"
	"time"

	"quorate/internal/qnet"
	"quorate/internal/scenario"
)

// World is a cluster, its arbiter and the network between them. Its methods
// must be called from one goroutine.
type World struct {
	cfg     scenario.Cluster
	now     instant
	queue   queue
	nodes   []*node // by ID, from 1 on
	arbiter *arbiter
	links   [][]link // from host to host
	conns   []*conn  // not yet dead at both ends
	rings   int      // formed so far
	steady  bool     // calm has returned
	goOn    bool     // also after a promise was broken

	stats     Stats
	violation *Violation
	check     checker
	trace     func(at time.Duration, text string)
}

// New returns a world in which every host has power, the arbiter runs and no
// node was started yet.
func New(cfg scenario.Cluster) *World {
	w := &World{cfg: cfg}
	hosts := cfg.Nodes + 1
	w.links = make([][]link, hosts)
	for i := range w.links {
		w.links[i] = make([]link, hosts)
	}
	w.arbiter = newArbiter(w, w.clockOf(0))
	for _, id := range cfg.IDs() {
		w.nodes = append(w.nodes, newNode(w, id, w.clockOf(int(id))))
	}
	w.arbiter.start()
	return w
}

func (w *World) clockOf(host int) clock {
	if host < len(w.cfg.Drift) {
		return clock{drift: int64(w.cfg.Drift[host])}
	}
	return clock{}
}

// Trace has f called for everything that is worth telling, with the time since
// the beginning.
func (w *World) Trace(f func(at time.Duration, text string)) { w.trace = f }

// Now is the time since the beginning.
func (w *World) Now() time.Duration { return time.Duration(w.now) }

// Violation is what was found against a promise, or nil.
func (w *World) Violation() *Violation { return w.violation }

// Stats is what was seen so far.
func (w *World) Stats() Stats {
	s := w.stats
	s.Time = time.Duration(w.now)
	return s
}

func (w *World) node(id qnet.NodeID) *node { return w.nodes[id-1] }

// after has do called when d has passed.
func (w *World) after(d time.Duration, do func()) { w.queue.push(w.now+instant(d), do) }

func (w *World) at(at instant, do func()) { w.queue.push(max(at, w.now), do) }

func (w *World) say(format string, args ...any) {
	if w.trace != nil {
		w.trace(time.Duration(w.now), fmt.Sprintf(format, args...))
	}
}

// Run lets d pass, or as much of it as there is before a promise is broken.
func (w *World) Run(d time.Duration) {
	end := w.now + instant(d)
	for !w.over() && len(w.queue.heap) > 0 && w.queue.heap[0].at <= end {
		e := w.queue.pop()
		w.now = e.at
		e.do()
		w.stats.Steps++
		w.observe()
	}
	if !w.over() {
		w.now = end
	}
}

// over reports whether there is nothing more to find out.
func (w *World) over() bool { return w.violation != nil && !w.goOn }
