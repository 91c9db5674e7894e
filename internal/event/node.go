// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package event

import (
	"fmt"

	"github.com/quorate/quorate/internal/term"
)

// nodeText is the sentence of what happens to a node's daemon.
func (e *Event) nodeText() string {
	switch e.Kind {
	case AwaitingAnswer:
		return "waiting for the arbiter's first answer"
	case Connected:
		if e.Addr == "" {
			return "connected to the arbiter"
		}
		return "connected to the arbiter at " + e.Addr
	case Disconnected:
		return e.stillCounts("lost the connection to the arbiter: " + e.Reason)
	case Unreachable:
		return e.stillCounts("no connection to the arbiter: " + e.Reason)
	case Reconnecting:
		return "corosync.conf has changed; connecting to the arbiter again"
	case Refused:
		return "the arbiter refuses this node: " + e.Reason
	case OtherArbiter:
		return "the arbiter at " + e.Addr + " is not the one at " + e.What + " and is not used: both could give their vote at once. " +
			"Leave one of the two in quorum.device.net.host; if the one at " + e.What + " is gone for good, restart corosync-qdevice"
	case RegisterChanged:
		return "the arbiter at " + e.Addr + " has lost its record of votes or was set up again; this node keeps using it"
	case HeuristicsPassed:
		return "the heuristics of this node pass now"
	case HeuristicsFailed:
		return "the heuristics of this node fail now"
	case HeuristicsNone:
		return "the heuristics of this node give no result"
	case NodeGone, NodeBack, QuorumLost, QuorumGained:
		return e.quorumText()
	}
	return e.voteText()
}

// stillCounts adds for how long the vote outlasts its connection.
func (e *Event) stillCounts(text string) string {
	switch {
	case e.For > 0:
	case e.Device:
		return text + "; its vote no longer counts here"
	default:
		return text
	}
	return text + "; the arbiter's vote still counts for " + Duration(e.For)
}

// voteText is the sentence of what becomes of a node's vote.
func (e *Event) voteText() string {
	switch e.Kind {
	case VoteGiven:
		if e.Reason != "" {
			return e.Reason
		}
		return "this side has the arbiter's vote"
	case VoteWithheld:
		return e.withReason("this side does not have the arbiter's vote")
	case VoteMissing:
		return e.withReason("this node goes on without the arbiter's vote")
	case ReasonChanged:
		return e.Reason
	case VoteTakenBack:
		return "the arbiter has not answered for " + Duration(e.For) + "; this node no longer counts its vote"
	case SilentInSync:
		return "the arbiter has not answered for " + Duration(e.For) + "; this node goes on without its vote until it does"
	case LateInSync:
		return "the arbiter has not decided for " + Duration(e.For) + "; this node goes on without its vote until it has"
	case ConfigRefused:
		return "this node may not use the arbiter's vote until corosync.conf is corrected: " + e.Reason
	case ConfigMended:
		return "corosync.conf is corrected; asking for the arbiter's vote again"
	case DeviceRemoved:
		return e.What + " was removed from corosync.conf; this node no longer uses the arbiter's vote"
	case DeviceBack:
		return e.What + " is back in corosync.conf; this node asks for the arbiter's vote again"
	}
	return ""
}

// quorumText says who is gone or back, and what becomes of the quorum.
func (e *Event) quorumText() string {
	change := ""
	if len(e.Gone) > 0 {
		change = e.Names.List(e.Gone) + term.Plural(len(e.Gone), " is", " are") + " gone"
	}
	if len(e.Back) > 0 {
		if change != "" {
			change += ", "
		}
		change += e.Names.List(e.Back) + term.Plural(len(e.Back), " is", " are") + " back"
	}
	text := e.quorum()
	if change == "" {
		return text
	}
	return change + "; " + text
}

// quorum says who is quorate, or what is missing.
func (e *Event) quorum() string {
	votes := ""
	if v := e.Votes; v != (Votes{}) {
		votes = fmt.Sprintf(": %d of %s, %d needed", v.Total, term.Count(v.Expected, "vote"), v.Needed)
	}
	with := ""
	if e.Device {
		with = " with the arbiter's vote"
	}
	switch e.Kind {
	case QuorumLost:
		if !e.Was {
			return "no quorum yet" + votes
		}
		return "quorum lost" + votes
	case QuorumGained:
		return "quorum gained" + with + votes
	}
	if !e.Was {
		return "there is still no quorum" + votes
	}
	return e.Names.List(e.Nodes) + term.Plural(len(e.Nodes), " stays", " stay") + " quorate" + with
}
