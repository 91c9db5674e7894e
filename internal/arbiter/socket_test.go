// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

// TestSlowButSteady: the limit of the queue is on what is in it. A client that keeps
// up, but is always some messages behind, is never given up, and gets every byte once
// and in order; one that stops to read is given up at the limit.
func TestSlowButSteady(t *testing.T) {
	const limit, behind, size = 8, 4, 4096
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	s, reader := &socket{fd: fds[0], limit: limit}, fds[1]
	defer func() { _, _ = s.Close(), unix.Close(reader) }()
	if err := unix.SetsockoptInt(fds[0], unix.SOL_SOCKET, unix.SO_SNDBUF, 4*size); err != nil {
		t.Fatal(err)
	}
	written, read := 0, 0
	write := func() error {
		p := make([]byte, size)
		for i := range p {
			p[i] = byte((written + i) % 251)
		}
		_, err := s.write(p, 1)
		if err == nil {
			written += size
		}
		return err
	}
	buf := make([]byte, size)
	readSome := func() {
		n, err := unix.Read(reader, buf)
		if err != nil {
			t.Fatal(err)
		}
		for i, b := range buf[:n] {
			if b != byte((read+i)%251) {
				t.Fatalf("byte %d is %d", read+i, b)
			}
		}
		read += n
		if err := s.ready(unix.EPOLLOUT); err != nil {
			t.Fatalf("after %d bytes: %v", read, err)
		}
	}
	for len(s.queue) < behind {
		if err := write(); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 * limit {
		if err := write(); err != nil {
			t.Fatalf("%d messages wait, %d are allowed: %v", len(s.queue), limit, err)
		}
		for len(s.queue) > behind {
			readSome()
		}
		if len(s.queue) == 0 {
			t.Fatal("the queue is empty: the client is not behind")
		}
	}
	for range limit - len(s.queue) {
		if err := write(); err != nil {
			t.Fatalf("%d messages wait, %d are allowed: %v", len(s.queue), limit, err)
		}
	}
	for read < written {
		readSome()
	}
	for len(s.queue) < limit {
		if err := write(); err != nil {
			t.Fatal(err)
		}
	}
	if err := write(); !errors.Is(err, errQueueFull) {
		t.Errorf("a client that does not read: %v", err)
	}
}
