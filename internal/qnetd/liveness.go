// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import (
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/hold"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/timing"
)

// liveness is whether a node answers. When it was last heard, the ledger knows.
type liveness struct {
	armed time.Time // instant for which a timer entry stands

	askedAt  time.Time // when the oldest unanswered Vote info was sent; zero if none is
	timedSeq uint32    // the Vote info whose answer is timed; 0 if none is
	timedAt  time.Time
	rtt      timing.RTT

	awaitedSince time.Time // since when a newer report of this node is awaited; zero if none is
	probed       time.Time // when it was probed since; zero if not yet
	probeSeq     uint32    // the Vote info that probed it

	// Invariant: at most one of the two is true.
	silent bool // it did not answer a probe: decided without
	late   bool // it answers, but its report did not come in time: decided without

	suspected time.Time // since when another connection claims to be this node; zero if none does
}

// asked notes that a Vote info was sent, and reports whether it is the only unanswered one.
func (v *liveness) asked(now time.Time, seq uint32) bool {
	if !v.askedAt.IsZero() {
		return false
	}
	v.askedAt, v.timedSeq, v.timedAt = now, seq, now
	return true
}

// confirmed notes that a Vote info was answered, of which the last one sent is last.
func (v *liveness) confirmed(now time.Time, seq, last uint32) {
	if seq == v.timedSeq {
		v.rtt.Measured(now.Sub(v.timedAt))
	}
	v.askedAt = time.Time{}
	if seq < last {
		// Later ones are on their way; their clock starts anew, untimed.
		v.askedAt, v.timedSeq = now, 0
	}
}

// probeTime is how long the node may take to answer a probe (H7).
func (v *liveness) probeTime(least time.Duration) time.Duration {
	return max(least, v.rtt.Patience())
}

// await notes that a newer report is awaited.
func (v *liveness) await(now time.Time) {
	if v.awaitedSince.IsZero() {
		v.awaitedSince, v.probed = now, time.Time{}
	}
}

func (v *liveness) isAwaited() bool { return !v.awaitedSince.IsZero() }

// stopAwaiting notes that no report is awaited any more.
func (v *liveness) stopAwaiting() { v.awaitedSince = time.Time{} }

// leaveOut notes that the report did not come: the node is decided without.
func (v *liveness) leaveOut(answers bool) { v.silent, v.late = !answers, answers }

// leftOut reports whether the node is decided without.
func (v *liveness) leftOut() bool { return v.silent || v.late }

// pace is how often the node speaks.
func (c *client) pace() hold.Pace { return c.cluster.ledger.PaceOf(c.node) }

// heard is when the node last sent a complete message.
func (c *client) heard() time.Time { return c.cluster.ledger.LastHeard(c.node) }

// dpdTime is how long the client may be silent; 0 is for ever.
func (s *Server) dpdTime(c *client) time.Duration {
	if !s.cfg.DPD {
		return 0
	}
	return time.Duration(s.cfg.DPDFactor*float64(c.pace().Heartbeat)) * time.Millisecond
}

// heard notes that a client lives. A silent client that speaks again takes
// part in decisions again (H8).
func (s *Server) heard(now time.Time, c *client) {
	c.suspected = time.Time{}
	if c.cluster == nil {
		return
	}
	c.cluster.ledger.Heard(now, c.node)
	if c.silent {
		c.silent = false
		c.stopAwaiting()
		s.note(c.event(event.Info, event.NodeAnswers))
		s.settle(now, c.cluster)
	}
}

// suspect asks a connection whose node ID another one claims whether it still
// lives: after a silent loss the node comes back before its old connection is
// given up. If it does not answer, it is dropped, and the next try succeeds.
func (s *Server) suspect(now time.Time, c *client) {
	if !c.suspected.IsZero() {
		return
	}
	c.suspected = now
	s.voteInfo(now, c, qnet.VoteNoChange)
	s.armClient(c)
}

// armClient sets the client's next timer.
func (s *Server) armClient(c *client) {
	at := s.clientDeadline(c)
	if !timing.Before(at, c.armed) {
		return // the entry that stands comes up first and looks again
	}
	c.armed = at
	s.timers.Add(at, timer{client: c})
}

// clientDeadline is the end of a client's handshake time, of its silence, of a Vote info that
// it does not answer, or of a suspicion; zero if there is none.
func (s *Server) clientDeadline(c *client) (at time.Time) {
	if c.cluster == nil {
		if s.cfg.HandshakeTime > 0 {
			at = c.since.Add(s.cfg.HandshakeTime)
		}
		return at
	}
	if d := s.dpdTime(c); d > 0 {
		at = c.heard().Add(d)
		if !c.askedAt.IsZero() {
			at = timing.Earliest(at, c.askedAt.Add(d))
		}
	}
	if !c.suspected.IsZero() {
		at = timing.Earliest(at, c.suspected.Add(c.probeTime(s.cfg.ProbeTime)))
	}
	return at
}

// clientTimer looks whether a client has run out of time.
func (s *Server) clientTimer(now time.Time, c *client) {
	if c.cluster == nil {
		if !now.Before(c.since.Add(s.cfg.HandshakeTime)) {
			s.note(c.event(event.Warning, event.ClientTooSlow).WithTime(s.cfg.HandshakeTime))
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
		s.drop(now, c, c.event(event.Warning, event.NodeSilent).WithTime(d))
		return
	case d > 0 && !c.askedAt.IsZero() && !now.Before(c.askedAt.Add(d)):
		s.hangUp(now, c, "it has not confirmed its vote for "+event.Duration(d))
		return
	case !c.suspected.IsZero() && !now.Before(c.suspected.Add(c.probeTime(s.cfg.ProbeTime))):
		s.emit(Close{Conn: c.conn, Why: "it is silent, and its node has come back on another connection"})
		s.drop(now, c, c.event(event.Info, event.NodeReplaced))
		return
	}
	s.armClient(c)
}
