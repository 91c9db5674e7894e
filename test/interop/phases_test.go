// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"testing"
	"time"

	"github.com/quorate/quorate/test/interop/lab"
)

// startPair starts two nodes, and returns when they were whole.
func startPair(t *testing.T, r *trial) (l *lab.Lab, one, two *lab.Host, from int64) {
	t.Helper()
	l = r.newLab(t, lab.Config{Nodes: 2})
	l.Start()
	return l, l.Nodes[0], l.Nodes[1], lab.Now()
}

// splitPair starts two nodes and cuts them apart, of which the first keeps the vote.
func splitPair(t *testing.T, r *trial) (l *lab.Lab, one, two *lab.Host, from int64) {
	t.Helper()
	l, one, two, from = startPair(t, r)
	lab.Cut(hosts(one), hosts(two))
	awaitAlone(t, l, from, 20*time.Second, one, 1)
	return l, one, two, from
}

// voteMoves has something done to the winner of a split, after which the vote has to move
// to the other node.
func voteMoves(t *testing.T, r *trial, do func(l *lab.Lab, winner *lab.Host)) {
	t.Helper()
	l, one, two, from := splitPair(t, r)
	lab.Watch(4 * time.Second)
	at := lab.Now()
	do(l, one)
	took := awaitAlone(t, l, at, 60*time.Second, two, 2)
	lab.Watch(3 * time.Second)
	both := noneTwice(t, r, l, from)
	r.measured("two sides active for %d ms; the vote moved after %.1f s", both.Milliseconds(), took.Seconds())
}

// neverLost wants no node to have lost its quorum since an instant, and returns for how
// long one did.
func neverLost(t *testing.T, l *lab.Lab, from int64) (longest time.Duration) {
	t.Helper()
	for _, n := range l.Nodes {
		if d := n.Unquorate(from); d > 0 {
			t.Errorf("%s was not quorate for %v", n.Name, d)
			longest = max(longest, d)
		}
	}
	return longest
}
