// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

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
	tcp    *net.TCPListener
	mapped bool // an IPv6 socket that takes IPv4 clients: C prints them as ::ffff:a.b.c.d
}

// listen opens a listening socket. network is tcp, tcp4 or tcp6; an empty host
// is every address. The kernel's own limit is the backlog if it is 0: a rack
// that restarts must not overflow it.
func listen(ctx context.Context, network, host string, port uint16, backlog int) (*listener, error) {
	addr := net.JoinHostPort(host, strconv.Itoa(int(port)))
	lc := net.ListenConfig{KeepAlive: -1} // dead peers are the machine's to find
	l, err := lc.Listen(ctx, network, addr)
	if err != nil {
		return nil, fmt.Errorf("can't listen on %s: %w", addr, err)
	}
	tcp := l.(*net.TCPListener)
	if backlog > 0 {
		if err := setBacklog(tcp, backlog); err != nil {
			return nil, errors.Join(fmt.Errorf("listen backlog %d on %s: %w", backlog, addr, err), tcp.Close())
		}
	}
	at := tcp.Addr().(*net.TCPAddr).AddrPort().Addr()
	return &listener{tcp: tcp, mapped: network == "tcp" && at.Is6() && at.IsUnspecified()}, nil
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
func (l *listener) run(ctx context.Context, log *slog.Logger, events chan<- event) error {
	stop := context.AfterFunc(ctx, func() { _ = l.tcp.Close() })
	defer stop()
	for {
		c, err := l.tcp.AcceptTCP()
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && temporary(err):
			log.Error("client not accepted", "reason", err)
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(100 * time.Millisecond):
			}
			continue
		case err != nil:
			return fmt.Errorf("listening on %s: %w", l.tcp.Addr(), err)
		}
		select {
		case events <- event{accepted: c, addr: l.clientAddr(c)}:
		case <-ctx.Done():
			_ = c.Close()
			return nil
		}
	}
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

// clientAddr prints a client's address as the C tools do: no brackets.
func (l *listener) clientAddr(c *net.TCPConn) string {
	a, ok := c.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return ""
	}
	return formatAddr(a.AddrPort(), l.mapped)
}

func formatAddr(ap netip.AddrPort, mapped bool) string {
	ip := ap.Addr().Unmap()
	host := ip.String()
	if mapped && ip.Is4() {
		host = "::ffff:" + host
	}
	return host + ":" + strconv.Itoa(int(ap.Port()))
}
