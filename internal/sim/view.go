// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// NodeState is what a node's Corosync knows and can do at an instant.
type NodeState struct {
	Node     qnet.NodeID
	Up       bool // Corosync runs; if not, all else is zero
	Ring     qnet.RingID
	Members  []qnet.NodeID // of Ring
	Votes    uint32        // that it counts, including the device's
	Expected uint32
	Quorum   uint32
	Counts   bool          // it counts the device's vote
	Quorate  bool          // the flag that it shows
	InSync   bool          // it is on its way from one ring to the next, and can't act
	Active   bool          // it is quorate on a settled ring
	Since    time.Duration // since when it is Active, or is not
	Waiting  bool          // wait_for_all holds it back

	// Vote is the arbiter's last vote for Ring, and Why what it gave as the
	// reason: Undefined and empty if there was none.
	Vote qnet.Vote
	Why  string
}

// Nodes returns the state of all nodes, by ID.
func (w *World) Nodes() []NodeState {
	var list []NodeState
	for _, n := range w.nodes {
		out := NodeState{Node: n.ID, Up: n.up, Since: time.Duration(n.since)}
		if n.up && n.Ring != nil {
			s := n.state()
			v := n.vq.Status()
			out.Ring, out.Members = n.Ring.ID, n.Ring.IDs()
			out.Votes, out.Expected, out.Quorum = v.Total, v.HighestExpected, v.Quorum
			out.Counts, out.Quorate, out.InSync, out.Active = s.counts, s.quorate, s.inSync, s.active()
			out.Waiting = v.AllAwaited
			if n.answer.ring == n.Ring.ID {
				out.Vote, out.Why = n.answer.vote, n.answer.why
			}
		}
		list = append(list, out)
	}
	return list
}
