// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import (
	"slices"
	"time"

	"github.com/quorate/quorate/internal/decision"
	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/hold"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/timing"
)

// settleTime is how long a node may be left in sync without a vote: while its
// vote is undecided for longer, it is told NACK, and ACK later (H8).
const settleTime = 2 * time.Second

// lateTime is how long the report of a node that answers is awaited: somewhat
// less than settleTime, so that the grant is on disk before the others would be
// told NACK.
const lateTime = settleTime - 100*time.Millisecond

// probeDelay is how long a report that is missing is awaited before its node is
// probed: as a rule all nodes report within it, and nobody need be asked.
const probeDelay = 20 * time.Millisecond

// retryTime is how long after a refused write the next one is tried.
const retryTime = 2 * time.Second

// whyWriting is what keeps a vote for the moment of a write to the disk.
const whyWriting = "it is being recorded"

// settle brings a cluster's votes up to date: it decides, tells the losers
// NACK, and the winners ACK as soon as the safety rule allows. It may be
// called at any time; when nothing has changed it does nothing.
func (s *Server) settle(now time.Time, cl *cluster) {
	if len(cl.clients) == 0 {
		return
	}
	for {
		v := s.decide(cl)
		if next, again := s.await(now, cl, v.Await); !again {
			s.carryOut(now, cl, v, next)
			return
		}
	}
}

// await deals with the nodes whose newer report a decision needs (H7). Each is
// probed; one that does not answer in its probe time is silent, one that
// answers but does not report within the settle time is late, and both are
// decided without. It returns the next instant to look again, or that somebody
// was just left out and the decision must be made anew.
func (s *Server) await(now time.Time, cl *cluster, ids []qnet.NodeID) (next time.Time, again bool) {
	// Rule H7: a node whose report is missing is probed with a vote info that changes nothing:
	// without an answer within the probe time, and four round trips, it is decided without it;
	// with one, its report is awaited for 2 s at most.
	for _, c := range cl.clients {
		switch {
		case !c.takesPart():
			continue
		case !slices.Contains(ids, c.node):
			c.stopAwaiting()
			continue
		}
		c.await(now)
		if c.probed.IsZero() {
			if at := c.awaitedSince.Add(probeDelay); now.Before(at) {
				next = timing.Earliest(next, at)
				continue
			}
			c.probed, c.probeSeq = now, s.voteInfo(now, c, qnet.VoteNoChange)
		}
		answers := c.answered >= c.probeSeq
		end := c.awaitedSince.Add(lateTime)
		if !answers {
			end = timing.Earliest(end, c.probed.Add(c.probeTime(s.cfg.ProbeTime)))
		}
		if now.Before(end) {
			next = timing.Earliest(next, end)
			continue
		}
		again = true
		c.leaveOut(answers)
		kind := event.NodeUnreporting
		if !answers {
			kind = event.NodeUnanswering
		}
		s.note(c.event(event.Info, kind))
	}
	return next, again
}

// carryOut carries a verdict out as far as the safety rule allows it now.
func (s *Server) carryOut(now time.Time, cl *cluster, v decision.Verdict, next time.Time) {
	reason := cl.reasonFor(v)
	var winners []*client
	for _, c := range cl.clients {
		if c.members == nil {
			continue
		}
		switch v.Vote(c.node, c.ring, c.members) {
		case qnet.VoteACK:
			winners = append(winners, c)
		case qnet.VoteNACK:
			s.sendVote(now, c, qnet.VoteNACK, reason)
		}
	}
	at, held := s.grant(now, cl, hold.Partition{Ring: v.Ring, Members: v.Winner}, winners, reason)
	next = timing.Earliest(next, at)
	waiting := voteReason{kind: event.VoteUndecided, clause: reason.String()}
	if held.why != "" {
		waiting = postponed(held.why)
	}
	next = timing.Earliest(next, s.answerWaiting(now, cl, waiting))
	s.noteDecision(now, cl, v, reason, held)
	s.armCluster(cl, next)
}

// answerWaiting tells NACK to nodes that have waited for their vote for long enough, and
// returns when the next one will have.
func (s *Server) answerWaiting(now time.Time, cl *cluster, reason voteReason) (next time.Time) {
	// Rule H8: no node waits for its vote longer than 2 s: it is told NACK then, and ACK later.
	for _, c := range cl.clients {
		if !c.waits() {
			continue
		}
		if end := c.reportedAt.Add(settleTime); now.Before(end) {
			next = timing.Earliest(next, end)
		} else {
			s.sendVote(now, c, qnet.VoteNACK, reason)
		}
	}
	return next
}

// obstacle is what keeps a partition from the vote, for the nodes and for the log.
type obstacle struct {
	why   string        // empty: nothing does
	nodes []qnet.NodeID // who may still be using the vote
	lost  []qnet.NodeID // who was not heard since the start, with nothing on record
	until time.Time     // when it ends by itself
	soon  bool          // it may end any moment: a connected node's answer is all that is missing
}

