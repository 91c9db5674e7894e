// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package decision

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/qnet"
)

// client makes a client of a cluster with the configured nodes 1 to n: ring and
// report number are the same for all of one membership.
func client(node qnet.NodeID, n int, ring uint64, members ...qnet.NodeID) Client {
	c := Client{Node: node, Ring: qnet.RingID{Node: members[0], Seq: ring}, Members: members, Report: ring}
	for id := range n {
		c.Config = append(c.Config, qnet.NodeID(id+1))
	}
	return c
}

func lowest() qnet.TieBreaker { return qnet.TieBreaker{Mode: qnet.TieBreakerLowest} }

// with changes clients of a view in place.
func with(cs []Client, f func(c *Client)) []Client {
	for i := range cs {
		f(&cs[i])
	}
	return cs
}

type testCase struct {
	name  string
	view  View
	win   string // members of the winner, or "" for none
	await string
	code  Code
}

func run(t *testing.T, a qnet.Algorithm, cases []testCase) {
	t.Helper()
	for _, c := range cases {
		v := Decide(a, c.view)
		if got := qnet.FormatIDs(v.Winner); got != c.win || v.Reason.Code != c.code || qnet.FormatIDs(v.Await) != c.await {
			t.Errorf("%s: winner %q await %q: %s (%d); want %q, %q, %d", c.name, got, qnet.FormatIDs(v.Await), v.Reason, v.Reason.Code, c.win, c.await, c.code)
		}
	}
}

func TestFFSplit(t *testing.T) {
	half := func() []Client { return []Client{client(1, 2, 5, 1), client(2, 2, 5, 2)} }
	run(t, qnet.FFSplit, []testCase{
		{"nobody", View{}, "", "", Nobody},
		// Rule F1: a partition with more than half of the configured nodes wins, and nothing is
		// awaited for it.
		{"whole", View{Clients: []Client{client(1, 2, 5, 1, 2), client(2, 2, 5, 1, 2)}}, "1, 2", "", Majority},
		{"majority, others still to report", View{Clients: []Client{client(1, 4, 6, 1, 2, 3), client(2, 4, 5, 1, 2, 3, 4), client(4, 4, 5, 1, 2, 3, 4)}}, "1, 2, 3", "", Majority},
		{"odd: two of three", View{Clients: []Client{client(1, 3, 5, 1), client(2, 3, 5, 2, 3), client(3, 3, 5, 2, 3)}}, "2, 3", "", Majority},
		// Rule F2: otherwise nothing is decided while a connected node's report is out of date.
		{"the other has not reported", View{Clients: []Client{client(1, 2, 5, 1, 2), client(2, 2, 6, 2)}}, "", "1", Awaiting},
		{"a joining node", View{Clients: []Client{client(1, 4, 5, 1), client(2, 4, 6, 1, 2), client(3, 4, 5, 3, 4)}}, "", "1", Awaiting},
		// Rule F3: without a partition of at least half of the configured nodes nobody wins.
		{"odd: one of three", View{Clients: []Client{client(1, 3, 5, 1)}}, "", "", NoPartition},
		{"one of four", View{Clients: []Client{client(1, 4, 5, 1)}}, "", "", NoPartition},
		// Rule F4: the only partition with exactly half of the configured nodes wins.
		{"one of two", View{Clients: []Client{client(2, 2, 5, 2)}}, "2", "", OnlyHalf},
		{"half, and a quarter", View{Clients: []Client{client(1, 4, 5, 1), client(3, 4, 5, 3, 4), client(4, 4, 5, 3, 4)}}, "3, 4", "", OnlyHalf},
		// Rule F5: of several halves the one with the highest score wins, then the one with
		// more connected nodes.
		{"heuristics", View{TieBreaker: lowest(), Clients: with(half(), func(c *Client) {
			if c.Node == 2 {
				c.Heuristics = qnet.HeuristicsPass
			}
		})}, "2", "", Score},
		{"heuristics fail", View{TieBreaker: lowest(), Clients: with(half(), func(c *Client) {
			if c.Node == 1 {
				c.Heuristics = qnet.HeuristicsFail
			}
		})}, "2", "", Score},
		{"more connected", View{TieBreaker: lowest(), Clients: []Client{client(1, 4, 5, 1, 2), client(3, 4, 5, 3, 4), client(4, 4, 5, 3, 4)}}, "3, 4", "", Score},
		{"equal score, more connected", View{TieBreaker: lowest(), Clients: with(
			[]Client{client(1, 4, 5, 1, 2), client(3, 4, 5, 3, 4), client(4, 4, 5, 3, 4)}, func(c *Client) {
				if c.Node == 1 {
					c.Heuristics = qnet.HeuristicsPass
				}
			})}, "3, 4", "", MoreNodes},
		// Rule F6: if all connected nodes keep the active partition, then of equal halves the
		// only one with a connected node of the partition that last had the vote wins.
		{"kept", View{TieBreaker: lowest(), KeepActivePartition: true, Quorate: []qnet.NodeID{2}, Clients: half()}, "2", "", KeptActive},
		{"kept, but both had it", View{TieBreaker: lowest(), KeepActivePartition: true, Quorate: []qnet.NodeID{1, 2}, Clients: half()}, "1", "", TieBreaker},
		{"not kept", View{TieBreaker: lowest(), Quorate: []qnet.NodeID{2}, Clients: half()}, "1", "", TieBreaker},
		// Rule F7: otherwise the tie-breaker decides, among all configured nodes.
		// Rule P3: lowest and highest are the lowest and highest of the nodes that a rule
		// names; a node ID is itself.
		{"lowest", View{TieBreaker: lowest(), Clients: half()}, "1", "", TieBreaker},
		{"highest", View{TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerHighest}, Clients: half()}, "2", "", TieBreaker},
		{"node ID", View{TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: 2}, Clients: half()}, "2", "", TieBreaker},
		// Rule P4: if the tie-breaker's node is in none of the partitions, the one with the
		// lowest connected node wins.
		{"unknown node ID", View{TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: 9}, Clients: half()}, "1", "", LowestNode},
		// Rule P1: the configured nodes are those in any connected node's config list.
		{"a list that is longer counts", View{TieBreaker: lowest(), Clients: []Client{client(1, 2, 5, 1, 2), client(2, 3, 5, 1, 2)}}, "1, 2", "", Majority},
		{"three configured after all", View{TieBreaker: lowest(), Clients: []Client{client(1, 2, 5, 1), client(2, 3, 5, 2)}}, "", "", NoPartition},
	})
}

