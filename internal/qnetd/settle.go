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

// decided is the last decision, for the status and the log.
type decided struct {
	ring    qnet.RingID
	winner  []qnet.NodeID
	why     because
	tied    bool // the tie-breaker chose the winner
	since   time.Time
	blocked string
}

// reason is why a verdict is what it is. What the tie-breaker has chosen has the
// vote from then on: that it keeps it for that is no news, why it got it is.
func (cl *cluster) reason(v decision.Verdict) because {
	d := &cl.decided
	if v.Reason.Code == decision.KeptActive && d.tied && d.ring == v.Ring && slices.Equal(d.winner, v.Winner) {
		return d.why
	}
	return cl.judged.why
}

// settle brings a cluster's votes up to date: it decides, tells the losers
// NACK, and the winners ACK as soon as the safety rule allows. It may be
// called at any time; when nothing has changed it does nothing.
func (s *Server) settle(now time.Time, cl *cluster) {
	if len(cl.clients) == 0 {
		return
	}
	for {
		v := s.judge(cl)
		if next, again := s.await(now, cl, v.Await); !again {
			s.carryOut(now, cl, v, next)
			return
		}
	}
}

// judged is a cluster's last decision, with what it looked at.
type judged struct {
	algorithm qnet.Algorithm
	view      decision.View // Clients is nil before the first
	verdict   decision.Verdict
	why       because
}

// judge decides. Most of what settle is called for changes nothing that a
// decision looks at; then the last one stands.
func (s *Server) judge(cl *cluster) decision.Verdict {
	j := &cl.judged
	v, algorithm := cl.view(s.view[:0]), cl.clients[0].algorithm
	if j.view.Clients != nil && j.algorithm == algorithm && j.view.Equal(v) {
		s.view = v.Clients
		return j.verdict
	}
	s.view = j.view.Clients
	j.algorithm, j.view, j.verdict = algorithm, v, decision.Decide(algorithm, v)
	r := j.verdict.Reason
	j.why = because{kind: event.VoteSent, lead: r.Lead(cl.names), reason: r.Clause(cl.names), own: r.ClauseOf(cl.names)}
	return j.verdict
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
		if !c.takesPart() {
			continue
		}
		v.Clients = append(v.Clients, decision.Client{
			Node: c.node, Config: c.config, Ring: c.ring, Members: c.members,
			Heuristics: c.heuristics, Report: c.report, LastVote: c.standing,
		})
	}
	return v
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
		if !c.takesPart() || !contains(ids, c.node) {
			if c.takesPart() {
				c.awaitSince = time.Time{}
			}
			continue
		}
		if c.awaitSince.IsZero() {
			c.awaitSince, c.probed = now, time.Time{}
		}
		if c.probed.IsZero() {
			if at := c.awaitSince.Add(probeDelay); now.Before(at) {
				next = earliest(next, at)
				continue
			}
			c.probed = now
			c.probeSeq = s.voteInfo(now, c, qnet.VoteNoChange)
		}
		end := c.awaitSince.Add(lateTime)
		if c.answered < c.probeSeq {
			end = earliest(end, c.probed.Add(c.probeTime(s.cfg.ProbeTime)))
		}
		if now.Before(end) {
			next = earliest(next, end)
			continue
		}
		again = true
		kind := event.NodeUnreporting
		if c.late = true; c.answered < c.probeSeq {
			c.silent, c.late = true, false
			kind = event.NodeUnanswering
		}
		s.note(c.event(event.Info, kind))
	}
	return next, again
}

// carryOut carries a verdict out as far as the safety rule allows it now.
func (s *Server) carryOut(now time.Time, cl *cluster, v decision.Verdict, next time.Time) {
	why := cl.reason(v)
	var held obstacle
	if len(v.Await) == 0 {
		p := hold.Partition{Ring: v.Ring, Members: v.Winner}
		for _, c := range cl.clients {
			// A member of the winner that has yet to report its ring is left alone:
			// its old ring is past, and its report is on the way.
			if c.members != nil && !c.in(p) && !contains(p.Members, c.node) {
				s.tell(now, c, qnet.VoteNACK, why)
			}
		}
		if p.Members != nil {
			var at time.Time
			at, held = s.grant(now, cl, p, why)
			next = earliest(next, at)
		}
	}
	waiting := because{kind: event.VoteUndecided, reason: why.String()}
	if held.why != "" {
		waiting = notYet(held.why)
	}
	for _, c := range cl.clients {
		if !c.waits() {
			continue
		}
		if end := c.reportedAt.Add(settleTime); now.Before(end) {
			next = earliest(next, end)
		} else {
			s.tell(now, c, qnet.VoteNACK, waiting)
		}
	}
	s.decide(now, cl, v, why, held)
	s.armCluster(cl, next)
}

// in reports whether the node has reported the partition p on this connection.
func (c *client) in(p hold.Partition) bool {
	return c.members != nil && c.ring == p.Ring && slices.Equal(c.members, p.Members)
}

// obstacle is what keeps a partition from the vote, for the nodes and for the log.
type obstacle struct {
	why   string        // empty: nothing does
	nodes []qnet.NodeID // who may still be using the vote
	until time.Time     // when it ends by itself
	soon  bool          // it may end any moment: a connected node's answer is all that is missing
}

// obstacle words what keeps the partition p from the vote.
func (s *Server) obstacle(now time.Time, cl *cluster, p hold.Partition) obstacle {
	ob := cl.ledger.Obstacle(now, p)
	if ob.None() {
		return obstacle{}
	}
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
		out.why = "this arbiter has no record of who had the vote, and has not heard " + cl.names.List(ob.Unheard) + " since it started"
	default:
		out.why = "more nodes say that they still use the vote than this cluster has"
	}
	return out
}

