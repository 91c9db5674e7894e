// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qdevice

import (
	"slices"
	"strings"
	"time"

	"quorate/internal/qnet"
)

// peer is where an arbiter was found.
type peer struct {
	host    string // as configured
	address string
}

// String names the host, and its address if that is not to be seen in it.
func (p peer) String() string {
	if p.host == "" || strings.Contains(p.address, p.host) {
		return p.address
	}
	return p.host + " (" + p.address + ")"
}

// met is the arbiter that the node took its vote from last, in this run.
type met struct {
	somebody bool
	register qnet.RegisterID // zero: it announces none, as C's
	at       peer
}

// elsewhere reports whether the register id, found at p, is another arbiter's.
func (m *met) elsewhere(p peer, id qnet.RegisterID) bool {
	// Rule N6: at any other address than its last arbiter's, an arbiter must announce the same
	// register, or it is refused; at that same address another register is the same arbiter's,
	// made anew.
	return m.somebody && id != m.register && p.address != m.at.address
}

// refuse gives up a connection to another arbiter.
func (n *Node) refuse(now time.Time, id qnet.RegisterID) {
	here, there := n.conn.peer.String(), n.met.at.String()
	n.note(Notice{Level: n.often(Error), Text: "the arbiter at " + here + " is not the one at " + there + " and is not used: both could give their vote at once. " +
		"Leave one of the two in quorum.device.net.host; if the one at " + there + " is gone for good, restart corosync-qdevice",
		Reason: "register " + id.String() + ", and there " + n.met.register.String()})
	n.hangUp(now, "the arbiter at "+here+" is another one than that at "+there)
}

// meet takes an arbiter for the one that counts.
func (n *Node) meet(id qnet.RegisterID) {
	if old := n.met.register; id != old && !old.IsZero() {
		n.note(Notice{Level: Warning, Text: "the arbiter at " + n.conn.peer.String() + " has another register of grants than before: " +
			"taken for the same arbiter, set up anew or without its state", Reason: "register " + id.String() + ", before " + old.String()})
	}
	n.met = met{somebody: true, register: id, at: n.conn.peer}
}

// moved forgets an arbiter that is no longer to be found where it was.
func (n *Node) moved(in Reconfigured) {
	if in.Elsewhere && !slices.Contains(in.Hosts, n.met.at.host) {
		n.met = met{}
	}
}
