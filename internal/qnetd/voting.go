// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import (
	"strconv"
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// voting is what was sent to a node of its vote, and what it has confirmed.
type voting struct {
	sent        qnet.Vote // ACK or NACK since its last membership report; VoteUndefined: it waits
	lastVote    qnet.Vote // the last in any message, for the status
	lastACKNACK qnet.Vote // the last of the two, for the status
	remembered  qnet.Vote // what lms goes by: a NACK counts after an ACK only

	reasons bool       // it takes the reason of its vote (option 32771)
	reason  voteReason // of what was sent last, or is to be sent

	// Invariant: answered ≤ seq.
	seq      uint32 // number of the last Vote info
	answered uint32 // number of the last one that was answered
}

// reset notes that the node has reported anew: nothing was sent for that yet.
func (v *voting) reset() { v.sent, v.reason = qnet.VoteUndefined, voteReason{clause: whyToCome} }

// send notes that ACK or NACK is sent.
func (v *voting) send(vote qnet.Vote, reason voteReason) {
	v.sent, v.lastVote, v.lastACKNACK, v.reason = vote, vote, vote, reason
	if vote == qnet.VoteACK || v.remembered == qnet.VoteACK {
		v.remembered = vote
	}
}

// answer takes the number of a Vote info reply. It answers the Vote info of that number
// and all before it, and no later one (S3); answer returns whether it answers any.
func (v *voting) answer(seq uint32) bool {
	if seq > v.seq || seq <= v.answered {
		return false
	}
	v.answered = seq
	return true
}

// reasonOption is what goes with a vote to a node that takes reasons; nothing to all others,
// to which no message changes.
func (v *voting) reasonOption() wire.Opt[string] {
	if !v.reasons {
		return wire.Opt[string]{}
	}
	return wire.Reason(v.reason.String())
}

// sendVote sends a vote to a node, unless the same was sent since its last report.
// The ledger hears of it before the bytes leave (H1).
func (s *Server) sendVote(now time.Time, c *client, v qnet.Vote, reason voteReason) {
	if c.sent == v {
		s.sendReason(now, c, reason)
		return
	}
	c.voting.send(v, reason)
	c.cluster.ledger.Told(c.node, v, s.voteInfo(now, c, v))
	e := c.event(event.Info, reason.kind).WithReason(reason.String())
	switch e.Vote, e.What = v, reason.clause; {
	case v == qnet.VoteACK:
		e.Reason = reason.own
	case reason.kind == event.VotePutOff:
		e.Reason = reason.clause
	}
	s.note(e)
}

// sendReason sends the reason of the vote that was sent before, if it is a new one: the
// node that lost the vote to nobody in particular hears who has it now.
func (s *Server) sendReason(now time.Time, c *client, reason voteReason) {
	if !c.reasons || c.sent == qnet.VoteUndefined || c.reason == reason {
		return
	}
	c.reason = reason
	s.voteInfo(now, c, qnet.VoteNoChange)
}

// voteInfo sends a Vote info and returns its number. The ring is the client's
// own last one: with any other the client answers, but obeys nothing.
func (s *Server) voteInfo(now time.Time, c *client, v qnet.Vote) uint32 {
	c.seq++
	if c.asked(now, c.seq) {
		s.armClient(c)
	}
	s.send(c, wire.VoteInfo{Seq: wire.Some(c.seq), Vote: wire.Some(v), RingID: wire.Some(c.ring), Reason: c.reasonOption()})
	return c.seq
}

// voteInfoReply takes a confirmation.
func (s *Server) voteInfoReply(now time.Time, c *client, seq uint32) {
	if !c.answer(seq) {
		e := c.event(event.Debug, event.ReplyUnexpected)
		e.What = "vote info " + strconv.FormatUint(uint64(seq), 10)
		s.note(e)
		return
	}
	c.confirmed(now, seq, c.seq)
	s.armClient(c)
	if c.cluster.ledger.Answered(now, c.node, seq) || c.isAwaited() {
		s.settle(now, c.cluster)
	}
}
