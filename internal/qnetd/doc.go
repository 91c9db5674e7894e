// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package qnetd is the arbiter as a state machine: which clients are connected,
// what their nodes last reported, and which of them may be told that they have
// the vote.
//
// The machine is one value, a [Server]. [Server.Step] applies one [Input] at a given instant
// and returns what to do as [Output] values ([Server.Apply] does the same without running
// timers); [Server.Deadline] says when it wants to be called again. Equal histories give equal
// outputs.
//
// # Safety
//
// At no instant are two separate partitions active with the arbiter's vote. That is the
// business of package hold (H1 to H6, H9): the machine tells a cluster's ledger what
// it hears and what it is about to say, asks it before each ACK, and writes to disk what it
// wants recorded.
//
// # Liveness
//
// No silent node is waited for longer than its probe time, none that answers
// longer than two seconds, and no node is left waiting for its vote for longer
// than that: what can't be decided yet is a NACK now and an ACK later (H7, H8).
//
// # Limitations
//
// The machine does no I/O and reads no clock. It trusts its shell to keep the
// order of what one connection did, to write a grant to disk before it answers
// a [Persist], and to end connections with a reset where it returns [Close]. A
// machine that was paused as a whole and goes on as if nothing had happened is
// a matter for fencing, not for an arbiter.
package qnetd
