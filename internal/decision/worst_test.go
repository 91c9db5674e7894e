// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package decision

import (
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// worst is what one cluster's certificate can make of a decision: as many nodes as
// Corosync allows, each in a partition of its own whose list differs from the others'
// in its last node only, so that a comparison has to read all of it.
func worst() View {
	const nodes = 384
	v := View{TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerHighest}}
	for id := qnet.NodeID(1); id <= nodes; id++ {
		c := Client{Node: id, Ring: qnet.RingID{Node: 1, Seq: 1}, Report: uint64(nodes - id)}
		for m := qnet.NodeID(1); m < nodes; m++ {
			c.Members = append(c.Members, m)
		}
		c.Members = append(c.Members, nodes+id)
		for m := range qnet.NodeID(nodes) {
			c.Config = append(c.Config, m+1)
		}
		v.Clients = append(v.Clients, c)
	}
	return v
}

// TestWorst: a decision takes no longer than other clusters can wait for. It takes
// about 1 ms, or 20 under the race detector; with a scan for each pair of nodes it took 100.
func TestWorst(t *testing.T) {
	v, least := worst(), time.Hour
	for range 20 { // the machine may be busy: the fastest of them counts
		begin := time.Now()
		for a := qnet.Test; a <= qnet.LMS; a++ {
			Decide(a, v)
		}
		least = min(least, time.Since(begin)/4)
	}
	if least > 50*time.Millisecond {
		t.Errorf("a decision took %v", least)
	}
}

func BenchmarkWorst(b *testing.B) {
	v := worst()
	for b.Loop() {
		Decide(qnet.LMS, v)
	}
}
