// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/netip"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/status"
	"github.com/quorate/quorate/internal/wire"
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

	events chan connEvent
	calls  chan func(time.Time)
	commit func([]qnetd.Persist)
	forget func(cluster string)

	conns  map[qnetd.ConnID]*conn
	latest *conn // the last one that conn returned
	nextID qnetd.ConnID
	ready  []unix.EpollEvent
	buf    []byte          // what is read goes through it
	free   [][]byte        // buffers for what is sent
	dirty  []*conn         // have something to be sent
	grants []qnetd.Persist // to be handed to commit

	shares    map[string]*share      // of clusters
	strangers *share                 // connections that are no node yet
	sources   map[netip.Addr]*source // of these

	maxStrangers int
	active       []*share // with something to be read
	spare        []*share // room for the next list of these
	swept        time.Time
	hands        chan struct{} // one for each handshake that may compute

	quota    quota // of all log lines together
	dropping bool  // some share has lines that were dropped and not told
	told     time.Time

	writing int       // grants that commit has not answered
	armed   time.Time // instant of the timer
	timer   *time.Timer

	waiting bool      // the poller will say when a socket has something to say
	stirred time.Time // last time that anything but an echo came
	napping bool      // nap is set, for napEnd
	napEnd  time.Time // when the sockets are looked at again
	nap     *time.Timer
	unsent  time.Time   // since when something that is not urgent waits in dirty; zero if nothing does
	late    *time.Timer // until it has waited long enough
}

// connLimits bounds what one connection may use.
type connLimits struct {
	receive uint32 // bytes of a message received
	send    uint32 // bytes of a message sent
	queue   int    // messages waiting to be sent
}

const (
	outLimit = 64 << 10 // bytes to be sent that are gathered before they are handed over

	// With at least napClients connections, and nothing but echoes for calmTime,
	// sockets are looked at once in napTime, twice that with manyClients: waking up
	// costs more than ten echoes, and C answers every echo 40 ms late.
	napClients  = 500
	manyClients = 4000
	napTime     = 40 * time.Millisecond
	calmTime    = 2 * time.Second

	// A reply that no node waits for may wait so long for the vote that often
	// follows: both go in one packet. C sends it up to 40 ms late.
	replyTime = 25 * time.Millisecond
)

func newLoop(m *qnetd.Server, log *slog.Logger, t *tls.Config, lim connLimits, use func(all bool)) (*loop, error) {
	p, err := newPoller()
	if err != nil {
		return nil, err
	}
	l := &loop{
		machine:   m,
		log:       log,
		notes:     newNotes(log),
		tls:       t,
		limits:    lim,
		cores:     newCores(use),
		poll:      p,
		events:    make(chan connEvent, 64),
		calls:     make(chan func(time.Time)),
		conns:     make(map[qnetd.ConnID]*conn),
		shares:    make(map[string]*share),
		strangers: &share{},
		sources:   make(map[netip.Addr]*source),

		maxStrangers: maxStrangers,

		hands: make(chan struct{}, max(1, runtime.NumCPU()-1)), // the loop has a core for itself, if there are two
		ready: make([]unix.EpollEvent, pollEvents),
		buf:   make([]byte, readSize),
		timer: time.NewTimer(time.Hour),
		nap:   time.NewTimer(time.Hour),
		late:  time.NewTimer(time.Hour),
	}
	l.timer.Stop()
	l.nap.Stop()
	l.late.Stop()
	return l, nil
}

// run runs the machine until ctx is done, and then closes every connection.
func (l *loop) run(ctx context.Context) error {
	defer l.cores.end()
	defer l.closeAll()
	go l.poll.run()
	for ctx.Err() == nil {
		busy := l.turn(ctx)
		l.flush()
		if n := len(l.grants); n > 0 {
			if l.writing == 0 {
				l.cores.more() // the disk's goroutine must not wait for this one
			}
			l.writing += n
			l.commit(l.grants)
			l.grants = l.grants[:0]
		}
		if !busy {
			l.watch()
		}
		l.tellDropped(time.Now())
		l.arm()
		l.notes.flush(busy)
		if !busy {
			l.other(ctx, true)
		}
	}
	return nil
}

// turn does what there is to do, without waiting, and reports whether there may
// be more at once.
func (l *loop) turn(ctx context.Context) bool {
	busy := false
	if !l.napping {
		busy = l.look()
	}
	busy = l.serve(false) || busy
	for end := time.Now().Add(shareTime); l.other(ctx, false); {
		if busy = true; !time.Now().Before(end) {
			break
		}
	}
	l.tick()
	return busy
}

