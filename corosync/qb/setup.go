// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/quorate/quorate/corosync"
)

// Lengths of the two messages of the handshake, in bytes.
const (
	setupRequestSize  = 24
	setupResponseSize = 12328
)

// pathSize is the room for each path in the answer.
const pathSize = 4096

// maxGrant bounds what a server may grant: rings of this size get mapped.
const maxGrant = 16 << 20

// maxErrno is the largest error number of any Linux.
const maxErrno = 4095

// setupID is the id of both messages of the handshake.
const setupID = -1

// Transport is a kind of connection that a server picks.
type Transport int32

// The transports that Corosync can be told to use.
const (
	Socket       Transport = 0 // datagram sockets
	SharedMemory Transport = 1 // rings in /dev/shm, Corosync's default
)

// Setup is a server's answer to the handshake. Clients have no need of it; a
// server for tests has.
type Setup struct {
	Errno      syscall.Errno // 0, or why the connection is refused
	Transport  Transport     // what the names below are of
	MaxMessage uint32        // largest message in bytes
	Layout     Layout        // of the server's structures
	Request    string        // shared memory: path of the ring; socket: path of the control file
	Response   string        // shared memory: path of the ring; socket: first part of the sockets' names
	Event      string        // shared memory: path of the ring; socket: empty
}

// Append appends the answer's encoding to dst. It is [setupResponseSize] bytes.
func (s Setup) Append(dst []byte) []byte {
	m := NewMessage(setupID, setupResponseSize)
	m.U32(16, uint32(-int32(s.Errno)))
	m.U32(24, uint32(s.Transport))
	m.U32(28, s.MaxMessage)
	off := s.Layout.paths()
	for i, p := range []string{s.Request, s.Response, s.Event} {
		copy(m[off+i*pathSize:off+(i+1)*pathSize-1], p)
	}
	return append(dst, m...)
}

// ParseSetup reads an answer to the handshake. Its paths must be absolute, and
// must be such as libqb makes for this service. A refusal has an Errno from 1 to 4095,
// and nothing else.
//
// The layout is the one with which they are. The first byte does not tell: a
// 64-bit daemon has a pointer before its first path, in which a slash may be where
// that of a 32-bit daemon is; and what a 32-bit daemon has where a 64-bit one's
// paths are starts with the second slash of /dev/shm. But such a pointer has
// zeros soon after.
func ParseSetup(service string, b []byte) (s Setup, err error) {
	r := NewReader(service, "connect", b)
	if len(b) != setupResponseSize || r.ID() != setupID || r.U32(8) != setupResponseSize {
		return Setup{}, fmt.Errorf("handshake: %d bytes that are no answer: %w", len(b), corosync.ErrMessage)
	}
	if e := r.I32(16); e != 0 {
		if e > 0 || e < -maxErrno {
			return Setup{}, fmt.Errorf("handshake: refused with %d, which is no error number: %w", e, corosync.ErrMessage)
		}
		return Setup{Errno: syscall.Errno(-e)}, nil
	}
	s = Setup{Transport: Transport(r.I32(24)), MaxMessage: r.U32(28)}
	for _, l := range []Layout{Layout32, Layout64} {
		off := l.paths()
		s.Layout = l
		s.Request, s.Response, s.Event = r.Text(off, pathSize), r.Text(off+pathSize, pathSize), r.Text(off+2*pathSize, pathSize)
		if err = s.check(service); err == nil {
			break
		}
	}
	if err != nil {
		return Setup{}, err
	}
	if s.MaxMessage < setupResponseSize || s.MaxMessage > maxGrant {
		return Setup{}, fmt.Errorf("handshake: messages of %d bytes: %w", s.MaxMessage, corosync.ErrNotSupported)
	}
	return s, nil
}

// check holds the paths against the form that libqb gives them, since their
// files are opened, and removed after the server's death.
func (s Setup) check(service string) error {
	want := map[string]string{s.Request: "qb-request-", s.Response: "qb-response-", s.Event: "qb-event-"}
	switch s.Transport {
	case Socket:
		want = map[string]string{s.Request: "qb-control-", s.Response: "qb-"}
	case SharedMemory:
	default:
		return fmt.Errorf("handshake: transport %d: %w", s.Transport, corosync.ErrNotSupported)
	}
	dir := filepath.Dir(s.Request)
	for p, prefix := range want {
		if !strings.HasPrefix(p, "/") || p != filepath.Clean(p) || filepath.Base(p) != prefix+service ||
			filepath.Dir(p) != dir || !strings.HasPrefix(filepath.Base(dir), "qb-") {
			return fmt.Errorf("handshake: path %.200q: %w", p, corosync.ErrMessage)
		}
	}
	return nil
}

// handshake asks for a connection. The server gets this process's credentials
// from the kernel.
func handshake(ctx context.Context, c *net.UnixConn, service string, wish int) (Setup, error) {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	m := NewMessage(setupID, setupRequestSize)
	m.U32(16, uint32(wish))
	if _, err := c.Write(m); err != nil {
		return Setup{}, cause(ctx, err)
	}
	b := make([]byte, setupResponseSize)
	if _, err := io.ReadFull(c, b); err != nil {
		return Setup{}, cause(ctx, err)
	}
	s, err := ParseSetup(service, b)
	switch {
	case err != nil:
		return Setup{}, err
	case s.Errno != 0:
		return Setup{}, fmt.Errorf("refused: %w", s.Errno)
	case int64(s.MaxMessage) < int64(wish):
		return Setup{}, fmt.Errorf("handshake: messages of %d bytes, asked for %d: %w", s.MaxMessage, wish, corosync.ErrTooBig)
	}
	return s, nil
}

// cause prefers the end of the context to what came of it.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrLost
	}
	return plain(err)
}

// ParseSetupRequest reads a client's wish for a connection: the largest message
// in bytes. Only servers need it.
func ParseSetupRequest(b []byte) (maxMessage uint32, err error) {
	if len(b) != setupRequestSize || !bytes.Equal(b[:4], NewMessage(setupID, 24)[:4]) || native.Uint32(b[8:]) != setupRequestSize {
		return 0, fmt.Errorf("handshake: %d bytes that are no request: %w", len(b), corosync.ErrMessage)
	}
	return native.Uint32(b[16:]), nil
}
