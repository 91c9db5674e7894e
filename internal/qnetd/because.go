// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import (
	"time"

	"quorate/internal/decision"
	"quorate/internal/qnet"
	"quorate/internal/wire"
)

// because is why a node's vote is what it is.
type because struct {
	lead   string // what a node is told before the reason; the log has it in another place
	reason string // as the log and the status have it
}

// What a node is told before there is a decision.
const (
	whyNoLists = "the lists of this node are still to come"
	whyToCome  = "the decision on this ring is still to come"
)

// lead says whom a verdict, which awaits nobody, gives the vote to. It is right before
// the grant and after it: what still keeps the winner waiting is told to the winner.
func lead(v decision.Verdict) string {
	if v.Winner == nil {
		return "the vote goes to nobody: "
	}
	return "the vote goes to "
}

// reason is what goes with a vote to a node that takes reasons; nothing to all others,
// to which no message changes.
func (c *client) reason() wire.Opt[string] {
	if !c.reasons {
		return wire.Opt[string]{}
	}
	return wire.Reason(c.why.lead + c.why.reason)
}

// explain tells a node the reason of the vote that it was told before, if it is a new
// one: the node that lost the vote to nobody in particular hears who has it now.
func (s *Server) explain(now time.Time, c *client, why because) {
	if !c.reasons || c.told == qnet.VoteUndefined || c.why == why {
		return
	}
	c.why = why
	s.voteInfo(now, c, qnet.VoteNoChange)
}
