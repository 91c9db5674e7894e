// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package doctor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/advice"
	arbiterdaemon "github.com/quorate/quorate/internal/arbiter"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/status"
	"github.com/quorate/quorate/internal/store"
	"github.com/quorate/quorate/internal/wire"
)

// site is an arbiter's machine with nothing wrong.
type site struct {
	*testing.T
	cfg ArbiterConfig
	s   *status.QNetd
	err error
}

func newSite(t *testing.T) *site {
	t.Helper()
	w := newWorld(t) // its arbiter runs, and cluster prod is enrolled
	_, port, err := net.SplitHostPort(w.address)
	w.must(err)
	n, err := strconv.ParseUint(port, 10, 16)
	w.must(err)
	s := &site{T: t, s: &status.QNetd{
		Address: "127.0.0.1", Port: uint16(n), Started: w.now.Add(-3 * time.Hour), Register: "r",
		Clusters: []status.Cluster{{Name: "prod", Winner: []qnet.NodeID{1, 2}, Nodes: []status.Node{{ID: 1, Name: "pve1"}, {ID: 2, Name: "pve2"}}}},
	}}
	s.cfg = ArbiterConfig{
		CertDir: w.arbiter, Socket: "/run/s", Port: 5403,
		Now: func() time.Time { return w.now }, Clock: func() (bool, bool) { return true, true }, Root: func() bool { return true },
		Ask: func(context.Context) (*status.QNetd, bool, error) {
			if s.err != nil {
				return nil, false, s.err
			}
			return s.s, false, nil
		},
	}
	return s
}

func (s *site) run() (*Report, string) {
	s.Helper()
	r := RunArbiter(s.Context(), s.cfg)
	return r, lines(r)
}

// TestArbiterWell: every line of an arbiter that nothing is wrong with.
func TestArbiterWell(t *testing.T) {
	s := newSite(t)
	r, got := s.run()
	loaded, err := pki.LoadArbiter(s.cfg.CertDir)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`ok daemon: running for 3 h
ok directory: %s
ok certificates: valid until %s; 1 cluster enrolled
ok register: it can be written
ok port: 127.0.0.1:%d answers here
    `+advice.FirewallOnNode.String()+`
ok clusters: prod: 2 nodes connected, and the vote is given
ok clock: synchronised
`, s.cfg.CertDir, loaded.CA.NotAfter.Format("2006-01-02"), s.s.Port)
	if got != want || !r.OK {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestArbiterIll: what is wrong is said, and the rest is looked at all the same.
func TestArbiterIll(t *testing.T) {
	for _, tt := range []struct {
		name string
		mar  func(s *site)
		want string
		ok   bool
	}{
		{"stopped", func(s *site) { s.err = &os.PathError{Err: syscall.ENOENT} }, "FAIL daemon: no arbiter is running here", false},
		{"refused", func(s *site) { s.err = syscall.ECONNREFUSED }, "FAIL daemon: no arbiter is running here", false},
		{"frozen", func(s *site) { s.err = ErrFrozen }, "FAIL daemon: the arbiter's daemon accepts connections but does not answer", false},
		{"not root", func(s *site) { s.err = fs.ErrPermission }, "FAIL daemon: this user may not ask the arbiter", false},
		{"not root, at the top", func(s *site) { s.cfg.Root = func() bool { return false } },
			"warn user: you are not root. Only root may ask the daemons and read the keys, so some lines below may be wrong\n    " + advice.AsRoot.String() + "\nok daemon", true},
		{"register, not root", func(s *site) { s.err = fs.ErrPermission }, "note register: not known: this user may not ask the arbiter", false},
		{"register, frozen", func(s *site) { s.err = ErrFrozen }, "note register: not known: the arbiter does not answer", false},
		{"Corosync's own", func(s *site) {
			s.cfg.Ask = func(context.Context) (*status.QNetd, bool, error) { return nil, true, nil }
		}, "note daemon: the arbiter here is Corosync's own, which says less than quorate's\n    " + advice.StartReplaced.String(), true},
		{"register of Corosync's own", func(s *site) {
			s.cfg.Ask = func(context.Context) (*status.QNetd, bool, error) { return nil, true, nil }
		}, "note register: Corosync's own arbiter has none", true},
		{"firewall", func(s *site) {
			s.cfg.Dial = func(context.Context, string) (net.Conn, error) { return nil, os.ErrDeadlineExceeded }
		}, " does not answer, though the arbiter runs: a firewall on this machine may be in the way\n    On the arbiter, open TCP port ", false},
		{"odd", func(s *site) { s.err = errors.New("odd") }, "FAIL daemon: can't ask the arbiter's daemon: odd", false},
		{"no directory", func(s *site) { s.cfg.CertDir += "x" }, "FAIL directory: ", false},
		{"a file", func(s *site) { s.cfg.CertDir = filepath.Join(s.cfg.CertDir, pki.CACertFile) }, "is not a directory", false},
		{"open key", func(s *site) {
			if err := os.Chmod(filepath.Join(s.cfg.CertDir, pki.PrivateFiles()[0]), 0o644); err != nil {
				s.Fatal(err)
			}
		}, "is a secret, and every user of this machine can read it", false},
		{"no CA", func(s *site) { s.cfg.CertDir = s.TempDir() }, "FAIL certificates: there is no CA", false},
		{"expired", func(s *site) {
			later := time.Now().AddDate(200, 0, 0)
			s.cfg.Now = func() time.Time { return later }
		}, "FAIL certificates: the CA expired on", false},
		{"full disk", func(s *site) { s.s.StoreError = "no space left on device" }, "FAIL register: no vote is given, because grants can't be recorded: no space left on device", false},
		{"standby", func(s *site) { s.s.Standby = "grants are elsewhere" }, "warn directory: grants are elsewhere", true},
		{"two addresses", func(s *site) { s.s.Address = "127.0.0.1,127.0.0.9" }, "FAIL port: nothing listens on 127.0.0.9:", false},
		{"frozen on another port", func(s *site) { s.err, s.cfg.Port = ErrFrozen, 1 }, "note port: nothing listens on 127.0.0.1:1; only an arbiter that answers", false},
		{"port", func(s *site) { s.s.Port = 1 }, "FAIL port: nothing listens on 127.0.0.1:1: no node can connect\n    " + advice.RestartArbiter.String(), false},
		{"a node is gone", func(s *site) {
			s.s.Clusters[0].Absent = []status.Missing{{ID: 2, Name: "pve2"}}
		}, "warn clusters: prod: pve2 is not connected to this arbiter\n    Start pve2, or", true},
		{"blocked", func(s *site) { s.s.Clusters[0].Blocked = "pve1 may still be using it" }, "the vote has to wait: pve1 may", true},
		{"nobody", func(s *site) { s.s.Clusters[0].Winner = nil }, "warn clusters: prod: nobody has the vote", true},
		{"not connected", func(s *site) { s.s.Clusters = nil }, "warn clusters: prod: enrolled, but none of its nodes is connected", true},
		{"clock", func(s *site) { s.cfg.Clock = func() (bool, bool) { return false, true } }, "warn clock: ", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			tt.mar(s)
			if r, got := s.run(); !strings.Contains(got, tt.want) || r.OK != tt.ok || len(r.Results) < 6 {
				t.Errorf("ok %v, want %v; got\n%s\nwant %q", r.OK, tt.ok, got, tt.want)
			}
		})
	}
}

