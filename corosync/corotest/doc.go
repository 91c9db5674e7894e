// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package corotest is a fake Corosync for tests that have no real one, and what
// tests against a real one need.
//
// A [Server] listens where the options it gives out say, and speaks libqb's
// protocol over shared memory or datagram sockets, as a 64- or a 32-bit daemon. What it
// serves is up to a [Service]: [Cmap], [Votequorum], [Quorum], [Cfg] and [Cpg]
// behave as Corosync's do, and a test can script one of its own with [Func]. A
// server can be killed, stalled, and made to refuse. While a ring of Votequorum waits
// for its device the other services wait, as in the daemon.
//
//	s := corotest.New(t, corotest.Config{})
//	s.Handle("cmap", corotest.NewCmap())
//	client, err := cmap.Dial(ctx, s.Options())
//
// [Main] runs the tests of a package in network and mount namespaces of their
// own, where [Real] starts a real Corosync of one node. [Each] runs a test against
// it and against fakes of all kinds.
//
// # Limitations
//
// The fakes hold no cluster: a test says what the other nodes do. They check
// less than Corosync does. All services of a server share one lock, as the
// services of the daemon share one thread.
package corotest
