// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package decision

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/quorate/quorate/internal/qnet"
)

// The second implementation knows nothing of partitions: it asks node by node.

// stupidConfigured counts the nodes that anybody has in his list, up to 99, and returns
// the lowest and the highest.
func stupidConfigured(v View) (count int, lowest, highest qnet.NodeID) {
	for id := qnet.NodeID(1); id < 100; id++ {
		for _, c := range v.Clients {
			if slices.Contains(c.Config, id) {
				if count++; lowest == 0 {
					lowest = id
				}
				highest = id
				break
			}
		}
	}
	return count, lowest, highest
}

// stupidStale names the nodes from which something newer must come.
func stupidStale(v View) (ids []qnet.NodeID) {
	for _, c := range v.Clients {
		left := false
		for _, o := range v.Clients {
			if o.Ring != c.Ring && o.Report > c.Report {
				for _, id := range c.Members {
					left = left || id == o.Node
				}
				for _, id := range o.Members {
					left = left || id == c.Node
				}
			}
		}
		if left {
			ids = append(ids, c.Node)
		}
	}
	return ids
}

// stupidMark is what heuristics and connected nodes come to for the nodes of c's ring.
func stupidMark(v View, c Client) (score, count int) {
	for _, o := range v.Clients {
		for _, id := range c.Members {
			if id != o.Node {
				continue
			}
			count++
			score++
			if o.Heuristics == qnet.HeuristicsPass {
				score++
			} else if o.Heuristics == qnet.HeuristicsFail {
				score--
			}
		}
	}
	return score, count
}

// stupidFFSplit asks, for each pair of nodes, which of the two is the better candidate.
// It returns the winner's members, and whom it waits for.
func stupidFFSplit(v View) (win, wait string) {
	n, low, high := stupidConfigured(v)
	stale := stupidStale(v)
	// A majority first: none of its nodes may be on the way elsewhere.
	var major *Client
	for i, c := range v.Clients {
		off := false
		for _, o := range v.Clients {
			off = off || o.Ring == c.Ring && slices.Contains(stale, o.Node)
		}
		if 2*len(c.Members) <= n || off {
			continue
		}
		if major == nil || len(c.Members) > len(major.Members) || len(c.Members) == len(major.Members) && c.Report > major.Report {
			major = &v.Clients[i]
		}
	}
	if major != nil {
		return qnet.FormatIDs(major.Members), ""
	}
	if len(stale) > 0 {
		return "", qnet.FormatIDs(stale)
	}
	want := v.TieBreaker.ID
	switch v.TieBreaker.Mode {
	case qnet.TieBreakerLowest:
		want = low
	case qnet.TieBreakerHighest:
		want = high
	}
	var best *Client
	for i, c := range v.Clients {
		if 2*len(c.Members) == n && (best == nil || best.Ring != c.Ring && stupidBeats(v, c, *best, want)) {
			best = &v.Clients[i]
		}
	}
	if best == nil {
		return "", ""
	}
	return qnet.FormatIDs(best.Members), ""
}

// stupidBeats compares two nodes whose rings have half of the nodes each.
func stupidBeats(v View, a, b Client, want qnet.NodeID) bool {
	scoreA, countA := stupidMark(v, a)
	scoreB, countB := stupidMark(v, b)
	if scoreA != scoreB {
		return scoreA > scoreB
	}
	if countA != countB {
		return countA > countB
	}
	had := func(c Client) bool {
		for _, o := range v.Clients {
			if o.Ring == c.Ring && slices.Contains(v.Quorate, o.Node) {
				return true
			}
		}
		return false
	}
	if v.KeepActivePartition && had(a) != had(b) {
		return had(a)
	}
	if slices.Contains(a.Members, want) != slices.Contains(b.Members, want) {
		return slices.Contains(a.Members, want)
	}
	return a.Node < b.Node
}

