// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qb

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// socket is the setup socket after the handshake. It carries a byte for each
// request and each event, and its end is the connection's.
//
// It is not in Go's own set of polled files: that asks to be told when there is
// room to write, too, so each byte that the daemon takes would wake a thread for
// nothing, which costs a third of a call. It is in a set of its own that asks for
// bytes alone, and that set is in Go's.
type socket struct {
	fd  int
	set *os.File // the epoll set
	raw syscall.RawConn
}

// newSocket takes over the connection, which is closed in any case.
func newSocket(c *net.UnixConn) (*socket, error) {
	defer c.Close()
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &socket{fd: -1}
	cerr := raw.Control(func(fd uintptr) { s.fd, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) })
	if err = errors.Join(err, cerr); err != nil {
		return nil, err
	}
	set, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		_ = unix.Close(s.fd)
		return nil, err
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP}
	err = errors.Join(unix.EpollCtl(set, unix.EPOLL_CTL_ADD, s.fd, &event), unix.SetNonblock(set, true))
	s.set = os.NewFile(uintptr(set), "qb")
	if err == nil {
		s.raw, err = s.set.SyscallConn()
	}
	if err != nil {
		s.release()
		return nil, err
	}
	return s, nil
}

// read waits for bytes. Their number does not matter. An error is the end.
func (s *socket) read(buf []byte) error {
	var n int
	var err error
	werr := s.raw.Read(func(uintptr) bool {
		for {
			n, err = unix.Read(s.fd, buf)
			if !errors.Is(err, unix.EINTR) {
				return !errors.Is(err, unix.EAGAIN)
			}
		}
	})
	switch {
	case werr != nil:
		return werr
	case err != nil:
		return err
	case n == 0:
		return io.EOF
	}
	return nil
}

// oneByte is what wakes the server; its value is ignored.
var oneByte = []byte{0}

// poke sends a byte. If the server is far behind it waits in the kernel, since a
// request without its byte holds up the whole daemon.
func (s *socket) poke() error {
	for {
		err := unix.Send(s.fd, oneByte, unix.MSG_NOSIGNAL)
		switch {
		case errors.Is(err, unix.EAGAIN):
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLOUT}}, 1000)
		case !errors.Is(err, unix.EINTR):
			return err
		}
	}
}

// interrupt ends the connection: read and poke return.
func (s *socket) interrupt() { _ = unix.Shutdown(s.fd, unix.SHUT_RDWR) }

// release closes the files. Nobody may be using them.
func (s *socket) release() {
	_ = s.set.Close()
	_ = unix.Close(s.fd)
}
