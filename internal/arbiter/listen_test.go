// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quorate/quorate/internal/daemon/daemontest"
	"github.com/quorate/quorate/internal/wire"
)

// freePort returns a TCP port that nobody listens on.
func freePort(t *testing.T) uint16 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return uint16(l.Addr().(*net.TCPAddr).Port)
}

// TestAddresses: -4, -6 and several -l.
func TestAddresses(t *testing.T) {
	if l, err := net.Listen("tcp6", "[::1]:0"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("needs IPv6: %v", err)
		}
		t.Skipf("needs IPv6: %v", err)
	} else {
		_ = l.Close()
	}
	for _, c := range []struct {
		name, network string
		hosts         []string
		open, shut    []string
		status        string // what the tools show
	}{
		{"every address", "tcp", nil, []string{"127.0.0.1", "::1"}, nil, "*"},
		{"-4", "tcp4", nil, []string{"127.0.0.1"}, []string{"::1"}, "*"},
		{"-6", "tcp6", nil, []string{"::1"}, []string{"127.0.0.1"}, "*"},
		{"one", "tcp", []string{"127.0.0.2"}, []string{"127.0.0.2"}, []string{"127.0.0.1", "::1"}, "127.0.0.2"},
		{"two", "tcp", []string{"127.0.0.2", "::1"}, []string{"127.0.0.2", "::1"}, []string{"127.0.0.1"}, "127.0.0.2,::1"},
		{"a name", "tcp4", []string{"localhost"}, []string{"127.0.0.1"}, []string{"127.0.0.2"}, "localhost"},
	} {
		t.Run(c.name, func(t *testing.T) {
			port := freePort(t)
			a := startArbiter(t, func(cfg *Config) { cfg.Network, cfg.Hosts, cfg.Port = c.network, c.hosts, port })
			for _, host := range slices.Concat(c.open, c.shut) {
				a.addr = (&net.TCPAddr{IP: net.ParseIP(host), Port: int(port)}).String()
				conn, err := net.Dial("tcp", a.addr)
				if err == nil {
					_ = conn.Close()
				}
				if (err == nil) != slices.Contains(c.open, host) {
					t.Errorf("%s: %v", host, err)
				}
			}
			for i, host := range c.open {
				a.addr = (&net.TCPAddr{IP: net.ParseIP(host), Port: int(port)}).String()
				if code := a.dial(t).join(host, 1, whole); code != wire.NoError {
					t.Errorf("%d, %s: %v", i, host, code)
				}
			}
			if st := askStatus(t, a); !strings.Contains(st, `"address":"`+c.status+`"`) {
				t.Errorf("no address %s in %s", c.status, st)
			}
		})
	}
}

// TestAddressInUse: the second daemon on a port says which one, and ends.
func TestAddressInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg := arbiterConfig(t.TempDir(), &daemontest.LogBuffer{})
	cfg.Port = uint16(l.Addr().(*net.TCPAddr).Port)
	if err := Run(context.Background(), cfg); !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("got %v", err)
	}
}

