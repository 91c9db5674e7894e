// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"slices"

	"github.com/quorate/quorate/internal/engine/core"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
)

// Arbiter is the arbiter where a node or the arbiter can be named.
const Arbiter = scenario.Arbiter

// PeerName names a node or the arbiter.
func PeerName(id qnet.NodeID) string { return scenario.PeerName(id) }

// links changes the links that a command is about.
func (l *Lab) links(c scenario.Command) error {
	return l.setWays(func(a, b qnet.NodeID, w way) (way, bool) { return change(c, a, b, w) })
}

// mend repairs all that links have lost, starts the arbiter and lets nodes go on: it
// undoes everything but a split and what nodes are down.
func (l *Lab) mend() error {
	err := l.setWays(func(_, _ qnet.NodeID, w way) (way, bool) { return way{parted: w.parted}, w.link != core.LinkUp })
	if err != nil {
		return err
	}
	var frozen []qnet.NodeID
	for _, n := range l.nodes {
		if n.frozen {
			frozen = append(frozen, n.id)
		}
	}
	if err := l.freeze(frozen, false); err != nil || !l.device || l.arbiter != nil {
		return err
	}
	return l.startArbiter()
}

// change returns what a command makes of the way between two, and whether it is about
// it. In a script there is one state, whatever has set it.
func change(c scenario.Command, a, b qnet.NodeID, w way) (way, bool) {
	switch c.Verb {
	case scenario.Split:
		apart := !together(c.Groups, a, b)
		if c.Flat {
			return way{link: w.link, parted: true}, apart
		}
		return way{link: w.link, parted: apart}, apart != w.parted
	case scenario.Join:
		if !c.Flat {
			return way{link: w.link}, w.parted
		}
		return way{}, a != Arbiter
	}
	to := map[scenario.Verb]core.Link{scenario.Cut: core.LinkCut, scenario.Drop: core.LinkDrop}[c.Verb] // else up
	return way{link: to, parted: w.parted && !c.Flat}, between(c, a, b)
}

// together reports whether a split leaves two nodes together: those that it does not
// name are together, too. The arbiter is not split from anybody.
func together(groups [][]qnet.NodeID, a, b qnet.NodeID) bool {
	if a == Arbiter || b == Arbiter {
		return true
	}
	of := func(id qnet.NodeID) int {
		return slices.IndexFunc(groups, func(g []qnet.NodeID) bool { return slices.Contains(g, id) })
	}
	return of(a) == of(b)
}

// between reports whether a command is about the link between two.
func between(c scenario.Command, a, b qnet.NodeID) bool {
	if c.A == nil {
		return true // heal
	}
	return slices.Contains(c.A, a) && slices.Contains(c.B, b) || slices.Contains(c.A, b) && slices.Contains(c.B, a)
}

// setWays changes the ways between nodes, and those to the arbiter.
func (l *Lab) setWays(change func(a, b qnet.NodeID, w way) (way, bool)) error {
	var ins []core.Input
	set := func(a, b qnet.NodeID) (core.Link, bool) {
		key := [2]qnet.NodeID{a, b}
		w, ok := change(a, b, l.ways[key])
		if ok {
			l.ways[key] = w
		}
		return w.state(), ok
	}
	for i, n := range l.nodes {
		if to, ok := set(Arbiter, n.id); ok {
			n.link = to
			n.setProxy()
		}
		for _, o := range l.nodes[i+1:] {
			if to, ok := set(n.id, o.id); ok {
				ins = append(ins, core.SetLink{A: n.id, B: o.id, To: to})
			}
		}
	}
	return l.engine.Do(ins...)
}
