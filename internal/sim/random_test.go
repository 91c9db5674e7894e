// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim_test

import (
	"slices"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
	"github.com/quorate/quorate/internal/sim"
)

// TestRandomHistories: whatever fails, no two sides are active, and the votes
// are settled when calm has returned (H1 to H9, N1 to N5). quorate sim plays more.
func TestRandomHistories(t *testing.T) {
	var sum sim.Stats
	for seed := range uint64(600) {
		f := sim.History(sim.Options{}, seed)
		w := sim.Play(f)
		sum.Add(w.Stats())
		if v := w.Violation(); v != nil {
			t.Errorf("seed %d: %v\n%s", seed, v, sim.Transcript(sim.Shrink(f, 2000)))
			return
		}
	}
	r := sim.NewReport(sum, 600, 0)
	for _, c := range append(r.Faults, r.Rules...) {
		if c.N == 0 {
			t.Errorf("never seen: %s", c.Name)
		}
	}
	if sum.GaveUp > 0 || sum.Splits < 1000 || sum.ACKs < 5000 {
		t.Errorf("the histories prove too little, or a C daemon gave up: %+v", sum)
	}
}

// cRules are the arbiter's rules that must be caught, and what finds them.
var cRules = []struct {
	name      string
	options   sim.Options
	histories uint64
	kind      sim.Kind
}{
	{"S1 silent for 1.5 heartbeats", sim.Options{Only: []scenario.Verb{scenario.Split, scenario.Drop}}, 200, sim.TwoActive},
	{"S2 nothing remembered", sim.Options{Only: []scenario.Verb{scenario.Split, scenario.Server}}, 200, sim.TwoActive},
	{"S3 an answer ends a later round", sim.Options{Only: []scenario.Verb{scenario.Split}, Faults: 4, Delay: 300 * time.Millisecond}, 200, sim.NoVote},
	{"S6 given away at close", sim.Options{Only: []scenario.Verb{scenario.Split, scenario.Daemon}}, 50, sim.TwoActive},
}

// TestCArbiterCaught is the test of the test: with C's rules the same histories
// must break the promises, and without them they must not.
func TestCArbiterCaught(t *testing.T) {
	for _, c := range cRules {
		t.Run(c.name, func(t *testing.T) {
			o := c.options
			o.Nodes, o.Mode, o.Arbiter = 2, sim.OnlyC, scenario.C
			found := false
			for seed := uint64(0); seed < c.histories; seed++ {
				f := sim.History(o, seed)
				if v := sim.Play(f).Violation(); v != nil && v.Kind == c.kind {
					t.Logf("found in history %d", seed)
					found = true
				}
				f.Cluster.Arbiter = scenario.Ours
				if v := sim.Play(f).Violation(); v != nil {
					t.Errorf("seed %d, our arbiter: %v", seed, v)
				}
				if found {
					return
				}
			}
			t.Errorf("%v was not found in %d histories", c.kind, c.histories)
		})
	}
}

// TestShrink: what is left of a history still breaks the promise, and is short.
func TestShrink(t *testing.T) {
	o := sim.Options{Nodes: 2, Arbiter: scenario.C, Only: []scenario.Verb{scenario.Split, scenario.Daemon}}
	for seed := range uint64(200) {
		f := sim.History(o, seed)
		v := sim.Play(f).Violation()
		if v == nil {
			continue
		}
		small := sim.Shrink(f, 2000)
		if got := sim.Play(small).Violation(); got == nil || got.Kind != v.Kind {
			t.Fatalf("seed %d: %v became %v", seed, v, got)
		}
		if len(small.Commands) > 8 {
			t.Errorf("seed %d: %d commands are left\n%s", seed, len(small.Commands), small)
		}
		return
	}
	t.Error("nothing to shrink")
}

// TestDeterminism: equal scenarios give equal runs.
func TestDeterminism(t *testing.T) {
	for seed := range uint64(30) {
		f := sim.History(sim.Options{}, seed)
		a, b := sim.Transcript(f), sim.Transcript(sim.History(sim.Options{}, seed))
		if a != b {
			t.Fatalf("seed %d: two runs differ", seed)
		}
		again, err := scenario.Parse("", a, scenario.Cluster{})
		if err != nil {
			t.Fatalf("seed %d: a transcript can't be read: %v", seed, err)
		}
		if sim.Transcript(again) != a {
			t.Fatalf("seed %d: a transcript can't be played again", seed)
		}
	}
}

// TestHistories: histories are of every kind.
func TestHistories(t *testing.T) {
	nodes, algorithms := map[int]int{}, map[qnet.Algorithm]int{}
	daemons := map[string]int{}
	for seed := range uint64(200) {
		c := sim.History(sim.Options{}, seed).Cluster
		nodes[c.Nodes]++
		algorithms[c.Algorithm]++
		ours, theirs := slices.Contains(c.Daemons, scenario.Ours), slices.Contains(c.Daemons, scenario.C)
		switch {
		case ours && theirs:
			daemons["both"]++
		case ours:
			daemons["go"]++
		default:
			daemons["c"]++
		}
	}
	if len(nodes) != 3 || algorithms[qnet.LMS] < 20 || algorithms[qnet.FFSplit] < 100 || len(daemons) != 3 {
		t.Errorf("nodes %v, algorithms %v, daemons %v", nodes, algorithms, daemons)
	}
}

// TestFrozen: C's node daemons may stand still for almost as long as votequorum
// counts a poll, where links are not lost at the same time.
func TestFrozen(t *testing.T) {
	for seed := range uint64(200) {
		f := sim.History(sim.Options{Mode: sim.OnlyC, Only: []scenario.Verb{scenario.Split, scenario.Freeze, scenario.Down, scenario.Disk}}, seed)
		if v := sim.Play(f).Violation(); v != nil {
			t.Fatalf("seed %d: %v\n%s", seed, v, sim.Transcript(sim.Shrink(f, 2000)))
		}
	}
}

// TestNobodyWaits: whatever becomes of the arbiter and its links, Corosync waits
// no longer for our node daemon than the arbiter may take to decide (S7, S8, H8):
// 2 s of its clock, and four round trips, which are 2.1 s at most.
func TestNobodyWaits(t *testing.T) {
	var sum sim.Stats
	for seed := range uint64(300) {
		f := sim.History(sim.Options{Mode: sim.OnlyOurs, Steady: true}, seed)
		w := sim.Play(f)
		sum.Add(w.Stats())
		if got := w.Stats().Waited; got > 4300*time.Millisecond {
			t.Fatalf("seed %d: a sync waited for %s", seed, got)
		}
	}
	t.Logf("the longest wait was %s", sum.Waited)
	if sum.Waited < 400*time.Millisecond {
		t.Errorf("nobody ever waited: %s", sum.Waited)
	}
}
