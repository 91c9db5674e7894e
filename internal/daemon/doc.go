// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package daemon holds what the shells of the two daemons share: the lock file, the way to the
// background, systemd's notifications, memory given back after a peak, the local socket, and
// the log, with a queue that keeps nobody waiting. The shells themselves are internal/arbiter
// and internal/node.
//
// # Limitations
//
// It knows no machine, and nothing of the protocol.
package daemon
