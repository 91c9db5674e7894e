// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package votequorum

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// slowQuorum is the second, stupid implementation: it counts up until it has
// more than half of both.
func slowQuorum(expected, total uint64) uint64 {
	var q uint64
	for 2*q <= expected || 2*q <= total {
		q++
	}
	return q
}

// TestQuorumOf: the quorum is the least number that is more than half of what
// is expected and of what is there.
func TestQuorumOf(t *testing.T) {
	for expected := range uint64(300) {
		for total := range uint64(300) {
			if got, want := quorumOf(uint32(expected), uint32(total)), slowQuorum(expected, total); uint64(got) != want {
				t.Fatalf("%d expected, %d there: quorum %d, want %d", expected, total, got, want)
			}
		}
	}
}

// slowCount is count, written for one pass over a list of facts.
func slowCount(m *Machine, decrease bool, forced uint32, downscale bool) (quorum, total uint64) {
	var highest, voters uint64
	for i := range m.nodes {
		switch n := m.nodes[len(m.nodes)-1-i]; {
		case n.state != qnet.NodeStateMember:
		case uint64(n.expected) > highest:
			highest = uint64(n.expected)
			fallthrough
		default:
			total, voters = total+uint64(n.votes), voters+1
		}
	}
	if m.us.flags&nodeCast == nodeCast {
		total, voters = total+uint64(m.device.votes), voters+1
	}
	if forced != 0 {
		highest = uint64(forced)
		if downscale && decrease && m.floor > forced {
			highest = uint64(m.floor)
		}
	}
	quorum = slowQuorum(highest, total)
	if !decrease && uint64(m.quorum) > quorum {
		quorum = uint64(m.quorum)
	}
	if m.set.twoNode && voters < 3 {
		quorum = 1
	}
	return quorum, total
}

// TestCount holds count against slowCount for random clusters.
func TestCount(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		m, _, err := New(Config{Node: 1, Nodes: OneVoteEach(1)}, time.Time{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		for id := range rng.IntN(5) {
			n := m.add(qnet.NodeID(id + 2))
			n.state, n.votes, n.expected = qnet.NodeState(rng.IntN(4)), rng.Uint32N(4), rng.Uint32N(12)
		}
		m.us.votes, m.us.expected = rng.Uint32N(3), rng.Uint32N(12)
		m.us.flags.put(nodeCast, rng.IntN(2) == 0)
		m.device.votes, m.floor, m.quorum = rng.Uint32N(4), rng.Uint32N(8), rng.Uint32N(8)
		m.set.twoNode = rng.IntN(4) == 0
		decrease, forced, downscale := rng.IntN(2) == 0, rng.Uint32N(9), rng.IntN(2) == 0
		q, total := m.count(decrease, forced, downscale)
		wantQ, wantTotal := slowCount(m, decrease, forced, downscale)
		if uint64(q) != wantQ || uint64(total) != wantTotal {
			t.Fatalf("quorum %d of %d, want %d of %d", q, total, wantQ, wantTotal)
		}
	}
}

// TestParseTieBreaker reads what Corosync reads, in what is not well-formed too.
func TestParseTieBreaker(t *testing.T) {
	for _, c := range []struct {
		in   string
		tie  TieBreak
		list int
	}{
		{"", TieLowest, 0}, {"lowest", TieLowest, 0}, {"highest", TieHighest, 0}, {"3 1", TieList, 2}, {"7", TieList, 1},
		{"1,2", TieList, 1}, {"2 x 3", TieList, 1}, {"none", TieNone, 0}, {"0", TieNone, 0}, {" 4\t5", TieList, 2},
		{"-1", TieList, 1}, {"+2 1", TieList, 2}, {"+-1", TieNone, 0}, {"1-2", TieList, 2}, {"4294967296", TieNone, 0}, {"4294967297", TieList, 1},
		{"0 1", TieNone, 0}, {"01", TieList, 1}, {"x 1", TieNone, 0}, {" ", TieNone, 0}, {"-", TieNone, 0}, {"99999999999999999999", TieList, 1},
	} {
		if tie, list := ParseTieBreaker(c.in); tie != c.tie || len(list) != c.list {
			t.Errorf("%q: %d %v, want %d with %d nodes", c.in, tie, list, c.tie, c.list)
		}
	}
}

// TestExtremes: IDs with the highest bit set count as negative, as in C.
func TestExtremes(t *testing.T) {
	m, _, err := New(Config{Node: 5, Nodes: OneVoteEach(5)}, time.Time{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []qnet.NodeID{3, 9, 1 << 31} {
		m.add(id).state = qnet.NodeStateMember
	}
	m.add(12).state = qnet.NodeStateDead
	if lowest, highest := m.extremes(); lowest != 1<<31 || highest != 9 {
		t.Errorf("lowest %v, highest %v; want 2147483648, 9", lowest, highest)
	}
}
