// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package votequorum_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	vq "github.com/quorate/quorate/internal/votequorum"
	"github.com/quorate/quorate/internal/votequorum/vqtest"
)

// partitions returns all ways to part the nodes 1 to n.
func partitions(n int) [][][]qnet.NodeID {
	all := [][][]qnet.NodeID{nil}
	for id := range n {
		var next [][][]qnet.NodeID
		for _, p := range all {
			for i := range len(p) + 1 {
				q := make([][]qnet.NodeID, len(p), len(p)+1)
				for j := range p {
					q[j] = slices.Clone(p[j])
				}
				if i == len(p) {
					q = append(q, nil)
				}
				q[i] = append(q[i], qnet.NodeID(id+1))
				next = append(next, q)
			}
		}
		all = next
	}
	return all
}

// oracle says whether a part of a cluster that was whole before is quorate:
// a second, stupid implementation of the rules.
func oracle(kind string, n int, part []qnet.NodeID) bool {
	switch {
	case 2*len(part) > n:
		return true
	case kind == "two_node=1":
		return true
	case strings.HasPrefix(kind, "auto_tie_breaker=1"):
		tie := qnet.NodeID(1)
		if strings.Contains(kind, "highest") {
			tie = qnet.NodeID(n)
		}
		return len(part) == n/2 && n-len(part) <= n/2 && slices.Contains(part, tie)
	}
	return false
}

// TestEveryPartition compares every way to part a cluster of 2 to 6 nodes with
// the oracle, and heals it again.
func TestEveryPartition(t *testing.T) {
	for _, kind := range []string{"", "wait_for_all=1", "two_node=1", "auto_tie_breaker=1", "auto_tie_breaker=1 auto_tie_breaker_node=highest", "auto_tie_breaker=1 wait_for_all=1"} {
		for n := 2; n <= 6; n++ {
			if kind == "two_node=1" && n > 2 || strings.HasPrefix(kind, "auto") && !strings.Contains(kind, "wait") && n%2 == 1 {
				continue
			}
			for _, parts := range partitions(n) {
				c := whole(t, n, kind)
				c.Split(parts...)
				c.Settle()
				for _, p := range parts {
					for _, id := range p {
						s := c.Status(id)
						if want := oracle(kind, n, p); s.Quorate != want || s.Flags.Has(vq.Quorate) != want || int(s.Total) != len(p) {
							t.Fatalf("%q, parts %v: want node %v quorate: %v\n%v", kind, parts, id, want, s)
						}
					}
				}
				c.Split()
				c.Settle()
				if s := c.Status(1); !s.Quorate || len(s.Members) != n {
					t.Fatalf("%q healed after %v: %v", kind, parts, s)
				}
			}
		}
	}
}

func whole(t *testing.T, n int, kind string) *vqtest.Cluster {
	t.Helper()
	c := vqtest.New(epoch)
	for _, s := range vqtest.ParseScript(fmt.Sprintf("cluster nodes=%d %s", n, kind)) {
		if err := c.Play(s.Command); err != nil {
			t.Fatal(err)
		}
	}
	for _, node := range c.Nodes() {
		if err := c.Up(node.ID); err != nil {
			t.Fatal(err)
		}
	}
	c.Settle()
	return c
}

// history is a random history of a cluster, one message at a time.
type history struct {
	c     *vqtest.Cluster
	rng   *rand.Rand
	trace []string
}

func newHistory(t *testing.T, seed uint64, kinds []string) *history {
	rng := rand.New(rand.NewPCG(seed, 3))
	kind := kinds[rng.IntN(len(kinds))]
	n := 2 + rng.IntN(4)
	h := &history{rng: rng, c: whole(t, n, kind)}
	h.note("%d nodes %s", n, kind)
	return h
}

func (h *history) note(format string, args ...any) {
	h.trace = append(h.trace, fmt.Sprintf(format, args...))
}

func (h *history) node() qnet.NodeID { return qnet.NodeID(h.rng.IntN(len(h.c.Nodes())) + 1) }

// random does one thing; with calls also what an administrator and a device do.
func (h *history) random(calls bool) {
	id := h.node()
	switch r := h.rng.IntN(100); {
	case r < 70:
		for range h.rng.IntN(6) {
			h.c.DeliverOne(h.node())
		}
	case r < 78:
		h.c.Reform()
		h.note("rings form")
	case r < 82:
		h.c.Down(id)
		h.note("node %v down", id)
	case r < 86:
		if h.c.Node(id).Machine == nil {
			_ = h.c.Up(id)
			h.note("node %v up", id)
		}
	case r < 91:
		groups := make([][]qnet.NodeID, 2)
		for _, n := range h.c.Nodes() {
			k := h.rng.IntN(2)
			groups[k] = append(groups[k], n.ID)
		}
		h.c.Split(groups...)
		h.note("split %v", groups)
	case r < 94:
		h.c.Advance(time.Duration(h.rng.IntN(8000)) * time.Millisecond)
	case calls:
		in := h.call(id)
		h.note("node %v: %T%+v", id, in, in)
		h.c.Give(id, in)
	}
}

