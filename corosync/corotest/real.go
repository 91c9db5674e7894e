// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package corotest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// inside is set in the environment of programs that run in namespaces of their own.
const inside = "COROTEST_INSIDE"

// Main is for a TestMain: os.Exit(corotest.Main(m)). As root it runs the tests
// again in network and mount namespaces of their own, in which [Real] may start a
// daemon without meeting this machine's; otherwise it runs them as they are.
func Main(m *testing.M) int {
	fuzzing := slices.ContainsFunc(os.Args, func(a string) bool {
		return strings.HasPrefix(a, "-test.fuzz") && !strings.HasPrefix(a, "-test.fuzzcachedir")
	})
	if Isolated() {
		_ = exec.Command("ip", "link", "set", "lo", "up").Run() // for tests before the first Real
		return m.Run()
	}
	if os.Geteuid() != 0 || fuzzing {
		return m.Run()
	}
	code, err := Isolate()
	if err != nil { // Real skips
		fmt.Fprintln(os.Stderr, "corotest:", err)
		return m.Run()
	}
	return code
}

// Isolate runs this program again, with its arguments, in network and mount
// namespaces of their own, and returns its exit code. It needs root. Whoever
// calls it has to see from [Isolated] that this is the second run.
func Isolate() (code int, err error) {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &exit):
		return max(1, exit.ExitCode()), nil
	}
	return 0, fmt.Errorf("no namespaces: %w", err)
}

// Isolated reports whether this program runs in namespaces that [Isolate] made.
func Isolated() bool { return os.Getenv(inside) != "" }

// missing says what a real Corosync lacks here; empty if nothing.
func missing() string {
	switch {
	case os.Geteuid() != 0:
		return "needs root"
	case !Isolated():
		return "needs namespaces"
	}
	for _, p := range []string{"corosync", "corosync-keygen", "ip", "mount"} {
		if _, err := exec.LookPath(p); err != nil {
			return "needs " + p
		}
	}
	return ""
}

// Real starts a real Corosync with device votes of 1 and waits until it answers.
// It ends with the test. The test is skipped if this is not root's, Corosync is not installed, or
// [Main] did not run; with CI=true it fails then. There can be one at a time.
//
// Extra lines go to the end of corosync.conf.
func Real(t testing.TB, extra string) *Daemon {
	t.Helper()
	if why := missing(); why != "" && os.Getenv("CI") == "true" {
		t.Fatal(why)
	} else if why != "" {
		t.Skip(why)
	}
	d, dir := &Daemon{t: t}, t.TempDir() // removed after what follows
	t.Cleanup(func() {
		b, _ := os.ReadFile(d.Log)
		d.End()
		if t.Failed() {
			t.Logf("corosync.log: %s", b[max(0, len(b)-4000):])
		}
	})
	if err := d.prepare(dir, extra); err != nil {
		t.Fatal(err)
	}
	d.Start()
	return d
}

// Launch is Real without a test, with its files in a directory that must be there
// and empty. The caller has to end it.
func Launch(dir, extra string) (*Daemon, error) {
	if why := missing(); why != "" {
		return nil, errors.New(why)
	}
	d := &Daemon{}
	err := d.prepare(dir, extra)
	if err == nil {
		err = d.start()
	}
	if err != nil {
		d.End()
		return nil, err
	}
	return d, nil
}
