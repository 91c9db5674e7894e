// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
	"github.com/quorate/quorate/internal/totem"
	vq "github.com/quorate/quorate/internal/votequorum"
)

// Violation is what was found against a promise.
type Violation struct {
	At   time.Duration
	Kind Kind
	Text string
}

// Kind is a promise.
type Kind uint8

// The promises.
const (
	TwoActive  Kind = iota + 1 // two partitions are active
	TwoCounted                 // the device's vote is counted on two settled rings; not looked for in C's arbiter
	NoVote                     // votes are not settled long after calm has returned
)

// String names the violation.
func (k Kind) String() string {
	return [...]string{"none", "two partitions are active", "the device's vote counts twice", "votes are not settled"}[k]
}

// Error implements error.
func (v *Violation) Error() string {
	return fmt.Sprintf("%.3f s: %s: %s", v.At.Seconds(), v.Kind, v.Text)
}

// state is what a node can do.
type state struct {
	ring    *totem.Ring // nil unless it is settled: not in sync, and its token comes round
	quorate bool        // the flag that it shows
	counts  bool        // it counts the device's vote
	inSync  bool
}

// active reports whether the node can act.
func (s state) active() bool { return s.ring != nil && s.quorate }

func (n *node) state() state {
	if !n.up || n.Ring == nil {
		return state{}
	}
	s := state{quorate: n.flags.Has(vq.Quorate), counts: n.flags.Has(vq.DeviceCastVote), inSync: n.Syncing()}
	if n.State == totem.Operational && !n.Syncing() && !n.Ring.Broken() {
		s.ring = n.Ring
	}
	return s
}

// checker looks at the nodes after each event.
type checker struct {
	dirty  bool // something may have changed
	states []state
	last   instant // of the look before
	both   bool    // two sides showed "quorate" then, one of them in vain
	split  bool    // two parts were settled
	broken bool    // a promise is being broken
	since  instant // since when
}

// observe checks the safety promise, and counts what was seen.
func (w *World) observe() {
	c := &w.check
	if !c.dirty {
		return
	}
	c.dirty = false
	if c.both {
		w.stats.Stale += time.Duration(w.now - c.last)
	}
	c.last = w.now
	c.states = c.states[:0]
	c.both = false
	split, broken := false, false
	for i, n := range w.nodes {
		s := n.state()
		c.states = append(c.states, s)
		if s.active() != n.active {
			n.active, n.since = !n.active, w.now
		}
		w.traceState(n, s)
		if s.ring == nil && !s.quorate {
			continue
		}
		for j, o := range c.states[:i] {
			c.both = c.both || s.quorate && o.quorate && n.Ring != w.nodes[j].Ring
			if s.ring == nil || o.ring == nil || s.ring == o.ring {
				continue
			}
			split = true
			switch {
			case s.quorate && o.quorate:
				broken = true
				w.violate(TwoActive, s.ring, o.ring)
			case s.counts && o.counts && w.cfg.Arbiter == scenario.Ours:
				broken = true
				w.violate(TwoCounted, s.ring, o.ring)
			}
		}
	}
	if split && !c.split {
		w.stats.Splits++
	}
	c.split = split
	if !broken && c.broken {
		w.tracef("no more than one side counts the vote again, after %.3f s", time.Duration(w.now-c.since).Seconds())
	}
	c.broken = broken
}

func (w *World) violate(k Kind, a, b *totem.Ring) {
	if w.check.broken || w.over() {
		return
	}
	w.check.broken, w.check.since = true, w.now
	w.fail(k, fmt.Sprintf("nodes %s on ring %v, and nodes %s on ring %v", qnet.FormatIDs(b.IDs()), b.ID, qnet.FormatIDs(a.IDs()), a.ID))
}

func (w *World) fail(k Kind, text string) {
	v := &Violation{At: time.Duration(w.now), Kind: k, Text: text}
	if w.violation == nil {
		w.violation = v
	}
	w.tracef("VIOLATION: %s: %s", k, text)
}

// traceState prints what a node can do when that has changed.
func (w *World) traceState(n *node, s state) {
	if w.trace == nil || s == n.shown {
		return
	}
	before := n.shown
	n.shown = s
	switch {
	case s.active() && !before.active():
		v, _ := n.vq.NodeVotes(0)
		device := ""
		if s.counts {
			device = ", including the device's"
		}
		w.tracef("node %v: active: %d of %d votes%s", n.ID, v.Total, v.Expected, device)
	case s.ring != nil && !s.quorate && (before.ring != s.ring || before.quorate):
		v, _ := n.vq.NodeVotes(0)
		w.tracef("node %v: not quorate: %d of %d votes", n.ID, v.Total, v.Expected)
	case before.active() && !s.active() && n.up && !s.inSync:
		w.tracef("node %v: can't act: its ring is lost", n.ID)
	}
}

// settled reports what is missing from settled votes, or nothing: one of the
// partitions that may have the vote has it, and all its members know.
func (w *World) settled() string {
	var candidates []*totem.Ring
	var missing []string
	for _, n := range w.nodes {
		if !n.up {
			continue
		}
		s := n.state()
		if s.ring == nil {
			return fmt.Sprintf("node %v is not on a settled ring", n.ID)
		}
		if w.mayWin(s.ring) && !slices.Contains(candidates, s.ring) {
			candidates = append(candidates, s.ring)
		}
	}
	for _, r := range candidates {
		var lacking []qnet.NodeID
		for _, m := range r.Members {
			n := w.node(m.ID)
			if s := n.state(); n.daemon.alive && !s.counts || !s.quorate {
				lacking = append(lacking, n.ID)
			}
		}
		if len(lacking) == 0 {
			return ""
		}
		missing = append(missing, fmt.Sprintf("ring %v: nodes %s lack it", r.ID, qnet.FormatIDs(lacking)))
	}
	return strings.Join(missing, "; ")
}

// mayWin reports whether a partition is one that must get the vote if no
// other does.
func (w *World) mayWin(r *totem.Ring) bool {
	connected := slices.ContainsFunc(r.Members, func(m *totem.Member) bool { return w.node(m.ID).daemon.alive })
	return connected && (w.cfg.Algorithm != qnet.FFSplit || 2*len(r.Members) >= len(w.nodes)+len(w.nodes)%2)
}
