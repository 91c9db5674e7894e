// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/wire"
)

// conn returns a connection, nil if it is gone. Mostly it is the one that has just
// spoken: thousands in turn keep no map in the processor's cache.
func (l *loop) conn(id qnetd.ConnID) *conn {
	if c := l.latest; c != nil && c.id == id && !c.gone {
		return c
	}
	l.latest = l.conns[id]
	return l.latest
}

// accept takes a new connection to the machine.
func (l *loop) accept(now time.Time, e connEvent) {
	l.nextID++
	c := &conn{
		id: l.nextID, addr: e.addr, from: e.from, since: now, sock: &socket{fd: e.accepted, limit: l.limits.queue},
		stream: wire.NewStream(min(l.limits.receive, strangerReceive)), closed: make(chan struct{}),
	}
	if !l.makeRoom(now, c.from) {
		l.refuse(now, c.addr, reasonStrangers)
		c.sock.reset()
		return
	}
	if err := l.poll.add(e.accepted, c.id); err != nil {
		l.refuse(now, c.addr, err.Error())
		c.sock.reset()
		return
	}
	l.stirred = now
	l.conns[c.id] = c
	l.arrive(c)
	l.step(now, c, qnetd.Connected{Conn: c.id, Addr: c.addr})
}

// lost ends a connection that has broken or that the peer has closed.
func (l *loop) lost(c *conn, err error) {
	l.end(time.Now(), c, qnetd.Disconnected{Conn: c.id, Why: reasonOf(err)})
}

func (l *loop) end(now time.Time, c *conn, d qnetd.Disconnected) {
	l.stirred = now
	s := c.share
	l.release(c)
	c.share = s // whose line it is
	l.step(now, c, d)
	c.share = nil
}

// release resets a connection and forgets it.
func (l *loop) release(c *conn) {
	c.gone = true
	l.discharge(c)
	delete(l.conns, c.id)
	close(c.closed)
	c.sock.reset()
	if c.out != nil {
		l.recycle(c)
	}
}

func (l *loop) closeAll() {
	l.poll.close()
	for _, c := range l.conns {
		close(c.closed)
		_ = c.sock.Close() // there is nobody left to tell
	}
	l.conns = nil
	for {
		select {
		case e := <-l.events:
			if e.conn == nil {
				_ = unix.Close(e.accepted)
			}
		default:
			return
		}
	}
}

// connEvent takes an accepted connection, or the end of a handshake.
func (l *loop) connEvent(now time.Time, e connEvent) {
	c := e.conn
	if c == nil {
		l.accept(now, e)
		return
	}
	if c.gone {
		return // the machine has let go of it
	}
	if d, ok := e.in.(qnetd.Disconnected); ok {
		l.end(now, c, d)
		return
	}
	c.tls, c.shaking = e.tls, false
	c.sock.poll()
	if l.step(now, c, e.in); !c.gone {
		l.wants(c) // what came meanwhile is not reported again
	}
}
