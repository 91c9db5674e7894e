// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"cmp"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	vq "github.com/quorate/quorate/internal/votequorum"
)

// ring is one membership that Totem has agreed on, and the messages in it.
type ring struct {
	id      qnet.RingID
	members []*node // by ID
	log     []entry
	broken  bool // its token does not come round
}

// entry is one message of a ring, in the order that all members agree on.
type entry struct {
	from *node
	step step
	msg  vq.Message
}

type step uint8

const (
	message step = iota
	build        // a member has begun the sync
	barrier      // a member is done with it
)

// phase is what a node's Totem is doing.
type phase uint8

const (
	off         phase = iota
	operational       // in its ring
	gather            // looking who is there
	commit            // on its way into a ring
)

// consensus is how long a node waits for those that do not answer.
func (w *World) consensus() time.Duration { return w.tokenTime() * 12 / 10 }

// tokenTime is when a node misses the token. As in Corosync it grows with the
// number of nodes.
func (w *World) tokenTime() time.Duration {
	return w.cfg.Token + time.Duration(max(0, len(w.nodes)-2))*650*time.Millisecond
}

// in reports whether a node is in a ring or on its way into it.
func (n *node) in(r *ring) bool {
	return n.up && (n.phase == operational && n.ring == r || n.phase == commit && n.pending == r)
}

// intact reports whether all members of a ring reach each other in it.
func (w *World) intact(r *ring) bool {
	for i, a := range r.members {
		if !a.in(r) {
			return false
		}
		for _, b := range r.members[:i] {
			if !w.reach(a, b) {
				return false
			}
		}
	}
	return true
}

// topology looks what the last change means to the rings: those that have lost
// their token, those that have it again, and those that could merge.
func (w *World) topology() {
	for _, n := range w.nodes {
		if r := n.ring; n.phase == operational && r.broken == w.intact(r) {
			w.breakRing(r, !r.broken)
		}
	}
	for _, a := range w.nodes {
		for _, b := range w.nodes {
			if w.strangers(a, b) && !a.merging {
				w.merge(a)
			}
		}
	}
}

// breakRing notes that a ring's token does not come round any more, or does again.
func (w *World) breakRing(r *ring, broken bool) {
	r.broken = broken
	for _, n := range r.members {
		if n.phase != operational || n.ring != r {
			continue
		}
		n.tokens++
		if !broken {
			n.flushQueue()
			n.pump()
			continue
		}
		tokens := n.tokens
		at := n.clock.later(w.now, w.tokenTime()) + instant(n.dice.between(forRing, 0, 5*time.Millisecond))
		w.at(at, func() {
			if n.tokens == tokens && n.phase == operational && n.ring == r && r.broken {
				n.enterGather()
			}
		})
	}
}

// strangers reports whether two nodes reach each other from different rings.
func (w *World) strangers(a, b *node) bool {
	return a != b && a.phase == operational && b.phase == operational && a.ring != b.ring && w.reach(a, b)
}

// merge has a node find the strangers that it reaches, after a while.
func (w *World) merge(a *node) {
	a.merging = true
	boot := a.boot
	w.after(a.dice.between(forRing, 20*time.Millisecond, 1200*time.Millisecond), func() {
		if a.boot != boot {
			return
		}
		a.merging = false
		for _, b := range w.nodes {
			if w.strangers(a, b) {
				a.enterGather()
				b.enterGather()
			}
		}
	})
}

// enterGather has a node leave its ring, and those that it reaches with it.
func (n *node) enterGather() {
	w := n.w
	if n.phase == gather || n.phase == off {
		return
	}
	n.phase, n.pending = gather, nil
	n.tokens++
	n.gathers++
	gathers := n.gathers
	for _, o := range w.nodes {
		if o == n || !w.reach(n, o) {
			continue
		}
		w.after(w.delay(&n.dice), func() {
			if n.gathers == gathers && n.phase == gather && w.reach(n, o) && o.phase == operational {
				o.enterGather()
			}
		})
	}
	n.tryJoin(gathers, 30*time.Millisecond)
	w.at(n.clock.later(w.now, w.consensus()), func() {
		if n.gathers == gathers && n.phase == gather {
			w.form(w.clique(n))
		}
	})
	w.topology()
}

