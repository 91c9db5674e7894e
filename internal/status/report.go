// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status

import (
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// Report is all that quorate status tells: what Corosync says, what this machine's
// node daemon says, and what follows from both.
type Report struct {
	At     time.Time `json:"at"`
	Quorum *Quorum   `json:"corosync"`

	Daemon      *QDevice `json:"qdevice,omitempty"`       // nil if it does not answer
	DaemonError string   `json:"qdevice_error,omitempty"` // why it does not
	DaemonIsC   bool     `json:"qdevice_is_c,omitempty"`  // Corosync's own: it gives no reasons

	DaemonHidden bool `json:"-"` // it may run: whoever asks is not allowed to ask it

	Losses   Array[Loss]    `json:"if_lost_now"` // empty if there is no quorum to lose
	Problems Array[Problem] `json:"problems"`
}

// Loss is what would come of losing a node, or the arbiter, now, once all has come to
// rest again. Each node that is left is in one of the three lists.
type Loss struct {
	Node    qnet.NodeID   `json:"node,omitempty"` // 0: the arbiter
	Called  string        `json:"name"`
	Kept    Array[string] `json:"keep_quorum"` // the nodes that are left and would be quorate
	Lose    Array[string] `json:"lose_quorum"` // those that would not
	Unknown Array[string] `json:"unknown"`     // those for whom nobody here can know it
	Votes   uint32        `json:"votes"`       // of those who keep quorum, else of those who lose it
	Needed  uint32        `json:"needed"`      // the quorum there
	Device  bool          `json:"with_device"` // the arbiter's votes are among Votes

	Grace    uint32    `json:"vote_kept_ms,omitempty"` // for so long the vote outlasts the arbiter's absence
	Unsure   string    `json:"uncertainty,omitempty"`  // why it is not known for Unknown
	Provided []Proviso `json:"provided,omitempty"`     // what is taken for granted
}

// Proviso is something that a forecast takes for granted because it can't be seen from
// this node. Where it does not hold, something else comes.
type Proviso struct {
	Node      qnet.NodeID `json:"node"`
	Called    string      `json:"name"`
	Condition Condition   `json:"condition"`
}

// Condition is what a [Proviso] says of its node.
type Condition string

// The conditions.
const (
	Reaches Condition = "reaches the arbiter"         // its node daemon does
	Lacks   Condition = "does not reach the arbiter"  // its node daemon does not, and will not
	Idle    Condition = "runs no node daemon"         // that answers, and will not
	Counts  Condition = "is quorate now"              // wait_for_all does not hold it back
	Polls   Condition = "keeps its node daemon alive" // it goes on casting without the arbiter
)

// Problem is something that is wrong, and what to do about it.
type Problem struct {
	Severe bool          `json:"severe"`         // it costs the quorum, or is about to
	Node   qnet.NodeID   `json:"node,omitempty"` // whom it is about; 0: all
	Text   string        `json:"text"`
	Do     Array[string] `json:"do"` // in this order
}
