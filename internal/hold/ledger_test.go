// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package hold

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// What the alphabets are made of.

func says(id qnet.NodeID, kinds ...kind) (list []step) {
	for _, k := range kinds {
		list = append(list, step{fact: fact{kind: k, node: id}})
	}
	return list
}

func reports(id qnet.NodeID, list ...Partition) (steps []step) {
	for _, p := range list {
		steps = append(steps, step{fact: fact{kind: reported, node: id, ring: p.Ring, members: p.Members}})
	}
	return steps
}

func joins(id qnet.NodeID, p Partition, pace Pace, casting bool) step {
	return step{fact: fact{kind: joined, node: id, ring: p.Ring, pace: pace, casting: casting}}
}

func configures(id qnet.NodeID, ids ...qnet.NodeID) step {
	return step{fact: fact{kind: configured, node: id, members: ids}}
}

func passes(list ...time.Duration) (steps []step) {
	for _, d := range list {
		steps = append(steps, step{pass: d})
	}
	return steps
}

// answers returns answers to each of the first vote infos on a connection.
func answers(id qnet.NodeID, most uint32) (steps []step) {
	for seq := range most {
		steps = append(steps, step{fact: fact{kind: answered, node: id, seq: seq + 1}})
	}
	return steps
}

// come returns a start at which nothing is presumed any more (H6), and these nodes have
// reported a ring.
func come(p Partition, ids ...qnet.NodeID) []step {
	steps := passes(time.Minute)
	for _, id := range ids {
		steps = append(steps, joins(id, p, slow, false))
		steps = append(steps, reports(id, p)...)
	}
	return steps
}

// families are the histories that both ledgers must agree on, each for some of the rules.
func families() map[string]family {
	const depth = 7
	rings := family{
		begin: come(whole, everybody...), asked: []Partition{half, other}, depth: depth,
		twins:    [][2]qnet.NodeID{{1, 2}, {3, 4}},
		alphabet: []step{{restart: &half}, {restart: &other}},
	}
	for _, p := range rings.asked {
		for _, id := range p.Members {
			rings.alphabet = slices.Concat(rings.alphabet, says(id, acked, left), reports(id, p), []step{joins(id, p, slow, true)})
		}
	}
	return map[string]family{
		// H1, H2, H3: a node that stays connected, and one that waits for it.
		"answers": {
			begin: come(half, 1), asked: []Partition{other}, depth: depth,
			alphabet: slices.Concat(says(1, acked, nacked, isQuorate, isNot), answers(1, depth), reports(1, again),
				passes(1600*time.Millisecond, 15*time.Second)),
		},
		// The same, with a hold time that was set.
		"2 s": {
			times: Times{Fixed: 2 * time.Second, DPDFactor: 0.5}, begin: come(half, 1), asked: []Partition{other}, depth: depth - 1,
			alphabet: slices.Concat(says(1, acked, nacked, probed, isQuorate, isNot, left), answers(1, depth), passes(1600*time.Millisecond)),
		},
		// H2, H3, H9: a node that comes and goes, at one pace or another.
		"connections": {
			begin: come(half, 1), asked: []Partition{other}, depth: depth,
			alphabet: slices.Concat(says(1, acked, nacked, left), answers(1, 3), reports(1, again),
				[]step{joins(1, half, slow, false), joins(1, half, fast, false), joins(1, again, slow, true)},
				[]step{{fact: fact{kind: paced, node: 1, pace: slow}}}, passes(15*time.Second)),
		},
		// H4, H5, H6: four nodes split in two, while the arbiter is started anew.
		"rings": rings,
		// H5, H6: two rings with one ID.
		"one ID": {
			begin: come(whole, 1, 3), asked: []Partition{half, shared, again}, depth: depth,
			alphabet: slices.Concat(says(1, acked, left), says(3, acked, left), reports(1, half, shared, again), reports(3, shared),
				[]step{joins(1, half, slow, false), joins(3, shared, slow, true), joins(2, half, slow, false)}, []step{{restart: &half}}),
		},
		// H6, H9: nothing on record, and claims that are refused.
		"no record": {
			asked: []Partition{half, other}, depth: depth,
			alphabet: slices.Concat([]step{configures(1, 1, 2, 3), joins(1, half, fast, false), joins(2, half, slow, false), joins(3, other, slow, true)},
				[]step{configures(2, 1, 2, 3)}, reports(1, half), reports(2, half), says(1, acked, left), says(2, acked, nacked), answers(2, 1),
				[]step{{fact: fact{kind: refused, pace: fast}}, {fact: fact{kind: refused, pace: slow}}, {forget: true}}, passes(15*time.Second)),
		},
	}
}

