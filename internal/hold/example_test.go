// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package hold_test

import (
	"fmt"
	"time"

	"github.com/quorate/quorate/internal/hold"
	"github.com/quorate/quorate/internal/qnet"
)

// Two nodes have split, node 2 has had the vote, and its connection is lost. Node 1 was
// never in the ring that node 2 holds, so it has to wait until that can't be using the vote
// any more (H2, H5).
func Example() {
	start := time.Unix(1_000_000, 0)
	now := start.Add(time.Minute)
	one := hold.Partition{Ring: qnet.RingID{Node: 1, Seq: 8}, Members: []qnet.NodeID{1}}
	two := hold.Partition{Ring: qnet.RingID{Node: 2, Seq: 8}, Members: []qnet.NodeID{2}}

	l := hold.New(hold.Times{Fixed: hold.Auto, DPDFactor: 1.5}, start)
	for _, p := range []hold.Partition{one, two} {
		l.Joined(now, p.Members[0], p.Ring, hold.Pace{Heartbeat: 8000}, false)
		l.Reported(p.Members[0], p.Ring, p.Members)
	}
	grant := l.Record(two) // which goes to disk
	if l.Obstacle(now, two).None() && l.Covers(grant, two) {
		l.Told(2, qnet.VoteACK, 1)
	}
	l.Left(2)
	fmt.Print(l)
	ob := l.Obstacle(now, one)
	fmt.Println("node 1 waits for", ob.Holders, "until", ob.Until.Sub(start))

	// Output:
	// ring 1.8, members 1, reporters 1
	// ring 2.8, members 2, reporters 2
	// node 1 in ring 1.8, connected, pace 8000 ms, heard at 60.000
	// node 2 in ring 2.8, heard at 60.000, holds 2.8 until 88.300
	// holders 2 of 2.8
	// node 1 waits for [2] until 1m28.3s
}
