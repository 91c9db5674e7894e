// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// errQueueFull is why a client that does not read is given up.
var errQueueFull = errors.New("send queue is full: the client does not read")

// errShakes is why a client is given up that sends more than a handshake needs.
var errShakes = errors.New("the client sends too much")

// errNothing is what Read returns when nothing has arrived. It is temporary in
// the eyes of crypto/tls, which goes on where it was with the next Read.
type errNothing struct{}

func (errNothing) Error() string   { return "nothing has arrived" }
func (errNothing) Timeout() bool   { return true }
func (errNothing) Temporary() bool { return true }

// socket is a connected TCP socket that never waits, neither to read nor to
// write, except between await and poll: then a Read waits to be woken, for a
// TLS handshake in a goroutine of its own. What the kernel does not take at
// once is queued until flush.
type socket struct {
	limit int           // messages that may be queued
	slots chan struct{} // a Read that waits gives its place in it to others meanwhile

	mu     sync.Mutex
	fd     int    // -1 when closed
	rest   []byte // was read before, and comes first
	empty  bool   // the last read got all there was
	ended  bool   // the peer has shut down or the connection is broken: read to the end
	wake   chan struct{}
	shakes int // bytes that may still be read while a Read waits
	queue  []unsent
	queued int  // messages in queue
	open   bool // the messages that are being written will be counted later
	err    error
}

// unsent is what one write has left in the queue.
type unsent struct {
	bytes    []byte
	messages int // of the write: those count until the last of its bytes is sent
}

// Read reads what has arrived: errNothing if that is nothing.
func (s *socket) Read(p []byte) (int, error) {
	for {
		n, wake, err := s.read(p)
		if wake == nil {
			return n, err
		}
		if s.slots == nil {
			<-wake
			continue
		}
		<-s.slots
		<-wake
		s.slots <- struct{}{}
	}
}

// read reads once. It returns a channel if the caller must wait for it and try again.
func (s *socket) read(p []byte) (int, <-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rest) > 0 {
		n := copy(p, s.rest)
		if s.rest = s.rest[n:]; len(s.rest) == 0 {
			s.rest = nil
		}
		return n, nil, nil
	}
	if s.fd < 0 {
		return 0, nil, net.ErrClosed
	}
	if s.empty && !s.ended && s.wake == nil {
		return 0, nil, errNothing{}
	}
	if s.wake != nil {
		if s.shakes == 0 {
			return 0, nil, errShakes
		}
		p = p[:min(len(p), s.shakes)]
	}
	n, err := readNow(s.fd, p)
	switch {
	case err == unix.EAGAIN && s.wake != nil:
		return 0, s.wake, nil
	case err == unix.EAGAIN:
		s.empty = true
		return 0, nil, errNothing{}
	case err != nil:
		return 0, nil, os.NewSyscallError("read", err)
	case n == 0:
		return 0, nil, io.EOF
	}
	s.empty = n < len(p)
	if s.wake != nil {
		s.shakes -= n
	}
	return n, nil, nil
}

// ready notes what the poller has said of the socket.
func (s *socket) ready(events uint32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if events&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		s.empty = false
	}
	if events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		s.ended = true
	}
	if s.wake != nil {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
	if events&unix.EPOLLOUT != 0 && len(s.queue) > 0 {
		s.flush()
	}
	return s.err
}

// await lets Read wait from now on. rest was read already.
func (s *socket) await(rest []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest, s.wake, s.shakes = rest, make(chan struct{}, 1), strangerShakes
}

// poll ends what await began.
func (s *socket) poll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wake, s.empty = nil, false
}

// Write sends p, which counts as one message unless gather was called, or queues it.
// An error is final: the connection is of no more use.
func (s *socket) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open {
		return s.put(p, 0)
	}
	return s.put(p, 1)
}

// gather has what is written from now on count as nothing until count says what it is.
func (s *socket) gather() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = true
}

// count says how many messages were written since gather. If not all of it is sent, the
// end of the queue belongs to them.
func (s *socket) count(messages int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = false
	if n := len(s.queue); n > 0 && s.err == nil {
		s.queue[n-1].messages += messages
		if s.queued += messages; s.queued > s.limit {
			s.err = errQueueFull
		}
	}
	return s.err
}

// write sends p, in which there are so many messages.
func (s *socket) write(p []byte, messages int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.put(p, messages)
}

func (s *socket) put(p []byte, messages int) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	rest := p
	if len(s.queue) == 0 {
		rest = p[s.try(p):]
	}
	if s.err == nil && len(rest) > 0 {
		if s.queued += messages; s.queued > s.limit {
			s.err = errQueueFull
		}
		s.queue = append(s.queue, unsent{append([]byte(nil), rest...), messages})
	}
	if s.err != nil {
		return 0, s.err
	}
	return len(p), nil
}

// fail makes an error final. The first one counts.
func (s *socket) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
}

// failed returns the final error, or nil.
func (s *socket) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// try sends what the kernel takes of p.
func (s *socket) try(p []byte) int {
	if s.fd < 0 {
		s.err = net.ErrClosed
		return 0
	}
	n, err := sendNow(s.fd, p)
	switch {
	case err == unix.EAGAIN:
		return 0
	case err != nil:
		s.err = os.NewSyscallError("send", err)
		return 0
	}
	return n
}

// flush sends what the kernel takes of the queue.
func (s *socket) flush() {
	for len(s.queue) > 0 && s.err == nil {
		first := &s.queue[0]
		n := s.try(first.bytes)
		if n < len(first.bytes) {
			first.bytes = first.bytes[n:]
			return
		}
		s.queued -= first.messages
		*first = unsent{} // a queue that is never empty would keep it
		s.queue = s.queue[1:]
	}
	if len(s.queue) == 0 {
		s.queue = nil
	}
}

// reset ends the connection so that nothing that is still queued, here or in
// the kernel, is delivered any more.
func (s *socket) reset() {
	s.mu.Lock()
	if s.fd >= 0 {
		// On a connection that is gone already there is nothing to reset.
		_ = unix.SetsockoptLinger(s.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	}
	s.mu.Unlock()
	_ = s.Close()
}

// Close ends the connection and wakes who waits for it.
func (s *socket) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd < 0 {
		return net.ErrClosed
	}
	fd := s.fd
	s.fd, s.queue, s.rest = -1, nil, nil
	if s.wake != nil {
		close(s.wake)
		s.wake = nil
	}
	return os.NewSyscallError("close", unix.Close(fd))
}

// The rest of net.Conn, which crypto/tls wants; nobody asks for any of it.

// LocalAddr returns nil.
func (s *socket) LocalAddr() net.Addr { return nil }

// RemoteAddr returns nil: the machine knows the client's address.
func (s *socket) RemoteAddr() net.Addr { return nil }

// SetDeadline does nothing: time is the machine's matter.
func (s *socket) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (s *socket) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (s *socket) SetWriteDeadline(time.Time) error { return nil }
