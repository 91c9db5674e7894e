// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestDaemonEndsInPlainWords: what keeps a daemon from starting is logged in the words of
// the other commands, and not in those of a library.
func TestDaemonEndsInPlainWords(t *testing.T) {
	dir := t.TempDir()
	state := filepath.Join(dir, "state")
	if err := os.WriteFile(state, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, errs, code := quorate(t, "qnetd", "--state", state, "--lock-file", filepath.Join(dir, "pid"), "--socket", filepath.Join(dir, "socket"), "--listen", "127.0.0.1", "--port", "1")
	if code == 0 || strings.Contains(errs, ": stat ") || !strings.Contains(errs, "can't look at "+state+"/") {
		t.Errorf("exit code %d\n%s", code, errs)
	}
}

// TestIsThere: an arbiter that does not let a user in is still one, so that the user is
// told to be root, and not to make the machine a node.
func TestIsThere(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{nil, true},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EACCES)}, true},
		{&fs.PathError{Op: "stat", Err: syscall.EACCES}, true},
		{&fs.PathError{Op: "stat", Err: syscall.ENOENT}, false},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, false},
	} {
		if got := isThere(c.err); got != c.want {
			t.Errorf("%v: %v", c.err, got)
		}
	}
}
