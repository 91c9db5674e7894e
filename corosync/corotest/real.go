// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package corotest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"quorate/corosync"
	"quorate/corosync/qb"
)

// inside is set in the environment of tests that run in namespaces of their own.
const inside = "COROTEST_INSIDE"

// Main is for a TestMain: os.Exit(corotest.Main(m)). As root it runs the tests
// again in network and mount namespaces of their own, in which [Real] may start a
// daemon without meeting this machine's; otherwise it runs them as they are.
func Main(m *testing.M) int {
	fuzzing := slices.ContainsFunc(os.Args, func(a string) bool {
		return strings.HasPrefix(a, "-test.fuzz") && !strings.HasPrefix(a, "-test.fuzzcachedir")
	})
	if os.Getenv(inside) != "" {
		_ = exec.Command("ip", "link", "set", "lo", "up").Run() // for tests before the first Real
		return m.Run()
	}
	if os.Geteuid() != 0 || fuzzing {
		return m.Run()
	}
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return max(1, exit.ExitCode())
	default: // namespaces are not allowed here: Real skips
		fmt.Fprintln(os.Stderr, "corotest: no namespaces:", err)
		return m.Run()
	}
}

// Daemon is a real Corosync of one node, with ID 1.
type Daemon struct {
	Conf string // path of its corosync.conf
	Log  string // path of its log

	t    testing.TB
	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{}
}

// Real starts a real Corosync with device votes of 1 and waits until it answers.
// It ends with the test. The test is skipped if this is not root's, Corosync is not installed, or
// [Main] did not run; with CI=true it fails then. There can be one at a time.
//
// Extra lines go to the end of corosync.conf.
func Real(t testing.TB, extra string) *Daemon {
	t.Helper()
	for _, missing := range []struct {
		so  bool
		why string
	}{
		{os.Geteuid() != 0, "needs root"},
		{os.Getenv(inside) == "", "needs namespaces"},
		{!installed(), "needs corosync and corosync-keygen"},
	} {
		if missing.so && os.Getenv("CI") == "true" {
			t.Fatal(missing.why)
		} else if missing.so {
			t.Skip(missing.why)
		}
	}
	d := &Daemon{t: t}
	if err := d.prepare(extra); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if d.cmd != nil { // or what it has open keeps its directories
			d.Kill()
		}
		if t.Failed() {
			b, _ := os.ReadFile(d.Log)
			t.Logf("corosync.log: %s", b[max(0, len(b)-4000):])
		}
	})
	d.Start()
	return d
}

func installed() bool {
	for _, p := range []string{"corosync", "corosync-keygen", "ip", "mount"} {
		if _, err := exec.LookPath(p); err != nil {
			return false
		}
	}
	return true
}

// prepare makes directories of its own and writes the configuration.
func (d *Daemon) prepare(extra string) error {
	dir := d.t.TempDir()
	d.Conf, d.Log = filepath.Join(dir, "etc", "corosync.conf"), filepath.Join(dir, "log", "corosync.log")
	script := `set -e
ip link set lo up
mount --make-rprivate /
cd "$1"; mkdir run lib log etc
mount --bind "$1/run" /run
mount --bind "$1/lib" /var/lib/corosync
mount --bind "$1/log" /var/log/corosync
mount --bind "$1/etc" /etc/corosync
mount -t tmpfs none /dev/shm
corosync-keygen -l -k etc/authkey`
	if out, err := exec.Command("sh", "-c", script, "sh", dir).CombinedOutput(); err != nil {
		return fmt.Errorf("prepare: %w: %s", err, out)
	}
	d.t.Cleanup(func() {
		_ = exec.Command("sh", "-c", "umount /dev/shm /etc/corosync /var/log/corosync /var/lib/corosync /run").Run()
	})
	return d.Configure(1, extra)
}

// Configure writes corosync.conf with this version and with extra lines at its end.
func (d *Daemon) Configure(version int, extra string) error {
	conf := fmt.Sprintf(`totem {
 version: 2
 cluster_name: fake
 transport: knet
 token: 1000
 config_version: %d
 ip_version: ipv4
 interface {
  linknumber: 0
 }
}
logging {
 to_syslog: no
 to_stderr: no
 to_logfile: yes
 logfile: /var/log/corosync/corosync.log
}
quorum {
 provider: corosync_votequorum
 device {
  votes: 1
  model: net
  net {
   host: 127.0.0.1
   algorithm: ffsplit
  }
 }
}
nodelist {
 node {
  ring0_addr: 127.0.0.1
  nodeid: 1
  name: one
 }
}
%s`, version, extra)
	return os.WriteFile(d.Conf, []byte(conf), 0o644)
}

// Start starts the daemon and waits until all its services answer.
func (d *Daemon) Start() {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	cmd := exec.Command("corosync", "-f")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.cmd, d.done = cmd, make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) {
		_ = cmd.Wait()
		close(done)
	}(d.cmd, d.done)
	if err := d.await(time.Minute); err != nil {
		b, _ := os.ReadFile(d.Log)
		d.t.Fatalf("corosync does not answer: %v\n%s", err, b)
	}
}

// await polls until a connection to the service that is loaded last succeeds.
func (d *Daemon) await(patience time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := qb.Dial(ctx, "votequorum", qb.Options{}, qb.Handler{})
		if err == nil {
			return c.Close()
		}
		if !errors.Is(err, corosync.ErrLibrary) && !errors.Is(err, corosync.ErrTryAgain) {
			return err
		}
		select {
		case <-tick.C:
		case <-d.done:
			return errors.New("it has ended")
		case <-ctx.Done():
			return err
		}
	}
}

// Signal sends a signal to the daemon. After SIGSTOP it waits until the daemon
// stands still.
func (d *Daemon) Signal(sig syscall.Signal) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cmd.Process.Signal(sig) != nil || sig != syscall.SIGSTOP {
		return
	}
	for !d.stopped() {
		runtime.Gosched()
	}
}

// stopped reports whether all threads of the daemon stand still, or are gone.
func (d *Daemon) stopped() bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", d.cmd.Process.Pid))
	for _, path := range threads {
		b, err := os.ReadFile(path)
		if _, state, _ := bytes.Cut(b, []byte(") ")); err == nil && !bytes.HasPrefix(state, []byte("T")) {
			return false
		}
	}
	return err == nil
}

// Kill ends the daemon with SIGKILL and waits for its end.
func (d *Daemon) Kill() {
	d.Signal(syscall.SIGKILL)
	<-d.done
}

// Done is closed when the daemon has ended.
func (d *Daemon) Done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.done
}
