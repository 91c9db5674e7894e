// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// detachedEnv marks a process that Detach has started. Its descriptor 3 is a
// pipe that it writes to when it is ready.
const detachedEnv = "QUORATE_DETACHED"

// Detached reports whether this process was started by Detach.
func Detached() bool { return os.Getenv(detachedEnv) == "1" }

// Detach starts this program again in a session of its own and waits until it
// is ready. It returns the exit code for this process: 0 if the daemon runs,
// and the daemon's own if it does not. What the daemon says until then goes to
// stderr.
func Detach(stderr io.Writer) int {
	r, w, err := os.Pipe()
	if err != nil {
		fmt.Fprintf(stderr, "can't go to the background: %v\n", err)
		return 1
	}
	defer r.Close()
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintf(stderr, "can't go to the background: %v\n", err)
		return 1
	}
	cmd := &exec.Cmd{
		Path:        self,
		Args:        os.Args,
		Env:         append(os.Environ(), detachedEnv+"=1"),
		Stderr:      os.Stderr,
		ExtraFiles:  []*os.File{w},
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
	if err := cmd.Start(); err != nil {
		fmt.Fprintf(stderr, "can't go to the background: %v\n", err)
		return 1
	}
	_ = w.Close() // the daemon has its own
	if n, _ := r.Read(make([]byte, 1)); n == 1 {
		return 0
	}
	_ = cmd.Wait() // its exit code is all there is to know
	return max(1, cmd.ProcessState.ExitCode())
}

// ReleaseTerminal tells the process that called Detach that this one is ready, and lets
// go of its terminal.
func ReleaseTerminal() {
	if null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0); err == nil {
		_ = unix.Dup3(int(null.Fd()), 2, 0)
		_ = null.Close()
	}
	ready := os.NewFile(3, "ready")
	_, _ = ready.Write([]byte{1}) // nobody waits any more if this fails
	_ = ready.Close()
}
