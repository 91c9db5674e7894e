// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
	"github.com/quorate/quorate/internal/timing"
	vq "github.com/quorate/quorate/internal/votequorum"
)

// World is a cluster, its arbiter and the network between them. Its methods
// must be called from one goroutine.
type World struct {
	cfg     scenario.Cluster
	conf    vq.Config // of every node, but for its Node
	now     instant
	queue   timing.Heap[instant, func()] // what is to happen
	nodes   []*node                      // by ID, from 1 on
	arbiter *arbiter
	links   [][]link // from host to host
	conns   []*conn  // not yet dead at both ends
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
	w, err := NewConfigured(cfg, configOf(cfg))
	if err != nil {
		panic("sim: internal error: " + err.Error()) // the configuration is ours
	}
	return w
}

// NewConfigured is as New for a cluster with a configuration of its own: it says
// which node IDs there are and how votes are counted, instead of the scenario's
// cluster. Without a device there are neither node daemons nor an arbiter. An error
// says why Corosync would not start with it.
func NewConfigured(cfg scenario.Cluster, conf vq.Config) (*World, error) {
	w := &World{cfg: cfg, conf: conf}
	hosts := len(conf.Nodes) + 1
	w.links = make([][]link, hosts)
	for i := range w.links {
		w.links[i] = make([]link, hosts)
	}
	w.arbiter = newArbiter(w, w.clockOf(0))
	for _, c := range slices.SortedFunc(slices.Values(conf.Nodes), func(a, b vq.ConfigNode) int { return cmp.Compare(a.ID, b.ID) }) {
		conf.Node = c.ID
		if _, _, err := vq.New(conf, epoch, 0); err != nil {
			return nil, err
		}
		w.nodes = append(w.nodes, newNode(w, c.ID, len(w.nodes)+1))
	}
	if conf.Device != nil {
		w.arbiter.start()
	}
	return w, nil
}

// configOf is the configuration of a scenario's nodes.
func configOf(cfg scenario.Cluster) vq.Config {
	d := &vq.Device{Votes: 1, Timeout: cfg.Timeout, SyncTimeout: cfg.SyncTimeout}
	if cfg.Algorithm == qnet.LMS {
		d.Votes = vq.AutoVotes
	}
	c := vq.Config{Nodes: vq.OneVoteEach(cfg.IDs()...), Device: d}
	if cfg.WaitForAll {
		c.WaitForAll = vq.On
	}
	return c
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

// GoOn has the world go on after a promise was broken: with two_node, for one,
// none is made.
func (w *World) GoOn() { w.goOn = true }

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

func (w *World) node(id qnet.NodeID) *node {
	if i := int64(id) - 1; i < int64(len(w.nodes)) && w.nodes[i].ID == id {
		return w.nodes[i]
	}
	return w.nodes[slices.IndexFunc(w.nodes, func(n *node) bool { return n.ID == id })]
}

// hosts lists the arbiter and all nodes.
func (w *World) hosts() []scenario.Host {
	list := []scenario.Host{scenario.Arbiter}
	for _, n := range w.nodes {
		list = append(list, n.ID)
	}
	return list
}

// link is what a sends to b.
func (w *World) link(a, b scenario.Host) *link { return &w.links[w.index(a)][w.index(b)] }

func (w *World) index(h scenario.Host) int {
	if h == scenario.Arbiter {
		return 0
	}
	return w.node(h).index
}

// after has do called when d has passed.
func (w *World) after(d time.Duration, do func()) { w.queue.Add(w.now+instant(d), do) }

func (w *World) at(at instant, do func()) { w.queue.Add(max(at, w.now), do) }

func (w *World) tracef(format string, args ...any) {
	if w.trace != nil {
		w.trace(time.Duration(w.now), fmt.Sprintf(format, args...))
	}
}

// Run lets d pass, or as much of it as there is before a promise is broken.
func (w *World) Run(d time.Duration) {
	end := w.now + instant(d)
	for !w.over() {
		at, do, ok := w.queue.Due(end)
		if !ok {
			break
		}
		w.now = at
		do()
		w.stats.Steps++
		w.observe()
	}
	if !w.over() {
		w.now = end
	}
}

// over reports whether there is nothing more to find out.
func (w *World) over() bool { return w.violation != nil && !w.goOn }
