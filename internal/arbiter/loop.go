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

	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/status"
)

// loop runs an arbiter machine: one goroutine, one timer, and every socket that is not in the
// middle of a TLS handshake.
type loop struct {
	machine *qnetd.Server
	log     *slog.Logger
	tls     *tls.Config // nil: no TLS
	limits  connLimits
	cores   *cores

	// What comes from other goroutines.
	poll   *poller
	events chan connEvent
	calls  chan func(time.Time)
	pauses

	// Connections.
	conns  map[qnetd.ConnID]*conn
	latest *conn // the last one that conn returned
	nextID qnetd.ConnID
	shakes chan struct{} // one for each handshake that may compute

	// How they share the loop's time, and the places of those that are no node yet.
	shares    map[string]*share // of clusters
	strangers *share            // connections that are no node yet
	active    []*share          // with something to be read
	spare     []*share          // room for the next list of these
	swept     time.Time

	sources      map[netip.Addr]*source // of strangers
	maxStrangers int

	// What is read and written.
	ready []unix.EpollEvent
	buf   []byte   // what is read goes through it
	free  [][]byte // buffers for what is sent
	dirty []*conn  // have something to be sent

	// Grants to be recorded.
	commit  func([]qnetd.Persist)
	forget  func(cluster string)
	grants  []qnetd.Persist // to be handed to commit
	writing int             // that commit has not answered

	// Lines of the log.
	notes     notes
	quota     quota // of all lines together
	dropping  bool  // some share has lines that were dropped, and the log does not say so yet
	droppedAt time.Time
}

// connLimits bounds what one connection may use.
type connLimits struct {
	receive uint32 // bytes of a message received
	send    uint32 // bytes of a message sent
	queue   int    // messages waiting to be sent
}

// outLimit is how many bytes to be sent are gathered before they are handed over.
const outLimit = 64 << 10

func newLoop(m *qnetd.Server, log *slog.Logger, t *tls.Config, lim connLimits, use func(all bool)) (*loop, error) {
	p, err := newPoller()
	if err != nil {
		return nil, err
	}
	return &loop{
		machine: m, log: log, tls: t, limits: lim, cores: newCores(use), notes: newNotes(log),
		poll: p, events: make(chan connEvent, 64), calls: make(chan func(time.Time)), pauses: newPauses(),
		conns:  make(map[qnetd.ConnID]*conn),
		shakes: make(chan struct{}, max(1, runtime.NumCPU()-1)), // the loop has a core for itself, if there are two
		shares: make(map[string]*share), strangers: &share{},
		sources: make(map[netip.Addr]*source), maxStrangers: maxStrangers,
		ready: make([]unix.EpollEvent, pollEvents), buf: make([]byte, readSize),
	}, nil
}

// run runs the machine until ctx is done, and then closes every connection.
func (l *loop) run(ctx context.Context) error {
	defer l.cores.end()
	defer l.closeAll()
	go l.poll.run()
	for ctx.Err() == nil {
		busy := l.turn()
		l.flush()
		l.record()
		if !busy {
			l.watch()
		}
		l.logDropped(time.Now())
		l.arm()
		l.notes.flush(busy)
		if !busy {
			l.wait(ctx)
		}
	}
	return nil
}

// turn does what there is to do, without waiting, and reports whether there may
// be more at once.
func (l *loop) turn() bool {
	busy := false
	if !l.naps(time.Now()) {
		busy = l.look()
	}
	busy = l.serve(false) || busy
	for end := time.Now().Add(shareTime); l.next(); {
		if busy = true; !time.Now().Before(end) {
			break
		}
	}
	l.tick()
	return busy
}

// record hands the grants of a turn to the committer.
func (l *loop) record() {
	n := len(l.grants)
	if n == 0 {
		return
	}
	if l.writing == 0 {
		l.cores.more() // the disk's goroutine must not wait for this one
	}
	l.writing += n
	l.commit(l.grants)
	l.grants = l.grants[:0]
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
