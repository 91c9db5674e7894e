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
