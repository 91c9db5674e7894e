// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qdevice

import (
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
)

// removal is how far a device is on its way out of votequorum.
type removal uint8

const (
	present       removal = iota
	unregistering         // a new ring still has to be polled: Corosync would wait for it
	absent                // votequorum knows of no device
)

// removed takes the device's end: the vote is given up at once, and nothing that was
// agreed with the arbiter outlives it. What Corosync says is still listened to, so
// that a device that comes back starts from the ring as it is then, like a daemon
// that has just started: N1, N2 and N4 hold without a word about the time before, and
// N6 forgets an arbiter whose address was taken away.
func (n *Node) removed(in Removed) {
	n.what = in.What
	if n.removal != present {
		return
	}
	n.note(n.named(event.DeviceRemoved, in.What))
	n.removal = unregistering
	if n.members != nil {
		n.emit(Poll{Ring: n.ring, Cast: false})
	}
	if n.conn.state != Waiting {
		n.emit(Close{Why: in.What + " was removed from corosync.conf"})
	}
	n.conn = connection{seq: n.conn.seq}
	n.vote, n.reason, n.last, n.config = vote{}, arbiterReason{}, lastArbiter{}, Configured{}
	n.run, n.nextRegular = 0, time.Time{}
	n.heuristics, n.memberHeur, n.connectHeur, n.regularHeur = 0, 0, 0, 0
	n.emit(Unregister{})
}

// whileRemoved takes an input of a node without a device.
func (n *Node) whileRemoved(now time.Time, in Input) {
	switch in := in.(type) {
	case Configured:
		n.back(now, in)
	case Membership:
		n.ring, n.members, n.inSync = in.Ring, in.Members, true
		if n.removal == unregistering {
			n.emit(Poll{Ring: n.ring, Cast: false})
		}
	case Quorum:
		n.inSync, n.quorate, n.nodes, n.hasQuorum = false, in.Quorate, in.Nodes, true
	case Reconfigured:
		n.reconfigured(now, in)
		n.nextRegular = time.Time{}
	case Removed:
		n.removed(in)
	case Unregistered:
		n.removal = absent
	case Withdraw:
		n.leaving = true
	}
}

// back takes a device that is configured, and registered, once more.
func (n *Node) back(now time.Time, in Configured) {
	n.note(n.named(event.DeviceBack, n.what))
	n.removal, n.what = present, ""
	n.conn.retryAt = now
	n.configured(now, in)
	if n.members != nil { // Corosync may be waiting already
		n.apply(now, qnet.VoteNACK, n.offline())
	}
	n.tick(now)
}

// statusRemoved changes a snapshot to that of a node without a device.
func (n *Node) statusRemoved(s *status.QDevice) {
	s.Removed, s.State = n.what, status.StateDisconnected
	s.Vote, s.Reason, s.Since = qnet.VoteUndefined, n.what+" was removed from corosync.conf", time.Time{}
}