// TestOutOfDate: whose report is awaited where nothing else decides.
func TestOutOfDate(t *testing.T) {
	run(t, qnet.LMS, []testCase{
		// Rule P2: a node's report is out of date if another node has since reported another
		// ring, and one of the two rings names the other node.
		{"the old ring names who left it", View{Clients: []Client{client(1, 3, 5, 1, 2), client(2, 3, 6, 2)}}, "", "1", Awaiting},
		{"the new ring names who is to come", View{Clients: []Client{client(1, 3, 5, 1), client(2, 3, 6, 1, 2)}}, "", "1", Awaiting},
		{"neither names the other", View{TieBreaker: lowest(), Clients: []Client{client(1, 3, 5, 1), client(2, 3, 6, 2)}}, "1", "", TieBreaker},
		{"the same ring, reported since", View{Clients: with([]Client{client(1, 3, 5, 1, 2), client(2, 3, 5, 1, 2)}, func(c *Client) {
			c.Report += uint64(c.Node)
		})}, "1, 2", "", OnlyOne},
		{"two of them", View{Clients: []Client{client(1, 3, 5, 1, 2, 3), client(2, 3, 5, 1, 2, 3), client(3, 3, 6, 3)}}, "", "1, 2", Awaiting},
		// A ring is reported when the last of its nodes reports it.
		{"named by one of two who reported it", View{Clients: reports([]Client{client(1, 4, 5, 1, 2, 3), client(2, 4, 5, 1, 2, 3), client(3, 4, 5, 3)}, 7, 4, 6)}, "", "2, 3", Awaiting},
		{"named by the later of two rings", View{Clients: reports([]Client{client(1, 4, 5, 1, 3), client(2, 4, 5, 2, 3), client(3, 4, 5, 3)}, 7, 4, 6)}, "", "2, 3", Awaiting},
		{"left by the one, not by the other", View{Clients: reports([]Client{client(1, 4, 5, 1), client(2, 4, 5, 2), client(3, 4, 5, 1, 2, 3)}, 7, 4, 6)}, "", "2, 3", Awaiting},
		// Rings that share an ID are told apart by their members.
		{"two rings of one ID", View{TieBreaker: lowest(), Clients: with([]Client{client(1, 2, 5, 1), client(2, 2, 5, 2)}, func(c *Client) {
			c.Ring = qnet.RingID{Node: 1, Seq: 5}
		})}, "1", "", TieBreaker},
	})
}

// reports numbers the clients' reports.
func reports(cs []Client, numbers ...uint64) []Client {
	for i := range cs {
		cs[i].Report = numbers[i]
	}
	return cs
}

