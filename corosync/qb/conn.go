// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quorate/quorate/corosync"
)

// Why a connection is over. They are wrapped in a [corosync.Error].
var (
	ErrLost   = errors.New("connection lost")   // the daemon ended, or hung up
	ErrClosed = errors.New("connection closed") // by Close
)

// DefaultMessage is the largest message of a connection in bytes, unless the
// options say otherwise. It is enough for all services but cpg.
const DefaultMessage = 65536

// Options say how to reach a service. The zero value reaches the Corosync of
// this machine.
type Options struct {
	// MaxMessage is the largest message, either way, in bytes: 12328 to 16 MiB, 0
	// for what suits the service. A connection takes three times that of /dev/shm.
	// An event that is larger jams the connection for good.
	MaxMessage int

	// Dir is the directory of the services' sockets, for a libqb that puts them
	// into the file system. Empty: where libqb puts them on this machine.
	Dir string
}

// Handler is told what comes without being asked for. Its functions run on a
// goroutine of the connection, one at a time. They may not call Close, which
// waits for them.
type Handler struct {
	// Event gets each event; the bytes are valid until it returns. As long as it
	// does not return, further events wait in the daemon. It has to return when
	// stop is closed. An error ends the connection: the server can't be
	// understood. Nil: events are dropped.
	Event func(event []byte, stop <-chan struct{}) error

	// End is called once, after the last event of a connection that is over. May be nil.
	End func()
}

// Conn is a connection to one service. Its methods may be called by several
// goroutines.
type Conn struct {
	service string
	max     int
	setup   *socket
	server  int // process id of the daemon
	kind    Transport
	layout  Layout
	tr      transport
	handler Handler

	turn     chan struct{} // holds a token while a request is in flight
	over     chan struct{} // closed when the connection is over
	stop     chan struct{} // closed when this side ended it
	released chan struct{} // closed when all is given back
	refs     atomic.Int32  // who may touch the transport: two goroutines and the calls
	ending   sync.Once
	stopping sync.Once
	err      error // why it is over; set before over is closed
}

// Dial connects to a service: cmap, votequorum, quorum, cfg or cpg. The context
// covers the connecting alone. Errors are a [*corosync.Error] for the call
// "connect": [corosync.ErrLibrary] if nobody listens or the service is not
// loaded, [corosync.ErrTryAgain] while the daemon starts, [corosync.ErrAccess]
// if it does not let this user in.
func Dial(ctx context.Context, service string, o Options, h Handler) (*Conn, error) {
	c, err := dial(ctx, service, o, h)
	if err != nil {
		return nil, fault(service, "connect", err)
	}
	return c, nil
}

func dial(ctx context.Context, service string, o Options, h Handler) (*Conn, error) {
	if o.MaxMessage == 0 {
		o.MaxMessage = DefaultMessage
	}
	if o.MaxMessage < setupResponseSize || o.MaxMessage > maxGrant {
		return nil, fmt.Errorf("messages of %d bytes: %w", o.MaxMessage, corosync.ErrInvalidParam)
	}
	sock, cred, err := connect(ctx, service, o)
	if err != nil {
		return nil, err
	}
	s, err := handshake(ctx, sock, service, o.MaxMessage)
	if err != nil {
		sock.Close()
		return nil, err
	}
	setup, err := newSocket(sock)
	if err != nil {
		return nil, err
	}
	c := &Conn{
		service: service, max: int(s.MaxMessage), setup: setup, server: int(cred.Pid), kind: s.Transport, layout: s.Layout, handler: h,
		turn: make(chan struct{}, 1), over: make(chan struct{}), stop: make(chan struct{}), released: make(chan struct{}),
	}
	if s.Transport == SharedMemory {
		c.tr, err = openShared(setup, s)
	} else {
		c.tr, err = openDatagram(s)
	}
	if err != nil {
		setup.release()
		return nil, err
	}
	c.refs.Store(2)
	go c.watch()
	go c.dispatch()
	return c, nil
}

