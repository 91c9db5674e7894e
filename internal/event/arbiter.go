// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package event

import (
	"slices"
	"strings"

	"github.com/quorate/quorate/internal/qnet"
)

// arbiterText is the sentence of what happens to an arbiter.
func (e *Event) arbiterText() string {
	switch e.Kind {
	case ClientConnected:
		return Host(e.Addr) + " connects"
	case ClientDisconnected:
		return e.withReason(Host(e.Addr) + " is gone")
	case ClientRefused:
		return Host(e.Addr) + " is refused: " + e.Reason
	case ClientTooSlow:
		return Host(e.Addr) + " has been connected for " + Duration(e.For) + " without saying who it is; its connection is closed"
	case MessageRefused:
		return "a message from " + e.node() + " is refused: " + e.Reason
	case LinesDropped:
		return "too many log lines: " + e.What + " were dropped"
	case GrantNotRecorded:
		return "the vote is not given, because it can't be recorded: " + e.Reason
	case Decided:
		return e.Reason
	case HeldBack:
		return e.heldBack()
	}
	return e.clientText()
}

// clientText is the sentence of what happens to one node of the arbiter's.
func (e *Event) clientText() string {
	switch e.Kind {
	case NodeConnected:
		return e.node() + " is connected"
	case NodeDisconnected:
		return e.withReason(e.node() + " is disconnected")
	case NodeSilent:
		return e.node() + " has been silent for " + Duration(e.For) + "; its connection is closed"
	case NodeReplaced:
		return e.node() + " is back on another connection; the old one is closed"
	case NodeReports:
		return e.node() + " is " + e.company()
	case NodeHeuristics:
		return "the heuristics of " + e.node() + " " + strings.ToLower(e.What)
	case NodeRefused:
		return e.node() + " is refused: " + e.Reason
	case NodeUnanswering:
		return e.node() + " does not answer; the decision is made without it"
	case NodeUnreporting:
		return e.node() + " answers but does not report; the decision is made without it"
	case NodeAnswers:
		return e.node() + " answers again"
	case TestAlgorithm:
		return e.node() + " uses the test algorithm, which is not for production"
	case VoteSent:
		if e.Vote == qnet.VoteACK {
			return e.node() + " gets the vote, because " + e.Reason
		}
		return e.withReason(e.node() + " does not get the vote")
	case VotePutOff, VoteUndecided:
		return e.node() + " has to wait for the vote: " + e.Reason
	case ReplyUnexpected:
		return e.node() + " answers a question that nobody asked: " + e.What
	}
	return ""
}

// company says who a node is in a ring with.
func (e *Event) company() string {
	others := slices.DeleteFunc(slices.Clone(e.Nodes), func(id qnet.NodeID) bool { return id == e.Node })
	if len(others) == 0 {
		return "alone"
	}
	return "together with " + e.Names.List(others)
}

// heldBack says what keeps the winner of a decision waiting.
func (e *Event) heldBack() string {
	if len(e.Nodes) == 0 || e.For <= 0 {
		return "the vote is not given yet: " + e.Reason
	}
	return e.Names.List(e.Nodes) + " may still be using the vote for another " + Duration(e.For)
}
