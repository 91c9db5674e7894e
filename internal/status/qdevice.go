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

// QDevice is a snapshot of a node daemon. What is below the line "only ours" the C
// texts do not show.
type QDevice struct {
	Model            string        `json:"model"` // Net
	NodeID           qnet.NodeID   `json:"node_id"`
	Timeout          uint32        `json:"device_timeout_ms"`      // of a poll, in votequorum
	SyncTimeout      uint32        `json:"device_sync_timeout_ms"` // the longest that Corosync waits in sync
	ConfigVersion    uint64        `json:"-"`
	HasConfigVersion bool          `json:"-"`
	Config           qnet.NodeList `json:"-"` // configured nodes and their data centers
	HeuristicsMode   string        `json:"heuristics_mode"`
	Ring             qnet.RingID   `json:"-"` // of the last node list callback
	Members          []qnet.NodeID `json:"members"`
	Quorate          bool          `json:"quorate"`
	Quorum           qnet.NodeList `json:"-"` // nodes and their states, of the last quorum callback
	ExpectedVotes    uint32        `json:"expected_votes"`
	LastPoll         time.Time     `json:"last_poll,omitzero"`
	LastPollCast     bool          `json:"last_poll_cast_vote"`

	Cluster        string          `json:"cluster"`
	Host           string          `json:"host"` // quorum.device.net.host
	Port           uint16          `json:"port"`
	IPVersion      int             `json:"force_ip_version,omitempty"`
	ConnectTimeout uint32          `json:"connect_timeout_ms"`
	Heartbeat      uint32          `json:"heartbeat_ms"`
	VoteInterval   uint32          `json:"vote_interval_ms"` // between polls
	TLS            string          `json:"tls"`              // Unsupported, Supported or Required
	Algorithm      qnet.Algorithm  `json:"-"`
	TieBreaker     qnet.TieBreaker `json:"-"`
	KAP            bool            `json:"keep_active_partition"`
	KAPUnknown     bool            `json:"keep_active_partition_unknown_to_arbiter,omitempty"` // while connected
	Polling        bool            `json:"polling"`                                            // polls go out at intervals
	PollingCast    bool            `json:"polling_cast_vote"`                                  // what they say
	State          string          `json:"state"`
	Heuristics     qnet.Heuristics `json:"-"` // the latest of the three
	RegularHeur    qnet.Heuristics `json:"-"`
	MembershipHeur qnet.Heuristics `json:"-"`
	ConnectHeur    qnet.Heuristics `json:"-"`
	TLSActive      bool            `json:"tls_active"`
	CertSent       bool            `json:"client_certificate_sent"`
	Connected      time.Time       `json:"connected_since,omitzero"` // zero if it is not
	Echoed         time.Time       `json:"echo_reply,omitzero"`      // when the last answer to an echo came

	// Only ours.
	Started       time.Time           `json:"started,omitzero"`
	Vote          qnet.Vote           `json:"-"` // what is cast for the ring: ACK, NACK, or undefined before the first
	Reason        string              `json:"reason,omitempty"`
	Since         time.Time           `json:"since,omitzero"`
	Register      string              `json:"register,omitempty"`              // of the arbiter that is or was used last; empty if it has announced none
	ArbiterReason ArbiterReason       `json:"arbiter_reason,omitzero"`         // zero with a C arbiter
	FreshUntil    time.Time           `json:"vote_ends_unless_heard,omitzero"` // when an ACK ends if the arbiter stays silent
	Grace         uint32              `json:"grace_ms"`                        // that the arbiter announced; 0 if none
	RoundTrip     time.Duration       `json:"round_trip_ns"`                   // smoothed; 0 if not known
	Refused       string              `json:"refused,omitempty"`               // why the configuration allows no vote
	Removed       string              `json:"removed,omitempty"`               // what was taken out of corosync.conf without which there is no device
	Lost          string              `json:"lost,omitempty"`                  // why the last connection ended, while there is none
	LostAt        time.Time           `json:"lost_at,omitzero"`                // since when there is none: its end, or the first try
	Commands      []HeuristicsCommand `json:"heuristics_commands"`
	Arbiters      []ArbiterAddress    `json:"arbiter_addresses"`
}

// ArbiterReason is the last reason that the arbiter gave on the last connection.
type ArbiterReason struct {
	Text string      `json:"text"` // who the vote goes to and why; printable
	Ring qnet.RingID `json:"-"`    // what it is about
	At   time.Time   `json:"at"`   // when it came
}

// HeuristicsCommand is what became of one command in the last run.
type HeuristicsCommand struct {
	Name     string          `json:"name"`
	Result   qnet.Heuristics `json:"-"` // undefined if it was not awaited
	Detail   string          `json:"detail,omitempty"`
	Duration time.Duration   `json:"duration_ns"`
	At       time.Time       `json:"at,omitzero"` // when the run ended
}

// ArbiterAddress is one address of the arbiter.
type ArbiterAddress struct {
	Address string `json:"address"`
	Active  bool   `json:"active"`          // of the connection that stands
	Error   string `json:"error,omitempty"` // of the last try
}
