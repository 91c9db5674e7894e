// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package core

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/votequorum"
	"github.com/quorate/quorate/internal/votequorum/vqtest"
)

// node is what the engine adds to a node of vqtest.
type node struct {
	*vqtest.Node
	frozen bool
	left   bool      // it went down in an orderly way
	due    time.Time // when it is ready to form another ring; zero: it has no reason to
	held   []Input   // what a frozen or syncing node has yet to answer, in order
	data   data

	// As refresh has found them: they stay so until a ring is formed, or an input
	// changes who reaches whom.
	list   votequorum.NodeListNotice
	broken breakage // of its ring
}

func (n *node) up() bool    { return n.Machine != nil }
func (n *node) awake() bool { return n.up() && !n.frozen }
func (n *node) syncs() bool { return n.Machine.Syncing() }
func (n *node) waits() bool { return n.Machine.Status().DeviceAwaited }

// quorate reports what was counted last.
func (n *node) quorate() bool {
	v, _ := n.Machine.NodeVotes(0)
	return v.Flags.Has(votequorum.Quorate)
}

// Machine is a cluster. Its methods must be called from one goroutine.
type Machine struct {
	cfg     Config
	vq      *vqtest.Cluster
	nodes   []*node // by ID
	changes uint64  // of the shared data, on whatever node
	split   bool    // Split was told, and is so still
	links   []Link  // of nodes i and j: at i*len(nodes)+j, and the other way round
	out     []Output
}

// New returns a cluster whose nodes are down and whose links are up.
func New(cfg Config, now time.Time) (*Machine, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	m := &Machine{cfg: cfg, vq: vqtest.New(now), links: make([]Link, len(cfg.Votes.Nodes)*len(cfg.Votes.Nodes))}
	if err := m.Check(cfg.Votes); err != nil {
		return nil, err
	}
	for _, n := range cfg.Votes.Nodes {
		votes := cfg.Votes
		votes.Node = n.ID
		m.vq.Add(votes)
	}
	for _, n := range m.vq.Nodes() {
		m.nodes = append(m.nodes, &node{Node: n})
	}
	return m, nil
}

// Check reports what is wrong with a configuration for Reload.
func (m *Machine) Check(votes votequorum.Config) error {
	if !slices.EqualFunc(votes.Nodes, m.cfg.Votes.Nodes, func(a, b votequorum.ConfigNode) bool { return a.ID == b.ID }) {
		return errors.New("engine: the node list must stay the same")
	}
	for _, n := range votes.Nodes {
		votes.Node = n.ID
		if _, _, err := votequorum.New(votes, m.vq.Now, 0); err != nil {
			return fmt.Errorf("engine: node %v: %w", n.ID, err)
		}
	}
	return nil
}

// Step applies one input at the instant now and returns what to do, in order.
// What was due before now happens first. Equal histories give equal outputs. The
// returned slice is valid until the next Step.
func (m *Machine) Step(now time.Time, in Input) []Output {
	m.out = nil
	m.tick(now)
	switch in := in.(type) {
	case Up:
		m.start(in.Node)
	case Down:
		m.stop(in.Node, false)
	case Leave:
		m.stop(in.Node, true)
	case Freeze:
		m.freeze(in.Node, true)
	case Thaw:
		m.freeze(in.Node, false)
	case SetLink:
		m.setLink(in)
	case Reload:
		m.reload(in.Votes)
	case Call:
		m.hold(in.Node, in)
	case Ask:
		m.hold(in.Node, in)
	case Change:
		m.hold(in.Node, in)
	}
	m.settle()
	m.tick(now) // a thawed node's timers are overdue
	return m.out
}

