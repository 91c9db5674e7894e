// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package safedir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

const nobody = 65534

// place is a directory of root's with one of somebody else's in it.
type place struct {
	*testing.T
	root, theirs string
	victim       string // a file that nobody but root may touch
}

func newPlace(t *testing.T) *place {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can be led anywhere: run as root")
	}
	p := &place{T: t, root: t.TempDir()}
	p.theirs, p.victim = filepath.Join(p.root, "theirs"), filepath.Join(p.root, "victim", "file")
	p.must(os.Mkdir(p.theirs, 0o755), os.Chown(p.theirs, nobody, nobody), os.Mkdir(filepath.Dir(p.victim), 0o755),
		os.WriteFile(p.victim, []byte("root's"), 0o600))
	return p
}

func (p *place) must(errs ...error) {
	p.Helper()
	if err := errors.Join(errs...); err != nil {
		p.Fatal(err)
	}
}

// unharmed makes sure that the victim is as it was, and that nothing is beside it.
func (p *place) unharmed() {
	p.Helper()
	info, err := os.Lstat(p.victim)
	p.must(err)
	b, err := os.ReadFile(p.victim)
	p.must(err)
	if UID(info) != 0 || GID(info) != 0 || info.Mode() != 0o600 || string(b) != "root's" {
		p.Errorf("the victim is %v of %d:%d, with %q", info.Mode(), UID(info), GID(info), b)
	}
	entries, err := os.ReadDir(filepath.Dir(p.victim))
	p.must(err)
	if len(entries) != 1 {
		p.Errorf("beside the victim there are %v", entries)
	}
}

// link makes a link of somebody else's.
func (p *place) link(target, path string) {
	p.Helper()
	p.must(os.Symlink(target, path), os.Lchown(path, nobody, nobody))
}

// TestOpen: root follows a link only where nobody else can have made it.
func TestOpen(t *testing.T) {
	p := newPlace(t)
	dir := filepath.Dir(p.victim)
	sticky := filepath.Join(p.root, "sticky")
	p.must(os.Mkdir(sticky, 0o777), os.Chmod(sticky, 0o777|fs.ModeSticky))
	p.must(os.Symlink("victim", filepath.Join(p.root, "good")), os.Symlink(dir, filepath.Join(sticky, "good")),
		os.Symlink("loop", filepath.Join(p.root, "loop")))
	p.link(dir, filepath.Join(p.theirs, "bad"))
	p.link(dir, filepath.Join(sticky, "bad"))
	p.must(os.Symlink(dir, filepath.Join(p.theirs, "moved"))) // root's link, in a directory of theirs
	p.must(os.Symlink("theirs/bad", filepath.Join(p.root, "over")))
	for path, want := range map[string]error{
		"victim": nil, "good": nil, "sticky/good": nil, "theirs": nil,
		"theirs/bad": ErrLink, "sticky/bad": ErrLink, "theirs/moved": ErrLink, "over": ErrLink,
		"loop": syscall.ELOOP, "theirs/none": fs.ErrNotExist,
	} {
		r, err := Open(filepath.Join(p.root, path))
		if !errors.Is(err, want) || (r == nil) != (want != nil) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
		if err != nil && !strings.Contains(err.Error(), p.root) {
			t.Errorf("%s: %v does not name the place", path, err)
		}
		if r != nil {
			p.must(r.Close())
		}
	}
	if _, err := Open(p.victim); err == nil {
		t.Error("a file was opened as a directory")
	}
}

