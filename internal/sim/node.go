// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"time"

	"github.com/quorate/quorate/internal/qdevice"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
	vq "github.com/quorate/quorate/internal/votequorum"
	"github.com/quorate/quorate/internal/wire"
)

// deviceName is under what both node daemons register.
const deviceName = "Qdevice"

// node is a node's host: Corosync, and the node daemon beside it.
type node struct {
	w     *World
	id    qnet.NodeID
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
	seq     uint64 // the highest ring number that it knows; on disk

	phase   phase
	ring    *ring // the last one that it was in
	pending *ring // the one that it is on its way into
	tokens  uint64
	gathers uint64
	merging bool
	pos     int // in ring.log
	builds  int
	ends    int
	pumping bool
	syncing bool
	awaits  instant // since when its sync waits for a node daemon of ours that is well; 0: it does not
	queue   []entry // waits for the token

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
	told   struct { // the last vote that the arbiter sent it
		ring qnet.RingID
		vote qnet.Vote
		why  string
	}
	checks qnet.Heuristics // what its heuristics come to
	shown  state           // what the trace was told last
}

func newNode(w *World, id qnet.NodeID, index int) *node {
	c := w.clockOf(index)
	n := &node{w: w, id: id, index: index, clock: c, power: true, checks: qnet.HeuristicsPass, dice: newDice(w.cfg.Seed, uint64(id))}
	n.daemon = process{w: w, clock: c, dice: &n.dice}
	return n
}

// start starts Corosync: alone in a ring at first. The node daemon follows.
func (n *node) start() {
	if n.up || !n.power {
		return
	}
	cfg := n.w.conf
	cfg.Node = n.id
	m, outs, err := vq.New(cfg, n.clock.local(n.w.now), 0)
	if err != nil {
		panic("sim: internal error: " + err.Error()) // it was tried before
	}
	n.boot++
	n.up, n.left, n.vq, n.vqArmed = true, false, m, 0
	n.phase, n.ring, n.pending, n.merging, n.syncing = gather, nil, nil, false, false
	n.queue, n.pumping = nil, false
	own, _ := m.NodeVotes(0)
	n.flags = own.Flags
	n.tokens++
	n.gathers++
	n.perform(outs)
	n.w.say("node %v: Corosync starts", n.id)
	boot := n.boot
	n.w.after(n.dice.between(forRestart, 50*time.Millisecond, 300*time.Millisecond), func() {
		if n.boot == boot && n.up && n.phase == gather {
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
	n.up, n.vq, n.phase, n.syncing = false, nil, off, false
	n.boot++
	n.w.topology()
}

// powerOff takes the host's power.
func (n *node) powerOff() {
	n.power = false
	n.daemon.end()
	n.conn, n.dial = nil, n.dial+1
	n.stop()
	n.w.vanish(n.id)
}

// leave stops everything in an orderly way.
func (n *node) leave() {
	if !n.up {
		return
	}
	n.stopDaemon()
	n.vqStep(vq.Leave{})
	n.left = true
	others := []*node{}
	if n.ring != nil {
		others = n.ring.members
	}
	ring := n.ring
	for _, o := range others {
		if o != n && n.w.reach(n, o) {
			n.w.after(n.w.delay(&n.dice), func() {
				if o.ring == ring {
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
			n.append(entry{from: n, msg: o.Msg})
		case vq.SyncDone:
			if n.awaits != 0 {
				n.w.stats.Waited = max(n.w.stats.Waited, time.Duration(n.w.now-n.awaits))
				n.awaits = 0
			}
			n.append(entry{from: n, step: barrier})
		case vq.Answer:
			n.answered(o.Code)
		case vq.NodeListNotice:
			n.tell(qdevice.Membership{Ring: o.Ring, Members: o.Members})
		case vq.QuorumNotice:
			n.tell(quorumOf(o))
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

// append puts a message into the ring, or keeps it until there is a token.
func (n *node) append(e entry) {
	if n.phase != operational || n.ring.broken {
		n.queue = append(n.queue, e)
		return
	}
	n.ring.log = append(n.ring.log, e)
	for _, m := range n.ring.members {
		if m.ring == n.ring && m.phase == operational {
			m.pump()
		}
	}
}

func (n *node) flushQueue() {
	queue := n.queue
	n.queue = nil
	for _, e := range queue {
		n.append(e)
	}
}

// pump has a node deliver what its ring has for it, when the token has come by.
func (n *node) pump() {
	if n.pumping || n.ring == nil || n.pos >= len(n.ring.log) {
		return
	}
	n.pumping = true
	r, boot := n.ring, n.boot
	n.w.after(n.dice.between(forRing, 200*time.Microsecond, 3*time.Millisecond), func() {
		if n.boot != boot {
			return
		}
		n.pumping = false
		for n.up && n.phase == operational && n.ring == r && !r.broken && n.pos < len(r.log) {
			n.deliverNext()
		}
		if n.ring != r {
			n.pump()
		}
	})
}

func (n *node) deliverNext() {
	e := n.ring.log[n.pos]
	n.pos++
	switch e.step {
	case message:
		n.vqStep(vq.Deliver{From: e.from.id, Msg: e.msg})
	case build:
		if n.builds++; n.builds == len(n.ring.members) {
			if _, ours := n.daemon.prog.(*goDaemon); ours && n.tracking && n.daemon.alive && !n.daemon.frozen && n.vq.Status().DeviceAwaited {
				n.awaits = n.w.now
			}
			n.vqStep(vq.SyncProcess{})
		}
	case barrier:
		if n.ends++; n.ends == len(n.ring.members) {
			n.syncing = false
			n.vqStep(vq.SyncActivate{})
		}
	}
}

// tell tells the node daemon something, as Corosync's socket does.
func (n *node) tell(in qdevice.Input) {
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
		if n.ring != nil {
			list := n.vq.NodeList()
			n.tell(qdevice.Membership{Ring: list.Ring, Members: list.Members})
			n.tell(quorumOf(n.vq.Quorum()))
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
		n.w.say("node %v: polls %s for ring %v", n.id, word, r)
	}
	n.vqStep(vq.Poll{Call: 3, Name: deviceName, Ring: r, Cast: cast})
}

// send sends a message to the arbiter.
func (n *node) send(m wire.Message) {
	if n.conn != nil {
		n.w.push(&n.conn.up, data, m)
	}
}
