// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package totem

import (
	"cmp"
	"slices"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/votequorum"
)

// Ring is one membership that was agreed on, and the messages in it.
type Ring struct {
	ID      qnet.RingID
	Members []*Member // by ID; they stay the same whoever leaves
	log     []entry
	broken  bool // its token does not come round
}

// entry is one message of a ring, in the order that all members agree on.
type entry struct {
	from qnet.NodeID
	step step
	msg  votequorum.Message
}

// step is what an entry stands for.
type step uint8

const (
	message step = iota
	build        // a member has begun the sync
	barrier      // a member is done with it
)

// IDs returns the members' node IDs, in order.
func (r *Ring) IDs() []qnet.NodeID {
	ids := make([]qnet.NodeID, len(r.Members))
	for i, m := range r.Members {
		ids[i] = m.ID
	}
	return ids
}

// Last is the member with the highest ID.
func (r *Ring) Last() *Member { return r.Members[len(r.Members)-1] }

// Loss is what a ring has lost. The worse is the greater.
type Loss uint8

// The losses.
const (
	Whole  Loss = iota // nothing
	Loud               // a member or a link, and the others can tell
	Silent             // a member or a link, and nobody can tell
)

// Loss is the worst that gap finds of any member, which it gets twice, and of any
// two members. The token goes round among all: each member suffers from a link
// between others, too.
func (r *Ring) Loss(gap func(a, b *Member) Loss) Loss {
	worst := Whole
	for i, a := range r.Members {
		worst = max(worst, gap(a, a))
		for _, b := range r.Members[:i] {
			worst = max(worst, gap(a, b))
		}
		if worst == Silent {
			break
		}
	}
	return worst
}

// Broken reports whether the ring's token does not come round.
func (r *Ring) Broken() bool { return r.broken }

// Break says whether the ring's token comes round. While it does not, nothing is
// delivered, and what members send waits: see [Member.Resume].
func (r *Ring) Break(broken bool) { r.broken = broken }

// Groups parts nodes into those that form a ring with each other: each is in the
// first group all of whose nodes it reaches, so that the first of the nodes is in the
// first group with as many of the next ones as it can be. Where links are not
// transitive, that is a choice which Totem does not promise.
func Groups[N any](nodes []N, reach func(a, b N) bool) [][]N {
	var groups [][]N
	for _, n := range nodes {
		i := slices.IndexFunc(groups, func(g []N) bool {
			return !slices.ContainsFunc(g, func(o N) bool { return !reach(o, n) })
		})
		if i < 0 {
			groups = append(groups, []N{n})
		} else {
			groups[i] = append(groups[i], n)
		}
	}
	return groups
}

// Delivery is what votequorum on a node is to be told.
type Delivery struct {
	To *Member
	In votequorum.Input
}

// Form agrees on a ring of these nodes, which are running; they are then on their
// way into it. Its number is above all that any of them knows. What they have to
// deliver together of the rings that they come from is returned: it is to be
// delivered, in this order, before any of them enters the new ring.
func Form(nodes []*Member) (*Ring, []Delivery) {
	r := &Ring{Members: slices.SortedFunc(slices.Values(nodes), func(a, b *Member) int { return cmp.Compare(a.ID, b.ID) })}
	r.ID.Node = r.Members[0].ID
	var old []*Ring
	for _, m := range r.Members {
		r.ID.Seq = max(r.ID.Seq, m.Seq)
		if m.Ring != nil && !slices.Contains(old, m.Ring) {
			old = append(old, m.Ring)
		}
	}
	r.ID.Seq += 4
	var rest []Delivery
	for _, o := range old {
		rest = append(rest, o.flush(r.Members)...)
	}
	for _, m := range r.Members {
		m.State, m.next, m.Seq = Commit, r, r.ID.Seq
	}
	return r, rest
}

// FormAtOnce makes a ring of these nodes that all enter at once, and has step tell
// their votequorum so. Its number follows seq, and is returned: rings that share one
// sequence of numbers can be told apart in a transcript.
func FormAtOnce(nodes []*Member, seq uint64, step func(*Member, votequorum.Input)) uint64 {
	for _, m := range nodes {
		m.Seq = seq
	}
	r, rest := Form(nodes)
	for _, d := range rest {
		step(d.To, d.In)
	}
	for _, m := range r.Members {
		step(m, m.Enter())
	}
	return r.ID.Seq
}

// flush returns the rest of a ring for those of its members that go on together:
// what one of them has delivered or sent itself, all deliver.
func (r *Ring) flush(group []*Member) []Delivery {
	var stay []*Member
	limit := 0
	for _, m := range group {
		if m.Ring == r {
			stay = append(stay, m)
			limit = max(limit, m.pos)
		}
	}
	var rest []Delivery
	for i, e := range r.log {
		ours := slices.ContainsFunc(stay, func(m *Member) bool { return m.ID == e.from })
		if e.step != message || i >= limit && !ours {
			continue
		}
		for _, m := range stay {
			if i >= m.pos {
				rest = append(rest, Delivery{To: m, In: votequorum.Deliver{From: e.from, Msg: e.msg}})
			}
		}
	}
	for _, m := range stay {
		m.pos = len(r.log)
	}
	return rest
}
