// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package node is the shell around the node machine: it reads the configuration from an [Engine],
// which is a running Corosync or the laboratory's, polls its votequorum, keeps the connection to
// the arbiter and the real clock, and runs heuristics. [Run] is the daemon, and [Withdraw] takes
// back what one that was killed has left.
//
// The machine runs in one goroutine with one timer. Whatever may have to wait has a goroutine of
// its own, and however the daemon ends, its device is unregistered.
//
// # Limitations
//
// It decides nothing and knows no rule of the protocol beyond its frames.
package node
