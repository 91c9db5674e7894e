// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package totem

import (
	"slices"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/votequorum"
)

// State is what a node's Totem is doing.
type State uint8

// The states, with Totem's names. From any but Off it goes to Gather.
const (
	Off         State = iota // it does not run
	Operational              // in its ring
	Gather                   // in no ring: it looks who is there
	Commit                   // on its way into a ring that was formed
)

// Member is the Totem of one node. Only ID must be set before it is started.
type Member struct {
	ID    qnet.NodeID
	Seq   uint64 // the highest ring number that it knows; Corosync keeps it on disk
	State State
	Ring  *Ring // the last one that it was in; nil: none since it was started

	next   *Ring // with Commit: the one that it is on its way into
	pos    int   // in Ring.log; Invariant: 0 <= pos <= len(Ring.log)
	builds int   // members that have begun the sync, as far as it has delivered
	ends   int   // members that are done with it; Invariant: ends <= builds <= len(Ring.Members)
	queue  []entry
}

// Start has a node look for others. Of its life before it has kept Seq alone.
func (m *Member) Start() { *m = Member{ID: m.ID, Seq: m.Seq, State: Gather} }

// Stop ends it. The rings that it is a member of keep it, as one that is gone.
func (m *Member) Stop() { m.State, m.next = Off, nil }

// Gather has a node leave its ring, and look who is there. What it sends waits.
func (m *Member) Gather() { m.State, m.next = Gather, nil }

// In reports whether a node is in a ring, or on its way into it.
func (m *Member) In(r *Ring) bool {
	return m.State == Operational && m.Ring == r || m.State == Commit && m.next == r
}

// Enter brings a node into the ring that it is on its way into: what has waited is
// sent, and the sync begins. Sync marks of an old ring end with it. It returns what
// votequorum is to be told.
func (m *Member) Enter() votequorum.SyncStart {
	m.State, m.Ring, m.next = Operational, m.next, nil
	m.pos, m.builds, m.ends = 0, 0, 0
	m.queue = slices.DeleteFunc(m.queue, func(e entry) bool { return e.step != message })
	m.Resume()
	m.append(entry{from: m.ID, step: build})
	return votequorum.SyncStart{Ring: m.Ring.ID, Members: m.Ring.IDs()}
}

// Send sends a message. It reports whether the ring has it, and does not have to
// wait for the token or for another ring.
func (m *Member) Send(msg votequorum.Message) bool { return m.append(entry{from: m.ID, msg: msg}) }

// EndSync says that the node's votequorum is done with the sync. It reports whether
// the ring has it.
func (m *Member) EndSync() bool { return m.append(entry{from: m.ID, step: barrier}) }

func (m *Member) append(e entry) bool {
	if m.State != Operational || m.Ring.broken {
		m.queue = append(m.queue, e)
		return false
	}
	m.Ring.log = append(m.Ring.log, e)
	return true
}

// Resume sends what has waited for the token. It reports whether the ring has got
// anything.
func (m *Member) Resume() bool {
	queue := m.queue
	m.queue = nil
	sent := false
	for _, e := range queue {
		sent = m.append(e) || sent
	}
	return sent
}

// Behind reports whether the ring has something that the node has not delivered.
func (m *Member) Behind() bool { return m.Ring != nil && m.pos < len(m.Ring.log) }

// Next delivers the next entry of the ring. It returns what votequorum is to be
// told, which may be nothing (nil), and false if nothing can be delivered now.
func (m *Member) Next() (votequorum.Input, bool) {
	if m.State != Operational || m.Ring.broken || !m.Behind() {
		return nil, false
	}
	e := m.Ring.log[m.pos]
	m.pos++
	switch e.step {
	case build:
		if m.builds++; m.builds == len(m.Ring.Members) {
			return votequorum.SyncProcess{}, true
		}
	case barrier:
		if m.ends++; m.ends == len(m.Ring.Members) {
			return votequorum.SyncActivate{}, true
		}
	default:
		return votequorum.Deliver{From: e.from, Msg: e.msg}, true
	}
	return nil, true
}

// Syncing reports whether the sync of the node's ring has not ended at it.
func (m *Member) Syncing() bool { return m.Ring != nil && m.ends < len(m.Ring.Members) }
