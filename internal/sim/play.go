// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
)

// Do plays a command.
func (w *World) Do(c scenario.Command) {
	w.stats.fault(c.Verb)
	switch c.Verb {
	case scenario.Wait:
		w.Run(c.Wait)
	case scenario.Settle:
		w.Run(Calm(w.cfg.Timeout, w.cfg.Token))
	case scenario.Calm:
		w.calm()
	case scenario.Show:
		w.show()
	case scenario.Split:
		for _, n := range w.nodes {
			n.part = slices.IndexFunc(c.Groups, func(g []qnet.NodeID) bool { return slices.Contains(g, n.ID) })
		}
	case scenario.Join:
		for _, n := range w.nodes {
			n.part = 0
		}
	case scenario.Cut, scenario.Drop, scenario.Heal:
		w.doLink(c)
	case scenario.Server:
		w.doServer(c.Word)
	case scenario.Disk:
		w.arbiter.disk = c.Word
	default:
		for _, h := range c.Hosts {
			w.doHost(c, h)
		}
	}
	w.check.dirty = true
	w.topology()
	w.observe()
}

func (w *World) doLink(c scenario.Command) {
	if len(c.A) == 0 {
		for _, a := range w.hosts() {
			for _, b := range w.hosts() {
				w.healLink(a, b)
			}
		}
		return
	}
	for _, a := range c.A {
		for _, b := range c.B {
			w.setLink(c, a, b)
		}
	}
}

// setLink does to one link what a command says.
func (w *World) setLink(c scenario.Command, a, b scenario.Host) {
	switch {
	case c.Verb == scenario.Heal:
		w.healLink(a, b)
		w.healLink(b, a)
	case c.OneWay:
		w.breakLink(a, b, false)
	default:
		w.breakLink(a, b, c.Verb == scenario.Cut)
		w.breakLink(b, a, c.Verb == scenario.Cut)
	}
	if n := max(a, b); c.Verb == scenario.Cut && min(a, b) == scenario.Arbiter {
		w.resetBoth(w.node(n))
	}
}

func (w *World) doServer(word string) {
	a := w.arbiter
	switch word {
	case "start":
		a.start()
	case "stop", "kill":
		a.stop(word == "kill")
		w.tracef("the arbiter is stopped")
	case "lose":
		a.stop(true)
		a.stored = nil
		w.tracef("the arbiter has lost its state")
		a.start()
	}
}

func (w *World) doHost(c scenario.Command, h scenario.Host) {
	if h == scenario.Arbiter {
		w.doArbiterHost(c.Verb)
		return
	}
	n := w.node(h)
	switch c.Verb {
	case scenario.Up:
		if !n.power {
			n.power = true
			w.powerOn(h)
		}
		n.start()
	case scenario.Down:
		n.powerOff()
	case scenario.Kill:
		n.stop()
	case scenario.Leave:
		n.leave()
	case scenario.Forget:
		if !n.up {
			n.Seq = 0
		}
	case scenario.Freeze:
		n.daemon.freeze()
		n.awaits = 0
	case scenario.Thaw:
		n.daemon.thaw()
	case scenario.Checks:
		n.checks = qnet.HeuristicsPass
		if c.Word == "fail" {
			n.checks = qnet.HeuristicsFail
		}
	case scenario.Daemon:
		switch c.Word {
		case "start":
			n.startDaemon()
		case "stop":
			n.stopDaemon()
		case "kill":
			n.killDaemon()
		}
	}
}

func (w *World) doArbiterHost(v scenario.Verb) {
	a := w.arbiter
	switch v {
	case scenario.Up:
		if !a.power {
			a.power = true
			w.powerOn(scenario.Arbiter)
		}
		a.start()
	case scenario.Down:
		a.powerOff()
	case scenario.Freeze:
		a.freeze()
	case scenario.Thaw:
		a.thaw()
	}
}

// powerOn has what is sent to a host arrive again.
func (w *World) powerOn(h scenario.Host) {
	for _, o := range w.hosts() {
		w.resend(o, h, time.Second)
	}
}

// Calm is how long after calm has returned votes must be settled, at a device
// timeout of 10 s: a holder that never comes back holds for 28.3 s; a C node may
// take 16 s to notice that its connection is dead, 4.5 s to try again and 8 s
// where it is refused, and a lost packet is sent again within 8 s. A token time above
// Corosync's usual 3 s is added to that fourfold: rings take as long to form.
func Calm(timeout, token time.Duration) time.Duration {
	return timeout*4 + 8*time.Second + 4*max(0, token-3*time.Second)
}

// calm undoes all faults but those that part the nodes, and waits for the votes.
func (w *World) calm() {
	w.steady = true
	defer func() { w.steady = false }()
	w.doLink(scenario.Command{Verb: scenario.Heal})
	w.arbiter.disk = "ok"
	w.doArbiterHost(scenario.Up)
	w.arbiter.thaw()
	for _, n := range w.nodes {
		n.daemon.thaw()
		n.startDaemon()
	}
	w.check.dirty = true
	w.topology()
	w.observe()
	began, patience := w.now, Calm(w.cfg.Timeout, w.cfg.Token)
	good := instant(0) // since when the votes are settled
	missing := ""
	for !w.over() && w.now < began+instant(patience) {
		w.Run(200 * time.Millisecond)
		if missing = w.settled(); missing != "" {
			good = 0
		} else if good == 0 {
			good = w.now
		}
	}
	switch {
	case w.over():
	case good == 0:
		w.fail(NoVote, fmt.Sprintf("%s after calm: %s", patience, missing))
	default:
		w.stats.Settle = max(w.stats.Settle, float64(good-began)/float64(patience))
	}
}

// show prints what each node can do.
func (w *World) show() {
	for _, n := range w.Nodes() {
		switch {
		case !n.Up:
			w.tracef("node %v: down", n.Node)
		case n.Active:
			w.tracef("node %v: active in ring %v of %s: %d of %d votes", n.Node, n.Ring, qnet.FormatIDs(n.Members), n.Votes, n.Expected)
		default:
			w.tracef("node %v: not active in ring %v of %s: %d of %d votes", n.Node, n.Ring, qnet.FormatIDs(n.Members), n.Votes, n.Expected)
		}
	}
}

// Play plays a whole scenario, or as much of it as there is before a promise
// is broken.
func Play(f *scenario.File) *World {
	w := New(f.Cluster)
	for _, s := range f.Commands {
		if w.Do(s.Command); w.over() {
			break
		}
	}
	return w
}

// Transcript plays a scenario and prints it with what happened, to its end even
// if a promise is broken on the way.
func Transcript(f *scenario.File) string {
	var b strings.Builder
	line := func(s string) { b.WriteString(s + "\n") }
	for _, c := range f.Comment {
		line(c)
	}
	line(f.Cluster.String())
	w := New(f.Cluster)
	w.goOn = true
	w.Trace(func(at time.Duration, text string) { line(fmt.Sprintf("    %8.3f  %s", at.Seconds(), text)) })
	for _, s := range f.Commands {
		for _, c := range s.Comment {
			line(c)
		}
		line(s.Command.String())
		w.Do(s.Command)
	}
	return b.String()
}
