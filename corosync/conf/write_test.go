// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func owner(info fs.FileInfo) (uid, gid uint32) {
	st := info.Sys().(*syscall.Stat_t)
	return st.Uid, st.Gid
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "corosync.conf")
	if err := os.WriteFile(path, []byte(small), 0o640); err != nil {
		t.Fatal(err)
	}
	const uid, gid = 12, 34
	owned := os.Chown(path, uid, gid) == nil
	f, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Set("totem.token", "1234"); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, f); err != nil {
		t.Fatal(err)
	}
	if g, err := ReadFile(path); err != nil || string(g.Bytes()) != string(f.Bytes()) {
		t.Errorf("read back: %v", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if u, g := owner(info); owned && (u != uid || g != gid) {
		t.Errorf("owner %d:%d", u, g)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestWriteFileNew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "corosync.conf")
	if err := WriteFile(path, mustParse(t, small)); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o644 || info.Size() != int64(len(small)) {
		t.Errorf("%v, %v", info, err)
	}
}

// TestWriteFileLink wants the file that a link names to be replaced.
func TestWriteFileLink(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "real"), filepath.Join(dir, "corosync.conf")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real", link); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(link, mustParse(t, small)); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(link); err != nil || to != "real" {
		t.Errorf("the link is %q, %v", to, err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != small {
		t.Errorf("%q, %v", data, err)
	}
}

func TestWriteFileFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "corosync.conf")
	if err := os.MkdirAll(filepath.Join(path, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, mustParse(t, small)); err == nil {
		t.Error("a directory was replaced")
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	if err := WriteFile(filepath.Join(dir, "none", "x"), mustParse(t, small)); err == nil {
		t.Error("a file was written where there is not a directory")
	}
	if _, err := ReadFile(filepath.Join(dir, "none")); !os.IsNotExist(err) {
		t.Errorf("read what is not there: %v", err)
	}
}
