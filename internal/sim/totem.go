// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/totem"
)

// consensus is how long a node waits for those that do not answer.
func (w *World) consensus() time.Duration { return w.tokenTime() * 12 / 10 }

// tokenTime is when a node misses the token. As in Corosync it grows with the
// number of nodes.
func (w *World) tokenTime() time.Duration {
	return w.cfg.Token + time.Duration(max(0, len(w.nodes)-2))*650*time.Millisecond
}

// membersOf returns the nodes of a ring, by ID; of nil there are none.
func (w *World) membersOf(r *totem.Ring) []*node {
	if r == nil {
		return nil
	}
	list := make([]*node, len(r.Members))
	for i, m := range r.Members {
		list[i] = w.node(m.ID)
	}
	return list
}

// intact reports whether all members of a ring reach each other in it.
func (w *World) intact(r *totem.Ring) bool {
	return totem.Whole == r.Loss(func(a, b *totem.Member) totem.Loss {
		if !a.In(r) || a != b && !w.reach(w.node(a.ID), w.node(b.ID)) {
			return totem.Silent
		}
		return totem.Whole
	})
}

// topology looks what the last change means to the rings: those that have lost
// their token, those that have it again, and those that could merge.
func (w *World) topology() {
	for _, n := range w.nodes {
		if r := n.Ring; n.State == totem.Operational && r.Broken() == w.intact(r) {
			w.breakRing(r, !r.Broken())
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
func (w *World) breakRing(r *totem.Ring, broken bool) {
	r.Break(broken)
	for _, n := range w.membersOf(r) {
		if n.State != totem.Operational || n.Ring != r {
			continue
		}
		n.tokens++
		if !broken {
			n.sent(n.Resume())
			n.pump()
			continue
		}
		tokens := n.tokens
		at := n.clock.later(w.now, w.tokenTime()) + instant(n.dice.between(forRing, 0, 5*time.Millisecond))
		w.at(at, func() {
			if n.tokens == tokens && n.State == totem.Operational && n.Ring == r && r.Broken() {
				n.enterGather()
			}
		})
	}
}

// strangers reports whether two nodes reach each other from different rings.
func (w *World) strangers(a, b *node) bool {
	return a != b && a.State == totem.Operational && b.State == totem.Operational && a.Ring != b.Ring && w.reach(a, b)
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
	if n.State == totem.Gather || n.State == totem.Off {
		return
	}
	n.Gather()
	n.tokens++
	n.gathers++
	gathers := n.gathers
	for _, o := range w.nodes {
		if o == n || !w.reach(n, o) {
			continue
		}
		w.after(w.delay(&n.dice), func() {
			if n.gathers == gathers && n.State == totem.Gather && w.reach(n, o) && o.State == totem.Operational {
				o.enterGather()
			}
		})
	}
	n.tryJoin(gathers, 30*time.Millisecond)
	w.at(n.clock.later(w.now, w.consensus()), func() {
		if n.gathers == gathers && n.State == totem.Gather {
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
		if n.gathers != gathers || n.State != totem.Gather {
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
		for _, m := range w.membersOf(g.Ring) {
			if !m.left && !slices.Contains(group, m) {
				return true
			}
		}
	}
	return slices.ContainsFunc(w.nodes, func(o *node) bool {
		return o.State != totem.Off && w.reach(n, o) && !slices.Contains(group, o)
	})
}

// clique returns nodes that are gathering and all reach each other, n among them.
func (w *World) clique(n *node) []*node {
	nodes := []*node{n}
	for _, o := range w.nodes {
		if o != n && o.State == totem.Gather {
			nodes = append(nodes, o)
		}
	}
	return totem.Groups(nodes, w.reach)[0]
}

// form agrees on a ring. What its members still have to deliver together of
// their old rings is delivered first; then each enters it in its own time.
func (w *World) form(group []*node) {
	members := make([]*totem.Member, len(group))
	for i, n := range group {
		members[i] = &n.Member
	}
	r, rest := totem.Form(members)
	for _, d := range rest {
		w.node(d.To.ID).vqStep(d.In)
	}
	w.stats.Rings++
	for _, n := range w.membersOf(r) {
		wait := n.dice.between(forRing, time.Millisecond, 20*time.Millisecond)
		if w.cfg.Slow && n.dice.one(forRing, 20) {
			wait = n.dice.between(forRing, 0, w.consensus())
		}
		w.after(wait, func() { n.install(r) })
	}
	w.topology()
}

// install brings a node into a ring, or back to gathering if that is lost already.
func (n *node) install(r *totem.Ring) {
	w := n.w
	if n.State != totem.Commit || !n.In(r) {
		return
	}
	if !w.intact(r) {
		w.stats.Orphans++
		n.enterGather()
		return
	}
	n.awaits = 0
	start := n.Enter()
	n.sent(true)
	w.tracef("node %v: ring %v, members %s", n.ID, start.Ring, qnet.FormatIDs(start.Members))
	n.vqStep(start)
	w.topology()
	n.pump()
}