// watch has the sockets looked at: as soon as one has something to say, or, while
// nothing but echoes comes, after a while. See napTime.
func (l *loop) watch() {
	if l.waiting || l.napping {
		return
	}
	calm := len(l.conns) >= napClients && time.Since(l.stirred) > calmTime
	if err := l.poll.setShut(calm); err != nil {
		l.log.Error("sockets can't be watched", "reason", fault.Words(err))
	}
	if calm {
		d := napTime
		if len(l.conns) >= manyClients {
			d *= 2
		}
		l.napping, l.napEnd = true, time.Now().Add(d)
		l.nap.Reset(d)
		return
	}
	l.waiting = true
	l.poll.again <- struct{}{}
}

// other takes one thing that comes from elsewhere than a socket, and reports
// whether there was one. It waits for one if it may.
func (l *loop) other(ctx context.Context, mayWait bool) bool {
	if !mayWait {
		select {
		case <-l.poll.wakeup:
			l.waiting = false
		case e := <-l.events:
			l.take(time.Now(), e)
		case f := <-l.calls:
			f(time.Now())
		default:
			return false
		}
		return true
	}
	select {
	case <-ctx.Done():
	case <-l.poll.wakeup:
		l.waiting = false
	case <-l.nap.C:
		l.napping = false
	case <-l.late.C:
	case e := <-l.events:
		l.take(time.Now(), e)
	case f := <-l.calls:
		f(time.Now())
	case <-l.timer.C:
		l.armed = time.Time{}
	}
	return true
}

// stored takes the answers to grants that were to be recorded.
func (l *loop) stored(answers []qnetd.Input) {
	if l.writing -= len(answers); l.writing == 0 {
		l.cores.less()
	}
	now := time.Now()
	for _, a := range answers {
		l.step(now, nil, a)
	}
}

// gapTime is how late a timer may be without a reason: the process stood still.
const gapTime = 200 * time.Millisecond

// tick runs the machine's timers that are due. What has arrived is read before: a client
// whose message lies unread is not silent. A turn has done that, but it has not
// read everything after the process, or the machine that it runs on, stood still.
func (l *loop) tick() {
	at, now := l.machine.Deadline(), time.Now()
	if at.IsZero() || now.Before(at) {
		return
	}
	switch {
	case now.Sub(at) > gapTime:
		l.look()
		l.serve(true)
	case l.napping:
		return // until the look
	}
	l.step(time.Now(), nil, qnetd.Tick{})
}

// take takes an accepted connection, or the end of a handshake.
func (l *loop) take(now time.Time, e connEvent) {
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

// step runs the machine once and does what it asks for. c is the connection that has
// brought the input, nil if none has.
func (l *loop) step(now time.Time, c *conn, in qnetd.Input) {
	run := l.machine.Apply
	if _, ok := in.(qnetd.Tick); ok {
		run = l.machine.Step
	}
	out := run(now, in)
	var s *share
	if c != nil {
		if c.share == l.strangers && !c.gone {
			l.promote(c)
		}
		s = c.share
	}
	for _, o := range out {
		switch o := o.(type) {
		case qnetd.Send:
			l.send(o)
		case qnetd.StartTLS:
			if c := l.conn(o.Conn); c != nil {
				l.flushOne(c) // in the clear
				c.shaking = true
			}
		case qnetd.Close:
			if c := l.conn(o.Conn); c != nil {
				l.release(c)
			}
		case qnetd.Persist:
			l.grants = append(l.grants, o)
		case qnetd.Forget:
			l.forget(o.Cluster)
		case qnetd.Notice:
			l.write(now, s, o)
		}
	}
}

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

// arm sets the timer for the machine's deadline. A deadline that has moved
// back needs nothing: an early tick does no harm. Nor does one that comes with the
// end of a nap: thousands of clients have a deadline of their own each.
func (l *loop) arm() {
	at := l.machine.Deadline()
	if at.IsZero() || (!l.armed.IsZero() && !at.Before(l.armed)) {
		return
	}
	if l.napping && at.Before(l.napEnd) {
		at = l.napEnd
	}
	l.armed = at
	l.timer.Reset(time.Until(at))
}

// call has the loop call f, from another goroutine, and does not wait for its end. It reports
// whether it will be called: not if ctx ends before the loop has come to it.
func (l *loop) call(ctx context.Context, f func(now time.Time)) bool {
	select {
	case l.calls <- f:
		return true
	case <-ctx.Done():
		return false
	}
}

// status asks the machine for a snapshot from another goroutine.
func (l *loop) status(ctx context.Context) (status.QNetd, error) {
	answer := make(chan status.QNetd, 1)
	if !l.call(ctx, func(now time.Time) { answer <- l.machine.Status(now) }) {
		return status.QNetd{}, ctx.Err()
	}
	return <-answer, nil
}
