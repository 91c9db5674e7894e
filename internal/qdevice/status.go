// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qdevice

import (
	"slices"
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
	"github.com/quorate/quorate/internal/wire"
)

// Why "no" is cast without the arbiter having said it.
const (
	whyStale  = "the arbiter has not answered for too long"
	whySilent = "the arbiter did not answer when the members changed"
	whyLate   = "the arbiter has not decided since the members changed"
)

// whyOffline is why "no" is cast without a connection.
func (n *Node) whyOffline() string {
	if n.conn.lost == "" {
		return "not connected to the arbiter yet"
	}
	return "not connected to the arbiter: " + n.conn.lost
}

// offline is why "no" is cast without a connection.
func (n *Node) offline() cause {
	if n.conn.lost == "" {
		return cause{why: n.whyOffline(), kind: event.AwaitingAnswer}
	}
	return ours(n.whyOffline())
}

// arbitersWord is why a vote is cast that the arbiter sent. Ours sends its own reason
// with it, which the status tells besides.
func arbitersWord(v qnet.Vote, reason wire.Opt[string]) cause {
	c := cause{why: "the arbiter did not give its vote to this side", kind: event.VoteWithheld, byArbiter: true}
	if v == qnet.VoteACK {
		c.why, c.kind = "the arbiter gave its vote to this side", event.VoteGiven
	}
	if reason.Set {
		c.reason = status.EscapeName(reason.V)
	}
	return c
}

// Status returns what the machine knows, as a value of its own. The shell adds where
// the arbiter is, the heuristics commands, what votequorum expects, and its start.
func (n *Node) Status() status.QDevice {
	c := &n.cfg
	s := status.QDevice{
		Model: "Net", NodeID: c.Node, Timeout: ms(c.Timeout), SyncTimeout: ms(c.SyncTimeout),
		ConfigVersion: n.config.Version.Copy(), Config: status.Array[qnet.Node](slices.Clone(n.config.Nodes)),
		HeuristicsMode: [...]string{status.HeuristicsDisabled, status.HeuristicsOnlyOnSync, status.HeuristicsEnabled}[c.Heuristics],
		Ring:           n.ring, Members: slices.Clone(n.members), Quorate: n.quorate,
		LastPoll: n.vote.last, LastPollCast: n.vote.lastCast,
		Cluster: c.Cluster, ConnectTimeout: ms(c.ConnectTimeout), Heartbeat: ms(c.Heartbeat), VoteInterval: ms(c.voteInterval()),
		TLS: c.TLS.String(), Algorithm: c.Algorithm, TieBreaker: c.TieBreaker, KAP: c.KeepActivePartition,
		Polling: n.vote.polling, PollingCast: n.keeps(),
		Heuristics: n.heuristics, RegularHeur: n.regularHeur, MembershipHeur: n.memberHeur, ConnectHeur: n.connectHeur,
		Vote: n.vote.cast, Reason: n.vote.why, Since: n.vote.since, Refused: n.config.Refuse,
		Grace: ms(n.conn.grace), RoundTrip: n.conn.rtt.Smoothed(),
		ArbiterReason: status.ArbiterReason{Text: n.reason.text, Ring: n.reason.ring, At: n.reason.at},
	}
	for _, node := range n.nodes {
		s.Quorum = append(s.Quorum, status.NodeState{ID: node.ID, State: node.State})
	}
	if n.removal != present {
		n.statusRemoved(&s)
		return s
	}
	if !n.last.register.IsZero() {
		s.Register = n.last.register.String()
	}
	switch {
	case n.vote.ring != n.ring || n.vote.cast == qnet.VoteUndefined:
		s.Vote, s.Reason, s.Since = qnet.VoteUndefined, n.whyNothing(), time.Time{}
	case s.Vote == qnet.VoteNACK && n.conn.state == Online && !n.vote.polling:
		s.Reason = n.whyNothing() // "no" was for want of a connection
	case s.Vote == qnet.VoteACK:
		s.FreshUntil = n.freshUntil()
	}
	switch n.conn.state {
	case Online, Probing:
		s.State, s.Connected, s.Echoed = status.StateConnected, n.conn.since, n.conn.echoed
		s.KAPUnknown, s.TLSActive = !n.conn.kapKnown, n.conn.tls
		return s
	case Waiting:
		s.State = status.StateConnectFailed
		if n.conn.lost == "" {
			s.State = status.StateConnecting // the first try is to come
		}
	default:
		s.State = status.StateConnecting
	}
	s.Lost, s.LostAt = n.conn.lost, n.conn.lostAt
	return s
}

// whyNothing is why nothing is cast for the ring.
func (n *Node) whyNothing() string {
	switch {
	case n.members == nil:
		return "Corosync has not said yet which nodes are members"
	case n.run != 0 && n.runFor == forMembership:
		return "the heuristics are running"
	case n.conn.state == Online:
		return "waiting for the arbiter's answer"
	}
	return n.whyOffline()
}

func ms(d time.Duration) uint32 { return uint32(d.Milliseconds()) }
