// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"context"
	"crypto/tls"
	"log/slog"
	"time"

	"golang.org/x/sys/unix"

	"quorate/internal/qnetd"
	"quorate/internal/status"
	"quorate/internal/wire"
)

// loop runs an arbiter machine: one goroutine, one timer for the machine, and
// every socket that is not in the middle of a TLS handshake.
type loop struct {
	machine *qnetd.Server
	log     *slog.Logger
	notes   notes
	tls     *tls.Config // nil: no TLS
	limits  connLimits
	cores   *cores
	poll    *poller

	events    chan event
	persisted chan []qnetd.Persisted
	calls     chan func(time.Time)
	commit    func([]qnetd.Persist)

	conns  map[qnetd.ConnID]*conn
	nextID qnetd.ConnID
	buf    []byte          // what is read goes through it
	free   [][]byte        // buffers for what is sent
	dirty  []*conn         // have something to be sent
	behind []*conn         // have more to read than one turn takes
	more   chan struct{}   // capacity 1: there is somebody in behind
	grants []qnetd.Persist // to be handed to commit
	armed  time.Time       // instant of the timer
	timer  *time.Timer

	stirred time.Time   // last time that anything but an echo came
	nap     *time.Timer // until the sockets are looked at again
}

// connLimits bounds what one connection may use.
type connLimits struct {
	message uint32 // bytes of a message received
	queue   int    // messages waiting to be sent
}

const (
	readSize  = 16 << 10 // bytes read at once
	readTurns = 4        // reads of one connection before others have their turn
	outLimit  = 64 << 10 // bytes to be sent that are gathered before they are handed over

	// With at least napClients connections, and nothing but echoes for calmTime,
	// sockets are looked at once in napTime: waking up costs more than an echo, and
	// C answers every echo 40 ms late.
	napClients = 500
	napTime    = 40 * time.Millisecond
	calmTime   = 2 * time.Second
)

func newLoop(m *qnetd.Server, log *slog.Logger, t *tls.Config, lim connLimits) (*loop, error) {
	p, err := newPoller()
	if err != nil {
		return nil, err
	}
	l := &loop{
		machine:   m,
		log:       log,
		notes:     notes{log: log},
		tls:       t,
		limits:    lim,
		cores:     newCores(),
		poll:      p,
		events:    make(chan event, 64),
		persisted: make(chan []qnetd.Persisted),
		calls:     make(chan func(time.Time)),
		conns:     make(map[qnetd.ConnID]*conn),
		buf:       make([]byte, readSize),
		more:      make(chan struct{}, 1),
		timer:     time.NewTimer(time.Hour),
		nap:       time.NewTimer(time.Hour),
	}
	l.timer.Stop()
	l.nap.Stop()
	return l, nil
}

// run runs the machine until ctx is done, and then closes every connection.
func (l *loop) run(ctx context.Context) error {
	defer l.cores.restore()
	defer l.closeAll()
	go l.poll.run()
	for {
		select {
		case <-ctx.Done():
			return nil
		case evs := <-l.poll.wakeup:
			l.sockets(evs)
		case <-l.nap.C:
			l.poll.again <- struct{}{}
		case <-l.more:
			l.catchUp()
		case e := <-l.events:
			l.take(time.Now(), e)
		case results := <-l.persisted:
			now := time.Now()
			for _, r := range results {
				l.step(now, r)
			}
		case f := <-l.calls:
			f(time.Now())
		case <-l.timer.C:
			l.armed = time.Time{}
			l.step(time.Now(), qnetd.Tick{})
		}
		l.flush()
		if len(l.grants) > 0 {
			l.commit(l.grants)
			l.grants = l.grants[:0]
		}
		l.arm()
	}
}

// sockets takes what the poller has reported, and lets it look again, at once
// or after a nap.
func (l *loop) sockets(evs []unix.EpollEvent) {
	for _, ev := range evs {
		c := l.conns[connOf(ev)]
		if c == nil {
			continue
		}
		if err := c.sock.ready(ev.Events); err != nil {
			l.lost(c, err)
			continue
		}
		l.read(c)
	}
	if len(l.conns) >= napClients && time.Since(l.stirred) > calmTime {
		l.nap.Reset(napTime)
		return
	}
	l.poll.again <- struct{}{}
}

// catchUp gives those that were cut short another turn.
func (l *loop) catchUp() {
	list := l.behind
	l.behind = nil
	for _, c := range list {
		if c.behind = false; l.conns[c.id] != nil {
			l.read(c)
		}
	}
}

// read takes what a connection has brought.
func (l *loop) read(c *conn) {
	for range readTurns {
		if c.shaking {
			return
		}
		n, err := c.read(l.buf)
		if n > 0 && !l.frames(c, l.buf[:n]) {
			return
		}
		switch err.(type) {
		case nil:
		case errNothing:
			return
		default:
			l.lost(c, err)
			return
		}
	}
	if c.behind {
		return // it has its turn already
	}
	if c.behind = true; len(l.behind) == 0 {
		l.more <- struct{}{}
	}
	l.behind = append(l.behind, c)
}

