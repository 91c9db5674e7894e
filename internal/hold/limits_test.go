// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package hold

import (
	"slices"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// TestManyRings: rings that somebody is in or holds are kept, however many others there are
// (H4). Both ledgers are asked; the stupid one forgets nothing.
func TestManyRings(t *testing.T) {
	h := newHistory(testTimes)
	play := func(steps ...step) {
		for _, s := range steps {
			h.play(s)
		}
		h.check(t, partitions)
	}
	play(come(whole, 1, 2, 3)...)
	play(says(2, acked, left)...) // it holds a ring, and nobody is in it
	play(reports(1, half)...)
	play(reports(3, other)...)
	for seq := range uint64(maxRings) {
		p := Partition{Ring: qnet.RingID{Node: 3, Seq: 100 + seq}, Members: other.Members}
		for _, s := range reports(3, p) {
			h.play(s)
		}
	}
	play(reports(3, other)...)
	play(joins(4, whole, slow, false))
	play(reports(4, whole)...)
	play(reports(4, other)...)
	if len(h.ledger.rings) > maxRings {
		t.Errorf("%d rings are kept", len(h.ledger.rings))
	}
}

// TestManyNodes: of nodes that are gone, no more are kept than a cluster can have; those that are
// connected, and those that hold, stay.
func TestManyNodes(t *testing.T) {
	now := epoch.Add(time.Hour)
	l := New(testTimes, epoch)
	come := func(id qnet.NodeID, p Partition) {
		l.Joined(now, id, p.Ring, slow, false)
		l.Reported(id, p.Ring, p.Members)
	}
	come(1, half)
	come(3, other)
	l.Told(3, qnet.VoteACK, 1)
	l.Left(3)
	for id := range qnet.NodeID(2 * qnet.MaxNodes) {
		come(id+10, whole)
		l.Left(id + 10)
	}
	if len(l.nodes) > qnet.MaxNodes {
		t.Errorf("%d nodes are kept", len(l.nodes))
	}
	if g := l.Record(half); len(g.Holders) != 2 || g.Holders[0].Node != 1 || g.Holders[1].Node != 3 {
		t.Errorf("nodes 1 and 3 are not both known: %+v", g.Holders)
	}
}

// TestFull: no more nodes are told ACK than a cluster can have, until the first of them holds
// no more.
func TestFull(t *testing.T) {
	now := epoch.Add(time.Hour)
	l := New(testTimes, epoch)
	for id := range qnet.NodeID(qnet.MaxNodes) {
		at := now.Add(time.Duration((id+100)%qnet.MaxNodes) * time.Millisecond)
		l.Joined(at, id+1, half.Ring, slow, true)
		l.Left(id + 1)
	}
	l.Joined(now, 1000, half.Ring, slow, false)
	if _, full := l.Full([]qnet.NodeID{1, 7, 200}); full {
		t.Error("who holds already makes it more")
	}
	first := now.Add(testTimes.Hold(slow.Ms()))
	if until, full := l.Full([]qnet.NodeID{7, 1000}); !full || !until.Equal(first) {
		t.Errorf("one more is %v, until %v, want %v", full, until, first)
	}
	if l.Obstacle(first, half); l.Count() != qnet.MaxNodes-1 {
		t.Errorf("%d holders when the first hold has ended", l.Count())
	}
	if _, full := l.Full([]qnet.NodeID{7, 1000}); full {
		t.Error("there is no room when the first hold has ended")
	}
}

// TestUntil: a cluster is not forgotten while somebody may hold something, or may do so whose
// claim was refused (H9).
func TestUntil(t *testing.T) {
	now := epoch.Add(time.Hour)
	l := New(testTimes, epoch)
	if until := l.Until(now); !until.IsZero() {
		t.Errorf("nobody holds anything, until %v", until)
	}
	l.Refused(now, fast)
	refused := now.Add(testTimes.Hold(fast.Ms()))
	if until := l.Until(now); !until.Equal(refused) {
		t.Errorf("a refused claim may hold until %v, want %v", until, refused)
	}
	l.Joined(now, 1, half.Ring, slow, true)
	l.Left(1)
	l.Joined(now, 2, half.Ring, fast, true)
	l.Left(2)
	last := now.Add(testTimes.Hold(slow.Ms()))
	if until := l.Until(now); !until.Equal(last) {
		t.Errorf("node 1 holds until %v, want %v", until, last)
	}
	if until := l.Until(last); !until.IsZero() {
		t.Errorf("all holds have ended, until %v", until)
	}
	if list := l.Holders(last); len(list) > 0 {
		t.Errorf("holders %+v", list)
	}
}

// TestListsAreShared: equal lists of a ring are one list.
func TestListsAreShared(t *testing.T) {
	l := New(testTimes, epoch)
	a := l.Reported(1, half.Ring, slices.Clone(half.Members))
	b := l.Reported(2, half.Ring, slices.Clone(half.Members))
	if &a[0] != &b[0] {
		t.Error("two lists of one ring")
	}
}
