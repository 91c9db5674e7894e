// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package outlook

import (
	"fmt"

	"github.com/quorate/quorate/internal/status"
)

// The sentences of what can be wrong with a node's quorum device. Package doctor says the
// same where it finds the same. node is what the node is called.

// DeviceBarred is that Corosync's configuration allows no device.
func DeviceBarred(node string) string {
	return "Corosync on " + node + " allows no quorum device: expected_votes, two_node, last_man_standing, auto_tie_breaker or the nodes' votes rule it out"
}

// NoDaemon is that no device is registered.
func NoDaemon(node string) string {
	return node + " has no qdevice running, so the arbiter's vote does not count there"
}

// DaemonStopped is that the device has not polled for too long.
func DaemonStopped(node string) string {
	return "the qdevice of " + node + " has stopped: Corosync no longer hears from it"
}

// MayNotVote is that the node daemon refuses its configuration.
func MayNotVote(node string, d *status.QDevice) string {
	return node + " may not use the arbiter's vote: " + d.Refused
}

// NotConnected is that the node daemon has no arbiter; starting is whether it has only just
// begun to connect. It is empty if it has one.
func NotConnected(node string, d *status.QDevice, isC bool) (text string, starting bool) {
	at := fmt.Sprintf(" to the arbiter at %s, port %d", d.Host, d.Port)
	switch {
	case d.State == status.StateConnected:
		return "", false
	case d.State == status.StateConnecting && d.Lost == "" && !isC:
		return node + " is still connecting" + at, true
	case d.Lost == "":
		return node + " is not connected" + at, false
	}
	return node + " is not connected" + at + ": " + d.Lost, false
}

// OldConfig is that the node daemon uses another version of corosync.conf than Corosync
// does; it is empty if it does not.
func OldConfig(node string, d *status.QDevice, q *status.Quorum) string {
	if d.ConfigVersion == nil || *d.ConfigVersion == q.ConfigVersion {
		return ""
	}
	return fmt.Sprintf("the qdevice of %s uses version %d of corosync.conf, Corosync uses version %d", node, *d.ConfigVersion, q.ConfigVersion)
}

// CommandFails is that one of the heuristics does.
func CommandFails(node string, c *status.HeuristicsCommand) string {
	return "heuristics command " + c.Name + " fails on " + node + ": " + c.Detail
}

// HeuristicsFail is that the heuristics do, and it is not known which.
func HeuristicsFail(node string) string { return "the heuristics of " + node + " fail" }

// NotCounted is that the arbiter's vote is there, and not in use yet.
func NotCounted(node string) string {
	return node + " has the arbiter's vote, but Corosync has not counted it yet"
}

// NotUsed is that the arbiter's vote is not used, and why; without a reason, only that.
func NotUsed(node, why string) string {
	if why == "" {
		return node + " does not use the arbiter's vote"
	}
	return node + " does not use the arbiter's vote: " + why
}
