// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package engine is the cluster engine of the laboratory: a few nodes in one
// process that form rings, count votes and share data, over links that can be
// cut. It gives a node daemon what a running Corosync gives it, through the same
// interface.
//
// A [Cluster] runs the machine of package core in one goroutine on the real clock.
// A [Node] is one client's connection to one node of it; it ends when the node goes
// down, as a connection to a Corosync that was killed does.
//
// # Limitations
//
// It is no Corosync and must not be taken for one: nothing leaves the process, and
// nothing is kept when it ends. What its rings promise is in package core.
package engine
