// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package cmap is a client of Corosync's configuration map: keys such as
// totem.cluster_name with typed values. It reads, sets and deletes them, lists
// them by prefix, and tracks changes with their old and new values. The map
// statistics of the daemon is reached in the same way.
//
// Errors are a [*corosync.Error]; a key that is not there is
// [corosync.ErrNotExist], one that may not be changed [corosync.ErrAccess].
// The methods of a [Client] may be called by several goroutines. A call whose
// context ends after it was sent closes the client.
//
// # Limitations
//
// What is set is lost when the daemon ends, and no other node learns of it.
// Values are limited to 16384 bytes by the daemon, keys to 3 to 255 characters.
// While Corosync synchronises a new membership, calls wait. Changes that a
// [Tracker] does not take wait in the daemon's memory, without a limit.
package cmap
