// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import (
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// because is why a node's vote is what it is.
type because struct {
	kind   event.Kind // of the event of its being told
	lead   string     // who has the vote, before the reason
	reason string
	own    string // the reason, to one of those who have it
}

func (b because) String() string { return b.lead + b.reason }

// What a node is told before there is a decision.
const (
	whyNoLists = "the arbiter does not know yet which nodes this one is together with"
	whyToCome  = "the arbiter has not decided yet"
)

// reason is what goes with a vote to a node that takes reasons; nothing to all others,
// to which no message changes.
func (c *client) reason() wire.Opt[string] {
	if !c.reasons {
		return wire.Opt[string]{}
	}
	return wire.Reason(c.why.String())
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
