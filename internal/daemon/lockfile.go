// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/safedir"
)

// ErrRunning is returned when another process holds the lock file.
var ErrRunning = errors.New("Another instance is running") //nolint:staticcheck // the C daemon's words

// LockFile is a pid file that is locked as the C daemons lock it, so that one
// of ours and one of theirs do not run side by side.
type LockFile struct {
	dir *os.Root
	f   *os.File
}

// Lock makes and locks the file at path, mode 0640, and writes the pid into it.
// Its directory is made with mode 0770 if need be.
func Lock(path string) (*LockFile, error) {
	if err := os.Mkdir(filepath.Dir(path), 0o770); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("can't acquire lock: %w", err)
	}
	dir, err := safedir.Open(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("can't acquire lock: %w", err)
	}
	f, err := safedir.OpenFile(dir, filepath.Base(path), os.O_WRONLY|os.O_CREATE, 0o640)
	if err != nil {
		err = fmt.Errorf("can't acquire lock: %w", err)
	} else {
		if err = write(f, path); err == nil {
			return &LockFile{dir, f}, nil
		}
		_ = f.Close() // the first error is the one to tell
	}
	_ = dir.Close()
	return nil, err
}

// write locks the file and writes the pid into it.
func write(f *os.File, path string) error {
	if err := safedir.Single(f); err != nil {
		return fmt.Errorf("can't acquire lock: %w", err)
	}
	err := unix.FcntlFlock(f.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return fmt.Errorf("%w (%s). %s", ErrRunning, path, advice.StopOther)
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteString(strconv.Itoa(os.Getpid()) + "\n")
	}
	if err != nil {
		return fmt.Errorf("can't acquire lock %s: %w", path, err)
	}
	return nil
}

// CheckUnlocked returns ErrRunning if another process holds the lock file at path.
func CheckUnlocked(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOFOLLOW, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	l := unix.Flock_t{Type: unix.F_WRLCK}
	if err := unix.FcntlFlock(f.Fd(), unix.F_GETLK, &l); err != nil {
		return fmt.Errorf("lock file %s: %w", path, err)
	}
	if l.Type != unix.F_UNLCK {
		return fmt.Errorf("%w (%s, pid %d). %s", ErrRunning, path, l.Pid, advice.StopOther)
	}
	return nil
}

// Release removes the file and lets go of the lock. The C daemon leaves the
// file behind (Q5).
func (l *LockFile) Release() {
	_ = l.dir.Remove(filepath.Base(l.f.Name())) // its directory may not be ours
	_ = l.f.Close()
	_ = l.dir.Close()
}
