// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package votequorum

import (
	"slices"
	"strings"

	"github.com/quorate/quorate/internal/qnet"
)

// Flags is what votequorum tells of a node; the values are those of its
// library call getinfo.
type Flags uint32

// The flags. Those from Registered on are the asked-for node's, the others
// those of the node that answers.
const (
	TwoNode          Flags = 1
	Quorate          Flags = 2
	WaitForAll       Flags = 4
	LastManStanding  Flags = 8
	AutoTieBreaker   Flags = 16
	AllowDownscale   Flags = 32
	DeviceRegistered Flags = 64
	DeviceAlive      Flags = 128
	DeviceCastVote   Flags = 256
	DeviceMasterWins Flags = 512
)

// Has reports whether f has one of the flags of b.
func (f Flags) Has(b Flags) bool { return f&b != 0 }

// String prints the flags as corosync-quorumtool does: "2Node Quorate".
func (f Flags) String() string {
	var words []string
	for _, w := range []struct {
		flag Flags
		word string
	}{
		{TwoNode, "2Node"}, {Quorate, "Quorate"}, {WaitForAll, "WaitForAll"}, {LastManStanding, "LastManStanding"},
		{AutoTieBreaker, "AutoTieBreaker"}, {AllowDownscale, "AllowDownscale"}, {DeviceRegistered, "Qdevice"},
	} {
		if f.Has(w.flag) {
			words = append(words, w.word)
		}
	}
	return strings.Join(words, " ")
}

// Qdevice prints the column Qdevice of a node: "A,V,NMW", or "NR".
func (f Flags) Qdevice() string {
	if !f.Has(DeviceRegistered) {
		return "NR"
	}
	words := []string{"NA", "NV", "NMW"}
	for i, flag := range []Flags{DeviceAlive, DeviceCastVote, DeviceMasterWins} {
		if f.Has(flag) {
			words[i] = words[i][1:]
		}
	}
	return strings.Join(words, ",")
}

// NodeVotes is what votequorum tells of one node. All numbers are votes.
type NodeVotes struct {
	Node            qnet.NodeID
	State           qnet.NodeState
	Votes           uint32
	Expected        uint32
	HighestExpected uint32 // of the members
	Total           uint32 // of the members, and the device's if this node casts them
	Quorum          uint32 // 0 to 255
	Flags           Flags
	DeviceVotes     uint32
	DeviceName      string
}

// NodeVotes tells what is known of a node, 0 being this one. It reports false
// for a node that was never heard of.
func (m *Machine) NodeVotes(id qnet.NodeID) (NodeVotes, bool) {
	n := m.us
	if id != 0 {
		n = m.node(id)
	}
	if n == nil {
		return NodeVotes{}, false
	}
	v := NodeVotes{
		Node: n.id, State: n.state, Votes: n.votes, Expected: n.expected, Quorum: m.quorum, Flags: m.flags(n),
		DeviceVotes: m.device.votes, DeviceName: m.device.name,
	}
	for _, o := range m.nodes {
		if o.state == qnet.NodeStateMember {
			v.HighestExpected = max(v.HighestExpected, o.expected)
			v.Total += o.votes
		}
	}
	if n.flags.has(nodeCast) {
		v.Total += m.device.votes
	}
	return v, true
}

func (m *Machine) flags(n *node) (f Flags) {
	for _, b := range []struct {
		on   bool
		flag Flags
	}{
		{m.set.twoNode, TwoNode},
		{m.quorate, Quorate},
		{m.set.waitForAll, WaitForAll},
		{m.set.lastManStanding, LastManStanding},
		{m.set.tie != TieNone, AutoTieBreaker},
		{m.set.allowDownscale, AllowDownscale},
		{n.flags.has(nodeRegistered), DeviceRegistered},
		{n.flags.has(nodeAlive), DeviceAlive},
		{n.flags.has(nodeCast), DeviceCastVote},
		{n.flags.has(nodeMasterWins), DeviceMasterWins},
	} {
		if b.on {
			f |= b.flag
		}
	}
	return f
}

// Status is what corosync-quorumtool -s prints on a node, as values: package status
// has the text. While a sync is under way it mixes, as there, what was announced last
// (Quorate, Ring.Seq, Members) with what is known already (all the rest).
type Status struct {
	NodeVotes
	Ring    qnet.RingID
	Quorate bool     // as announced; Flags tell what was counted last
	Members []Member // of the ring that was announced last

	Syncing       bool // not printed: a sync is under way, so the node can't act
	DeviceAwaited bool // not printed: the sync waits for the device's poll
	AllAwaited    bool // not printed: wait_for_all holds the node back
}

// Member is one line of the membership information.
type Member struct {
	Node  qnet.NodeID
	Name  string // from the node list; may be empty
	Votes uint32
	Flags Flags
	Local bool
}

// Status returns the present state. It shares nothing with the machine.
func (m *Machine) Status() Status {
	own, _ := m.NodeVotes(0)
	s := Status{
		NodeVotes: own, Ring: qnet.RingID{Node: m.ring.Node, Seq: m.shown.ring.Seq}, Quorate: m.shown.quorate,
		Syncing: m.sync.running, DeviceAwaited: m.sync.waiting, AllAwaited: m.set.waitForAll && m.waiting,
	}
	for _, id := range m.shown.members {
		v, _ := m.NodeVotes(id)
		mem := Member{Node: id, Votes: v.Votes, Flags: v.Flags, Local: id == m.us.id}
		if i := slices.IndexFunc(m.names, func(c ConfigNode) bool { return c.ID == id }); i >= 0 {
			mem.Name = m.names[i].Name
		}
		s.Members = append(s.Members, mem)
	}
	return s
}

// Syncing reports whether a sync is under way: then the node can't act.
func (m *Machine) Syncing() bool { return m.sync.running }
