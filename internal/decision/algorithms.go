// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package decision

import (
	"cmp"
	"slices"

	"github.com/quorate/quorate/internal/qnet"
)

// Decide applies the algorithm a to what v says. An unknown algorithm has no
// winner.
func Decide(a qnet.Algorithm, v View) Verdict {
	// A node without a membership has not reported; the caller knows, and nothing is lost by
	// looking.
	if unreported := func(c Client) bool { return len(c.Members) == 0 }; slices.ContainsFunc(v.Clients, unreported) {
		v.Clients = slices.DeleteFunc(slices.Clone(v.Clients), unreported)
	}
	l := newLook(v)
	if len(v.Clients) == 0 {
		return verdict(nil, Reason{Code: Nobody})
	}
	switch a {
	case qnet.FFSplit:
		return l.ffsplit()
	case qnet.LMS:
		return l.lms()
	case qnet.TwoNodeLMS:
		return l.twoNodeLMS()
	case qnet.Test:
		return l.test()
	}
	return verdict(nil, Reason{Code: NoPartition, Configured: len(l.configured())})
}

// ffsplit is the fifty-fifty split: rules F1 to F7.
func (l *look) ffsplit() Verdict {
	config := l.configured()
	r := Reason{Configured: len(config)}
	var major, half []*partition
	for _, p := range l.partitions {
		switch n := 2 * len(p.members); {
		case p.stale:
		case n > len(config):
			major = append(major, p)
		case n == len(config):
			half = append(half, p)
		}
	}
	// Rule F1: a partition with more than half of the configured nodes wins, and nothing is
	// awaited for it.
	if len(major) > 0 {
		r.Code = Majority
		return verdict(newest(best(major, members)), r)
	}
	// Rule F2: otherwise nothing is decided while a connected node's report is out of date.
	if len(l.stale) > 0 {
		return await(l.stale, len(config))
	}
	// Rule F3: without a partition of at least half of the configured nodes nobody wins.
	if len(half) == 0 {
		r.Code = NoPartition
		return verdict(nil, r)
	}
	// Rule F4: the only partition with exactly half of the configured nodes wins.
	if len(half) == 1 {
		r.Code, r.Others = OnlyHalf, without(config, half[0].members)
		return verdict(half[0], r)
	}
	return l.ffsplitHalves(half, config, r)
}

// without returns those of ids that are not in out; both are sorted.
func without(ids, out []qnet.NodeID) []qnet.NodeID {
	var left []qnet.NodeID
	for _, id := range ids {
		if _, ok := slices.BinarySearch(out, id); !ok {
			left = append(left, id)
		}
	}
	return left
}

// ffsplitHalves chooses between partitions of half of the nodes each.
func (l *look) ffsplitHalves(half []*partition, config []qnet.NodeID, r Reason) Verdict {
	// Rule F5: of several halves the one with the highest score wins, then the one with more
	// connected nodes.
	if half = best(half, score); len(half) == 1 {
		r.Code = Score
		return verdict(half[0], r)
	}
	if half = best(half, active); len(half) == 1 {
		r.Code = MoreNodes
		return verdict(half[0], r)
	}
	// Rule F6: if all connected nodes keep the active partition, then of equal halves the only
	// one with a connected node of the partition that last had the vote wins.
	if l.KeepActivePartition {
		if kept := slices.DeleteFunc(slices.Clone(half), func(p *partition) bool { return !p.hasClientOf(l.Quorate) }); len(kept) == 1 {
			r.Code = KeptActive
			return verdict(kept[0], r)
		}
	}
	// Rule F7: otherwise the tie-breaker decides, among all configured nodes.
	return l.breakTie(half, config, r)
}

func (p *partition) hasClientOf(ids []qnet.NodeID) bool {
	return slices.ContainsFunc(p.clients, func(c *Client) bool {
		_, ok := slices.BinarySearch(ids, c.Node)
		return ok
	})
}

