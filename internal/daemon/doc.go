// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package daemon holds the shells around the machines: it listens, speaks TLS,
// reads and writes frames, keeps the real clock and the disk, and carries out
// what a machine's outputs ask for. [RunQNetd] is the arbiter.
//
// A machine runs in one goroutine with one timer, which also reads and writes
// every socket but those in a TLS handshake; no write ever makes it wait. Grants
// of many clusters that become due together share one transaction on disk.
//
// # Limitations
//
// It decides nothing and knows no rule of the protocol beyond its frames.
package daemon
