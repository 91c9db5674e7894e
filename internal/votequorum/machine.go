// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package votequorum

import (
	"fmt"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/timing"
)

// node is what this node knows of a node.
type node struct {
	id       qnet.NodeID
	state    qnet.NodeState
	votes    uint32
	expected uint32
	flags    NodeFlags
}

// device is the quorum device: its votes are the same on every node, who casts
// them is in each node's flags.
type device struct {
	name       string
	votes      uint32
	masterWins bool // as this node's device asked for it

	registering bool // a registration of this node is under way
	call        Call // its call
	expires     time.Time
	armed       bool // Corosync's word for it; expires may be over already
}

// sync is how far the sync of the last ring is.
type sync struct {
	running    bool // SyncStart to SyncActivate
	processing bool // SyncProcess was seen
	sent       bool // what this node has to say was sent
	waiting    bool // for the device's poll
	done       bool // SyncDone was returned
}

// announced is what the quorum service was told last.
type announced struct {
	quorate bool
	ring    qnet.RingID
	members []qnet.NodeID
}

// Machine is the votequorum service of one node. Its methods must be called
// from one goroutine.
type Machine struct {
	set   settings
	names []ConfigNode

	us      *node
	nodes   []*node // all that were ever heard of, by ID
	device  device
	sync    sync
	shown   announced
	ring    qnet.RingID
	members []qnet.NodeID // of ring
	before  []qnet.NodeID // of the ring before

	quorum  uint32 // 0 to 255: see the package comment
	quorate bool
	waiting bool   // wait_for_all holds
	floor   uint32 // allow_downscale goes no further down
	barrier uint32 // the highest expected votes ever, if they are tracked
	lowest  qnet.NodeID
	highest qnet.NodeID

	lastMan time.Time // end of last_man_standing's window; zero is none

	out []Output
}

// New returns the machine of a node whose Corosync has just started, and what
// it has to do first. The barrier is what Persist last wrote: 0 for a new node.
// Corosync 3.1.7 closes its file before it writes to it, so that a real node
// always starts with 0. A configuration that Corosync would refuse is an error.
func New(cfg Config, now time.Time, barrier uint32) (*Machine, []Output, error) {
	if err := cfg.check(); err != nil {
		return nil, nil, fmt.Errorf("votequorum: %w", err)
	}
	m := &Machine{barrier: barrier}
	m.set = settings{deviceAllowed: true, deviceTimeout: DefaultDeviceTimeout, syncTimeout: DefaultDeviceSyncTimeout}
	m.us = m.add(cfg.Node)
	m.us.state, m.us.votes, m.us.flags = qnet.NodeStateMember, 1, nodeFirst
	if err := m.configure(cfg, false); err != nil {
		return nil, nil, fmt.Errorf("votequorum: %w", err)
	}
	m.recalculate(false, false)
	m.sendNode(m.us)
	return m, m.out, nil
}

// Step applies one input at the instant now and returns what to do, in order.
// Timers that are due at now run first. Equal histories give equal outputs. The
// returned slice is valid until the next Step.
func (m *Machine) Step(now time.Time, in Input) []Output {
	m.out = nil
	m.tick(now)
	switch in := in.(type) {
	case SyncStart:
		m.syncStart(now, in)
	case SyncProcess:
		m.syncProcess()
	case SyncActivate:
		m.syncActivate()
	case Deliver:
		m.deliver(in)
	case Reload:
		m.reload(in.Config)
	case CancelWaitForAll:
		m.multicast(Reconfigure{Param: ParamCancelWaitForAll, Node: m.us.id})
	case Leave:
		m.leave()
	case Tick:
	default:
		m.request(now, in)
	}
	m.finishSync()
	return m.out
}

// request applies what a client asks for.
func (m *Machine) request(now time.Time, in Input) {
	switch in := in.(type) {
	case Register:
		m.register(in)
	case Unregister:
		m.answer(in.Call, m.unregister(in))
	case Rename:
		m.answer(in.Call, m.rename(in))
	case Poll:
		m.answer(in.Call, m.poll(now, in))
	case MasterWins:
		m.answer(in.Call, m.masterWins(in))
	case SetExpected:
		m.answer(in.Call, m.setExpected(in.Votes))
	case SetVotes:
		m.answer(in.Call, m.setVotes(in))
	}
}

// Deadline is the next instant at which Step must be called with Tick, or the
// zero Time if there is none.
func (m *Machine) Deadline() time.Time {
	return timing.Earliest(m.device.expires, m.lastMan)
}

// tick runs every timer that is due, the earlier one first.
func (m *Machine) tick(now time.Time) {
	for {
		at := m.Deadline()
		if !timing.Due(now, at) {
			return
		}
		if at.Equal(m.device.expires) {
			m.device.expires = time.Time{}
			m.deviceExpired()
			continue
		}
		m.lastMan = time.Time{}
		if m.quorate {
			m.recalculate(true, true)
		}
	}
}

// deviceExpired: the device has not polled in time.
func (m *Machine) deviceExpired() {
	if !m.us.flags.has(nodeAlive) || !m.device.armed {
		return
	}
	m.us.flags.put(nodeAlive|nodeCast, false)
	m.note(Info, "lost contact with quorum device "+m.device.name)
	m.sendNode(m.us)
	m.device.armed = false
	m.sync.waiting = false
}

func (m *Machine) arm(at time.Time) { m.device.expires, m.device.armed = at, true }
func (m *Machine) disarm()          { m.device.expires, m.device.armed = time.Time{}, false }

// node returns what is known of a node, or nil.
func (m *Machine) node(id qnet.NodeID) *node {
	i, ok := slices.BinarySearchFunc(m.nodes, id, compareNode)
	if !ok {
		return nil
	}
	return m.nodes[i]
}

// add makes an entry for a node that is not known yet.
func (m *Machine) add(id qnet.NodeID) *node {
	i, _ := slices.BinarySearchFunc(m.nodes, id, compareNode)
	n := &node{id: id}
	m.nodes = slices.Insert(m.nodes, i, n)
	return n
}

func compareNode(n *node, id qnet.NodeID) int {
	switch {
	case n.id < id:
		return -1
	case n.id > id:
		return 1
	}
	return 0
}

func (m *Machine) emit(o Output)               { m.out = append(m.out, o) }
func (m *Machine) note(l Level, text string)   { m.emit(Notice{Level: l, Text: text}) }
func (m *Machine) multicast(msg Message)       { m.emit(Multicast{Msg: msg}) }
func (m *Machine) answer(call Call, code Code) { m.emit(Answer{Call: call, Code: code}) }
func (m *Machine) sendNode(n *node) {
	m.multicast(NodeInfo{Node: n.id, Votes: n.votes, Expected: n.expected, Flags: n.flags})
}

func (m *Machine) sendDevice() { m.multicast(NodeInfo{Votes: m.device.votes}) }
