// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"time"

	"github.com/quorate/quorate/internal/qdevice"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
	"github.com/quorate/quorate/internal/timing"
	"github.com/quorate/quorate/internal/wire"
)

// cDaemon is a model of corosync-qdevice 3.0.3 with ffsplit, or lms without
// wait_for_all: when it polls what, when it notices silence, and when it sleeps.
type cDaemon struct {
	n     *node
	state qdevice.State

	ring    qnet.RingID // of the last node list callback
	members qnet.NodeList
	quorum  *qdevice.Quorum

	vote   qnet.Vote // ACK or NACK while voteAt is set
	paused bool      // no polls go out, until the heuristics are done

	run     uint64 // the heuristics run that is awaited, and what for: one result serves all
	awaited [3]bool
	checks  qnet.Heuristics // their latest result

	// Its timers. They are looked at after all that has come in.
	voteAt    time.Time // polls go out at intervals, those in between do not shift them
	echoAt    time.Time
	connectAt time.Time
	checkAt   time.Time // the next regular run of the heuristics

	sentRing   qnet.RingID
	seq        uint32
	echoSeq    uint32
	echoGot    uint32
	disconnect bool // it will disconnect when the present round of its loop is over
	gaveUp     bool // it will exit
	slept      bool // it sleeps before it connects
}

// purpose is what heuristics are run for.
type purpose uint8

const (
	forConnect purpose = iota
	forMembership
	forInterval
)

// checked is the result of a run of the heuristics.
type checked struct {
	run    uint64
	result qnet.Heuristics
}

func newCDaemon(n *node) {
	d := &cDaemon{n: n, seq: 1}
	n.daemon.thawed = d.thawed
	n.daemon.begin(d)
}

func (d *cDaemon) deadline() time.Time {
	return timing.Earliest(d.voteAt, d.echoAt, d.connectAt, d.checkAt)
}

// handle is one round of its loop: what has come in, then the timers, then
// what the two have decided of the connection.
func (d *cDaemon) handle(now time.Time, in any) {
	d.input(now, in)
	d.timers(now)
	d.conclude(now)
}

// thawed plays rounds with what has waited: all that Corosync has said, but one
// message of the arbiter in each.
func (d *cDaemon) thawed() {
	p := &d.n.daemon
	now := p.now()
	if d.slept {
		d.slept = false
		d.connect(now)
	}
	for first := true; p.alive && !p.stopped(); first = false {
		if !first && len(p.inbox[fromLocal]) == 0 && len(p.inbox[fromNetwork]) == 0 {
			return
		}
		for len(p.inbox[fromLocal]) > 0 {
			d.input(now, p.dequeue(fromLocal))
		}
		if len(p.inbox[fromNetwork]) > 0 {
			d.input(now, p.dequeue(fromNetwork))
		}
		d.timers(now)
		d.conclude(now)
	}
}

func (d *cDaemon) input(now time.Time, in any) {
	switch in := in.(type) {
	case qdevice.Membership:
		d.nodeList(now, in)
	case qdevice.Quorum:
		d.quorumChange(now, in)
	case checked:
		if in.run == d.run {
			d.checksDone(now, in.result)
		}
	case qdevice.Connected:
		d.state = qdevice.Preinit
		d.n.sendArbiter(wire.Preinit{Seq: wire.Some(d.seq), ClusterName: wire.Some(clusterName)})
	case qdevice.Disconnected:
		if d.state != qdevice.Connecting {
			d.disconnect = true
		}
		// Where it can't connect it waits for its connect timer.
	case qdevice.Received:
		d.received(now, in.Msg)
	}
}

// timers runs those that are due, the earliest first.
func (d *cDaemon) timers(now time.Time) {
	heartbeat := d.n.w.heartbeat()
	for {
		at := d.deadline()
		if !timing.Due(now, at) {
			return
		}
		switch {
		case at.Equal(d.voteAt):
			d.poll()
			d.voteAt = now.Add(d.n.w.cfg.Timeout / 2)
		case at.Equal(d.checkAt):
			d.checkAt = time.Time{}
			if d.awaited == [3]bool{} {
				d.startChecks(now, forInterval)
			}
		case at.Equal(d.echoAt):
			d.echoAt = time.Time{}
			if d.echoGot != d.echoSeq {
				d.disconnect = true
				continue
			}
			d.echoSeq++
			d.n.sendArbiter(wire.EchoRequest{Seq: wire.Some(d.echoSeq)})
			d.echoAt = now.Add(heartbeat)
		default:
			d.connectAt = time.Time{}
			d.disconnect = true
		}
	}
}

