// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package corotest

import (
	"net"
	"path/filepath"
	"sync"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
)

// Peer is one client of a server.
type Peer struct {
	service string
	number  int
	conn    *net.UnixConn
	layout  qb.Layout
	setup   []byte
	line    line
}

// line is a transport, seen from the server.
type line interface {
	requests(serve func([]byte)) // until the client is gone
	answer(b []byte)
	event(b []byte)
	setFlow(v uint32)
	close()
}

// Answer answers the client's request.
func (p *Peer) Answer(m qb.Message) { p.line.answer(m) }

// Status answers with a code and no more.
func (p *Peer) Status(id int32, code corosync.Code) {
	p.Answer(qb.NewAnswer(id, qb.AnswerHeader, code))
}

// Event sends an event. Events that do not fit wait, in order.
func (p *Peer) Event(m qb.Message) { p.line.event(m) }

// SetFlow sets the flow control word: 1 refuses calls, 2 multicasts.
func (p *Peer) SetFlow(v uint32) { p.line.setFlow(v) }

// Layout returns the layout of the daemon that the server plays.
func (p *Peer) Layout() qb.Layout { return p.layout }

// Hangup ends the connection.
func (p *Peer) Hangup() { _ = p.conn.Close() }

func (p *Peer) finish() {
	_ = p.conn.Close()
	p.line.close()
}

// sharedLine is shared memory.
type sharedLine struct {
	conn  *net.UnixConn
	rings [3]*qb.Ring // request, response, event
	limit int

	mu      sync.Mutex // guards the rings' mappings and what follows
	closed  bool
	backlog [][]byte
	more    chan struct{}
	done    chan struct{}
	ended   chan struct{}
}

func (p *Peer) shared(dir string, s *qb.Setup) error {
	l := &sharedLine{
		conn: p.conn, limit: int(s.MaxMessage),
		more: make(chan struct{}, 1), done: make(chan struct{}), ended: make(chan struct{}),
	}
	s.Transport = qb.SharedMemory
	for i, path := range []*string{&s.Request, &s.Response, &s.Event} {
		*path = filepath.Join(dir, []string{"qb-request-", "qb-response-", "qb-event-"}[i]+p.service)
		var err error
		if l.rings[i], err = qb.CreateRing(*path, l.limit, s.Layout); err != nil {
			return err
		}
	}
	p.line = l
	go l.drain()
	return nil
}

// requests serves one request for each byte.
func (l *sharedLine) requests(serve func([]byte)) {
	b := make([]byte, 1)
	for {
		if _, err := l.conn.Read(b); err != nil {
			return
		}
		m, ok, err := l.rings[0].TryRead(nil, l.limit)
		if err != nil {
			return
		}
		if ok {
			serve(m)
		}
	}
}

func (l *sharedLine) answer(b []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		_ = l.rings[1].Write(b)
	}
}

func (l *sharedLine) event(b []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.backlog = append(l.backlog, b)
	l.flush()
	select {
	case l.more <- struct{}{}:
	default:
	}
}

// flush writes what fits, and a byte for each event. It returns whether
// something is left.
func (l *sharedLine) flush() bool {
	for len(l.backlog) > 0 {
		if l.rings[2].Write(l.backlog[0]) != nil {
			return true
		}
		_, _ = l.conn.Write([]byte{0})
		l.backlog = l.backlog[1:]
	}
	return false
}

// drain retries what did not fit.
func (l *sharedLine) drain() {
	defer close(l.ended)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-l.done:
			return
		case <-l.more:
		}
		for left := true; left; {
			select {
			case <-l.done:
				return
			case <-tick.C:
			}
			l.mu.Lock()
			left = l.flush()
			l.mu.Unlock()
		}
	}
}

func (l *sharedLine) setFlow(v uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.rings[0].SetFlow(v)
	}
}

func (l *sharedLine) close() {
	close(l.done)
	<-l.ended
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true // a test may still hold the peer
	for _, r := range l.rings {
		r.Remove()
		r.Release()
	}
}
