// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package votequorum is a client of Corosync's votequorum service: the votes of
// each node, the events of memberships and quorum, and all that a quorum device
// needs, from its registration to the poll of each ring.
//
// Errors are a [*corosync.Error]. The methods of a [Client] may be called by
// several goroutines. A call whose context ends after it was sent closes the client.
//
// # Quorum devices
//
// A device is registered with [Client.Register] and polled at once with the
// [NodeList] that a [Tracker] told last, and from then on more often than
// quorum.device.timeout (10 s). While a device is registered and alive, each new
// ring waits in the middle of its sync for a poll that names it, at most
// quorum.device.sync_timeout (30 s): poll quickly after each NodeList, whether
// the vote is cast or not. Until then votequorum is the only service that answers, so
// whoever polls must not call cmap, quorum, cfg or cpg in between.
//
// A device that ends without [Client.Unregister] stays registered, and its last
// vote counts until the timeout has passed.
//
// # Limitations
//
// The service is there only if corosync.conf has quorum.provider
// corosync_votequorum. There is one device per cluster, whatever its
// name: Corosync refuses a second name. A connection tracks once. Events that a
// Tracker does not take wait in the daemon's memory, without a limit. The extra
// information of a device that Corosync can hold after 3.1.10 is not reached.
package votequorum
