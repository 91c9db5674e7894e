// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import (
	"strconv"
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/hold"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// Limits on a connection before its Init.
const (
	maxName    = 497 // bytes of a cluster's name: a line of corosync.conf has 510, of which "cluster_name:" takes 13
	maxRefused = 32  // messages
)

const reasonFull = "as many nodes are connected as -m allows"

// client is one connection, and from its Init on one node.
type client struct {
	conn  ConnID
	addr  string
	since time.Time
	armed time.Time // instant for which a timer entry stands
	gone  bool      // the machine has let go of it

	refused int // messages, before its Init

	preinit bool
	name    string // cluster name of the Preinit
	tlsOn   bool   // StartTLS was received
	tls     bool   // the handshake is done
	cert    bool
	cn      string

	cluster    *cluster // nil until Init succeeded
	node       qnet.NodeID
	algorithm  qnet.Algorithm
	tieBreaker qnet.TieBreaker
	kap        bool
	reasons    bool    // it takes the reason of its vote (option 32771)
	why        because // of what it was last told, or is to be told

	configList qnet.NodeList // as received, for the status
	config     []qnet.NodeID // sorted; nil until reported
	version    wire.Opt[uint64]
	ring       qnet.RingID
	memberList qnet.NodeList
	members    []qnet.NodeID // sorted; nil until reported on this connection
	report     uint64        // order of the membership report within the cluster
	reportedAt time.Time     // when it came

	heuristics, membershipHeur, regularHeur qnet.Heuristics

	told     qnet.Vote // ACK or NACK told since the last membership report; Undefined: it waits
	lastVote qnet.Vote // last vote sent in any message
	lastAN   qnet.Vote // last ACK or NACK sent
	standing qnet.Vote // what lms remembers: as lastAN, without the NACKs that are not to be remembered

	voteSeq  uint32    // number of the last Vote info
	answered uint32    // number of the last Vote info that was answered
	askedAt  time.Time // when the oldest unanswered Vote info was sent; zero if none is
	timedSeq uint32    // Vote info whose answer is timed
	timedAt  time.Time
	srtt     time.Duration
	rttvar   time.Duration

	awaitSince time.Time // since when a newer report of this node is awaited
	probed     time.Time // when it was probed since; zero if not yet
	probeSeq   uint32
	silent     bool      // did not answer a probe: decided without
	late       bool      // answers, but its report did not come in time: decided without
	suspect    time.Time // since when another connection claims to be this node
}

// complete reports whether the node has said all that a decision needs.
func (c *client) complete() bool { return c.config != nil && c.members != nil }

// takesPart reports whether decisions look at this client.
func (c *client) takesPart() bool { return c.complete() && !c.silent && !c.late }

// waits reports whether the node is in sync without having been told a vote.
func (c *client) waits() bool { return c.complete() && c.told == qnet.VoteUndefined }

// pace is how often the node speaks.
func (c *client) pace() hold.Pace { return c.cluster.ledger.PaceOf(c.node) }

// heard is when the node last sent a complete message.
func (c *client) heard() time.Time { return c.cluster.ledger.LastHeard(c.node) }

// probeTime is how long the client may take to answer a probe (H7).
func (c *client) probeTime(least time.Duration) time.Duration {
	return max(least, 4*(c.srtt+c.rttvar))
}

// measure takes one round trip into the smoothed time (RFC 6298, section 2).
func (c *client) measure(rtt time.Duration) {
	if c.srtt == 0 {
		c.srtt, c.rttvar = rtt, rtt/2
		return
	}
	c.rttvar += ((c.srtt - rtt).Abs() - c.rttvar) / 4
	c.srtt += (rtt - c.srtt) / 8
}

// event is one about this client.
func (c *client) event(level event.Level, k event.Kind) event.Event {
	e := event.Event{Kind: k, Level: level, Cluster: c.name, Addr: c.addr}
	if c.cluster != nil {
		e.Node, e.Ring, e.Names = c.node, c.ring, c.cluster.names
	}
	return e
}

// reasoned is an event about this client with its reason.
func (c *client) reasoned(level event.Level, k event.Kind, reason string) event.Event {
	e := c.event(level, k)
	e.Reason = reason
	return e
}

