// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package wire

import "strconv"

// String names the message type.
func (t MessageType) String() string {
	names := [...]string{
		"Preinit", "Preinit reply", "StartTLS", "Init", "Init reply", "Server error", "Set option",
		"Set option reply", "Echo request", "Echo reply", "Node list", "Node list reply", "Ask for vote",
		"Ask for vote reply", "Vote info", "Vote info reply", "Heuristics change", "Heuristics change reply",
	}
	if int(t) < len(names) {
		return names[t]
	}
	return "message type " + strconv.Itoa(int(t))
}

// String prints the value as the C tools do.
func (s TLSSupport) String() string {
	switch s {
	case TLSUnsupported:
		return "Unsupported"
	case TLSSupported:
		return "Supported"
	case TLSRequired:
		return "Required"
	}
	return "Unknown TLS support " + strconv.Itoa(int(s))
}

// String says the code in words.
func (e ReplyError) String() string {
	names := [...]string{
		"no error", "unsupported needed message", "unsupported needed option", "TLS is required",
		"unsupported message", "message is too long", "Preinit is required first", "required option is missing",
		"unexpected message", "message can't be decoded", "internal error", "Init is required first",
		"unsupported decision algorithm", "invalid heartbeat interval",
		"message is not supported by the decision algorithm", "tie-breaker differs from the other nodes'",
		"decision algorithm differs from the other nodes'", "duplicate node ID", "invalid config node list",
		"invalid membership node list",
	}
	if int(e) < len(names) {
		return names[e]
	}
	return "error " + strconv.Itoa(int(e))
}

// Sentence says in plain words why a node or its message is refused.
func (e ReplyError) Sentence() string {
	switch e {
	case ErrTLSRequired:
		return "the arbiter requires TLS"
	case ErrUnsupportedAlgorithm:
		return "the arbiter does not know the decision algorithm, or it does not fit the number of nodes"
	case ErrInvalidHeartbeat:
		return "the heartbeat interval, which quorum.device.timeout sets, is outside of what the arbiter allows"
	case ErrTieBreakerDiffers:
		return "its tie_breaker is not the one of the other nodes, so corosync.conf differs between the nodes"
	case ErrAlgorithmDiffers:
		return "its decision algorithm is not the one of the other nodes, so corosync.conf differs between the nodes"
	case ErrDuplicateNodeID:
		return "another connection has the same node ID: either two machines have the same nodeid in corosync.conf, " +
			"or two clusters have the same name, or an old connection of this node has not been dropped yet"
	case ErrInvalidConfigNodeList:
		return "the node itself is missing from its node list in corosync.conf"
	case ErrInvalidMembershipNodeList:
		return "the node itself is missing from its list of members"
	case ErrMessageTooLong:
		return "the message is longer than the arbiter accepts"
	case ErrInternal:
		return "the arbiter has an internal error; its log says more"
	case NoError:
		return "nothing is wrong"
	}
	return "it does not follow the protocol (" + e.String() + ")"
}
