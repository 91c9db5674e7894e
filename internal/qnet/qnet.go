// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package qnet holds the nouns of the QNet protocol: node IDs, ring IDs, node
// lists, votes, tie-breakers, heuristics results and decision algorithms.
//
// The numeric value of every constant is its value on the wire, and the String
// methods print what the C programs print. The package promises that its types
// are plain values: copying one copies all of it, except for slices, whose
// owner each field names.
//
// # Limitations
//
// It knows nothing of encoding (package wire), of deciding (package decision)
// or of who is connected (package qnetd).
package qnet

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// MaxNodes is how many nodes a Corosync cluster may have at most.
const MaxNodes = 384

// NodeID identifies a node within its cluster: 1 to 4294967295. Zero is no node.
type NodeID uint32

// String prints the ID in decimal, as the C tools do.
func (id NodeID) String() string { return strconv.FormatUint(uint64(id), 10) }

// RingID identifies one membership of a cluster as Totem agreed on it. It is
// not a number that grows: a node that lost its state may use an old one again,
// so two ring IDs are only ever compared for equality.
type RingID struct {
	Node NodeID // representative of the ring
	Seq  uint64 // sequence number; 0 only before the first ring
}

// IsZero reports whether r is no ring at all.
func (r RingID) IsZero() bool { return r == RingID{} }

// NodeState is what votequorum says of a node in a quorum list.
type NodeState uint8

// The node states; the values are those of option 16.
const (
	NodeStateNotSet  NodeState = 0
	NodeStateMember  NodeState = 1
	NodeStateDead    NodeState = 2
	NodeStateLeaving NodeState = 3
)

// Node is one entry of a node list.
type Node struct {
	ID         NodeID    `json:"id"`
	DataCenter uint32    `json:"data_center,omitempty"` // 0 is unset
	State      NodeState `json:"-"`                     // only in quorum lists
}

// NodeList is a list of nodes in the order in which it was received.
type NodeList []Node

// IDs returns the list's node IDs, sorted and without repeats.
func (l NodeList) IDs() []NodeID {
	ids := make([]NodeID, 0, len(l))
	for _, n := range l {
		ids = append(ids, n.ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Contains reports whether the list names id.
func (l NodeList) Contains(id NodeID) bool {
	return slices.ContainsFunc(l, func(n Node) bool { return n.ID == id })
}

// FormatIDs prints node IDs as the C tools do: "1, 2, 3".
func FormatIDs(ids []NodeID) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = id.String()
	}
	return strings.Join(parts, ", ")
}

// ListType says what a node list describes; the values are those of option 18.
type ListType uint8

// The node list types.
const (
	InitialConfig ListType = 0
	ChangedConfig ListType = 1
	Membership    ListType = 2
	Quorum        ListType = 3
)

// String names the list type.
func (t ListType) String() string {
	switch t {
	case InitialConfig:
		return "initial config"
	case ChangedConfig:
		return "changed config"
	case Membership:
		return "membership"
	case Quorum:
		return "quorum"
	}
	return "list type " + strconv.Itoa(int(t))
}

// Vote is the arbiter's answer to a node; the values are those of option 19.
type Vote uint8

// The votes.
const (
	VoteUndefined    Vote = 0
	VoteACK          Vote = 1 // the device's vote is yours
	VoteNACK         Vote = 2 // it is not
	VoteAskLater     Vote = 3
	VoteWaitForReply Vote = 4 // a Vote info message will follow
	VoteNoChange     Vote = 5
)

// Heuristics is the result of a node's own checks; the values are those of
// option 22, where Undefined is expressed by leaving the option out.
type Heuristics uint8

// The heuristics results.
const (
	HeuristicsUndefined Heuristics = 0
	HeuristicsPass      Heuristics = 1
	HeuristicsFail      Heuristics = 2
)

// Algorithm is a decision algorithm; the values are those of option 11.
type Algorithm uint16

// The decision algorithms.
const (
	Test       Algorithm = 0
	FFSplit    Algorithm = 1
	TwoNodeLMS Algorithm = 2
	LMS        Algorithm = 3
)

// Known reports whether a is one of the four algorithms.
func (a Algorithm) Known() bool { return a <= LMS }

// TieBreakerMode says how a tie between equal partitions is broken; the values
// are those of option 21.
type TieBreakerMode uint8

// The tie-breaker modes.
const (
	TieBreakerLowest  TieBreakerMode = 1
	TieBreakerHighest TieBreakerMode = 2
	TieBreakerNode    TieBreakerMode = 3
)

// TieBreaker breaks a tie between equal partitions.
type TieBreaker struct {
	Mode TieBreakerMode
	ID   NodeID // only for TieBreakerNode, else 0
}

// Equal reports whether a and b break every tie alike.
func (t TieBreaker) Equal(o TieBreaker) bool {
	return t.Mode == o.Mode && (t.Mode != TieBreakerNode || t.ID == o.ID)
}

// SortIDs sorts ids in place and returns it without repeats.
func SortIDs(ids []NodeID) []NodeID {
	slices.SortFunc(ids, func(a, b NodeID) int { return cmp.Compare(a, b) })
	return slices.Compact(ids)
}

// Union returns the IDs of two sorted lists without repeats, sorted. It returns a list
// that has all of the other as it is.
func Union(a, b []NodeID) []NodeID {
	if len(a) == 0 || len(b) == 0 || slices.Equal(a, b) {
		if len(a) == 0 {
			return b
		}
		return a
	}
	more := 0
	for i, k := 0, 0; k < len(b); k++ {
		for i < len(a) && a[i] < b[k] {
			i++
		}
		if i == len(a) || a[i] != b[k] {
			more++
		}
	}
	if more == 0 {
		return a
	}
	out := make([]NodeID, 0, len(a)+more)
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			out, a = append(out, a[0]), a[1:]
		case a[0] > b[0]:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, a[0]), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}
