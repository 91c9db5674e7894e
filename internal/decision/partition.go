// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package decision

import (
	"cmp"
	"slices"

	"github.com/quorate/quorate/internal/qnet"
)

// partition is the clients that last reported the same ring with the same
// members.
type partition struct {
	ring    qnet.RingID
	members []qnet.NodeID
	clients []*Client // by node ID
	stale   bool      // one of its clients is about to report another ring
	report  uint64    // the latest report of its clients

	active int // connected nodes that its membership names
	score  int // active, plus 1 for each of those nodes whose heuristics pass, less 1 for each whose heuristics fail
}

// look is a View with its clients sorted into partitions. Everything that takes a
// walk over every partition's members is worked out in one: with as many nodes as a
// cluster may have, and a partition for each, that is most of a decision's work.
type look struct {
	View
	partitions []*partition // by their lowest client
	of         []*partition // of each client
	stale      []qnet.NodeID
}

func newLook(v View) *look {
	l := &look{View: v}
	l.group()
	l.walk()
	return l
}

func same(a, b *Client) bool { return a.Ring == b.Ring && slices.Equal(a.Members, b.Members) }

// group sorts the clients into partitions.
func (l *look) group() {
	order := make([]int, len(l.Clients))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		a, b := &l.Clients[i], &l.Clients[j]
		return cmp.Or(cmp.Compare(a.Ring.Node, b.Ring.Node), cmp.Compare(a.Ring.Seq, b.Ring.Seq), compareIDs(a.Members, b.Members))
	})
	room, used := make([]partition, len(order)), 0
	l.of = make([]*partition, len(order))
	for k, i := range order {
		c := &l.Clients[i]
		if k == 0 || !same(c, &l.Clients[order[k-1]]) {
			room[used] = partition{ring: c.Ring, members: c.Members}
			used++
		}
		l.of[i] = &room[used-1]
	}
	l.partitions = make([]*partition, 0, used)
	for i, p := range l.of {
		if len(p.clients) == 0 {
			l.partitions = append(l.partitions, p)
		}
		p.clients = append(p.clients, &l.Clients[i])
		p.report = max(p.report, l.Clients[i].Report)
	}
}

// compareIDs orders lists. A list compared with itself is not looked at.
func compareIDs(a, b []qnet.NodeID) int {
	if len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) {
		return 0
	}
	return slices.Compare(a, b)
}

// walk looks at every partition's members: which of them are connected, how many
// that makes, and whose report is out of date.
func (l *look) walk() {
	named := make([]uint64, len(l.Clients)) // the latest report of another partition that names the client
	names := make([]uint64, len(l.Clients)) // the latest report of another partition's client that the client's own names
	for _, p := range l.partitions {
		var latest uint64
		l.each(p, func(i int) {
			c := &l.Clients[i]
			p.active++
			p.score += 1 + rank(c.Heuristics)
			if l.of[i] != p {
				named[i] = max(named[i], p.report)
				latest = max(latest, c.Report)
			}
		})
		for _, c := range p.clients {
			names[l.index(c)] = latest
		}
	}
	// Rule P2: a node's report is out of date if another node has since reported another ring,
	// and one of the two rings names the other node.
	for i := range l.Clients {
		if r := l.Clients[i].Report; named[i] > r || names[i] > r {
			l.of[i].stale = true
			l.stale = append(l.stale, l.Clients[i].Node)
		}
	}
}

// each calls f with each connected node that p's membership names.
func (l *look) each(p *partition, f func(i int)) {
	for i, k := 0, 0; i < len(l.Clients) && k < len(p.members); {
		switch a, b := l.Clients[i].Node, p.members[k]; {
		case a < b:
			i++
		case a > b:
			k++
		default:
			f(i)
			i++
			k++
		}
	}
}

// index is where a client stands.
func (l *look) index(c *Client) int {
	i, _ := slices.BinarySearchFunc(l.Clients, c.Node, func(o Client, id qnet.NodeID) int { return cmp.Compare(o.Node, id) })
	return i
}

// names reports whether p's membership names a node.
func (p *partition) names(id qnet.NodeID) bool { return contains(p.members, id) }

func contains(ids []qnet.NodeID, id qnet.NodeID) bool {
	_, ok := slices.BinarySearch(ids, id)
	return ok
}

// configured applies rule P1: the configured nodes are those in any connected
// node's config list.
func (v *View) configured() []qnet.NodeID {
	var ids []qnet.NodeID
	for i := range v.Clients {
		ids = qnet.Union(ids, v.Clients[i].Config)
	}
	return ids
}

// best returns those of list for which f is highest.
func best(list []*partition, f func(*partition) int) []*partition {
	high := f(slices.MaxFunc(list, func(a, b *partition) int { return cmp.Compare(f(a), f(b)) }))
	return slices.DeleteFunc(slices.Clone(list), func(p *partition) bool { return f(p) != high })
}

// What best looks for.
func active(p *partition) int  { return p.active }
func score(p *partition) int   { return p.score }
func clients(p *partition) int { return len(p.clients) }
func members(p *partition) int { return len(p.members) }

// await is a verdict that nothing is decided yet.
func await(ids []qnet.NodeID, configured int) Verdict {
	return Verdict{Await: ids, Reason: Reason{Code: Awaiting, Nodes: ids, Configured: configured}}
}

// verdict is what follows from p's having won; nil is nobody.
func verdict(p *partition, r Reason) Verdict {
	if p == nil {
		return Verdict{Reason: r}
	}
	r.Nodes = p.members
	return Verdict{Ring: p.ring, Winner: p.members, Reason: r}
}

// breakTie applies rules P3 and P4 to partitions that nothing else tells
// apart: ids are the nodes among which lowest and highest are looked for, one of each
// partition at least.
func (l *look) breakTie(list []*partition, ids []qnet.NodeID, r Reason) Verdict {
	// Rule P3: lowest and highest are the lowest and highest of the nodes that a rule names; a
	// node ID is itself.
	preferred := l.TieBreaker.ID
	switch l.TieBreaker.Mode {
	case qnet.TieBreakerLowest:
		preferred = slices.Min(ids)
	case qnet.TieBreakerHighest:
		preferred = slices.Max(ids)
	}
	for _, p := range list {
		if p.names(preferred) {
			r.Code, r.Preferred = TieBreaker, preferred
			return verdict(p, r)
		}
	}
	// Rule P4: if the tie-breaker's node is in none of the partitions, the one with the lowest
	// connected node wins.
	r.Code, r.Preferred = LowestNode, list[0].clients[0].Node
	return verdict(list[0], r) // partitions come by their lowest connected node
}