// listen serves each connection on a port of its own.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { defer c.Close(); serve(c) })
		}
	})
	return l.Addr().String()
}

// TestFrozenAndStrange: an arbiter that is frozen (the kernel takes the connection, and
// nobody answers) is told from a program that answers something else, within 5 s.
func TestFrozenAndStrange(t *testing.T) {
	for _, tt := range []struct {
		name  string
		serve func(net.Conn)
		want  string
	}{
		{"frozen", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, "the arbiter is frozen, or another program has this port"},
		{"web server", func(c net.Conn) {
			_, _ = c.Read(make([]byte, 16))
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
		}, "does not speak the protocol of an arbiter"},
		{"hangs up", func(net.Conn) {}, "does not speak the protocol of an arbiter"},
		{"SSH", func(c net.Conn) { _, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.2p1\r\n"); _, _ = io.Copy(io.Discard, c) }, "does not speak the protocol"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.arbiterAt(listen(t, tt.serve))
			w.load()
			start := time.Now()
			r, got := w.run()
			if took := time.Since(start); !strings.Contains(got, tt.want) || r.OK || took > 5*time.Second {
				t.Errorf("after %v got\n%s\nwant %q", took, got, tt.want)
			}
		})
	}
}

// TestNoWarningLeft: an examination of a node leaves no warning in the arbiter's log.
func TestNoWarningLeft(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	var log bytes.Buffer
	dir := t.TempDir()
	cfg := arbiterdaemon.Config{
		Machine: qnetd.Defaults(), Network: "tcp", Hosts: []string{"127.0.0.1"}, SendQueue: 32, CertDir: w.arbiter, Store: store.File(filepath.Join(dir, "grants.db")),
		Control: daemon.ControlConfig{Path: filepath.Join(dir, "s"), Options: control.ListenOptions{GID: -1}, Limits: control.DefaultLimits()},
		Log: slog.New(slog.NewTextHandler(writer(func(p []byte) (int, error) {
			mu.Lock()
			defer mu.Unlock()
			return log.Write(p)
		}), nil)),
	}
	cfg.Machine.TLS = wire.TLSRequired
	addr := make(chan string, 1)
	cfg.OnListen = func(a []net.Addr) { addr <- a[0].String() }
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- arbiterdaemon.Run(ctx, cfg) }()
	w.arbiterAt(<-addr)
	w.load()
	if r, got := w.run(); !r.OK {
		t.Errorf("the examination failed:\n%s", got)
	}
	cancel()
	w.must(<-done)
	if text := log.String(); strings.Contains(text, "level=WARN") || strings.Contains(text, "level=ERROR") {
		t.Errorf("the arbiter's log:\n%s", text)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }
