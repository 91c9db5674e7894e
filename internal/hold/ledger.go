// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package hold

import (
	"cmp"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// Ledger is what the arbiter knows of one cluster: who is in which ring, and who may be
// using the vote.
type Ledger struct {
	times   Times
	started time.Time // the arbiter was

	// nodes has every node that is connected, holds, or has reported a ring, by ID.
	// Invariant: at most qnet.MaxNodes of them hold, if the caller asks [Ledger.Full] before
	// each ACK.
	nodes []*node

	// rings has every ring that a node is in or holds, in the order in which they were first
	// reported. Others are dropped when there are maxRings.
	// Invariant: no two whose members are known have the same ID and the same members.
	rings []*ring

	// unknown stands for whatever ring a node holds of which nothing was heard since a
	// start without a record (H6). Its ID is zero, which no ring has.
	unknown *ring
	blank   bool // the arbiter started without a record of this cluster (H6)

	// refused: the arbiter refused a node that claimed to use the vote. Until then the claim may
	// be true (H9).
	refused time.Time
}

// node is one node of the cluster.
type node struct {
	id    qnet.NodeID
	ring  *ring     // the one that it reported last; nil: none since the start
	heard time.Time // when it last said something; the start, for who holds by the record
	conn  *conn     // nil: it has no connection
	hold  *hold     // nil: it does not hold
}

// conn is what a node has said, and was told, on its connection.
type conn struct {
	pace    Pace
	quorate quorum // in the ring that it reported last

	// nack is the number of the first NACK after the last ACK; 0 if there is none, or if it
	// was answered.
	// Invariant: no ACK was told on this connection after the vote info with this number.
	nack uint32
}

// quorum is what a node says of its own.
type quorum uint8

const (
	unsaid quorum = iota // it has not said since it reported its ring
	quorate
	inquorate
)

// hold says that its node may be using the vote.
type hold struct {
	// ring is the one for which it has the vote.
	// Invariant: if its node has reported a ring since, that has the same ID (H3).
	ring *ring

	// pace, in ms, is what the hold time is worked out from.
	// Invariant: it never gets less (H2).
	pace uint32

	// answered is when the node answered a NACK that was told after its last ACK; zero: it has not.
	answered time.Time

	// presumed: nothing was on record, so the node is assumed to hold. Its time runs from
	// since, and news of the node does not renew it (H6).
	presumed bool
	since    time.Time
}

// New returns the ledger of a cluster of which nothing was on record when the arbiter started.
func New(times Times, started time.Time) *Ledger {
	return &Ledger{times: times, started: started, unknown: &ring{}, blank: true}
}

// node returns a node, nil if it is not known.
func (l *Ledger) node(id qnet.NodeID) *node {
	if i, ok := slices.BinarySearchFunc(l.nodes, id, byID); ok {
		return l.nodes[i]
	}
	return nil
}

// known returns a node, which it makes if it is not known.
func (l *Ledger) known(id qnet.NodeID) *node {
	i, ok := slices.BinarySearchFunc(l.nodes, id, byID)
	if !ok {
		l.nodes = slices.Insert(l.nodes, i, &node{id: id})
	}
	return l.nodes[i]
}

func byID(n *node, id qnet.NodeID) int { return cmp.Compare(n.id, id) }

// Joined says that a node has connected and named its ring, whose members it has not told
// yet. casting is that it says that it has kept its vote for it over a lost connection.
// Joined returns whether it held that ring already.
func (l *Ledger) Joined(now time.Time, id qnet.NodeID, ring qnet.RingID, pace Pace, casting bool) (held bool) {
	n := l.known(id)
	n.conn, n.heard = &conn{pace: pace}, now
	// Rule H6: where nothing was on record, a node holds the ring that it reports first.
	presumed := n.ring == nil && l.presumes(now)
	r := l.named(ring, n, casting || presumed)
	if h := n.hold; h != nil && h.ring.id == ring {
		// Rule H3: a new connection with the same ring ends no hold.
		r, held = h.ring, !h.presumed
		h.pace = max(h.pace, pace.Ms())
	}
	l.enter(n, r)
	// Rule H9: a node that says that it has kept its vote holds, whatever is remembered.
	if casting || presumed {
		n.holds(hold{ring: r, pace: pace.Ms(), presumed: !casting, since: now})
	}
	return held
}

// Left says that a node's connection has ended.
func (l *Ledger) Left(id qnet.NodeID) {
	// Rule H3: the end of a connection ends no hold.
	if n := l.node(id); n != nil {
		n.conn = nil
	}
}

// Heard says that a node has said something.
func (l *Ledger) Heard(now time.Time, id qnet.NodeID) {
	if n := l.node(id); n != nil {
		n.heard = now
	}
}

// Paced says that a connected node has changed its pace. A holder may not get slower: it
// would notice silence later than the disk says (H2). Then nothing changes, and Paced
// returns false.
func (l *Ledger) Paced(id qnet.NodeID, pace Pace) bool {
	n := l.node(id)
	if n == nil || n.conn == nil || n.hold != nil && pace.Ms() > n.hold.pace {
		return false
	}
	n.conn.pace = pace
	return true
}

// Reported says that a node is in a ring with these members, which are sorted. It returns
// the list that the ledger keeps: equal lists of a ring are one list.
func (l *Ledger) Reported(id qnet.NodeID, ring qnet.RingID, members []qnet.NodeID) []qnet.NodeID {
	n := l.known(id)
	r := l.ring(ring, members, n)
	if n.conn != nil && n.ring != r {
		n.conn.quorate = unsaid
	}
	l.enter(n, r)
	return r.members
}

// enter notes that a node says that it is in r.
func (l *Ledger) enter(n *node, r *ring) {
	if len(r.reporters) < qnet.MaxNodes {
		r.reporters = insert(r.reporters, n.id)
	}
	first := n.ring == nil
	if n.ring = r; first {
		l.trimNodes(n)
	}
	switch h := n.hold; {
	case h == nil:
	case h.ring.id == r.id:
		h.ring = r // the same ring, now with its members; or one that reuses the ID, which does no harm
	default:
		// Rule H3: who reports another ring holds no more. Its vote for the old one counts nowhere.
		n.hold = nil
	}
}

// Configured says that a node's configuration names these nodes, which are sorted.
func (l *Ledger) Configured(now time.Time, by qnet.NodeID, ids []qnet.NodeID) {
	n := l.node(by)
	if n == nil || n.conn == nil || !l.presumes(now) {
		return
	}
	// Rule H6: where nothing was on record, a configured node holds any ring until it has reported.
	ms, holders := n.conn.pace.Ms(), l.Count()
	at := 0 // in l.nodes, which are sorted, too
	for _, id := range ids {
		for at < len(l.nodes) && l.nodes[at].id < id {
			at++
		}
		switch m := l.at(at, id); {
		case m != nil && m.hold != nil && m.hold.ring == l.unknown:
			m.hold.pace = max(m.hold.pace, ms)
		case m != nil && (m.hold != nil || m.ring != nil), holders >= qnet.MaxNodes:
		default:
			l.known(id).holds(hold{ring: l.unknown, pace: ms, presumed: true, since: l.started})
			holders++
		}
	}
}

// at returns the node at an index, if it is the one with this ID.
func (l *Ledger) at(i int, id qnet.NodeID) *node {
	if i < len(l.nodes) && l.nodes[i].id == id {
		return l.nodes[i]
	}
	return nil
}

// presumes reports whether nodes may hold what the arbiter has forgotten: it was
// started without a record, and a hold time has not passed since (H6).
func (l *Ledger) presumes(now time.Time) bool {
	var pace uint32
	for _, n := range l.nodes {
		if n.conn != nil {
			pace = max(pace, n.conn.pace.Ms())
		}
	}
	return l.blank && now.Before(l.started.Add(l.times.Hold(pace)))
}

// Told says that a connected node is about to be told ACK or NACK, in the vote info with
// this number. It must be said before the first byte of that leaves.
func (l *Ledger) Told(id qnet.NodeID, v qnet.Vote, seq uint32) {
	n := l.node(id)
	switch {
	case n == nil || n.conn == nil || n.ring == nil:
	case v == qnet.VoteACK:
		// Rule H1: an ACK makes its receiver a holder of its ring, from before the bytes leave.
		n.holds(hold{ring: n.ring, pace: n.conn.pace.Ms()})
		n.conn.nack = 0
	case v == qnet.VoteNACK && n.conn.nack == 0:
		n.conn.nack = seq
	}
}

// Answered says that a node has answered the vote info with this number, and so all before
// it. It returns whether the end of the node's hold has changed.
func (l *Ledger) Answered(now time.Time, id qnet.NodeID, seq uint32) bool {
	n := l.node(id)
	if n == nil || n.conn == nil || n.conn.nack == 0 || seq < n.conn.nack {
		return false
	}
	n.conn.nack = 0
	if n.hold == nil || !n.hold.answered.IsZero() {
		return false
	}
	n.hold.answered = now
	return true
}

// Quorate says that a node has, or has not, a quorum in its ring. It returns whether the
// end of the node's hold may have changed.
func (l *Ledger) Quorate(id qnet.NodeID, yes bool) bool {
	n := l.node(id)
	if n == nil || n.conn == nil {
		return false
	}
	turned := n.conn.quorate == quorate && !yes
	n.conn.quorate = inquorate
	if yes {
		n.conn.quorate = quorate
	}
	if n.hold == nil || n.hold.answered.IsZero() || n.hold.ring != n.ring {
		return false
	}
	// Rule H3: who has answered a NACK after its ACK, and then is quorate no more, holds no more.
	// A change from yes to no proves that its Corosync counted again after the poll. A "no"
	// without a change proves nothing: a ring without its token counts nothing for up to
	// totem.token, which the arbiter does not know.
	if turned {
		n.hold = nil
	}
	return true
}

// Refused says that a node which says that it has kept its vote was not taken.
func (l *Ledger) Refused(now time.Time, pace Pace) {
	// Rule H9: it may be true, and nobody gets the vote until that has ended.
	if end := now.Add(l.times.Hold(pace.Ms())); end.After(l.refused) {
		l.refused = end
	}
}

// holds makes a node a holder, or renews that it is one.
func (n *node) holds(h hold) {
	if n.hold != nil {
		h.pace = max(h.pace, n.hold.pace)
	}
	n.hold = &h
}

// end is when a node's hold ends if nothing more is heard of it.
func (l *Ledger) end(n *node) time.Time {
	h, d := n.hold, l.times.Hold(n.hold.pace)
	end := n.heard.Add(d)
	switch {
	case h.presumed:
		end = h.since.Add(d) // what was cast before the start ends without a new ACK
	case n.conn != nil:
		// Rule H2: while a connection stands, at least until it would be given up.
		end = n.heard.Add(max(d, l.times.dpd(n.conn.pace)))
	}
	if h.answered.IsZero() {
		return end
	}
	// Rule H3: the answer to a NACK starts the time once more, for the last time; it is 3 s if
	// the node was not quorate anyway.
	if n.conn != nil && n.conn.quorate == inquorate && h.ring == n.ring {
		d = min(d, NewsTime)
	}
	if last := h.answered.Add(d); last.Before(end) {
		end = last
	}
	return end
}

// expire ends the holds whose time has passed (H2).
func (l *Ledger) expire(now time.Time) {
	for _, n := range l.nodes {
		if n.hold != nil && !now.Before(l.end(n)) {
			n.hold = nil
		}
	}
	l.nodes = slices.DeleteFunc(l.nodes, func(n *node) bool { return n.conn == nil && n.hold == nil && n.ring == nil })
}