// stupidLMS asks every node whether anybody is better off than it.
func stupidLMS(v View) (win, wait string) {
	if stale := stupidStale(v); len(stale) > 0 {
		return "", qnet.FormatIDs(stale)
	}
	told := func(r qnet.RingID, votes ...qnet.Vote) bool {
		for _, c := range v.Clients {
			if (r == qnet.RingID{} || c.Ring == r) && slices.Contains(votes, c.LastVote) {
				return true
			}
		}
		return false
	}
	voting := told(qnet.RingID{}, qnet.VoteACK)
	var left []Client // whom nobody beats
	for _, c := range v.Clients {
		beaten := false
		for _, o := range v.Clients {
			if voting && !told(o.Ring, qnet.VoteACK, qnet.VoteNACK) && o.Ring != c.Ring {
				continue // a newcomer beats nobody
			}
			scoreO, countO := stupidMark(v, o)
			scoreC, countC := stupidMark(v, c)
			beaten = beaten || scoreO > scoreC || scoreO == scoreC && countO > countC
		}
		if newcomer := voting && !told(c.Ring, qnet.VoteACK, qnet.VoteNACK); !beaten && !newcomer {
			left = append(left, c)
		}
	}
	pick := left[0]
	if v.TieBreaker.Mode == qnet.TieBreakerHighest {
		pick = left[len(left)-1]
	}
	if v.TieBreaker.Mode == qnet.TieBreakerNode {
		for _, c := range slices.Backward(left) { // both may name one that is not connected
			if slices.Contains(c.Members, v.TieBreaker.ID) {
				pick = c
			}
		}
	}
	return qnet.FormatIDs(pick.Members), ""
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

// clientsFor makes the connected nodes of a division. By chance of the salt there are
// heuristics, votes that were told before, config lists that differ, and nodes that are
// late: what they reported last is the ring of all nodes, or of all but one.
func clientsFor(part []int, connected int, salt uint64) []Client {
	rng := rand.New(rand.NewPCG(salt, 11))
	chance := func(n int) bool { return rng.IntN(n) == 0 }
	heuristics, votes, lists, late := chance(2), chance(2), chance(4), chance(3)
	var old []qnet.NodeID
	for i := range part {
		old = append(old, qnet.NodeID(i+1))
	}
	if chance(3) && len(old) > 1 {
		old = slices.Delete(old, len(old)-1, len(old))
	}
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
		c.Report = 100 + uint64(rng.IntN(50))*10 + uint64(i)
		if late && chance(3) && slices.Contains(old, c.Node) {
			c.Ring, c.Members, c.Report = qnet.RingID{Node: 1, Seq: 5}, old, uint64(i)
		}
		if heuristics {
			c.Heuristics = qnet.Heuristics(rng.IntN(3))
		}
		if votes && !chance(3) {
			c.LastVote = []qnet.Vote{qnet.VoteACK, qnet.VoteNACK}[rng.IntN(2)]
		}
		switch {
		case lists && chance(3):
			c.Config = append(c.Config, qnet.NodeID(len(part)+1)) // one is being added
		case lists && chance(2) && len(part) > 1:
			c.Config = slices.DeleteFunc(c.Config, func(id qnet.NodeID) bool { return int(id) == (i+1)%len(part)+1 })
		}
		list = append(list, c)
	}
	return list
}

// againstStupid compares an algorithm with its second implementation on all partitions
// of up to 6 nodes, with every set of connected nodes and every tie-breaker, and returns
// how often which reason was seen.
func againstStupid(t *testing.T, a qnet.Algorithm, stupid func(View) (win, wait string)) (seen map[Code]int, differ int) {
	t.Helper()
	seen = map[Code]int{}
	cases := uint64(0)
	for n := 1; n <= 6; n++ {
		ties := []qnet.TieBreaker{lowest(), {Mode: qnet.TieBreakerHighest}}
		for id := 1; id <= n; id++ {
			ties = append(ties, qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: qnet.NodeID(id)})
		}
		partitionsOf(n, func(part []int) {
			for connected := 1; connected < 1<<n; connected++ {
				cases++
				v := View{Clients: clientsFor(part, connected, cases), KeepActivePartition: cases%3 != 0}
				for id := 1; id <= n; id++ {
					if cases>>id&1 == 1 {
						v.Quorate = append(v.Quorate, qnet.NodeID(id))
					}
				}
				for _, v.TieBreaker = range ties {
					d := Decide(a, v)
					win, wait := stupid(v)
					if got := qnet.FormatIDs(d.Winner); got != win || qnet.FormatIDs(d.Await) != wait {
						t.Fatalf("%+v\n got %q, awaits %q (%s)\nwant %q, awaits %q", v, got, qnet.FormatIDs(d.Await), d.Reason, win, wait)
					}
					if seen[d.Reason.Code]++; len(v.configured()) != n {
						differ++
					}
				}
			}
		})
	}
	return seen, differ
}

func atLeast(t *testing.T, seen map[Code]int, floor map[Code]int) {
	t.Helper()
	for code, n := range floor {
		if seen[code] < n {
			t.Errorf("%q in %d cases, want %d", Reason{Code: code, Nodes: []qnet.NodeID{1}}, seen[code], n)
		}
	}
}

func TestFFSplitAgainstStupid(t *testing.T) {
	seen, differ := againstStupid(t, qnet.FFSplit, stupidFFSplit)
	atLeast(t, seen, map[Code]int{Majority: 10000, Awaiting: 5000, NoPartition: 5000, OnlyHalf: 5000, Score: 1000, MoreNodes: 10, KeptActive: 100, TieBreaker: 300})
	if differ < 10000 {
		t.Errorf("the union of the config lists counted in %d cases only", differ)
	}
}

func TestLMSAgainstStupid(t *testing.T) {
	seen, _ := againstStupid(t, qnet.LMS, stupidLMS)
	atLeast(t, seen, map[Code]int{OnlyOne: 1000, Awaiting: 10000, Newcomers: 500, Score: 10000, MoreNodes: 1000, TieBreaker: 5000})
}
