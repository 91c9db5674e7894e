// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package votequorum

import (
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// syncStart takes note of a new ring. Nothing is counted anew before the
// members have told their votes.
func (m *Machine) syncStart(now time.Time, in SyncStart) {
	m.sync = sync{running: true}
	if len(in.Members) > 1 {
		m.us.flags.put(nodeFirst, false)
	}
	left := false
	for _, id := range m.members {
		if slices.Contains(in.Members, id) {
			continue
		}
		left = true
		if n := m.node(id); n != nil {
			n.state = qnet.NodeStateDead
		}
	}
	if m.lastManMoves(len(in.Members), left) {
		m.lastMan = now.Add(m.set.window)
	}
	m.before, m.members, m.ring = m.members, slices.Clone(in.Members), in.Ring
	if m.us.flags.has(nodeRegistered) && m.us.flags.has(nodeAlive) {
		m.arm(now.Add(m.set.syncTimeout))
		m.sync.waiting = true
		m.note(Info, "waiting for the poll of quorum device "+m.device.name+", at most "+m.set.syncTimeout.String())
	}
}

// lastManMoves reports whether last_man_standing's window begins anew: the ring
// has lost a node and still has a quorum of nodes, or is the tie-breaker's part.
func (m *Machine) lastManMoves(members int, left bool) bool {
	if !m.set.lastManStanding {
		return false
	}
	n, quorum := int64(members), int64(m.quorum)
	return n >= quorum && left ||
		n <= quorum && m.set.tie != TieNone && m.isMember(m.lowest)
}

// syncProcess tells the others what they need, and those who track the ring.
func (m *Machine) syncProcess() {
	if !m.sync.running {
		return
	}
	m.sync.processing = true
	if m.sync.sent {
		return
	}
	m.sync.sent = true
	m.sendNode(m.us)
	m.sendDevice()
	if m.device.name != "" {
		m.multicast(DeviceRegistration{Register: true, Name: m.device.name})
	}
	m.emit(NodeListNotice{Ring: m.ring, Members: slices.Clone(m.members)})
}

// finishSync ends this node's part of a sync unless it waits for the device.
func (m *Machine) finishSync() {
	s := &m.sync
	if !s.running || !s.processing || s.done || s.waiting && m.us.flags.has(nodeRegistered) {
		return
	}
	s.done = true
	m.emit(SyncDone{})
}

// syncActivate ends the sync: all have told, and the result is announced.
func (m *Machine) syncActivate() {
	if !m.sync.running {
		return
	}
	m.recalculate(false, false)
	m.announce()
	m.sync = sync{}
}

// announce tells the quorum service and those who track votequorum.
func (m *Machine) announce() {
	m.shown = announced{quorate: m.quorate, ring: m.ring, members: slices.Clone(m.members)}
	m.emit(m.Quorum())
}

// NodeList returns the notice of the last ring, for a client that begins to track.
func (m *Machine) NodeList() NodeListNotice {
	return NodeListNotice{Ring: m.ring, Members: slices.Clone(m.members)}
}

// Quorum returns the notice of the present state, for a client that begins to
// track. In the middle of a sync it is what has been counted so far.
func (m *Machine) Quorum() QuorumNotice {
	nodes := make(qnet.NodeList, 0, len(m.nodes)+1)
	for _, n := range m.nodes {
		nodes = append(nodes, qnet.Node{ID: n.id, State: n.state})
	}
	if m.us.flags.has(nodeRegistered) {
		nodes = append(nodes, qnet.Node{})
	}
	return QuorumNotice{Quorate: m.quorate, Ring: m.ring, Members: slices.Clone(m.members), Nodes: nodes}
}
