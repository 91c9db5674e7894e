// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qdevice

import (
	"slices"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnet"
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

// lastArbiter is the arbiter that the node took its vote from last, in this run.
type lastArbiter struct {
	somebody bool
	register qnet.RegisterID // zero: it announces none, as C's
	at       peer
}

// elsewhere reports whether the register id, found at p, is another arbiter's.
func (m *lastArbiter) elsewhere(p peer, id qnet.RegisterID) bool {
	// Rule N6: at any other address than its last arbiter's, an arbiter must announce the same
	// register, or it is refused; at that same address another register is the same arbiter's,
	// made anew.
	return m.somebody && id != m.register && p.address != m.at.address
}

// refuse gives up a connection to another arbiter.
func (n *Node) refuse(now time.Time, id qnet.RegisterID) {
	here, there := n.conn.peer.String(), n.last.at.String()
	e := n.event(n.often(event.Error), event.OtherArbiter).WithReason("register " + id.String() + ", and there " + n.last.register.String())
	e.Addr, e.What = here, there
	n.note(e)
	n.letGo(now, "the arbiter at "+here+" is not the one at "+there)
}

// meet takes an arbiter for the one that counts.
func (n *Node) meet(id qnet.RegisterID) {
	if old := n.last.register; id != old && !old.IsZero() {
		e := n.event(event.Warning, event.RegisterChanged).WithReason("register " + id.String() + ", before " + old.String())
		e.Addr = n.conn.peer.String()
		n.note(e)
	}
	n.last = lastArbiter{somebody: true, register: id, at: n.conn.peer}
}

// moved forgets an arbiter that is no longer to be found where it was.
func (n *Node) moved(in Reconfigured) {
	if in.Elsewhere && !slices.Contains(in.Hosts, n.last.at.host) {
		n.last = lastArbiter{}
	}
}