// grant gives the partition p the vote if nothing is in the way and the grant
// is on disk (H5), and otherwise does the next thing towards it. It returns
// when to look again and what is in the way.
func (s *Server) grant(now time.Time, cl *cluster, p hold.Partition, why because) (next time.Time, ob obstacle) {
	var targets []*client
	for _, c := range cl.clients {
		switch {
		case !c.in(p):
		case c.told == qnet.VoteACK:
			s.explain(now, c, why)
		default:
			targets = append(targets, c)
		}
	}
	if len(targets) == 0 {
		return time.Time{}, obstacle{}
	}
	if ob := s.obstacle(now, cl, p); ob.why != "" {
		if !ob.soon && ob.until.Sub(now) > settleTime {
			s.putOff(now, targets, ob.why)
		}
		return ob.until, ob
	}
	if until, full := cl.ledger.Full(nodeIDs(targets)); full {
		ob = obstacle{why: "as many nodes may still be using the vote as a cluster can have", until: until}
		s.putOff(now, targets, ob.why)
		return until, ob
	}
	switch {
	case cl.writing != 0:
		// What is on record is about to be replaced, whatever it covers.
		return time.Time{}, obstacle{why: whyWriting}
	case cl.known && !cl.unsure && cl.ledger.Covers(cl.saved, p):
		for _, c := range targets {
			s.tell(now, c, qnet.VoteACK, why)
		}
		return time.Time{}, obstacle{}
	case now.Before(cl.retryAt):
		ob = obstacle{why: "it can't be recorded: " + s.storeErr, until: cl.retryAt}
		s.putOff(now, targets, ob.why)
		return cl.retryAt, ob
	}
	s.persistID++
	cl.writing, cl.asked = s.persistID, cl.ledger.Record(p)
	cl.asked.Enrolled = cl.enrolled
	s.persists[s.persistID] = cl
	s.emit(Persist{ID: s.persistID, Cluster: cl.name, Grant: cl.asked})
	return time.Time{}, obstacle{why: whyWriting}
}

func nodeIDs(list []*client) (ids []qnet.NodeID) {
	for _, c := range list {
		ids = append(ids, c.node)
	}
	return ids
}

// putOff tells NACK to nodes that would otherwise wait in sync for long.
func (s *Server) putOff(now time.Time, targets []*client, why string) {
	// Rule H8: no node waits for its vote longer than 2 s: it is told NACK then, and ACK later.
	reason := notYet(why)
	for _, c := range targets {
		if c.waits() {
			s.tell(now, c, qnet.VoteNACK, reason)
		} else {
			s.explain(now, c, reason)
		}
	}
}

// notYet is why the vote, which is decided, is not given.
func notYet(blocked string) because {
	return because{kind: event.VotePutOff, lead: "the vote is not given yet: ", reason: blocked}
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
	}
	s.retire(now, cl)
	s.settle(now, cl)
}

// tell sends a vote to a node, unless it was told the same since its last
// report. An ACK makes it a holder before the bytes leave (H1).
func (s *Server) tell(now time.Time, c *client, v qnet.Vote, why because) {
	// Rule H1: an ACK makes its receiver a holder of its ring, from before the bytes leave.
	if c.told == v {
		s.explain(now, c, why)
		return
	}
	cl := c.cluster
	c.why = why
	seq := s.voteInfo(now, c, v)
	cl.ledger.Told(c.node, v, seq)
	c.told, c.lastVote, c.lastAN = v, v, v
	if v == qnet.VoteACK {
		c.standing = v
	} else if c.standing == qnet.VoteACK {
		c.standing = v
	}
	e := c.reasoned(event.Info, why.kind, why.String())
	switch e.Vote, e.What = v, why.reason; {
	case v == qnet.VoteACK:
		e.Reason = why.own
	case why.kind == event.VotePutOff:
		e.Reason = why.reason
	}
	s.note(e)
}

// decide keeps the decision for the status, and logs it when it is new.
func (s *Server) decide(now time.Time, cl *cluster, v decision.Verdict, reason because, held obstacle) {
	d := &cl.decided
	if d.blocked != held.why {
		d.blocked = held.why
		s.noteHeld(now, cl, v.Ring, held)
	}
	if d.why == reason && d.ring == v.Ring && slices.Equal(d.winner, v.Winner) {
		return
	}
	d.ring, d.winner, d.why, d.since = v.Ring, v.Winner, reason, now
	d.tied = v.Reason.Code == decision.TieBreaker || v.Reason.Code == decision.LowestNode
	s.note(cl.event(event.Debug, event.Decided, v.Ring, reason.String()))
}

// noteHeld tells what keeps a partition from the vote. What passes within the time in
// which a node is told something is no news.
func (s *Server) noteHeld(now time.Time, cl *cluster, ring qnet.RingID, held obstacle) {
	if held.why == "" || held.why == whyWriting {
		return
	}
	e := cl.event(event.Debug, event.HeldBack, ring, held.why)
	e.Nodes, e.For = held.nodes, max(0, held.until.Sub(now))
	if !held.soon && e.For > settleTime {
		e.Level = event.Info
	}
	s.note(e)
}

// armCluster makes sure that the cluster is settled again at the instant at.
func (s *Server) armCluster(cl *cluster, at time.Time) {
	if at.IsZero() || (!cl.armed.IsZero() && !at.Before(cl.armed)) {
		return
	}
	cl.armed = at
	s.timers.add(at, nil, cl)
}
