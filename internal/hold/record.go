// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package hold

import (
	"cmp"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// claim is that a node holds a ring, or is about to.
type claim struct {
	node qnet.NodeID
	ring *ring
	pace uint32 // ms
}

// claims returns who holds what once the connected nodes of p have the vote, by node.
func (l *Ledger) claims(p *ring) (list []claim) {
	for _, n := range l.nodes {
		c := claim{node: n.id}
		if n.hold != nil {
			c.ring, c.pace = n.hold.ring, n.hold.pace
		}
		if n.conn != nil && n.ring == p {
			c.ring, c.pace = p, max(c.pace, n.conn.pace.Ms())
		}
		if c.ring != nil {
			list = append(list, c)
		}
	}
	return list
}

// Record returns the grant that must be on disk before ACKs for a partition may leave:
// everybody who holds a ring now, and every connected node of the partition (H5).
func (l *Ledger) Record(of Partition) qnet.Grant {
	p := l.ringOf(of)
	g := qnet.Grant{Ring: p.id, Members: slices.Clone(p.members)}
	var rings []*ring
	for _, c := range l.claims(p) {
		g.Holders = append(g.Holders, qnet.Holder{Node: c.node, Ring: c.ring.id, Heartbeat: c.pace})
		if !slices.Contains(rings, c.ring) {
			rings = append(rings, c.ring)
		}
	}
	g.Rings = recordRings(rings)
	return g
}

// recordRings lists rings for a record. Of rings that share an ID no reporter
// is recorded: nobody supersedes them, so their holders hold their time.
func recordRings(rings []*ring) []qnet.Ring {
	slices.SortStableFunc(rings, func(a, b *ring) int {
		return cmp.Or(cmp.Compare(a.id.Node, b.id.Node), cmp.Compare(a.id.Seq, b.id.Seq))
	})
	var out []qnet.Ring
	for _, r := range rings {
		if last := len(out) - 1; last >= 0 && out[last].ID == r.id {
			out[last].Reporters = nil
			continue
		}
		out = append(out, qnet.Ring{ID: r.id, Members: slices.Clone(r.members), Reporters: slices.Clone(r.reporters)})
	}
	return out
}

// Covers reports whether a grant that is on record is as good as the one that Record returns:
// it names the same partition, and at least the holders that Record would name (H5). The
// caller passes only a grant that is surely on disk: no write is under way, and none has
// failed since.
func (l *Ledger) Covers(g qnet.Grant, of Partition) bool {
	if g.Ring != of.Ring || !slices.Equal(g.Members, of.Members) {
		return false
	}
	return !slices.ContainsFunc(l.claims(l.ringOf(of)), func(c claim) bool {
		i, ok := slices.BinarySearchFunc(g.Holders, c.node, func(h qnet.Holder, id qnet.NodeID) int { return cmp.Compare(h.Node, id) })
		return !ok || g.Holders[i].Ring != c.ring.id || g.Holders[i].Heartbeat < c.pace
	})
}

// Restore returns the ledger of a cluster with a grant on record when the arbiter starts.
func Restore(times Times, started time.Time, g qnet.Grant) *Ledger {
	// Rule H6: after a restart the recorded holders hold for a full hold time from the start.
	l := New(times, started)
	l.blank = false
	for _, r := range g.Rings {
		if !r.ID.IsZero() {
			l.rings = append(l.rings, &ring{id: r.ID, members: slices.Clone(r.Members), reporters: slices.Clone(r.Reporters)})
		}
	}
	for _, h := range g.Holders {
		n, r := l.known(h.Node), l.unknown
		if !h.Ring.IsZero() {
			r = l.recorded(h.Ring, h.Node)
		}
		n.heard = started
		n.holds(hold{ring: r, pace: h.Heartbeat})
	}
	return l
}

// recorded returns the ring of a record that a holder holds.
func (l *Ledger) recorded(id qnet.RingID, by qnet.NodeID) *ring {
	for _, r := range l.rings {
		if r.id == id && (r.members == nil || contains(r.members, by)) {
			return r
		}
	}
	return l.newRing(id, nil)
}
