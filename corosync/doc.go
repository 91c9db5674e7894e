// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package corosync is the root of a library for programs that live beside
// Corosync: clients of a running daemon in pure Go (no cgo, no C library, no
// helper program), and an editor of its configuration file.
//
// # A tour
//
// Each service of the daemon has a package with a Client, made by Dial and ended
// by Close:
//
//   - cmap: keys with typed values, what the daemon is configured with and what it
//     counts; set them, list them by prefix, track their changes
//   - quorum: whether this partition is quorate, who is in it, and each change
//   - votequorum: votes and expected votes, and all that a quorum device needs
//   - cfg: reload corosync.conf everywhere; links, nodes and addresses; kill a node,
//     shut this one down
//   - cpg: join a group of processes on all nodes, send it messages, and get them
//     and the changes of its membership in one order for all
//
// Besides, package conf reads, checks and edits corosync.conf, qb is the
// transport below the clients, and corotest plays Corosync in tests: fakes of all
// services, and a real daemon in a namespace of its own.
//
// The clients are alike. Every call takes a context. What comes unasked is a
// channel that the client closes when its connection is over; Done and Err tell
// when and why that is. Options of package qb with no field set reach the
// daemon of this machine; corotest's server gives out those that reach a fake. A
// Client may be used by several goroutines, and nothing of it is left after Close. See the
// example below.
//
// This package itself holds what they share: the error type and its codes, ring
// IDs and track flags.
//
// # Errors
//
// What a service refuses is an [*Error]: it names the service, the call and the
// code. Codes are errors themselves, so that errors.Is tells them apart:
//
//	if errors.Is(err, corosync.ErrTryAgain) { ... }
//
// Whatever happens to the daemon or the context is one, too: [ErrLibrary] if the
// daemon is not there (with qb.ErrLost if it ended meanwhile), [ErrBadHandle] after
// Close, [ErrTimeout] and [ErrInterrupt] for a context that ended.
//
// # Limitations
//
// Linux only, and the daemon must be reachable as a C client would reach it: in
// the same network namespace (abstract sockets) and with the same /dev/shm.
// Nothing is retried here: a call that gets [ErrTryAgain] is the caller's to
// repeat, and a client whose connection is over has to be dialled anew.
package corosync
