// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package qdevice is the node's side of a quorum device as a state machine:
// what this node's Corosync says, what the arbiter answered, and from these
// what is polled into votequorum.
//
// The machine is one value, a [Node]. [Node.Step] applies one [Input] at a given
// instant and returns what to do as [Output] values; [Node.Deadline] says when it
// wants to be called again. Equal histories give equal outputs: randomness comes
// with [Config.Seed].
//
// # Promises
//
// The device's vote is cast for a ring only after the arbiter's ACK for that very
// ring, and no longer than the arbiter can be sure of (N1 to N7, quoted where
// they are applied):
//
//   - a new ring needs a fresh ACK (N1);
//   - a vote is cast for at most a limit after the last answered echo was sent:
//     the grace that our arbiter announces, of which three device timeouts are
//     believed, and 1.25 heartbeats with an arbiter that announces none, well
//     before it would give the node up at 1.5 (N2);
//   - that limit is looked at before anything else is done with an input, so a
//     process that was frozen polls nothing on the strength of old news (N3);
//   - without a grace a lost connection is a NACK at once (N4);
//   - while Corosync waits for the device in sync, an arbiter that says nothing
//     for the withdraw time, or no vote for the 2 s in which it decides, is not
//     waited for: the answer is "no", and the vote is taken up again when it
//     comes (N5);
//   - an arbiter at another address than the last one's must be the same (N6, in
//     docs/decision.md);
//   - a vote of "no" is polled again when the sync has ended: what was polled before
//     in a ring without its token may have gone round only then (N7).
//
// 2nodelms and lms with wait_for_all are as lenient as in C where said so.
//
// # Limitations
//
// The machine does no I/O and reads no clock. It does not look names up, run
// heuristics or speak to Corosync: its shell does, and tells it the outcome.
package qdevice