// TestOwn: a file is given away only if it has no other name.
func TestOwn(t *testing.T) {
	p := newPlace(t)
	p.must(os.Link(p.victim, filepath.Join(p.theirs, "hard")), unix.Mkfifo(filepath.Join(p.theirs, "fifo"), 0o666),
		os.WriteFile(filepath.Join(p.theirs, "good"), nil, 0o600))
	p.link(p.victim, filepath.Join(p.theirs, "soft"))
	r, err := Open(p.theirs)
	p.must(err)
	defer r.Close()
	for name, want := range map[string]error{"good": nil, "hard": ErrShared, "soft": ErrLink, "fifo": ErrShared} {
		f, err := OpenFile(r, name, os.O_RDONLY, 0)
		if err == nil {
			err = errors.Join(Own(f, Access{nobody, nobody, 0o640}), f.Close())
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	p.must(os.Remove(filepath.Join(p.theirs, "hard")))
	p.unharmed()
	info, err := os.Stat(filepath.Join(p.theirs, "good"))
	p.must(err)
	if UID(info) != nobody || GID(info) != nobody || info.Mode() != 0o640 {
		t.Errorf("the file is %v of %d:%d", info.Mode(), UID(info), GID(info))
	}
}

// TestOwnAfterSwap: what is given away is the file that was opened, whatever has its
// name by then.
func TestOwnAfterSwap(t *testing.T) {
	p := newPlace(t)
	r, err := Open(p.theirs)
	p.must(err)
	defer r.Close()
	f, err := OpenFile(r, "file", os.O_RDWR|os.O_CREATE, 0o600)
	p.must(err)
	defer f.Close()
	moved := filepath.Join(p.theirs, "moved")
	p.must(os.Rename(f.Name(), moved))
	p.link(p.victim, f.Name())
	p.must(Own(f, Access{nobody, nobody, 0o640}))
	p.unharmed()
	if info, err := os.Stat(moved); err != nil || UID(info) != nobody {
		t.Errorf("%v, %v", info, err)
	}
	dir := filepath.Join(p.theirs, "dir")
	p.must(os.Mkdir(dir, 0o700))
	d, err := Open(dir)
	p.must(err)
	defer d.Close()
	p.must(os.Rename(dir, dir+".moved"))
	p.link(filepath.Dir(p.victim), dir)
	p.must(OwnDir(d, Access{nobody, nobody, 0o750}))
	info, err := os.Stat(filepath.Dir(p.victim))
	p.must(err)
	if UID(info) != 0 || info.Mode().Perm() != 0o755 {
		t.Errorf("root's directory is %v of %d", info.Mode(), UID(info))
	}
}

// hostile does something over and over until the test has done its own.
func (p *place) hostile(do func(), f func()) {
	p.Helper()
	var over atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !over.Load() {
			do()
		}
	}()
	f()
	over.Store(true)
	<-done
}

// TestWriteFile: whatever is put in the place of a file that root writes, and at
// whatever time, nothing of root's changes hands.
func TestWriteFile(t *testing.T) {
	p := newPlace(t)
	r, err := Open(p.theirs)
	p.must(err)
	defer r.Close()
	swapped := 0
	p.hostile(func() {
		entries, err := os.ReadDir(p.theirs)
		if err != nil {
			return
		}
		for _, e := range entries {
			path := filepath.Join(p.theirs, e.Name())
			if os.Rename(path, filepath.Join(p.root, "taken")) == nil && os.Symlink(p.victim, path) == nil { // it keeps its one name
				swapped++
			}
		}
	}, func() {
		for range 400 {
			_ = WriteFile(r, "file", []byte("new"), Access{nobody, nobody, 0o666}) // it may fail
		}
	})
	if swapped == 0 {
		t.Error("nothing was ever swapped")
	}
	p.unharmed()
}

// TestSwappedDirectory: a directory that becomes a link while root comes along does not
// lead it away.
func TestSwappedDirectory(t *testing.T) {
	p := newPlace(t)
	dir, aside := filepath.Join(p.theirs, "dir"), filepath.Join(p.theirs, "aside")
	p.must(os.Mkdir(dir, 0o755), os.Symlink(filepath.Dir(p.victim), aside))
	opened, refused := 0, 0
	p.hostile(func() {
		_ = unix.Renameat2(unix.AT_FDCWD, dir, unix.AT_FDCWD, aside, unix.RENAME_EXCHANGE)
	}, func() {
		for range 400 {
			r, err := Open(dir)
			if err != nil {
				refused++
				continue
			}
			opened++
			_ = WriteFile(r, "file.new", []byte("new"), Access{nobody, nobody, 0o666})
			_ = r.Close()
		}
	})
	if opened == 0 || refused == 0 {
		t.Errorf("opened %d times, refused %d times", opened, refused)
	}
	p.unharmed()
}
