// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package corotest

import (
	"slices"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
)

// Quorum is a [Service] that plays quorum. A test says with [Quorum.Set] what it
// tells, while the server's Stall holds the lock.
type Quorum struct {
	old      bool
	quorate  bool
	ring     corosync.RingID
	members  []uint32
	trackers []*Peer
}

// NewQuorum makes a partition with these members, quorate, with ring 4.
func NewQuorum(members ...uint32) *Quorum {
	slices.Sort(members)
	return &Quorum{quorate: true, ring: corosync.RingID{Node: members[0], Seq: 4}, members: members}
}

// Old makes the daemon one of before Corosync 3.1.0.
func (q *Quorum) Old() { q.old = true }

// Set sets what the partition is, and tells those who track. Another ring is
// told with its node list.
func (q *Quorum) Set(quorate bool, ring corosync.RingID, members ...uint32) {
	slices.Sort(members)
	before, changed := q.members, ring != q.ring
	q.quorate, q.ring, q.members = quorate, ring, members
	for _, p := range q.trackers {
		if changed {
			q.nodeList(p, without(members, before), without(before, members))
		}
		q.notice(p)
	}
}

// without returns what is in a and not in b.
func without(a, b []uint32) []uint32 {
	return slices.DeleteFunc(slices.Clone(a), func(id uint32) bool { return slices.Contains(b, id) })
}

// Serve handles a request.
func (q *Quorum) Serve(p *Peer, r *qb.Reader) {
	switch kind := r.ID(); {
	case kind == 0:
		p.Answer(word(0, flag(q.quorate)))
	case kind == 1:
		q.nodeList(p, nil, nil)
		q.notice(p)
		if slices.Contains(q.trackers, p) {
			p.Status(1, corosync.ErrExist)
			return
		}
		q.trackers = append(q.trackers, p)
		p.Status(1, corosync.OK)
	case kind == 2:
		q.Leave(p)
		p.Status(2, corosync.OK)
	case kind == 3:
		p.Answer(word(4, 1))
	case kind == 4 && !q.old:
		p.Answer(word(5, 1))
	default:
		p.Status(0, corosync.ErrInvalidParam)
	}
}

// word is an answer of one 32-bit integer.
func word(kind int32, v uint32) qb.Message {
	m := qb.NewAnswer(kind, 32, corosync.OK)
	m.U32(24, v)
	return m
}

func flag(on bool) uint32 {
	if on {
		return 1
	}
	return 0
}

func (q *Quorum) notice(p *Peer) {
	kind, list := int32(6), 52
	if q.old {
		kind, list = 3, 44
	}
	m := qb.NewAnswer(kind, list+4+4*len(q.members), corosync.OK)
	m.U32(24, flag(q.quorate))
	if q.old {
		m.U64(32, q.ring.Seq)
	} else {
		m.U32(32, q.ring.Node)
		m.U64(40, q.ring.Seq)
	}
	m.U32(list-4, uint32(len(q.members)))
	for i, id := range q.members {
		m.U32(list+4*i, id)
	}
	p.Event(m)
}

func (q *Quorum) nodeList(p *Peer, joined, left []uint32) {
	if q.old {
		return
	}
	all := slices.Concat(q.members, joined, left)
	m := qb.NewAnswer(7, 64+4*len(all), corosync.OK)
	m.U32(24, q.ring.Node)
	m.U64(32, q.ring.Seq)
	for i, list := range [][]uint32{q.members, joined, left} {
		m.U32(40+8*i, uint32(len(list)))
	}
	for i, id := range all {
		m.U32(60+4*i, id)
	}
	p.Event(m)
}

// Leave ends a client's tracking.
func (q *Quorum) Leave(p *Peer) {
	q.trackers = slices.DeleteFunc(q.trackers, func(t *Peer) bool { return t == p })
}
