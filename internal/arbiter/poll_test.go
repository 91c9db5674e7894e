// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"testing"

	"golang.org/x/sys/unix"
)

// Behind a shut gate nobody is woken, and nothing is lost: what came is there
// for a look, and is reported when the gate opens.
func TestGate(t *testing.T) {
	p, err := newPoller()
	if err != nil {
		t.Fatal(err)
	}
	go p.run()
	defer p.close()
	near, far := pipePair(t)
	if err := p.add(near, 7); err != nil {
		t.Fatal(err)
	}
	p.again <- struct{}{}
	<-p.wakeup // a socket that can be written to is news once
	if n, err := p.now(make([]unix.EpollEvent, 4)); n != 1 || err != nil {
		t.Fatalf("a new socket: %d, %v", n, err)
	}

	if err := p.setShut(true); err != nil {
		t.Fatal(err)
	}
	say(t, far)
	if gateReadable(t, p) {
		t.Error("a shut gate reports a socket")
	}
	if err := p.setShut(false); err != nil {
		t.Fatal(err)
	}
	if !gateReadable(t, p) {
		t.Error("a gate that was opened does not report what came meanwhile")
	}
	p.again <- struct{}{}
	<-p.wakeup
	evs := make([]unix.EpollEvent, 4)
	n, err := p.now(evs)
	if evs = evs[:max(n, 0)]; err != nil || len(evs) != 1 || connOf(evs[0]) != 7 || evs[0].Events&unix.EPOLLIN == 0 {
		t.Errorf("reported %+v, want connection 7 readable", evs)
	}

	if err := p.setShut(true); err != nil {
		t.Fatal(err)
	}
	say(t, far)
	got := make([]unix.EpollEvent, 4)
	if n, err := p.now(got); n != 1 || err != nil {
		t.Errorf("a look past a shut gate finds %d sockets (%v), want 1", n, err)
	}
}

func pipePair(t *testing.T) (near, far int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = unix.Close(fds[0]), unix.Close(fds[1]) })
	return fds[0], fds[1]
}

func say(t *testing.T, fd int) {
	t.Helper()
	if _, err := unix.Write(fd, []byte("x")); err != nil {
		t.Fatal(err)
	}
}

// gateReadable asks the kernel whether the gate would wake Go's poller.
func gateReadable(t *testing.T, p *poller) bool {
	t.Helper()
	readable := false
	if err := p.raw.Control(func(fd uintptr) {
		list := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(list, 0)
		readable = err == nil && n == 1
	}); err != nil {
		t.Fatal(err)
	}
	return readable
}
