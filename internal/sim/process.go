// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"time"

	"github.com/quorate/quorate/internal/timing"
)

// source is where an input of a program comes from. What comes from one source
// keeps its order.
type source uint8

const (
	fromLocal   source = iota // Corosync, or the disk
	fromNetwork               // connections
	sources
)

// program is what a process runs. Its times are those of the host's clock.
type program interface {
	// handle takes an input, or nil for a timer that is due.
	handle(now time.Time, in any)
	// deadline is when handle wants to be called with nil; zero is never.
	deadline() time.Time
}

// process runs a program. It can be frozen, and its inputs wait meanwhile.
type process struct {
	w      *World
	clock  clock
	dice   *dice
	alive  bool
	frozen bool
	asleep instant // it sleeps until then, and hears nothing
	life   uint64  // which start this is: events of an earlier one are void
	inbox  [sources][]any
	armed  instant
	prog   program
	thawed func() // how inputs that have waited are handled; nil: in turn, as chance has it
}

// begin starts a program.
func (p *process) begin(prog program) {
	p.life++
	p.prog, p.alive, p.frozen, p.asleep, p.armed = prog, true, false, 0, 0
	p.inbox = [sources][]any{}
	p.arm()
}

// end ends it: it handles nothing any more.
func (p *process) end() {
	p.life++
	p.alive, p.frozen, p.asleep = false, false, 0
	p.inbox = [sources][]any{}
}

func (p *process) stopped() bool { return p.frozen || p.asleep > p.w.now }

// give hands an input over.
func (p *process) give(from source, in any) {
	switch {
	case !p.alive:
	case p.stopped():
		p.inbox[from] = append(p.inbox[from], in)
	default:
		p.prog.handle(p.now(), in)
		p.arm()
	}
}

func (p *process) now() time.Time { return p.clock.local(p.w.now) }

// lateness is how late a timer is handled.
func (p *process) lateness() time.Duration {
	if p.dice.one(forTimer, 100) {
		return p.dice.between(forTimer, 0, 200*time.Millisecond)
	}
	return p.dice.between(forTimer, 0, time.Millisecond)
}

// arm makes sure that the program's next deadline is kept.
func (p *process) arm() {
	if !p.alive || p.stopped() {
		return
	}
	t := p.prog.deadline()
	if t.IsZero() {
		return
	}
	at := max(p.clock.global(t), p.w.now)
	if p.armed != 0 && p.armed <= at {
		return // it looks again then
	}
	p.armed = at
	life := p.life
	p.w.at(at+instant(p.lateness()), func() {
		if p.life != life || p.armed != at {
			return
		}
		p.armed = 0
		if p.stopped() {
			return // it looks when it goes on
		}
		if timing.Due(p.now(), p.prog.deadline()) {
			p.prog.handle(p.now(), nil)
		}
		p.arm()
	})
}

// freeze stops the process as SIGSTOP does.
func (p *process) freeze() { p.frozen = p.alive }

// thaw lets it go on: what has waited is handled at once.
func (p *process) thaw() {
	if !p.frozen {
		return
	}
	p.frozen = false
	p.goOn()
}

// sleep makes the process hear nothing for a time.
func (p *process) sleep(d time.Duration) {
	p.asleep = p.clock.later(p.w.now, d)
	until, life := p.asleep, p.life
	p.w.at(until, func() {
		if p.life == life && p.asleep == until {
			p.asleep = 0
			p.goOn()
		}
	})
}

func (p *process) goOn() {
	if !p.alive || p.stopped() {
		return
	}
	if p.thawed != nil {
		p.thawed()
		p.arm()
		return
	}
	for p.alive && !p.stopped() {
		from := source(p.dice.number(forOrder) % uint64(sources))
		if len(p.inbox[from]) == 0 {
			from = (from + 1) % sources
		}
		if len(p.inbox[from]) == 0 {
			break
		}
		p.prog.handle(p.now(), p.dequeue(from))
	}
	if p.alive && !p.stopped() {
		p.prog.handle(p.now(), nil)
	}
	p.arm()
}

// dequeue returns the next input of a source, which must have one.
func (p *process) dequeue(from source) any {
	in := p.inbox[from][0]
	p.inbox[from] = p.inbox[from][1:]
	return in
}
