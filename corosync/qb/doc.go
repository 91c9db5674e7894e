// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package qb is a client of libqb's local IPC, over which Corosync's services
// are reached: the handshake, the rings in shared memory or the datagram sockets
// that the server picks, requests and their answers, and events.
//
// A [Conn] is one connection to one service. [Conn.Call] sends a request and
// waits for the answer; [Conn.Send] sends one that has none. Events arrive on a
// goroutine of the connection and are handed to a [Handler], also while a call
// waits. The packages cmap, votequorum, quorum, cfg and cpg build their
// messages with [Message], read them with [Reader], and are what most programs want.
//
// # What it promises
//
// One request is in flight per connection; further callers wait for their turn.
// The end of the daemon ends a waiting call at once. A call whose context ends
// closes the connection, since the answer that still comes would be taken for
// the next one's. After [Conn.Close] no goroutine and no mapping is left. No
// length or index in shared memory is believed before it was checked, and the
// server must run as root or as this user.
//
// Daemons of 64 and of 32 bits are told apart by their answer to the handshake,
// whatever this program is.
//
// # Limitations
//
// Linux and glibc daemons only (a semaphore of another libc is refused). The
// shared memory of libqb 1.x, which has no directory of its own, is not known.
// A file that its owner truncates while it is mapped kills this program
// (SIGBUS), as it does with the C library.
//
// Whoever gets events must take them: the daemon keeps those that do not fit
// into the connection in its own memory, without a limit.
package qb
