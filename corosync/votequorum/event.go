// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package votequorum

import "github.com/quorate/quorate/corosync"

// State is what votequorum says of a node.
type State uint32

// The states.
const (
	Member  State = 1 // in this node's partition
	Dead    State = 2 // not in it
	Leaving State = 3 // it has said that it is about to go
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
	Node            uint32 // its ID
	State           State  // as the node that answers sees it
	Votes           uint32 // the node's own
	Expected        uint32 // what the node expects of the whole cluster
	HighestExpected uint32 // the most that any member expects
	Total           uint32 // of the members, and the device's if this node casts them
	Quorum          uint32 // the Total that it takes to be quorate
	Flags           Flags  // see there whose they are
	DeviceVotes     uint32 // what the quorum device has to give
	DeviceName      string // at most [MaxName] bytes; empty if no device is registered
}

// Event is a notification: a NodeList, a Quorum or an ExpectedVotes.
type Event interface{ event() }

// NodeList says that Totem has agreed on a ring. It comes in the middle of its
// sync, before the quorum is counted: a quorum device polls with this ring.
type NodeList struct {
	Ring    corosync.RingID // the new one
	Members []uint32        // IDs of its nodes
}

// Quorum says whether the node is quorate. It ends a sync, and comes when that
// changes.
type Quorum struct {
	Quorate bool        // this node's partition may act
	Nodes   []NodeState // all nodes that were ever heard of; node 0 is this node's device
}

// NodeState is one node of a Quorum.
type NodeState struct {
	Node  uint32 // its ID, or 0
	State State  // as this node sees it
}

// ExpectedVotes says that the expected votes have changed.
type ExpectedVotes struct {
	Votes uint32 // of the whole cluster, from now on
}

func (NodeList) event()      {}
func (Quorum) event()        {}
func (ExpectedVotes) event() {}