// TestBacklog: the listen backlog is the kernel's limit unless set: a whole rack
// may connect at once.
func TestBacklog(t *testing.T) {
	text, err := os.ReadFile("/proc/sys/net/core/somaxconn")
	if err != nil {
		t.Fatal(err)
	}
	for backlog, want := range map[int]string{0: strings.TrimSpace(string(text)), 7: "7"} {
		l, err := listen(context.Background(), "tcp", "127.0.0.1", 0, backlog)
		if err != nil {
			t.Fatal(err)
		}
		info, err := unix.GetsockoptTCPInfo(int(l.file.Fd()), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			t.Fatal(err)
		}
		if got := int(info.Sacked); want != strconv.Itoa(got) { // of a listening socket: its backlog
			t.Errorf("backlog %d: the kernel has %d, want %s", backlog, got, want)
		}
		if err := l.file.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestRackAtOnce: five hundred connect at once while nobody accepts, and none has to
// try again; with C's backlog of 10 they would. How long it takes says nothing on a busy
// machine: whether the kernel had to send a SYN again does.
func TestRackAtOnce(t *testing.T) {
	const n = 500
	for backlog, limit := range map[int]time.Duration{0: 20 * time.Second, 10: 500 * time.Millisecond} {
		l, err := listen(context.Background(), "tcp", "127.0.0.1", 0, backlog)
		if err != nil {
			t.Fatal(err)
		}
		conns := make(chan net.Conn, n)
		for range n {
			go func() {
				c, err := net.DialTimeout("tcp", l.addr.String(), limit)
				if err != nil {
					c = nil
				}
				conns <- c
			}()
		}
		taken, again := 0, 0
		for range n {
			if c := <-conns; c != nil {
				taken++
				again += resent(t, c)
				defer c.Close()
			}
		}
		if all := taken == n && again == 0; all != (backlog == 0) {
			t.Errorf("backlog %d: %d of %d are connected, and have sent %d packets again", backlog, taken, n, again)
		}
		if backlog == 0 {
			for range taken {
				e, err := l.accept()
				if err != nil {
					t.Fatal(err)
				}
				_ = unix.Close(e.accepted)
			}
		}
		if err := l.file.Close(); err != nil {
			t.Error(err)
		}
	}
}

// resent is how many packets a connection had to send again, the first one among them.
func resent(t *testing.T, c net.Conn) (n int) {
	t.Helper()
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var info *unix.TCPInfo
	if cerr := raw.Control(func(fd uintptr) { info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO) }); err != nil || cerr != nil {
		t.Fatal(err, cerr)
	}
	return int(info.Total_retrans)
}

// acceptOne returns a connection as the listener accepts it, and its other end.
func acceptOne(t *testing.T) (fd int, peer net.Conn) {
	t.Helper()
	l, err := listen(context.Background(), "tcp", "127.0.0.1", 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.file.Close()
	peer, err = net.Dial("tcp", l.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = peer.Close() })
	e, err := l.accept()
	if err != nil {
		t.Fatal(err)
	}
	return e.accepted, peer
}

// TestNoDelay: votes are not held back for the ACK of an echo.
func TestNoDelay(t *testing.T) {
	fd, _ := acceptOne(t)
	defer unix.Close(fd)
	if v, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY); err != nil || v != 1 {
		t.Errorf("TCP_NODELAY is %d, %v", v, err)
	}
}

// TestReset: what was not delivered when a connection is given up is never delivered: a
// vote that comes late would count. The peer sees a reset, not an end.
func TestReset(t *testing.T) {
	fd, c := acceptOne(t)
	s := &socket{fd: fd, limit: 1000}
	written := 0
	for b := make([]byte, 1<<20); len(s.queue) == 0; written += len(b) {
		if _, err := s.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	s.reset()
	n, err := io.Copy(io.Discard, c)
	if !errors.Is(err, syscall.ECONNRESET) || n >= int64(written) {
		t.Errorf("%d of %d bytes arrived, and then: %v", n, written, err)
	}
}

// TestGivenUpIsReset: that is how the arbiter ends a connection that it gives up.
func TestGivenUpIsReset(t *testing.T) {
	a := startArbiter(t, func(cfg *Config) { cfg.Machine.HandshakeTime = 100 * time.Millisecond })
	if m, err := a.dial(t).recv(); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, %v", m, err)
	}
}

// TestMaxClients (-m): one client too many is closed without a word, and taken
// when another has left.
func TestMaxClients(t *testing.T) {
	a := startArbiter(t, func(cfg *Config) { cfg.Machine.MaxClients = 2 })
	ps := a.pair(t, "prod")
	third, err := net.Dial("tcp", a.addr)
	var b []byte
	if err == nil {
		b, err = io.ReadAll(third)
		_ = third.Close()
	}
	if len(b) > 0 || err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("% x, %v", b, err)
	}
	ps[0].echo()
	_ = ps[1].c.Close()
	daemontest.Settle(t, func() bool { return strings.Contains(askStatus(t, a), `"clients":1,`) }, func() string { return "a client that left is counted" })
	if code := a.dial(t).join("prod", 2, whole); code != wire.NoError {
		t.Errorf("refused though there is room: %v", code)
	}
}

// TestReady: systemd is told when clients are accepted, and when that ends.
func TestReady(t *testing.T) {
	sock := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: sock, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	a := startArbiter(t, func(cfg *Config) { cfg.NotifySocket = sock })
	read := func() string {
		b := make([]byte, 100)
		n, err := l.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
	if got := read(); got != "READY=1" {
		t.Errorf("got %q", got)
	}
	a.dial(t).join("prod", 1, whole)
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	if got := read(); got != "STOPPING=1" {
		t.Errorf("got %q", got)
	}
}
