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
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
)

// Daemon is a real Corosync of one node, with ID 1.
type Daemon struct {
	Conf string // path of its corosync.conf
	Log  string // path of its log

	t       testing.TB // nil for one that was launched without a test
	mounted bool
	mu      sync.Mutex
	cmd     *exec.Cmd
	done    chan struct{}
}

// prepare mounts directories of its own and writes the configuration.
func (d *Daemon) prepare(dir, extra string) error {
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
	d.mounted = true
	if out, err := exec.Command("sh", "-c", script, "sh", dir).CombinedOutput(); err != nil {
		return fmt.Errorf("prepare: %w: %s", err, out)
	}
	return d.Configure(1, extra)
}

// End kills the daemon and unmounts its directories.
func (d *Daemon) End() {
	if d.cmd != nil { // or what it has open keeps them
		d.Kill()
	}
	if d.mounted {
		_ = exec.Command("sh", "-c", "umount /dev/shm /etc/corosync /var/log/corosync /var/lib/corosync /run").Run()
	}
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

// Start starts the daemon again, and waits until all its services answer. The test
// fails if they do not.
func (d *Daemon) Start() {
	d.t.Helper()
	if err := d.start(); err != nil {
		d.t.Fatal(err)
	}
}

func (d *Daemon) start() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	cmd := exec.Command("corosync", "-f")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	d.cmd, d.done = cmd, done
	go func() {
		_ = cmd.Wait()
		close(done)
	}()
	if err := d.await(time.Minute); err != nil {
		b, _ := os.ReadFile(d.Log)
		return fmt.Errorf("corosync does not answer: %w\n%s", err, b)
	}
	return nil
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
		behind := b[bytes.LastIndexByte(b, ')')+1:] // the name may have any character
		if err == nil && !bytes.HasPrefix(behind, []byte(" T")) {
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
