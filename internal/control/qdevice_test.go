// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package control

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorate/quorate/corosync/corotest"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
)

func TestMain(m *testing.M) { os.Exit(corotest.Main(m)) }

// fakeNode is a node daemon.
type fakeNode struct {
	down atomic.Bool
	err  error
}

func (f *fakeNode) Status(context.Context) (status.QDevice, error) {
	return status.QDevice{
		Model: "Net", NodeID: 1, HeuristicsMode: status.HeuristicsDisabled, Cluster: "prod", Host: "192.0.2.3", Port: 5403,
		Algorithm: qnet.FFSplit, TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerLowest}, State: status.StateConnecting,
		LastPoll: time.Date(2026, 11, 23, 8, 13, 32, 0, time.Local), LastPollCast: true,
	}, f.err
}

func (f *fakeNode) Shutdown() { f.down.Store(true) }

func TestRunNode(t *testing.T) {
	answers(t, QDevice(&fakeNode{}), []exchange{
		{"status ", "OK\nQdevice information\n-------------------\nModel:\t\t\tNet\nNode ID:\t\t1\nConfigured node list:\n"},
		{"Status VERBOSE ", "OK\nQdevice information\n-------------------\nModel:\t\t\tNet\nNode ID:\t\t1\nHB interval:\t\t0ms\n"},
		{"status \"verbose\" ", "OK\nQdevice information\n-------------------\nModel:\t\t\tNet\nNode ID:\t\t1\nConfigured node list:\n"},
		{"json", "OK\n{\"model\":\"Net\""},
		{" ", "Error\nNo command specified\n"},
		{"list", "Error\nUnknown command 'list'\n"},
		{"\"status\"", "Error\nUnknown command '\"status\"'\n"}, // no quotes, as in C
		{"shutdown please", "Error\nshutdown takes no argument\n"},
	})
	for _, line := range []string{"shutdown ", "SHUTDOWN verbose "} { // as the C tools say it with -H and -Hv
		if out, down := QDevice(&fakeNode{}).run(context.Background(), line); string(out) != "OK\n" || !down {
			t.Errorf("%s: %q, %v", line, out, down)
		}
	}
	if out, _ := QDevice(&fakeNode{err: errors.New("no")}).run(context.Background(), "status"); string(out) != "Error\nCan't get QDevice status\n" {
		t.Errorf("status without one: %q", out)
	}
}

// TestCNodeTool: the C tool reads our socket, and stops the daemon.
func TestCNodeTool(t *testing.T) {
	f := &fakeNode{}
	path := serve(t, QDevice(f), NodeLimits())
	bin := tool(t, "corosync-qdevice-tool", "corosync-qdevice")
	out, err := exec.Command(bin, "-s", "-v", "-p", path).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "\nLast poll call:\t\t2026-11-23T08:13:32 (cast vote)\n\nQdevice-net information\n") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := exec.Command(bin, "-H", "-v", "-p", path).CombinedOutput(); err != nil || len(out) > 0 || !f.down.Load() {
		t.Errorf("-H: %v: %s, %v", err, out, f.down.Load())
	}
}

// TestCNodeDaemon: our client reads the C daemon's socket, and what it prints is what
// we read from it and print again.
func TestCNodeDaemon(t *testing.T) {
	bin := tool(t, "corosync-qdevice", "corosync-qdevice")
	corotest.Real(t, `quorum {
 device {
  timeout: 9000
  net {
   tls: off
   tie_breaker: highest
   force_ip_version: 4
  }
  heuristics {
   mode: on
   exec_true: /bin/true
  }
 }
}
`)
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	cmd := exec.Command(bin, "-f", "-S", "lock_file="+filepath.Join(dir, "l")+",local_socket_file="+path)
	begin(t, cmd)
	var text string
	var err error
	for range 1000 { // until the first ring
		if text, err = ask(path, "status verbose"); strings.Contains(text, "Membership node list:\t1\n") && strings.Contains(text, "State = member") {
			break
		}
		<-time.After(10 * time.Millisecond) // another process is starting
	}
	if err != nil || !strings.Contains(text, "QNetd host:\t\t127.0.0.1:5403\n") {
		t.Fatalf("%v: %s", err, text)
	}
	s, err := status.ParseQDevice(text, time.Local)
	if err != nil {
		t.Fatal(err)
	}
	if again := string(status.AppendQDevice(nil, s, true, time.Local)); again != text {
		t.Errorf("got\n%s\nfrom\n%s", again, text)
	}
	short, err := ask(path, "status")
	if err != nil {
		t.Fatal(err)
	}
	if again := string(status.AppendQDevice(nil, s, false, time.Local)); again != short {
		t.Errorf("got\n%s\nwant\n%s", again, short)
	}
	var refused DaemonError
	if _, err := ask(path, "json"); !errors.As(err, &refused) || refused != "Unknown command 'json'\n" {
		t.Errorf("json: %v", err)
	}
	if t.Failed() || s.IPVersion != 4 || s.Timeout != 9000 || s.HeuristicsMode != status.HeuristicsEnabled {
		t.Errorf("got %+v", s)
	}
}
