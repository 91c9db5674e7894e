// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package decision

import (
	"slices"

	"github.com/quorate/quorate/internal/qnet"
)

// Client is what one connected node last reported. Only nodes with a complete
// report (config list and membership list) belong into a View.
type Client struct {
	Node       qnet.NodeID
	Config     []qnet.NodeID // configured nodes, sorted
	Ring       qnet.RingID
	Members    []qnet.NodeID // membership of Ring, sorted
	Heuristics qnet.Heuristics
	Report     uint64    // order of membership reports within the cluster: a larger number came later
	LastVote   qnet.Vote // last ACK or NACK sent on this connection, else VoteUndefined
}

// View is everything one decision may look at.
type View struct {
	Clients             []Client // connected nodes, sorted by node ID
	TieBreaker          qnet.TieBreaker
	KeepActivePartition bool          // all connected clients have KAP on
	Quorate             []qnet.NodeID // membership of the last granted partition, sorted; nil if none
}

// Equal reports whether two views are the same, so that their verdicts are.
func (v View) Equal(o View) bool {
	return v.TieBreaker == o.TieBreaker && v.KeepActivePartition == o.KeepActivePartition && slices.Equal(v.Quorate, o.Quorate) &&
		slices.EqualFunc(v.Clients, o.Clients, func(a, b Client) bool {
			return a.Node == b.Node && a.Ring == b.Ring && a.Heuristics == b.Heuristics && a.Report == b.Report && a.LastVote == b.LastVote &&
				compareIDs(a.Config, b.Config) == 0 && compareIDs(a.Members, b.Members) == 0
		})
}

// Verdict is the outcome of a decision.
//
// Either Await names the nodes whose report is still missing, and nothing is
// decided, or Winner is the partition that is to have the vote, if one is.
type Verdict struct {
	Await  []qnet.NodeID // nodes whose newer report must be awaited, sorted; empty when decided
	Ring   qnet.RingID   // ring of the winning partition; zero if there is none
	Winner []qnet.NodeID // membership of the winning partition, sorted; nil if there is none
	Reason Reason
}

// Vote is what a node is to be told that last reported a ring with these members, whether
// the decision looked at it or not: VoteACK, VoteNACK, or VoteUndefined, which is nothing.
// Nothing is told before there is a decision, and to a member of the winner that has yet to
// report its ring: its old ring is past, and its report is on the way.
func (v *Verdict) Vote(node qnet.NodeID, ring qnet.RingID, members []qnet.NodeID) qnet.Vote {
	switch {
	case len(v.Await) > 0:
		return qnet.VoteUndefined
	case v.Winner == nil:
		return qnet.VoteNACK
	case ring == v.Ring && compareIDs(members, v.Winner) == 0:
		return qnet.VoteACK
	case contains(v.Winner, node):
		return qnet.VoteUndefined
	}
	return qnet.VoteNACK
}
