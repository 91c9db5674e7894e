// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package hold

import "time"

// Auto is the [Times.Fixed] that works each hold out from its node's pace.
const Auto time.Duration = -1

// margin is what a hold time has on top of what it is worked out from: it covers clocks that
// run apart by 5 % and a second of scheduling.
const margin = time.Second

// NewsTime is how long a node that has answered a NACK, and was not quorate as it said
// last, may take to say that it was quorate after all (H3): its Corosync had counted
// an earlier vote, and the news was under way.
const NewsTime = 3 * time.Second

// Times is what a Ledger is told once: from what the times of holds follow.
type Times struct {
	// Fixed is how long every hold lasts. Auto works it out for each node; 0 gives the vote
	// away as soon as a connection has ended, as C does.
	Fixed time.Duration

	// DPDFactor is after how many heartbeats of silence a connection is given up.
	DPDFactor float64
}

// Pace is how often a node speaks, and for how long its last word counts.
type Pace struct {
	Heartbeat uint32 // ms
	Timeout   uint32 // ms: the device timeout that our node daemon tells; 0 if it was not told
}

// Ms is the heartbeat, in ms, from which a hold at this pace is worked out: its own, or the
// shortest whose hold covers 2 of its own and the device timeout.
func (p Pace) Ms() uint32 {
	covers := 2*uint64(p.Heartbeat) + uint64(p.Timeout) // ms, of 13/4 heartbeats
	return max(p.Heartbeat, uint32((4*covers+12)/13))
}

// Hold is how long a node may go on using a vote after it was last heard, where ms is
// the [Pace.Ms] of its pace.
func (t Times) Hold(ms uint32) time.Duration {
	// Rule H2: 2 heartbeats until a node notices silence, and for as long more as a dead daemon's
	// last word counts (the device timeout, and at least 1.25 heartbeats), plus 5 % and 1 s.
	if t.Fixed != Auto {
		return t.Fixed
	}
	hb := time.Duration(ms) * time.Millisecond
	return hb*13/4*21/20 + margin
}

// Grace is how long a node may keep its vote over a lost connection: what the hold time
// leaves besides the device timeout.
func (t Times) Grace(p Pace) time.Duration {
	// Rule H9: the arbiter announces the grace that its hold time covers.
	dead := max(time.Duration(p.Heartbeat)*5/4, time.Duration(p.Timeout)) * time.Millisecond
	return max(0, (t.Hold(p.Ms())-margin)*20/21-dead)
}

// dpd is how long a node at this pace may be silent before its connection is given up.
func (t Times) dpd(p Pace) time.Duration {
	return time.Duration(t.DPDFactor * float64(time.Duration(p.Heartbeat)*time.Millisecond))
}