// conclude ends the connection if that was decided: the vote is no from here
// on, and it sleeps before it tries again, unless it was not connected at all.
func (d *cDaemon) conclude(now time.Time) {
	w := d.n.w
	if d.gaveUp {
		w.stats.GaveUp++
		n, life := d.n, d.n.boot
		n.killDaemon()
		w.after(time.Second, func() {
			if n.boot == life {
				n.startDaemon()
			}
		})
		return
	}
	if !d.disconnect {
		return
	}
	d.disconnect = false
	d.echoAt, d.connectAt = time.Time{}, time.Time{}
	d.paused = false
	d.awaited[forConnect] = false
	d.apply(now, qnet.VoteNACK)
	d.n.w.closeNode(d.n)
	if d.state != qdevice.Connecting {
		d.state = qdevice.Waiting
		d.slept = true
		d.n.daemon.sleep(d.n.dice.between(forRestart, 0, w.cfg.Timeout*45/100))
		return
	}
	d.connect(now)
}

// connect begins to connect. It does so only when it has heard of a ring.
func (d *cDaemon) connect(now time.Time) {
	if d.members == nil {
		return
	}
	d.state = qdevice.Connecting
	d.connectAt = now.Add(d.n.w.heartbeat())
	d.n.w.connect(d.n)
}

// nodeList takes the beginning of a sync.
func (d *cDaemon) nodeList(now time.Time, in qdevice.Membership) {
	first := d.members == nil
	d.ring = in.Ring
	d.members = nil
	for _, id := range in.Members {
		d.members = append(d.members, qnet.Node{ID: id})
	}
	d.paused = true
	if first {
		d.connect(now)
	} else if d.state != qdevice.Online {
		d.withdraw(now)
	}
	d.startChecks(now, forMembership)
}

// startChecks runs the heuristics, if there are any, in the place of a run
// that is still going on.
func (d *cDaemon) startChecks(now time.Time, p purpose) {
	d.run++
	d.awaited[p] = true
	if d.n.w.cfg.Heuristics == scenario.HeuristicsOff {
		d.checksDone(now, qnet.HeuristicsUndefined)
		return
	}
	run := d.run
	d.n.runChecks(func(h qnet.Heuristics) any { return checked{run, h} })
}

// checksDone goes on with what the heuristics were run for.
func (d *cDaemon) checksDone(now time.Time, h qnet.Heuristics) {
	awaited, old := d.awaited, d.checks
	d.awaited, d.checks = [3]bool{}, h
	if awaited[forMembership] {
		d.paused = false
		if d.state == qdevice.Online {
			d.sendMembership()
			d.apply(now, qnet.VoteWaitForReply)
		} else {
			d.withdraw(now)
		}
	}
	if awaited[forConnect] && d.state == qdevice.Probing {
		d.online(now)
	}
	if awaited[forInterval] && h != old && d.state == qdevice.Online {
		d.n.sendArbiter(wire.HeuristicsChange{Seq: d.next(), Heuristics: h})
	}
	if d.n.w.cfg.Heuristics == scenario.HeuristicsOn {
		d.checkAt = now.Add(3 * d.n.w.cfg.Timeout)
	}
}

func (d *cDaemon) quorumChange(now time.Time, in qdevice.Quorum) {
	d.quorum = &in
	if d.state == qdevice.Online {
		d.sendQuorum()
		return
	}
	d.withdraw(now)
}

// withdraw votes no where the arbiter can't be asked.
func (d *cDaemon) withdraw(now time.Time) {
	if d.vote == qnet.VoteACK {
		d.apply(now, qnet.VoteNACK)
	}
}

