// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package votequorum

import "time"

// maxName is the length of the longest name of a device, in bytes.
const maxName = 254

func badName(s string) bool { return s == "" || len(s) > maxName }

func (m *Machine) register(in Register) {
	switch {
	case badName(in.Name):
		m.answer(in.Call, ErrInvalidParam)
	case !m.set.deviceAllowed:
		m.answer(in.Call, ErrAccess)
	case m.us.flags.has(nodeRegistered) && in.Name == m.device.name:
		m.answer(in.Call, OK)
	case m.us.flags.has(nodeRegistered):
		m.answer(in.Call, ErrExist)
	case m.device.registering:
		m.answer(in.Call, ErrTryAgain)
	default:
		m.device.registering, m.device.call = true, in.Call
		m.multicast(DeviceRegistration{Register: true, Name: in.Name})
	}
}

func (m *Machine) unregister(in Unregister) Code {
	switch {
	case badName(in.Name):
		return ErrInvalidParam
	case !m.us.flags.has(nodeRegistered):
		return ErrNotExist
	case in.Name != m.device.name:
		return ErrInvalidParam
	}
	if m.device.armed {
		m.disarm()
		m.sync.waiting = false
	}
	m.us.flags.put(nodeRegistered|nodeAlive|nodeCast|nodeMasterWins, false)
	m.sendNode(m.us)
	m.multicast(DeviceRegistration{Name: in.Name})
	return OK
}

func (m *Machine) rename(in Rename) Code {
	switch {
	case badName(in.Old) || badName(in.New):
		return ErrInvalidParam
	case !m.us.flags.has(nodeRegistered):
		return ErrNotExist
	case in.Old != m.device.name:
		return ErrInvalidParam
	}
	m.multicast(DeviceRename{Old: in.Old, New: in.New})
	return OK
}

func (m *Machine) poll(now time.Time, in Poll) Code {
	switch {
	case badName(in.Name):
		return ErrInvalidParam
	case !m.set.deviceAllowed:
		return ErrAccess
	case !m.us.flags.has(nodeRegistered):
		return ErrNotExist
	case in.Ring != m.ring:
		return ErrMessageFormat
	case in.Name != m.device.name:
		return ErrInvalidParam
	}
	old := m.us.flags
	m.us.flags.put(nodeAlive, true)
	m.us.flags.put(nodeCast, in.Cast)
	if m.us.flags != old {
		m.sendNode(m.us)
	}
	m.arm(now.Add(m.set.deviceTimeout))
	m.sync.waiting = false
	return OK
}

func (m *Machine) masterWins(in MasterWins) Code {
	switch {
	case badName(in.Name):
		return ErrInvalidParam
	case !m.set.deviceAllowed:
		return ErrAccess
	case !m.us.flags.has(nodeRegistered):
		return ErrNotExist
	case in.Name != m.device.name:
		return ErrInvalidParam
	}
	old := m.us.flags
	m.us.flags.put(nodeMasterWins, in.Allow)
	if m.us.flags != old {
		m.sendNode(m.us)
	}
	m.device.masterWins = in.Allow
	return OK
}

// setExpected refuses less votes than there are, and so many that a quorate
// node would not be quorate any more.
func (m *Machine) setExpected(votes uint32) Code {
	quorum, total := m.count(true, votes, false)
	if votes < total || m.quorate && quorum > total {
		return ErrInvalidParam
	}
	m.expectAll(votes)
	m.multicast(Reconfigure{Param: ParamExpectedVotes, Node: m.us.id, Value: votes})
	return OK
}

// setVotes refuses votes with which there would be no quorum.
func (m *Machine) setVotes(in SetVotes) Code {
	votes := &m.device.votes
	if in.Node != 0 {
		n := m.node(in.Node)
		if n == nil {
			return ErrNameNotFound
		}
		votes = &n.votes
	}
	old := *votes
	*votes = in.Votes
	if quorum, total := m.count(true, 0, m.set.allowDownscale); quorum < total/2 || quorum > total {
		*votes = old
		return ErrInvalidParam
	}
	m.multicast(Reconfigure{Param: ParamNodeVotes, Node: in.Node, Value: in.Votes})
	return OK
}

// reload puts a changed configuration in force and tells the others.
func (m *Machine) reload(cfg Config) {
	cfg.Node = m.us.id
	if err := cfg.check(); err != nil {
		m.note(Error, "configuration refused, going on as before: "+err.Error())
		return
	}
	old := *m.us
	if err := m.configure(cfg, true); err != nil {
		m.note(Error, "configuration not in force: "+err.Error())
	}
	m.sendNode(m.us)
	m.sendDevice()
	if m.us.votes != old.votes {
		m.multicast(Reconfigure{Param: ParamNodeVotes, Node: m.us.id, Value: m.us.votes})
	}
	if m.us.expected != old.expected {
		m.multicast(Reconfigure{Param: ParamExpectedVotes, Node: m.us.id, Value: m.us.expected})
	}
}

// leave tells the others that this node stops, where that changes anything.
func (m *Machine) leave() {
	if m.set.allowDownscale {
		m.us.flags.put(nodeLeaving, true)
		m.sendNode(m.us)
	}
}
