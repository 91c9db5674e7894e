// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// listener accepts clients on one address.
type listener struct {
	addr   net.Addr
	file   *os.File // the listening socket; accept wants it raw, which net's listeners are not
	mapped bool     // an IPv6 socket that takes IPv4 clients: C prints them as ::ffff:a.b.c.d
}

// listen opens a listening socket. network is tcp, tcp4 or tcp6; an empty host
// is every address. The kernel's own limit is the backlog if it is 0: a rack
// that restarts must not overflow it.
func listen(ctx context.Context, network, host string, port uint16, backlog int) (*listener, error) {
	addr := net.JoinHostPort(host, strconv.Itoa(int(port)))
	lc := net.ListenConfig{KeepAlive: -1} // dead peers are the machine's to find
	l, err := lc.Listen(ctx, network, addr)
	var op *net.OpError
	switch {
	case errors.As(err, &op) && op.Addr != nil:
		return nil, err // its words name the address
	case err != nil:
		return nil, fmt.Errorf("can't listen on %s: %w", addr, err)
	}
	tcp := l.(*net.TCPListener)
	if backlog > 0 {
		if err := setBacklog(tcp, backlog); err != nil {
			return nil, errors.Join(fmt.Errorf("listen backlog %d on %s: %w", backlog, addr, err), tcp.Close())
		}
	}
	file, err := tcp.File()
	if err := errors.Join(err, tcp.Close()); err != nil {
		return nil, fmt.Errorf("can't listen on %s: %w", addr, err)
	}
	at := tcp.Addr().(*net.TCPAddr).AddrPort().Addr()
	return &listener{addr: tcp.Addr(), file: file, mapped: network == "tcp" && at.Is6() && at.IsUnspecified()}, nil
}

// setBacklog listens once more: Linux then takes the new backlog.
func setBacklog(l *net.TCPListener, backlog int) error {
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	cerr := raw.Control(func(fd uintptr) { err = unix.Listen(int(fd), backlog) })
	return errors.Join(cerr, err)
}

// run hands over accepted connections until ctx is done. While descriptors or
// memory are short it waits: the clients that are there go on.
func (l *listener) run(ctx context.Context, log *slog.Logger, events chan<- connEvent) error {
	stop := context.AfterFunc(ctx, func() { _ = l.file.Close() })
	defer stop()
	var loggedAt time.Time
	for {
		e, err := l.accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = unix.Close(e.accepted)
			}
			return nil
		case err != nil && temporary(err):
			if now := time.Now(); now.Sub(loggedAt) > acceptLogTime {
				log.Error("can't accept clients now", "reason", err)
				loggedAt = now
			}
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(100 * time.Millisecond):
			}
			continue
		case err != nil:
			return fmt.Errorf("listening on %s: %w", l.addr, err)
		}
		select {
		case events <- e:
		case <-ctx.Done():
			_ = unix.Close(e.accepted)
			return nil
		}
	}
}

// acceptLogTime is how often the log says that no clients can be accepted.
const acceptLogTime = time.Minute

// accept waits for a connection. Its socket does not get into Go's poller.
func (l *listener) accept() (e connEvent, err error) {
	raw, err := l.file.SyscallConn()
	if err != nil {
		return e, err
	}
	var fd int
	var peer unix.Sockaddr
	var aerr error
	err = raw.Read(func(ls uintptr) bool {
		fd, peer, aerr = unix.Accept4(int(ls), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		return aerr != unix.EAGAIN
	})
	switch {
	case err != nil:
		return e, err
	case aerr != nil:
		return e, os.NewSyscallError("accept", aerr)
	}
	// A vote must not wait for the ACK of an echo. If it can't be set, it may.
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	e = connEvent{accepted: fd}
	e.addr, e.from = l.clientAddr(peer)
	return e, nil
}

func temporary(err error) bool {
	for _, e := range []error{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.EPERM,
		syscall.EPROTO, syscall.ENETDOWN, syscall.EHOSTUNREACH, syscall.ENETUNREACH, os.ErrDeadlineExceeded,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// clientAddr prints a client's address as the C tools do, without brackets, and returns
// where it comes from.
func (l *listener) clientAddr(peer unix.Sockaddr) (addr string, from netip.Addr) {
	var ap netip.AddrPort
	switch a := peer.(type) {
	case *unix.SockaddrInet4:
		ap = netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		ap = netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port))
	default:
		return "", from
	}
	return formatAddr(ap, l.mapped), sourceOf(ap.Addr())
}

func formatAddr(ap netip.AddrPort, mapped bool) string {
	ip := ap.Addr().Unmap()
	host := ip.String()
	if mapped && ip.Is4() {
		host = "::ffff:" + host
	}
	return host + ":" + strconv.Itoa(int(ap.Port()))
}