// TestConfigured: the number of configured nodes goes with each verdict (P1).
func TestConfigured(t *testing.T) {
	for name, cs := range map[string][]Client{
		"one side":  {client(1, 2, 5, 1, 2), client(2, 2, 5, 1, 2)},
		"two sides": {client(1, 2, 5, 1), client(2, 2, 5, 2)},
		"awaited":   {client(1, 2, 5, 1, 2), client(2, 2, 6, 2)},
	} {
		for a := qnet.Test; a <= qnet.LMS+1; a++ {
			if r := Decide(a, View{TieBreaker: lowest(), Clients: cs}).Reason; r.Configured != 2 {
				t.Errorf("%s, %v: %d configured nodes", name, a, r.Configured)
			}
		}
	}
}

func TestLMS(t *testing.T) {
	vote := func(v qnet.Vote, nodes ...qnet.NodeID) func(*Client) {
		return func(c *Client) {
			if slices.Contains(nodes, c.Node) {
				c.LastVote = v
			}
		}
	}
	three := func() []Client { return []Client{client(1, 3, 5, 1), client(2, 3, 5, 2), client(3, 3, 5, 3)} }
	run(t, qnet.LMS, []testCase{
		// Rule L1: nothing is decided while a connected node's report is out of date.
		{"awaited", View{Clients: []Client{client(1, 3, 5, 1, 2, 3), client(2, 3, 6, 2, 3)}}, "", "1", Awaiting},
		// Rule L2: the only partition wins, however small it is.
		{"last man", View{Clients: []Client{client(3, 3, 5, 3)}}, "3", "", OnlyOne},
		// Rule L3: a partition whose nodes were never told a vote has no claim while another
		// partition has a node whose last vote is ACK.
		{"newcomers", View{TieBreaker: lowest(), Clients: with(three(), vote(qnet.VoteACK, 3))}, "3", "", Newcomers},
		{"the NACKed is no newcomer", View{TieBreaker: lowest(), Clients: with(with(three(), vote(qnet.VoteACK, 3)), vote(qnet.VoteNACK, 1))}, "1", "", TieBreaker},
		// Rule L4: the partition with the highest score wins, then the one with the most
		// connected nodes.
		{"bigger", View{TieBreaker: lowest(), Clients: []Client{client(1, 3, 5, 1), client(2, 3, 5, 2, 3), client(3, 3, 5, 2, 3)}}, "2, 3", "", Score},
		{"more nodes", View{TieBreaker: lowest(), Clients: with([]Client{client(1, 3, 5, 1), client(2, 3, 5, 2, 3), client(3, 3, 5, 2, 3)}, func(c *Client) {
			if c.Node == 1 {
				c.Heuristics = qnet.HeuristicsPass
			}
		})}, "2, 3", "", MoreNodes},
		// Rule L5: otherwise the tie-breaker decides, among the connected nodes of the
		// partitions that are left.
		{"lowest", View{TieBreaker: lowest(), Clients: three()}, "1", "", TieBreaker},
		{"highest", View{TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerHighest}, Clients: three()}, "3", "", TieBreaker},
		{"node ID wins with its mates", View{TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: 4}, Clients: []Client{
			client(1, 4, 5, 1, 2), client(2, 4, 5, 1, 2), client(3, 4, 5, 3, 4), client(4, 4, 5, 3, 4),
		}}, "3, 4", "", TieBreaker}, // C: only node 4 itself (A1)
		{"large IDs", View{TieBreaker: lowest(), Clients: []Client{
			{Node: 3000000000, Config: []qnet.NodeID{3000000000, 4000000000}, Ring: qnet.RingID{Node: 3000000000, Seq: 1}, Members: []qnet.NodeID{3000000000}, Report: 1},
			{Node: 4000000000, Config: []qnet.NodeID{3000000000, 4000000000}, Ring: qnet.RingID{Node: 4000000000, Seq: 1}, Members: []qnet.NodeID{4000000000}, Report: 1},
		}}, "3000000000", "", TieBreaker}, // C never finds one above 2147483647 (A5)
	})
}

