// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package control

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/safedir"
)

// Limits bound what clients of the socket may use.
type Limits struct {
	MaxClients int           // at once; one more is closed without an answer; 0 is unlimited
	MaxReceive int           // bytes of a command line
	MaxSend    int           // bytes of an answer
	Time       time.Duration // from connect to the end of the answer
}

// DefaultLimits returns the C arbiter's limits, and 10 s for an answer.
func DefaultLimits() Limits {
	return Limits{MaxClients: 10, MaxReceive: 4096, MaxSend: 10 << 20, Time: 10 * time.Second}
}

// NodeLimits returns the C node daemon's limits, and 10 s for an answer.
func NodeLimits() Limits {
	l := DefaultLimits()
	l.MaxSend = 64 << 10
	return l
}

// ListenOptions say how a socket is made.
type ListenOptions struct {
	SetUmask bool
	Umask    uint32
	GID      int64 // group of the socket; -1 leaves it
	Backlog  int   // 0 is the kernel's limit
}

// maxPath is the longest path of a socket in bytes: the kernel's limit, of which it
// says no more than that the argument is invalid.
const maxPath = 107

// Listen makes a Unix socket at path, in a directory that is made with mode
// 0770 if need be. A socket that nobody answers on is replaced; anything else
// in its place is an error and is left alone. Without a umask of its own only
// the owner may connect, as with C's usual umask.
func Listen(path string, opt ListenOptions) (net.Listener, error) {
	if len(path) > maxPath {
		return nil, fmt.Errorf("can't create unix socket: its path has %d bytes, and at most %d are allowed: %.60s...", len(path), maxPath, path)
	}
	if err := os.Mkdir(filepath.Dir(path), 0o770); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("can't create unix socket: %w", err)
	}
	dir, err := safedir.Open(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("can't create unix socket: %w", err)
	}
	l := &listener{dir: dir, path: path}
	if err := l.listen(opt); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// listener is a socket that goes with its directory: whatever somebody else puts in
// the place of either, nothing but the socket is changed or removed.
type listener struct {
	*net.UnixListener // nil until there is one
	dir               *os.Root
	path              string
}

func (l *listener) listen(opt ListenOptions) error {
	if err := l.clearStale(); err != nil {
		return fmt.Errorf("can't create unix socket: %w", err)
	}
	u, err := l.bind()
	if err != nil {
		return fmt.Errorf("can't create unix socket: %w", err)
	}
	u.SetUnlinkOnClose(false) // that goes by the path
	l.UnixListener = u
	mode := os.FileMode(0o755)
	if opt.SetUmask {
		mode = 0o777 &^ os.FileMode(opt.Umask)
	}
	name := filepath.Base(l.path)
	info, err := l.dir.Lstat(name)
	if err == nil && info.Mode()&os.ModeSocket == 0 {
		err = errors.New("something else has taken its place")
	}
	if err == nil {
		err = l.dir.Chmod(name, mode)
	}
	if err == nil && opt.GID >= 0 {
		err = l.dir.Lchown(name, -1, int(opt.GID)) // the kernel takes the low 32 bits
	}
	if err == nil && opt.Backlog > 0 {
		err = setBacklog(u, opt.Backlog)
	}
	if err != nil {
		return fmt.Errorf("unix socket %s: %w", l.path, err)
	}
	return nil
}

// bind makes the socket. Root makes it in the directory that is open, which the kernel
// takes only as a path through /proc.
func (l *listener) bind() (*net.UnixListener, error) {
	path := l.path
	if os.Geteuid() == 0 {
		d, err := l.dir.Open(".")
		if err != nil {
			return nil, err
		}
		defer d.Close()
		through := fmt.Sprintf("/proc/self/fd/%d", d.Fd())
		if _, err := os.Stat(through); err == nil {
			path = through + "/" + filepath.Base(l.path)
		}
	}
	u, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	var op *net.OpError
	if path != l.path && errors.As(err, &op) {
		op.Addr = &net.UnixAddr{Name: l.path, Net: "unix"} // the name that somebody knows
	}
	return u, err
}

// Close ends listening and removes the socket.
func (l *listener) Close() error {
	if l.UnixListener == nil {
		return l.dir.Close()
	}
	err := l.UnixListener.Close()
	if err == nil {
		_ = l.dir.Remove(filepath.Base(l.path)) // gone already, or not ours to remove
		err = l.dir.Close()
	}
	return err
}

func (l *listener) clearStale() error {
	path, name := l.path, filepath.Base(l.path)
	info, err := l.dir.Lstat(name)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode()&os.ModeSocket == 0:
		return fmt.Errorf("%s is in the way and is not a socket", path)
	}
	if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
		_ = c.Close()
		return fmt.Errorf("another daemon answers on %s. %s", path, advice.StopOther)
	} else if !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	return l.dir.Remove(name)
}

func setBacklog(l *net.UnixListener, n int) error {
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	cerr := raw.Control(func(fd uintptr) { err = unix.Listen(int(fd), n) })
	return errors.Join(cerr, err)
}

// Serve answers clients of l until ctx is done or l is closed, and returns
// when all of them are gone.
func Serve(ctx context.Context, l net.Listener, h Handler, lim Limits) error {
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	var slots chan struct{}
	if lim.MaxClients > 0 {
		slots = make(chan struct{}, lim.MaxClients)
	}
	for {
		c, err := l.Accept()
		switch {
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return nil
		case err != nil:
			select { // descriptors are short: try again
			case <-ctx.Done():
				return nil
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		if slots != nil {
			select {
			case slots <- struct{}{}:
			default:
				_ = c.Close()
				continue
			}
		}
		wg.Go(func() {
			answer(ctx, c, h, lim)
			if slots != nil {
				<-slots
			}
		})
	}
}

// answer serves one client.
func answer(ctx context.Context, c net.Conn, h Handler, lim Limits) {
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, lim.Time)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	line, err := readLine(c, lim.MaxReceive)
	if err != nil {
		if errors.Is(err, errLong) {
			_, _ = io.WriteString(c, "Error\nCommand too long\n") // it may be gone already
		}
		return
	}
	out, down := h.run(ctx, line)
	if len(out) > lim.MaxSend {
		out = []byte("Error\nInternal IPC buffer too small\n")
	}
	_, _ = c.Write(out) // a client that is gone needs no answer
	if down {
		h.shutdown()
	}
}

var errLong = errors.New("command too long")

func readLine(r io.Reader, limit int) (string, error) {
	br := bufio.NewReaderSize(io.LimitReader(r, int64(limit)), 512)
	line, err := br.ReadBytes('\n')
	switch {
	case err == nil:
		return string(bytes.TrimRight(line, "\r\n")), nil
	case len(line) >= limit:
		return "", errLong
	}
	return "", err
}
