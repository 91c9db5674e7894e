// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package outlook

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
	vq "github.com/quorate/quorate/internal/votequorum"
	"github.com/quorate/quorate/internal/votequorum/vqtest"
)

// world is a cluster of votequorum machines, all up, with their devices.
type world struct {
	cfg    vq.Config
	device map[qnet.NodeID]bool // casts; nodes without an entry have none
	master bool
}

func (w *world) start(t *testing.T) *vqtest.Cluster {
	t.Helper()
	c := vqtest.New(time.Unix(0, 0))
	for _, n := range w.cfg.Nodes {
		cfg := w.cfg
		cfg.Node = n.ID
		c.Add(cfg)
	}
	for _, n := range w.cfg.Nodes {
		if err := c.Up(n.ID); err != nil {
			t.Fatal(err)
		}
	}
	c.Settle()
	for _, n := range w.cfg.Nodes {
		if cast, ok := w.device[n.ID]; ok {
			c.Device(n.ID, "Qdevice", cast, false)
			if w.master {
				c.Do(n.ID, vq.MasterWins{Name: "Qdevice", Allow: true})
			}
		}
	}
	c.Settle()
	return c
}

// snapshot is what quorate status sees on a node.
func (w *world) snapshot(c *vqtest.Cluster, at qnet.NodeID) *status.Quorum {
	s := c.Status(at)
	q := &status.Quorum{
		NodeID: at, Ring: s.Ring, Quorate: s.Quorate, Device: &status.Device{Algorithm: qnet.FFSplit},
		Votequorum: &status.Votequorum{
			Expected: s.Expected, HighestExpected: s.HighestExpected, Total: s.Total, Quorum: s.Quorum, Quorate: s.Flags.Has(vq.Quorate),
			TwoNode: s.Flags.Has(vq.TwoNode), WaitForAll: s.Flags.Has(vq.WaitForAll), AutoTieBreaker: s.Flags.Has(vq.AutoTieBreaker),
			TieBreakerNodes: w.cfg.AutoTieBreakerNode, DeviceVotes: s.DeviceVotes,
		},
	}
	for _, m := range s.Members {
		q.Members = append(q.Members, status.Member{
			ID: m.Node, Name: m.Name, Votes: m.Votes, Local: m.Local, Registered: m.Flags.Has(vq.DeviceRegistered),
			Alive: m.Flags.Has(vq.DeviceAlive), Cast: m.Flags.Has(vq.DeviceCastVote), MasterWins: m.Flags.Has(vq.DeviceMasterWins),
		})
	}
	return q
}

// random makes a cluster of up to five nodes.
func random(r *rand.Rand) *world {
	w := &world{device: map[qnet.NodeID]bool{}}
	for id := range qnet.NodeID(1 + r.IntN(5)) {
		if id += 1; r.IntN(8) == 0 {
			id += 2147483647 // counts as negative
		}
		w.cfg.Nodes = append(w.cfg.Nodes, vq.ConfigNode{ID: id, Name: fmt.Sprint("n", id), Votes: []uint32{1, 1, 1, 2, 0, 100}[r.IntN(6)]})
	}
	switch r.IntN(4) {
	case 0, 1:
		w.cfg.Device = &vq.Device{Votes: int64(r.IntN(4))}
		w.master = r.IntN(6) == 0
		for _, n := range w.cfg.Nodes {
			if r.IntN(5) > 0 {
				w.device[n.ID] = r.IntN(4) > 0
			}
		}
	case 2:
		w.cfg.AutoTieBreaker = true
		w.cfg.AutoTieBreakerNode = []string{"", "lowest", "highest", "2 1 3", "3"}[r.IntN(5)]
	case 3:
		w.cfg.TwoNode = len(w.cfg.Nodes) == 2
	}
	if r.IntN(3) == 0 {
		w.cfg.WaitForAll = vq.On
	}
	return w
}

// TestLikeMachines: what is counted for each member that is left is what its
// votequorum counts after the loss, in random clusters.
func TestLikeMachines(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	quorate, lost := 0, 0
	for range 3000 {
		w := random(r)
		c := w.start(t)
		ids := configured(w.snapshot(c, w.cfg.Nodes[0].ID))
		at := ids[r.IntN(len(ids))]
		q := w.snapshot(c, at)
		if !q.Quorate {
			continue
		}
		gone := append([]qnet.NodeID{0}, ids...)[r.IntN(len(ids)+1)] // 0: the arbiter
		left := slices.DeleteFunc(slices.Clone(q.Members), func(m status.Member) bool { return m.ID == gone })
		cast := map[qnet.NodeID]bool{}
		if gone == 0 {
			for id := range w.device {
				c.Device(id, "Qdevice", false, false)
			}
		} else {
			for id, v := range w.device {
				cast[id] = v && id != gone
			}
			c.Down(gone)
		}
		c.Settle()
		for _, m := range left {
			quorate++
			if w.cfg.WaitForAll == vq.On && !c.Status(m.ID).Flags.Has(vq.Quorate) && !w.wasQuorate(t, m.ID) {
				continue // it was waiting before, which another node can't see
			}
			s := c.Status(m.ID)
			votes, needed, ok := count(q, left, cast, m.ID)
			if ok != s.Quorate || votes != s.Total || needed != s.Quorum {
				t.Fatalf("%+v, devices %v, master wins %v: node %v lost, seen by node %v: node %v has got %d of %d, %v, want %d of %d, %v",
					w.cfg, w.device, w.master, gone, at, m.ID, votes, needed, ok, s.Total, s.Quorum, s.Quorate)
			}
			if !ok {
				lost++
			}
		}
	}
	if quorate < 2000 || lost < 200 {
		t.Errorf("looked at %d nodes, %d of which lost quorum: too few to tell", quorate, lost)
	}
}

func (w *world) wasQuorate(t *testing.T, id qnet.NodeID) bool { return w.start(t).Status(id).Quorate }

// TestQuorumStays: the quorum that a node has reached never goes down by a loss, though
// fewer votes were more than half of what it expects.
func TestQuorumStays(t *testing.T) {
	q := &status.Quorum{Votequorum: &status.Votequorum{Expected: 3, HighestExpected: 3, Quorum: 3}}
	left := []status.Member{{ID: 1, Votes: 1}, {ID: 2, Votes: 1}}
	if votes, needed, quorate := count(q, left, nil, 1); votes != 2 || needed != 3 || quorate {
		t.Errorf("%d of %d, quorate %v", votes, needed, quorate)
	}
}

// TestTieBreakerNodes: auto_tie_breaker_node is read as Corosync reads it, whatever follows
// its numbers.
func TestTieBreakerNodes(t *testing.T) {
	members := []status.Member{{ID: 1, Votes: 1}, {ID: 2, Votes: 1}, {ID: 3, Votes: 1}, {ID: 4, Votes: 1}}
	for nodes, want := range map[string]bool{
		"": true, "lowest": true, "highest": false, "4 1": false, "1 4": true, "2,4": true, "2 x": true, "+2": true, "9 4": false, "9 2": true, "x": false, "0": false,
	} {
		q := &status.Quorum{Members: members, Votequorum: &status.Votequorum{Expected: 4, HighestExpected: 4, Quorum: 3, AutoTieBreaker: true, TieBreakerNodes: nodes}}
		if got := winsTie(q, members[:2], 2, 3); got != want {
			t.Errorf("%q: the half of nodes 1 and 2 wins: %v, want %v", nodes, got, want)
		}
	}
}
