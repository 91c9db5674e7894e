// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package totem is a model of Corosync's membership and its ordered messages, as
// far as votequorum can tell: which nodes form which ring, the ring's ID, the one
// order of messages in it, the sync that its members go through in step, and what
// is still delivered of a ring that breaks.
//
// Time is its caller's. A [Member] changes its [State] when it is told to, and
// delivers one entry of its ring at each [Member.Next]; whoever plays it says how
// long that takes, whom a node reaches, and who comes first. The laboratory's engine
// lets rings form at once after a timeout, the simulator takes chance and clocks that
// drift, and the transcripts of package votequorum take no time at all.
//
// # Promises
//
// All members of a ring deliver the same messages in the same order. Those that go
// on together to another ring have delivered the same of the one before: what one of
// them has delivered or sent in it, all deliver. A step of the sync begins at a member
// when all members have ended the one before. The transcripts of package votequorum
// are played on this model, and test/interop compares them with real Corosync nodes.
//
// # Limitations
//
// It is no Totem: no token goes round, no message is lost and sent again, and a ring
// is agreed on by its members in one step of the caller's. The rest of an old ring is
// delivered in that step, and not when the new one is entered: a node that is left
// behind on the way may lack what those have delivered with whom it goes on later. It does no
// I/O, reads no clock and leaves nothing to chance.
package totem
