// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package corotest

import (
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/quorate/quorate/corosync/qb"
)

// datagramLine is datagram sockets: one for requests and answers, one for
// events. The control file counts messages; only its flow word matters here.
type datagramLine struct {
	conn    *net.UnixConn
	calls   *net.UnixConn
	pushed  *net.UnixConn
	control *os.File
	client  [2]*net.UnixAddr // where answers and events go
	queue   chan []byte
	waiting atomic.Int64 // events in the queue, or on their way out of it
	mu      sync.Mutex   // guards closed
	closed  bool
	ended   chan struct{}
	limit   int
}

func (p *Peer) datagram(dir string, s *qb.Setup) error {
	s.Transport = qb.Socket
	s.Request = filepath.Join(dir, "qb-control-"+p.service)
	s.Response = filepath.Join(dir, "qb-"+p.service)
	l := &datagramLine{conn: p.conn, limit: int(s.MaxMessage), queue: make(chan []byte, 1<<16), ended: make(chan struct{})}
	var err error
	if l.control, err = os.OpenFile(s.Request, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600); err != nil {
		return err
	}
	if err = l.control.Truncate(qb.ControlSize); err != nil {
		return err
	}
	for i, name := range []string{"-response", "-event"} {
		if l.client[i], err = qb.Abstract(s.Response + name); err != nil {
			return err
		}
	}
	if l.calls, err = listen(s.Response+"-request", l.limit); err != nil {
		return err
	}
	if l.pushed, err = listen(s.Response+"-event-tx", l.limit); err != nil {
		return err
	}
	p.line = l
	go l.drain()
	go l.watch()
	return nil
}

func listen(name string, size int) (*net.UnixConn, error) {
	a, err := qb.Abstract(name)
	if err != nil {
		return nil, err
	}
	c, err := net.ListenUnixgram("unixgram", a)
	if err != nil {
		return nil, err
	}
	if err := c.SetReadBuffer(size); err != nil {
		return nil, err
	}
	return c, c.SetWriteBuffer(size)
}

// watch ends the sockets with the setup socket.
func (l *datagramLine) watch() {
	b := make([]byte, 1)
	for {
		if _, err := l.conn.Read(b); err != nil {
			break
		}
	}
	_ = l.calls.Close()
	_ = l.pushed.Close()
}

func (l *datagramLine) requests(serve func([]byte)) {
	b := make([]byte, l.limit)
	for {
		n, err := l.calls.Read(b)
		if err != nil {
			return
		}
		serve(append([]byte(nil), b[:n]...))
	}
}

func (l *datagramLine) answer(b []byte) { _, _ = l.calls.WriteTo(b, l.client[0]) }

// event sends an event at once if it can, so that it is not lost if the test hangs up.
func (l *datagramLine) event(b []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.waiting.Load() == 0 && l.now(b) {
		return
	}
	l.waiting.Add(1)
	l.queue <- b
}

// now sends an event unless that would have to wait.
func (l *datagramLine) now(b []byte) bool {
	raw, err := l.pushed.SyscallConn()
	if err != nil {
		return false
	}
	to := &syscall.SockaddrUnix{Name: l.client[1].Name} // @ stands for the abstract space there, too
	cerr := raw.Control(func(fd uintptr) { err = syscall.Sendto(int(fd), b, syscall.MSG_DONTWAIT, to) })
	return cerr == nil && err == nil
}

func (l *datagramLine) drain() {
	defer close(l.ended)
	for b := range l.queue {
		_, _ = l.pushed.WriteTo(b, l.client[1])
		l.waiting.Add(-1)
	}
}

func (l *datagramLine) setFlow(v uint32) {
	m := make(qb.Message, 4)
	m.U32(0, v)
	_, _ = l.control.WriteAt(m, 4)
}

func (l *datagramLine) close() {
	l.mu.Lock()
	l.closed = true
	close(l.queue)
	l.mu.Unlock()
	<-l.ended
	_ = os.Remove(l.control.Name())
	_ = l.control.Close()
}
