// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"errors"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/scenario"
	"github.com/quorate/quorate/internal/wire"
)

// clusterName is the cluster's.
const clusterName = "sim"

// server is an arbiter machine: ours, or the model of C's.
type server interface {
	Step(now time.Time, in qnetd.Input) []qnetd.Output
	Deadline() time.Time
}

// arbiter is the arbiter's host, with its process and its disk.
type arbiter struct {
	process
	w      *World
	dice   dice
	power  bool
	conns  qnetd.ConnID // of the last connection
	stored []qnetd.Stored
	writes []qnetd.Persist // under way
	disk   string          // ok, slow or full
	server server
	held   string // what the trace was told last of a vote that is held back
}

func newArbiter(w *World, c clock) *arbiter {
	a := &arbiter{w: w, dice: newDice(w.cfg.Seed, 0), power: true, disk: "ok"}
	a.process = process{w: w, clock: c, dice: &a.dice}
	return a
}

// config is the arbiter's. TLS is left out: it moves no vote.
func (a *arbiter) config() qnetd.Config {
	cfg := qnetd.Defaults()
	cfg.TLS = wire.TLSUnsupported
	return cfg
}

// start starts the process with what is on disk.
func (a *arbiter) start() {
	if a.alive || !a.power {
		return
	}
	a.writes = nil
	if a.w.cfg.Arbiter == scenario.C {
		a.server = newCServer(a.config())
	} else {
		a.server = qnetd.New(a.config(), a.process.now(), slices.Clone(a.stored))
	}
	a.w.tracef("the arbiter starts")
	a.begin(a)
}

// stop ends the process. Its kernel closes the connections: what was to be sent
// still arrives, or a reset does.
func (a *arbiter) stop(kill bool) {
	if !a.alive {
		return
	}
	a.end()
	a.crashDisk()
	for _, c := range slices.Clone(a.w.conns) {
		if !c.serverUp {
			continue
		}
		c.serverUp = false
		if kill && a.dice.one(forRestart, 2) {
			c.down.items = nil
			a.w.push(&c.down, reset, nil)
		} else {
			a.w.push(&c.down, fin, nil)
		}
	}
}

// crashDisk settles what becomes of writes that nobody waits for any more.
func (a *arbiter) crashDisk() {
	for _, p := range a.writes {
		if a.dice.one(forDisk, 2) {
			a.save(p)
		}
	}
	a.writes = nil
}

// powerOff takes the host's power.
func (a *arbiter) powerOff() {
	a.power = false
	a.end()
	a.crashDisk()
	a.w.vanish(scenario.Arbiter)
}

func (a *arbiter) deadline() time.Time { return a.server.Deadline() }

func (a *arbiter) handle(now time.Time, in any) {
	q, ok := in.(qnetd.Input)
	if !ok {
		q = qnetd.Tick{}
	}
	for _, o := range slices.Clone(a.server.Step(now, q)) {
		a.do(o)
	}
}

// do carries an output out.
func (a *arbiter) do(o qnetd.Output) {
	switch o := o.(type) {
	case qnetd.Send:
		a.w.stats.message(o.Msg)
		if c := a.conn(o.Conn); c != nil {
			a.w.push(&c.down, data, o.Msg)
		}
	case qnetd.Close:
		if c := a.conn(o.Conn); c != nil {
			a.reset(c)
		}
	case qnetd.Persist:
		a.write(o)
	case qnetd.Notice:
		a.w.stats.notice(o.Event)
		a.trace(o.Event)
	}
}

func (a *arbiter) conn(id qnetd.ConnID) *conn {
	for _, c := range a.w.conns {
		if c.id == id && c.serverUp {
			return c
		}
	}
	return nil
}

// reset ends a connection so that nothing unsent arrives later. What is on its
// way does.
func (a *arbiter) reset(c *conn) {
	c.serverUp = false
	if c.down.stalled {
		c.down.items, c.down.stalled = nil, false
	}
	a.w.push(&c.down, reset, nil)
}

// write begins to write a grant to the disk.
func (a *arbiter) write(p qnetd.Persist) {
	a.writes = append(a.writes, p)
	wait := a.dice.between(forDisk, 100*time.Microsecond, 5*time.Millisecond)
	if a.disk == "slow" || a.dice.one(forDisk, 50) {
		wait = a.dice.between(forDisk, 0, 3*time.Second)
	}
	life := a.life
	a.w.after(wait, func() {
		if a.life != life {
			return
		}
		a.writes = slices.DeleteFunc(a.writes, func(o qnetd.Persist) bool { return o.ID == p.ID })
		if a.disk == "full" {
			if a.dice.one(forDisk, 2) {
				a.save(p) // an error says nothing of what is on the disk
			}
			a.give(fromLocal, qnetd.Persisted{ID: p.ID, Err: errors.New("no space left on device")})
			return
		}
		a.save(p)
		a.give(fromLocal, qnetd.Persisted{ID: p.ID})
	})
}

func (a *arbiter) save(p qnetd.Persist) {
	a.stored = []qnetd.Stored{{Cluster: p.Cluster, Grant: p.Grant}}
	a.w.stats.Writes++
}

// trace prints votes with their reasons, and what holds one back.
func (a *arbiter) trace(e event.Event) {
	switch {
	case e.Vote != qnet.VoteUndefined:
		to := a.w.node(e.Node)
		to.answer.ring, to.answer.vote, to.answer.why = e.Ring, e.Vote, e.What
		a.w.tracef("arbiter: %s", e.Text())
		a.held = ""
	case e.Kind == event.HeldBack && e.Reason != a.held:
		a.held = e.Reason
		a.w.tracef("arbiter: %s", e.Text())
	case e.Level >= event.Warning:
		a.w.tracef("arbiter: %s", e.Text())
	}
}
