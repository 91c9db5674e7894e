// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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

// outcome is what a program did.
type outcome struct {
	code     int
	out, err string
}

// cProgram finds a program of the C packages. Where it is missing, CI fails.
func cProgram(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("needs %s (package corosync-qnetd)", name)
		}
		t.Skipf("needs %s (package corosync-qnetd)", name)
	}
	return path
}

// runC runs a C program under the name by which ours is called.
func runC(t *testing.T, path, name string, args ...string) outcome {
	t.Helper()
	cmd := exec.Command(path, args...)
	cmd.Args[0] = name
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
}

func runOurs(args ...string) outcome {
	var out, errOut bytes.Buffer
	code := Main(context.Background(), args, &out, &errOut)
	return outcome{code, out.String(), errOut.String()}
}

// difference is a row of docs/compat.md: what of C's outcome ours changes.
type difference func(c outcome) outcome

func exitCodeIs(code int) difference {
	return func(c outcome) outcome {
		c.code = code
		return c
	}
}

func versionIs(c outcome) outcome {
	c.code = 0
	c.out = strings.Replace(c.out, "version '3.0.3'", "version '"+CompatVersion+"'", 1)
	return c
}

// settingOf304 is for the settings that came with C's 3.0.4, which we have and 3.0.3 has not.
func settingOf304(option, value string) difference {
	return func(c outcome) outcome {
		c.err = strings.Replace(c.err, "Unknown option '"+option+"'", "Invalid value '"+value+"' for option '"+option+"'", 1)
		return c
	}
}

func saysTo(stderr string, code int) difference {
	return func(c outcome) outcome {
		c.err, c.code = stderr, code
		return c
	}
}

// compare fails unless ours is C's outcome with the difference.
func compare(t *testing.T, args []string, c, ours outcome, d difference) {
	t.Helper()
	if d != nil {
		c = d(c)
	}
	if c != ours {
		t.Errorf("%q:\n     C: %d %q %q\n  ours: %d %q %q", args, c.code, c.out, c.err, ours.code, ours.out, ours.err)
	}
}

// TestQNetdAgainstC gives command lines that start no daemon to both programs
// (Q4, Q5).
func TestQNetdAgainstC(t *testing.T) {
	c := cProgram(t, "corosync-qnetd")
	const name = "corosync-qnetd"
	for _, row := range []struct {
		args string
		but  difference
	}{
		{"-h", exitCodeIs(0)}, // Q5
		{"-v", versionIs},
		{"-hx", exitCodeIs(0)},
		{"-v -x", versionIs},
		{"-p 1 -h", exitCodeIs(0)},
		{"-x", nil}, {"-xh", nil}, {"-x -v", nil}, {"--help", nil}, {"-p", nil}, {"-S", nil}, {"-46dfx", nil},
		{"-p 0", nil}, {"-p 70000", nil}, {"-p 1x", nil}, {"-p -1", nil}, {"-p x -h", nil},
		{"-s maybe", nil}, {"-s maybe -h", nil}, {"-s reqx", nil}, {"-c maybe", nil}, {"-c 2", nil}, {"-c maybe extra", nil},
		{"-m 1x", nil}, {"-m -1", nil}, {"-m x", nil}, {"-m 99999999999999999999", nil},
		{"-S foo=1", nil}, {"-S foo", nil}, {"-S FOO=1", nil}, {"-S dpd_interval=1 -x", nil},
		{"-S listen_backlog", nil}, {"-S listen_backlog=", nil}, {"-S listen_backlog=0", nil}, {"-S listen_backlog=5x", nil},
		{"-S listen_backlog=2147483648", nil}, {"-S LISTEN_backlog=0", nil}, {"-S listen_backlog=5,foo=1", nil},
		{"-S dpd_interval_coefficient=nan", nil}, {"-S dpd_interval_coefficient=0.5", nil}, {"-S dpd_interval_coefficient=1000.5", nil},
		{"-S dpd_interval_coefficient=1x", nil}, {"-S dpd_enabled=maybe", nil}, {"-S dpd_enabled=", nil},
		{"-S heartbeat_interval_min=0", nil}, {"-S heartbeat_interval_max=4294967296", nil},
		{"-S keep_active_partition_tie_breaker=2", nil}, {"-S ipc_max_clients=-1", nil}, {"-S ipc_max_receive_size=1023", nil},
		{"-S ipc_max_send_size=1", nil}, {"-S max_client_send_buffers=1", nil}, {"-S max_client_send_size=15", nil},
		{"-S max_client_receive_size=15", nil}, {"-S local_socket_backlog=0", nil},
		{"-S local_socket_umask=8", settingOf304("local_socket_umask", "8")},
		{"-S local_socket_umask=1000", settingOf304("local_socket_umask", "1000")},
		{"-S local_socket_gid=no-such-group", settingOf304("local_socket_gid", "no-such-group")},
		{"-s required -x", saysTo("corosync-qnetd: invalid option -- 'x'\n", 1)}, // Q4
	} {
		args := strings.Fields(row.args)
		want := runC(t, c, name, args...)
		if row.args == "-s required -x" {
			if want.err != "corosync-qnetd: tls must be one of on, off, req\n" {
				t.Errorf("C takes what it did not: %q", want.err)
			}
			want.out = qnetdUsage
		}
		compare(t, args, want, runOurs(append([]string{"/usr/bin/" + name}, args...)...), row.but)
	}
}

