// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import (
	"slices"
	"time"

	"github.com/quorate/quorate/internal/decision"
	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnet"
)

// cached is a cluster's last decision, with what it looked at.
type cached struct {
	algorithm qnet.Algorithm
	view      decision.View // Clients is nil before the first
	verdict   decision.Verdict
	reason    voteReason
}

// decide returns what the cluster's algorithm says. Most of what settle is called for changes
// nothing that a decision looks at; then the last one stands.
func (s *Server) decide(cl *cluster) decision.Verdict {
	last := &cl.cached
	v, algorithm := cl.view(s.view[:0]), cl.clients[0].algorithm
	if last.view.Clients != nil && last.algorithm == algorithm && last.view.Equal(v) {
		s.view = v.Clients
		return last.verdict
	}
	s.view = last.view.Clients
	last.algorithm, last.view, last.verdict = algorithm, v, decision.Decide(algorithm, v)
	last.reason = decidedReason(last.verdict.Reason, cl.names)
	return last.verdict
}

// view returns what a decision may look at. It uses the room of clients.
func (cl *cluster) view(clients []decision.Client) decision.View {
	if clients == nil {
		clients = make([]decision.Client, 0, len(cl.clients))
	}
	v := decision.View{
		Clients:             clients,
		TieBreaker:          cl.clients[0].tieBreaker,
		KeepActivePartition: true,
		Quorate:             cl.saved.Members,
	}
	for _, c := range cl.clients {
		v.KeepActivePartition = v.KeepActivePartition && c.kap
		if c.takesPart() {
			v.Clients = append(v.Clients, c.decisionClient(c.remembered))
		}
	}
	return v
}

// decided is the last decision, for the status and the log.
type decided struct {
	ring    qnet.RingID
	winner  []qnet.NodeID
	reason  voteReason
	tied    bool // the tie-breaker chose the winner
	since   time.Time
	blocked string // what keeps the winner from the vote; empty: nothing
}

// reasonFor is why a verdict is what it is. What the tie-breaker has chosen has the
// vote from then on: that it keeps it for that is no news, why it got it is.
func (cl *cluster) reasonFor(v decision.Verdict) voteReason {
	d := &cl.decided
	if v.Reason.Code == decision.KeptActive && d.tied && d.ring == v.Ring && slices.Equal(d.winner, v.Winner) {
		return d.reason
	}
	return cl.cached.reason
}

// noteDecision keeps the decision for the status, and logs it when it is new.
func (s *Server) noteDecision(now time.Time, cl *cluster, v decision.Verdict, reason voteReason, held obstacle) {
	d := &cl.decided
	if d.blocked != held.why {
		d.blocked = held.why
		s.noteObstacle(now, cl, v.Ring, held)
	}
	if d.reason == reason && d.ring == v.Ring && slices.Equal(d.winner, v.Winner) {
		return
	}
	d.ring, d.winner, d.reason, d.since = v.Ring, v.Winner, reason, now
	d.tied = v.Reason.Code == decision.TieBreaker || v.Reason.Code == decision.LowestNode
	s.note(cl.event(event.Debug, event.Decided, v.Ring, reason.String()))
}

// noteObstacle tells what keeps a partition from the vote. What passes within the time in
// which a node is told something is no news.
func (s *Server) noteObstacle(now time.Time, cl *cluster, ring qnet.RingID, held obstacle) {
	if held.why == "" || held.why == whyWriting {
		return
	}
	e := cl.event(event.Debug, event.HeldBack, ring, held.why)
	e.Nodes, e.Unheard, e.For = held.nodes, held.lost, max(0, held.until.Sub(now))
	if !held.soon && e.For > settleTime {
		e.Level = event.Info
	}
	s.note(e)
}
