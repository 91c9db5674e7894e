// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The files of a certificate directory.
const (
	CACertFile     = "qnetd-cacert.crt" // text, then PEM
	caKeyFile      = "qnetd-ca.key"
	serverCertFile = "qnetd-server.crt"
	serverKeyFile  = "qnetd-server.key"
	serialFile     = "serial.txt"
	lockFile       = "qnetd-pki.lock"
)

// PrivateFiles lists the files of an arbiter's directory that only its owner and its
// daemon may read.
func PrivateFiles() []string { return []string{caKeyFile, serverKeyFile} }

// ErrExists is returned by Init where there is a CA already.
var ErrExists = errors.New("certificate database already exists")

// ErrNoCA is returned where there is no CA.
var ErrNoCA = errors.New("certificate database doesn't exist")

// ErrNSS is returned for a directory that holds only an NSS database.
var ErrNSS = errors.New("holds only the NSS database of the C corosync-qnetd: the arbiter takes it over when it starts, and so does \"quorate cert init\"")

// exists reports whether name is in dir.
func exists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

// state says what a directory holds: nil for a CA of ours, or ErrNoCA, or ErrNSS.
func state(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, CACertFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	switch {
	case exists(dir, serverKeyFile): // the last file that create writes
		return nil
	case nssFiles(dir) != nil:
		return fmt.Errorf("%s %w", dir, ErrNSS)
	}
	return fmt.Errorf("%s: %w", dir, ErrNoCA)
}

// modes are the permissions of new files. C lets the group write, unless -G.
type modes struct{ dir, file fs.FileMode }

func modesOf(groupWrite bool) modes {
	if groupWrite {
		return modes{dir: 0o770, file: 0o660}
	}
	return modes{dir: 0o750, file: 0o640}
}

// writeFile replaces a file of dir by one with this content and mode: whole,
// on disk, or not at all. Root's files get the owner of dir's parent, as in C.
func writeFile(dir, name string, data []byte, mode fs.FileMode) error {
	return writeLike(filepath.Dir(filepath.Clean(dir)), dir, name, data, mode)
}

// writeLike is writeFile with the owner of ref.
func writeLike(ref, dir, name string, data []byte, mode fs.FileMode) (err error) {
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
			err = fmt.Errorf("%s: %w", filepath.Join(dir, name), err)
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Chmod(mode); err != nil {
		return err
	}
	if err = chownLike(ref, f.Name()); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(dir, name))
}

// chownLike gives path the owner of ref, if this process is root.
func chownLike(ref, path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(ref)
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return os.Chown(path, int(st.Uid), int(st.Gid))
}

// makeDir makes dir and its parents if need be and reports whether it did.
func makeDir(dir string, m modes) (bool, error) {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return false, fmt.Errorf("%s is no directory", dir)
		}
		return false, nil
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(dir)), 0o755); err != nil {
		return false, err
	}
	if err := os.Mkdir(dir, m.dir); err != nil {
		return false, err
	}
	if err := os.Chmod(dir, m.dir); err != nil { // whatever the umask is
		return false, err
	}
	return true, chownLike(filepath.Dir(filepath.Clean(dir)), dir)
}

// markerFile is a file of an NSS database. pcs takes a directory for set up when
// there is one of some names, of which this is the one that may have only a
// comment: NSS's own tools make a database beside it.
const markerFile = "pkcs11.txt"

const marker = `# There is no NSS database here: quorate keeps keys and certificates in PEM files.
# pcs looks for a file of this name to see whether that is done.
`

// mark writes the marker, unless there is a file of its name.
func mark(dir string, m modes) error {
	if exists(dir, markerFile) {
		return nil
	}
	return writeFile(dir, markerFile, []byte(marker), m.file)
}

// locked runs f while no other process changes dir.
func locked(dir string, f func() error) error { return lockedBy(lockFile, dir, f) }

func lockedBy(name, dir string, f func() error) error {
	l, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	defer l.Close()
	if err := unix.Flock(int(l.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("locking %s: %w", l.Name(), err)
	}
	return f()
}

// nextSerial takes the next serial number. The first one is 101, as in C.
func nextSerial(dir string, m modes) (int64, error) {
	n, err := lastSerial(dir)
	if err != nil {
		return 0, err
	}
	n++
	return n, writeFile(dir, serialFile, []byte(strconv.FormatInt(n, 10)+"\n"), m.file)
}

// lastSerial returns the last serial number that was taken.
func lastSerial(dir string) (int64, error) {
	b, err := os.ReadFile(filepath.Join(dir, serialFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 100, nil
	}
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 63)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s has no serial number", filepath.Join(dir, serialFile))
	}
	return n, nil
}
