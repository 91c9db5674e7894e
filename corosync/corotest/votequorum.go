// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package corotest

import (
	"cmp"
	"slices"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
	"github.com/quorate/quorate/corosync/votequorum"
)

// Votequorum is a [Service] that plays votequorum on one node of a cluster, with
// a device of one vote. A test plays Totem, the other nodes and the clock with
// [Votequorum.Ring], [Votequorum.Expect] and [Votequorum.Timeout], while the
// server's Stall holds the lock.
//
// As with Corosync, a ring waits for the poll of a device that is registered and
// alive, and meanwhile the other services of the server wait, too.
type Votequorum struct {
	nodes    []node // by ID; the first of NewVotequorum is this one
	us       uint32
	ring     corosync.RingID
	members  []uint32
	quorum   uint32
	quorate  bool
	waiting  bool // a sync waits for the device
	forbid   bool
	device   string // its name; empty if none is known
	votes    uint32 // the device's
	trackers []*voteTracker
}

type node struct {
	id       uint32
	state    votequorum.State
	votes    uint32
	expected uint32
	flags    votequorum.Flags // of its device
}

// voteTracker is the tracking of one client.
type voteTracker struct {
	peer   *Peer
	cookie uint64
}

// NewVotequorum makes a cluster of nodes of one vote each, the first of which is
// this one, all of them members of the ring with number 4.
func NewVotequorum(us uint32, others ...uint32) *Votequorum {
	v := &Votequorum{us: us, votes: 1, members: append([]uint32{us}, others...)}
	slices.Sort(v.members)
	v.ring = corosync.RingID{Node: v.members[0], Seq: 4}
	for _, id := range v.members {
		v.nodes = append(v.nodes, node{id: id, state: votequorum.Member, votes: 1, expected: uint32(len(v.members)) + 1})
	}
	v.count(true)
	return v
}

// Forbid makes the configuration one with which no device can be registered.
func (v *Votequorum) Forbid() { v.forbid = true }

// Ring puts a new ring in place of the last one, with this node among its
// members: those who track are told the node list. If the device is registered and alive
// the sync waits for its poll. Otherwise it ends: quorum is counted and told.
func (v *Votequorum) Ring(ring corosync.RingID, members ...uint32) {
	v.ring, v.members = ring, slices.Clone(members)
	slices.Sort(v.members)
	for i := range v.nodes {
		v.nodes[i].state = votequorum.Dead
	}
	for _, id := range v.members {
		i, ok := slices.BinarySearchFunc(v.nodes, id, func(n node, id uint32) int { return cmp.Compare(n.id, id) })
		if !ok {
			v.nodes = slices.Insert(v.nodes, i, node{id: id, votes: 1, expected: v.self().expected})
		}
		v.nodes[i].state = votequorum.Member
	}
	v.waiting = v.self().flags.Has(votequorum.Alive)
	v.tell(v.nodeList)
	if !v.waiting {
		v.activate()
	}
}

// activate ends a sync.
func (v *Votequorum) activate() {
	v.waiting = false
	v.count(false)
	v.tell(v.quorumNotice)
}

// Timeout is what happens when the device was not polled within its timeout: in
// a sync sync_timeout, otherwise timeout.
func (v *Votequorum) Timeout() {
	us := v.self()
	if !us.flags.Has(votequorum.Alive) {
		return
	}
	us.flags &^= votequorum.Alive | votequorum.CastVote
	v.changed()
}

// Expect sets the expected votes of all, as another node or a reload does.
func (v *Votequorum) Expect(votes uint32) {
	for i := range v.nodes {
		if v.nodes[i].state == votequorum.Member {
			v.nodes[i].expected = votes
		}
	}
	v.tell(v.expectedNotice)
	v.recount(true)
}

// Holds reports whether a sync waits for the device's poll.
func (v *Votequorum) Holds() bool { return v.waiting }

