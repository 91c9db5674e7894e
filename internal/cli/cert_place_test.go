// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestInitElsewhere: who sets an arbiter up in another directory is told to start it with
// that, not with the unit, which looks in the usual one.
func TestInitElsewhere(t *testing.T) {
	state := filepath.Join(t.TempDir(), "my arbiter")
	for range 2 {
		out, errs, code := quorate(t, "cert", "init", "--state", state)
		if code != 0 || errs != "" || !strings.Contains(out, "`quorate qnetd --state '"+state+"'`") || strings.Contains(out, "systemctl") {
			t.Errorf("exit code %d, %s\n%s", code, errs, out)
		}
	}
}

// TestReadOnlyCert: a directory on a read-only file system is told with what to do.
func TestReadOnlyCert(t *testing.T) {
	err := certError(&fs.PathError{Op: "open", Path: "/srv/arbiter/nssdb/x", Err: syscall.EROFS})
	if want := ". /srv/arbiter/nssdb is on a read-only file system. Mount it read-write, or choose another directory."; !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v", err)
	}
}
