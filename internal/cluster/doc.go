// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package cluster reads what the running Corosync of this machine says of its
// cluster: a [status.Quorum] with all that corosync-quorumtool -siH and pvecm status
// print, and the names of nodes.
//
// It promises to change nothing there, and that each snapshot has one ring's members,
// even while rings come and go.
//
// # Limitations
//
// While Corosync synchronises a new ring, it lets most questions wait, up to
// quorum.device.sync_timeout (30 s). A question whose context ends by then ends the
// client with it.
package cluster
