// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// errQueueFull is why a client that does not read is given up.
var errQueueFull = errors.New("send queue is full: the client does not read")

// outbox is a TCP connection whose Write never waits. What the socket does not
// take at once is queued, and a goroutine that lives no longer than the queue
// sends it. Read and the rest are the connection's own.
type outbox struct {
	*net.TCPConn
	raw   syscall.RawConn
	limit int // writes that may be queued

	mu       sync.Mutex
	queue    [][]byte
	flushing bool
	err      error

	// The arguments and results of try: its closure is made once, for it is
	// needed at every write.
	buf     []byte
	n       int
	tryErr  error
	tryFunc func(fd uintptr) bool
}

func newOutbox(c *net.TCPConn, limit int) (*outbox, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	o := &outbox{TCPConn: c, raw: raw, limit: limit}
	o.tryFunc = func(fd uintptr) bool {
		for {
			o.n, o.tryErr = unix.SendmsgN(int(fd), o.buf, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
			if o.tryErr != unix.EINTR {
				return true
			}
		}
	}
	return o, nil
}

// Write sends p or queues it. An error is final: the connection is of no more use.
func (o *outbox) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return 0, o.err
	}
	rest := p
	if !o.flushing {
		n, err := o.try(p)
		if err != nil {
			o.err = err
			return 0, err
		}
		if n == len(p) {
			return n, nil
		}
		rest = p[n:]
	}
	if len(o.queue) >= o.limit {
		o.err = errQueueFull
		return 0, o.err
	}
	o.queue = append(o.queue, append([]byte(nil), rest...))
	if !o.flushing {
		o.flushing = true
		go o.flush()
	}
	return len(p), nil
}

// try writes what the socket takes without waiting.
func (o *outbox) try(p []byte) (int, error) {
	o.buf = p
	err := o.raw.Write(o.tryFunc)
	o.buf = nil
	switch {
	case err != nil:
		return 0, err
	case o.tryErr == unix.EAGAIN:
		return 0, nil
	case o.tryErr != nil:
		return 0, o.tryErr
	}
	return o.n, nil
}

// flush sends the queue and ends with it, or with the connection.
func (o *outbox) flush() {
	for {
		o.mu.Lock()
		if len(o.queue) == 0 || o.err != nil {
			o.flushing, o.queue = false, nil
			o.mu.Unlock()
			return
		}
		p := o.queue[0]
		o.queue = o.queue[1:]
		o.mu.Unlock()
		if _, err := o.TCPConn.Write(p); err != nil {
			o.mu.Lock()
			o.err = err
			o.mu.Unlock()
		}
	}
}

// ReadFrom keeps io.Copy and the like from going round Write.
func (o *outbox) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{o}, r)
}

// reset ends the connection so that nothing that is still queued, here or in
// the kernel, is delivered any more.
func (o *outbox) reset() {
	_ = o.SetLinger(0) // on a connection that is gone already there is nothing to reset
	_ = o.TCPConn.Close()
}