// newest returns the partition that was reported last.
func newest(list []*partition) *partition {
	return slices.MaxFunc(list, func(a, b *partition) int { return cmp.Compare(a.report, b.report) })
}

// lms is last man standing: rules L1 to L5.
func (l *look) lms() Verdict {
	config := l.configured()
	r := Reason{Configured: len(config)}
	// Rule L1: nothing is decided while a connected node's report is out of date.
	if len(l.stale) > 0 {
		return await(l.stale, len(config))
	}
	list := l.partitions
	// Rule L2: the only partition wins, however small it is.
	if len(list) == 1 {
		r.Code = OnlyOne
		return verdict(list[0], r)
	}
	// Rule L3: a partition whose nodes were never told a vote has no claim while another
	// partition has a node whose last vote is ACK.
	if list = l.entitled(list); len(list) == 1 {
		r.Code = Newcomers
		return verdict(list[0], r)
	}
	// Rule L4: the partition with the highest score wins, then the one with the most connected
	// nodes.
	if list = best(list, score); len(list) == 1 {
		r.Code = Score
		return verdict(list[0], r)
	}
	if list = best(list, clients); len(list) == 1 {
		r.Code = MoreNodes
		return verdict(list[0], r)
	}
	// Rule L5: otherwise the tie-breaker decides, among the connected nodes of the partitions
	// that are left.
	return l.breakTie(list, clientsOf(list), r)
}

// entitled drops partitions of newcomers while another is active.
func (l *look) entitled(list []*partition) []*partition {
	active := func(p *partition) bool {
		return slices.ContainsFunc(p.clients, func(c *Client) bool { return c.LastVote == qnet.VoteACK })
	}
	fresh := func(p *partition) bool {
		return !slices.ContainsFunc(p.clients, func(c *Client) bool { return c.LastVote != qnet.VoteUndefined })
	}
	if !slices.ContainsFunc(list, active) {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), fresh)
}

func clientsOf(list []*partition) []qnet.NodeID {
	var ids []qnet.NodeID
	for _, p := range list {
		for _, c := range p.clients {
			ids = append(ids, c.Node)
		}
	}
	return ids
}

// twoNodeLMS is last man standing for two nodes: rules T1 to T5.
func (l *look) twoNodeLMS() Verdict {
	config := l.configured()
	r := Reason{Configured: len(config)}
	// Rule T1: nothing is decided while a connected node's report is out of date.
	if len(l.stale) > 0 {
		return await(l.stale, len(config))
	}
	list := l.partitions
	// Rule T2: a partition with both nodes wins, and so does the only partition.
	if whole := best(list, members); len(whole[0].members) >= 2 {
		r.Code = Whole
		return verdict(newest(whole), r)
	}
	if len(list) == 1 {
		r.Code = OnlyOne
		return verdict(list[0], r)
	}
	// Rule T3: a node that was never told a vote has no claim while the other node's last vote
	// is ACK.
	if list = l.entitled(list); len(list) == 1 {
		r.Code = Newcomers
		return verdict(list[0], r)
	}
	// Rule T4: the node with the better heuristics wins, where pass is better than none and
	// none better than fail.
	if list = best(list, func(p *partition) int { return rank(p.clients[0].Heuristics) }); len(list) == 1 {
		r.Code = Heuristics
		return verdict(list[0], r)
	}
	// Rule T5: otherwise the tie-breaker decides, among the connected nodes.
	return l.breakTie(list, clientsOf(list), r)
}

func rank(h qnet.Heuristics) int {
	switch h {
	case qnet.HeuristicsPass:
		return 1
	case qnet.HeuristicsFail:
		return -1
	}
	return 0
}

// test is the algorithm for trying things out: rule X1.
func (l *look) test() Verdict {
	// Rule X1: the partition with the most connected nodes wins, and of equals the one with the
	// lowest node.
	list := best(l.partitions, clients)
	return verdict(list[0], Reason{Code: TestWinner, Configured: len(l.configured())})
}
