// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package decision

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"quorate/internal/qnet"
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
		// Rule F1: a partition with more than half of the configured nodes wins, and nothing is awaited for it.
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
		// Rule F5: of several halves the one with the highest score wins, then the one with more connected nodes.
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
		// Rule F6: if all connected nodes keep the active partition, then of equal halves the only one with a connected node of the partition that last had the vote wins.
		{"kept", View{TieBreaker: lowest(), KeepActivePartition: true, Quorate: []qnet.NodeID{2}, Clients: half()}, "2", "", KeptActive},
		{"kept, but both had it", View{TieBreaker: lowest(), KeepActivePartition: true, Quorate: []qnet.NodeID{1, 2}, Clients: half()}, "1", "", TieBreaker},
		{"not kept", View{TieBreaker: lowest(), Quorate: []qnet.NodeID{2}, Clients: half()}, "1", "", TieBreaker},
		// Rule F7: otherwise the tie-breaker decides, among all configured nodes.
		// Rule P3: lowest and highest are the lowest and highest of the nodes that a rule names; a node ID is itself.
		{"lowest", View{TieBreaker: lowest(), Clients: half()}, "1", "", TieBreaker},
		{"highest", View{TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerHighest}, Clients: half()}, "2", "", TieBreaker},
		{"node ID", View{TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: 2}, Clients: half()}, "2", "", TieBreaker},
		// Rule P4: if the tie-breaker's node is in none of the partitions, the one with the lowest connected node wins.
		{"unknown node ID", View{TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: 9}, Clients: half()}, "1", "", LowestNode},
		// Rule P1: the configured nodes are those in any connected node's config list.
		{"a list that is longer counts", View{TieBreaker: lowest(), Clients: []Client{client(1, 2, 5, 1, 2), client(2, 3, 5, 1, 2)}}, "1, 2", "", Majority},
		{"three configured after all", View{TieBreaker: lowest(), Clients: []Client{client(1, 2, 5, 1), client(2, 3, 5, 2)}}, "", "", NoPartition},
	})
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
		// Rule L3: a partition whose nodes were never told a vote has no claim while another partition has a node whose last vote is ACK.
		{"newcomers", View{TieBreaker: lowest(), Clients: with(three(), vote(qnet.VoteACK, 3))}, "3", "", Newcomers},
		{"the NACKed is no newcomer", View{TieBreaker: lowest(), Clients: with(with(three(), vote(qnet.VoteACK, 3)), vote(qnet.VoteNACK, 1))}, "1", "", TieBreaker},
		// Rule L4: the partition with the highest score wins, then the one with the most connected nodes.
		{"bigger", View{TieBreaker: lowest(), Clients: []Client{client(1, 3, 5, 1), client(2, 3, 5, 2, 3), client(3, 3, 5, 2, 3)}}, "2, 3", "", Score},
		{"more nodes", View{TieBreaker: lowest(), Clients: with([]Client{client(1, 3, 5, 1), client(2, 3, 5, 2, 3), client(3, 3, 5, 2, 3)}, func(c *Client) {
			if c.Node == 1 {
				c.Heuristics = qnet.HeuristicsPass
			}
		})}, "2, 3", "", MoreNodes},
		// Rule L5: otherwise the tie-breaker decides, among the connected nodes of the partitions that are left.
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
		// Rule T3: a node that was never told a vote has no claim while the other node's last vote is ACK.
		{"newcomer", View{TieBreaker: lowest(), Clients: with(half(), func(c *Client) {
			if c.Node == 2 {
				c.LastVote = qnet.VoteACK
			}
		})}, "2", "", Newcomers},
		// Rule T4: the node with the better heuristics wins, where pass is better than none and none better than fail.
		{"heuristics", View{TieBreaker: lowest(), Clients: with(half(), func(c *Client) {
			if c.Node == 1 {
				c.Heuristics = qnet.HeuristicsFail
			}
		})}, "2", "", Heuristics},
		// Rule T5: otherwise the tie-breaker decides, among the connected nodes.
		{"highest", View{TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerHighest}, Clients: half()}, "2", "", TieBreaker},
	})
}