func TestTwoNodeLMS(t *testing.T) {
	half := func() []Client { return []Client{client(1, 2, 5, 1), client(2, 2, 5, 2)} }
	run(t, qnet.TwoNodeLMS, []testCase{
		// Rule T1: nothing is decided while a connected node's report is out of date.
		{"awaited", View{Clients: []Client{client(1, 2, 5, 1, 2), client(2, 2, 6, 2)}}, "", "1", Awaiting},
		// Rule T2: a partition with both nodes wins, and so does the only partition.
		{"whole", View{Clients: []Client{client(1, 2, 5, 1, 2), client(2, 2, 5, 1, 2)}}, "1, 2", "", Whole},
		{"alone", View{Clients: []Client{client(2, 2, 5, 2)}}, "2", "", OnlyOne},
		// Rule T3: a node that was never told a vote has no claim while the other node's last
		// vote is ACK.
		{"newcomer", View{TieBreaker: lowest(), Clients: with(half(), func(c *Client) {
			if c.Node == 2 {
				c.LastVote = qnet.VoteACK
			}
		})}, "2", "", Newcomers},
		// Rule T4: the node with the better heuristics wins, where pass is better than none and
		// none better than fail.
		{"heuristics", View{TieBreaker: lowest(), Clients: with(half(), func(c *Client) {
			if c.Node == 1 {
				c.Heuristics = qnet.HeuristicsFail
			}
		})}, "2", "", Heuristics},
		// Rule T5: otherwise the tie-breaker decides, among the connected nodes.
		{"highest that is connected", View{TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerHighest}, Clients: with(half(), func(c *Client) {
			if c.Node == 2 {
				c.Config = []qnet.NodeID{2, 3}
			}
		})}, "2", "", TieBreaker},
		{"highest", View{TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerHighest}, Clients: half()}, "2", "", TieBreaker},
	})
}

func TestTestAlgorithm(t *testing.T) {
	run(t, qnet.Test, []testCase{
		// Rule X1: the partition with the most connected nodes wins, and of equals the one with
		// the lowest node.
		{"most", View{Clients: []Client{client(1, 3, 5, 1), client(2, 3, 5, 2, 3), client(3, 3, 5, 2, 3)}}, "2, 3", "", TestWinner},
		{"equal", View{Clients: []Client{client(1, 2, 5, 1), client(2, 2, 5, 2)}}, "1", "", TestWinner},
	})
}

func TestUnknownAlgorithm(t *testing.T) {
	if v := Decide(9, View{Clients: []Client{client(1, 1, 1, 1)}}); v.Winner != nil || v.Reason.Code != NoPartition {
		t.Errorf("winner %v: %s", v.Winner, v.Reason)
	}
}

// FuzzDecide throws anything at all algorithms and looks at what must always hold.
func FuzzDecide(f *testing.F) {
	f.Add([]byte{1, 1, 3, 1, 0, 2, 2, 3, 2, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		var v View
		if len(b) > 2 {
			v.TieBreaker = qnet.TieBreaker{Mode: qnet.TieBreakerMode(b[0] % 5), ID: qnet.NodeID(b[1])}
			v.KeepActivePartition = b[2]&1 == 1
			b = b[3:]
		}
		for ; len(b) >= 5 && len(v.Clients) < 10; b = b[5:] {
			c := Client{Node: qnet.NodeID(len(v.Clients) + 1), Ring: qnet.RingID{Node: 1, Seq: uint64(b[0] % 4)}, Report: uint64(b[1]),
				Heuristics: qnet.Heuristics(b[2] % 3), LastVote: qnet.Vote(b[2] / 3 % 3)}
			for id := range 8 {
				if b[3]>>id&1 == 1 {
					c.Members = append(c.Members, qnet.NodeID(id+1))
				}
				if b[4]>>id&1 == 1 {
					c.Config = append(c.Config, qnet.NodeID(id+1))
				}
			}
			v.Clients = append(v.Clients, c)
		}
		for a := qnet.Test; a <= qnet.LMS+1; a++ {
			check(t, a, v)
		}
	})
}

func check(t *testing.T, a qnet.Algorithm, v View) {
	t.Helper()
	d := Decide(a, v)
	if len(d.Await) > 0 && d.Winner != nil {
		t.Fatalf("%v: awaits and decides: %+v", a, d)
	}
	if d.Reason.String() == "" {
		t.Fatalf("%v: no reason", a)
	}
	for _, c := range v.Clients {
		want := qnet.VoteNACK
		switch {
		case len(d.Await) > 0:
			want = qnet.VoteUndefined
		case d.Winner == nil:
		case c.Ring == d.Ring && slices.Equal(c.Members, d.Winner):
			want = qnet.VoteACK
		case slices.Contains(d.Winner, c.Node):
			want = qnet.VoteUndefined
		}
		if got := d.Vote(c.Node, c.Ring, c.Members); got != want {
			t.Fatalf("%v: node %d has %v, want %v: %+v", a, c.Node, got, want, d)
		}
	}
	if again := Decide(a, v); fmt.Sprint(again) != fmt.Sprint(d) {
		t.Fatalf("%v: two verdicts: %v, %v", a, d, again)
	}
}

func TestReasonsAreSentences(t *testing.T) {
	for c := Nobody; c <= TestWinner; c++ {
		for _, nodes := range [][]qnet.NodeID{{1}, {1, 2}} {
			if s := (Reason{Code: c, Nodes: nodes, Preferred: 1, Configured: 4}).String(); len(s) < 10 || strings.Contains(s, "%!") {
				t.Errorf("code %d: %q", c, s)
			}
		}
	}
}
