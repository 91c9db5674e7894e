// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"time"

	"github.com/quorate/quorate/internal/qdevice"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
	"github.com/quorate/quorate/internal/totem"
	vq "github.com/quorate/quorate/internal/votequorum"
	"github.com/quorate/quorate/internal/wire"
)

// deviceName is under what both node daemons register.
const deviceName = "Qdevice"

// node is a node's host: Corosync, and the node daemon beside it.
type node struct {
	w     *World
	index int // from 1 on, by ID
	clock clock
	dice  dice
	power bool
	part  int // nodes of the same part reach each other

	// Corosync.
	up      bool
	left    bool // it has said good-bye
	boot    uint64
	vq      *vq.Machine
	vqArmed instant

	totem.Member
	tokens  uint64
	gathers uint64
	merging bool
	pumping bool
	awaits  instant // since when its sync waits for a node daemon of ours that is well; 0: it does not

	// The node daemon.
	daemon   process
	tracking bool // it hears of rings
	conn     *conn
	dial     uint64 // which try to connect
	ipcAt    instant
	polled   struct { // the last poll
		ring qnet.RingID
		cast bool
	}
	flags  vq.Flags // of votequorum, as it counted last
	active bool     // it could act when it was last looked at
	since  instant  // since when
	answer struct { // the last vote that the arbiter sent it
		ring qnet.RingID
		vote qnet.Vote
		why  string
	}
	checks qnet.Heuristics // what its heuristics come to
	shown  state           // what the trace was told last
}

func newNode(w *World, id qnet.NodeID, index int) *node {
	c := w.clockOf(index)
	n := &node{w: w, Member: totem.Member{ID: id}, index: index, clock: c, power: true, checks: qnet.HeuristicsPass, dice: newDice(w.cfg.Seed, uint64(id))}
	n.daemon = process{w: w, clock: c, dice: &n.dice}
	return n
}

// start starts Corosync: alone in a ring at first. The node daemon follows.
func (n *node) start() {
	if n.up || !n.power {
		return
	}
	cfg := n.w.conf
	cfg.Node = n.ID
	m, outs, err := vq.New(cfg, n.clock.local(n.w.now), 0)
	if err != nil {
		panic("sim: internal error: " + err.Error()) // it was tried before
	}
	n.boot++
	n.up, n.left, n.vq, n.vqArmed = true, false, m, 0
	n.Start()
	n.merging, n.pumping = false, false
	own, _ := m.NodeVotes(0)
	n.flags = own.Flags
	n.tokens++
	n.gathers++
	n.perform(outs)
	n.w.tracef("node %v: Corosync starts", n.ID)
	boot := n.boot
	n.w.after(n.dice.between(forRestart, 50*time.Millisecond, 300*time.Millisecond), func() {
		if n.boot == boot && n.up && n.State == totem.Gather {
			n.w.form([]*node{n})
		}
	})
	n.w.after(n.dice.between(forRestart, 300*time.Millisecond, 2*time.Second), func() {
		if n.boot == boot && n.up {
			n.startDaemon()
		}
	})
	n.w.topology()
}

// stop ends Corosync, and the node daemon with it.
func (n *node) stop() {
	if !n.up {
		return
	}
	n.killDaemon()
	n.Stop()
	n.up, n.vq = false, nil
	n.boot++
	n.w.topology()
}

// powerOff takes the host's power.
func (n *node) powerOff() {
	n.power = false
	n.daemon.end()
	n.conn, n.dial = nil, n.dial+1
	n.stop()
	n.w.vanish(n.ID)
}

// leave stops everything in an orderly way.
func (n *node) leave() {
	if !n.up {
		return
	}
	n.stopDaemon()
	n.vqStep(vq.Leave{})
	n.left = true
	ring := n.Ring
	for _, o := range n.w.membersOf(ring) {
		if o != n && n.w.reach(n, o) {
			n.w.after(n.w.delay(&n.dice), func() {
				if o.Ring == ring {
					o.enterGather()
				}
			})
		}
	}
	n.stop()
}

// vqStep gives votequorum an input and does what it wants done.
func (n *node) vqStep(in vq.Input) {
	if !n.up {
		return
	}
	n.perform(n.vq.Step(n.clock.local(n.w.now), in))
	n.armVQ()
	v, _ := n.vq.NodeVotes(0)
	n.flags = v.Flags
	n.w.check.dirty = true
}

func (n *node) armVQ() {
	t := n.vq.Deadline()
	if t.IsZero() {
		return
	}
	at := max(n.clock.global(t), n.w.now)
	if n.vqArmed != 0 && n.vqArmed <= at {
		return
	}
	n.vqArmed = at
	boot := n.boot
	n.w.at(at, func() {
		if n.boot != boot || n.vqArmed != at {
			return
		}
		n.vqArmed = 0
		n.vqStep(vq.Tick{})
	})
}

func (n *node) perform(outs []vq.Output) {
	for _, o := range outs {
		switch o := o.(type) {
		case vq.Multicast:
			n.sent(n.Send(o.Msg))
		case vq.SyncDone:
			if n.awaits != 0 {
				n.w.stats.Waited = max(n.w.stats.Waited, time.Duration(n.w.now-n.awaits))
				n.awaits = 0
			}
			n.sent(n.EndSync())
		case vq.Answer:
			n.answered(o.Code)
		case vq.NodeListNotice:
			n.notify(qdevice.Membership{Ring: o.Ring, Members: o.Members})
		case vq.QuorumNotice:
			n.notify(quorumOf(o))
		}
	}
}

