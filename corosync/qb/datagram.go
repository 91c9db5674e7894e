// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qb

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quorate/quorate/corosync"
)

// ControlSize is the length of the socket transport's control file: for
// requests, answers and events the number of messages under way and a flow
// control word each.
const ControlSize = 24

// Offsets in the control file.
const (
	sentRequest  = 0
	flowRequest  = 4
	sentResponse = 8
	sentEvent    = 16
)

// datagram is the transport over datagram sockets: one datagram is one message.
type datagram struct {
	control []byte
	path    string        // of the control file
	calls   *net.UnixConn // requests out, answers in
	pushed  *net.UnixConn // events in
	buf     []byte        // for answers
	limit   int
}

func openDatagram(s Setup) (*datagram, error) {
	t := &datagram{path: s.Request, limit: int(s.MaxMessage)}
	var err error
	if t.control, err = mapFile(s.Request, ControlSize, false); err != nil {
		return nil, err
	}
	if t.calls, err = pair(s.Response, "-response", "-request", t.limit); err == nil {
		t.pushed, err = pair(s.Response, "-event", "-event-tx", t.limit)
	}
	if err != nil {
		t.release()
		return nil, err
	}
	return t, nil
}

// lost turns the end of a socket into the end of the connection.
func lost(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrLost, plain(err))
}

// Abstract returns the address of a datagram socket of the socket transport.
func Abstract(name string) (*net.UnixAddr, error) {
	a, err := abstract(name)
	if err == nil {
		a.Net = "unixgram"
	}
	return a, err
}

// pair binds base+local and connects it to base+remote.
func pair(base, local, remote string, size int) (*net.UnixConn, error) {
	from, err := Abstract(base + local)
	if err != nil {
		return nil, err
	}
	to, err := Abstract(base + remote)
	if err != nil {
		return nil, err
	}
	c, err := net.DialUnix("unixgram", from, to)
	if err != nil {
		return nil, fmt.Errorf("socket %s%s: %w", filepath.Base(base), local, plain(err))
	}
	if err := errors.Join(c.SetReadBuffer(size), c.SetWriteBuffer(size)); err != nil {
		c.Close()
		return nil, plain(err)
	}
	return c, nil
}

func (t *datagram) send(b []byte) error {
	if _, err := t.calls.Write(b); errors.Is(err, unix.EMSGSIZE) {
		return fmt.Errorf("message of %d bytes: %w", len(b), corosync.ErrTooBig)
	} else if err != nil {
		return lost(err)
	}
	atomic.AddUint32(u32at(t.control, sentRequest), 1)
	return nil
}

func (t *datagram) receive() ([]byte, error) {
	if t.buf == nil {
		t.buf = make([]byte, t.limit+1)
	}
	b, err := receive(t.calls, t.buf, t.limit)
	if err != nil {
		return nil, err
	}
	atomic.AddUint32(u32at(t.control, sentResponse), ^uint32(0))
	return append([]byte(nil), b...), nil
}

// receive reads one datagram of at most limit bytes into buf, which has one more.
// What had come before the end is still read.
func receive(c *net.UnixConn, buf []byte, limit int) ([]byte, error) {
	n, err := c.Read(buf)
	if err != nil {
		var ok bool
		if n, ok = queued(c, buf); !ok {
			return nil, lost(err)
		}
	}
	if n > limit {
		return nil, fmt.Errorf("message longer than %d bytes: %w", limit, corosync.ErrTooBig)
	}
	return buf[:n], nil
}

// queued reads a datagram if there is one.
func queued(c *net.UnixConn, buf []byte) (n int, ok bool) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, false
	}
	cerr := raw.Control(func(fd uintptr) { n, _, err = unix.Recvfrom(int(fd), buf, unix.MSG_DONTWAIT) })
	return n, cerr == nil && err == nil && n > 0
}

func (t *datagram) poked() {}

func (t *datagram) events(over <-chan struct{}, deliver func([]byte) error) error {
	buf := make([]byte, t.limit+1)
	for {
		b, err := receive(t.pushed, buf, t.limit)
		if err != nil {
			select {
			case <-over:
				return nil
			default:
				return err
			}
		}
		atomic.AddUint32(u32at(t.control, sentEvent), ^uint32(0))
		if err := deliver(b); err != nil {
			return err
		}
	}
}

func (t *datagram) flow() uint32 { return atomic.LoadUint32(u32at(t.control, flowRequest)) }

func (t *datagram) interrupt() {
	for _, c := range []*net.UnixConn{t.calls, t.pushed} {
		_ = c.SetDeadline(time.Unix(1, 0))
	}
}

func (t *datagram) release() {
	for _, c := range []*net.UnixConn{t.calls, t.pushed} {
		if c != nil {
			_ = c.Close()
		}
	}
	_ = unix.Munmap(t.control)
}

func (t *datagram) remove() {
	_ = os.Remove(t.path)
	_ = os.Remove(filepath.Dir(t.path))
}
