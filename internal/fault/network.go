// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package fault

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
)

// at names an address with its port as people do.
func at(address string) string {
	if a, err := netip.ParseAddrPort(address); err == nil {
		return a.Addr().Unmap().String() + " port " + itoa(int(a.Port()))
	}
	host, port, err := net.SplitHostPort(address)
	switch {
	case err != nil:
		return address
	case host == "":
		return "port " + port
	}
	return host + " port " + port
}

// host is the first half of at.
func host(address string) (host, port string) {
	if h, p, err := net.SplitHostPort(address); err == nil {
		return h, p
	}
	return address, ""
}

// Dial is why an arbiter at an address, as in "192.0.2.1:5403", can't be reached.
func Dial(err error, address string) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	h, port := host(address)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return &Fault{Refused, "the arbiter at " + h + " refused the connection on port " + port + ". Is it running there?", err}
	case timedOut(err):
		return &Fault{NoAnswer, "no answer from " + at(address) + ": a firewall, or nothing there", err}
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.EHOSTDOWN):
		return &Fault{NoRoute, "can't reach " + h + ": the machine is off, or a router or firewall refuses", err}
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EAFNOSUPPORT), errors.Is(err, syscall.EINVAL):
		return &Fault{NoRoute, "this machine has no route to " + h, err}
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return &Fault{Forbidden, "this machine's own firewall or rules forbid the connection to " + at(address), err}
	case errors.Is(err, syscall.ECONNRESET):
		return &Fault{Reset, at(address) + " reset the connection", err}
	case errors.Is(err, context.Canceled):
		return &Fault{Unknown, "the attempt to reach " + at(address) + " was cancelled", err}
	}
	inner := err
	var op *net.OpError
	if errors.As(err, &op) {
		inner = op.Err // Words would come back here with the whole
	}
	return &Fault{Unknown, at(address) + " can't be reached: " + Words(inner), err}
}

// timedOut reports whether an error is that something took too long.
func timedOut(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, syscall.ETIMEDOUT) ||
		errors.As(err, &n) && n.Timeout()
}

// Lookup is why a name is not found.
func Lookup(err error, name string) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	var d *net.DNSError
	switch {
	case errors.As(err, &d) && d.IsNotFound:
		return &Fault{NameUnknown, "the name " + name + " is not known: neither /etc/hosts nor the name server has it", err}
	case timedOut(err):
		return &Fault{NameServer, "the name server does not answer when asked for " + name, err}
	case errors.As(err, &d):
		return &Fault{NameServer, "the name server can't look up " + name, err}
	}
	return &Fault{NameServer, "the name " + name + " can't be looked up: " + Words(err), err}
}

// Conn is why a connection that stood has ended. Nil is a close in order.
func Conn(err error) *Fault {
	var f *Fault
	switch {
	case errors.As(err, &f):
		return f
	case err == nil, errors.Is(err, io.EOF):
		return &Fault{Closed, "the other side closed the connection", err}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &Fault{Closed, "the other side closed the connection in the middle of a message", err}
	case errors.Is(err, syscall.ECONNRESET):
		return &Fault{Reset, "the other side reset the connection", err}
	case errors.Is(err, syscall.EPIPE):
		return &Fault{Reset, "the other side is gone", err}
	case timedOut(err):
		return &Fault{NoAnswer, "the other side no longer answers", err}
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.ENETDOWN):
		return &Fault{NoRoute, "the other side can't be reached any more", err}
	case errors.Is(err, net.ErrClosed):
		return &Fault{Closed, "the connection is closed", err}
	}
	if t := alert(err); t != nil {
		return t
	}
	return &Fault{Unknown, Words(err), err}
}
