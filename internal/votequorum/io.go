// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package votequorum

import "github.com/quorate/quorate/internal/qnet"

// Call names a client's request for as long as it is under way. The shell
// chooses it; the machine only gives it back in an Answer.
type Call uint64

// Input is something that happened to the node.
type Input interface{ input() }

// SyncStart says that Totem has agreed on a ring. A sync begins, and ends the one
// that was under way.
type SyncStart struct {
	Ring    qnet.RingID
	Members []qnet.NodeID // by ID; this node is one of them
}

// SyncProcess says that every member has begun this ring's sync, and that it
// is votequorum's turn in it.
type SyncProcess struct{}

// SyncActivate says that every member has returned SyncDone for this ring.
type SyncActivate struct{}

// Deliver is a message of a member of the ring, in the order that all members
// agree on. This node's own messages are delivered to it, too.
type Deliver struct {
	From qnet.NodeID
	Msg  Message
}

// Register registers a quorum device on this node. It is answered when its
// message has come back.
type Register struct {
	Call Call
	Name string // 1 to 254 bytes
}

// Unregister takes the quorum device back.
type Unregister struct {
	Call Call
	Name string
}

// Rename gives the registered device another name, on every node.
type Rename struct {
	Call     Call
	Old, New string // 1 to 254 bytes
}

// Poll says that the device is alive and whether it casts its vote. It counts
// for the device's timeout and ends the wait of a sync with this ring.
type Poll struct {
	Call Call
	Name string
	Ring qnet.RingID
	Cast bool
}

// MasterWins says whether a partition whose nodes cast the device's vote is
// quorate without a majority.
type MasterWins struct {
	Call  Call
	Name  string
	Allow bool
}

// SetExpected sets the expected votes of the cluster.
type SetExpected struct {
	Call  Call
	Votes uint32
}

// SetVotes sets the votes of a node, or of the device for node 0.
type SetVotes struct {
	Call  Call
	Node  qnet.NodeID
	Votes uint32
}

// CancelWaitForAll lets the cluster go on without the nodes that it waits for.
type CancelWaitForAll struct{}

// Reload puts a changed configuration in force. Its Node is ignored.
type Reload struct{ Config Config }

// Leave says that Corosync stops in an orderly way. The message that it may
// return must be on its way before the node leaves the ring.
type Leave struct{}

// Tick says that the instant of Deadline has come. A tick too many does no harm.
type Tick struct{}

func (SyncStart) input()        {}
func (SyncProcess) input()      {}
func (SyncActivate) input()     {}
func (Deliver) input()          {}
func (Register) input()         {}
func (Unregister) input()       {}
func (Rename) input()           {}
func (Poll) input()             {}
func (MasterWins) input()       {}
func (SetExpected) input()      {}
func (SetVotes) input()         {}
func (CancelWaitForAll) input() {}
func (Reload) input()           {}
func (Leave) input()            {}
func (Tick) input()             {}

// Output is something to be done. Outputs are done in their order.
type Output interface{ output() }

// Multicast sends a message to every member of the ring, this node included.
// Without a ring it waits for the first one.
type Multicast struct{ Msg Message }

// SyncDone says that this node's part of the sync is done. It follows
// SyncProcess, at once or when the device has polled.
type SyncDone struct{}

// NodeListNotice tells those who track votequorum of a new ring. It comes in the
// middle of its sync: the device is to poll with this ring.
type NodeListNotice struct {
	Ring    qnet.RingID
	Members []qnet.NodeID
}

// QuorumNotice tells whether the node is quorate, to those who track votequorum
// or the quorum service. It comes at the end of a sync and when that changes.
type QuorumNotice struct {
	Quorate bool
	Ring    qnet.RingID
	Members []qnet.NodeID // of the ring
	Nodes   qnet.NodeList // all nodes that were ever heard of, and node 0 if a device is registered here
}

// ExpectedVotesNotice tells those who track votequorum of new expected votes.
type ExpectedVotesNotice struct{ Votes uint32 }

// Answer answers the input with the same Call.
type Answer struct {
	Call Call
	Code Code
}

// Persist asks for the highest expected votes to be kept over a restart, for New.
// Corosync 3.1.7 means to do so and does not: see New.
type Persist struct{ Barrier uint32 }

// Level is the severity of a Notice.
type Level uint8

// The levels.
const (
	Info Level = iota
	Warning
	Error
)

// Notice is a line for the log: lower case, no period.
type Notice struct {
	Level Level
	Text  string
}

func (Multicast) output()           {}
func (SyncDone) output()            {}
func (NodeListNotice) output()      {}
func (QuorumNotice) output()        {}
func (ExpectedVotesNotice) output() {}
func (Answer) output()              {}
func (Persist) output()             {}
func (Notice) output()              {}

// Code is what a request came to; the values are those of cs_error_t.
type Code uint32

// The codes that Answer can carry.
const (
	OK               Code = 1
	ErrTryAgain      Code = 6  // a registration is under way
	ErrInvalidParam  Code = 7  // wrong device name, or votes that make no sense
	ErrAccess        Code = 11 // the configuration allows no device
	ErrNotExist      Code = 12 // no device is registered
	ErrExist         Code = 14 // a device of another name is registered
	ErrNameNotFound  Code = 17 // no such node
	ErrMessageFormat Code = 22 // the poll is for another ring than the last
)

// String names the code as the C library does.
func (c Code) String() string {
	switch c {
	case OK:
		return "CS_OK"
	case ErrTryAgain:
		return "CS_ERR_TRY_AGAIN"
	case ErrInvalidParam:
		return "CS_ERR_INVALID_PARAM"
	case ErrAccess:
		return "CS_ERR_ACCESS"
	case ErrNotExist:
		return "CS_ERR_NOT_EXIST"
	case ErrExist:
		return "CS_ERR_EXIST"
	case ErrNameNotFound:
		return "CS_ERR_NAME_NOT_FOUND"
	case ErrMessageFormat:
		return "CS_ERR_MESSAGE_ERROR"
	}
	return "UNKNOWN"
}
