// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"slices"
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qdevice"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// goDaemon is the shell of our node daemon's machine.
type goDaemon struct {
	n    *node
	node *qdevice.Node
}

// heartbeat is what both node daemons announce.
func (w *World) heartbeat() time.Duration {
	return qdevice.Heartbeat(w.cfg.Timeout, time.Second, w.cfg.HeartbeatMax)
}

// withdrawTime is our node daemon's default.
const withdrawTime = 300 * time.Millisecond

// newGoDaemon starts our node daemon.
func newGoDaemon(n *node) {
	cfg := n.w.cfg
	heartbeat := n.w.heartbeat()
	d := &goDaemon{n: n, node: qdevice.New(qdevice.Config{
		Cluster: clusterName, Node: n.ID, Algorithm: cfg.Algorithm, TieBreaker: cfg.TieBreaker, KeepActivePartition: cfg.KAP,
		TLS: wire.TLSUnsupported, WaitForAll: cfg.WaitForAll,
		Timeout: cfg.Timeout, SyncTimeout: cfg.SyncTimeout, Heartbeat: heartbeat, ConnectTimeout: heartbeat,
		Heuristics: qdevice.HeuristicsMode(cfg.Heuristics), HeuristicsTimeout: cfg.Timeout / 2,
		HeuristicsSync: cfg.SyncTimeout / 2, HeuristicsInterval: 3 * cfg.Timeout,
		WithdrawTime: withdrawTime, MinReplySize: 32768, MaxReplySize: 16 << 20,
		Seed: n.dice.number(forRestart),
	}, n.daemon.now())}
	n.daemon.thawed = nil
	n.daemon.begin(d)
	n.daemon.give(fromLocal, qdevice.Configured{Nodes: n.w.nodeList(), Version: wire.Some(uint64(1))})
}

func (w *World) nodeList() (list qnet.NodeList) {
	for _, n := range w.nodes {
		list = append(list, qnet.Node{ID: n.ID})
	}
	return list
}

func (d *goDaemon) deadline() time.Time { return d.node.Deadline() }

func (d *goDaemon) handle(_ time.Time, in any) {
	q, ok := in.(qdevice.Input)
	if !ok {
		q = qdevice.Tick{}
	}
	d.step(q)
}

func (d *goDaemon) step(in qdevice.Input) {
	for _, o := range slices.Clone(d.node.Step(d.n.daemon.now(), in)) {
		switch o := o.(type) {
		case qdevice.Poll:
			d.n.poll(o.Ring, o.Cast)
		case qdevice.Connect:
			d.n.w.connect(d.n)
		case qdevice.Send:
			if m, ok := o.Msg.(wire.Init); ok && m.StillCasting.V == 1 {
				d.n.w.stats.Rules[stillCasting]++
			}
			d.n.sendArbiter(o.Msg)
		case qdevice.RunHeuristics:
			d.n.runChecks(func(h qnet.Heuristics) any { return qdevice.HeuristicsDone{ID: o.ID, Result: h} })
		case qdevice.Close:
			d.n.w.closeNode(d.n)
		case qdevice.Notice:
			d.n.w.stats.notice(o.Event)
			if o.Level >= event.Warning {
				d.n.w.tracef("node %v: %s", d.n.ID, o.Text())
			}
		}
	}
}
