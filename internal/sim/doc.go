// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package sim is a world in which the machines meet: nodes with Totem,
// votequorum and a node daemon, an arbiter, and a network that fails, all under
// virtual time.
//
// A [World] is made for a scenario's cluster. [World.Do] plays commands, time
// passes with them, and after every event the safety promise is checked: at no
// instant are two partitions active, or the device's vote counted on two
// settled rings. Everything that is left to chance comes from the seed and from
// what it is for, so that equal scenarios give equal runs, and leaving one
// command out changes as little as possible of the rest.
//
// # What is real
//
// votequorum, our node daemon and our arbiter are the machines themselves, with
// their limits and timers. The C node daemon is a model of what corosync-qdevice
// 3.0.3 does, polls, sleeps and order of work included; the C arbiter is a model
// of its rules for ffsplit, kept to show that the checks find what it gets wrong.
// Totem is a model: rings are formed by those that reach each other, after the
// times that its timers take, and members may be left behind on the way.
//
// # Limitations
//
// It does no I/O and reads no clock. Heuristics and TLS are left out. A machine
// that is paused as a whole and goes on is out of the promise, and out of here.
package sim
