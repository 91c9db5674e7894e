// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package core

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/timing"
	"github.com/quorate/quorate/internal/totem"
	"github.com/quorate/quorate/internal/votequorum"
)

// node is one node: its Totem, its votequorum, and what the engine knows of it.
type node struct {
	totem.Member
	votes   votequorum.Config   // for its next start
	machine *votequorum.Machine // nil while it is down
	answers []votequorum.Answer // to be emitted by drain
	notices []votequorum.Output // the same: Notice, QuorumNotice, NodeListNotice and ExpectedVotesNotice

	frozen bool
	left   bool      // it went down in an orderly way
	due    time.Time // when it is ready to form another ring; zero: it has no reason to
	held   []Input   // what a frozen or syncing node has yet to answer, in order
	data   data
	lost   totem.Loss // of its ring, as refresh has found it
}

func (n *node) up() bool    { return n.machine != nil }
func (n *node) awake() bool { return n.up() && !n.frozen }
func (n *node) syncs() bool { return n.machine.Syncing() }
func (n *node) waits() bool { return n.machine.Status().DeviceAwaited }

// quorate reports what was counted last.
func (n *node) quorate() bool {
	v, _ := n.machine.NodeVotes(0)
	return v.Flags.Has(votequorum.Quorate)
}

// Machine is a cluster. Its methods must be called from one goroutine.
type Machine struct {
	cfg     Config
	now     time.Time
	nodes   []*node // by ID
	seq     uint64  // of the last ring
	changes uint64  // of the shared data, on whatever node
	split   bool    // Split was emitted, and is so still
	links   []Link  // of nodes i and j: at i*len(nodes)+j, and the other way round
	out     []Output
}

// New returns a cluster whose nodes are down and whose links are up.
func New(cfg Config, now time.Time) (*Machine, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	m := &Machine{cfg: cfg, now: now, links: make([]Link, len(cfg.Votes.Nodes)*len(cfg.Votes.Nodes))}
	if err := m.Check(cfg.Votes); err != nil {
		return nil, err
	}
	for _, c := range cfg.Votes.Nodes {
		n := &node{Member: totem.Member{ID: c.ID}, votes: cfg.Votes}
		n.votes.Node = c.ID
		m.nodes = append(m.nodes, n)
	}
	slices.SortFunc(m.nodes, func(a, b *node) int { return cmp.Compare(a.ID, b.ID) })
	return m, nil
}

// Check reports what is wrong with a configuration for Reload.
func (m *Machine) Check(votes votequorum.Config) error {
	if !slices.EqualFunc(votes.Nodes, m.cfg.Votes.Nodes, func(a, b votequorum.ConfigNode) bool { return a.ID == b.ID }) {
		return errors.New("engine: the node list must stay the same")
	}
	for _, n := range votes.Nodes {
		votes.Node = n.ID
		if _, _, err := votequorum.New(votes, m.now, 0); err != nil {
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
			at = timing.Earliest(at, n.machine.Deadline())
		}
	}
	for _, g := range m.groups() {
		at = timing.Earliest(at, dueOf(g))
	}
	return at
}

// tick lets time pass: each timer runs at its own instant.
func (m *Machine) tick(now time.Time) {
	for {
		at := m.Deadline()
		if !timing.Due(now, at) {
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
	if at.After(m.now) {
		m.now = at
	}
}

// fire does what is due.
func (m *Machine) fire() {
	for _, n := range m.nodes {
		if !n.awake() {
			continue
		}
		if timing.Due(m.now, n.machine.Deadline()) {
			m.step(n, votequorum.Tick{})
		}
	}
	for _, g := range m.groups() {
		if timing.Due(m.now, dueOf(g)) {
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

// watchSplit notices when two partitions begin to be active at once.
func (m *Machine) watchSplit() {
	var parts [][]qnet.NodeID
	var rings []*totem.Ring
	for _, n := range m.nodes {
		if !m.active(n) {
			continue
		}
		if !slices.Contains(rings, n.Ring) {
			rings, parts = append(rings, n.Ring), append(parts, n.Ring.IDs())
		}
	}
	if len(parts) > 1 && !m.split {
		m.emit(Split{Parts: parts})
	}
	m.split = len(parts) > 1
}

// active reports whether a node can change anything.
func (m *Machine) active(n *node) bool { return m.settled(n) && n.quorate() }

// drain emits what the nodes have noticed and answered.
func (m *Machine) drain() {
	for _, n := range m.nodes {
		for _, a := range n.answers {
			m.emit(Answer{Node: n.ID, Call: a.Call, Code: a.Code})
		}
		for _, o := range n.notices {
			if l, ok := o.(votequorum.Notice); ok {
				m.emit(Log{Node: n.ID, Notice: l})
			} else {
				m.emit(Event{Node: n.ID, Notice: o})
			}
		}
		n.answers, n.notices = nil, nil
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
	machine, outs, err := votequorum.New(n.votes, m.now, 0)
	if err != nil {
		return // it can't be: Check has tried the configuration
	}
	n.Start()
	n.machine, n.answers, n.notices = machine, nil, nil
	n.frozen, n.left, n.due, n.held = false, false, time.Time{}, nil
	n.perform(outs)
	m.form([]*node{n})
}

// step gives a node's votequorum an input, and does what it wants done.
func (m *Machine) step(n *node, in votequorum.Input) { n.perform(n.machine.Step(m.now, in)) }

// perform does what a node's votequorum wants done.
func (n *node) perform(outs []votequorum.Output) {
	for _, o := range outs {
		switch o := o.(type) {
		case votequorum.Multicast:
			n.Send(o.Msg)
		case votequorum.SyncDone:
			n.EndSync()
		case votequorum.Answer:
			n.answers = append(n.answers, o)
		case votequorum.Persist: // like Corosync 3.1.7, a node starts without what it kept
		default:
			n.notices = append(n.notices, o)
		}
	}
}

func (m *Machine) stop(id qnet.NodeID, orderly bool) {
	n := m.node(id)
	if n == nil || !n.up() || (orderly && n.frozen) {
		return
	}
	if orderly {
		m.step(n, votequorum.Leave{})
		m.refresh()
		m.deliver()
		m.drain()
	}
	n.machine = nil
	n.Stop()
	for _, in := range n.held {
		m.refuse(id, in)
	}
	n.left, n.frozen, n.held, n.answers, n.notices = orderly, false, nil, nil, nil
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
		n.votes = votes
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
			m.step(n, in.In)
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
