// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package decision

import "quorate/internal/qnet"

// Code is the kind of a Reason.
type Code uint8

// The codes, in the order in which the rules ask.
const (
	Nobody      Code = iota // no node has reported
	Awaiting                // reports are missing
	NoPartition             // none has half of the nodes
	Majority                // more than half of the nodes
	OnlyHalf                // half of the nodes, and no other half
	OnlyOne                 // there is one partition
	Whole                   // both nodes are in it
	Newcomers               // the other partitions never had a vote
	Score                   // more connected nodes, heuristics counted
	MoreNodes               // more connected nodes
	Heuristics              // better heuristics
	KeptActive              // it had the vote before
	TieBreaker              // the tie-breaker decided
	LowestNode              // it has the lowest connected node; nothing else told them apart
	TestWinner              // the test algorithm's choice
)

// Reason says why a verdict is what it is.
type Reason struct {
	Code       Code
	Nodes      []qnet.NodeID // the winner's members; for Awaiting the nodes whose report is missing
	Preferred  qnet.NodeID   // for TieBreaker: the node that decided
	Configured int           // number of configured nodes
}

// String is the reason in one sentence.
func (r Reason) String() string {
	who := "node " + qnet.FormatIDs(r.Nodes)
	if len(r.Nodes) != 1 {
		who = "nodes " + qnet.FormatIDs(r.Nodes)
	}
	of := " of " + qnet.NodeID(r.Configured).String() + " nodes"
	switch r.Code {
	case Awaiting:
		return "waiting for the report of " + who
	case NoPartition:
		return "no partition has half" + of
	case Majority:
		return who + ": more than half" + of
	case OnlyHalf:
		return who + ": half" + of + ", and the other half has not reported"
	case OnlyOne:
		return who + ": the only partition"
	case Whole:
		return who + ": all nodes are together"
	case Newcomers:
		return who + ": had a vote before, which the others had not"
	case Score:
		return who + ": best score of connected nodes and heuristics"
	case MoreNodes:
		return who + ": more nodes are connected than in any other partition"
	case Heuristics:
		return who + ": better heuristics"
	case KeptActive:
		return who + ": had the vote before the split (keep active partition)"
	case TieBreaker:
		return who + ": tie-breaker is node " + r.Preferred.String()
	case LowestNode:
		return who + ": lowest connected node; the tie-breaker's node is in no partition"
	case TestWinner:
		return who + ": test algorithm, largest partition"
	}
	return "no node has reported"
}
