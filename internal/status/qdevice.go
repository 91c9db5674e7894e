// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status

import (
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// The states of a node daemon's connection to its arbiter, in the words of the C
// daemon.
const (
	StateConnected     = "Connected"
	StateConnecting    = "Connecting"
	StateConnectFailed = "Connect failed" // every address has failed; the next try is to come
	StateDisconnected  = "Disconnected"   // about to be given up
)

// The heuristics modes, in the words of the C daemon.
const (
	HeuristicsDisabled   = "Disabled"
	HeuristicsEnabled    = "Enabled"
	HeuristicsOnlyOnSync = "Enabled only on sync"
)

// QDevice is a snapshot of a node daemon. Its fields have the order of the JSON, and the
// C texts show those that are not below the line "only ours".
type QDevice struct {
	Model          string             `json:"model"` // Net
	NodeID         qnet.NodeID        `json:"node_id"`
	Timeout        uint32             `json:"device_timeout_ms"`      // of a poll, in votequorum
	SyncTimeout    uint32             `json:"device_sync_timeout_ms"` // the longest that Corosync waits in sync
	HeuristicsMode string             `json:"heuristics_mode"`
	Members        Array[qnet.NodeID] `json:"members"`
	Quorate        bool               `json:"quorate"`
	ExpectedVotes  uint32             `json:"expected_votes"`
	LastPoll       time.Time          `json:"last_poll,omitzero"`
	LastPollCast   bool               `json:"last_poll_cast_vote"`

	Cluster        string    `json:"cluster"`
	Host           string    `json:"host"` // quorum.device.net.host
	Port           uint16    `json:"port"`
	IPVersion      int       `json:"force_ip_version,omitempty"`
	ConnectTimeout uint32    `json:"connect_timeout_ms"`
	Heartbeat      uint32    `json:"heartbeat_ms"`
	VoteInterval   uint32    `json:"vote_interval_ms"` // between polls
	TLS            string    `json:"tls"`              // Unsupported, Supported or Required
	KAP            bool      `json:"keep_active_partition"`
	KAPUnknown     bool      `json:"keep_active_partition_unknown_to_arbiter,omitempty"` // while connected
	Polling        bool      `json:"polling"`                                            // polls go out at intervals
	PollingCast    bool      `json:"polling_cast_vote"`                                  // what they say
	State          string    `json:"state"`
	TLSActive      bool      `json:"tls_active"`
	CertSent       bool      `json:"client_certificate_sent"`
	Connected      time.Time `json:"connected_since,omitzero"` // zero if it is not
	Echoed         time.Time `json:"echo_reply,omitzero"`      // when the last answer to an echo came

	// Only ours.
	Started       time.Time                `json:"started,omitzero"`
	Reason        string                   `json:"reason,omitempty"`
	Since         time.Time                `json:"since,omitzero"`
	Register      string                   `json:"register,omitempty"`              // of the arbiter that is or was used last; empty if it has announced none
	ArbiterReason ArbiterReason            `json:"arbiter_reason,omitzero"`         // zero with a C arbiter
	FreshUntil    time.Time                `json:"vote_ends_unless_heard,omitzero"` // when an ACK ends if the arbiter stays silent
	Grace         uint32                   `json:"grace_ms"`                        // that the arbiter announced; 0 if none
	RoundTrip     time.Duration            `json:"round_trip_ns"`                   // smoothed; 0 if not known
	Refused       string                   `json:"refused,omitempty"`               // why the configuration allows no vote
	Removed       string                   `json:"removed,omitempty"`               // what was taken out of corosync.conf without which there is no device
	Lost          string                   `json:"lost,omitempty"`                  // why the last connection ended, while there is none
	LostAt        time.Time                `json:"lost_at,omitzero"`                // since when there is none: its end, or the first try
	Commands      Array[HeuristicsCommand] `json:"heuristics_commands"`
	Arbiters      Array[ArbiterAddress]    `json:"arbiter_addresses"`

	// In C's texts again.
	ConfigVersion  *uint64          `json:"config_version,omitempty"` // nil: corosync.conf has none
	Config         Array[qnet.Node] `json:"configured"`               // nodes and their data centers
	Ring           qnet.RingID      `json:"ring,omitzero"`            // of the last node list callback
	Quorum         Array[NodeState] `json:"quorum"`                   // of the last quorum callback
	Algorithm      qnet.Algorithm   `json:"algorithm"`
	TieBreaker     qnet.TieBreaker  `json:"tie_breaker"`
	Heuristics     qnet.Heuristics  `json:"heuristics"` // the latest of the three
	RegularHeur    qnet.Heuristics  `json:"regular_heuristics"`
	MembershipHeur qnet.Heuristics  `json:"membership_heuristics"`
	ConnectHeur    qnet.Heuristics  `json:"connect_heuristics"`

	// Only ours.
	Vote qnet.Vote `json:"vote,omitzero"` // what is cast for the ring: ACK, NACK, or undefined before the first
}

// NodeState is what votequorum says of a node.
type NodeState struct {
	ID    qnet.NodeID    `json:"id"`
	State qnet.NodeState `json:"state"`
}

// ArbiterReason is the last reason that the arbiter gave on the last connection.
type ArbiterReason struct {
	Text string      `json:"text"` // who the vote goes to and why; printable
	At   time.Time   `json:"at"`   // when it came
	Ring qnet.RingID `json:"ring"` // what it is about
}

// HeuristicsCommand is what became of one command in the last run.
type HeuristicsCommand struct {
	Name     string          `json:"name"`
	Detail   string          `json:"detail,omitempty"`
	Duration time.Duration   `json:"duration_ns"`
	At       time.Time       `json:"at,omitzero"` // when the run ended
	Result   qnet.Heuristics `json:"result"`      // undefined if it was not awaited
}

// ArbiterAddress is one address of the arbiter.
type ArbiterAddress struct {
	Address string `json:"address"`
	Active  bool   `json:"active"`          // of the connection that stands
	Error   string `json:"error,omitempty"` // of the last try
}
