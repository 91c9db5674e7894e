// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package votequorum

import (
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// deliver applies a message. Every member of the ring applies the same
// messages in the same order.
func (m *Machine) deliver(in Deliver) {
	switch msg := in.Msg.(type) {
	case NodeInfo:
		if msg.Node == 0 {
			m.deviceInfo(in.From, msg.Votes)
		} else {
			m.nodeInfo(msg)
		}
	case Reconfigure:
		m.reconfigure(msg)
	case DeviceRegistration:
		m.registration(in.From, msg)
	case DeviceRename:
		if msg.Old == m.device.name {
			m.device.name = msg.New
		}
	}
}

// nodeInfo takes over what a node says of itself.
func (m *Machine) nodeInfo(msg NodeInfo) {
	n, known := m.node(msg.Node), true
	if n == nil {
		n, known = m.add(msg.Node), false
	}
	old := *n
	n.flags, n.votes, n.state = msg.Flags, msg.Votes, qnet.NodeStateMember
	decrease, byNodes := false, false
	if n.flags.has(nodeLeaving) {
		n.state, decrease, byNodes = qnet.NodeStateLeaving, true, true
	}
	if !m.quorate && n.flags.has(nodeQuorate) {
		decrease = true
		m.us.expected = msg.Expected
	}
	if n.flags.has(nodeQuorate) || m.set.tracking {
		n.expected = msg.Expected
	} else {
		n.expected = m.us.expected
	}
	if m.set.lastManStanding && n.votes > 1 {
		m.note(Warning, "last_man_standing disabled: node "+n.id.String()+" has more than one vote")
		m.set.lastManStanding, m.lastMan = false, time.Time{}
	}
	if !known || n == m.us || n.flags.has(nodeFirst) || old != *n {
		m.recalculate(decrease, byNodes)
	}
	if m.set.waitForAll && !n.flags.has(nodeWaiting) && n.flags.has(nodeQuorate) {
		m.setWaiting(false)
	}
}

// deviceInfo takes over a member's idea of the device's votes: that of a
// quorate node if this one is not, else the higher one.
func (m *Machine) deviceInfo(from qnet.NodeID, votes uint32) {
	sender := m.node(from)
	if sender == nil {
		return
	}
	old := m.device.votes
	if m.quorate || !sender.flags.has(nodeQuorate) {
		votes = max(votes, old)
	}
	if m.device.votes = votes; votes != old {
		m.recalculate(false, false)
	}
}

func (m *Machine) reconfigure(msg Reconfigure) {
	switch msg.Param {
	case ParamExpectedVotes:
		m.expectAll(msg.Value)
		m.emit(ExpectedVotesNotice{Votes: m.us.expected})
		m.floor = msg.Value
		if m.set.tracking {
			m.us.expected = max(m.us.expected, m.barrier)
		}
		m.recalculate(true, false)
	case ParamNodeVotes:
		if msg.Node == 0 {
			m.device.votes = msg.Value
		} else if n := m.node(msg.Node); n != nil {
			n.votes = msg.Value
		} else {
			return
		}
		m.recalculate(true, false)
	case ParamCancelWaitForAll:
		m.setWaiting(false)
		m.note(Info, "wait_for_all was cancelled on node "+msg.Node.String())
		m.recalculate(false, false)
	}
}

// registration takes note of a device's name, and of this node's own device.
func (m *Machine) registration(from qnet.NodeID, msg DeviceRegistration) {
	if !msg.Register {
		if !slices.ContainsFunc(m.nodes, func(n *node) bool {
			return n.state == qnet.NodeStateMember && n.flags.has(nodeRegistered)
		}) {
			m.device.name = ""
		}
		return
	}
	if from != m.us.id {
		if m.device.name == "" {
			m.device.name = msg.Name
		}
		return
	}
	if m.us.flags.has(nodeRegistered) || !m.device.registering {
		return // an echo of what the sync has sent
	}
	if m.device.name == "" {
		m.device.name = msg.Name
	}
	code := ErrExist
	if msg.Name == m.device.name {
		m.us.flags.put(nodeRegistered, true)
		m.sendDevice()
		m.sendNode(m.us)
		code = OK
	} else {
		m.note(Warning, "quorum device "+msg.Name+" refused: "+m.device.name+" is registered")
	}
	m.device.registering = false
	m.answer(m.device.call, code)
}
