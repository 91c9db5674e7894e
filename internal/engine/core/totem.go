// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package core

import (
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/votequorum"
)

// breakage says what a ring has lost, the worse the greater.
type breakage uint8

const (
	whole  breakage = iota
	loud            // a member that the others know to be gone
	silent          // a member that says nothing any more
)

func (m *Machine) setLink(in SetLink) {
	a, b := m.index(in.A), m.index(in.B)
	if a < 0 || b < 0 || a == b {
		return
	}
	m.links[a*len(m.nodes)+b], m.links[b*len(m.nodes)+a] = in.To, in.To
}

func (m *Machine) index(id qnet.NodeID) int {
	return slices.IndexFunc(m.nodes, func(n *node) bool { return n.ID == id })
}

func (m *Machine) link(a, b *node) Link { return m.links[m.index(a.ID)*len(m.nodes)+m.index(b.ID)] }

// groups returns who should be in a ring with whom: every node is in the first
// group all of whose nodes it reaches. Nodes that are down or frozen are in none.
func (m *Machine) groups() [][]*node {
	var groups [][]*node
	for _, n := range m.nodes {
		if !n.awake() {
			continue
		}
		i := slices.IndexFunc(groups, func(g []*node) bool {
			return !slices.ContainsFunc(g, func(o *node) bool { return m.link(n, o) != LinkUp })
		})
		if i < 0 {
			groups = append(groups, []*node{n})
		} else {
			groups[i] = append(groups[i], n)
		}
	}
	return groups
}

// together reports whether the group is in one ring with nobody else.
func together(g []*node) bool {
	first := g[0].list
	if len(first.Members) != len(g) {
		return false
	}
	return !slices.ContainsFunc(g, func(n *node) bool { return n.list.Ring != first.Ring })
}

// dueOf returns when the group forms a ring: when the last of its nodes is
// ready to. It is zero for a group that is in one.
func dueOf(g []*node) time.Time {
	var at time.Time
	for _, n := range g {
		if n.due.After(at) {
			at = n.due
		}
	}
	return at
}

// regroup sets when each node is ready for another ring. A ring that is whole
// again before that goes on as if nothing had happened.
func (m *Machine) regroup() {
	for _, g := range m.groups() {
		if together(g) {
			for _, n := range g {
				n.due = time.Time{}
			}
			continue
		}
		for _, n := range g {
			after := m.cfg.Join
			if n.broken == silent {
				after = m.cfg.Token
			}
			n.due = earliest(n.due, m.vq.Now.Add(after))
		}
	}
}

func (m *Machine) form(g []*node) {
	ids := make([]qnet.NodeID, 0, len(g))
	for _, n := range g {
		ids = append(ids, n.ID)
		n.due = time.Time{}
	}
	m.vq.Form(ids...)
}

// refresh takes note of each node's ring, and of how it is broken. The token goes
// round among all members, so each of them suffers from a link of others, too.
func (m *Machine) refresh() {
	for _, n := range m.nodes {
		n.list = votequorum.NodeListNotice{}
		if n.up() {
			n.list = n.Machine.NodeList()
		}
	}
	for i, n := range m.nodes {
		if !n.up() {
			continue
		}
		j := slices.IndexFunc(m.nodes[:i], func(o *node) bool { return o.up() && o.list.Ring == n.list.Ring })
		if j >= 0 {
			n.broken = m.nodes[j].broken
		} else {
			n.broken = m.breakageOf(n.list)
		}
	}
}

// breakageOf is the worst that a ring lacks.
func (m *Machine) breakageOf(list votequorum.NodeListNotice) breakage {
	worst := whole
	for i, id := range list.Members {
		a := m.node(id)
		for _, id := range list.Members[:i+1] {
			worst = max(worst, m.gap(a, m.node(id), list.Ring))
		}
	}
	return worst
}

// gap says what the ring lacks between two of its members, or in one.
func (m *Machine) gap(a, b *node, ring qnet.RingID) breakage {
	for _, n := range []*node{a, b} {
		switch {
		case n.frozen:
			return silent
		case !n.up() && n.left:
			return loud
		case !n.up():
			return silent
		case n.list.Ring != ring:
			return loud
		}
	}
	switch {
	case a == b:
		return whole
	case m.link(a, b) == LinkCut:
		return loud
	case m.link(a, b) == LinkDrop:
		return silent
	}
	return whole
}

// settled reports whether the node's ring is whole and all of its members are
// past the sync: only then is anything delivered to them.
func (m *Machine) settled(n *node) bool {
	if !n.awake() || n.broken != whole {
		return false
	}
	return !slices.ContainsFunc(n.list.Members, func(id qnet.NodeID) bool { return m.node(id).syncs() })
}

// deliver lets the messages of every whole ring through, and reports whether
// there were any. Of the members the last comes first, as in vqtest.
func (m *Machine) deliver() bool {
	any := false
	for moved := true; moved; {
		moved = false
		for _, last := range []bool{true, false} {
			for _, n := range m.nodes {
				if !n.awake() || n.broken != whole || last != n.isLast() {
					continue
				}
				for m.vq.DeliverOne(n.ID) {
					moved, any = true, true
				}
			}
		}
	}
	return any
}

// isLast reports whether the node is the last member of its ring.
func (n *node) isLast() bool { return n.list.Members[len(n.list.Members)-1] == n.ID }