// tryJoin forms a ring as soon as nobody is missing, and looks again otherwise,
// less often each time: who comes later looks, too.
func (n *node) tryJoin(gathers uint64, within time.Duration) {
	w := n.w
	w.after(n.dice.between(forRing, 2*time.Millisecond, within), func() {
		if n.gathers != gathers || n.phase != gather {
			return
		}
		group := w.clique(n)
		if w.missing(n, group) {
			n.tryJoin(gathers, min(2*within, time.Second))
			return
		}
		w.form(group)
	})
}

// missing reports whether somebody is expected who is not in the group: a
// member of somebody's last ring, or one within reach.
func (w *World) missing(n *node, group []*node) bool {
	for _, g := range group {
		if g.ring == nil {
			continue
		}
		for _, m := range g.ring.members {
			if !m.left && !slices.Contains(group, m) {
				return true
			}
		}
	}
	return slices.ContainsFunc(w.nodes, func(o *node) bool {
		return o.phase != off && w.reach(n, o) && !slices.Contains(group, o)
	})
}

// clique returns nodes that are gathering and all reach each other, n among them.
func (w *World) clique(n *node) []*node {
	group := []*node{n}
	for _, o := range w.nodes {
		if o != n && o.phase == gather && !slices.ContainsFunc(group, func(g *node) bool { return !w.reach(g, o) }) {
			group = append(group, o)
		}
	}
	slices.SortFunc(group, func(a, b *node) int { return cmp.Compare(a.id, b.id) })
	return group
}

// form agrees on a ring. What its members still have to deliver together of
// their old rings is delivered first; then each enters it in its own time.
func (w *World) form(group []*node) {
	var old []*ring
	for _, n := range group {
		if n.ring != nil && !slices.Contains(old, n.ring) {
			old = append(old, n.ring)
		}
	}
	for _, r := range old {
		r.flush(group)
	}
	r := &ring{members: group}
	for _, n := range group {
		r.id.Seq = max(r.id.Seq, n.seq)
	}
	r.id.Node, r.id.Seq = group[0].id, r.id.Seq+4
	w.rings++
	w.stats.Rings++
	for _, n := range group {
		n.phase, n.pending, n.seq = commit, r, r.id.Seq
		wait := n.dice.between(forRing, time.Millisecond, 20*time.Millisecond)
		if w.cfg.Slow && n.dice.one(forRing, 20) {
			wait = n.dice.between(forRing, 0, w.consensus())
		}
		w.after(wait, func() { n.install(r) })
	}
	w.topology()
}

// flush delivers the rest of a ring to those of its members that go on
// together: what one of them has delivered or sent itself, all deliver.
func (r *ring) flush(group []*node) {
	var stay []*node
	limit := 0
	for _, n := range group {
		if n.ring == r {
			stay = append(stay, n)
			limit = max(limit, n.pos)
		}
	}
	entries := len(r.log)
	for i := range entries {
		e := r.log[i]
		if e.step != message || i >= limit && !slices.Contains(stay, e.from) {
			continue
		}
		for _, n := range stay {
			if i >= n.pos {
				n.vqStep(vq.Deliver{From: e.from.id, Msg: e.msg})
			}
		}
	}
	for _, n := range stay {
		n.pos = entries
	}
}

// install brings a node into a ring, or back to gathering if that is lost already.
func (n *node) install(r *ring) {
	w := n.w
	if n.phase != commit || n.pending != r {
		return
	}
	if !w.intact(r) {
		w.stats.Orphans++
		n.enterGather()
		return
	}
	n.phase, n.ring, n.pending = operational, r, nil
	n.pos, n.builds, n.ends, n.syncing, n.awaits = 0, 0, 0, true, 0
	n.queue = slices.DeleteFunc(n.queue, func(e entry) bool { return e.step != message })
	n.flushQueue()
	n.append(entry{from: n, step: build})
	w.say("node %v: ring %v, members %s", n.id, r.id, qnet.FormatIDs(r.ids()))
	n.vqStep(vq.SyncStart{Ring: r.id, Members: r.ids()})
	w.topology()
	n.pump()
}

func (r *ring) ids() []qnet.NodeID {
	ids := make([]qnet.NodeID, len(r.members))
	for i, n := range r.members {
		ids[i] = n.id
	}
	return ids
}
