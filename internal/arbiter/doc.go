// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package arbiter is the shell around the arbiter machine: it listens, speaks TLS, reads and writes
// frames, keeps the real clock and the grants on disk, and carries out what the machine's outputs
// ask for. [Run] is the daemon.
//
// The machine runs in one goroutine with one timer, which also reads and writes every socket but
// those in a TLS handshake; no write ever makes it wait. Grants of many clusters that become due
// together share one transaction on disk.
//
// # Limitations
//
// It decides nothing and knows no rule of the protocol beyond its frames.
package arbiter
