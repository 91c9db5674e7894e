// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"cmp"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/random"
	"github.com/quorate/quorate/internal/scenario"
)

// Mode says which node daemons there are.
type Mode uint8

// The modes.
const (
	AnyDaemons Mode = iota // one of the others
	OnlyOurs
	OnlyC
	Mixed // each node has one or the other
)

// Options narrows random histories down. The zero value leaves all to chance.
type Options struct {
	Nodes     int            // 0: 2 to 4
	Algorithm qnet.Algorithm // Test, the zero value: ffsplit, or now and then lms
	Mode      Mode
	Arbiter   scenario.Program
	Delay     time.Duration   // what a message takes as a rule; 0: 0.5 to 40 ms
	Steady    bool            // no message takes much longer
	Faults    int             // how many; 0: 12 to 40
	Only      []scenario.Verb // what faults there are: any of Split Drop Daemon Freeze Down Server Checks Disk; nil: all
}

// History makes a random scenario: faults of every kind, most of which pass
// after a while, at moments that the machines' timers make delicate. It ends in
// calm. Equal arguments give equal scenarios.
func History(o Options, seed uint64) *scenario.File {
	g := &generator{d: newDice(seed, 1<<32), parts: 1, only: o.Only}
	f := &scenario.File{Cluster: g.cluster(o, seed)}
	g.c, g.f = f.Cluster, f
	g.hosts = make([]hostPlan, g.c.Nodes+1)
	g.emit(scenario.Command{Verb: scenario.Up, Hosts: g.c.IDs()})
	g.pass(g.between(0, 20*time.Second))
	faults := o.Faults
	if faults == 0 {
		faults = 12 + g.n(29)
	}
	for range faults {
		g.fault()
		g.pass(g.pause())
	}
	g.pass(0)
	g.finish()
	return f
}

// generator makes one history.
type generator struct {
	d     dice
	c     scenario.Cluster
	f     *scenario.File
	now   time.Duration
	later []planned
	hosts []hostPlan
	parts int
	disk  bool // not well
	only  []scenario.Verb
}

// hostPlan is what the generator knows of a host.
type hostPlan struct{ down, frozen, dead, linked bool }

// planned is a command that undoes a fault.
type planned struct {
	at  time.Duration
	cmd scenario.Command
}

func (g *generator) n(n int) int { return int(g.d.number(forOrder) % uint64(n)) }

func (g *generator) between(lo, hi time.Duration) time.Duration {
	return g.d.between(forOrder, lo, hi).Round(time.Millisecond)
}

func (g *generator) cluster(o Options, seed uint64) scenario.Cluster {
	c := scenario.Defaults()
	c.Seed, c.Nodes, c.Algorithm, c.Arbiter = seed, o.Nodes, o.Algorithm, o.Arbiter
	if c.Nodes == 0 {
		c.Nodes = 2 + g.n(3)
	}
	if c.Algorithm == qnet.Test {
		c.Algorithm = qnet.FFSplit
		if o.Arbiter != scenario.C && g.n(4) == 0 {
			c.Algorithm = qnet.LMS
		}
	}
	c.KAP = g.n(2) == 0
	if o.Arbiter != scenario.C && g.n(3) == 0 {
		c.Heuristics = scenario.HeuristicsSync + scenario.Heuristics(g.n(2))
	}
	if g.n(4) == 0 {
		c.Timeout = []time.Duration{5 * time.Second, 20 * time.Second}[g.n(2)]
	}
	if g.n(3) == 0 {
		c.TieBreaker = qnet.TieBreaker{Mode: qnet.TieBreakerHighest}
	}
	mode := o.Mode
	if mode == AnyDaemons {
		mode = OnlyOurs + Mode(g.n(3))
	}
	c.Daemons = nil
	for range c.Nodes {
		p := scenario.Ours
		if mode == OnlyC || mode == Mixed && g.n(2) == 0 {
			p = scenario.C
		}
		c.Daemons = append(c.Daemons, p)
	}
	// Two clocks that run apart by 2.4 % each are 4.9 % apart, and the hold time covers 5 %.
	for range c.Nodes + 1 {
		c.Drift = append(c.Drift, []int{0, 24000, -24000, 10000, -5000}[g.n(5)])
	}
	if g.n(3) == 0 {
		c.Token = 3 * time.Second // Corosync's default
		if g.n(3) == 0 {
			c.Token, c.Timeout = 10*time.Second, max(c.Timeout, 10*time.Second) // see docs/decision.md
		}
	}
	c.Slow = !o.Steady && g.n(4) > 0
	if c.Delay = o.Delay; c.Delay == 0 {
		c.Delay = []time.Duration{500 * time.Microsecond, time.Millisecond, 5 * time.Millisecond, 40 * time.Millisecond}[g.n(4)]
	}
	return c
}