// obstacle words what keeps the partition p from the vote.
func (cl *cluster) obstacle(now time.Time, p hold.Partition) obstacle {
	ob := cl.ledger.Obstacle(now, p)
	out := obstacle{nodes: ob.Holders, until: ob.Until, soon: ob.Soon}
	for _, id := range slices.Concat(ob.Holders, ob.Unheard) {
		if c := cl.client(id); c == nil || c.silent || !c.complete() {
			out.soon = false
		}
	}
	switch {
	case len(ob.Holders) > 0:
		out.why = cl.names.List(ob.Holders) + " may still be using the vote"
	case len(ob.Unheard) > 0:
		out.lost = ob.Unheard
		out.why = "this arbiter has no record of who had the vote, and has not heard " + cl.names.List(ob.Unheard) + " since it started"
	case ob.Refused:
		out.why = "more nodes say that they still use the vote than this cluster has"
	}
	return out
}

// grant gives the partition p, whose connected nodes are winners, the vote if nothing is in
// the way and the grant is on disk (H5), and otherwise does the next thing towards it. It
// returns when to look again and what is in the way.
func (s *Server) grant(now time.Time, cl *cluster, p hold.Partition, winners []*client, reason voteReason) (next time.Time, held obstacle) {
	var targets []*client
	var ids []qnet.NodeID
	for _, c := range winners {
		if c.sent == qnet.VoteACK {
			s.sendReason(now, c, reason)
			continue
		}
		targets, ids = append(targets, c), append(ids, c.node)
	}
	if len(targets) == 0 {
		return time.Time{}, obstacle{}
	}
	if held = cl.obstacle(now, p); held.why != "" {
		if !held.soon && held.until.Sub(now) > settleTime {
			s.postpone(now, targets, held.why)
		}
		return held.until, held
	}
	if until, full := cl.ledger.Full(ids); full {
		held = obstacle{why: "as many nodes may still be using the vote as a cluster can have", until: until}
		s.postpone(now, targets, held.why)
		return until, held
	}
	switch {
	case cl.writing != 0:
		// What is on record is about to be replaced, whatever it covers.
		return time.Time{}, obstacle{why: whyWriting}
	case s.relies(cl) && cl.ledger.Covers(cl.saved, p):
		for _, c := range targets {
			s.sendVote(now, c, qnet.VoteACK, reason)
		}
		return time.Time{}, obstacle{}
	case now.Before(cl.retryAt):
		held = obstacle{why: "it can't be recorded: " + s.storeErr, until: cl.retryAt}
		s.postpone(now, targets, held.why)
		return cl.retryAt, held
	}
	s.persist(cl, p)
	return time.Time{}, obstacle{why: whyWriting}
}

// postpone tells NACK to nodes that would otherwise wait in sync for long (H8).
func (s *Server) postpone(now time.Time, targets []*client, why string) {
	reason := postponed(why)
	for _, c := range targets {
		if c.waits() {
			s.sendVote(now, c, qnet.VoteNACK, reason)
		} else {
			s.sendReason(now, c, reason)
		}
	}
}

// persist asks for the grant of the partition p to be written.
func (s *Server) persist(cl *cluster, p hold.Partition) {
	s.persistID++
	cl.writing, cl.asked = s.persistID, cl.ledger.Record(p)
	cl.asked.Enrolled = cl.enrolled
	s.persists[s.persistID] = cl
	s.emit(Persist{ID: s.persistID, Cluster: cl.name, Grant: cl.asked})
}

// relies reports whether the grant that was saved last is surely what is on record (H5).
func (s *Server) relies(cl *cluster) bool {
	return cl.known && !cl.unsure && (cl.fresh || !s.cfg.SharedRegister)
}

// persisted takes the answer to a Persist and goes on from there.
func (s *Server) persisted(now time.Time, in Persisted) {
	cl := s.persists[in.ID]
	if cl == nil {
		return
	}
	delete(s.persists, in.ID)
	cl.writing = 0
	if in.Err != nil {
		s.storeErr = in.Err.Error()
		cl.unsure = true
		cl.retryAt = now.Add(retryTime)
		s.note(cl.event(event.Error, event.GrantNotRecorded, cl.asked.Ring, s.storeErr))
	} else {
		s.storeErr = ""
		cl.known, cl.unsure, cl.saved, cl.retryAt = true, false, cl.asked, time.Time{}
		cl.fresh = true
	}
	s.retire(now, cl)
	s.settle(now, cl)
	cl.fresh = false
}

// armCluster makes sure that the cluster is settled again at the instant at.
func (s *Server) armCluster(cl *cluster, at time.Time) {
	if !timing.Before(at, cl.armed) {
		return
	}
	cl.armed = at
	s.timers.Add(at, timer{cluster: cl})
}