func (h *history) call(id qnet.NodeID) vq.Input {
	ring := qnet.RingID{}
	if n := h.c.Node(id); n.Machine != nil && h.rng.IntN(8) > 0 {
		ring = n.Machine.NodeList().Ring
	}
	yes, votes := h.rng.IntN(2) == 0, h.rng.Uint32N(9)
	switch h.rng.IntN(9) {
	case 0, 1:
		return vq.Register{Name: "dev"}
	case 2, 3, 4:
		return vq.Poll{Name: "dev", Ring: ring, Cast: yes}
	case 5:
		return vq.MasterWins{Name: "dev", Allow: yes}
	case 6:
		return vq.SetExpected{Votes: votes}
	case 7:
		return vq.SetVotes{Node: h.node(), Votes: votes}
	}
	return []vq.Input{vq.Unregister{Name: "dev"}, vq.CancelWaitForAll{}, vq.Rename{Old: "dev", New: "dev"}, vq.Leave{}}[h.rng.IntN(4)]
}

func (h *history) fail(t *testing.T, seed uint64, format string, args ...any) {
	t.Helper()
	t.Fatalf("seed %d: %s\n%s", seed, fmt.Sprintf(format, args...), strings.Join(h.trace, "\n"))
}

// TestOneQuoratePartition: without a device, and with nothing that gives votes
// up, no two disjoint partitions are quorate on settled rings, whatever happens.
func TestOneQuoratePartition(t *testing.T) {
	both, rings := 0, 0
	for seed := range uint64(1500) {
		h := newHistory(t, seed, []string{"", "wait_for_all=1"})
		for range 200 {
			h.random(false)
			var quorate []vq.Status
			for _, n := range h.c.Nodes() {
				if n.Machine == nil {
					continue
				}
				s := n.Machine.Status()
				rings++
				if 2*s.NodeVotes.Quorum <= s.HighestExpected {
					h.fail(t, seed, "node %v: the quorum is not more than half\n%v", n.ID, s)
				}
				if s.Quorate && !s.Syncing && len(s.Members) > 0 && n.Machine.NodeList().Ring == s.Ring {
					quorate = append(quorate, s)
				}
			}
			for _, a := range quorate {
				both += len(quorate) - 1
				if !slices.ContainsFunc(a.Members, func(m vq.Member) bool { return m.Node == quorate[0].Node }) &&
					!slices.ContainsFunc(quorate[0].Members, func(m vq.Member) bool {
						return slices.ContainsFunc(a.Members, func(o vq.Member) bool { return o.Node == m.Node })
					}) {
					h.fail(t, seed, "two partitions are quorate:\n%v\n%v", quorate[0], a)
				}
			}
		}
	}
	if both == 0 || rings < 100000 {
		t.Errorf("%d looks, %d of two quorate nodes: the histories prove nothing", rings, both)
	}
}

var anyKind = []string{
	"", "wait_for_all=1", "two_node=1", "auto_tie_breaker=1 wait_for_all=1", "auto_tie_breaker=1 wait_for_all=1 auto_tie_breaker_node=2,1",
	"last_man_standing=1 wait_for_all=1", "last_man_standing=1 wait_for_all=1 auto_tie_breaker=1", "allow_downscale=1", "expected_votes_tracking=1",
	"device=auto", "device=1 wait_for_all=1",
}

// TestAnyHistory: whatever happens, in the end all members of a ring say the
// same of quorum and expected votes, a quorate node has votes enough or a reason,
// and a sync that no device holds up ends.
func TestAnyHistory(t *testing.T) {
	for seed := range uint64(1500) {
		h := newHistory(t, seed, anyKind)
		for range 300 {
			h.random(true)
		}
		h.c.Settle()
		h.c.Advance(2 * time.Minute) // device timeouts and windows
		for _, n := range h.c.Nodes() {
			if n.Machine == nil {
				continue
			}
			s := n.Machine.Status()
			if s.Syncing {
				h.fail(t, seed, "node %v is still in sync\n%v", n.ID, s)
			}
			if s.Quorate != s.Flags.Has(vq.Quorate) {
				h.fail(t, seed, "node %v: what is announced is not what is known\n%v", n.ID, s)
			}
			if d := n.Machine.Deadline(); !d.IsZero() && d.Before(h.c.Now) {
				h.fail(t, seed, "node %v: its deadline has passed", n.ID)
			}
			if enough := s.NodeVotes.Quorum <= s.Total; s.Quorate && !enough && !s.Flags.Has(vq.AutoTieBreaker|vq.DeviceMasterWins) {
				h.fail(t, seed, "node %v is quorate without votes\n%v", n.ID, s)
			} else if !s.Quorate && enough && !s.AllAwaited {
				h.fail(t, seed, "node %v has votes and is not quorate\n%v", n.ID, s)
			}
		}
	}
}

// TestDeterminism: equal histories give equal statuses and notices.
func TestDeterminism(t *testing.T) {
	for seed := range uint64(60) {
		a, b := newHistory(t, seed, anyKind), newHistory(t, seed, anyKind)
		for range 400 {
			a.random(true)
			b.random(true)
		}
		for i, n := range a.c.Nodes() {
			o := b.c.Nodes()[i]
			if !reflect.DeepEqual(n.Notices, o.Notices) || !reflect.DeepEqual(n.Answers, o.Answers) || !reflect.DeepEqual(a.c.Status(n.ID), b.c.Status(o.ID)) {
				t.Fatalf("seed %d: two runs differ on node %v", seed, n.ID)
			}
		}
	}
}
