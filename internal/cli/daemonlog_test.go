// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/wire"
)

// promptTime is within which a daemon must answer and end whose standard error hangs: a
// second, and two more for a loaded machine.
const promptTime = 3 * time.Second

// fullPipe is a pipe that nobody reads, and which is full.
func fullPipe(t *testing.T) (w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	_ = w.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
	for err == nil {
		_, err = w.Write(make([]byte, 4096))
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	return w
}

// closedPipe is a pipe whose reader has gone.
func closedPipe(t *testing.T) (w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return w
}

// badOutputs are the standard errors that must not matter to a daemon.
var badOutputs = map[string]func(*testing.T) *os.File{"full": fullPipe, "closed": closedPipe}

// prompt fails if do takes too long.
func prompt(t *testing.T, what string, do func() error) {
	t.Helper()
	done, start := make(chan error, 1), time.Now()
	go func() { done <- do() }()
	select {
	case err := <-done:
		if d := time.Since(start); err != nil || d > promptTime {
			t.Errorf("%s: %v after %v", what, err, d)
		}
	case <-time.After(20 * time.Second):
		t.Errorf("%s: nothing for 20 s", what)
	}
}

// answers waits until the tool gets an answer on the socket, and asks once more, in time.
func answers(t *testing.T, tool, sock string) {
	t.Helper()
	ask := func() error {
		if got := runOurs(tool, "-s", "-p", sock); got.code != 0 {
			return fmt.Errorf("%s: %+v", tool, got)
		}
		return nil
	}
	for end := time.Now().Add(20 * time.Second); ask() != nil; time.Sleep(10 * time.Millisecond) { // another process is starting
		if time.Now().After(end) {
			t.Fatal(ask())
		}
	}
	prompt(t, "status", ask)
}

// talks is a client whose messages the arbiter answers, each with lines in its log.
func talks(addr string) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	for i := range uint32(20) { // after 32 it would be given up
		b, err := wire.Append(nil, wire.EchoRequest{Seq: wire.Some(i)}) // before the Preinit: refused, and logged
		if err != nil {
			return err
		}
		if _, err := c.Write(b); err != nil {
			return err
		}
		if n, err := c.Read(make([]byte, 1000)); n == 0 {
			return err
		}
	}
	return nil
}

// ends sends SIGTERM, upon which the process must end in time and with exit code 0.
func ends(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	endsBy(t, cmd, syscall.SIGTERM)
}

func endsBy(t *testing.T, cmd *exec.Cmd, sig syscall.Signal) {
	t.Helper()
	prompt(t, sig.String(), func() error {
		return errors.Join(cmd.Process.Signal(sig), cmd.Wait())
	})
}

// TestArbiterOutputs: a standard error that takes nothing, or that nobody reads any more,
// keeps the arbiter from nothing.
func TestArbiterOutputs(t *testing.T) {
	for name, stderr := range badOutputs {
		for _, as := range []string{asQNetd, asQuorate} {
			t.Run(name+as, func(t *testing.T) {
				dir, port := t.TempDir(), freePort(t)
				args := []string{"-f", "-d", "-s", "off", "-l", "127.0.0.1", "-p", port, "-S", "nss_db_dir=" + dir + "/nssdb", "-S", "lock_file=" + dir + "/pid", "-S", "local_socket_file=" + dir + "/sock"}
				if as == asQuorate {
					args = []string{"qnetd", "--debug", "--tls", "off", "--listen", "127.0.0.1", "--port", port, "--state", dir, "--lock-file", dir + "/pid", "--socket", dir + "/sock"}
				}
				cmd := exec.Command(os.Args[0], args...)
				cmd.Env = append(os.Environ(), as+"=1")
				cmd.Stderr = stderr(t)
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				defer func() { _ = cmd.Process.Kill() }()
				answers(t, "corosync-qnetd-tool", dir+"/sock")
				prompt(t, "messages", func() error { return talks("127.0.0.1:" + port) })
				ends(t, cmd)
			})
		}
	}
}

// TestNodeOutputs is the same for the node daemon, which also takes its vote back when its
// terminal is closed.
func TestNodeOutputs(t *testing.T) {
	for name, stderr := range badOutputs {
		t.Run(name, func(t *testing.T) {
			sig := syscall.SIGTERM
			if name == "closed" && !signal.Ignored(syscall.SIGHUP) { // under nohup it is for nobody
				sig = syscall.SIGHUP
			}
			n := newBackgroundNode(t)
			cmd := exec.Command(os.Args[0], "-f", "-d", "-S", "lock_file="+n.dir+"/pid", "-S", "local_socket_file="+n.dir+"/sock")
			cmd.Env = append(os.Environ(), asQDevice+"="+n.server.Options().Dir)
			cmd.Stderr = stderr(t)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = cmd.Process.Kill() }()
			answers(t, "corosync-qdevice-tool", n.dir+"/sock")
			for end := time.Now().Add(20 * time.Second); !n.registered(); time.Sleep(10 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal("never registered")
				}
			}
			endsBy(t, cmd, sig)
			if n.registered() {
				t.Error("the device was left behind")
			}
		})
	}
}

// TestBackgroundOutput: the start in the background returns though standard error takes
// nothing.
func TestBackgroundOutput(t *testing.T) {
	dir, port := t.TempDir(), freePort(t)
	cmd := exec.Command(os.Args[0], "-l", "127.0.0.1", "-s", "off", "-p", port, "-S", "nss_db_dir="+dir+"/nssdb", "-S", "lock_file="+dir+"/pid", "-S", "local_socket_file="+dir+"/sock")
	cmd.Env = append(os.Environ(), asQNetd+"=1")
	cmd.Stderr = fullPipe(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	t.Cleanup(func() { runOurs("corosync-qnetd-tool", "-H", "-p", dir+"/sock") })
	answers(t, "corosync-qnetd-tool", dir+"/sock")
	prompt(t, "the start", cmd.Wait)
}

// TestLastLine: a daemon that can't start ends with its own exit code, though nobody reads
// why. Its last line is written when all else has ended.
func TestLastLine(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	_, port, _ := net.SplitHostPort(busy.Addr().String())
	dir := t.TempDir()
	for range 10 {
		cmd := exec.Command(os.Args[0], "-f", "-s", "off", "-l", "127.0.0.1", "-p", port, "-S", "nss_db_dir="+dir+"/nssdb", "-S", "lock_file="+dir+"/pid", "-S", "local_socket_file="+dir+"/sock")
		cmd.Env = append(os.Environ(), asQNetd+"=1")
		cmd.Stderr = closedPipe(t)
		var exit *exec.ExitError
		if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
			t.Fatalf("ended with %v, want exit code 1", err)
		}
	}
}
