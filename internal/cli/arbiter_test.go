// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorate/quorate/corosync/qb"
	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/doctor"
)

// runArbiter runs quorate qnetd until the test ends, and returns the flags by which
// doctor finds it.
func runArbiter(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	socket, state := filepath.Join(dir, "s"), filepath.Join(dir, "state")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	var log bytes.Buffer
	go func() {
		done <- Main(ctx, []string{"quorate", "qnetd", "--state", state, "--listen", "127.0.0.1", "--port", strconv.Itoa(port), "--socket", socket,
			"--lock-file", filepath.Join(dir, "pid")}, &log, &log)
	}()
	t.Cleanup(func() {
		cancel()
		if code := <-done; code != 0 {
			t.Errorf("the arbiter: exit code %d, %s", code, log.String())
		}
	})
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if code, _, _ := call("quorate", "clusters", "--socket", socket); code == 0 {
			return []string{"--state", state, "--arbiter-socket", socket}
		}
		if time.Now().After(end) {
			t.Fatal("the arbiter does not answer")
		}
	}
}

// TestDoctorArbiter: a machine that has an arbiter and no corosync.conf is examined as
// one, and --arbiter says so where there is one.
func TestDoctorArbiter(t *testing.T) {
	flags := runArbiter(t)
	args := append([]string{"quorate", "doctor", "--arbiter"}, flags...)
	code, out, errs := call(args...)
	for _, want := range []string{
		"This machine is an arbiter.\n", "ok    daemon          running for ", "ok    directory       ", "ok    certificates    valid until ",
		"ok    register        it can be written\n", "ok    port            127.0.0.1:", "note  clusters        no cluster is enrolled, and none is connected\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("without %q", want)
		}
	}
	if code != 0 || errs != "" || t.Failed() {
		t.Errorf("exit code %d, output\n%s%s", code, out, errs)
	}
	if !isNode("/etc/corosync/corosync.conf") { // Debian's package brings one: then this machine is a node
		if _, out, _ := call(append([]string{"quorate", "doctor"}, flags...)...); !strings.HasPrefix(out, "This machine is an arbiter.\n") {
			t.Errorf("output\n%s", out)
		}
	}
	_, out, _ = call(append(args, "--json")...)
	var r doctor.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || r.Role != "arbiter" || !r.OK {
		t.Errorf("%v, %s", err, out)
	}
}

// TestFrozenArbiter: an arbiter that takes the connection and says nothing is called
// frozen within 5 s, by quorate doctor and by quorate clusters.
func TestFrozenArbiter(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // what connects waits in the kernel's queue
	start := time.Now()
	code, _, errs := call("quorate", "clusters", "--socket", socket)
	if took := time.Since(start); code != 1 || !strings.Contains(errs, "frozen") || took > 5*time.Second {
		t.Errorf("after %v: exit code %d, %q", took, code, errs)
	}
	_, out, _ := call("quorate", "doctor", "--arbiter", "--arbiter-socket", socket, "--state", dir)
	if !strings.Contains(out, "FAIL  daemon          the arbiter's daemon accepts connections but does not answer: it is frozen or stuck\n") {
		t.Errorf("output\n%s", out)
	}
}

// TestClustersUnanswered: what keeps the answer away is said, and what is to be done about
// it: a daemon that runs is not to be started.
func TestClustersUnanswered(t *testing.T) {
	for name, c := range map[string]struct {
		make func(t *testing.T, path string)
		want string
	}{
		"none":   {func(*testing.T, string) {}, "No such file or directory. " + advice.StartArbiter.String()},
		"busy":   {silentSocket, "it is ending, or too many others ask it. " + advice.TryAgain.String()},
		"a file": {func(t *testing.T, path string) { _ = os.WriteFile(path, nil, 0o600) }, "Connection refused. " + advice.StartArbiter.String()},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			c.make(t, path)
			if code, _, errs := call("quorate", "clusters", "--socket", path); code != 1 || !strings.Contains(errs, c.want) {
				t.Errorf("exit code %d, %q, want %q", code, errs, c.want)
			}
		})
	}
}

// TestStatusOnArbiter: on a machine with an arbiter and no corosync.conf, the status says
// so and is that of its clusters.
func TestStatusOnArbiter(t *testing.T) {
	flags := runArbiter(t)
	dir := t.TempDir()
	var out bytes.Buffer
	s := statusCommand{
		out: &out, now: time.Now, corosync: qb.Options{Dir: dir},
		confFile: filepath.Join(dir, "corosync.conf"), arbiter: flags[3], arbiterCerts: certDirOf(flags[1]),
	}
	if err := s.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := "This machine is an arbiter, not a node of a cluster.\n\nArbiter on 127.0.0.1:"; !strings.HasPrefix(out.String(), want) || !strings.HasSuffix(out.String(), "\nNo cluster is connected.\n") {
		t.Errorf("got\n%s\nwant %q", out.String(), want)
	}
	s.json = true
	if err := s.run(t.Context()); err == nil || !strings.Contains(err.Error(), "this machine is an arbiter") {
		t.Errorf("with --json: %v", err)
	}
	s.json, s.arbiter = false, filepath.Join(dir, "none") // it does not run, and its files are there
	if err := s.run(t.Context()); err == nil || !strings.Contains(err.Error(), "this machine is an arbiter") {
		t.Errorf("stopped: %v", err)
	}
	s.arbiterCerts = dir
	if err := s.run(t.Context()); err == nil || strings.Contains(err.Error(), "arbiter") {
		t.Errorf("neither node nor arbiter: %v", err)
	}
}

// TestClustersWatch: each change is shown once, an arbiter that goes away is said to be
// gone, and on a terminal q ends it.
func TestClustersWatch(t *testing.T) {
	flags := runArbiter(t)
	var mu sync.Mutex
	var out bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	c := clustersCommand{socket: flags[3], watch: true, now: time.Now, out: writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return out.Write(p)
	})}
	printed := func() string {
		mu.Lock()
		defer mu.Unlock()
		return out.String()
	}
	done := make(chan error, 1)
	go func() { done <- c.run(ctx) }()
	await(t, func() bool { return strings.Contains(printed(), "No cluster is connected.\n") })
	first := printed()
	gone := clustersCommand{socket: flags[3] + "x", watch: true, now: time.Now, out: c.out}
	ended := make(chan error, 1)
	go func() { ended <- gone.run(ctx) }()
	await(t, func() bool { return strings.Contains(printed(), "can't connect to the arbiter") })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	<-ended
	if got := printed(); strings.Count(got, "No cluster is connected.") != 1 || !strings.HasPrefix(got, first) {
		t.Errorf("printed\n%s", got)
	}
	w := onTerminal(t, nil, "clusters", "--watch", "--socket", flags[3])
	w.expect("No cluster is connected.")
	w.send("q")
	if code := w.wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// await waits until ok.
func await(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not come")
		}
	}
}
