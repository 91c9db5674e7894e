// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnet

// Grant is what an arbiter must not forget of a cluster: which partition was
// last given the vote, and who may still be casting it. It is written before
// any ACK that it covers leaves the arbiter (design: the safety promise).
type Grant struct {
	Ring    RingID   // ring of the last partition that was granted
	Members []NodeID // its membership, sorted
	Holders []Holder // by node ID; one ring a node
	Rings   []Ring   // the rings that holders hold, by ring ID

	Enrolled bool // the cluster has a certificate: the record is kept for ever
}

// Holder is a node that may be casting the device's vote: an ACK for Ring was
// sent to it, and nothing has proven since that it stopped.
type Holder struct {
	Node      NodeID
	Ring      RingID // zero: any ring at all, of a node that was not heard since a start without a record
	Heartbeat uint32 // ms, as the node announced it, or longer for its device timeout: what its hold is worked out from
}

// Ring is a ring that some holder holds.
type Ring struct {
	ID        RingID
	Members   []NodeID // sorted
	Reporters []NodeID // members that have reported this ring themselves, sorted
}
