// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package core

import (
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/votequorum"
)

// Input is something that happened to the cluster. Inputs that name a node that
// is not there, or say what is so already, change nothing.
type Input interface{ input() }

// Up starts a node.
type Up struct{ Node qnet.NodeID }

// Down takes a node's power away. The others notice after the token timeout.
type Down struct{ Node qnet.NodeID }

// Leave stops a node in an orderly way: the others are told.
type Leave struct{ Node qnet.NodeID }

// Freeze stops a node's machine in its tracks; Thaw lets it go on.
type Freeze struct{ Node qnet.NodeID }

// Thaw undoes Freeze.
type Thaw struct{ Node qnet.NodeID }

// SetLink changes the link between two nodes, in both directions.
type SetLink struct {
	A, B qnet.NodeID
	To   Link
}

// Reload puts another configuration in force on every node. The node list must
// be the same.
type Reload struct{ Votes votequorum.Config }

// Call gives a node's votequorum a client's request: a Register, Unregister,
// Poll or MasterWins of package votequorum. A frozen node answers when it goes on.
type Call struct {
	Node qnet.NodeID
	In   votequorum.Input
}

// Ask is answered as soon as the node serves clients: when it is not frozen and,
// unless InSync, in no sync that waits for the quorum device.
type Ask struct {
	Node   qnet.NodeID
	Call   votequorum.Call
	InSync bool
}

// Change sets one item of the shared data, or removes it with an empty value. It is
// answered when the ring is settled; a node that is not quorate refuses it.
type Change struct {
	Node  qnet.NodeID
	Call  votequorum.Call
	Key   string
	Value string
}

// Tick says that the instant of Deadline has come. A tick too many does no harm.
type Tick struct{}

func (Up) input()      {}
func (Down) input()    {}
func (Leave) input()   {}
func (Freeze) input()  {}
func (Thaw) input()    {}
func (SetLink) input() {}
func (Reload) input()  {}
func (Call) input()    {}
func (Ask) input()     {}
func (Change) input()  {}
func (Tick) input()    {}

// Output is something that the machine reports. Their order counts.
type Output interface{ output() }

// Event is what a node tells those who track votequorum: a NodeListNotice,
// QuorumNotice or ExpectedVotesNotice of package votequorum.
type Event struct {
	Node   qnet.NodeID
	Notice votequorum.Output
}

// ErrDown is the code of an Ask or Change whose node is down, or goes down before
// it has answered: CS_ERR_LIBRARY, as a client of a Corosync that is gone gets it.
const ErrDown votequorum.Code = 2

// Answer answers the Call, Ask or Change with that number.
type Answer struct {
	Node qnet.NodeID
	Call votequorum.Call
	Code votequorum.Code
	Why  string // of a Change that was refused, in a sentence
}

// Lost says that a node is down: no Call of its clients will be answered any more.
type Lost struct{ Node qnet.NodeID }

// Log is a line of a node's log.
type Log struct {
	Node qnet.NodeID
	votequorum.Notice
}

// Conflict says that two nodes come together of which each has changed data that
// the other never saw: two partitions were quorate, at once or one after the other.
// What only Lost had is gone.
type Conflict struct{ Kept, Lost qnet.NodeID }

// Split says that these partitions can act at once from now on, each for itself:
// what must never be. It is looked for after everything that happens.
type Split struct{ Parts [][]qnet.NodeID } // two or more, by their lowest node

func (Event) output()    {}
func (Answer) output()   {}
func (Lost) output()     {}
func (Log) output()      {}
func (Conflict) output() {}
func (Split) output()    {}

// Link is the state of a link between two nodes.
type Link uint8

// The states of a link.
const (
	LinkUp   Link = iota
	LinkCut       // nothing passes, and both sides know at once
	LinkDrop      // nothing passes, and nobody says so
)

// String names the state by the verb that leads to it.
func (l Link) String() string {
	switch l {
	case LinkCut:
		return "cut"
	case LinkDrop:
		return "drop"
	}
	return "up"
}
