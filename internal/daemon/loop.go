// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"time"

	"quorate/internal/qnetd"
	"quorate/internal/status"
	"quorate/internal/wire"
)

// burst is how many events are taken before grants are handed to the disk and
// the timer is looked at.
const burst = 256

// crowd is how many waiting events are worth a second core.
const crowd = 32

// loop runs an arbiter machine: one goroutine, one timer.
type loop struct {
	machine *qnetd.Server
	log     *slog.Logger
	notes   notes
	tls     *tls.Config // nil: no TLS
	limits  connLimits
	cores   *cores

	events    chan event
	persisted chan []qnetd.Persisted
	calls     chan func(time.Time)
	commit    func([]qnetd.Persist)

	conns  map[qnetd.ConnID]*conn
	nextID qnetd.ConnID
	grants []qnetd.Persist // to be handed to commit
	failed []event         // Disconnected for connections that took no more
	armed  time.Time       // instant of the timer
	timer  *time.Timer
}

// connLimits bounds what one connection may use.
type connLimits struct {
	message uint32 // bytes of a message received
	queue   int    // messages waiting to be sent
}

func newLoop(m *qnetd.Server, log *slog.Logger, t *tls.Config, lim connLimits) *loop {
	l := &loop{
		machine:   m,
		log:       log,
		notes:     notes{log: log},
		tls:       t,
		limits:    lim,
		cores:     newCores(),
		events:    make(chan event, burst),
		persisted: make(chan []qnetd.Persisted),
		calls:     make(chan func(time.Time)),
		conns:     make(map[qnetd.ConnID]*conn),
		timer:     time.NewTimer(time.Hour),
	}
	l.timer.Stop()
	return l
}

// run runs the machine until ctx is done, and then closes every connection.
func (l *loop) run(ctx context.Context) error {
	defer l.cores.restore()
	defer l.closeAll()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-l.events:
			if len(l.events) > crowd {
				l.cores.crowded()
			}
			l.take(time.Now(), e)
			l.drain()
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
		if len(l.grants) > 0 {
			l.commit(l.grants)
			l.grants = l.grants[:0]
		}
		l.arm()
	}
}

// drain takes the events that are there, at most a burst of them.
func (l *loop) drain() {
	for range burst {
		select {
		case e := <-l.events:
			l.take(time.Now(), e)
		default:
			return
		}
	}
}

// take gives the machine one event of a connection.
func (l *loop) take(now time.Time, e event) {
	if e.accepted != nil {
		l.accept(now, e.accepted, e.addr)
		return
	}
	if e.conn != nil && l.conns[e.conn.id] == nil {
		return // the machine has let go of it
	}
	if d, ok := e.in.(qnetd.Disconnected); ok {
		l.release(e.conn)
		e.conn.box.reset()
		l.step(now, d)
		return
	}
	started := l.step(now, e.in)
	if r, ok := e.in.(qnetd.Received); ok && !started {
		if _, ok := r.Msg.(wire.StartTLS); ok {
			e.conn.verdict <- nil
		}
	}
}

// step runs the machine once and does what it asks for. It reports whether
// that was to start TLS.
func (l *loop) step(now time.Time, in qnetd.Input) (startTLS bool) {
	for _, o := range l.machine.Step(now, in) {
		switch o := o.(type) {
		case qnetd.Send:
			l.send(o)
		case qnetd.StartTLS:
			startTLS = l.startTLS(o.Conn)
		case qnetd.Close:
			if c := l.conns[o.Conn]; c != nil {
				l.release(c)
				c.box.reset()
			}
		case qnetd.Persist:
			l.grants = append(l.grants, o)
		case qnetd.Notice:
			l.notes.write(now, o)
		}
	}
	for len(l.failed) > 0 {
		e := l.failed[0]
		l.failed = l.failed[1:]
		l.take(now, e)
	}
	return startTLS
}

func (l *loop) send(o qnetd.Send) {
	c := l.conns[o.Conn]
	if c == nil {
		return
	}
	if err := c.send(o.Msg); err != nil {
		l.failed = append(l.failed, event{conn: c, in: qnetd.Disconnected{Conn: c.id, Why: reasonOf(err)}})
	}
}

func (l *loop) startTLS(id qnetd.ConnID) bool {
	c := l.conns[id]
	if c == nil {
		return false
	}
	c.verdict <- l.tls
	return true
}

// accept takes a new connection to the machine and starts its reader.
func (l *loop) accept(now time.Time, tc *net.TCPConn, addr string) {
	box, err := newOutbox(tc, l.limits.queue)
	if err != nil {
		_ = tc.Close()
		return
	}
	l.nextID++
	c := &conn{
		id: l.nextID, box: box, out: box, events: l.events, limit: l.limits.message,
		verdict: make(chan *tls.Config, 1), closed: make(chan struct{}), cores: l.cores,
	}
	l.conns[c.id] = c
	l.step(now, qnetd.Connected{Conn: c.id, Addr: addr})
	if l.conns[c.id] != nil {
		go c.read()
	}
}

// release forgets a connection and lets its reader go.
func (l *loop) release(c *conn) {
	delete(l.conns, c.id)
	close(c.closed)
}

func (l *loop) closeAll() {
	for _, c := range l.conns {
		close(c.closed)
		_ = c.box.Close()
	}
	l.conns = nil
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
