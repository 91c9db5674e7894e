// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"quorate/internal/qnetd"
)

// poller knows which sockets have something to say. It is an epoll set of its
// own, because Go's would wake one goroutine for each socket: with thousands of
// clients whose heartbeats trickle in, the waking costs ten times the work. The
// set is itself a file in Go's poller, so waiting for it blocks no thread.
//
// Sockets are edge-triggered: who is told of one must read it until it is empty.
type poller struct {
	fd     int
	file   *os.File
	raw    syscall.RawConn
	events []unix.EpollEvent

	again   chan struct{}          // asks for one look
	wakeup  chan []unix.EpollEvent // what is ready; the loop's until it asks again
	stopped chan struct{}
}

// pollEvents is how many sockets are reported at once. More wait for the next turn.
const pollEvents = 64

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // lets NewFile put it into Go's poller
		return nil, errors.Join(fmt.Errorf("epoll: %w", err), unix.Close(fd))
	}
	p := &poller{
		fd: fd, file: os.NewFile(uintptr(fd), "epoll"), events: make([]unix.EpollEvent, pollEvents),
		wakeup: make(chan []unix.EpollEvent), again: make(chan struct{}, 1), stopped: make(chan struct{}),
	}
	if p.raw, err = p.file.SyscallConn(); err != nil {
		return nil, errors.Join(fmt.Errorf("epoll: %w", err), p.file.Close())
	}
	return p, nil
}

// add takes a socket into the set; closing the socket takes it out.
func (p *poller) add(fd int, id qnetd.ConnID) error {
	ev := unix.EpollEvent{
		Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET,
		Fd:     int32(uint32(id)), Pad: int32(uint32(id >> 32)),
	}
	var err error
	cerr := p.raw.Control(func(ep uintptr) { err = unix.EpollCtl(int(ep), unix.EPOLL_CTL_ADD, fd, &ev) })
	return errors.Join(err, cerr)
}

// connOf returns the connection that an event is about.
func connOf(ev unix.EpollEvent) qnetd.ConnID {
	return qnetd.ConnID(uint32(ev.Fd)) | qnetd.ConnID(uint32(ev.Pad))<<32
}

// now returns what is ready at this moment. run may be looking, too: what it has
// seen first comes through wakeup.
func (p *poller) now(events []unix.EpollEvent) (int, error) { return pollNow(p.fd, events) }

// run waits, each time it is asked, until something is ready, and hands it over.
// It ends when close is called.
func (p *poller) run() {
	defer close(p.wakeup)
	for {
		select {
		case <-p.again:
		case <-p.stopped:
			return
		}
		n := 0
		err := p.raw.Read(func(ep uintptr) bool {
			var err error
			n, err = pollNow(int(ep), p.events)
			return n > 0 || err != nil
		})
		if err != nil {
			return // closed
		}
		select {
		case p.wakeup <- p.events[:max(n, 0)]:
		case <-p.stopped:
			return
		}
	}
}

// close ends run and lets go of the set.
func (p *poller) close() {
	close(p.stopped)
	_ = p.file.Close() // nothing was written to it
	for range p.wakeup {
	}
}
