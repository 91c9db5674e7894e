// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package corosync holds what the clients of a running Corosync share: the
// error type and its codes, ring IDs and track flags. The clients are in the
// packages below it, one for each service of the daemon:
//
//   - cmap: the configuration and runtime database
//   - votequorum: votes, quorum and the quorum device
//   - quorum: whether this partition is quorate, and its members
//   - cfg: reload, link and node status, shutdown
//   - cpg: closed process groups, messages in one order for all
//
// They speak libqb's local protocol (package qb) in pure Go: no cgo, no C
// library, no helper program. Package corotest is a fake Corosync for tests.
//
// # Errors
//
// What a service refuses is an [*Error]: it names the service, the call and the
// code. Codes are errors themselves, so that errors.Is tells them apart:
//
//	if errors.Is(err, corosync.ErrTryAgain) { ... }
//
// # Limitations
//
// Linux only, and the daemon must be reachable as a C client would reach it: in
// the same network namespace (abstract sockets) and with the same /dev/shm.
// Nothing is retried here: a call that gets [ErrTryAgain] is the caller's to repeat.
package corosync
