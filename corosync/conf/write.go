// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ReadFile reads and parses a file.
func ReadFile(path string) (*File, error) {
	r, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, err
	}
	f, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// WriteFile puts the text in the place of the file at path. It is written and
// synced under another name in the same directory and then renamed, so that
// whoever reads sees the old text or the new. Mode and owner stay; a new file
// has mode 0644. A symbolic link is followed, and stays one.
func WriteFile(path string, f *File) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	err = errors.Join(fill(tmp, path, f.data), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return syncDir(dir)
}

// fill writes and syncs the temporary file, with mode and owner of the one that
// it is to replace.
func fill(tmp *os.File, path string, data []byte) error {
	if _, err := tmp.Write(data); err != nil {
		return err
	}
	old, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = tmp.Chmod(0o644)
	case err == nil:
		err = dress(tmp, old)
	}
	if err != nil {
		return err
	}
	return tmp.Sync()
}

// dress gives a file the owner and mode of another, where they differ: some file
// systems, such as Proxmox's /etc/pve, have none that could be changed.
func dress(tmp *os.File, like fs.FileInfo) error {
	info, err := tmp.Stat()
	if err != nil {
		return err
	}
	is, ok := info.Sys().(*syscall.Stat_t)
	was, ok2 := like.Sys().(*syscall.Stat_t)
	if ok && ok2 && (is.Uid != was.Uid || is.Gid != was.Gid) {
		if err := tmp.Chown(int(was.Uid), int(was.Gid)); err != nil {
			return err
		}
	}
	if info.Mode().Perm() == like.Mode().Perm() {
		return nil
	}
	return tmp.Chmod(like.Mode().Perm())
}

// syncDir makes the rename last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil // not every file system can
	}
	return errors.Join(err, d.Close())
}