// pause is how long it is until the next fault. Whatever takes its time in the
// machines has a range of its own.
func (g *generator) pause() time.Duration {
	switch g.n(10) {
	case 0, 1, 2:
		return g.between(0, 60*time.Millisecond)
	case 3, 4, 5:
		return g.between(0, 4*time.Second)
	case 6, 7, 8:
		return g.between(0, 18*time.Second)
	}
	return g.between(10*time.Second, 40*time.Second)
}

func (g *generator) emit(c scenario.Command) {
	g.f.Commands = append(g.f.Commands, scenario.Step{Command: c})
}

// pass lets time go by, and has what was planned happen in it.
func (g *generator) pass(d time.Duration) {
	end := g.now + d
	for {
		i := -1
		for k := range g.later {
			if g.later[k].at <= end && (i < 0 || g.later[k].at < g.later[i].at) {
				i = k
			}
		}
		if i < 0 {
			break
		}
		p := g.later[i]
		g.later = slices.Delete(g.later, i, i+1)
		g.wait(p.at)
		g.emit(p.cmd)
		g.undone(p.cmd)
	}
	g.wait(end)
}

func (g *generator) wait(until time.Duration) {
	if until > g.now {
		g.emit(scenario.Command{Verb: scenario.Wait, Wait: until - g.now})
		g.now = until
	}
}

func (g *generator) plan(d time.Duration, c scenario.Command) {
	g.later = append(g.later, planned{at: g.now + d, cmd: c})
}

func (g *generator) undone(c scenario.Command) {
	switch c.Verb {
	case scenario.Up:
		g.hosts[c.Hosts[0]].down = false
	case scenario.Thaw:
		g.hosts[c.Hosts[0]].frozen = false
	case scenario.Daemon:
		g.hosts[c.Hosts[0]].dead = c.Word != "start"
	case scenario.Server:
		g.hosts[0].dead = c.Word == "kill"
	case scenario.Heal:
		g.hosts[max(c.A[0], c.B[0])].linked = false
	case scenario.Join:
		g.parts = 1
	case scenario.Disk:
		g.disk = false
	}
}

// length is how long a fault lasts.
func (g *generator) length() time.Duration {
	switch g.n(3) {
	case 0:
		return g.between(50*time.Millisecond, 3*time.Second)
	case 1:
		return g.between(time.Second, 20*time.Second)
	}
	return g.between(10*time.Second, 70*time.Second)
}

// fault does one thing.
func (g *generator) fault() {
	kinds := []struct {
		share int // of 100
		verb  scenario.Verb
		do    func(qnet.NodeID)
	}{
		{23, scenario.Split, g.split}, {21, scenario.Drop, g.link}, {9, scenario.Daemon, g.daemon}, {8, scenario.Freeze, g.freeze},
		{10, scenario.Down, g.down}, {2, scenario.Down, g.blackout}, {13, scenario.Server, g.server}, {5, scenario.Disk, g.spoilDisk},
		{4, scenario.Checks, g.checks}, {3, scenario.Drop, g.silenceThenDeath},
		{1, scenario.Server, g.amnesia}, {1, scenario.Disk, g.lateWrite},
	}
	for {
		r := g.n(100)
		for _, k := range kinds {
			if r -= k.share; r >= 0 {
				continue
			}
			if g.only == nil || slices.Contains(g.only, k.verb) {
				k.do(qnet.NodeID(1 + g.n(g.c.Nodes)))
				return
			}
			break
		}
	}
}

