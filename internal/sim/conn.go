// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qdevice"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/scenario"
	"github.com/quorate/quorate/internal/wire"
)

// conn is a TCP connection between a node daemon and the arbiter.
type conn struct {
	id       qnetd.ConnID
	node     *node
	up, down pipe   // to the arbiter, and from it
	nodeEnd  bool   // the daemon has it open
	life     uint64 // of that daemon
	serverUp bool   // the arbiter has it open
	accepted bool   // and was told of it
	server   uint64 // which life of the arbiter
}

// pipe is one direction of a connection: what was sent arrives in order, later
// if need be, as long as somebody keeps sending it.
type pipe struct {
	c        *conn
	from, to scenario.Host
	items    []item
	last     instant // when the last one arrives at the earliest
	stalled  bool    // the first one was lost, and is sent again when the link is up
	waiting  bool    // an event for the first one stands
	lossy    bool    // nobody sends again what is lost
}

// item is what a pipe carries.
type item struct {
	kind kind
	msg  wire.Message
	at   instant // arrives then at the earliest
}

type kind uint8

const (
	data  kind = iota
	open       // the last packet of the handshake
	fin        // the sender has closed it
	reset      // the sender has forgotten it; sent once
)

func (p *pipe) nodeward() bool { return p.from == scenario.Arbiter }

// push sends something.
func (w *World) push(p *pipe, k kind, m wire.Message) {
	if k == reset {
		p.lossy = true
	}
	at := max(w.now+instant(w.delay(w.diceOf(p.from))), p.last)
	p.last = at
	p.items = append(p.items, item{kind: k, msg: m, at: at})
	w.await(p)
}

// await schedules the arrival of a pipe's first item.
func (w *World) await(p *pipe) {
	if p.waiting || p.stalled || len(p.items) == 0 {
		return
	}
	p.waiting = true
	w.at(p.items[0].at, func() {
		p.waiting = false
		w.arrive(p)
	})
}

// arrive delivers the first item of a pipe, if it gets through.
func (w *World) arrive(p *pipe) {
	if len(p.items) == 0 {
		return
	}
	first := p.items[0]
	if first.at > w.now {
		w.await(p)
		return
	}
	if !w.passes(p.from, p.to) {
		if p.stalled = !p.lossy; p.lossy {
			p.items = nil
			w.sweep()
		}
		return
	}
	p.items = p.items[1:]
	w.deliver(p.c, p.nodeward(), first)
	w.await(p)
}

// deliver gives an item to the program at the far end.
func (w *World) deliver(c *conn, nodeward bool, it item) {
	alive := c.serverUp
	if nodeward {
		alive = c.nodeEnd
	}
	switch {
	case !alive:
		if it.kind != reset {
			w.answerReset(c, nodeward)
		}
	case it.kind == data && nodeward:
		c.node.daemon.give(fromNetwork, qdevice.Received{Msg: it.msg})
	case it.kind == data:
		w.arbiter.give(fromNetwork, qnetd.Received{Conn: c.id, Msg: it.msg})
	case it.kind == open:
		c.accepted = true
		w.arbiter.give(fromNetwork, qnetd.Connected{Conn: c.id, Addr: "node" + c.node.ID.String()})
	case it.kind == fin:
		w.endAt(c, nodeward, "closed by peer")
	default:
		w.endAt(c, nodeward, "connection reset")
	}
	w.sweep()
}

// answerReset is what a host's kernel says to a packet of no connection.
func (w *World) answerReset(c *conn, nodeward bool) {
	back := &c.down
	if nodeward {
		back = &c.up
	}
	back.items, back.stalled = nil, false
	w.push(back, reset, nil)
}

// endAt tells the program at one end that its connection has ended.
func (w *World) endAt(c *conn, nodeward bool, why string) {
	switch {
	case nodeward && c.nodeEnd:
		c.nodeEnd = false
		c.up.items = nil
		if c.node.conn == c {
			c.node.conn = nil
		}
		c.node.daemon.give(fromNetwork, qdevice.Disconnected{Why: why})
	case !nodeward && c.serverUp:
		c.serverUp = false
		c.down.items = nil
		if c.accepted {
			w.arbiter.give(fromNetwork, qnetd.Disconnected{Conn: c.id, Why: why})
		}
	}
}

