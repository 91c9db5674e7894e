// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package explain

import (
	"fmt"
	"slices"
	"time"

	"quorate/internal/qnet"
	"quorate/internal/sim"
)

// parts groups the nodes that are up by their ring.
func (c *Cluster) parts(nodes []sim.NodeState, began time.Duration) []Part {
	var list []Part
	var rings []qnet.RingID
	for _, n := range nodes {
		if !n.Up || slices.Contains(rings, n.Ring) {
			continue
		}
		rings = append(rings, n.Ring)
		p := Part{
			Nodes: n.Members, Votes: n.Votes, Expected: n.Expected, Quorum: n.Quorum, Device: n.Counts, Quorate: n.Active,
			Why: c.why(n),
		}
		for _, m := range nodes {
			if p.Quorate && slices.Contains(p.Nodes, m.Node) {
				p.After = max(p.After, seconds(m.Since-began))
			}
		}
		list = append(list, p)
	}
	return list
}

// why says why a part is quorate or not. What the arbiter decided, it says itself.
func (c *Cluster) why(n sim.NodeState) string {
	var device uint32
	if n.Counts && c.Device != nil {
		device = c.Device.Votes
	}
	switch {
	case n.Waiting && !n.Active:
		return "wait_for_all: it waits until it has seen every node"
	case n.Active && n.Votes < n.Quorum:
		return "auto_tie_breaker: it has the node that decides"
	case n.Active && n.Quorum == 1 && c.votes.TwoNode:
		return "two_node: one vote is enough"
	case n.Active && n.Counts && n.Votes-device < n.Quorum:
		return "the arbiter's vote: " + n.Why
	case n.Active && c.votes.LastManStanding && n.Expected < c.configured():
		return fmt.Sprintf("last_man_standing: %d are expected now", n.Expected)
	case n.Active:
		return fmt.Sprintf("%d are needed", n.Quorum)
	}
	need := fmt.Sprintf("%d are needed", n.Quorum)
	switch {
	case c.Device == nil:
		return need
	case n.Told == qnet.VoteNACK && n.Why != "":
		return need + ", and the arbiter says no: " + n.Why
	case n.Counts:
		return need + ", the arbiter's vote included"
	}
	return need + ", and there is no arbiter"
}

// configured is how many votes the file makes Corosync expect.
func (c *Cluster) configured() uint32 {
	if c.votes.ExpectedVotes > 0 {
		return c.votes.ExpectedVotes
	}
	var sum uint32
	for _, n := range c.Nodes {
		sum += n.Votes
	}
	return sum
}
