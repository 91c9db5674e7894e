// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package control

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
	"github.com/quorate/quorate/internal/words"
)

// fake is a daemon with one cluster.
type fake struct {
	down atomic.Bool
	err  error
}

func (f *fake) Status(context.Context) (status.QNetd, error) {
	return status.QNetd{
		Address: "*", Port: 5403, TLS: "Required", ClientCert: true, Clients: 1,
		Clusters: []status.Cluster{{
			Name: "prod \"1\"", Algorithm: qnet.FFSplit, TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerLowest},
			Nodes: []status.Node{{ID: 1, Address: "::ffff:192.0.2.1:1234", Heartbeat: 8000, LastVote: qnet.VoteACK, LastACKNACK: qnet.VoteACK}},
		}},
	}, f.err
}

func (f *fake) Shutdown() { f.down.Store(true) }

// exchange is a request, and what its answer begins with.
type exchange struct{ line, want string }

// answers makes requests that end no daemon.
func answers(t *testing.T, h Handler, list []exchange) {
	t.Helper()
	for _, x := range list {
		out, down := h.run(context.Background(), x.line)
		if !strings.HasPrefix(string(out), x.want) || down || bytes.ContainsRune(out, 0x1b) {
			t.Errorf("%q: %q, %v", x.line, out, down)
		}
	}
}

func TestRun(t *testing.T) {
	answers(t, QNetd(&fake{}), []exchange{
		{"status ", "OK\nQNetd address:\t\t\t*:5403\n"},
		{"STATUS verbose", "OK\nQNetd address:"},
		{"list ", "OK\nCluster \"prod"},
		{"list cluster nowhere", "OK\n"},
		{"json", "OK\n{\"address\""},
		{"", "Error\nNo command specified\n"},
		{"reboot now", "Error\nUnknown command 'reboot'\n"},
		{"\x1b[2J", "Error\nUnknown command '"},
		{"shutdown please", "Error\nshutdown takes no argument\n"}, // Q7
	})
	if out, down := QNetd(&fake{}).run(context.Background(), "shutdown "); string(out) != "OK\n" || !down {
		t.Errorf("shutdown: %q, %v", out, down)
	}
	if out, _ := QNetd(&fake{err: errors.New("no")}).run(context.Background(), "status"); string(out) != "Error\nCan't get QNetd status\n" {
		t.Errorf("status without one: %q", out)
	}
}

// broken is a daemon with a defect.
type broken struct{ fake }

func (*broken) Status(context.Context) (status.QNetd, error) { panic("a defect") }

// TestDefect: a command that runs into a defect is answered, and the log says where.
func TestDefect(t *testing.T) {
	var log bytes.Buffer
	h := QNetd(&broken{})
	for range 2 {
		if out, down := h.run(context.Background(), "status"); string(out) != "Error\nInternal error\n" || down {
			t.Errorf("%q, %v", out, down)
		}
		h.Log = slog.New(slog.NewTextHandler(&log, nil))
	}
	if !strings.Contains(log.String(), "control_test.go") {
		t.Errorf("no stack: %s", &log)
	}
}

// TestSlowClient: a client that says nothing is let go in time.
func TestSlowClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		start := time.Now()
		go answer(context.Background(), ours, QNetd(&fake{}), DefaultLimits())
		if _, err := io.ReadAll(theirs); err != nil {
			t.Error(err)
		}
		if d := time.Since(start); d != 10*time.Second {
			t.Errorf("after %v", d)
		}
	})
}

func TestTooLong(t *testing.T) {
	ours, theirs := net.Pipe()
	go answer(context.Background(), ours, QNetd(&fake{}), DefaultLimits())
	go func() { _, _ = theirs.Write(bytes.Repeat([]byte("x"), 5000)) }()
	b, err := io.ReadAll(theirs)
	if err != nil || string(b) != "Error\nCommand too long\n" {
		t.Errorf("%q, %v", b, err)
	}
}

// serve runs a server on a real socket.
func serve(t *testing.T, h Handler, lim Limits) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sock")
	l, err := Listen(path, ListenOptions{SetUmask: true, Umask: 0o077, GID: -1, Backlog: 10})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- Serve(ctx, l, h, lim) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return path
}

func ask(path, command string) (string, error) {
	c, err := Dial(context.Background(), path)
	if err != nil {
		return "", err
	}
	b, err := Ask(context.Background(), c, command)
	return string(b), err
}

func TestSocket(t *testing.T) {
	f := &fake{}
	path := serve(t, QNetd(f), DefaultLimits())
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if text, err := ask(path, "list cluster "+words.Quote("prod \"1\"")); err != nil || !strings.Contains(text, "Node ID 1:") {
		t.Errorf("%q, %v", text, err)
	}
	var refused DaemonError
	if _, err := ask(path, "nonsense"); !errors.As(err, &refused) || refused != "Unknown command 'nonsense'\n" {
		t.Errorf("got %v", err)
	}
	if _, err := ask(path, "shutdown"); err != nil || !f.down.Load() {
		t.Errorf("shutdown: %v, %v", err, f.down.Load())
	}
	if _, err := Listen(path, ListenOptions{GID: -1}); err == nil {
		t.Error("took the place of a daemon that answers")
	}
}