func quorumOf(o vq.QuorumNotice) qdevice.Quorum {
	in := qdevice.Quorum{Quorate: o.Quorate}
	for _, m := range o.Nodes {
		if m.ID != 0 {
			in.Nodes = append(in.Nodes, m)
		}
	}
	return in
}

// sent has the members of a node's ring deliver what it has sent, unless that waits.
func (n *node) sent(inRing bool) {
	if !inRing {
		return
	}
	for _, m := range n.w.membersOf(n.Ring) {
		if m.Ring == n.Ring && m.State == totem.Operational {
			m.pump()
		}
	}
}

// pump has a node deliver what its ring has for it, when the token has come by.
func (n *node) pump() {
	if n.pumping || !n.Behind() {
		return
	}
	n.pumping = true
	r, boot := n.Ring, n.boot
	n.w.after(n.dice.between(forRing, 200*time.Microsecond, 3*time.Millisecond), func() {
		if n.boot != boot {
			return
		}
		n.pumping = false
		for n.Ring == r && n.deliver() {
		}
		if n.Ring != r {
			n.pump()
		}
	})
}

// deliver delivers the next entry of the node's ring, if there is one.
func (n *node) deliver() bool {
	in, ok := n.Next()
	if _, process := in.(vq.SyncProcess); process {
		if _, ours := n.daemon.prog.(*goDaemon); ours && n.tracking && n.daemon.alive && !n.daemon.frozen && n.vq.Status().DeviceAwaited {
			n.awaits = n.w.now
		}
	}
	if in != nil {
		n.vqStep(in)
	}
	return ok
}

// notify tells the node daemon something, as Corosync's socket does.
func (n *node) notify(in qdevice.Input) {
	if !n.tracking {
		return
	}
	n.ipcAt = max(n.ipcAt, n.w.now+instant(n.dice.between(forDelay, 50*time.Microsecond, time.Millisecond)))
	life := n.daemon.life
	n.w.at(n.ipcAt, func() {
		if n.daemon.life == life {
			n.daemon.give(fromLocal, in)
		}
	})
}

// runChecks runs the heuristics for a program, which hears of it as f's result.
func (n *node) runChecks(f func(qnet.Heuristics) any) {
	life := n.daemon.life
	n.w.after(n.dice.between(forTimer, time.Millisecond, 50*time.Millisecond), func() {
		if n.daemon.life == life {
			n.daemon.give(fromLocal, f(n.checks))
		}
	})
}

// startDaemon starts the node daemon: it registers, and hears of the ring.
func (n *node) startDaemon() {
	if !n.up || n.daemon.alive || n.w.conf.Device == nil {
		return
	}
	n.tracking, n.conn = false, nil
	if n.w.cfg.Daemons[n.index-1] == scenario.C {
		newCDaemon(n)
	} else {
		newGoDaemon(n)
	}
	n.vqStep(vq.Register{Call: 1, Name: deviceName})
}

// answered takes the answer to a registration. Polls are answered, too, and
// what they answer changes nothing.
func (n *node) answered(code vq.Code) {
	switch {
	case n.tracking || !n.daemon.alive:
	case code == vq.OK:
		n.tracking = true
		if n.Ring != nil {
			list := n.vq.NodeList()
			n.notify(qdevice.Membership{Ring: list.Ring, Members: list.Members})
			n.notify(quorumOf(n.vq.Quorum()))
		}
	default:
		life := n.daemon.life
		n.w.after(time.Second, func() {
			if n.daemon.life == life {
				n.vqStep(vq.Register{Call: 1, Name: deviceName})
			}
		})
	}
}

// killDaemon ends the node daemon as SIGKILL does.
func (n *node) killDaemon() {
	if !n.daemon.alive {
		return
	}
	n.daemon.end()
	n.tracking, n.awaits = false, 0
	n.w.abandon(n)
}

// stopDaemon ends it as SIGTERM does: it unregisters, so that nothing it has
// polled counts any longer.
func (n *node) stopDaemon() {
	if !n.daemon.alive || n.daemon.frozen {
		return
	}
	if d, ok := n.daemon.prog.(*goDaemon); ok {
		d.step(qdevice.Withdraw{})
	}
	n.vqStep(vq.Unregister{Call: 2, Name: deviceName})
	n.daemon.end()
	n.tracking = false
	n.w.closeNode(n)
}

// poll is a poll of votequorum.
func (n *node) poll(r qnet.RingID, cast bool) {
	n.w.stats.Polls++
	if n.polled.ring != r || n.polled.cast != cast {
		n.polled.ring, n.polled.cast = r, cast
		word := "no"
		if cast {
			word = "yes"
		}
		n.w.tracef("node %v: polls %s for ring %v", n.ID, word, r)
	}
	n.vqStep(vq.Poll{Call: 3, Name: deviceName, Ring: r, Cast: cast})
}

// sendArbiter sends a message to the arbiter.
func (n *node) sendArbiter(m wire.Message) {
	if n.conn != nil {
		n.w.push(&n.conn.up, data, m)
	}
}
