// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package votequorum

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// The values that Corosync takes where corosync.conf has none.
const (
	DefaultLastManStandingWindow = 10 * time.Second
	DefaultDeviceTimeout         = 10 * time.Second
	DefaultDeviceSyncTimeout     = 30 * time.Second
)

// AutoVotes is the number of votes of a device for which quorum.device.votes is
// not set: one less than there are nodes, if each of them has one vote.
const AutoVotes = -1

// Switch is a setting for which "not set" differs from "no".
type Switch uint8

// The values of a Switch.
const (
	Unset Switch = iota
	Off
	On
)

// Config is what a node's corosync.conf says of votes. The machine copies what
// it keeps.
type Config struct {
	Node  qnet.NodeID  // this node: 1 to 4294967295
	Nodes []ConfigNode // nodelist.node; empty if there is none

	ExpectedVotes uint32 // quorum.expected_votes; 0: the sum of the nodes' votes
	Votes         uint32 // quorum.votes, used only without Nodes; 0 is 1

	TwoNode    bool   // quorum.two_node
	WaitForAll Switch // quorum.wait_for_all; Unset: as TwoNode

	LastManStanding       bool          // quorum.last_man_standing
	LastManStandingWindow time.Duration // quorum.last_man_standing_window; 0: DefaultLastManStandingWindow

	AutoTieBreaker     bool   // quorum.auto_tie_breaker
	AutoTieBreakerNode string // quorum.auto_tie_breaker_node: "lowest" (also if empty), "highest" or "2 1 3"

	AllowDownscale        bool // quorum.allow_downscale; turns ExpectedVotesTracking on
	ExpectedVotesTracking bool // quorum.expected_votes_tracking

	Device *Device // quorum.device, if its model is set
}

// ConfigNode is one node of the node list.
type ConfigNode struct {
	ID    qnet.NodeID // 1 to 4294967295
	Name  string      // as it is printed; may be empty
	Votes uint32      // quorum_votes: 1 unless it is set
}

// Device is the section quorum.device.
type Device struct {
	Votes       int64         // quorum.device.votes: 0 to 4294967294, or AutoVotes
	Timeout     time.Duration // quorum.device.timeout: a poll counts for so long; 0: DefaultDeviceTimeout
	SyncTimeout time.Duration // quorum.device.sync_timeout: a sync waits so long for a poll; 0: DefaultDeviceSyncTimeout
}

// OneVoteEach returns a node list in which each node has one vote and is named
// after its ID: node1, node2.
func OneVoteEach(ids ...qnet.NodeID) []ConfigNode {
	nodes := make([]ConfigNode, 0, len(ids))
	for _, id := range ids {
		nodes = append(nodes, ConfigNode{ID: id, Name: "node" + id.String(), Votes: 1})
	}
	return nodes
}

func (c Config) check() error {
	if c.Node == 0 {
		return errors.New("the node's own ID is missing")
	}
	for i, n := range c.Nodes {
		if n.ID == 0 {
			return fmt.Errorf("node %d of the node list has no ID", i+1)
		}
		if slices.ContainsFunc(c.Nodes[:i], func(o ConfigNode) bool { return o.ID == n.ID }) {
			return fmt.Errorf("node %v is in the node list twice", n.ID)
		}
	}
	if c.Device != nil && (c.Device.Votes < AutoVotes || c.Device.Votes > 1<<32-2) {
		return fmt.Errorf("the device's votes are %d, want 0 to %d", c.Device.Votes, int64(1<<32-2))
	}
	if c.LastManStandingWindow < 0 || c.Device != nil && (c.Device.Timeout < 0 || c.Device.SyncTimeout < 0) {
		return errors.New("a timeout or window is negative")
	}
	return nil
}

// nodeVotes returns the votes of the node list, if this node is in it.
func (c Config) nodeVotes() (own, sum uint32, ok bool) {
	for _, n := range c.Nodes {
		sum += n.Votes
		if n.ID == c.Node {
			own, ok = n.Votes, true
		}
	}
	if !ok {
		return 0, 0, false
	}
	return own, sum, true
}

// TieBreak says which half wins when a cluster falls into equal ones.
type TieBreak uint8

// The tie-breakers of Corosync, not those of an arbiter.
const (
	TieNone    TieBreak = iota // neither
	TieLowest                  // that with the lowest node ID of the ring before
	TieHighest                 // that with the highest
	TieList                    // that with the first node of a list
)

// ParseTieBreaker reads quorum.auto_tie_breaker_node, and the list if it is one. Like
// Corosync it takes the numbers at the beginning of a list, as strtol reads them, and
// ignores what follows. Whether there is a first one is looked at in 32 bits.
func ParseTieBreaker(s string) (TieBreak, []qnet.NodeID) {
	switch s {
	case "", "lowest":
		return TieLowest, nil
	case "highest":
		return TieHighest, nil
	}
	var list []qnet.NodeID
	for {
		n, rest := leadingNumber(s)
		if n == 0 {
			break
		}
		list, s = append(list, qnet.NodeID(uint32(n))), rest
	}
	if len(list) == 0 || list[0] == 0 {
		return TieNone, nil
	}
	return TieList, list
}

// leadingNumber is strtol: a number with a sign, after blanks, and what follows it; 0 if
// there is none.
func leadingNumber(s string) (n int64, rest string) {
	begun := strings.TrimLeft(s, " \t\n\v\f\r")
	digits := strings.TrimPrefix(begun, "-")
	if digits == begun {
		digits = strings.TrimPrefix(begun, "+")
	}
	rest = strings.TrimLeft(digits, "0123456789")
	n, _ = strconv.ParseInt(begun[:len(begun)-len(rest)], 10, 64) // too large: the largest
	return n, rest
}

func orDefault(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return d
}
