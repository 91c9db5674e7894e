// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package explain

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
	"github.com/quorate/quorate/internal/sim"
)

// plan is a case that is to be played: its faults, one after the other.
type plan struct {
	kind   Kind
	what   string
	faults []fault
	boot   bool // all nodes are down before
}

// fault is commands that come at once.
type fault []scenario.Command

func lose(hosts ...scenario.Host) fault {
	return fault{{Verb: scenario.Down, Hosts: hosts}}
}

func part(groups ...[]qnet.NodeID) fault {
	return fault{{Verb: scenario.Split, Groups: groups}}
}

// Of more nodes than these, not all is played.
const (
	allSplits = 5 // all splits into two parts
	allPairs  = 8 // all pairs of nodes
)

// plans lists the cases, and says which are left out.
func (c *Cluster) plans() (list []plan, leftOut string) {
	var ids []qnet.NodeID
	for _, n := range c.Nodes {
		ids = append(ids, n.ID)
	}
	add := func(k Kind, what string, faults ...fault) {
		list = append(list, plan{kind: k, what: what, faults: faults})
	}

	add(AllUp, "all up")
	if len(ids) > 1 {
		for _, id := range ids {
			add(NodeLost, c.name(id)+" lost", lose(id))
		}
	}
	splits := c.splits(ids)
	if c.Device != nil {
		add(ArbiterLost, "arbiter lost", lose(scenario.Arbiter))
	}
	for _, s := range splits {
		add(Split, c.splitName(s), part(s[:]...))
	}
	if len(ids) > 2 && len(ids) <= allPairs {
		for i, a := range ids {
			for _, b := range ids[:i] {
				add(TwoLost, c.name(b)+" and "+c.name(a)+" lost", lose(b), lose(a))
			}
		}
	}
	if c.Device != nil && len(ids) > 1 {
		for _, id := range ids {
			add(BothLost, "arbiter, then "+c.name(id)+" lost", lose(scenario.Arbiter), lose(id))
		}
		for _, s := range splits {
			add(SplitAlone, "arbiter lost, "+c.splitName(s), lose(scenario.Arbiter), part(s[:]...))
		}
	}
	if len(ids) > 2 && len(ids) <= allSplits {
		for _, id := range ids {
			rest := slices.DeleteFunc(slices.Clone(ids), func(o qnet.NodeID) bool { return o == id })
			for _, s := range c.splits(rest) {
				add(LostSplit, c.name(id)+" lost, "+c.splitName(s), lose(id), part(s[:]...))
			}
		}
	}
	only := "only "
	if len(ids) == 1 {
		only = ""
	}
	for _, id := range ids {
		list = append(list, plan{kind: ColdBoot, what: only + c.name(id) + " starts", boot: true,
			faults: []fault{{{Verb: scenario.Up, Hosts: []scenario.Host{id}}}}})
	}
	switch {
	case len(ids) > allPairs:
		leftOut = fmt.Sprintf("with more than %d nodes, the loss of two nodes, and splits other than those that cut off the lowest or the highest nodes", allPairs)
	case len(ids) > allSplits:
		leftOut = fmt.Sprintf("with more than %d nodes, splits other than those that cut off the lowest or the highest nodes", allSplits)
	}
	return list, leftOut
}

// splits lists the ways in which nodes fall into two parts; of many nodes, only
// those that cut off the lowest or the highest.
func (c *Cluster) splits(ids []qnet.NodeID) (list [][2][]qnet.NodeID) {
	n := len(ids)
	if n > allSplits {
		for k := 1; k < n; k++ {
			list = append(list, [2][]qnet.NodeID{ids[:k], ids[k:]})
		}
		return list
	}
	// The lowest node is in the first part; the set bits are the second's.
	for mask := uint(1); mask < 1<<(n-1); mask++ {
		var s [2][]qnet.NodeID
		for i, id := range ids {
			side := mask << 1 >> i & 1
			s[side] = append(s[side], id)
		}
		list = append(list, s)
	}
	slices.SortStableFunc(list, func(a, b [2][]qnet.NodeID) int { return cmp.Compare(smaller(a), smaller(b)) })
	return list
}

// smaller is the size of a split's smaller part.
func smaller(s [2][]qnet.NodeID) int { return min(len(s[0]), len(s[1]), bits.UintSize) }

func (c *Cluster) splitName(s [2][]qnet.NodeID) string {
	return "split " + c.names(s[0]) + " | " + c.names(s[1])
}

// settle is how long a world is left alone until nothing changes any more.
func (c *Cluster) settle() time.Duration {
	return sim.Calm(c.world.Timeout, 0) + 4*c.world.Token + 2*c.votes.LastManStandingWindow
}

// play plays a case and writes down how it ended.
func (c *Cluster) play(p plan) (Case, error) {
	w, err := sim.NewConfigured(c.world, c.votes)
	if err != nil {
		return Case{}, err
	}
	w.GoOn()
	var ids []scenario.Host
	for _, n := range c.Nodes {
		ids = append(ids, n.ID)
	}
	w.Do(scenario.Command{Verb: scenario.Up, Hosts: ids})
	w.Run(c.settle())
	if p.boot {
		w.Do(scenario.Command{Verb: scenario.Down, Hosts: ids})
		w.Run(time.Minute)
	}
	began := w.Now() // of the last fault
	for i, f := range p.faults {
		for _, cmd := range f {
			w.Do(cmd)
		}
		if began = w.Now(); i < len(p.faults)-1 {
			w.Run(c.settle())
		}
	}
	w.Run(c.settle())
	return Case{Kind: p.kind, What: p.what, Parts: c.parts(w.Nodes(), began)}, nil
}