// daemon ends a node daemon, and plans its return.
func (g *generator) daemon(id qnet.NodeID) {
	h := &g.hosts[id]
	if h.down || h.dead || h.frozen {
		return
	}
	h.dead = true
	on := []scenario.Host{id}
	g.emit(scenario.Command{Verb: scenario.Daemon, Word: []string{"kill", "kill", "stop"}[g.n(3)], Hosts: on})
	g.plan(g.length(), scenario.Command{Verb: scenario.Daemon, Word: "start", Hosts: on})
}

// spoilDisk makes the arbiter's disk slow, or full.
func (g *generator) spoilDisk(qnet.NodeID) {
	if g.disk {
		return
	}
	g.disk = true
	g.emit(scenario.Command{Verb: scenario.Disk, Word: []string{"slow", "full"}[g.n(2)]})
	g.plan(g.length(), scenario.Command{Verb: scenario.Disk, Word: "ok"})
}

// split parts the nodes into two or more groups, or joins them.
func (g *generator) split(qnet.NodeID) {
	if g.parts > 1 && g.n(2) == 0 {
		g.parts = 1
		g.emit(scenario.Command{Verb: scenario.Join})
		return
	}
	groups := make([][]qnet.NodeID, 2+g.n(2))
	for _, id := range g.c.IDs() {
		i := g.n(len(groups))
		groups[i] = append(groups[i], id)
	}
	groups = slices.DeleteFunc(groups, func(l []qnet.NodeID) bool { return len(l) == 0 })
	g.parts = len(groups)
	g.emit(scenario.Command{Verb: scenario.Split, Groups: groups})
}

// link breaks a link, most often one to the arbiter.
func (g *generator) link(id qnet.NodeID) {
	h := &g.hosts[id]
	if h.linked {
		return
	}
	h.linked = true
	from, to := id, scenario.Arbiter
	if other := scenario.Host(1 + g.n(g.c.Nodes)); other < id && g.n(4) == 0 {
		to = other
	}
	c := scenario.Command{Verb: scenario.Drop, A: []scenario.Host{from}, B: []scenario.Host{to}}
	back := scenario.Command{Verb: scenario.Heal, A: c.A, B: c.B}
	switch g.n(6) {
	case 0:
		c.Verb = scenario.Cut
	case 1:
		c.OneWay = true
	case 2:
		c.OneWay, c.A, c.B = true, c.B, c.A
	}
	g.emit(c)
	g.plan(g.length(), back)
}

// shortFreeze is how long C's node daemon is frozen where links are lost, too: it
// notices silence later by as much, and hold times have no more room than that.
const shortFreeze = 300 * time.Millisecond

// freeze stops a node daemon for a while. C's, when it goes on, polls with the
// vote that it had before it looks how old that is: it is never frozen for longer
// than votequorum counts its last poll.
func (g *generator) freeze(id qnet.NodeID) {
	h := &g.hosts[id]
	if h.down || h.frozen {
		return
	}
	h.frozen = true
	length := g.length()
	if g.c.Daemon(id) == scenario.C {
		length = min(length, 9*time.Second)
		if g.only == nil || slices.Contains(g.only, scenario.Drop) {
			length = min(length, shortFreeze)
		}
	}
	g.emit(scenario.Command{Verb: scenario.Freeze, Hosts: []scenario.Host{id}})
	g.plan(length, scenario.Command{Verb: scenario.Thaw, Hosts: []scenario.Host{id}})
}

