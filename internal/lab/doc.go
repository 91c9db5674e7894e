// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package lab is the laboratory: an arbiter and the daemons of a few nodes in one
// process, and verbs that break what is between them.
//
// Arbiter and node daemons are the real ones; they speak TLS over loopback, each
// node through a proxy of its own that cuts or drops its connection. Only Corosync
// is played, by package engine. What the laboratory shows is therefore what the
// daemons do, at a tenth of the usual timers.
//
// A [Lab] is a running laboratory. [ParseScript] reads and checks a script before
// anything starts, and a [Player] plays it and prints a transcript; package ui puts
// a live table and a prompt in front of a Lab.
//
// # Promises
//
// It needs no root and touches nothing but a temporary directory of its own, mode
// 0700, and free ports of 127.0.0.1. [Lab.Close] ends every daemon, goroutine and
// connection and removes the directory.
//
// # Limitations
//
// Guests are entries in data that the nodes share: nothing runs. A frozen node is
// one whose machine does nothing and is reached by nobody; its daemon's own timers
// go on, which is what it finds when it goes on itself.
package lab
