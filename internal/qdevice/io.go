// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qdevice

import (
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// Input is something that happened.
type Input interface{ input() }

// Configured is the list of configured nodes, at the start and whenever it or
// the configuration's version has changed. Refuse, if not empty, says why the
// algorithm can't work with it: the node then votes NACK until that is mended.
type Configured struct {
	Nodes   qnet.NodeList // ID and data center; sorted by ID
	Names   qnet.Names
	Version wire.Opt[uint64]
	Refuse  string
}

// Membership is votequorum's node list callback: Corosync is in sync for this
// ring, and waits for a poll with it.
type Membership struct {
	Ring    qnet.RingID
	Members []qnet.NodeID // sorted
}

// Quorum is votequorum's quorum callback: the sync has ended.
type Quorum struct {
	Quorate bool
	Nodes   qnet.NodeList // ID and state, without the device's own entry
}

// HeuristicsDone is the outcome of a RunHeuristics.
type HeuristicsDone struct {
	ID     uint64
	Result qnet.Heuristics
}

// Connected says that a TCP connection to the arbiter stands.
type Connected struct {
	Host    string // what was looked for, as configured
	Address string // what has answered: the address and the port
}

// Secured says that the TLS handshake is done, and the arbiter is who it must be.
type Secured struct{}

// Received is a message from the arbiter.
type Received struct{ Msg wire.Message }

// Garbled is a frame from the arbiter that is no message.
type Garbled struct{ wire.Malformed }

// Disconnected says that the connection, or the try to make one, has failed.
// After an output Close it must not be delivered for that connection.
type Disconnected struct{ Why string }

// Tick says that the instant of Deadline has come. A tick too many does no harm.
type Tick struct{}

// Reconfigured replaces the node's Config, but for its Cluster, Node and Seed.
// Elsewhere says that the arbiter is to be looked for in other places: Hosts are those
// of them that may be the same as before. What the arbiter must know is told to it on
// a new connection.
type Reconfigured struct {
	Config    Config
	Elsewhere bool
	Hosts     []string
}

// Removed says that the device was taken out of corosync.conf: What names the section
// or the key that is gone. The node gives its vote up, and waits for a Configured, which
// says that the device is back and registered.
type Removed struct{ What string }

// Unregistered says that an Unregister is done.
type Unregistered struct{}

// Withdraw says that the daemon is about to end: the last poll is "no".
type Withdraw struct{}

func (Configured) input()     {}
func (Membership) input()     {}
func (Quorum) input()         {}
func (HeuristicsDone) input() {}
func (Connected) input()      {}
func (Secured) input()        {}
func (Received) input()       {}
func (Garbled) input()        {}
func (Disconnected) input()   {}
func (Tick) input()           {}
func (Reconfigured) input()   {}
func (Removed) input()        {}
func (Unregistered) input()   {}
func (Withdraw) input()       {}

// Output is something to be done, in order. A Send that follows a Poll must not
// leave before Corosync has answered the poll: it may confirm to the arbiter that
// the vote was taken back. Echo requests confirm nothing and need not wait.
type Output interface{ output() }

// Poll is a poll of votequorum. It must not wait for anything else, and no
// later one may overtake it. From the instant Until on, if it is not zero, it must
// not be made any more: the arbiter's word is too old then (N3).
type Poll struct {
	Ring  qnet.RingID
	Cast  bool
	Until time.Time
}

// Connect asks for a TCP connection to the arbiter: Connected or Disconnected.
type Connect struct{}

// StartTLS asks for a TLS handshake as the client: Secured or Disconnected.
type StartTLS struct{}

// Send sends a message on the connection.
type Send struct{ Msg wire.Message }

// Close ends the connection, or the try to make one.
type Close struct{ Why string }

// RunHeuristics asks for a run of all heuristics commands: HeuristicsDone with
// the same ID. A run that is still going on is given up for it.
type RunHeuristics struct {
	ID      uint64
	Timeout time.Duration
}

// Unregister asks for the device to be taken out of votequorum once the polls before
// it are answered: Unregistered.
type Unregister struct{}

// Notice is an event for the log. Of one of the kinds QuorumLost and QuorumGained the
// shell may fill in the votes.
type Notice struct{ event.Event }

func (Poll) output()          {}
func (Connect) output()       {}
func (StartTLS) output()      {}
func (Send) output()          {}
func (Close) output()         {}
func (RunHeuristics) output() {}
func (Unregister) output()    {}
func (Notice) output()        {}
