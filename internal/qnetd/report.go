// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import (
	"slices"
	"time"

	"github.com/quorate/quorate/internal/decision"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// report is what a node has said of itself and of its cluster on this connection. Which ring it
// was in before, and whether it is quorate, the ledger knows.
type report struct {
	node       qnet.NodeID
	algorithm  qnet.Algorithm
	tieBreaker qnet.TieBreaker
	kap        bool

	configList qnet.NodeList // as received, for the status
	config     []qnet.NodeID // sorted; nil until reported
	version    wire.Opt[uint64]

	ring       qnet.RingID
	memberList qnet.NodeList // as received, for the status
	members    []qnet.NodeID // sorted; nil until reported
	order      uint64        // of the membership report within the cluster
	reportedAt time.Time     // when it came

	heuristics     qnet.Heuristics // as said last, in whatever message
	membershipHeur qnet.Heuristics // with the membership
	regularHeur    qnet.Heuristics // between memberships
}

// configured takes a list of configured nodes, whose sorted IDs are ids.
func (r *report) configured(m wire.NodeList, ids []qnet.NodeID) {
	r.configList, r.config, r.version = m.Nodes, ids, m.ConfigVersion
}

// membership takes a membership report, whose sorted IDs are members.
func (r *report) membership(now time.Time, m wire.NodeList, members []qnet.NodeID, order uint64) {
	r.ring, r.memberList, r.members = m.RingID.V, m.Nodes, members
	r.order, r.reportedAt = order, now
	r.heuristics, r.membershipHeur = m.Heuristics, m.Heuristics
}

// complete reports whether the node has said all that a decision needs.
func (r *report) complete() bool { return r.config != nil && r.members != nil }

// decisionClient is the node as decisions see it.
func (r *report) decisionClient(lastVote qnet.Vote) decision.Client {
	return decision.Client{
		Node: r.node, Config: r.config, Ring: r.ring, Members: r.members,
		Heuristics: r.heuristics, Report: r.order, LastVote: lastVote,
	}
}

// sameConfig returns the list of a connected node that is equal to ids, or ids: equal
// lists are one list, and need not be compared.
func (cl *cluster) sameConfig(ids []qnet.NodeID) []qnet.NodeID {
	for _, c := range cl.clients {
		if slices.Equal(c.config, ids) {
			return c.config
		}
	}
	return ids
}
