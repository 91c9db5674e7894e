// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/wire"
)

// world is one history of a cluster and its arbiter.
type world struct {
	rng       *rand.Rand
	now       time.Time
	cfg       qnetd.Config
	server    *qnetd.Server
	stored    *qnet.Grant
	pending   []qnetd.Persist
	conn      qnetd.ConnID
	links     []*link
	nodes     []*modelNode
	group     map[qnet.NodeID]int // which nodes hear each other
	algorithm qnet.Algorithm
	tie       qnet.TieBreaker
	kap       uint8
	ours      bool // the nodes run our daemon: a vote survives a lost connection for the grace
	trace     []string
	acks      int
	both      bool // two disjoint partitions had the vote at some time
}

func modelConfig() qnetd.Config {
	cfg := qnetd.Defaults()
	cfg.TLS = wire.TLSUnsupported
	return cfg
}

// newWorld starts a cluster of two to five nodes that are together. The seed
// decides all there is to it.
func newWorld(seed uint64, cfg qnetd.Config) *world {
	w := &world{
		rng: rand.New(rand.NewPCG(seed, 7)), now: time.Unix(modelStart, 0), cfg: cfg, group: map[qnet.NodeID]int{},
		algorithm: qnet.FFSplit, tie: qnet.TieBreaker{Mode: qnet.TieBreakerLowest}, ours: seed%5 >= 3, kap: uint8(seed % 2),
	}
	size := 2
	if seed%2 == 1 {
		size += w.rng.IntN(4)
	}
	if seed%3 == 2 {
		w.algorithm = qnet.LMS
	}
	switch w.rng.IntN(3) {
	case 1:
		w.tie.Mode = qnet.TieBreakerHighest
	case 2:
		w.tie = qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: qnet.NodeID(1 + w.rng.IntN(size))}
	}
	w.server = qnetd.New(cfg, w.now, nil)
	for i := range size {
		w.nodes = append(w.nodes, &modelNode{id: qnet.NodeID(i + 1), runs: true, alive: true})
	}
	w.form()
	return w
}

func (w *world) note(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf("%8.3f ", w.now.Sub(time.Unix(modelStart, 0)).Seconds())+fmt.Sprintf(format, args...))
}

func (w *world) config() (ids []qnet.NodeID) {
	for _, n := range w.nodes {
		ids = append(ids, n.id)
	}
	return ids
}

// random lets something happen that should not, and then some time go by.
func (w *world) random() {
	w.mend(w.nodes[w.rng.IntN(len(w.nodes))])
	w.fault(w.nodes[w.rng.IntN(len(w.nodes))])
	limit := []int{1, 300, 3000, 20000}[w.rng.IntN(4)]
	w.pass(time.Duration(w.rng.IntN(limit)) * time.Millisecond)
}

// busy lets most of what is under way arrive, and most of those who have lost
// their connection try again.
func (w *world) busy() {
	for _, n := range w.nodes {
		if w.rng.IntN(4) > 0 {
			w.adopt(n)
		}
		if w.rng.IntN(6) == 0 {
			w.connect(n)
		}
	}
	for range 4 {
		for _, l := range slices.Clone(w.links) {
			if w.now.Before(l.slow) {
				continue
			}
			for range w.rng.IntN(4) {
				w.up(l)
			}
			for range w.rng.IntN(4) {
				w.down(l)
			}
		}
		if w.rng.IntN(3) > 0 {
			w.persist(w.rng.IntN(20) > 0)
		}
	}
}

// mend undoes some of what fault did: most of the time most things work.
func (w *world) mend(n *modelNode) {
	if w.rng.IntN(3) == 0 {
		n.cutUp, n.cutDown = false, false
	}
	if w.rng.IntN(3) == 0 {
		w.boot(n, w.rng.IntN(3) == 0)
	}
	if w.rng.IntN(3) == 0 && n.runs && w.now.After(n.until) {
		n.alive = true // systemd has started it again
	}
}

// fault does something that should not happen.
func (w *world) fault(n *modelNode) {
	switch w.rng.IntN(14) {
	case 0, 1, 2:
		groups := 1 + w.rng.IntN(3)
		for _, o := range w.nodes {
			w.group[o.id] = w.rng.IntN(groups)
		}
		w.form()
	case 3, 4:
		n.cutUp, n.cutDown = true, true
		w.note("node %d is cut from the arbiter", n.id)
	case 5:
		n.cutUp = true
		w.note("node %d can't be heard by the arbiter", n.id)
	case 6:
		n.cutDown = true
		w.note("node %d can't hear the arbiter", n.id)
	case 7:
		w.kill(n)
	case 8:
		w.crash(n)
	case 9:
		w.restart(w.rng.IntN(4) == 0)
	case 10, 11:
		if l := n.link; l != nil {
			l.slow = w.now.Add(time.Duration(w.rng.IntN(6000)) * time.Millisecond)
		}
	default:
		if n.link != nil && n.link.ring != (qnet.RingID{}) {
			n.send(wire.HeuristicsChange{Seq: n.seq(), Heuristics: []qnet.Heuristics{qnet.HeuristicsPass, qnet.HeuristicsFail}[w.rng.IntN(2)]})
		}
	}
}

