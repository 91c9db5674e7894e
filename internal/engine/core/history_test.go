// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package core

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/votequorum"
)

// TestHistories plays random histories of clusters without a device: at no
// instant are there two active partitions, no change is lost, equal histories give
// equal outputs, and once everything is healed all nodes are in one settled ring.
func TestHistories(t *testing.T) {
	for seed := range uint64(300) {
		first := playHistory(t, seed)
		if second := playHistory(t, seed); !slices.Equal(first, second) {
			t.Fatalf("seed %d: two runs differ", seed)
		}
	}
}

func playHistory(t *testing.T, seed uint64) []string {
	rng := rand.New(rand.NewPCG(seed, 1))
	var ids []qnet.NodeID
	for i := range 2 + rng.IntN(5) {
		ids = append(ids, qnet.NodeID(i+1))
	}
	h := &history{t: t, seed: seed, ids: ids, rng: rng, now: time.Unix(1_000_000, 0)}
	var err error
	h.m, err = New(Config{Votes: votequorum.Config{Nodes: votequorum.OneVoteEach(ids...)}, Token: time.Second, Join: 100 * time.Millisecond}, h.now)
	if err != nil {
		t.Fatal(err)
	}
	for range 150 {
		h.give(h.input())
		h.now = h.now.Add(time.Duration(rng.IntN(700)) * time.Millisecond)
	}
	h.heal()
	return h.said
}

type history struct {
	t       *testing.T
	seed    uint64
	ids     []qnet.NodeID
	rng     *rand.Rand
	now     time.Time
	m       *Machine
	calls   votequorum.Call
	written int // changes that were answered with OK
	said    []string
}

func (h *history) node() qnet.NodeID { return h.ids[h.rng.IntN(len(h.ids))] }

func (h *history) input() Input {
	switch h.rng.IntN(12) {
	case 0, 1, 2:
		return Up{h.node()}
	case 3:
		return Down{h.node()}
	case 4:
		return Leave{h.node()}
	case 5:
		return Freeze{h.node()}
	case 6:
		return Thaw{h.node()}
	case 7, 8:
		return SetLink{h.node(), h.node(), Link(h.rng.IntN(3))}
	case 9:
		return Tick{}
	}
	h.calls++
	return Change{h.node(), h.calls, fmt.Sprint("k", h.rng.IntN(3)), fmt.Sprint(h.calls)}
}

func (h *history) give(in Input) {
	for _, o := range h.m.Step(h.now, in) {
		h.said = append(h.said, fmt.Sprintf("%+v", o))
		switch o := o.(type) {
		case Conflict, Split:
			h.t.Fatalf("seed %d: %+v without a device", h.seed, o)
		case Answer:
			if o.Code == votequorum.OK {
				h.written++
			}
		}
	}
	var active []qnet.RingID
	for _, n := range h.m.Status().Nodes {
		if n.Active() && !slices.Contains(active, n.Ring) {
			active = append(active, n.Ring)
		}
	}
	if len(active) > 1 {
		h.t.Fatalf("seed %d: two active partitions: %v", h.seed, active)
	}
}

func (h *history) heal() {
	for _, a := range h.ids {
		h.give(Thaw{a})
		h.give(Up{a})
		for _, b := range h.ids {
			h.give(SetLink{a, b, LinkUp})
		}
	}
	h.now = h.now.Add(5 * time.Second)
	h.give(Tick{})
	s := h.m.Status()
	for _, n := range s.Nodes {
		if !n.Active() || len(n.Members) != len(h.ids) || n.Ring != s.Nodes[0].Ring {
			h.t.Fatalf("seed %d: node %v is not in one settled ring with all: %+v", h.seed, n.ID, n)
		}
		if n.Changes != h.written || !slices.Equal(n.Data, s.Nodes[0].Data) {
			h.t.Fatalf("seed %d: node %v has seen %d changes of %d", h.seed, n.ID, n.Changes, h.written)
		}
	}
}

// TestInvalid gives the machine what names no node, or says what is so already.
func TestInvalid(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	votes := votequorum.Config{Nodes: votequorum.OneVoteEach(1, 2)}
	for _, cfg := range []Config{
		{Votes: votes, Token: time.Second},
		{Votes: votes, Token: time.Second, Join: 2 * time.Second},
		{Token: time.Second, Join: time.Second},
		{Votes: votequorum.Config{Nodes: votequorum.OneVoteEach(1, 1)}, Token: time.Second, Join: time.Second},
		{Votes: votequorum.Config{Nodes: make([]votequorum.ConfigNode, MaxNodes+1)}, Token: time.Second, Join: time.Second},
	} {
		if _, err := New(cfg, now); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
	m, err := New(Config{Votes: votes, Token: time.Second, Join: time.Second}, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range []Input{Up{9}, Down{9}, Down{1}, Leave{1}, Freeze{1}, Thaw{9}, SetLink{1, 9, LinkCut}, SetLink{1, 1, LinkCut}, Tick{}, Call{1, votequorum.Poll{}}} {
		if outs := m.Step(now, in); len(outs) > 0 {
			t.Errorf("%T: %+v", in, outs)
		}
	}
	if _, ok := m.Tracked(1); ok {
		t.Error("a node that is down can be tracked")
	}
	if _, ok := m.Info(1, 0); ok {
		t.Error("a node that is down tells of itself")
	}
}