// TestHistories: the ledger and the stupid one agree on every history of these families
// (H1 to H6, H9).
func TestHistories(t *testing.T) {
	for name, f := range families() {
		t.Run(name, func(t *testing.T) {
			if testing.Short() {
				f.depth -= 3
			}
			begin := time.Now()
			n := f.play(t)
			t.Logf("%d histories in %v", n, time.Since(begin))
			if n < 300 {
				t.Errorf("only %d histories", n)
			}
		})
	}
}

// everything is what can happen to four nodes.
func everything() (all []step) {
	for _, id := range everybody {
		all = slices.Concat(all, says(id, acked, acked, nacked, nacked, probed, isQuorate, isNot, isNot, left, heard), answers(id, 6),
			[]step{configures(id, 1, 2, 3), {fact: fact{kind: paced, node: id, pace: fast}}, {fact: fact{kind: paced, node: id, pace: slow}}})
		for _, p := range partitions {
			if !contains(p.Members, id) {
				continue
			}
			all = slices.Concat(all, reports(id, p), reports(id, p),
				[]step{joins(id, p, slow, false), joins(id, p, fast, false), joins(id, p, slow, true), joins(id, p, fast, true)})
		}
	}
	for _, p := range partitions {
		all = append(all, step{restart: &p})
	}
	for range 4 {
		all = append(all, passes(time.Second, 4*time.Second, 15*time.Second, 30*time.Second)...)
	}
	return append(all, step{forget: true}, step{fact: fact{kind: refused, pace: fast}}, step{fact: fact{kind: refused, pace: slow}})
}

// TestRandomHistories: they agree on long histories, too, of all verbs and all rings, and on which
// records cover what.
func TestRandomHistories(t *testing.T) {
	alphabet := everything()
	seeds := uint64(1000)
	if testing.Short() {
		seeds = 150
	}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 1))
		h := newHistory(testTimes)
		for len(h.steps) < 40 {
			s := alphabet[r.IntN(len(alphabet))]
			if !h.can(s) {
				continue
			}
			h.play(s)
			h.check(t, partitions)
			h.checkCovers(t, partitions[r.IntN(len(partitions))])
		}
	}
}

// checkCovers asks both ledgers whether a record covers a partition: the one that Record
// returns, and each that differs from it in one thing.
func (h *history) checkCovers(t *testing.T, p Partition) {
	t.Helper()
	g := h.ledger.Record(p)
	list := []qnet.Grant{g}
	change := func(f func(*qnet.Grant)) {
		c := g
		c.Members, c.Holders = slices.Clone(g.Members), slices.Clone(g.Holders)
		f(&c)
		list = append(list, c)
	}
	change(func(c *qnet.Grant) { c.Ring.Seq++ })
	change(func(c *qnet.Grant) { c.Members = c.Members[1:] })
	for i := range g.Holders {
		change(func(c *qnet.Grant) { c.Holders = slices.Delete(c.Holders, i, i+1) })
		change(func(c *qnet.Grant) { c.Holders[i].Ring.Seq++ })
		change(func(c *qnet.Grant) { c.Holders[i].Heartbeat-- })
		change(func(c *qnet.Grant) { c.Holders[i].Heartbeat++ })
	}
	for _, c := range list {
		if got, want := h.ledger.Covers(c, p), h.stupid.covers(c, p, h.now); got != want {
			h.fatal(t, "that %v covers %v is %v, want %v", c, p, got, want)
		}
	}
}
