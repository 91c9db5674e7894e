// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package engine

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorate/quorate/corosync"
	vqlib "github.com/quorate/quorate/corosync/votequorum"
	"github.com/quorate/quorate/internal/engine/core"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/votequorum"
)

func config(device bool) Config {
	cfg := Config{
		Config: core.Config{Votes: votequorum.Config{Nodes: votequorum.OneVoteEach(1, 2)}, Token: time.Second, Join: 100 * time.Millisecond},
		Keys: Keys{
			All: map[string]string{"totem.cluster_name": "lab"},
			Of:  map[qnet.NodeID]map[string]string{2: {"quorum.device.net.port": "4711"}},
		},
	}
	if device {
		cfg.Votes.Device = &votequorum.Device{Votes: 1, Timeout: 10 * time.Second, SyncTimeout: 5 * time.Second}
	}
	return cfg
}

// start starts a cluster whose nodes 1 and 2 are up and in one ring.
func start(t *testing.T, cfg Config) *Cluster {
	t.Helper()
	c, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	must(t, c.Do(core.Up{Node: 1}, core.Up{Node: 2}))
	time.Sleep(time.Second) // the bubble's clock
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, c *Cluster, id qnet.NodeID) *Node {
	t.Helper()
	n, err := c.Open(id)
	must(t, err)
	return n
}

// next waits for the next event of type E, at most a minute.
func next[E vqlib.Event](t *testing.T, n *Node) E {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		select {
		case e, ok := <-n.Events():
			if !ok {
				t.Fatalf("no event any more: %v", n.Err())
			}
			if e, ok := e.(E); ok {
				return e
			}
		case <-limit:
			t.Fatal("no event within a minute")
		}
	}
}

// TestDevice is what a node daemon does: it tracks, registers, and polls in a sync.
func TestDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, config(true))
		ctx := t.Context()
		n := open(t, c, 1)
		defer n.Close()
		ring := next[vqlib.NodeList](t, n).Ring
		if q := next[vqlib.Quorum](t, n); !q.Quorate {
			t.Errorf("two nodes of two: %+v", q)
		}
		if err := n.Poll(ctx, "Qdevice", true, ring); !errors.Is(err, corosync.ErrNotExist) {
			t.Errorf("poll before the registration: %v", err)
		}
		must(t, n.Register(ctx, "Qdevice"))
		must(t, n.Register(ctx, "Qdevice"))
		must(t, n.Poll(ctx, "Qdevice", true, ring))
		must(t, n.MasterWins(ctx, "Qdevice", false))

		down := time.Now()
		must(t, c.Do(core.Down{Node: 2}))
		list := next[vqlib.NodeList](t, n)
		if took := time.Since(down); took != time.Second || len(list.Members) != 1 {
			t.Errorf("after %v: %+v", took, list)
		}
		if err := n.Poll(ctx, "Qdevice", true, ring); !errors.Is(err, corosync.ErrMessage) {
			t.Errorf("poll with the old ring: %v", err)
		}
		info, err := n.Info(ctx, 0)
		must(t, err)
		if info.Node != 1 || info.Flags&vqlib.Registered == 0 {
			t.Errorf("in sync: %+v", info)
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if _, err := n.Keys(short); !errors.Is(err, corosync.ErrInterrupt) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("keys in a sync that waits for the device: %v", err)
		}
		must(t, n.Poll(ctx, "Qdevice", true, list.Ring))
		if q := next[vqlib.Quorum](t, n); !q.Quorate {
			t.Errorf("with the device's vote: %+v", q)
		}
		must(t, n.Unregister(ctx, "Qdevice"))
		if q := next[vqlib.Quorum](t, n); q.Quorate {
			t.Errorf("without the device: %+v", q)
		}
		if _, err := n.Info(ctx, 9); !errors.Is(err, corosync.ErrNotExist) {
			t.Errorf("an unknown node: %v", err)
		}
	})
}

func TestLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, config(true))
		n := open(t, c, 1)
		must(t, c.Do(core.Freeze{Node: 1}))
		failed := make(chan error)
		go func() { failed <- n.Register(t.Context(), "Qdevice") }()
		go func() { _, err := n.Keys(t.Context()); failed <- err }()
		synctest.Wait()
		must(t, c.Do(core.Down{Node: 1}))
		for range 2 {
			if err := <-failed; !errors.Is(err, corosync.ErrLibrary) {
				t.Errorf("a call of a node that goes down: %v", err)
			}
		}
		for range n.Events() {
		}
		if !errors.Is(n.Err(), corosync.ErrLibrary) {
			t.Errorf("Err: %v", n.Err())
		}
		if err := n.Poll(t.Context(), "Qdevice", true, corosync.RingID{}); !errors.Is(err, corosync.ErrLibrary) {
			t.Errorf("a call after the end: %v", err)
		}
		if _, err := c.Open(1); !errors.Is(err, corosync.ErrLibrary) {
			t.Errorf("open of a node that is down: %v", err)
		}
		// The next start of the node is none of the old client's business.
		must(t, c.Do(core.Up{Node: 1}))
		if err := n.Register(t.Context(), "Qdevice"); !errors.Is(err, corosync.ErrLibrary) {
			t.Errorf("a call after the next start: %v", err)
		}
		must(t, n.Close())
	})
}

// TestClose ends the cluster under its clients.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, config(true))
		n := open(t, c, 1)
		must(t, c.Do(core.Freeze{Node: 1}))
		failed := make(chan error)
		go func() { failed <- n.Register(t.Context(), "Qdevice") }()
		go func() { failed <- c.Change(t.Context(), 1, "k", "v") }()
		synctest.Wait()
		c.Close()
		for range 2 {
			if err := <-failed; err == nil {
				t.Error("a call on a closed cluster succeeds")
			}
		}
		if _, err := c.Open(2); err == nil {
			t.Error("open on a closed cluster succeeds")
		}
		if err := c.Do(core.Up{Node: 1}); !errors.Is(err, ErrClosed) {
			t.Errorf("do on a closed cluster: %v", err)
		}
		must(t, n.Close())
	})
}

// TestSlowClient lets a client not read for a thousand rings.
func TestSlowClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, config(false))
		n := open(t, c, 1)
		for range 1000 {
			must(t, c.Do(core.SetLink{A: 1, B: 2, To: core.LinkCut}))
			time.Sleep(200 * time.Millisecond)
			must(t, c.Do(core.SetLink{A: 1, B: 2, To: core.LinkUp}))
			time.Sleep(200 * time.Millisecond)
		}
		rings := 0
		for rings < 2001 {
			next[vqlib.NodeList](t, n)
			rings++
		}
		must(t, n.Close())
	})
}

func TestChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, config(false))
		must(t, c.Change(t.Context(), 1, "guest/web", "1"))
		began := time.Now()
		must(t, c.Do(core.Down{Node: 2}))
		var refused Refused
		err := c.Change(t.Context(), 1, "guest/web", "2")
		if !errors.As(err, &refused) || time.Since(began) != time.Second {
			t.Errorf("a change on half of the nodes: %v after %v", err, time.Since(began))
		}
		if err := c.Change(t.Context(), 2, "guest/web", "2"); !errors.Is(err, corosync.ErrLibrary) || !strings.Contains(err.Error(), "node 2 is down") {
			t.Errorf("a change on a node that is down: %v", err)
		}
		s, err := c.Status()
		must(t, err)
		if d := s.Nodes[1].Data; len(d) != 1 || d[0].Value != "1" {
			t.Errorf("node 2 has %v on its disk", d)
		}
	})
}

func TestKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, config(false))
		n := open(t, c, 2)
		defer n.Close()
		keys, err := n.Keys(t.Context())
		must(t, err)
		for k, want := range map[string]string{
			"totem.cluster_name": "lab", "nodelist.local_node_pos": "1", "runtime.votequorum.this_node_id": "2", "nodelist.node.1.nodeid": "2", "nodelist.node.0.name": "node1",
			"quorum.device.net.port": "4711",
		} {
			if keys[k] != want {
				t.Errorf("%s is %q, want %q", k, keys[k], want)
			}
		}
		votes := config(true).Votes
		must(t, c.Reload(votes, Keys{All: map[string]string{"quorum.device.model": "net"}}))
		<-n.Changes()
		keys, err = n.Keys(t.Context(), "quorum.device.")
		must(t, err)
		if len(keys) != 4 || keys["quorum.device.timeout"] != "10000" || keys["quorum.device.votes"] != "1" {
			t.Errorf("after the reload: %v", keys)
		}
		votes.Nodes = nil
		if err := c.Reload(votes, Keys{}); err == nil {
			t.Error("a reload with other nodes is taken")
		}
		select {
		case <-n.Changes():
			t.Error("a refused reload was told")
		default:
		}
	})
}