// down ends a node, by one way or another, and plans its return.
func (g *generator) down(id qnet.NodeID) {
	h := &g.hosts[id]
	if h.down {
		return
	}
	h.down = true
	on := []scenario.Host{id}
	g.emit(scenario.Command{Verb: []scenario.Verb{scenario.Down, scenario.Down, scenario.Kill, scenario.Leave}[g.n(4)], Hosts: on})
	length := g.length()
	if g.n(4) == 0 {
		g.plan(length/2, scenario.Command{Verb: scenario.Forget, Hosts: on})
	}
	g.plan(length, scenario.Command{Verb: scenario.Up, Hosts: on})
}

// blackout takes the power from all nodes, and sometimes from the arbiter. They
// come back one by one, and some have lost their ring number.
func (g *generator) blackout(qnet.NodeID) {
	for id := range g.hosts {
		h := &g.hosts[id]
		on := []scenario.Host{scenario.Host(id)}
		if h.down || id == 0 && (g.n(2) == 0 || h.dead || h.frozen) {
			continue
		}
		h.down = true
		g.emit(scenario.Command{Verb: scenario.Down, Hosts: on})
		length := g.length()
		if id > 0 && g.n(2) == 0 {
			g.plan(length/2, scenario.Command{Verb: scenario.Forget, Hosts: on})
		}
		g.plan(length, scenario.Command{Verb: scenario.Up, Hosts: on})
	}
}

// checks turns a node's heuristics.
func (g *generator) checks(id qnet.NodeID) {
	if g.c.Heuristics != scenario.HeuristicsOff {
		g.emit(scenario.Command{Verb: scenario.Checks, Word: []string{"pass", "fail"}[g.n(2)], Hosts: []scenario.Host{id}})
	}
}

// server does something to the arbiter.
func (g *generator) server(qnet.NodeID) {
	h := &g.hosts[0]
	on := []scenario.Host{scenario.Arbiter}
	start := scenario.Command{Verb: scenario.Server, Word: "start"}
	if h.down || h.dead || h.frozen {
		return
	}
	switch g.n(8) {
	case 0, 1, 2:
		h.dead = true
		g.emit(scenario.Command{Verb: scenario.Server, Word: "kill"})
		g.plan(g.length(), start)
	case 3:
		h.dead = true
		g.emit(scenario.Command{Verb: scenario.Server, Word: "stop"})
		g.plan(g.length(), start)
	case 4:
		if g.n(2) == 0 {
			g.emit(scenario.Command{Verb: scenario.Server, Word: "lose"})
		}
	case 5:
		h.down = true
		g.emit(scenario.Command{Verb: scenario.Down, Hosts: on})
		g.plan(g.length(), scenario.Command{Verb: scenario.Up, Hosts: on})
	default:
		h.frozen = true
		g.emit(scenario.Command{Verb: scenario.Freeze, Hosts: on})
		g.plan(g.length(), scenario.Command{Verb: scenario.Thaw, Hosts: on})
	}
}

// finish ends in calm: whole or split, with every node up or not.
func (g *generator) finish() {
	switch g.n(3) {
	case 0:
		g.emit(scenario.Command{Verb: scenario.Join})
	case 1:
		half := g.c.IDs()
		slices.SortFunc(half, func(a, b qnet.NodeID) int {
			return cmp.Compare(random.Mix(uint64(a)^g.c.Seed)>>32, random.Mix(uint64(b)^g.c.Seed)>>32)
		})
		groups := [][]qnet.NodeID{slices.Sorted(slices.Values(half[:len(half)/2])), slices.Sorted(slices.Values(half[len(half)/2:]))}
		g.emit(scenario.Command{Verb: scenario.Split, Groups: groups})
	}
	for id := range g.hosts {
		if id > 0 && g.hosts[id].down && g.n(3) > 0 {
			g.emit(scenario.Command{Verb: scenario.Up, Hosts: []scenario.Host{scenario.Host(id)}})
		}
	}
	g.emit(scenario.Command{Verb: scenario.Calm})
}
