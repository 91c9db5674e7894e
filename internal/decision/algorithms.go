// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package decision

import (
	"slices"

	"quorate/internal/qnet"
)

// Decide applies the algorithm a to what v says. An unknown algorithm has no
// winner.
func Decide(a qnet.Algorithm, v View) Verdict {
	// A node without a membership has not reported; the caller knows, and nothing is lost by looking.
	if unreported := func(c Client) bool { return len(c.Members) == 0 }; slices.ContainsFunc(v.Clients, unreported) {
		v.Clients = slices.DeleteFunc(slices.Clone(v.Clients), unreported)
	}
	if len(v.Clients) == 0 {
		return v.none(Reason{Code: Nobody})
	}
	switch a {
	case qnet.FFSplit:
		return ffsplit(v)
	case qnet.LMS:
		return lms(v)
	case qnet.TwoNodeLMS:
		return twoNodeLMS(v)
	case qnet.Test:
		return test(v)
	}
	return v.none(Reason{Code: NoPartition, Configured: len(v.configured())})
}

// ffsplit is the fifty-fifty split: rules F1 to F7.
func ffsplit(v View) Verdict {
	config := v.configured()
	r := Reason{Configured: len(config)}
	var major, half []*partition
	for _, p := range v.partitions() {
		switch n := 2 * len(p.members); {
		case p.stale:
		case n > len(config):
			major = append(major, p)
		case n == len(config):
			half = append(half, p)
		}
	}
	// Rule F1: a partition with more than half of the configured nodes wins, and nothing is awaited for it.
	if len(major) > 0 {
		r.Code = Majority
		return v.verdict(newest(best(major, func(p *partition) int { return len(p.members) })), r)
	}
	// Rule F2: otherwise nothing is decided while a connected node's report is out of date.
	if ids := v.stale(); len(ids) > 0 {
		return await(ids, len(config))
	}
	// Rule F3: without a partition of at least half of the configured nodes nobody wins.
	if len(half) == 0 {
		r.Code = NoPartition
		return v.none(r)
	}
	// Rule F4: the only partition with exactly half of the configured nodes wins.
	if len(half) == 1 {
		r.Code = OnlyHalf
		return v.verdict(half[0], r)
	}
	return v.ffsplitHalves(half, config, r)
}

// ffsplitHalves chooses between partitions of half of the nodes each.
func (v *View) ffsplitHalves(half []*partition, config []qnet.NodeID, r Reason) Verdict {
	// Rule F5: of several halves the one with the highest score wins, then the one with more connected nodes.
	if half = best(half, v.score); len(half) == 1 {
		r.Code = Score
		return v.verdict(half[0], r)
	}
	if half = best(half, v.active); len(half) == 1 {
		r.Code = MoreNodes
		return v.verdict(half[0], r)
	}
	// Rule F6: if all connected nodes keep the active partition, then of equal halves the only one with a connected node of the partition that last had the vote wins.
	if v.KeepActivePartition {
		if kept := slices.DeleteFunc(slices.Clone(half), func(p *partition) bool { return !p.hasClientOf(v.Quorate) }); len(kept) == 1 {
			r.Code = KeptActive
			return v.verdict(kept[0], r)
		}
	}
	// Rule F7: otherwise the tie-breaker decides, among all configured nodes.
	return v.breakTie(half, config, r)
}

func (p *partition) hasClientOf(ids []qnet.NodeID) bool {
	return slices.ContainsFunc(p.clients, func(c *Client) bool { return slices.Contains(ids, c.Node) })
}

// newest returns the partition that was reported last.
func newest(list []*partition) *partition {
	return slices.MaxFunc(list, func(a, b *partition) int {
		return cmpReport(a.report(), b.report())
	})
}

func cmpReport(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (p *partition) report() (n uint64) {
	for _, c := range p.clients {
		n = max(n, c.Report)
	}
	return n
}

// lms is last man standing: rules L1 to L5.
func lms(v View) Verdict {
	config := v.configured()
	r := Reason{Configured: len(config)}
	// Rule L1: nothing is decided while a connected node's report is out of date.
	if ids := v.stale(); len(ids) > 0 {
		return await(ids, len(config))
	}
	list := v.partitions()
	// Rule L2: the only partition wins, however small it is.
	if len(list) == 1 {
		r.Code = OnlyOne
		return v.verdict(list[0], r)
	}
	// Rule L3: a partition whose nodes were never told a vote has no claim while another partition has a node whose last vote is ACK.
	if list = v.entitled(list); len(list) == 1 {
		r.Code = Newcomers
		return v.verdict(list[0], r)
	}
	// Rule L4: the partition with the highest score wins, then the one with the most connected nodes.
	if list = best(list, v.score); len(list) == 1 {
		r.Code = Score
		return v.verdict(list[0], r)
	}
	if list = best(list, func(p *partition) int { return len(p.clients) }); len(list) == 1 {
		r.Code = MoreNodes
		return v.verdict(list[0], r)
	}
	// Rule L5: otherwise the tie-breaker decides, among the connected nodes of the partitions that are left.
	return v.breakTie(list, clientsOf(list), r)
}

// entitled drops partitions of newcomers while another is active.
func (v *View) entitled(list []*partition) []*partition {
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
func twoNodeLMS(v View) Verdict {
	config := v.configured()
	r := Reason{Configured: len(config)}
	// Rule T1: nothing is decided while a connected node's report is out of date.
	if ids := v.stale(); len(ids) > 0 {
		return await(ids, len(config))
	}
	list := v.partitions()
	// Rule T2: a partition with both nodes wins, and so does the only partition.
	if whole := best(list, func(p *partition) int { return len(p.members) }); len(whole[0].members) >= 2 {
		r.Code = Whole
		return v.verdict(newest(whole), r)
	}
	if len(list) == 1 {
		r.Code = OnlyOne
		return v.verdict(list[0], r)
	}
	// Rule T3: a node that was never told a vote has no claim while the other node's last vote is ACK.
	if list = v.entitled(list); len(list) == 1 {
		r.Code = Newcomers
		return v.verdict(list[0], r)
	}
	// Rule T4: the node with the better heuristics wins, where pass is better than none and none better than fail.
	if list = best(list, func(p *partition) int { return rank(p.clients[0].Heuristics) }); len(list) == 1 {
		r.Code = Heuristics
		return v.verdict(list[0], r)
	}
	// Rule T5: otherwise the tie-breaker decides, among the connected nodes.
	return v.breakTie(list, clientsOf(list), r)
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
func test(v View) Verdict {
	// Rule X1: the partition with the most connected nodes wins, and of equals the one with the lowest node.
	list := best(v.partitions(), func(p *partition) int { return len(p.clients) })
	return v.verdict(list[0], Reason{Code: TestWinner, Configured: len(v.configured())})
}