// watch reads the setup socket: bytes are events, its end is the connection's.
func (c *Conn) watch() {
	defer c.drop()
	buf := make([]byte, 256)
	for {
		if err := c.setup.read(buf); err != nil {
			break
		}
		c.tr.poked()
	}
	c.end(ErrLost)
	c.sweep()
}

// dispatch hands out events.
func (c *Conn) dispatch() {
	defer c.drop()
	if c.handler.End != nil {
		defer c.handler.End()
	}
	err := c.tr.events(c.over, func(b []byte) error {
		if c.handler.Event == nil {
			return nil
		}
		if len(b) < AnswerHeader || int(native.Uint32(b[8:])) != len(b) {
			return fmt.Errorf("event of %d bytes: %w", len(b), corosync.ErrMessage)
		}
		return c.handler.Event(b, c.stop)
	})
	if err != nil {
		c.end(err)
	}
}

// end makes the connection over; the first reason counts. It reports whether
// this was it.
func (c *Conn) end(why error) (first bool) {
	if !c.hold() { // it is, and the transport is gone
		return false
	}
	defer c.drop()
	c.ending.Do(func() {
		first = true
		c.err = why
		close(c.over)
		c.setup.interrupt()
		c.tr.interrupt()
	})
	return first
}

// sweep removes the files of a server that died without doing it. Its sockets
// end a little before it does, how long depends on what else the machine does. One that
// has hung up lives on, and removes them itself.
func (c *Conn) sweep() {
	if c.server <= 0 || !errors.Is(c.err, ErrLost) {
		return
	}
	t := time.NewTicker(10 * time.Millisecond)
	defer t.Stop()
	for range 1000 {
		if dead(c.server) {
			c.tr.remove()
			return
		}
		select {
		case <-t.C:
		case <-c.stop:
			return
		}
	}
}

// dead reports whether a process has ended, be it that its parent has not asked
// for its exit code yet.
func dead(pid int) bool {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil { // no such process, or a kernel that can't tell
		return errors.Is(unix.Kill(pid, 0), unix.ESRCH)
	}
	defer unix.Close(fd)
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
	return err == nil && n > 0
}

// hold keeps the transport from being released, unless it has been.
func (c *Conn) hold() bool {
	for {
		n := c.refs.Load()
		if n == 0 {
			return false
		}
		if c.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (c *Conn) drop() {
	if c.refs.Add(-1) == 0 {
		c.tr.release()
		c.setup.release()
		close(c.released)
	}
}

// Close ends the connection and waits until nothing of it is left. A call that
// waits returns. Closing twice does no harm.
func (c *Conn) Close() error {
	c.end(ErrClosed)
	c.halt()
	<-c.released
	return nil
}

// abort is an end from this side. After the daemon's it is none: the daemon's
// files are still to be removed, and its last events to be handed out.
func (c *Conn) abort(why error) {
	if c.end(why) {
		c.halt()
	}
}

func (c *Conn) halt() { c.stopping.Do(func() { close(c.stop) }) }

// Done is closed when the connection is over: closed, or lost.
func (c *Conn) Done() <-chan struct{} { return c.over }

// Err returns nil while the connection lasts, and then why it is over: a
// [*corosync.Error] with [ErrLost] or [ErrClosed], or what ended the call that took it along.
func (c *Conn) Err() error {
	select {
	case <-c.over:
		return fault(c.service, "connection", c.err)
	default:
		return nil
	}
}

// MaxMessage returns the length of the largest message in bytes.
func (c *Conn) MaxMessage() int { return c.max }

// Service returns the service's name.
func (c *Conn) Service() string { return c.service }

// Transport returns what the daemon has picked.
func (c *Conn) Transport() Transport { return c.kind }

// Layout returns how the daemon lays out what it shares.
func (c *Conn) Layout() Layout { return c.layout }

// Fault makes the error of a call of this service from what went wrong on this
// side, such as a context that has ended.
func (c *Conn) Fault(call string, err error) error { return fault(c.service, call, err) }