// Info returns what a client is told of a node, 0 being this one; false if it is
// not known.
func (v *Votequorum) Info(id uint32) (votequorum.Info, bool) {
	if id == 0 {
		id = v.us
	}
	n := v.node(id)
	if n == nil {
		return votequorum.Info{}, false
	}
	i := votequorum.Info{
		Node: n.id, State: n.state, Votes: n.votes, Expected: n.expected, Quorum: v.quorum, Flags: n.flags,
		DeviceVotes: v.votes, DeviceName: v.device,
	}
	i.Total, i.HighestExpected = v.total(n)
	if v.quorate {
		i.Flags |= votequorum.Quorate
	}
	return i, true
}

func (v *Votequorum) self() *node { return v.node(v.us) }

func (v *Votequorum) node(id uint32) *node {
	for i := range v.nodes {
		if v.nodes[i].id == id {
			return &v.nodes[i]
		}
	}
	return nil
}

// total sums up the votes of the members, and the device's if n casts them.
func (v *Votequorum) total(n *node) (votes, expected uint32) {
	for _, m := range v.nodes {
		if m.state == votequorum.Member {
			votes += m.votes
			expected = max(expected, m.expected)
		}
	}
	if n.flags.Has(votequorum.CastVote) {
		votes += v.votes
	}
	return votes, expected
}

// count says what the quorum is and whether it is reached. It shrinks only if
// decrease is set. No fewer votes are expected than there are, the device's
// included even if it is not cast.
func (v *Votequorum) count(decrease bool) {
	us := v.self()
	if all, _ := v.total(&node{flags: votequorum.CastVote}); all > us.expected {
		us.expected = all
		v.tell(v.expectedNotice)
	}
	total, expected := v.total(us)
	quorum := max(expected+2, total+2) / 2
	if !decrease {
		quorum = max(quorum, v.quorum)
	}
	v.quorum = quorum
	v.quorate = total >= quorum || us.flags.Has(votequorum.MasterWins) && us.flags.Has(votequorum.CastVote)
}

// recount counts outside a sync, and tells if quorum is lost or won.
func (v *Votequorum) recount(decrease bool) {
	before := v.quorate
	v.count(decrease)
	if v.quorate != before && !v.waiting {
		v.tell(v.quorumNotice)
	}
}

// changed follows a change of the device, which may end a sync.
func (v *Votequorum) changed() {
	if v.waiting {
		v.activate()
	} else {
		v.recount(false)
	}
}

// tell sends an event to all who track.
func (v *Votequorum) tell(event func(*voteTracker) qb.Message) {
	for _, t := range v.trackers {
		t.peer.Event(event(t))
	}
}

func (v *Votequorum) nodeList(t *voteTracker) qb.Message {
	m := qb.NewAnswer(5, 56+4*len(v.members), corosync.OK)
	m.U64(24, t.cookie)
	m.U32(32, v.ring.Node)
	m.U64(32+ringSeq(t.peer), v.ring.Seq)
	m.U32(48, uint32(len(v.members)))
	for i, id := range v.members {
		m.U32(56+4*i, id)
	}
	return m
}

func (v *Votequorum) quorumNotice(t *voteTracker) qb.Message {
	list := v.nodes
	if v.self().flags.Has(votequorum.Registered) {
		list = append(slices.Clone(list), node{})
	}
	m := qb.NewAnswer(3, 48+8*len(list), corosync.OK)
	if v.quorate {
		m.U32(24, 1)
	}
	m.U64(32, t.cookie)
	m.U32(40, uint32(len(list)))
	for i, n := range list {
		m.U32(48+8*i, n.id)
		m.U32(52+8*i, uint32(n.state))
	}
	return m
}

func (v *Votequorum) expectedNotice(t *voteTracker) qb.Message {
	m := qb.NewAnswer(4, 40, corosync.OK)
	m.U64(24, t.cookie)
	m.U32(32, v.self().expected)
	return m
}

// ringSeq returns where in a ring ID its number is.
func ringSeq(p *Peer) int {
	if p.Layout().I386() {
		return 4
	}
	return 8
}
