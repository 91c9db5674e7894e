// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/quorate/quorate/internal/qnetd"
)

// poller knows which sockets have something to say. It is an epoll set of its
// own, because Go's would wake one goroutine for each socket: with thousands of
// clients whose heartbeats trickle in, the waking costs ten times the work. The
// set stands in a second one, the gate, that is a file in Go's poller: waiting for
// it blocks no thread, and while the gate is shut Go's poller hears of nothing.
//
// Sockets are edge-triggered: who is told of one must read it until it is empty.
type poller struct {
	fd   int      // the set of sockets
	gate *os.File // the set that has only fd
	raw  syscall.RawConn
	shut bool // the gate is shut

	mu     sync.Mutex
	events []unix.EpollEvent // room
	found  []unix.EpollEvent // what run has seen and now has not returned yet

	again   chan struct{} // asks for one look
	wakeup  chan struct{} // something is ready
	stopped chan struct{}
}

// pollEvents is how many sockets are reported at once. More wait for the next turn.
const pollEvents = 64

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	p := &poller{
		fd: fd, events: make([]unix.EpollEvent, pollEvents),
		wakeup: make(chan struct{}), again: make(chan struct{}, 1), stopped: make(chan struct{}),
	}
	if err := p.makeGate(); err != nil {
		return nil, errors.Join(fmt.Errorf("epoll: %w", err), unix.Close(fd))
	}
	return p, nil
}

func (p *poller) makeGate() error {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	if err := unix.SetNonblock(fd, true); err != nil { // lets NewFile put it into Go's poller
		return errors.Join(err, unix.Close(fd))
	}
	p.gate = os.NewFile(uintptr(fd), "epoll")
	if p.raw, err = p.gate.SyscallConn(); err != nil {
		return errors.Join(err, p.gate.Close())
	}
	ev := unix.EpollEvent{Events: unix.EPOLLIN}
	if err := unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, p.fd, &ev); err != nil {
		return errors.Join(err, p.gate.Close())
	}
	return nil
}

// setShut shuts the gate, or opens it. What came meanwhile is reported then.
func (p *poller) setShut(shut bool) error {
	if shut == p.shut {
		return nil
	}
	ev := unix.EpollEvent{Events: unix.EPOLLIN}
	if shut {
		ev.Events = 0
	}
	var err error
	cerr := p.raw.Control(func(gate uintptr) { err = unix.EpollCtl(int(gate), unix.EPOLL_CTL_MOD, p.fd, &ev) })
	if err = errors.Join(err, cerr); err == nil {
		p.shut = shut
	}
	return err
}

// add takes a socket into the set; closing the socket takes it out.
func (p *poller) add(fd int, id qnetd.ConnID) error {
	ev := unix.EpollEvent{
		Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET,
		Fd:     int32(uint32(id)), Pad: int32(uint32(id >> 32)),
	}
	return unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &ev)
}

// connOf returns the connection that an event is about.
func connOf(ev unix.EpollEvent) qnetd.ConnID {
	return qnetd.ConnID(uint32(ev.Fd)) | qnetd.ConnID(uint32(ev.Pad))<<32
}

// now returns what is ready at this moment, with what run has seen first.
func (p *poller) now(events []unix.EpollEvent) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.found) > 0 {
		n := copy(events, p.found)
		p.found = p.found[n:]
		return n, nil
	}
	return pollNow(p.fd, events)
}

// find looks what is ready, and reports whether anything is.
func (p *poller) find() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.found) > 0 {
		return true
	}
	n, err := pollNow(p.fd, p.events)
	p.found = p.events[:max(n, 0)]
	return n > 0 || err != nil
}

// run waits, each time it is asked, until something is ready, and says so. It ends when
// close is called.
func (p *poller) run() {
	defer close(p.wakeup)
	for {
		select {
		case <-p.again:
		case <-p.stopped:
			return
		}
		if err := p.raw.Read(func(uintptr) bool { return p.find() }); err != nil {
			return // closed
		}
		select {
		case p.wakeup <- struct{}{}:
		case <-p.stopped:
			return
		}
	}
}

// close ends run and lets go of the sets.
func (p *poller) close() {
	close(p.stopped)
	_ = p.gate.Close() // nothing was written to it
	for range p.wakeup {
	}
	_ = unix.Close(p.fd)
}
