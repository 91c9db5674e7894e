// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package votequorum

import "github.com/quorate/quorate/internal/qnet"

// Message is what the machines of a cluster tell each other. Messages are
// plain values.
type Message interface{ message() }

// NodeInfo is what a node says of itself, or of the device for Node 0.
type NodeInfo struct {
	Node     qnet.NodeID
	Votes    uint32
	Expected uint32
	Flags    NodeFlags
}

// Reconfigure changes a number on every node.
type Reconfigure struct {
	Param Param
	Node  qnet.NodeID // whose votes, or who asked
	Value uint32
}

// Param is what Reconfigure changes; the values are those on Corosync's wire.
type Param uint8

// The parameters.
const (
	ParamExpectedVotes    Param = 1
	ParamNodeVotes        Param = 2
	ParamCancelWaitForAll Param = 3
)

// DeviceRegistration tells that a node registers a device, or takes it back.
type DeviceRegistration struct {
	Register bool
	Name     string
}

// DeviceRename gives the device another name.
type DeviceRename struct{ Old, New string }

func (NodeInfo) message()           {}
func (Reconfigure) message()        {}
func (DeviceRegistration) message() {}
func (DeviceRename) message()       {}

// NodeFlags is what NodeInfo says of a node; the values are those on
// Corosync's wire.
type NodeFlags uint32

const (
	nodeQuorate    NodeFlags = 1
	nodeLeaving    NodeFlags = 2
	nodeWaiting    NodeFlags = 4 // it waits for all
	nodeFirst      NodeFlags = 8 // it was never in a ring with others
	nodeRegistered NodeFlags = 16
	nodeAlive      NodeFlags = 32
	nodeCast       NodeFlags = 64
	nodeMasterWins NodeFlags = 128
)

func (f NodeFlags) has(b NodeFlags) bool { return f&b != 0 }

func (f *NodeFlags) put(b NodeFlags, on bool) {
	if on {
		*f |= b
	} else {
		*f &^= b
	}
}
