// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package core

import (
	"slices"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/votequorum"
)

// Status is a snapshot of the cluster. It shares nothing with the machine.
type Status struct {
	Nodes []NodeStatus // by ID
	Links []LinkStatus // those that are not up, by A and then B

	// Pending says that a ring is about to form.
	Pending bool
}

// NodeStatus is one node of a Status.
type NodeStatus struct {
	ID     qnet.NodeID
	Name   string
	Up     bool
	Frozen bool

	// Ring and Members are the ring that the node was last told of. Votes is what
	// its votequorum says; it is the zero value for a node that is down.
	Ring    qnet.RingID
	Members []qnet.NodeID
	Votes   votequorum.Status

	// Settled says that the ring is whole and its sync is over: the node can act,
	// if it is quorate.
	Settled bool

	Changes int    // of the shared data that this node has seen
	Data    []Item // by key
}

// Active reports whether the node can change anything.
func (n *NodeStatus) Active() bool {
	return n.Settled && n.Votes.Flags.Has(votequorum.Quorate)
}

// LinkStatus is a link that is not up.
type LinkStatus struct {
	A, B  qnet.NodeID // A is the lower
	State Link
}

// Status returns the present state.
func (m *Machine) Status() Status {
	var s Status
	for _, g := range m.groups() {
		s.Pending = s.Pending || !dueOf(g).IsZero()
	}
	for _, n := range m.nodes {
		st := NodeStatus{
			ID: n.ID, Name: m.name(n.ID), Up: n.up(), Frozen: n.frozen, Settled: m.settled(n),
			Changes: len(n.data.changes), Data: slices.Clone(n.data.items),
		}
		if n.up() {
			st.Ring, st.Members, st.Votes = n.Ring.ID, n.Ring.IDs(), n.machine.Status()
		}
		s.Nodes = append(s.Nodes, st)
		for _, o := range m.nodes[m.index(n.ID)+1:] {
			if l := m.link(n, o); l != LinkUp {
				s.Links = append(s.Links, LinkStatus{A: n.ID, B: o.ID, State: l})
			}
		}
	}
	return s
}

func (m *Machine) name(id qnet.NodeID) string {
	for _, n := range m.cfg.Votes.Nodes {
		if n.ID == id {
			return n.Name
		}
	}
	return ""
}

// Tracked returns what a client is told that begins to track votequorum on a
// node: its ring, then its quorum. It reports false for a node that is down.
func (m *Machine) Tracked(id qnet.NodeID) ([]votequorum.Output, bool) {
	n := m.node(id)
	if n == nil || !n.up() {
		return nil, false
	}
	return []votequorum.Output{n.machine.NodeList(), n.machine.Quorum()}, true
}

// Info is what votequorum tells of a node, 0 being the one that is asked. It
// reports false where it knows nothing of it.
func (m *Machine) Info(asked, about qnet.NodeID) (votequorum.NodeVotes, bool) {
	n := m.node(asked)
	if n == nil || !n.up() {
		return votequorum.NodeVotes{}, false
	}
	return n.machine.NodeVotes(about)
}
