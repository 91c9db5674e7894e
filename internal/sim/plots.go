// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
)

// Faults that only mean something together, at about the right time. Chance
// alone brings them about once in many thousand histories.

// parted splits the cluster, if it is whole, and lets the votes settle.
func (g *generator) parted(id qnet.NodeID) {
	if g.parts == 1 {
		g.split(id)
		g.pass(g.between(2*time.Second, 12*time.Second))
	}
}

// silenceThenDeath is the worst that a C node can do: its link is lost without
// a sign, and just before it notices, its daemon dies, so that votequorum goes on
// counting its last poll (H2).
func (g *generator) silenceThenDeath(id qnet.NodeID) {
	h := &g.hosts[id]
	if g.only != nil && !slices.Contains(g.only, scenario.Daemon) || h.down || h.dead || h.linked {
		return
	}
	g.parted(id)
	if h.down || h.dead || h.frozen || h.linked {
		return
	}
	h.dead, h.linked = true, true
	on := []scenario.Host{id}
	ends := []scenario.Host{id, scenario.Arbiter}
	heartbeat := g.c.Timeout * 8 / 10
	g.emit(scenario.Command{Verb: scenario.Drop, A: ends[:1], B: ends[1:], OneWay: g.n(3) == 0})
	death := g.between(heartbeat, heartbeat*21/10)
	if g.n(2) == 0 {
		death = g.between(heartbeat*185/100, heartbeat*205/100)
	}
	g.plan(death, scenario.Command{Verb: scenario.Daemon, Word: "kill", Hosts: on})
	g.plan(death+g.between(heartbeat, 3*heartbeat), scenario.Command{Verb: scenario.Daemon, Word: "start", Hosts: on})
	g.plan(death+g.between(0, 4*heartbeat), scenario.Command{Verb: scenario.Heal, A: ends[:1], B: ends[1:]})
}

// amnesia has the arbiter lose its state while the cluster is split, and a node
// daemon die at about the same time (H6).
func (g *generator) amnesia(id qnet.NodeID) {
	if g.only != nil && !slices.Contains(g.only, scenario.Daemon) {
		return
	}
	g.parted(id)
	h, server := &g.hosts[id], &g.hosts[0]
	if h.down || h.dead || h.frozen || server.down || server.dead || server.frozen {
		return
	}
	h.dead = true
	on := []scenario.Host{id}
	kill := g.between(0, 2*time.Second)
	g.plan(g.between(0, 2*time.Second), scenario.Command{Verb: scenario.Server, Word: "lose"})
	g.plan(kill, scenario.Command{Verb: scenario.Daemon, Word: "kill", Hosts: on})
	g.plan(kill+g.between(0, 500*time.Millisecond), scenario.Command{Verb: scenario.Daemon, Word: "start", Hosts: on})
}

// lateWrite has a slow disk write down that the vote moves just when its former
// holder comes back, and the arbiter restart soon after (H5).
func (g *generator) lateWrite(id qnet.NodeID) {
	if g.only != nil && !(slices.Contains(g.only, scenario.Drop) && slices.Contains(g.only, scenario.Server)) {
		return
	}
	g.parted(id)
	h, server := &g.hosts[id], &g.hosts[0]
	if g.disk || h.down || h.linked || server.down || server.dead || server.frozen {
		return
	}
	g.disk, h.linked, server.dead = true, true, true
	ends := []scenario.Host{id, scenario.Arbiter}
	hold := g.c.Timeout*26*21/200 + time.Second
	back := g.between(hold-4*time.Second, hold+4*time.Second)
	g.emit(scenario.Command{Verb: scenario.Disk, Word: "slow"})
	g.emit(scenario.Command{Verb: scenario.Drop, A: ends[:1], B: ends[1:]})
	g.plan(back, scenario.Command{Verb: scenario.Heal, A: ends[:1], B: ends[1:]})
	stop := back + g.between(0, 10*time.Second)
	g.plan(stop, scenario.Command{Verb: scenario.Server, Word: "kill"})
	g.plan(stop+g.between(0, time.Second), scenario.Command{Verb: scenario.Server, Word: "start"})
	g.plan(stop+g.between(time.Second, 20*time.Second), scenario.Command{Verb: scenario.Disk, Word: "ok"})
}
