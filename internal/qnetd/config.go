// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import (
	"math"
	"time"

	"github.com/quorate/quorate/internal/hold"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// Config is what a Server is told once, at its start. The zero value of a
// field means what its comment says; Defaults has the values of the C daemon.
type Config struct {
	TLS                wire.TLSSupport // -s: off, on, req
	ClientCertRequired bool            // -c: over TLS, the certificate's CN must be the cluster's name
	MaxClients         int             // -m: nodes connected at once; 0 is unlimited

	HeartbeatMin uint32  // ms; an Init below it is refused
	HeartbeatMax uint32  // ms; an Init above it is refused
	DPD          bool    // drop a client that was silent for DPDCoefficient × heartbeat
	DPDFactor    float64 // 1.5 in C

	MaxRequestSize uint32 // bytes, announced in Init replies
	MaxReplySize   uint32 // bytes, announced in Init replies

	// Register is the ID of the register that grants are recorded in. It is told to
	// nodes that take it; zero is told to nobody.
	Register qnet.RegisterID

	// SharedRegister is that other arbiters write to the register, too. Then what is on record
	// is relied on only while it was just written.
	SharedRegister bool

	KeepActivePartition bool // default for clients that do not set the option

	// HoldTime is how long a silent holder keeps its vote. HoldAuto works it
	// out for each holder from its heartbeat; 0 gives the vote away as soon as
	// the connection has ended, as C does.
	HoldTime time.Duration

	// ProbeTime is how long a node whose report is missing may take to answer
	// before the others are decided without it. It is never shorter than four
	// round trips to that node.
	ProbeTime time.Duration

	// HandshakeTime is how long a connection may take from its start to a
	// successful Init; 0 is unlimited.
	HandshakeTime time.Duration
}

// longestTimeout is the longest device timeout, in ms, that is taken from a node: 10 min.
// A hold lasts for longer than that, and nobody else gets the vote meanwhile.
const longestTimeout = 600_000

// deviceTimeoutMax is the longest device timeout that is taken, in ms. What goes with the
// longest heartbeat that is allowed always is.
func (cfg *Config) deviceTimeoutMax() uint32 {
	return max(longestTimeout, uint32(min(uint64(cfg.HeartbeatMax)*5/4, math.MaxUint32)))
}

// HoldAuto is the HoldTime that is worked out for each holder.
const HoldAuto = hold.Auto

// holdTimes are the times from which holds are worked out.
func (cfg *Config) holdTimes() hold.Times {
	return hold.Times{Fixed: cfg.HoldTime, DPDFactor: cfg.DPDFactor}
}

// Defaults returns the configuration of a daemon without options: the C
// daemon's values, except that TLS is required (S5, SEC-5).
func Defaults() Config {
	return Config{
		TLS:                wire.TLSRequired,
		ClientCertRequired: true,
		HeartbeatMin:       1000,
		HeartbeatMax:       120000,
		DPD:                true,
		DPDFactor:          1.5,
		MaxRequestSize:     32768,
		MaxReplySize:       32768,
		HoldTime:           HoldAuto,
		ProbeTime:          500 * time.Millisecond,
		HandshakeTime:      15 * time.Second,
	}
}
