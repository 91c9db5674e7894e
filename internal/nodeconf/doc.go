// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package nodeconf turns Corosync's configuration keys and the daemon's advanced
// settings into the configuration of a node daemon.
//
// [Parse] is for the start: whatever is wrong is an error, all of it at once, in
// the C daemon's words where it has any. [Reload] is for a running daemon: what is
// wrong keeps the value that it had, and is a warning, so that a slip in
// corosync.conf never takes a running device down (C8).
//
// It promises that equal keys give equal configurations: nodes are sorted by
// number (Q12), and heuristics commands by name.
//
// # Limitations
//
// It reads text, not a daemon: where names must be resolved it is handed a
// function. What only votequorum knows, such as the votes of the other nodes, is
// looked at by the daemon.
package nodeconf
