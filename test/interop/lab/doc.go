// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package lab runs real Corosync clusters on one machine: each host is a
// network namespace with a mount namespace of its own, joined by a bridge. The
// nodes run the distribution's programs; the arbiter is the one under test.
//
// A [Lab] is one cluster with its arbiter. Everything that it makes, it undoes,
// and its processes die with the test's. Labs do not meet: many run side by side.
//
// # Limitations
//
// It needs root, Linux, and the programs that [Missing] looks for. Links can be
// cut and made silent, not slowed down.
package lab