func TestTestAlgorithm(t *testing.T) {
	run(t, qnet.Test, []testCase{
		// Rule X1: the partition with the most connected nodes wins, and of equals the one with the lowest node.
		{"most", View{Clients: []Client{client(1, 3, 5, 1), client(2, 3, 5, 2, 3), client(3, 3, 5, 2, 3)}}, "2, 3", "", TestWinner},
		{"equal", View{Clients: []Client{client(1, 2, 5, 1), client(2, 2, 5, 2)}}, "1", "", TestWinner},
	})
}

func TestUnknownAlgorithm(t *testing.T) {
	if v := Decide(9, View{Clients: []Client{client(1, 1, 1, 1)}}); v.Winner != nil {
		t.Errorf("winner %v", v.Winner)
	}
}

// stupidFFSplit is the second implementation: it knows nothing of partitions
// and asks, for each pair of nodes, which of the two is the better candidate.
func stupidFFSplit(v View, n int) string {
	beats := func(a, b Client) bool {
		if len(a.Members) != len(b.Members) {
			return len(a.Members) > len(b.Members)
		}
		type mark struct{ score, count int }
		of := func(c Client) (m mark) {
			for _, o := range v.Clients {
				for _, id := range c.Members {
					if id == o.Node {
						m.count++
						m.score++
						if o.Heuristics == qnet.HeuristicsPass {
							m.score++
						} else if o.Heuristics == qnet.HeuristicsFail {
							m.score--
						}
					}
				}
			}
			return m
		}
		ma, mb := of(a), of(b)
		if ma.score != mb.score {
			return ma.score > mb.score
		}
		if ma.count != mb.count {
			return ma.count > mb.count
		}
		had := func(c Client) bool {
			for _, o := range v.Clients {
				if o.Ring == c.Ring {
					for _, q := range v.Quorate {
						if q == o.Node {
							return true
						}
					}
				}
			}
			return false
		}
		if v.KeepActivePartition && had(a) != had(b) {
			return had(a)
		}
		want := qnet.NodeID(1)
		switch v.TieBreaker.Mode {
		case qnet.TieBreakerHighest:
			want = qnet.NodeID(n)
		case qnet.TieBreakerNode:
			want = v.TieBreaker.ID
		}
		for _, id := range a.Members {
			if id == want {
				return true
			}
		}
		for _, id := range b.Members {
			if id == want {
				return false
			}
		}
		return a.Node < b.Node
	}
	var best *Client
	for i := range v.Clients {
		c := v.Clients[i]
		if 2*len(c.Members) < n || (best != nil && best.Ring == c.Ring) {
			continue
		}
		if best == nil || beats(c, *best) {
			best = &v.Clients[i]
		}
	}
	if best == nil || (2*len(best.Members) == n && n%2 != 0) {
		return ""
	}
	return qnet.FormatIDs(best.Members)
}

// partitionsOf calls f with every way to divide 1..n into partitions: part[i]
// is the number of the partition that node i+1 is in.
func partitionsOf(n int, f func(part []int)) {
	part := make([]int, n)
	var place func(i, used int)
	place = func(i, used int) {
		if i == n {
			f(part)
			return
		}
		for p := range used + 1 {
			part[i] = p
			place(i+1, max(used, p+1))
		}
	}
	place(0, 0)
}

// TestFFSplitAgainstStupid compares both on all partitions of up to 6 nodes,
// with every set of connected nodes and every tie-breaker, and with heuristics
// and memories of the last winner that vary with the case.
func TestFFSplitAgainstStupid(t *testing.T) {
	cases := 0
	for n := 1; n <= 6; n++ {
		ties := []qnet.TieBreaker{lowest(), {Mode: qnet.TieBreakerHighest}}
		for id := 1; id <= n; id++ {
			ties = append(ties, qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: qnet.NodeID(id)})
		}
		partitionsOf(n, func(part []int) {
			for connected := 1; connected < 1<<n; connected++ {
				cases++
				v := View{Clients: clientsFor(part, connected, cases), TieBreaker: ties[cases%len(ties)], KeepActivePartition: cases%3 != 0}
				for id := 1; id <= n; id++ {
					if cases>>id&1 == 1 {
						v.Quorate = append(v.Quorate, qnet.NodeID(id))
					}
				}
				for _, tie := range ties {
					v.TieBreaker = tie
					d := Decide(qnet.FFSplit, v)
					if got, want := qnet.FormatIDs(d.Winner), stupidFFSplit(v, n); got != want {
						t.Fatalf("%+v\n got %q (%s)\nwant %q", v, got, d.Reason, want)
					}
				}
			}
		})
	}
	if cases < 14000 {
		t.Errorf("only %d cases", cases)
	}
}

