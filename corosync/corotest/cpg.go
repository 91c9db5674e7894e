// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package corotest

import (
	"slices"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cpg"
	"github.com/quorate/quorate/corosync/qb"
)

// Cpg is a [Service] that plays cpg on one node. Clients of the server see each
// other. A test plays members on other nodes with [Cpg.Join], [Cpg.Go] and [Cpg.Send], and
// Totem with [Cpg.Ring], while the server's Stall holds the lock.
type Cpg struct {
	node    uint32
	ring    corosync.RingID
	nodes   []uint32
	members []*cpgMember // in the order of their joining
	lists   map[uint64][]cpg.Process
	handle  uint64
}

// cpgMember is a member of a group.
type cpgMember struct {
	group   string
	address cpg.Address
	peer    *Peer // nil if it is on another node
	changes int   // that it was told
	begun   int   // of those, when it began its last long message
}

// NewCpg makes a service on a node that is its only one, with ring 4.
func NewCpg(node uint32) *Cpg {
	return &Cpg{node: node, ring: corosync.RingID{Node: node, Seq: 4}, nodes: []uint32{node}, lists: map[uint64][]cpg.Process{}}
}

// Ring makes another ring of nodes; the members on those that are gone go, and all
// clients are told.
func (c *Cpg) Ring(ring corosync.RingID, nodes ...uint32) {
	c.ring, c.nodes = ring, nodes
	groups := map[string][]cpg.Change{}
	var order []string
	for _, m := range c.members {
		if !slices.Contains(nodes, m.address.Node) {
			if groups[m.group] == nil {
				order = append(order, m.group)
			}
			groups[m.group] = append(groups[m.group], cpg.Change{Address: m.address, Reason: cpg.NodeDown})
		}
	}
	c.members = slices.DeleteFunc(c.members, func(m *cpgMember) bool { return !slices.Contains(nodes, m.address.Node) })
	for _, g := range order {
		c.tell(g, nil, groups[g])
	}
	for _, m := range c.members {
		if m.peer != nil {
			m.peer.Event(c.ringNotice())
		}
	}
}

// Join lets a process on another node join a group.
func (c *Cpg) Join(group string, a cpg.Address) {
	c.members = append(c.members, &cpgMember{group: group, address: a})
	c.tell(group, []cpg.Change{{Address: a, Reason: cpg.Joined}}, nil)
}

// Go lets a member go.
func (c *Cpg) Go(group string, a cpg.Address, why cpg.Reason) {
	left := []cpg.Change{{Address: a, Reason: why}}
	if i := slices.IndexFunc(c.members, func(m *cpgMember) bool { return m.group == group && m.address == a }); i >= 0 {
		m := c.members[i]
		c.members = slices.Delete(c.members, i, i+1)
		c.tell(group, nil, left)
		if m.peer != nil && why == cpg.Left {
			m.peer.Event(membership(group, c.addresses(group), nil, left))
		}
	}
}

// Send delivers a message of a member to all members of its group on this node.
func (c *Cpg) Send(group string, from cpg.Address, data []byte) {
	m := qb.NewAnswer(5, 184+len(data), corosync.OK)
	putGroup(m, 24, group)
	m.U32(160, uint32(len(data)))
	m.U32(168, from.Node)
	m.U32(176, from.PID)
	m.Bytes(184, data)
	c.deliver(group, m)
}

// Fragment delivers a part of a long message: the first (1), one in the middle
// (2) or the last one (3). Total is the length of the whole message.
func (c *Cpg) Fragment(group string, from cpg.Address, part uint32, total int, data []byte) {
	m := qb.NewAnswer(17, 200+len(data), corosync.OK)
	putGroup(m, 24, group)
	m.U32(160, uint32(total))
	m.U32(168, uint32(len(data)))
	m.U32(176, from.Node)
	m.U32(184, from.PID)
	m.U32(192, part)
	m.Bytes(200, data)
	c.deliver(group, m)
}

func (c *Cpg) deliver(group string, b qb.Message) {
	for _, m := range c.members {
		if m.group == group && m.peer != nil {
			m.peer.Event(b)
		}
	}
}

// tell tells all members of a group on this node who is in it now.
func (c *Cpg) tell(group string, joined, left []cpg.Change) {
	c.deliver(group, membership(group, c.addresses(group), joined, left))
	for _, m := range c.members {
		if m.group == group {
			m.changes++
		}
	}
}

func (c *Cpg) addresses(group string) (list []cpg.Address) {
	for _, m := range c.members {
		if m.group == group {
			list = append(list, m.address)
		}
	}
	return list
}

func membership(group string, members []cpg.Address, joined, left []cpg.Change) qb.Message {
	m := qb.NewAnswer(4, 184+24*(len(members)+len(joined)+len(left)), corosync.OK)
	putGroup(m, 24, group)
	m.U32(160, uint32(len(members)))
	m.U32(168, uint32(len(joined)))
	m.U32(176, uint32(len(left)))
	list := make([]cpg.Change, 0, len(members)+len(joined)+len(left))
	for _, a := range members {
		list = append(list, cpg.Change{Address: a})
	}
	for i, x := range append(append(list, left...), joined...) {
		m.U32(184+24*i, x.Node)
		m.U32(192+24*i, x.PID)
		m.U32(200+24*i, uint32(x.Reason))
	}
	return m
}

func (c *Cpg) ringNotice() qb.Message {
	m := qb.NewAnswer(13, 48+4*len(c.nodes), corosync.OK)
	m.U32(24, c.ring.Node)
	m.U64(32, c.ring.Seq)
	m.U32(40, uint32(len(c.nodes)))
	for i, id := range c.nodes {
		m.U32(44+4*i, id)
	}
	return m
}

// putGroup puts the name of a group.
func putGroup(m qb.Message, off int, group string) {
	m.U32(off, uint32(len(group)))
	m.Text(off+8, group)
}