// sweep forgets connections that are over at both ends.
func (w *World) sweep() {
	w.conns = slices.DeleteFunc(w.conns, func(c *conn) bool {
		return !c.nodeEnd && !c.serverUp && len(c.up.items) == 0 && len(c.down.items) == 0
	})
}

// resend takes up what a link has lost while it was down: senders try again at
// intervals that grow with the time that it has lasted.
func (w *World) resend(a, b scenario.Host, lost time.Duration) {
	for _, c := range w.conns {
		for _, p := range []*pipe{&c.up, &c.down} {
			if p.from == a && p.to == b && p.stalled && len(p.items) > 0 {
				p.stalled = false
				wait := w.diceOf(a).between(forDelay, 0, min(lost, 8*time.Second)+w.cfg.Delay)
				at := w.now + instant(wait)
				for i := range p.items {
					p.items[i].at = max(p.items[i].at, at)
				}
				p.last = max(p.last, at)
				w.await(p)
			}
		}
	}
}

// resetBoth ends every connection over a link that is down loudly.
func (w *World) resetBoth(n *node) {
	for _, c := range slices.Clone(w.conns) {
		if c.node != n {
			continue
		}
		for _, nodeward := range []bool{true, false} {
			w.after(w.diceOf(n.ID).between(forDelay, w.cfg.Delay, 20*w.cfg.Delay), func() { w.endAt(c, nodeward, "no route to host") })
		}
	}
}

// connect begins a connection for a node's daemon: tries at once, and again
// after 1, 3, 7, … seconds while nobody answers.
func (w *World) connect(n *node) {
	n.dial++
	dial, life := n.dial, n.daemon.life
	wait := time.Second
	var try func()
	try = func() {
		if n.dial != dial || n.daemon.life != life {
			return
		}
		there := w.passes(n.ID, scenario.Arbiter) && w.passes(scenario.Arbiter, n.ID)
		refused := w.link(n.ID, scenario.Arbiter).cut || w.link(scenario.Arbiter, n.ID).cut || there && !w.arbiter.alive
		switch {
		case refused:
			w.after(w.delay(&n.dice), func() {
				if n.dial == dial && n.daemon.life == life {
					n.daemon.give(fromNetwork, qdevice.Disconnected{Why: "connection refused"})
				}
			})
		case there:
			w.after(2*w.delay(&n.dice), func() {
				if n.dial == dial && n.daemon.life == life {
					w.establish(n)
				}
			})
		default:
			w.after(wait, try)
			wait *= 2
		}
	}
	try()
}

// establish makes a connection.
func (w *World) establish(n *node) {
	if !w.arbiter.alive {
		n.daemon.give(fromNetwork, qdevice.Disconnected{Why: "connection refused"})
		return
	}
	w.arbiter.conns++
	c := &conn{id: w.arbiter.conns, node: n, nodeEnd: true, life: n.daemon.life, serverUp: true, server: w.arbiter.life}
	c.up = pipe{c: c, from: n.ID, to: scenario.Arbiter, last: w.now}
	c.down = pipe{c: c, from: scenario.Arbiter, to: n.ID, last: w.now}
	w.conns = append(w.conns, c)
	n.conn = c
	w.push(&c.up, open, nil)
	n.daemon.give(fromNetwork, qdevice.Connected{})
}

// closeNode is the daemon's end of a connection, or of a try to make one.
func (w *World) closeNode(n *node) {
	n.dial++
	c := n.conn
	if c == nil {
		return
	}
	n.conn, c.nodeEnd = nil, false
	w.push(&c.up, fin, nil)
}

// abandon ends a daemon's connection as its kernel does when it is killed:
// with what it had still to send, or with a reset.
func (w *World) abandon(n *node) {
	if c := n.conn; c != nil && n.dice.one(forRestart, 2) {
		n.conn, c.nodeEnd, n.dial = nil, false, n.dial+1
		c.up.items = nil
		w.push(&c.up, reset, nil)
		return
	}
	w.closeNode(n)
}

// vanish is a host's loss of power: what it had still to send is gone, what is
// on its way arrives.
func (w *World) vanish(h scenario.Host) {
	for _, c := range w.conns {
		for _, p := range []*pipe{&c.up, &c.down} {
			if p.from != h {
				continue
			}
			p.lossy = true
			if p.stalled {
				p.items, p.stalled = nil, false
			}
		}
		if h == scenario.Arbiter {
			c.serverUp = false
		} else if c.node.ID == h {
			c.nodeEnd = false
		}
	}
	w.sweep()
}
