// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"fmt"
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/wire"
)

// send encodes a message; flush sends it. A message that can't be encoded is
// one that is too long: its client must be given up.
func (l *loop) send(o qnetd.Send) {
	c := l.conn(o.Conn)
	if c == nil {
		return
	}
	if c.out == nil {
		if n := len(l.free); n > 0 {
			c.out, l.free = l.free[n-1], l.free[:n-1]
		}
		l.dirty = append(l.dirty, c)
	}
	b, err := wire.Append(c.out, o.Msg)
	if size := len(b) - len(c.out); err == nil && uint64(size) > uint64(l.limits.send) {
		err = fmt.Errorf("%s of %d bytes, and at most %d are allowed", o.Msg.Type(), size, l.limits.send)
	}
	if err != nil {
		l.write(time.Now(), c.share, qnetd.Notice{Event: event.Event{Kind: event.ClientRefused, Level: event.Error, Addr: c.addr, Reason: err.Error()}})
		c.sock.fail(err)
		return
	}
	c.out = b
	c.urgent = c.urgent || urgent(o.Msg)
	if c.messages++; len(b) > outLimit {
		l.flushOne(c)
	}
}

// urgent reports whether somebody waits for a message: the reply to a list or to
// heuristics says nothing that a node acts on.
func urgent(m wire.Message) bool {
	switch m.(type) {
	case wire.NodeListReply, wire.HeuristicsChangeReply:
		return false
	}
	return true
}

// flush hands what was gathered to the sockets, but for replies that may wait. A
// client that takes no more is given up, which may make the machine send more.
func (l *loop) flush() {
	if len(l.dirty) == 0 {
		return
	}
	now := time.Now()
	all := !l.unsent.IsZero() && now.Sub(l.unsent) >= replyTime
	var later []*conn
	for len(l.dirty) > 0 {
		list := l.dirty
		l.dirty = nil
		for _, c := range list {
			if !all && !c.urgent && len(c.out) > 0 {
				later = append(later, c)
				continue
			}
			l.flushOne(c)
		}
		for _, c := range list {
			if err := c.sock.failed(); err != nil && !c.gone {
				l.lost(c, err)
			}
		}
	}
	l.dirty = later
	switch {
	case len(later) == 0:
		l.unsent = time.Time{}
	case l.unsent.IsZero() || all:
		l.unsent = now
	}
}

// flushOne hands over what was gathered for one connection. What goes wrong is
// the socket's to remember.
func (l *loop) flushOne(c *conn) {
	if len(c.out) == 0 {
		return
	}
	if err := c.flush(); err != nil {
		c.sock.fail(err)
	}
	l.recycle(c)
}

// recycle takes a connection's buffer back, unless it is large.
func (l *loop) recycle(c *conn) {
	if cap(c.out) <= readSize && len(l.free) < pollEvents {
		l.free = append(l.free, c.out[:0])
	}
	c.out, c.messages, c.urgent = nil, 0, false
}
