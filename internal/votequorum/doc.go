// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package votequorum is Corosync's vote arithmetic as a state machine: how many
// votes a node's partition has, how many it needs, and so whether it is quorate.
//
// A [Machine] is the votequorum service of one node. [Machine.Step] applies one
// [Input] at a given instant and returns what to do as [Output] values;
// [Machine.Deadline] says when it wants to be called again. The machines of a
// cluster speak to each other by [Multicast] and [Deliver], through whatever
// gives them what Totem gives: one order of messages for all members of a ring.
// Package totem is a model of it.
//
// # Promises
//
// [Machine.Status] has the numbers and flags that corosync-quorumtool -s prints
// on a real node after the same events, in the middle of a sync too. test/interop
// holds it against Corosync 3.1.7, field by field.
// Equal histories give equal outputs. No input makes the machine panic.
//
// # What is like the real thing on purpose
//
// A node knows the others by what they have multicast, its own messages
// included, so numbers change when a message comes back and not when it is sent.
// The quorum is kept in eight bits: where the votes add up to 510 or more, it
// wraps round, and a partition far below half is quorate. Node IDs from 2147483648
// on count as negative when the lowest or the highest is looked for.
//
// # Limitations
//
// The machine does no I/O and reads no clock. It does not parse corosync.conf and
// knows no clients: who tracks what is its shell's business. Extra info of
// quorum devices (Corosync after 3.1.10) is left out. Known nodes are listed by
// ID, where Corosync's list has the order in which it first heard of them.
package votequorum
