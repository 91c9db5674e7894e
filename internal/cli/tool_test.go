// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
)

// call runs a command line and returns what it printed.
func call(args ...string) (code int, stdout, stderr string) {
	var out, errOut bytes.Buffer
	code = Main(context.Background(), args, &out, &errOut)
	return code, out.String(), errOut.String()
}

// nodeSnapshot is a node daemon's; err, if set, is its Status's.
type nodeSnapshot struct {
	st  status.QDevice
	err error
}

func (n *nodeSnapshot) Status(context.Context) (status.QDevice, error) { return n.st, n.err }
func (n *nodeSnapshot) Shutdown()                                      {}

// serveNode answers on a socket as a node daemon until the test ends.
func serveNode(t *testing.T, n *nodeSnapshot) string {
	t.Helper()
	return serve(t, control.QDevice(n), control.NodeLimits())
}

// serveTourist answers on a socket as an arbiter until the test ends.
func serveTourist(t *testing.T) string {
	t.Helper()
	return serve(t, control.QNetd(tourist{}), control.DefaultLimits())
}

func serve(t *testing.T, answer control.Handler, limits control.Limits) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := control.Listen(path, control.ListenOptions{GID: -1, Backlog: 10})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- control.Serve(ctx, l, answer, limits) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return path
}

// scripted answers every client with the same bytes.
func scripted(t *testing.T, answer string) string {
	t.Helper()
	return scriptedBy(t, func(string) string { return answer })
}

// scriptedBy answers each command as a function says.
func scriptedBy(t *testing.T, answer func(command string) string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	scriptedAt(t, path, answer)
	return path
}

// scriptedAt does so on a socket with this path.
func scriptedAt(t *testing.T, path string, answer func(command string) string) {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b := make([]byte, 100)
			n, _ := c.Read(b)
			_, _ = c.Write([]byte(answer(string(b[:n]))))
			_ = c.Close()
		}
	}()
}

// TestToolsLikeC compares both tools with the C ones, call by call.
func TestToolsLikeC(t *testing.T) {
	node := serveNode(t, &nodeSnapshot{st: status.QDevice{Model: "Net", NodeID: 7, State: status.StateConnecting, HeuristicsMode: status.HeuristicsDisabled,
		Algorithm: qnet.LMS, TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerLowest}}})
	broken := serveNode(t, &nodeSnapshot{err: errors.New("x")})
	odd := scripted(t, "What?\nx\n")
	none := filepath.Join(t.TempDir(), "none")
	dead := filepath.Join(t.TempDir(), "dead")
	if l, err := net.ListenUnix("unix", &net.UnixAddr{Name: dead, Net: "unix"}); err != nil {
		t.Fatal(err)
	} else {
		l.SetUnlinkOnClose(false)
		_ = l.Close()
	}
	for _, name := range []string{"corosync-qdevice-tool", "corosync-qnetd-tool"} {
		bin, err := exec.LookPath(name)
		if err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
		for _, args := range [][]string{
			{}, {"-h"}, {"-s", "-h"}, {"-x"}, {"-p"}, {"-v"}, {"-s", "-p", none}, {"-H", "-p", dead},
			{"-s", "-p", node}, {"-sv", "-p", node}, {"-vsp" + node}, {"-Hs", "-p", node}, {"-p", node, "operand", "-s"},
			{"-s", "-p", broken}, {"-s", "-p", odd}, {"-l", "-p", node}, {"-s", "-p", none, "-p", node}, {"--", "-s"},
		} {
			cmd := exec.Command(bin, args...)
			var out, errOut bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &errOut
			err := cmd.Run()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			code, stdout, stderr := call(append([]string{name}, args...)...)
			// getopt puts the path before a misuse, err(3) the name.
			want := strings.Replace(errOut.String(), bin+":", name+":", 1)
			if code != cmd.ProcessState.ExitCode() || stdout != out.String() || stderr != want {
				t.Errorf("%s %q:\ngot  %d %q %q\nwant %d %q %q", name, args, code, stdout, stderr, cmd.ProcessState.ExitCode(), out.String(), want)
			}
		}
	}
}

// Where C prints nothing and succeeds, ours says so (Q6).
func TestToolNoAnswer(t *testing.T) {
	path := scripted(t, "")
	for _, name := range []string{"corosync-qdevice-tool", "corosync-qnetd-tool"} {
		code, stdout, stderr := call(name, "-s", "-p", path)
		if want := name + ": the daemon closed the connection without an answer\n"; code != 2 || stdout != "" || stderr != want {
			t.Errorf("%s: %d, %q, %q", name, code, stdout, stderr)
		}
	}
}
