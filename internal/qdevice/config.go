// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qdevice

import (
	"math"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// Config is what a Node is told at its start. All of it comes from Corosync's
// configuration or from advanced settings of the daemon.
type Config struct {
	Cluster string
	Node    qnet.NodeID

	Algorithm           qnet.Algorithm
	TieBreaker          qnet.TieBreaker
	KeepActivePartition bool
	TLS                 wire.TLSSupport
	WaitForAll          bool // quorum.wait_for_all; looked at by lms only

	Timeout        time.Duration // quorum.device.timeout: votequorum forgets a poll after it
	SyncTimeout    time.Duration // quorum.device.sync_timeout: the longest that Corosync waits in sync
	Heartbeat      time.Duration // announced in Init; see Heartbeat
	ConnectTimeout time.Duration // from the TCP connection's start to the Init reply

	// WithdrawTime is how long the arbiter may be silent while Corosync waits in
	// sync, before the node polls "no" (S7, S8). It is never shorter than four
	// round trips, if these are less than 2.1 s. 0 waits as C does.
	WithdrawTime time.Duration

	Heuristics         HeuristicsMode
	HeuristicsTimeout  time.Duration // of a regular run, and of the run at connect
	HeuristicsSync     time.Duration // of a run in sync
	HeuristicsInterval time.Duration // between regular runs

	MinReplySize uint32 // bytes: the least that an arbiter must take
	MaxReplySize uint32 // bytes: the most that it may announce to send

	Seed uint64 // of the delays between connects
}

// HeuristicsMode says when heuristics are run.
type HeuristicsMode uint8

// The modes, as quorum.device.heuristics.mode has them.
const (
	HeuristicsOff  HeuristicsMode = iota
	HeuristicsSync                // at connects and in sync
	HeuristicsOn                  // at intervals, too
)

// Heartbeat returns the heartbeat interval that belongs to a device timeout: 0.8
// of it, within lo and hi.
func Heartbeat(timeout, lo, hi time.Duration) time.Duration {
	return min(max(timeout*8/10, lo), hi)
}

// voteInterval is how often a vote is polled.
func (c *Config) voteInterval() time.Duration { return c.Timeout / 2 }

// timeoutMillis is the device timeout as the arbiter is told it.
func (c *Config) timeoutMillis() uint32 { return uint32(min(c.Timeout.Milliseconds(), math.MaxUint32)) }

// limits of delays between connects
const (
	retryMin = 250 * time.Millisecond
	retryMax = 4 * time.Second
)
