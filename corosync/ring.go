// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package corosync

import "fmt"

// RingID names a membership of Totem: the node that formed it, and a number
// that grows with every membership.
type RingID struct {
	Node uint32 // node ID of the ring's representative
	Seq  uint64 // grows by 4 with each membership
}

// String prints the ring ID as Corosync's tools do: both parts in hexadecimal.
func (r RingID) String() string { return fmt.Sprintf("%x.%x", r.Node, r.Seq) }

// Track says which notifications a tracking sends. Flags are joined with |.
type Track uint32

// The flags of votequorum's and quorum's tracking.
const (
	TrackCurrent     Track = 1 // tell the present state at once
	TrackChanges     Track = 2 // tell each change
	TrackChangesOnly Track = 4 // as TrackChanges; Corosync makes no difference
)
