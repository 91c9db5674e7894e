// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package decision

import "github.com/quorate/quorate/internal/qnet"

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
	Others     []qnet.NodeID // for OnlyHalf: the other half, sorted
	Preferred  qnet.NodeID   // for TieBreaker: the node that decided; for LowestNode: the lowest
	Configured int           // number of configured nodes
}

// String is the reason in one sentence, with nodes by number.
func (r Reason) String() string { return r.Text(nil) }

// Text is the reason in one sentence: who has the arbiter's vote, and why.
func (r Reason) Text(names qnet.Names) string { return r.Lead(names) + r.Clause(names) }

// Undecided begins the sentence of a verdict that is still to come, and no other.
const Undecided = "nothing is decided yet"

// Lead is the beginning of the sentence, which says who has the vote.
func (r Reason) Lead(names qnet.Names) string {
	switch {
	case r.Code == Awaiting:
		return Undecided + ", because "
	case r.Code == KeptActive && len(r.Nodes) > 0:
		return names.List(r.Nodes) + r.one(" keeps", " keep") + " the arbiter's vote, because "
	case len(r.Nodes) > 0:
		return names.List(r.Nodes) + r.one(" has", " have") + " the arbiter's vote, because "
	}
	return "nobody has the arbiter's vote, because "
}

// one returns the words for one node or for several.
func (r Reason) one(one, several string) string {
	if len(r.Nodes) == 1 {
		return one
	}
	return several
}

// Clause is the rest of the sentence, which says why.
func (r Reason) Clause(names qnet.Names) string { return r.clause(names, r.one("its", "their")) }

// ClauseOf is [Reason.Clause] for a sentence about one of the winner's nodes.
func (r Reason) ClauseOf(names qnet.Names) string { return r.clause(names, "its") }

func (r Reason) clause(names qnet.Names, its string) string {
	switch r.Code {
	case Awaiting:
		return names.List(r.Nodes) + r.one(" has", " have") + " not reported yet"
	case NoPartition:
		return "no side has half of the " + qnet.NodeID(r.Configured).String() + " nodes"
	case Majority:
		if len(r.Nodes) >= r.Configured {
			return "all nodes are together"
		}
		return its + " side has more than half of the " + qnet.NodeID(r.Configured).String() + " nodes"
	case OnlyHalf:
		if len(r.Others) == 0 {
			return "the other half did not answer"
		}
		return names.List(r.Others) + " did not answer"
	case OnlyOne:
		return "no other side has reported"
	case Whole:
		return "both nodes are together"
	case Newcomers:
		return "the other side did not have it before"
	case Score:
		return its + " side has the best score of connected nodes and heuristics"
	case MoreNodes:
		return "more nodes of " + its + " side reach the arbiter than of any other"
	case Heuristics:
		return its + " heuristics do better"
	case KeptActive:
		return its + " side had it before the split"
	case TieBreaker:
		return "the tie-breaker prefers " + names.Of(r.Preferred)
	case LowestNode:
		return "the tie-breaker's node is on no side, and " + names.Of(r.Preferred) + " is the lowest node that is connected"
	case TestWinner:
		return "the test algorithm prefers the largest side"
	}
	return "no node has reported"
}
