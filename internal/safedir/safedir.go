// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package safedir lets root make, replace and hand over files in a directory that
// belongs to somebody else, who may put a link in the place of anything at any time.
//
// A directory is opened once, link by link, and from then on all is done through that
// descriptor: see [Open]. Owner and mode are changed on open files, which are regular
// and have one name only: see [Own].
//
// # Limitations
//
// It guards root, who may write everywhere. For every other user [Open] is the plain
// one: such a user can be led nowhere that he may not go anyway.
package safedir

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrLink is returned for a link that root does not follow.
var ErrLink = errors.New("is a link that somebody other than root could have made")

// ErrShared is returned by Own for a file that has another name elsewhere, or that is
// no file.
var ErrShared = errors.New("is not a regular file with one name only")

// maxLinks is how many links a path may have, as in the kernel.
const maxLinks = 40

// Open opens the directory at path. Root follows a link only where nobody but root
// could have made it; anywhere else it is ErrLink.
func Open(path string) (*os.Root, error) {
	if os.Geteuid() != 0 {
		return os.OpenRoot(path)
	}
	return walk(path)
}

func walk(path string) (*os.Root, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	for range maxLinks {
		r, next, err := descend(abs)
		if err != nil || r != nil {
			return r, err
		}
		abs = next
	}
	return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ELOOP}
}

// descend opens abs from the root on. Where it comes to a link that may be followed
// it returns the path to go on with.
func descend(abs string) (r *os.Root, next string, err error) {
	if r, err = os.OpenRoot("/"); err != nil {
		return nil, "", err
	}
	names := strings.FieldsFunc(abs, func(c rune) bool { return c == '/' })
	for i, name := range names {
		here := "/" + filepath.Join(names[:i+1]...)
		info, err := r.Lstat(name)
		if err != nil {
			return nil, "", errors.Join(At(here, err), r.Close())
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			target, err := follow(r, name, info)
			if err != nil {
				return nil, "", errors.Join(At(here, err), r.Close())
			}
			if !filepath.IsAbs(target) {
				target = filepath.Join(filepath.Dir(here), target)
			}
			return nil, filepath.Join(append([]string{target}, names[i+1:]...)...), r.Close()
		}
		below, err := r.OpenRoot(name)
		if err == nil {
			err = same(below, info)
		}
		if err = errors.Join(At(here, err), r.Close()); err != nil {
			if below != nil {
				_ = below.Close()
			}
			return nil, "", err
		}
		r = below
	}
	return r, "", nil
}

// At names the whole path in an error that knows only the last name of it, as those of
// an os.Root do.
func At(path string, err error) error {
	if err == nil {
		return nil
	}
	var perr *fs.PathError
	if errors.As(err, &perr) {
		return &fs.PathError{Op: strings.TrimSuffix(perr.Op, "at"), Path: path, Err: perr.Err}
	}
	var lerr *os.LinkError
	if errors.As(err, &lerr) {
		return &fs.PathError{Op: "replace", Path: path, Err: lerr.Err}
	}
	if err == ErrLink { //nolint:errorlint // bare: it names nothing
		return fmt.Errorf("%s %w", path, err)
	}
	return fmt.Errorf("%s: %w", path, err)
}

// same makes sure that what was opened is what was looked at.
func same(r *os.Root, info fs.FileInfo) error {
	opened, err := r.Stat(".")
	if err == nil && !os.SameFile(opened, info) {
		err = ErrLink
	}
	return err
}

// follow returns where the link name of r leads, if only root can have made it.
func follow(r *os.Root, name string, link fs.FileInfo) (string, error) {
	dir, err := r.Stat(".")
	if err != nil {
		return "", err
	}
	open := dir.Mode().Perm()&0o022 != 0 && dir.Mode()&fs.ModeSticky == 0
	if UID(dir) != 0 || UID(link) != 0 || open {
		return "", ErrLink
	}
	return r.Readlink(name)
}

// UID returns the user that a file belongs to, or -1.
func UID(info fs.FileInfo) int {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}

// GID returns the group that a file belongs to, or -1.
func GID(info fs.FileInfo) int {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Gid)
	}
	return -1
}

// Access is whom a file belongs to, and who may do what with it. -1 leaves a user or
// a group as it is; who is not root changes neither.
type Access struct {
	UID, GID int
	Mode     fs.FileMode
}

// Own gives the open file f its owner and mode. It must be a regular file with one
// name: a second one could be that of a file which is not to be given away.
func Own(f *os.File, a Access) error {
	if err := Single(f); err != nil {
		return err
	}
	return own(f, a)
}

// Single makes sure that the open file f is a regular one with one name.
func Single(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.Mode().IsRegular() || st.Nlink != 1 {
		return fmt.Errorf("%s %w", f.Name(), ErrShared)
	}
	return nil
}

func own(f *os.File, a Access) error {
	if os.Geteuid() == 0 {
		if err := f.Chown(a.UID, a.GID); err != nil {
			return err
		}
	}
	return f.Chmod(a.Mode) // after Chown, which takes bits away
}

// OwnDir gives the directory that r is its owner and mode.
func OwnDir(r *os.Root, a Access) error {
	d, err := r.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	return own(d, a)
}

// OpenFile opens the regular file name of r, however large it is: os.Root leaves
// O_LARGEFILE out, and on 32 bits 2 GiB would be an error of another kind. Root follows no
// link there, and nobody waits for what is no file.
func OpenFile(r *os.Root, name string, flag int, mode fs.FileMode) (*os.File, error) {
	if info, err := r.Lstat(name); err == nil && info.Mode()&fs.ModeSymlink != 0 && os.Geteuid() == 0 {
		return nil, fmt.Errorf("%s %w", filepath.Join(r.Name(), name), ErrLink)
	}
	f, err := r.OpenFile(name, flag|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_LARGEFILE, mode)
	if err != nil {
		return nil, At(filepath.Join(r.Name(), name), err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s %w", f.Name(), ErrShared)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// WriteFile replaces the file name of r by one with this content and access: whole,
// on disk, or not at all.
func WriteFile(r *os.Root, name string, data []byte, a Access) (err error) {
	temp := ".new-" + rand.Text()
	f, err := r.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return At(filepath.Join(r.Name(), name), err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = r.Remove(temp)
			err = At(filepath.Join(r.Name(), name), err)
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = Own(f, a); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return r.Rename(temp, name)
}
