// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package cfg is a client of Corosync's configuration service: reload of
// corosync.conf in the whole cluster, the state of links and nodes, and the end of
// a node, be it killed by another or shut down with everybody's consent.
//
// Errors are a [*corosync.Error]. The methods of a [Client] may be called by
// several goroutines. A call whose context ends after it was sent closes the client.
//
// # Shutdown
//
// [Client.Shutdown] asks for the end of this node's Corosync. Every other client
// that has called [Client.Track] gets a [Request] and says with [Client.Reply]
// whether it agrees; one that closes agrees. Corosync waits for them
// cfg.shutdown_timeout (5 s), and takes silence for a no.
//
// # Limitations
//
// The state of nodes needs Corosync 3.1.2 and later. While Corosync synchronises a
// new membership, calls wait.
package cfg