// TestTooManyClients: the one too many is closed without an answer (Q6).
func TestTooManyClients(t *testing.T) {
	lim := DefaultLimits()
	lim.MaxClients = 1
	path := serve(t, QNetd(&fake{}), lim)
	first, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if _, err := first.Write([]byte("sta")); err != nil { // it has a slot once it was accepted, before the next one
		t.Fatal(err)
	}
	if _, err := ask(path, "status"); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("got %v", err)
	}
}

func TestListenLeavesOthersAlone(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, link} {
		if _, err := Listen(path, ListenOptions{GID: -1}); err == nil {
			t.Errorf("%s was replaced", path)
		}
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "precious" {
		t.Errorf("%q, %v", b, err)
	}
	stale := filepath.Join(dir, "stale")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	_ = l.Close()
	again, err := Listen(stale, ListenOptions{GID: -1})
	if err != nil {
		t.Fatalf("a stale socket stays: %v", err)
	}
	_ = again.Close()
}

func TestAnswersThatAreNone(t *testing.T) {
	for in, want := range map[string]error{"": ErrNoAnswer, "OK": ErrNoAnswer, "What?\nno\n": ErrStatusLine} {
		ours, theirs := net.Pipe()
		go func() {
			_, _ = theirs.Read(make([]byte, 100))
			_, _ = theirs.Write([]byte(in))
			_ = theirs.Close()
		}()
		if _, err := Ask(context.Background(), ours, "status"); !errors.Is(err, want) {
			t.Errorf("%q: %v", in, err)
		}
	}
}

// tool finds a program of the C packages. Where it is missing, CI fails.
func tool(t *testing.T, name, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("needs %s (package %s)", name, pkg)
		}
		t.Skipf("needs %s (package %s)", name, pkg)
	}
	return path
}

// TestCTool: the C tool reads our socket.
func TestCTool(t *testing.T) {
	path := serve(t, QNetd(&fake{}), DefaultLimits())
	out, err := exec.Command(tool(t, "corosync-qnetd-tool", "corosync-qnetd"), "-l", "-c", "prod \"1\"", "-p", path).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "    Node ID 1:\n        Client address:\t\t::ffff:192.0.2.1:1234\n") {
		t.Errorf("%v: %s", err, out)
	}
}

// begin lets a daemon run for as long as the test does.
func begin(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

// TestCDaemon: our client reads the C daemon's socket, and what it does not know it refuses.
func TestCDaemon(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	cmd := exec.Command(tool(t, "corosync-qnetd", "corosync-qnetd"), "-f", "-l", "127.0.0.1", "-p", "15499", "-s", "off", "-c", "off",
		"-S", "lock_file="+filepath.Join(dir, "l")+",local_socket_file="+path)
	begin(t, cmd)
	var text string
	err := errors.New("not asked")
	for range 200 {
		if text, err = ask(path, "status verbose"); err == nil {
			break
		}
		<-time.After(20 * time.Millisecond) // another process is starting
	}
	if err != nil || !strings.Contains(text, "QNetd address:\t\t\t127.0.0.1:15499\n") {
		t.Fatalf("%v: %s", err, text)
	}
	var refused DaemonError
	if _, err := ask(path, "json"); !errors.As(err, &refused) {
		t.Errorf("json: %v", err)
	}
}

// TestLongPath: a path that no socket can have is told as such.
func TestLongPath(t *testing.T) {
	dir := t.TempDir()
	fits := dir + "/" + strings.Repeat("x", maxPath-len(dir)-1)
	l, err := Listen(fits, ListenOptions{GID: -1})
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if _, err := Listen(fits+"x", ListenOptions{GID: -1}); err == nil || !strings.Contains(err.Error(), "its path has 108 bytes, and at most 107 are allowed: "+dir[:20]) {
		t.Error(err)
	}
}

// TestSilent: an answer that does not come, or not to its end, is none.
func TestSilent(t *testing.T) {
	for _, begun := range []string{"", "OK\nhalf of it"} {
		ctx, cancel := context.WithCancel(t.Context())
		c, daemon := net.Pipe()
		go func() {
			_, _ = daemon.Read(make([]byte, 100))
			_, _ = daemon.Write([]byte(begun))
			cancel()
		}()
		if text, err := Ask(ctx, c, "status"); !errors.Is(err, ErrSilent) || text != nil {
			t.Errorf("%q: %q, %v", begun, text, err)
		}
		_ = daemon.Close()
	}
}
