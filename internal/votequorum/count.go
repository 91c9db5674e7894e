// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package votequorum

import (
	"fmt"
	"slices"

	"github.com/quorate/quorate/internal/qnet"
)

// quorumOf is the least number of votes that is more than half of both what is
// expected and what is there.
func quorumOf(expected, total uint32) uint32 { return max((expected+2)/2, (total+2)/2) }

// count works out how many votes there are and how many are needed. A forced
// number takes the place of what the members expect, unless it is 0. The quorum
// goes down only if decrease allows it.
func (m *Machine) count(decrease bool, forced uint32, downscale bool) (quorum, total uint32) {
	if downscale && decrease && forced > 0 {
		forced = max(m.floor, forced)
	}
	var expected uint32
	voters := 0
	for _, n := range m.nodes {
		if n.state == qnet.NodeStateMember {
			expected = max(expected, n.expected)
			total += n.votes
			voters++
		}
	}
	if m.us.flags.has(nodeCast) {
		total += m.device.votes
		voters++
	}
	if forced > 0 {
		expected = forced
	}
	quorum = quorumOf(expected, total)
	if !decrease {
		quorum = max(m.quorum, quorum)
	}
	if m.set.twoNode && voters <= 2 {
		quorum = 1
	}
	return quorum, total
}

// recalculate counts anew. With byNodes the nodes that are there are all that
// is expected from now on.
func (m *Machine) recalculate(decrease, byNodes bool) {
	var total, voters uint32
	for _, n := range m.nodes {
		if n.state == qnet.NodeStateMember {
			total += n.votes
			voters++
		}
	}
	if m.device.votes > 0 {
		total += m.device.votes
		voters++
	}
	if !byNodes {
		voters = 0
	}
	if total > m.us.expected {
		m.us.expected = total
		m.emit(ExpectedVotesNotice{Votes: m.us.expected})
	}
	if m.set.tracking && m.us.expected > m.barrier {
		m.barrier = m.us.expected
		m.emit(Persist{Barrier: m.barrier})
	}
	quorum, total := m.count(decrease, voters, m.set.allowDownscale)
	m.quorum = uint32(uint8(quorum))
	m.expectAll(voters)
	m.judge(total)
}

// expectAll makes every member expect this many votes; 0 changes nothing.
func (m *Machine) expectAll(votes uint32) {
	if votes == 0 {
		return
	}
	for _, n := range m.nodes {
		if n.state == qnet.NodeStateMember {
			n.expected = votes
		}
	}
}

// judge decides whether the node is quorate with this many votes, and tells if
// that changes outside of a sync.
func (m *Machine) judge(total uint32) {
	if m.set.waitForAll && m.waiting {
		if total != m.us.expected {
			m.note(Info, fmt.Sprintf("waiting for all nodes: %d votes of %d", total, m.us.expected))
			return
		}
		m.setWaiting(false)
	}
	quorate := m.quorum <= total
	if quorate {
		m.lowest, m.highest = m.extremes()
	}
	quorate = quorate || m.winsTie(total)
	if !quorate && m.device.masterWins {
		quorate = slices.ContainsFunc(m.nodes, func(n *node) bool {
			return n.state == qnet.NodeStateMember && n.flags.has(nodeMasterWins) && n.flags.has(nodeCast)
		})
	}
	changed := m.quorate != quorate
	m.quorate = quorate
	m.us.flags.put(nodeQuorate, quorate)
	if m.set.waitForAll {
		m.setWaiting(!quorate)
	}
	if changed && !m.sync.running {
		m.announce()
	}
}

// winsTie reports whether this is the half (or half less one) of a cluster that
// holds the tie-breaker, and no other part can have a quorum.
func (m *Machine) winsTie(total uint32) bool {
	if m.set.tie == TieNone || total != m.us.expected/2 || int64(len(m.before)-len(m.members)) >= int64(m.quorum) {
		return false
	}
	switch m.set.tie {
	case TieLowest:
		return m.isMember(m.lowest)
	case TieHighest:
		return m.isMember(m.highest)
	}
	// The first of the list who is here wins, if none of those before it was
	// here in the ring before: it could be alive elsewhere.
	for i, id := range m.set.tieNodes {
		if slices.Contains(m.members, id) {
			return !slices.ContainsFunc(m.set.tieNodes[:i], func(o qnet.NodeID) bool { return slices.Contains(m.before, o) })
		}
	}
	return false
}

// extremes returns the lowest and the highest member, compared as Corosync
// does: in 32 bits with a sign.
func (m *Machine) extremes() (lowest, highest qnet.NodeID) {
	lowest, highest = m.us.id, m.us.id
	for _, n := range m.nodes {
		if n.state != qnet.NodeStateMember {
			continue
		}
		if int32(n.id) < int32(lowest) {
			lowest = n.id
		}
		if int32(n.id) > int32(highest) {
			highest = n.id
		}
	}
	return lowest, highest
}

func (m *Machine) isMember(id qnet.NodeID) bool {
	n := m.node(id)
	return n != nil && n.state == qnet.NodeStateMember
}

func (m *Machine) setWaiting(on bool) {
	m.waiting = on
	m.us.flags.put(nodeWaiting, on)
}
