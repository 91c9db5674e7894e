// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package core

import (
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/timing"
	"github.com/quorate/quorate/internal/totem"
	"github.com/quorate/quorate/internal/votequorum"
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

// groups returns who should be in a ring with whom. Nodes that are down or frozen
// are in none.
func (m *Machine) groups() [][]*node {
	var awake []*node
	for _, n := range m.nodes {
		if n.awake() {
			awake = append(awake, n)
		}
	}
	return totem.Groups(awake, func(a, b *node) bool { return m.link(a, b) == LinkUp })
}

// together reports whether the group is in one ring with nobody else.
func together(g []*node) bool {
	r := g[0].Ring
	return len(r.Members) == len(g) && !slices.ContainsFunc(g, func(n *node) bool { return n.Ring != r })
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
			if n.lost == totem.Silent {
				after = m.cfg.Token
			}
			n.due = timing.Earliest(n.due, m.now.Add(after))
		}
	}
}

// form makes a ring of nodes, which all enter it at once.
func (m *Machine) form(g []*node) {
	members := make([]*totem.Member, len(g))
	for i, n := range g {
		n.due, members[i] = time.Time{}, &n.Member
	}
	m.seq = totem.FormAtOnce(members, m.seq, func(o *totem.Member, in votequorum.Input) { m.step(m.node(o.ID), in) })
}

// refresh takes note of what each node's ring has lost: it stays so until a ring is
// formed, or an input changes who reaches whom.
func (m *Machine) refresh() {
	for i, n := range m.nodes {
		if !n.up() {
			continue
		}
		j := slices.IndexFunc(m.nodes[:i], func(o *node) bool { return o.up() && o.Ring == n.Ring })
		if j >= 0 {
			n.lost = m.nodes[j].lost
			continue
		}
		n.lost = n.Ring.Loss(func(a, b *totem.Member) totem.Loss { return m.gap(m.node(a.ID), m.node(b.ID), n.Ring) })
		if broken := n.lost != totem.Whole; broken != n.Ring.Broken() {
			m.breakRing(n.Ring, broken)
		}
	}
}

// breakRing notes that a ring's token does not come round any more, or does again.
func (m *Machine) breakRing(r *totem.Ring, broken bool) {
	r.Break(broken)
	for _, n := range m.nodes {
		if !broken && n.up() && n.In(r) {
			n.Resume()
		}
	}
}

// gap says what the ring lacks between two of its members, or in one.
func (m *Machine) gap(a, b *node, ring *totem.Ring) totem.Loss {
	for _, n := range []*node{a, b} {
		switch {
		case n.frozen:
			return totem.Silent
		case !n.up() && n.left:
			return totem.Loud
		case !n.up():
			return totem.Silent
		case !n.In(ring):
			return totem.Loud
		}
	}
	switch {
	case a == b:
		return totem.Whole
	case m.link(a, b) == LinkCut:
		return totem.Loud
	case m.link(a, b) == LinkDrop:
		return totem.Silent
	}
	return totem.Whole
}

// settled reports whether the node's ring is whole and all of its members are
// past the sync: only then is anything delivered to them.
func (m *Machine) settled(n *node) bool {
	if !n.awake() || n.lost != totem.Whole {
		return false
	}
	return !slices.ContainsFunc(n.Ring.Members, func(o *totem.Member) bool { return m.node(o.ID).syncs() })
}

// deliver lets the messages of every whole ring through, and reports whether
// there were any. Of the members the last comes first, as it often does
// in Corosync: the token that brings the others' messages lets it send its own.
func (m *Machine) deliver() bool {
	any := false
	for moved := true; moved; {
		moved = false
		for _, last := range []bool{true, false} {
			for _, n := range m.nodes {
				if !n.awake() || last != n.isLast() {
					continue
				}
				for in, ok := n.Next(); ok; in, ok = n.Next() {
					moved, any = true, true
					if in != nil {
						m.step(n, in)
					}
				}
			}
		}
	}
	return any
}

// isLast reports whether the node is the last member of its ring.
func (n *node) isLast() bool { return n.Ring.Last() == &n.Member }
