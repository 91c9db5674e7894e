// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package control is the local socket over which the status tools ask a
// daemon: the protocol of the C daemons, both sides. A client sends one line of
// words; the answer is "OK" or "Error" on a line, a text, and the end.
//
// One word is ours: "json" answers with the snapshot as JSON, which has the
// reasons that the C texts lack.
//
// It promises that a slow, silent or endless client costs one connection for
// a bounded time and no more, and that the socket takes the place of nothing
// but a socket that nobody answers on.
//
// # Limitations
//
// Who may connect is a matter of the file's mode; there is no other check.
package control