// check takes note if two sides are active now. It stands behind all that can give a
// vote, or let time pass: what lasts for one step only is seen, too.
func (w *world) check() {
	if !w.both && w.bothActive() {
		w.both = true
		w.note("two sides cast the vote")
	}
}

// bothActive reports whether two disjoint partitions have the vote.
func (w *world) bothActive() bool {
	for i, a := range w.nodes {
		for _, b := range w.nodes[i+1:] {
			if a.active() && b.active() && !slices.ContainsFunc(a.ring.members, func(id qnet.NodeID) bool { return slices.Contains(b.ring.members, id) }) {
				return true
			}
		}
	}
	return false
}

// calm mends everything and lets all messages through.
func (w *world) calm(d time.Duration, groups int) {
	for _, n := range w.nodes {
		w.boot(n, false)
		n.cutUp, n.cutDown = false, false
	}
	for i, n := range w.nodes {
		w.group[n.id] = i % groups
	}
	w.form()
	for end := w.now.Add(d); w.now.Before(end); w.pass(100 * time.Millisecond) {
		for _, n := range w.nodes {
			n.alive = n.alive || w.now.After(n.until)
			w.adopt(n)
			w.connect(n)
		}
		for range 30 {
			for _, l := range slices.Clone(w.links) {
				w.up(l)
				w.down(l)
			}
			w.persist(true)
		}
	}
}

// settled says what is wrong with the votes when everything is calm: one
// partition must have them all, if one is large enough.
func (w *world) settled() string {
	size, winners, voters := map[qnet.RingID]int{}, map[qnet.RingID]bool{}, 0
	for _, n := range w.nodes {
		size[n.ring.id] = len(n.ring.members)
		if n.active() {
			winners[n.ring.id] = true
			voters++
		}
	}
	enough := false
	for _, n := range size {
		enough = enough || w.algorithm == qnet.LMS || 2*n >= len(w.nodes)
	}
	switch {
	case len(winners) > 1:
		return "two partitions have the vote in the end"
	case enough && len(winners) == 0:
		return "no vote came back"
	}
	for id := range winners {
		if voters != size[id] {
			return fmt.Sprintf("%d of the %d nodes of the winner have the vote", voters, size[id])
		}
	}
	return ""
}

func (w *world) fail(t *testing.T, seed uint64, what string) {
	t.Helper()
	t.Errorf("seed %d, %v of %d nodes, ours %v: %s", seed, w.algorithm, len(w.nodes), w.ours, what)
	for _, l := range w.trace[max(0, len(w.trace)-60):] {
		t.Log(l)
	}
}

// TestRandomHistories: whatever links, nodes, daemons, disks, ring counters and
// the arbiter do, two disjoint partitions never have the vote at once (H1 to
// H6, H9), and when calm returns, whole or split, it comes back (H7, H8).
func TestRandomHistories(t *testing.T) {
	acks := 0
	for seed := range uint64(800) {
		w := newWorld(seed, modelConfig())
		for range 60 {
			if w.random(); w.both {
				w.fail(t, seed, "two sides cast the vote")
				return
			}
		}
		w.calm(2*time.Minute, 1+w.rng.IntN(2))
		if w.both {
			w.fail(t, seed, "two sides cast the vote when calm had returned")
			return
		}
		if what := w.settled(); what != "" {
			w.fail(t, seed, what)
			return
		}
		acks += w.acks
	}
	if acks < 10000 {
		t.Errorf("only %d votes were cast: the histories prove nothing", acks)
	}
}

// TestModelCatches: without hold times, as with C's rules, the same histories
// must show two sides at once. Otherwise the test above proves nothing.
func TestModelCatches(t *testing.T) {
	cfg := modelConfig()
	cfg.HoldTime = 0
	for _, algorithm := range []qnet.Algorithm{qnet.FFSplit, qnet.LMS} {
		caught := false
		for seed := uint64(0); seed < 600 && !caught; seed++ {
			w := newWorld(seed, cfg)
			w.algorithm = algorithm
			for i := 0; i < 60 && !caught; i++ {
				w.random()
				caught = w.both
			}
		}
		if !caught {
			t.Errorf("%v: a vote that is given away at once was never seen on both sides", algorithm)
		}
	}
}

// TestDeterminism: equal histories give equal outputs.
func TestDeterminism(t *testing.T) {
	for seed := range uint64(20) {
		a, b := newWorld(seed, modelConfig()), newWorld(seed, modelConfig())
		for range 1000 {
			a.random()
			b.random()
		}
		if fmt.Sprint(a.trace) != fmt.Sprint(b.trace) || fmt.Sprint(a.server.Status(a.now)) != fmt.Sprint(b.server.Status(b.now)) {
			t.Fatalf("seed %d: two runs differ", seed)
		}
	}
}
