// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qdevice

import (
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/timing"
)

// cause is why a vote is cast: in words for the status, and as an event if there is no
// better one already.
type cause struct {
	why       string
	kind      event.Kind // None: the event was told
	reason    string     // of the event; the arbiter's own words, if it has any
	byArbiter bool
}

// ours is a vote of "no" for a reason of the node's own.
func ours(why string) cause { return cause{why: why, kind: event.VoteMissing, reason: why} }

// causeOf is the same after an event that says it.
func causeOf(why string) cause { return cause{why: why} }

// apply carries a vote out: ACK and NACK are polled at once and then at intervals; those
// that ask for patience end the polling. It reports whether an event was made of it.
func (n *Node) apply(now time.Time, v qnet.Vote, c cause) (noted bool) {
	switch v {
	case qnet.VoteACK:
		if n.config.Refuse != "" {
			v, c = qnet.VoteNACK, ours(n.config.Refuse)
		} else if !n.fresh(now) {
			v, c = qnet.VoteNACK, ours(whyStale)
		}
	case qnet.VoteNACK:
	case qnet.VoteAskLater, qnet.VoteWaitForReply:
		if !n.keeps() {
			n.vote.polling = false
		}
		return false
	default:
		return false
	}
	changed := n.vote.cast != v || n.vote.ring != n.ring
	if changed {
		n.vote.since = now
	}
	if c.kind != event.None && (changed || c.byArbiter && !n.vote.byArbiter) {
		e := n.event(event.Info, c.kind).WithReason(c.reason)
		e.Vote = v
		n.note(e)
		noted = true
	}
	n.vote.why, n.vote.byArbiter = c.why, c.byArbiter
	n.vote.cast, n.vote.ring = v, n.ring
	n.vote.withdraw = time.Time{}
	n.poll(now)
	return noted
}

// keeps reports whether the node casts the vote for its ring with the arbiter's
// leave: then an arbiter that asks for patience while the lists of a new
// connection come in takes nothing away.
func (n *Node) keeps() bool { return n.vote.cast == qnet.VoteACK && n.vote.ring == n.ring }

// poll polls the vote that is cast.
func (n *Node) poll(now time.Time) {
	if n.members == nil {
		return
	}
	cast := n.keeps()
	n.vote.polling, n.vote.next = true, now.Add(n.cfg.voteInterval())
	n.vote.last, n.vote.lastCast = now, cast
	p := Poll{Ring: n.ring, Cast: cast}
	if cast {
		p.Until = n.freshUntil()
	}
	n.emit(p)
}

// freshFor is how long after the basis a vote may be cast. An arbiter that announces no
// grace gives the vote away 1.5 heartbeats after it last heard of the node.
func (n *Node) freshFor() time.Duration {
	// Rule N2: a vote is cast for no longer than the grace that the arbiter announces, and with one
	// that announces none for 1.25 heartbeats, counted from when the last answered echo was sent.
	if g := n.grace(); g > 0 {
		return g
	}
	return n.cfg.Heartbeat * 5 / 4
}

// lenient reports whether the node votes on without its arbiter, as C does.
func (n *Node) lenient() bool {
	return n.cfg.Algorithm == qnet.LMS && n.cfg.WaitForAll && n.quorate
}

// freshUntil is when the arbiter's word is too old, or zero if it does not age.
func (n *Node) freshUntil() time.Time {
	if n.conn.basis.IsZero() || n.lenient() || (n.conn.state != Online && n.vote.cast != qnet.VoteACK) {
		return time.Time{}
	}
	return n.conn.basis.Add(n.freshFor())
}

// silentUntil is when a connection has not answered for too long, or zero. Where the
// vote ages it ends then, too, unless there is no vote; where it does not, a link
// that has died without a word must still be found out.
func (n *Node) silentUntil() time.Time {
	if n.conn.state != Online || n.conn.basis.IsZero() {
		return time.Time{}
	}
	return n.conn.basis.Add(n.freshFor())
}

func (n *Node) fresh(now time.Time) bool {
	return n.lenient() || (!n.conn.basis.IsZero() && now.Before(n.conn.basis.Add(n.freshFor())))
}

// checkFresh takes the vote back when the arbiter's word is too old, and gives
// a connection up that has not answered for so long.
func (n *Node) checkFresh(now time.Time) {
	if n.leaving {
		return
	}
	silent := timing.Due(now, n.silentUntil())
	if timing.Due(now, n.freshUntil()) {
		if n.keeps() {
			n.note(n.event(event.Warning, event.VoteTakenBack).WithTime(n.freshFor()))
			n.apply(now, qnet.VoteNACK, causeOf(whyStale))
		}
		n.conn.basis = time.Time{}
	}
	if silent { // the basis is kept for a vote that may age again, when quorum is lost
		n.hangUp(now, "it has not answered for "+event.Duration(n.freshFor()))
	}
}