// tourist is a daemon with two clusters, for the tools.
type tourist struct{}

func (tourist) Status(context.Context) (status.QNetd, error) {
	node := func(id qnet.NodeID) status.Node {
		return status.Node{
			ID: id, Address: fmt.Sprintf("::ffff:192.0.2.%d:1234", id), Heartbeat: 8000, ConfigVersion: new(uint64(5)),
			Config: qnet.NodeList{{ID: 1}, {ID: 2, DataCenter: 7}}, Members: qnet.NodeList{{ID: 1}, {ID: 2}}, Ring: qnet.RingID{Node: 1, Seq: 0x2a},
			TLS: true, CertVerified: true, LastVote: qnet.VoteNoChange, LastACKNACK: qnet.VoteACK,
		}
	}
	return status.QNetd{
		Address: "*", Port: 5403, TLS: "Required", ClientCert: true, Clients: 3, MaxClients: 9, MaxSend: 32768, MaxReceive: 32768,
		Clusters: []status.Cluster{
			{Name: "prod", Algorithm: qnet.FFSplit, KAP: true, TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerLowest}, Nodes: []status.Node{node(1), node(2)}},
			{Name: "a \"b\" c", Algorithm: qnet.LMS, TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: 3}, Nodes: []status.Node{{ID: 3, Address: "::1:5"}}},
		},
	}, nil
}

func (tourist) Shutdown() {}

// TestToolAgainstC gives command lines to both tools, without a daemon and
// with ours (Q6).
func TestToolAgainstC(t *testing.T) {
	c := cProgram(t, "corosync-qnetd-tool")
	const name = "corosync-qnetd-tool"
	dir, sock := t.TempDir(), serveTourist(t)
	stale, silent := filepath.Join(dir, "stale"), filepath.Join(dir, "silent")
	closedSocket(t, stale)
	silentSocket(t, silent)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		args []string
		but  difference
	}{
		{nil, nil}, {[]string{"-h"}, nil}, {[]string{"-x"}, nil}, {[]string{"-s", "-x"}, nil}, {[]string{"-c"}, nil}, {[]string{"-v"}, nil},
		{[]string{"-sh"}, nil}, {[]string{"-c", "a", "-p", "b"}, nil}, {[]string{"--status"}, nil},
		{[]string{"-s", "-p", dir + "/none"}, nil}, {[]string{"-l", "-p", stale}, nil}, {[]string{"-s", "-p", file}, nil}, {[]string{"-H", "-p", dir}, nil},
		{[]string{"-s", "-p", sock}, nil}, {[]string{"-sv", "-p", sock}, nil}, {[]string{"-s", "-c", "prod", "-p", sock}, nil},
		{[]string{"-l", "-p", sock}, nil}, {[]string{"-lv", "-p", sock}, nil}, {[]string{"-l", "-c", "prod", "-p", sock}, nil},
		{[]string{"-v", "-l", "-c", "a \"b\" c", "-p", sock}, nil}, {[]string{"-l", "-c", "", "-p", sock}, nil}, {[]string{"-l", "-c", "PROD", "-p", sock}, sayUnknown("PROD")},
		{[]string{"-ls", "-p", sock}, nil}, {[]string{"-sl", "-p", sock}, nil}, {[]string{"-l", "operand", "-p", sock}, nil},
		{[]string{"-l", "-c", "nowhere", "-p", sock}, sayUnknown("nowhere")}, // Q6
		{[]string{"-s", "-p", silent}, saysTo("corosync-qnetd-tool: "+control.ErrNoAnswer.Error()+"\n", 2)},
		{[]string{"-H", "-p", sock}, nil},
	} {
		want := runC(t, c, name, row.args...)
		compare(t, row.args, want, runOurs(append([]string{"/usr/bin/" + name}, row.args...)...), row.but)
	}
}

func sayUnknown(cluster string) difference {
	return saysTo(fmt.Sprintf("corosync-qnetd-tool: no connected node is of cluster %q\n", cluster), 0)
}

// closedSocket leaves a socket behind that nobody listens on.
func closedSocket(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// silentSocket closes every connection without a word.
func silentSocket(t *testing.T, path string) {
	t.Helper()
	scriptedAt(t, path, func(string) string { return "" })
}