// clientsFor makes the connected nodes of a division, with heuristics that
// depend on salt.
func clientsFor(part []int, connected, salt int) []Client {
	var list []Client
	for i, p := range part {
		if connected>>i&1 == 0 {
			continue
		}
		var members []qnet.NodeID
		for j, q := range part {
			if p == q {
				members = append(members, qnet.NodeID(j+1))
			}
		}
		c := client(qnet.NodeID(i+1), len(part), uint64(10+p), members...)
		c.Report = 1
		if salt%2 == 0 {
			c.Heuristics = qnet.Heuristics(salt * (i + 7) / 3 % 3)
		}
		list = append(list, c)
	}
	return list
}

// stupidLMS asks every node whether anybody is better off than its partition.
func stupidLMS(v View) string {
	size, score := map[qnet.RingID]int{}, map[qnet.RingID]int{}
	members := map[qnet.RingID]string{}
	for _, c := range v.Clients {
		members[c.Ring] = qnet.FormatIDs(c.Members)
		size[c.Ring]++
		score[c.Ring]++
		switch c.Heuristics {
		case qnet.HeuristicsPass:
			score[c.Ring]++
		case qnet.HeuristicsFail:
			score[c.Ring]--
		}
	}
	var left []Client // clients whose partition nothing has beaten
	for _, c := range v.Clients {
		ok := true
		for r := range members {
			if score[r] > score[c.Ring] || (score[r] == score[c.Ring] && size[r] > size[c.Ring]) {
				ok = false
			}
		}
		if ok {
			left = append(left, c)
		}
	}
	pick := left[0]
	if v.TieBreaker.Mode == qnet.TieBreakerHighest {
		pick = left[len(left)-1]
	}
	if v.TieBreaker.Mode == qnet.TieBreakerNode {
		for _, c := range left {
			for _, id := range c.Members {
				if id == v.TieBreaker.ID {
					pick = c
				}
			}
		}
	}
	return members[pick.Ring]
}

func TestLMSAgainstStupid(t *testing.T) {
	cases := 0
	for n := 1; n <= 6; n++ {
		partitionsOf(n, func(part []int) {
			for connected := 1; connected < 1<<n; connected++ {
				for mode := qnet.TieBreakerLowest; mode <= qnet.TieBreakerNode; mode++ {
					cases++
					v := View{Clients: clientsFor(part, connected, cases), TieBreaker: qnet.TieBreaker{Mode: mode}}
					if mode == qnet.TieBreakerNode {
						v.TieBreaker.ID = qnet.NodeID(cases%n + 1)
					}
					d := Decide(qnet.LMS, v)
					if got, want := qnet.FormatIDs(d.Winner), stupidLMS(v); got != want {
						t.Fatalf("%+v\n got %q (%s)\nwant %q", v, got, d.Reason, want)
					}
				}
			}
		})
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
	if len(d.Await) > 0 && (d.Winner != nil || d.Votes != nil) {
		t.Fatalf("%v: awaits and decides: %+v", a, d)
	}
	if d.Reason.String() == "" {
		t.Fatalf("%v: no reason", a)
	}
	for _, nv := range d.Votes {
		i := slices.IndexFunc(v.Clients, func(c Client) bool { return c.Node == nv.Node })
		if i < 0 {
			t.Fatalf("%v: vote for node %d, which is not there", a, nv.Node)
		}
		c := v.Clients[i]
		if won := c.Ring == d.Ring && slices.Equal(c.Members, d.Winner); (nv.Vote == qnet.VoteACK) != (won && d.Winner != nil) {
			t.Fatalf("%v: node %d has %v: %+v", a, nv.Node, nv.Vote, d)
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
