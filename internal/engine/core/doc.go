// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package core is the laboratory's cluster engine as a state machine: a handful
// of nodes, the links between them, the rings that they form, the vote arithmetic
// of each node, and data that the nodes of a quorate partition share.
//
// The machine is one value, a [Machine]. [Machine.Step] applies one [Input] at a
// given instant and returns what to do as [Output] values; [Machine.Deadline] says
// when it wants to be called again. Package engine runs it on a real clock.
//
// # What it takes over from Corosync
//
// Votes are counted by package votequorum; rings, the sync and the order of messages
// come from package totem. A sync waits for the quorum device's poll, and in it no
// message is delivered. A ring that has lost a member delivers nothing
// either, until the members have noticed: at once, or a token timeout later if the
// loss was silent. Nodes that reach each other and are not in one ring join it.
//
// # Promises
//
// Data is changed on a quorate node with a settled ring only, and then on every
// member of the ring. The members of a ring take over the data of the one that has
// seen the most changes. Where another has changed something that this one never
// saw, there were two quorate partitions: that is a [Conflict].
//
// # Limitations
//
// This is no Corosync and no Totem. Messages take no time and are never lost within
// a ring, the membership protocol is one decision for all nodes, and where links
// are not transitive (1 reaches 2, 2 reaches 3, 1 does not reach 3) the lower node
// IDs keep together, which Totem does not promise. The machine does no I/O and
// reads no clock.
package core
