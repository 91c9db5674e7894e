// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package vqtest runs the votequorum machines of a cluster on the model of Totem that
// the simulator and the laboratory use, under virtual time, as the scripts say which
// were played on real nodes, too. It is for tests; nothing that ships imports it.
//
// # Limitations
//
// Rings form at once: the time that Totem takes to notice a loss is left out. Nodes
// either reach each other or do not, in both directions.
package vqtest

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/timing"
	"github.com/quorate/quorate/internal/totem"
	vq "github.com/quorate/quorate/internal/votequorum"
)

// Cluster is a set of nodes. The zero value is not usable: see New.
type Cluster struct {
	Now   time.Time
	Order []qnet.NodeID // who speaks first in Run; empty: see Run
	nodes []*Node       // by ID
	seq   uint64
}

// Node is one node of a Cluster.
type Node struct {
	totem.Member
	Machine *vq.Machine // nil while the node is down
	Config  vq.Config   // for its next start
	Barrier uint32      // what it last wanted to keep; like Corosync 3.1.7, it starts without it
	Answers []vq.Answer // since the node started
	Notices []vq.Output // Notice, QuorumNotice, NodeListNotice and ExpectedVotesNotice since it started

	part    int // nodes of the same part reach each other
	device  device
	pollDue time.Time
	calls   vq.Call
}

// device is what plays a node's quorum device.
type device struct {
	name string
	mute bool // it does not poll
	cast bool
}

// New returns a cluster without nodes, at an instant.
func New(now time.Time) *Cluster { return &Cluster{Now: now} }

// Add adds a node that is down. Its configuration's Node is its ID.
func (c *Cluster) Add(cfg vq.Config) {
	n := &Node{Member: totem.Member{ID: cfg.Node}, Config: cfg}
	i, _ := slices.BinarySearchFunc(c.nodes, n.ID, func(o *Node, id qnet.NodeID) int { return cmp.Compare(o.ID, id) })
	c.nodes = slices.Insert(c.nodes, i, n)
}

// Node returns a node, or nil.
func (c *Cluster) Node(id qnet.NodeID) *Node {
	for _, n := range c.nodes {
		if n.ID == id {
			return n
		}
	}
	return nil
}

// Nodes returns all nodes, by ID.
func (c *Cluster) Nodes() []*Node { return slices.Clone(c.nodes) }

// Up starts nodes. Each forms a ring of its own first, as a real one does, and
// joins the others in the next Settle.
func (c *Cluster) Up(ids ...qnet.NodeID) error {
	for _, id := range ids {
		if err := c.Start(id); err != nil {
			return err
		}
		c.Run()
	}
	return nil
}

// Start starts a node in a ring of its own, and delivers nothing in it yet.
func (c *Cluster) Start(id qnet.NodeID) error {
	n := c.Node(id)
	if n == nil || n.Machine != nil {
		return fmt.Errorf("node %v is up already, or there is no such node", id)
	}
	m, outs, err := vq.New(n.Config, c.Now, 0)
	if err != nil {
		return err
	}
	n.Member.Start()
	n.Machine, n.Answers, n.Notices = m, nil, nil
	n.device, n.pollDue = device{}, time.Time{}
	n.perform(c, outs)
	c.form([]*Node{n})
	return nil
}

// Down kills nodes. The others notice in the next Settle.
func (c *Cluster) Down(ids ...qnet.NodeID) {
	for _, id := range ids {
		if n := c.Node(id); n != nil {
			n.Machine = nil
			n.Stop()
		}
	}
}

// Leave stops a node in an orderly way. The others notice in the next Settle.
func (c *Cluster) Leave(id qnet.NodeID) {
	c.Do(id, vq.Leave{})
	c.Down(id)
}

// Split parts the cluster: each group reaches only itself. Nodes that are in no
// group keep together. The nodes notice in the next Settle.
func (c *Cluster) Split(groups ...[]qnet.NodeID) {
	for _, n := range c.nodes {
		n.part = slices.IndexFunc(groups, func(g []qnet.NodeID) bool { return slices.Contains(g, n.ID) })
	}
}

// Do gives a node an input and lets all messages through. It returns false if
// the node is down.
func (c *Cluster) Do(id qnet.NodeID, in vq.Input) bool {
	ok := c.Give(id, in)
	c.Run()
	return ok
}

// Give gives a node an input and delivers no message. It returns false if the
// node is down.
func (c *Cluster) Give(id qnet.NodeID, in vq.Input) bool {
	n := c.Node(id)
	if n == nil || n.Machine == nil {
		return false
	}
	n.step(c, in)
	return true
}

// Settle forms rings where the nodes that reach each other are not in one, and
// lets all messages through.
func (c *Cluster) Settle() {
	c.Reform()
	c.Run()
}

// Reform forms rings where the nodes that reach each other are not in one, and
// delivers nothing in them yet.
func (c *Cluster) Reform() {
	up := slices.DeleteFunc(slices.Clone(c.nodes), func(n *Node) bool { return n.Machine == nil })
	slices.SortStableFunc(up, func(a, b *Node) int { return cmp.Compare(a.part, b.part) })
	for _, group := range totem.Groups(up, func(a, b *Node) bool { return a.part == b.part }) {
		if !whole(group) {
			c.form(group)
		}
	}
}

// whole reports whether the nodes are in one ring with nobody else.
func whole(group []*Node) bool {
	r := group[0].Ring
	return r != nil && len(r.Members) == len(group) && !slices.ContainsFunc(group, func(n *Node) bool { return n.Ring != r })
}

// Run delivers messages until there are none left. Totem promises one order,
// not which: Order says who is the first to speak.
func (c *Cluster) Run() {
	for moved := true; moved; {
		moved = false
		for _, id := range c.order() {
			for c.DeliverOne(id) {
				moved = true
			}
		}
	}
}

// order is Order with those that it leaves out. Without it the last member of
// a ring comes first: it is often the first to hear that a step of the sync is
// complete, as the token that brings the others' messages lets it send its own.
func (c *Cluster) order() []qnet.NodeID {
	ids := slices.Clone(c.Order)
	for _, last := range []bool{true, false} {
		for _, n := range c.nodes {
			if n.last() == last && !slices.Contains(ids, n.ID) {
				ids = append(ids, n.ID)
			}
		}
	}
	return ids
}

// DeliverOne delivers the next message of its ring to a node, and reports
// whether there was one.
func (c *Cluster) DeliverOne(id qnet.NodeID) bool {
	n := c.Node(id)
	return n != nil && c.deliver(n)
}

// Advance lets time pass: timers run and devices poll at their instants.
func (c *Cluster) Advance(d time.Duration) {
	end := c.Now.Add(d)
	for {
		var next *Node
		at := end
		for _, n := range c.nodes {
			if due := n.due(); timing.Due(at, due) && (next == nil || due.Before(at)) {
				next, at = n, due
			}
		}
		if at.After(c.Now) {
			c.Now = at
		}
		if next == nil {
			return
		}
		next.wake(c)
		c.Run()
	}
}
