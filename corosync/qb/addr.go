// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/quorate/quorate/corosync"
)

// sunPath is the length of a socket address's name on Linux.
const sunPath = 108

// forceFile makes libqb put its sockets into the file system.
const forceFile = "/etc/libqb/force-filesystem-sockets"

// abstract returns the address of a name in the abstract space. libqb binds all
// of the address, zeros included, and the kernel compares all of it.
func abstract(name string) (*net.UnixAddr, error) {
	if name == "" || len(name) > sunPath-1 {
		return nil, fmt.Errorf("socket name of %d bytes, can be %d", len(name), sunPath-1)
	}
	return &net.UnixAddr{Name: "@" + name + strings.Repeat("\x00", sunPath-1-len(name)), Net: "unix"}, nil
}

// addresses are where a service's socket may be.
func addresses(service string, o Options) ([]*net.UnixAddr, error) {
	if service == "" || len(service) > 64 || strings.ContainsAny(service, "/\x00") {
		return nil, fmt.Errorf("service name %q", service)
	}
	if o.Dir != "" {
		return []*net.UnixAddr{{Name: filepath.Join(o.Dir, service), Net: "unix"}}, nil
	}
	if _, err := os.Stat(forceFile); errors.Is(err, fs.ErrNotExist) {
		a, err := abstract(service)
		return []*net.UnixAddr{a}, err
	}
	var list []*net.UnixAddr
	for _, dir := range []string{"/run", "/var/run", "/tmp"} { // whichever was compiled in
		list = append(list, &net.UnixAddr{Name: filepath.Join(dir, service), Net: "unix"})
	}
	return list, nil
}

// connect connects to the first address that is there, and asks who listens.
func connect(ctx context.Context, service string, o Options) (*net.UnixConn, *unix.Ucred, error) {
	list, err := addresses(service, o)
	if err != nil {
		return nil, nil, err
	}
	var d net.Dialer
	for _, a := range list {
		var c net.Conn
		if c, err = d.DialContext(ctx, "unix", a.Name); err != nil {
			continue
		}
		u := c.(*net.UnixConn)
		cred, cerr := peer(u)
		if cerr != nil {
			u.Close()
			return nil, nil, cerr
		}
		return u, cred, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("no socket of that name: %w", corosync.ErrLibrary)
	}
	return nil, nil, plain(err)
}

// peer returns who listens, if it is root or this user: any user can take an
// abstract name while Corosync is down.
func peer(c *net.UnixConn) (*unix.Ucred, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	var cred *unix.Ucred
	var cerr error
	err = raw.Control(func(fd uintptr) { cred, cerr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err = errors.Join(err, cerr); err != nil {
		return nil, err
	}
	if cred.Uid != 0 && int(cred.Uid) != os.Geteuid() {
		return nil, fmt.Errorf("socket belongs to user %d, not to root: %w", cred.Uid, syscall.EACCES)
	}
	return cred, nil
}

// plain takes the address out of a network error: it has a hundred zeros.
func plain(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		err = op.Err
	}
	var sys *os.SyscallError
	if errors.As(err, &sys) {
		err = sys.Err
	}
	return err
}

// fault makes the error of a call from what went wrong on this side.
func fault(service, call string, err error) error {
	var known *corosync.Error
	if errors.As(err, &known) {
		return err
	}
	e := &corosync.Error{Service: service, Call: call, Code: corosync.ErrLibrary, Err: err}
	var errno syscall.Errno
	var code corosync.Code
	switch {
	case errors.As(err, &code):
		e.Code = code
		if err == error(code) {
			e.Err = nil
		}
	case errors.Is(err, ErrClosed):
		e.Code = corosync.ErrBadHandle
	case errors.Is(err, context.DeadlineExceeded):
		e.Code = corosync.ErrTimeout
	case errors.Is(err, context.Canceled):
		e.Code = corosync.ErrInterrupt
	case errors.As(err, &errno):
		e.Code = corosync.CodeOf(errno)
	}
	return e
}