// apply carries a vote out.
func (d *cDaemon) apply(now time.Time, v qnet.Vote) {
	switch v {
	case qnet.VoteACK, qnet.VoteNACK:
		d.vote = v
		if d.voteAt.IsZero() {
			d.voteAt = now.Add(d.n.w.cfg.Timeout / 2)
		}
		d.poll()
	case qnet.VoteAskLater, qnet.VoteWaitForReply:
		d.vote = v
		d.voteAt = time.Time{}
	}
}

func (d *cDaemon) poll() {
	if d.members != nil && !d.paused {
		d.n.poll(d.ring, d.vote == qnet.VoteACK)
	}
}

func (d *cDaemon) next() wire.Opt[uint32] {
	d.seq++
	return wire.Some(d.seq)
}

func (d *cDaemon) sendMembership() {
	d.sentRing = d.ring
	d.n.sendArbiter(wire.NodeList{Seq: d.next(), ListType: wire.Some(qnet.Membership), RingID: wire.Some(d.ring), Nodes: d.members, Heuristics: d.checks})
}

func (d *cDaemon) sendQuorum() {
	q := uint8(0)
	if d.quorum.Quorate {
		q = 1
	}
	d.n.sendArbiter(wire.NodeList{Seq: d.next(), ListType: wire.Some(qnet.Quorum), Quorate: wire.Some(q), Nodes: d.quorum.Nodes})
}

// received takes a message of the arbiter.
func (d *cDaemon) received(now time.Time, m wire.Message) {
	switch m := m.(type) {
	case wire.PreinitReply:
		d.state, d.sentRing = qdevice.Init, d.ring
		cfg := d.n.w.cfg
		d.n.sendArbiter(wire.Init{
			Seq: d.next(), SupportedMessages: wire.Some(wire.SupportedMessages()), SupportedOptions: wire.Some(wire.SupportedOptions()),
			NodeID: wire.Some(d.n.ID), Algorithm: wire.Some(cfg.Algorithm), Heartbeat: wire.Some(uint32(d.n.w.heartbeat().Milliseconds())),
			TieBreaker: wire.Some(cfg.TieBreaker), RingID: wire.Some(d.ring),
		})
	case wire.InitReply:
		d.initReply(now, m)
	case wire.ServerError:
		d.gaveUp = true
	case wire.EchoReply:
		if m.Seq.V != d.echoSeq {
			d.gaveUp = true
		}
		d.echoGot = m.Seq.V
	case wire.NodeListReply:
		d.voted(now, m.RingID.V, m.Vote.V)
	case wire.HeuristicsChangeReply:
		d.voted(now, m.RingID.V, m.Vote.V)
	case wire.VoteInfo:
		d.voted(now, m.RingID.V, m.Vote.V)
		d.n.sendArbiter(wire.VoteInfoReply{Seq: m.Seq})
	}
}

func (d *cDaemon) initReply(now time.Time, m wire.InitReply) {
	switch m.Code.V {
	case wire.NoError:
	case wire.ErrDuplicateNodeID, wire.ErrTieBreakerDiffers, wire.ErrAlgorithmDiffers:
		d.disconnect = true
		return
	default:
		d.gaveUp = true
		return
	}
	d.state, d.connectAt = qdevice.Probing, time.Time{}
	d.echoSeq, d.echoGot, d.echoAt = 0, 0, now.Add(d.n.w.heartbeat())
	d.startChecks(now, forConnect)
}

// online sends what the arbiter must know.
func (d *cDaemon) online(now time.Time) {
	d.state = qdevice.Online
	cfg := d.n.w.cfg
	kap := uint8(0)
	if cfg.KAP {
		kap = 1
	}
	d.n.sendArbiter(wire.SetOption{Seq: d.next(), KeepActivePartition: wire.Some(kap)})
	d.n.sendArbiter(wire.NodeList{Seq: d.next(), ListType: wire.Some(qnet.InitialConfig), ConfigVersion: wire.Some(uint64(1)), Nodes: d.n.w.nodeList()})
	d.sendMembership()
	if d.quorum != nil {
		d.sendQuorum()
	}
	d.apply(now, qnet.VoteWaitForReply)
}

// voted applies a vote that is for the ring that was sent last.
func (d *cDaemon) voted(now time.Time, ring qnet.RingID, v qnet.Vote) {
	if ring == d.sentRing {
		d.apply(now, v)
	}
}
