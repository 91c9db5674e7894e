// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package explain

import (
	"fmt"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/sim"
	"github.com/quorate/quorate/internal/term"
)

// Reason is why a part of a cluster is quorate or not.
type Reason string

// The reasons.
const (
	Enough   Reason = "votes"             // the nodes alone have enough votes
	Arbiter  Reason = "arbiter"           // with the arbiter's vote it has enough
	Tie      Reason = "auto_tie_breaker"  // half of the votes, and the node that decides
	TwoNode  Reason = "two_node"          // one vote is enough
	LastMan  Reason = "last_man_standing" // the number of expected votes went down
	TooFew   Reason = "too few votes"
	AllAwait Reason = "wait_for_all" // enough votes, but it waits until it has seen every node
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
			Reason: c.reason(n), Arbiter: n.Why,
		}
		p.Why = p.why()
		for _, m := range nodes {
			if p.Quorate && slices.Contains(p.Nodes, m.Node) {
				p.After = max(p.After, seconds(m.Since-began))
			}
		}
		list = append(list, p)
	}
	return list
}

// reason is why a node is quorate or not.
func (c *Cluster) reason(n sim.NodeState) Reason {
	var device uint32
	if n.Counts && c.Device != nil {
		device = c.Device.Votes
	}
	switch {
	case !n.Active && n.Waiting && n.Votes >= n.Quorum:
		return AllAwait
	case !n.Active:
		return TooFew
	case n.Votes < n.Quorum:
		return Tie
	case c.votes.TwoNode && n.Quorum == 1 && n.Expected > 1:
		return TwoNode
	case n.Counts && n.Votes-device < n.Quorum:
		return Arbiter
	case c.votes.LastManStanding && n.Expected < c.configured():
		return LastMan
	}
	return Enough
}

// why is the reason in a few words.
func (p *Part) why() string {
	votes := fmt.Sprintf("%d of %s", p.Votes, term.Count(p.Expected, "vote"))
	switch p.Reason {
	case Enough:
		return votes
	case Arbiter:
		return "the arbiter's vote"
	case Tie:
		return "auto_tie_breaker"
	case TwoNode:
		return "two_node: 1 vote is enough"
	case LastMan:
		return "last_man_standing"
	case AllAwait:
		return "wait_for_all: it waits"
	}
	return fmt.Sprintf("%s, %d needed", votes, p.Quorum)
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
