// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package votequorum

import "github.com/quorate/quorate/corosync"

// State is what votequorum says of a node.
type State uint32

// The states.
const (
	Member  State = 1
	Dead    State = 2
	Leaving State = 3
)

// Flags is what votequorum says of itself and of a node; the values are those of
// votequorum.h.
type Flags uint32

// The flags. Those from Registered on are the asked-for node's, the others
// those of the node that answers.
const (
	TwoNode         Flags = 1
	Quorate         Flags = 2
	WaitForAll      Flags = 4
	LastManStanding Flags = 8
	AutoTieBreaker  Flags = 16
	AllowDownscale  Flags = 32
	Registered      Flags = 64 // a quorum device
	Alive           Flags = 128
	CastVote        Flags = 256
	MasterWins      Flags = 512
)

// Has reports whether f has one of the flags of b.
func (f Flags) Has(b Flags) bool { return f&b != 0 }

// Words names the flags that are set as corosync-quorumtool does: 2Node, Quorate,
// WaitForAll, LastManStanding, AutoTieBreaker, AllowDownscale, Qdevice.
func (f Flags) Words() []string {
	var list []string
	for i, word := range []string{
		"2Node", "Quorate", "WaitForAll", "LastManStanding", "AutoTieBreaker", "AllowDownscale", "Qdevice",
	} {
		if f.Has(1 << i) {
			list = append(list, word)
		}
	}
	return list
}

// Info is what votequorum knows of one node. All numbers are votes.
type Info struct {
	Node            uint32
	State           State
	Votes           uint32
	Expected        uint32
	HighestExpected uint32
	Total           uint32 // of the members, and the device's if this node casts them
	Quorum          uint32
	Flags           Flags
	DeviceVotes     uint32
	DeviceName      string
}

// Event is a notification: a NodeList, a Quorum or an ExpectedVotes.
type Event interface{ event() }

// NodeList says that Totem has agreed on a ring. It comes in the middle of its
// sync, before the quorum is counted: a quorum device polls with this ring.
type NodeList struct {
	Ring    corosync.RingID
	Members []uint32
}

// Quorum says whether the node is quorate. It ends a sync, and comes when that
// changes.
type Quorum struct {
	Quorate bool
	Nodes   []NodeState // all nodes that were ever heard of; node 0 is this node's device
}

// NodeState is one node of a Quorum.
type NodeState struct {
	Node  uint32
	State State
}

// ExpectedVotes says that the expected votes have changed.
type ExpectedVotes struct{ Votes uint32 }

func (NodeList) event()      {}
func (Quorum) event()        {}
func (ExpectedVotes) event() {}
