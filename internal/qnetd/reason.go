// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import (
	"github.com/quorate/quorate/internal/decision"
	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnet"
)

// voteReason is why a node's vote is what it is.
type voteReason struct {
	kind   event.Kind // of the event of its being sent
	lead   string     // who has the vote, before the clause
	clause string     // why
	own    string     // why, to one of those who have it
}

func (r voteReason) String() string { return r.lead + r.clause }

// What a node is told before there is a decision.
const (
	whyNoLists = "the arbiter does not know yet which nodes this one is together with"
	whyToCome  = "the arbiter has not decided yet"
)

// decidedReason is the reason of a decision.
func decidedReason(r decision.Reason, names qnet.Names) voteReason {
	return voteReason{kind: event.VoteSent, lead: r.Lead(names), clause: r.Clause(names), own: r.ClauseOf(names)}
}

// postponed is why the vote, which is decided, is not given.
func postponed(why string) voteReason {
	return voteReason{kind: event.VotePutOff, lead: "the vote is not given yet: ", clause: why}
}
