// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package quorum is a client of Corosync's quorum service: whether this node's
// partition is quorate, which nodes are in it, and each change of both. It asks
// for nothing that only votequorum knows, so it works with every provider of
// quorum, and without one.
//
// Errors are a [*corosync.Error]. The methods of a [Client] may be called by
// several goroutines. A call whose context ends after it was sent closes the client.
//
// # Limitations
//
// Where corosync.conf has no quorum.provider every partition is quorate:
// [Client.Provided] tells. While Corosync synchronises a new membership it shows
// the quorum of the last one, and calls wait. Corosync before 3.1.0 tells no
// [NodeList], and of rings only their numbers. Events that nobody takes wait in the
// daemon's memory, without a limit.
package quorum