// timed is an event about this client with a time.
func (c *client) timed(level event.Level, k event.Kind, d time.Duration) event.Event {
	e := c.event(level, k)
	e.For = d
	return e
}

// dpdTime is how long the client may be silent; 0 is for ever.
func (s *Server) dpdTime(c *client) time.Duration {
	if !s.cfg.DPD {
		return 0
	}
	return time.Duration(s.cfg.DPDFactor*float64(c.pace().Heartbeat)) * time.Millisecond
}

// armClient sets the client's next timer: the end of its handshake time, of
// its silence, of a Vote info that it does not answer, or of a suspicion.
func (s *Server) armClient(c *client) {
	var at time.Time
	if c.cluster == nil {
		if s.cfg.HandshakeTime > 0 {
			at = c.since.Add(s.cfg.HandshakeTime)
		}
	} else {
		if d := s.dpdTime(c); d > 0 {
			at = c.heard().Add(d)
			if !c.askedAt.IsZero() {
				at = earliest(at, c.askedAt.Add(d))
			}
		}
		if !c.suspect.IsZero() {
			at = earliest(at, c.suspect.Add(c.probeTime(s.cfg.ProbeTime)))
		}
	}
	if at.IsZero() || (!c.armed.IsZero() && !at.Before(c.armed)) {
		return // the entry that stands comes up first and looks again
	}
	c.armed = at
	s.timers.add(at, c, nil)
}

// clientTimer looks whether a client has run out of time.
func (s *Server) clientTimer(now time.Time, c *client) {
	if c.cluster == nil {
		if !now.Before(c.since.Add(s.cfg.HandshakeTime)) {
			s.note(c.timed(event.Warning, event.ClientTooSlow, s.cfg.HandshakeTime))
			s.close(c, "no Init in time")
			return
		}
		s.armClient(c)
		return
	}
	d := s.dpdTime(c)
	switch {
	case d > 0 && !now.Before(c.heard().Add(d)):
		s.emit(Close{Conn: c.conn, Why: "it has been silent for " + event.Duration(d)})
		s.drop(now, c, c.timed(event.Warning, event.NodeSilent, d))
		return
	case d > 0 && !c.askedAt.IsZero() && !now.Before(c.askedAt.Add(d)):
		s.hangUp(now, c, "it has not confirmed its vote for "+event.Duration(d))
		return
	case !c.suspect.IsZero() && !now.Before(c.suspect.Add(c.probeTime(s.cfg.ProbeTime))):
		s.emit(Close{Conn: c.conn, Why: "it is silent, and its node has come back on another connection"})
		s.drop(now, c, c.event(event.Info, event.NodeReplaced))
		return
	}
	s.armClient(c)
}

// voteInfo sends a Vote info and returns its number. The ring is the client's
// own last one: with any other the client answers, but obeys nothing.
func (s *Server) voteInfo(now time.Time, c *client, v qnet.Vote) uint32 {
	c.voteSeq++
	if c.askedAt.IsZero() {
		c.askedAt = now
		c.timedSeq, c.timedAt = c.voteSeq, now
		s.armClient(c)
	}
	s.send(c, wire.VoteInfo{Seq: wire.Some(c.voteSeq), Vote: wire.Some(v), RingID: wire.Some(c.ring), Reason: c.reason()})
	return c.voteSeq
}

// voteInfoReply takes a confirmation. It answers the Vote info of its number
// and all before it, and no later one (S3).
func (s *Server) voteInfoReply(now time.Time, c *client, seq uint32) {
	if seq > c.voteSeq || seq <= c.answered {
		e := c.event(event.Debug, event.ReplyUnexpected)
		e.What = "vote info " + strconv.FormatUint(uint64(seq), 10)
		s.note(e)
		return
	}
	c.answered = seq
	if seq == c.timedSeq {
		c.measure(now.Sub(c.timedAt))
	}
	c.askedAt = time.Time{}
	if seq < c.voteSeq {
		// Later ones are on their way; their clock starts anew, untimed.
		c.askedAt = now
		c.timedSeq = 0
	}
	s.armClient(c)
	probed := !c.awaitSince.IsZero()
	if c.cluster.ledger.Answered(now, c.node, seq) || probed {
		s.settle(now, c.cluster)
	}
}

func quoted(s string) string { return strconv.Quote(s) }
