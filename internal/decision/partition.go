// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package decision

import (
	"cmp"
	"slices"

	"quorate/internal/qnet"
)

// partition is the clients that last reported the same ring with the same
// members.
type partition struct {
	ring    qnet.RingID
	members []qnet.NodeID
	clients []*Client // by node ID
	stale   bool      // one of its clients is about to report another ring
}

func same(a, b *Client) bool { return a.Ring == b.Ring && slices.Equal(a.Members, b.Members) }

// partitions groups the clients of v, by their lowest client.
func (v *View) partitions() []*partition {
	list, room := make([]*partition, 0, len(v.Clients)), make([]partition, len(v.Clients))
	for i := range v.Clients {
		c := &v.Clients[i]
		at := slices.IndexFunc(list, func(p *partition) bool { return same(p.clients[0], c) })
		if at < 0 {
			at = len(list)
			room[at] = partition{ring: c.Ring, members: c.Members}
			list = append(list, &room[at])
		}
		list[at].clients = append(list[at].clients, c)
		list[at].stale = list[at].stale || v.isStale(c)
	}
	return list
}

// isStale applies rule P2: a node's report is out of date if another node has
// since reported another ring, and one of the two rings names the other node.
func (v *View) isStale(c *Client) bool {
	for i := range v.Clients {
		o := &v.Clients[i]
		if o.Report > c.Report && !same(o, c) && (slices.Contains(o.Members, c.Node) || slices.Contains(c.Members, o.Node)) {
			return true
		}
	}
	return false
}

// stale returns the nodes whose report is out of date.
func (v *View) stale() []qnet.NodeID {
	var ids []qnet.NodeID
	for i := range v.Clients {
		if v.isStale(&v.Clients[i]) {
			ids = append(ids, v.Clients[i].Node)
		}
	}
	return ids
}

// configured applies rule P1: the configured nodes are those in any connected
// node's config list.
func (v *View) configured() []qnet.NodeID {
	var ids []qnet.NodeID
	for _, c := range v.Clients {
		ids = append(ids, c.Config...)
	}
	return qnet.SortIDs(ids)
}

// active is the number of connected nodes that p's membership names.
func (v *View) active(p *partition) (n int) {
	for i := range v.Clients {
		if slices.Contains(p.members, v.Clients[i].Node) {
			n++
		}
	}
	return n
}

// score is active, plus 1 for each of those nodes whose heuristics pass, less 1
// for each whose heuristics fail.
func (v *View) score(p *partition) int {
	n := v.active(p)
	for _, c := range v.Clients {
		if !slices.Contains(p.members, c.Node) {
			continue
		}
		switch c.Heuristics {
		case qnet.HeuristicsPass:
			n++
		case qnet.HeuristicsFail:
			n--
		}
	}
	return n
}

// best returns those of list for which f is highest.
func best(list []*partition, f func(*partition) int) []*partition {
	high := f(slices.MaxFunc(list, func(a, b *partition) int { return cmp.Compare(f(a), f(b)) }))
	return slices.DeleteFunc(slices.Clone(list), func(p *partition) bool { return f(p) != high })
}

// await is a verdict that nothing is decided yet.
func await(ids []qnet.NodeID, configured int) Verdict {
	return Verdict{Await: ids, Reason: Reason{Code: Awaiting, Nodes: ids, Configured: configured}}
}

// none is a verdict without a winner.
func (v *View) none(r Reason) Verdict { return v.verdict(nil, r) }

// verdict gives the votes that follow from p's having won. A node that p's
// membership names and that has not reported p's ring yet has none.
func (v *View) verdict(p *partition, r Reason) Verdict {
	out := Verdict{Reason: r, Votes: make([]NodeVote, 0, len(v.Clients))}
	if p != nil {
		out.Ring, out.Winner = p.ring, p.members
		out.Reason.Nodes = p.members
	}
	for i := range v.Clients {
		c := &v.Clients[i]
		vote := qnet.VoteNACK
		switch {
		case p == nil:
		case same(c, p.clients[0]):
			vote = qnet.VoteACK
		case slices.Contains(p.members, c.Node):
			continue
		}
		out.Votes = append(out.Votes, NodeVote{Node: c.Node, Vote: vote})
	}
	return out
}

// breakTie applies rules P3 and P4 to partitions that nothing else tells
// apart: ids are the nodes among which lowest and highest are looked for.
func (v *View) breakTie(list []*partition, ids []qnet.NodeID, r Reason) Verdict {
	// Rule P3: lowest and highest are the lowest and highest of the nodes that a rule names; a node ID is itself.
	preferred := v.TieBreaker.ID
	switch {
	case len(ids) == 0: // nobody has a config list
	case v.TieBreaker.Mode == qnet.TieBreakerLowest:
		preferred = slices.Min(ids)
	case v.TieBreaker.Mode == qnet.TieBreakerHighest:
		preferred = slices.Max(ids)
	}
	for _, p := range list {
		if slices.Contains(p.members, preferred) {
			r.Code, r.Preferred = TieBreaker, preferred
			return v.verdict(p, r)
		}
	}
	// Rule P4: if the tie-breaker's node is in none of the partitions, the one with the lowest connected node wins.
	r.Code = LowestNode
	return v.verdict(list[0], r) // partitions come by their lowest connected node
}
