// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/quorate/quorate/internal/safedir"
)

// TestHostileOwner: the owner of a directory swaps links in wherever root writes there:
// for the directory, for new files before they get their name, and for those that have
// one. Nothing of root's changes.
func TestHostileOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be led anywhere: run as root")
	}
	const nobody = 65534
	base := t.TempDir()
	theirs, victims := filepath.Join(base, "theirs"), filepath.Join(base, "victims")
	victim := filepath.Join(victims, "file")
	must := func(errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	must(os.Mkdir(theirs, 0o755), os.Chown(theirs, nobody, nobody), os.Mkdir(victims, 0o755), os.WriteFile(victim, []byte("root's"), 0o600))
	dir, aside := filepath.Join(theirs, "nssdb"), filepath.Join(theirs, "aside")
	crq, _ := request(t, "prod", 2048, x509.CertificateRequest{})
	must(os.Symlink(victims, aside))
	var over atomic.Bool
	var swaps atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !over.Load() {
			entries, _ := os.ReadDir(dir)
			for _, e := range entries {
				path := filepath.Join(dir, e.Name())
				if !strings.HasPrefix(e.Name(), ".new-") && e.Name() != serialFile && e.Name() != lockFile {
					continue
				}
				link := os.Symlink
				if e.Name() != serialFile {
					link = os.Link // a second name is as good
				}
				if os.Remove(path) == nil && link(victim, path) == nil {
					swaps.Add(1)
				}
			}
			_ = unix.Renameat2(unix.AT_FDCWD, dir, unix.AT_FDCWD, aside, unix.RENAME_EXCHANGE)
			_ = unix.Renameat2(unix.AT_FDCWD, dir, unix.AT_FDCWD, aside, unix.RENAME_EXCHANGE)
		}
	}()
	owner := &Owner{UID: nobody, GID: nobody, Name: "nobody"}
	for range 60 { // each of these may fail, and says so
		_ = os.RemoveAll(dir)
		_, _ = SetUp(dir, InitOptions{Owner: owner})
		_, _ = HandOver(dir, owner)
		_, _ = Sign(dir, crq, "prod", true)
	}
	over.Store(true)
	<-done
	if swaps.Load() == 0 {
		t.Error("nothing was ever swapped")
	}
	info, err := os.Lstat(victim)
	must(err)
	b, err := os.ReadFile(victim)
	must(err)
	if safedir.UID(info) != 0 || safedir.GID(info) != 0 || info.Mode() != 0o600 || string(b) != "root's" {
		t.Errorf("root's file is %v of %d:%d, with %q", info.Mode(), safedir.UID(info), safedir.GID(info), b)
	}
	entries, err := os.ReadDir(victims)
	must(err)
	info, err = os.Stat(victims)
	must(err)
	if len(entries) != 1 || safedir.UID(info) != 0 || info.Mode().Perm() != 0o755 {
		t.Errorf("root's directory is %v of %d, with %v", info.Mode(), safedir.UID(info), entries)
	}
}

// TestDatabaseGone: who owns the directory may take the NSS database away after it was
// seen. That is an error.
func TestDatabaseGone(t *testing.T) {
	newCTools(t)
	dir := t.TempDir()
	err := locked(dir, modesOf(false), func(d *folder) error { return importArbiter(d) })
	if err == nil || !strings.Contains(err.Error(), "the NSS database in "+dir+" is gone") {
		t.Errorf("importArbiter: %v", err)
	}
}
