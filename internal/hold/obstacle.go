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
	Refused bool          // somebody may who said so, and was refused
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
	p := l.partition(of)
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

// partition returns the ring of a partition. Of one that nobody has reported it makes one.
func (l *Ledger) partition(p Partition) *ring {
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

// granted reports whether somebody has the vote in p, who can only have it because it was
// granted to p: so nobody else was granted it since, and what was forgotten has passed (H9).
func (l *Ledger) granted(p *ring) bool {
	return slices.ContainsFunc(l.nodes, func(n *node) bool { return n.hold != nil && n.hold.ring == p && !n.hold.presumed })
}

// Full reports whether these nodes would make more holders than a cluster can have nodes,
// and until when at least.
func (l *Ledger) Full(ids []qnet.NodeID) (until time.Time, full bool) {
	holders := l.Count()
	for _, id := range ids {
		if !l.Holding(id) {
			holders++
		}
	}
	if holders <= qnet.MaxNodes {
		return time.Time{}, false
	}
	for _, n := range l.nodes {
		if n.hold == nil {
			continue
		}
		if end := l.end(n); until.IsZero() || end.Before(until) {
			until = end
		}
	}
	return until, true
}

// Count is how many nodes hold something.
func (l *Ledger) Count() (holders int) {
	for _, n := range l.nodes {
		if n.hold != nil {
			holders++
		}
	}
	return holders
}

// Holding reports whether a node holds something.
func (l *Ledger) Holding(id qnet.NodeID) bool {
	n := l.node(id)
	return n != nil && n.hold != nil
}

// Holds reports whether a node holds the ring that it reported last.
func (l *Ledger) Holds(id qnet.NodeID) bool {
	n := l.node(id)
	return n != nil && n.hold != nil && n.hold.ring == n.ring
}

// Until is when nobody will hold anything any more, as far as is known now; zero if nobody does.
func (l *Ledger) Until(now time.Time) (until time.Time) {
	l.expire(now)
	if now.Before(l.refused) {
		until = l.refused
	}
	for _, n := range l.nodes {
		if n.hold == nil {
			continue
		}
		if end := l.end(n); end.After(until) {
			until = end
		}
	}
	return until
}

// Holder is a node that may be using the vote.
type Holder struct {
	Node      qnet.NodeID
	Ring      qnet.RingID // zero: any ring
	Connected bool
	Until     time.Time // when it holds no more, if nothing more is heard of it
}

// Holders lists who may be using the vote, by node.
func (l *Ledger) Holders(now time.Time) (list []Holder) {
	for _, n := range l.nodes {
		if n.hold == nil {
			continue
		}
		if end := l.end(n); now.Before(end) {
			list = append(list, Holder{Node: n.id, Ring: n.hold.ring.id, Connected: n.conn != nil, Until: end})
		}
	}
	return list
}

// LastHeard is when a node last said something; zero if it is not known.
func (l *Ledger) LastHeard(id qnet.NodeID) time.Time {
	if n := l.node(id); n != nil {
		return n.heard
	}
	return time.Time{}
}

// PaceOf is the pace of a connected node; zero if it has no connection.
func (l *Ledger) PaceOf(id qnet.NodeID) Pace {
	if n := l.node(id); n != nil && n.conn != nil {
		return n.conn.pace
	}
	return Pace{}
}