// frames gives the machine the messages in what has arrived, and reports
// whether the connection is still there.
func (l *loop) frames(c *conn, p []byte) bool {
	c.stream.Push(p)
	for {
		msg, bad, ok := c.stream.Next()
		if !ok {
			return true
		}
		now := time.Now()
		if _, echo := msg.(wire.EchoRequest); !echo {
			l.stirred = now
		}
		if bad != nil {
			l.step(now, qnetd.Garbled{Conn: c.id, Malformed: *bad})
		} else {
			l.step(now, qnetd.Received{Conn: c.id, Msg: msg})
		}
		if l.conns[c.id] == nil {
			return false
		}
		if c.shaking {
			c.sock.await(c.stream.Rest())
			go c.handshake(l.tls, l.cores, l.events)
			return true
		}
	}
}

// take takes an accepted connection, or the end of a handshake.
func (l *loop) take(now time.Time, e event) {
	c := e.conn
	if c == nil {
		l.accept(now, e.accepted, e.addr)
		return
	}
	if l.conns[c.id] == nil {
		return // the machine has let go of it
	}
	if d, ok := e.in.(qnetd.Disconnected); ok {
		l.end(now, c, d)
		return
	}
	c.tls, c.shaking = e.tls, false
	c.sock.poll()
	if l.step(now, e.in); l.conns[c.id] != nil {
		l.read(c) // what came meanwhile is not reported again
	}
}

// step runs the machine once and does what it asks for.
func (l *loop) step(now time.Time, in qnetd.Input) {
	for _, o := range l.machine.Step(now, in) {
		switch o := o.(type) {
		case qnetd.Send:
			l.send(o)
		case qnetd.StartTLS:
			if c := l.conns[o.Conn]; c != nil {
				l.flushOne(c) // in the clear
				c.shaking = true
			}
		case qnetd.Close:
			if c := l.conns[o.Conn]; c != nil {
				l.release(c)
			}
		case qnetd.Persist:
			l.grants = append(l.grants, o)
		case qnetd.Notice:
			l.notes.write(now, o)
		}
	}
}

// send encodes a message; flush sends it. A message that can't be encoded is
// one that is too long: its client must be given up.
func (l *loop) send(o qnetd.Send) {
	c := l.conns[o.Conn]
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
	if err != nil {
		l.log.Error("message not sent", "client", c.id, "reason", err)
		c.sock.fail(err)
		return
	}
	c.out = b
	if c.messages++; len(b) > outLimit {
		l.flushOne(c)
	}
}

// flush hands everything that was gathered to the sockets. A client that
// takes no more is given up, which may make the machine send more.
func (l *loop) flush() {
	for len(l.dirty) > 0 {
		list := l.dirty
		l.dirty = nil
		for _, c := range list {
			l.flushOne(c)
		}
		for _, c := range list {
			if err := c.sock.failed(); err != nil && l.conns[c.id] != nil {
				l.lost(c, err)
			}
		}
		if l.dirty == nil {
			l.dirty = list[:0]
		}
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
	c.out, c.messages = nil, 0
}

// accept takes a new connection to the machine.
func (l *loop) accept(now time.Time, fd int, addr string) {
	l.nextID++
	c := &conn{
		id: l.nextID, sock: &socket{fd: fd, limit: l.limits.queue},
		stream: wire.NewStream(l.limits.message), closed: make(chan struct{}),
	}
	if err := l.poll.add(fd, c.id); err != nil {
		l.log.Error("client not accepted", "client", addr, "reason", err)
		c.sock.reset()
		return
	}
	l.stirred = now
	l.conns[c.id] = c
	l.step(now, qnetd.Connected{Conn: c.id, Addr: addr})
}

// lost ends a connection that has broken or that the peer has closed.
func (l *loop) lost(c *conn, err error) {
	l.end(time.Now(), c, qnetd.Disconnected{Conn: c.id, Why: reasonOf(err)})
}

func (l *loop) end(now time.Time, c *conn, d qnetd.Disconnected) {
	l.stirred = now
	l.release(c)
	l.step(now, d)
}

// release resets a connection and forgets it.
func (l *loop) release(c *conn) {
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

// arm sets the timer for the machine's deadline. A deadline that has moved
// back needs nothing: an early tick does no harm.
func (l *loop) arm() {
	at := l.machine.Deadline()
	if at.IsZero() || (!l.armed.IsZero() && !at.Before(l.armed)) {
		return
	}
	l.armed = at
	l.timer.Reset(time.Until(at))
}

// status asks the machine for a snapshot from another goroutine.
func (l *loop) status(ctx context.Context) (status.QNetd, error) {
	answer := make(chan status.QNetd, 1)
	select {
	case l.calls <- func(now time.Time) { answer <- l.machine.Status(now) }:
		return <-answer, nil
	case <-ctx.Done():
		return status.QNetd{}, ctx.Err()
	}
}
