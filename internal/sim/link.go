// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"time"

	"github.com/quorate/quorate/internal/scenario"
)

// link is what one host can send to another.
type link struct {
	dropped bool // what is sent is lost, and nobody can tell
	cut     bool // the same, and both ends can tell
	downAt  instant
}

func (l *link) up() bool { return !l.dropped && !l.cut }

// passes reports whether what a sends now reaches b's host.
func (w *World) passes(a, b scenario.Host) bool {
	return w.link(a, b).up() && w.powered(b) && (a == scenario.Arbiter || b == scenario.Arbiter || w.node(a).part == w.node(b).part)
}

// powered reports whether a host has power.
func (w *World) powered(h scenario.Host) bool {
	if h == scenario.Arbiter {
		return w.arbiter.power
	}
	return w.node(h).power
}

// reach reports whether two nodes' Totem find each other. Totem's links ping
// each other, so that one which is lost in one direction is down in both.
func (w *World) reach(a, b *node) bool {
	return a.up && b.up && a.part == b.part && w.links[a.index][b.index].up() && w.links[b.index][a.index].up()
}

// slowest is how long a message may take before calm has returned.
const slowest = 3 * time.Second

// delay is how long a message takes from a host. On a slow network one in 30
// takes much longer than the others, and one in 200 takes very long.
func (w *World) delay(d *dice) time.Duration {
	base := w.cfg.Delay
	switch n := d.number(forDelay) % 200; {
	case w.steady || !w.cfg.Slow:
	case n < 1:
		return d.between(forDelay, base, max(base, slowest))
	case n < 7:
		return d.between(forDelay, base, 50*base)
	}
	return d.between(forDelay, base/4, 2*base)
}

// hostOf returns the dice of a host.
func (w *World) diceOf(h scenario.Host) *dice {
	if h == scenario.Arbiter {
		return &w.arbiter.dice
	}
	return &w.node(h).dice
}

// break takes a link down in one direction.
func (w *World) breakLink(a, b scenario.Host, loud bool) {
	l := w.link(a, b)
	if l.up() {
		l.downAt = w.now
	}
	if loud {
		l.cut = true
	} else {
		l.dropped = true
	}
}

// healLink brings a link up again in one direction.
func (w *World) healLink(a, b scenario.Host) {
	l := w.link(a, b)
	if l.up() {
		return
	}
	lost := w.now - l.downAt
	l.dropped, l.cut = false, false
	w.resend(a, b, time.Duration(lost))
}