// Deadline is the next instant at which Step must be called with Tick, or the
// zero Time if there is none.
func (m *Machine) Deadline() time.Time {
	var at time.Time
	for _, n := range m.nodes {
		if n.awake() {
			at = earliest(at, n.Machine.Deadline())
		}
	}
	for _, g := range m.groups() {
		at = earliest(at, dueOf(g))
	}
	return at
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// tick lets time pass: each timer runs at its own instant.
func (m *Machine) tick(now time.Time) {
	for {
		at := m.Deadline()
		if at.IsZero() || at.After(now) {
			break
		}
		m.forward(at)
		m.fire()
		m.settle()
	}
	m.forward(now)
}

// forward moves the clock, and never back.
func (m *Machine) forward(at time.Time) {
	if at.After(m.vq.Now) {
		m.vq.Now = at
	}
}

// fire does what is due.
func (m *Machine) fire() {
	for _, n := range m.nodes {
		if !n.awake() {
			continue
		}
		if at := n.Machine.Deadline(); !at.IsZero() && !at.After(m.vq.Now) {
			m.vq.Give(n.ID, votequorum.Tick{})
		}
	}
	for _, g := range m.groups() {
		if at := dueOf(g); !at.IsZero() && !at.After(m.vq.Now) {
			m.form(g)
		}
	}
}

// settle carries on what an input has begun until nothing moves any more.
func (m *Machine) settle() {
	m.refresh()
	for moved := true; moved; {
		moved = m.deliver()
		m.drain()
		m.share()
		for _, n := range m.nodes {
			moved = m.serve(n) || moved
		}
		m.drain()
	}
	m.regroup()
	m.watchSplit()
}

// watchSplit tells when two partitions begin to be active at once.
func (m *Machine) watchSplit() {
	var parts [][]qnet.NodeID
	var rings []qnet.RingID
	for _, n := range m.nodes {
		if !m.active(n) {
			continue
		}
		if !slices.Contains(rings, n.list.Ring) {
			rings, parts = append(rings, n.list.Ring), append(parts, slices.Clone(n.list.Members))
		}
	}
	if len(parts) > 1 && !m.split {
		m.emit(Split{Parts: parts})
	}
	m.split = len(parts) > 1
}

// active reports whether a node can change anything.
func (m *Machine) active(n *node) bool { return m.settled(n) && n.quorate() }

// drain tells what the nodes have noticed and answered.
func (m *Machine) drain() {
	for _, n := range m.nodes {
		for _, a := range n.Answers {
			m.emit(Answer{Node: n.ID, Call: a.Call, Code: a.Code})
		}
		for _, o := range n.Notices {
			if l, ok := o.(votequorum.Notice); ok {
				m.emit(Log{Node: n.ID, Notice: l})
			} else {
				m.emit(Event{Node: n.ID, Notice: o})
			}
		}
		n.Answers, n.Notices = nil, nil
	}
}

// node returns a node, or nil.
func (m *Machine) node(id qnet.NodeID) *node {
	i := slices.IndexFunc(m.nodes, func(n *node) bool { return n.ID == id })
	if i < 0 {
		return nil
	}
	return m.nodes[i]
}

func (m *Machine) start(id qnet.NodeID) {
	n := m.node(id)
	if n == nil || n.up() {
		return
	}
	n.frozen, n.left, n.due, n.held = false, false, time.Time{}, nil
	_ = m.vq.Start(id) // it can't fail: Check has tried the configuration
}

func (m *Machine) stop(id qnet.NodeID, orderly bool) {
	n := m.node(id)
	if n == nil || !n.up() || (orderly && n.frozen) {
		return
	}
	if orderly {
		m.vq.Give(id, votequorum.Leave{})
		m.refresh()
		m.deliver()
		m.drain()
	}
	m.vq.Down(id)
	for _, in := range n.held {
		m.refuse(id, in)
	}
	n.left, n.frozen, n.held, n.Answers, n.Notices = orderly, false, nil, nil, nil
	m.emit(Lost{Node: id})
}

func (m *Machine) freeze(id qnet.NodeID, frozen bool) {
	if n := m.node(id); n != nil && n.up() {
		n.frozen = frozen
	}
}

// reload puts another configuration in force. One that Check refuses changes
// nothing; a frozen node takes it up when it goes on.
func (m *Machine) reload(votes votequorum.Config) {
	if m.Check(votes) != nil {
		return
	}
	for _, n := range m.nodes {
		votes.Node = n.ID
		n.Config = votes
		if n.up() {
			n.held = append(n.held, Call{Node: n.ID, In: votequorum.Reload{Config: votes}})
		}
	}
}

// hold takes a request of a node's client; serve answers it.
func (m *Machine) hold(id qnet.NodeID, in Input) {
	if n := m.node(id); n != nil && n.up() {
		n.held = append(n.held, in)
		return
	}
	m.refuse(id, in)
}

// refuse answers a request whose node is down.
func (m *Machine) refuse(id qnet.NodeID, in Input) {
	switch in := in.(type) {
	case Ask:
		m.emit(Answer{Node: id, Call: in.Call, Code: ErrDown, Why: "node " + id.String() + " is down"})
	case Change:
		m.emit(Answer{Node: id, Call: in.Call, Code: ErrDown, Why: "node " + id.String() + " is down"})
	}
}

// serve answers what a node can answer now, and reports whether it did
// anything. A request that must wait keeps back no other.
func (m *Machine) serve(n *node) bool {
	if !n.awake() {
		return false
	}
	moved := false
	held := n.held
	n.held = nil
	for _, in := range held {
		switch in := in.(type) {
		case Call:
			m.vq.Give(n.ID, in.In)
			moved = true
		case Ask:
			if n.waits() && !in.InSync {
				n.held = append(n.held, in)
				continue
			}
			m.emit(Answer{Node: n.ID, Call: in.Call, Code: votequorum.OK})
			moved = true
		case Change:
			if !m.settled(n) {
				n.held = append(n.held, in)
				continue
			}
			m.change(n, in)
			moved = true
		}
	}
	return moved
}

func (m *Machine) emit(o Output) { m.out = append(m.out, o) }
