// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package hold

import (
	"slices"

	"github.com/quorate/quorate/internal/qnet"
)

// maxRings is how many rings are kept before those that nobody holds and nobody is in are dropped.
const maxRings = 64

// ring is one ring as nodes reported it. Two rings may share an ID if a node lost its
// counter; then their members tell them apart.
type ring struct {
	id      qnet.RingID
	members []qnet.NodeID // sorted; nil until somebody has told them

	// reporters are the nodes that have reported it. A member that has is not in an older
	// ring any more.
	// Invariant: sorted, at most qnet.MaxNodes.
	reporters []qnet.NodeID
}

// ring returns the ring with this ID and these members, which a node reports.
func (l *Ledger) ring(id qnet.RingID, members []qnet.NodeID, by *node) *ring {
	if r := l.find(id, members); r != nil {
		return r
	}
	if r := by.ring; r != nil && r.id == id && r.members == nil {
		r.members = members
		return r
	}
	return l.newRing(id, members)
}

// find returns the ring with this ID and these members, nil if there is none.
func (l *Ledger) find(id qnet.RingID, members []qnet.NodeID) *ring {
	for _, r := range slices.Backward(l.rings) {
		if r.id == id && r.members != nil && slices.Equal(r.members, members) {
			return r
		}
	}
	return nil
}

// named returns the ring that a new connection names, which has no members in it: the
// node's last one, or another one known with this ID that it may be in. If it holds
// the ring, and another could share the ID, the ring is its own until it has told the
// members.
func (l *Ledger) named(id qnet.RingID, by *node, holds bool) *ring {
	if r := by.ring; r != nil && r.id == id {
		return r
	}
	for _, r := range slices.Backward(l.rings) {
		if r.id == id && contains(r.members, by.id) && !holds {
			return r
		}
	}
	return l.newRing(id, nil)
}

func (l *Ledger) newRing(id qnet.RingID, members []qnet.NodeID) *ring {
	if len(l.rings) >= maxRings {
		l.trimRings()
	}
	r := &ring{id: id, members: members}
	l.rings = append(l.rings, r)
	return r
}

// trimRings forgets the rings that nobody holds and nobody is in. It looks at each node and at
// each ring once: a certificate can bring thousands of both.
func (l *Ledger) trimRings() {
	used := make(map[*ring]bool, len(l.nodes))
	for _, n := range l.nodes {
		used[n.ring] = true
		if n.hold != nil {
			used[n.hold.ring] = true
		}
	}
	l.rings = slices.DeleteFunc(l.rings, func(r *ring) bool { return !used[r] })
}

// trimNodes forgets what nodes have reported that are gone, when there are too many.
func (l *Ledger) trimNodes(keep *node) {
	reported := 0
	for _, n := range l.nodes {
		if n.ring != nil {
			reported++
		}
	}
	if reported <= qnet.MaxNodes {
		return
	}
	l.nodes = slices.DeleteFunc(l.nodes, func(n *node) bool { return n != keep && n.conn == nil && n.hold == nil })
}

func insert(ids []qnet.NodeID, id qnet.NodeID) []qnet.NodeID {
	if i, ok := slices.BinarySearch(ids, id); !ok {
		return slices.Insert(ids, i, id)
	}
	return ids
}

func contains(ids []qnet.NodeID, id qnet.NodeID) bool {
	_, ok := slices.BinarySearch(ids, id)
	return ok
}
