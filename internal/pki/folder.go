// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/quorate/quorate/internal/safedir"
)

// modes are the permissions of new files. C lets the group write, unless -G.
type modes struct{ dir, file fs.FileMode }

func modesOf(groupWrite bool) modes {
	if groupWrite {
		return modes{dir: 0o770, file: 0o660}
	}
	return modes{dir: 0o750, file: 0o640}
}

// folder is a directory that is open, and locked for as long as it is written to. Root
// may be writing to what is somebody else's: no file in it is named by its path.
type folder struct {
	*os.Root
	path     string
	uid, gid int // of new files
	modes    modes
}

// openFolder opens dir, whose new files are its own owner's.
func openFolder(dir string, m modes) (*folder, error) {
	r, err := safedir.Open(dir)
	if err != nil {
		return nil, err
	}
	info, err := r.Stat(".")
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return &folder{Root: r, path: dir, uid: safedir.UID(info), gid: safedir.GID(info), modes: m}, nil
}

// write replaces a file by one with this content and mode: whole, on disk, or not at all.
func (d *folder) write(name string, data []byte, mode fs.FileMode) error {
	return safedir.WriteFile(d.Root, name, data, safedir.Access{UID: d.uid, GID: d.gid, Mode: mode})
}

// makeDir makes dir and its parents if need be and reports whether it did. It belongs
// to its parent's owner, as in C, if it is not to be another's.
func makeDir(dir string, m modes, owner *Owner) (bool, error) {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return false, fmt.Errorf("%s is not a directory", dir)
		}
		return false, nil
	}
	dir = filepath.Clean(dir)
	parent := filepath.Dir(dir)
	if _, err := os.Stat(parent); err != nil {
		if err := os.MkdirAll(parent, 0o755); err != nil {
			return false, err
		}
	}
	up, err := openFolder(parent, m)
	if err != nil {
		return false, err
	}
	defer up.Close()
	name := filepath.Base(dir)
	if err := up.Mkdir(name, m.dir); err != nil {
		return false, safedir.At(dir, err)
	}
	made, err := up.OpenRoot(name)
	if err != nil {
		return false, safedir.At(dir, err)
	}
	defer made.Close()
	access := safedir.Access{UID: up.uid, GID: up.gid, Mode: m.dir} // whatever the umask is
	if owner != nil {
		access = owner.access(m.dir)
	}
	return true, safedir.OwnDir(made, access)
}

// locked runs f while no other process changes dir.
func locked(dir string, m modes, f func(*folder) error) error { return lockedBy(lockFile, dir, m, f) }

// lockFile opens a lock file. One that root makes is the directory's owner's, who locks
// it, too; one that is there may be anything, and is nobody's to give away.
func (d *folder) lockFile(name string) (*os.File, error) {
	l, err := safedir.OpenFile(d.Root, name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return safedir.OpenFile(d.Root, name, os.O_RDWR|os.O_CREATE, 0o600)
	}
	if err != nil {
		return nil, err
	}
	if err := safedir.Own(l, safedir.Access{UID: d.uid, GID: d.gid, Mode: 0o600}); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func lockedBy(name, dir string, m modes, f func(*folder) error) error {
	d, err := openFolder(dir, m)
	if err != nil {
		return err
	}
	defer d.Close()
	l, err := d.lockFile(name)
	if err != nil {
		return err
	}
	defer l.Close()
	if err := unix.Flock(int(l.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("locking %s: %w", l.Name(), err)
	}
	return f(d)
}
