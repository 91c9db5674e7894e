// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package hold

import (
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// Partition is the nodes that are in one ring together.
type Partition struct {
	Ring    qnet.RingID
	Members []qnet.NodeID // sorted
}

// Obstacle is what keeps a partition from the vote.
type Obstacle struct {
	Holders []qnet.NodeID // who may still be using the vote, sorted
	Unheard []qnet.NodeID // who may, as nothing was on record, and has not been heard since, sorted
	Refused bool          // a node was refused that claimed to use the vote
	Until   time.Time     // when all of that has passed if nothing more is heard

	// Soon is that all of them are connected, and may let go at any moment: an answer is all
	// that is missing.
	Soon bool
}

// None reports whether nothing keeps the partition from the vote.
func (o Obstacle) None() bool { return len(o.Holders) == 0 && len(o.Unheard) == 0 && !o.Refused }

// Obstacle returns what keeps a partition from the vote. Holds whose time has passed are
// forgotten first.
func (l *Ledger) Obstacle(now time.Time, of Partition) Obstacle {
	// Rule H5: an ACK leaves only when every holder outside the partition holds a ring that the
	// partition supersedes, and when the grant is on disk (see [Ledger.Covers]).
	l.expire(now)
	p := l.ringOf(of)
	ob := Obstacle{Soon: true}
	granted := l.granted(p)
	for _, n := range l.nodes {
		switch h := n.hold; {
		case h == nil || contains(p.members, n.id) || l.supersedes(p, h.ring):
			continue
		case h.ring != l.unknown:
			ob.Holders = append(ob.Holders, n.id)
		case granted:
			continue
		default:
			ob.Unheard = append(ob.Unheard, n.id)
		}
		if end := l.end(n); end.After(ob.Until) {
			ob.Until = end
		}
		// Who has answered, and was quorate, is about to say that it is no more (H3).
		if n.conn == nil || !n.hold.answered.IsZero() && n.conn.quorate != quorate {
			ob.Soon = false
		}
	}
	if now.Before(l.refused) {
		ob.Refused, ob.Soon = true, false
		if l.refused.After(ob.Until) {
			ob.Until = l.refused
		}
	}
	return ob
}

// ringOf returns the ring of a partition. Of one that nobody has reported it makes one.
func (l *Ledger) ringOf(p Partition) *ring {
	if r := l.find(p.Ring, p.Members); r != nil {
		return r
	}
	return &ring{id: p.Ring, members: p.Members}
}

// supersedes reports whether the partition p has left the ring r behind.
func (l *Ledger) supersedes(p, r *ring) bool {
	// Rule H4: one of its members has reported r, and p after it.
	return r != p && slices.ContainsFunc(l.nodes, func(n *node) bool {
		return n.ring == p && contains(p.members, n.id) && contains(r.reporters, n.id)
	})
}

// granted reports whether a node holds p by an ACK. That ACK left only when nothing else was in
// the way, so no vote that the arbiter has forgotten can still be in use (H6).
func (l *Ledger) granted(p *ring) bool {
	return slices.ContainsFunc(l.nodes, func(n *node) bool { return n.hold != nil && n.hold.ring == p && !n.hold.presumed })
}
