// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/safedir"
)

// places are a directory that is where the grants belong, on a file system of its
// own, and one for the second file.
type places struct {
	t           *testing.T
	dir, second string
}

func newPlaces(t *testing.T) places {
	return places{t, small(t, "1m"), t.TempDir()}
}

func (p places) path() string { return filepath.Join(p.dir, "grants.db") }
func (p places) away() string { return filepath.Join(p.second, "grants.db") }

// readOnly forbids or allows to write where the grants belong.
func (p places) readOnly(on bool) {
	p.t.Helper()
	flags := uintptr(syscall.MS_REMOUNT)
	if on {
		flags |= syscall.MS_RDONLY
	}
	if err := syscall.Mount("none", p.dir, "tmpfs", flags, "size=1m"); err != nil {
		p.t.Fatal(err)
	}
}

func (p places) open() *Standby {
	p.t.Helper()
	s, err := OpenStandby(p.path(), p.away(), func() error { return nil })
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = s.Close() })
	return s
}

func (p places) save(s Store, recs ...Record) {
	p.t.Helper()
	if err := s.Save(context.Background(), recs); err != nil {
		p.t.Fatal(err)
	}
}

// restart is open after a process that was killed.
func (p places) restart(s *Standby) *Standby {
	p.t.Helper()
	if err := s.Close(); err != nil {
		p.t.Fatal(err)
	}
	return p.open()
}

// expect fails unless the store has these records, and is where it is said to be.
func (p places) expect(s *Standby, away bool, want ...Record) {
	p.t.Helper()
	got, err := s.Load(context.Background())
	if err != nil || !reflect.DeepEqual(got, want) {
		p.t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	if err := s.Away(); (err != nil) != away {
		p.t.Errorf("away: %v", err)
	}
	_, err = os.Stat(p.away())
	if there := err == nil; there != away {
		p.t.Errorf("second file: %v", err)
	}
}

func a(revision uint64, seq uint64) Record {
	return Record{Cluster: "a", Revision: revision, Grant: grant(seq)}
}

// TestStandby keeps grants in the second file while the first can't be made, over
// a restart, and moves them once it can.
func TestStandby(t *testing.T) {
	p := newPlaces(t)
	p.readOnly(true)
	s := p.open()
	p.expect(s, true)
	p.save(s, a(0, 1), Record{Cluster: "b", Grant: grant(5)})
	s = p.restart(s)
	b := Record{Cluster: "b", Revision: 1, Grant: grant(5)}
	p.expect(s, true, a(1, 1), b)
	if moved, err := s.Return(); moved || !Forbidden(err) || !Forbidden(s.Away()) {
		t.Errorf("moved %v, %v, %v", moved, err, s.Away())
	}
	p.readOnly(false)
	if moved, err := s.Return(); !moved || err != nil {
		t.Fatal(moved, err)
	}
	p.expect(s, false, a(1, 1), b)
	p.save(s, a(1, 2))
	s = p.restart(s)
	p.expect(s, false, a(2, 2), b)
	if moved, err := s.Return(); moved || err != nil {
		t.Errorf("nothing is to be moved: %v, %v", moved, err)
	}
}

// TestStandbyLeft: what a process has left in the second file is taken up, unless
// there are records in the first one: they are newer.
func TestStandbyLeft(t *testing.T) {
	p := newPlaces(t)
	p.readOnly(true)
	s := p.open()
	p.save(s, a(0, 1))
	p.readOnly(false)
	if err := os.WriteFile(p.path(), nil, 0o600); err != nil { // as Prepare makes it
		t.Fatal(err)
	}
	s = p.restart(s)
	p.expect(s, false, a(1, 1))
	p.save(s, a(1, 2))
	old := open(t, p.away())
	p.save(old, a(0, 1), Record{Cluster: "b", Grant: grant(5)})
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	s = p.restart(s)
	p.expect(s, false, a(2, 2))
}

// TestStandbyNever: a record that can't be brought up to date must not be passed
// over, nor is a full disk a reason to record elsewhere.
func TestStandbyNever(t *testing.T) {
	p := newPlaces(t)
	s := p.open()
	p.save(s, a(0, 1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	p.readOnly(true)
	s = p.open()
	p.expect(s, false, a(1, 1))
	if err := s.Save(context.Background(), []Record{a(1, 2)}); !errors.Is(err, ErrReadOnly) {
		t.Errorf("saved: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	p.readOnly(false)
	if err := os.Remove(p.path()); err != nil {
		t.Fatal(err)
	}
	_ = os.WriteFile(filepath.Join(p.dir, "filler"), make([]byte, 2<<20), 0o600) // fills what there is
	p.expect(p.open(), false)

	p = newPlaces(t)
	p.readOnly(true)
	s, err := OpenStandby(p.path(), p.away(), func() error { return errors.New("not there") })
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p.expect(s, false)
	if err := s.Writable(); !errors.Is(err, ErrReadOnly) {
		t.Errorf("without a second place: %v", err)
	}
}

// TestStandbyDamaged: a first file that is no store is no place to return to.
func TestStandbyDamaged(t *testing.T) {
	p := newPlaces(t)
	p.readOnly(true)
	s := p.open()
	p.save(s, a(0, 1))
	p.readOnly(false)
	if err := os.WriteFile(p.path(), []byte(strings.Repeat("x", 9000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if moved, err := s.Return(); moved || !errors.Is(err, ErrDamaged) || !errors.Is(s.Away(), ErrDamaged) {
		t.Errorf("moved %v, %v, %v", moved, err, s.Away())
	}
	p.expect(s, true, a(1, 1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenStandby(p.path(), p.away(), nil); !errors.Is(err, ErrDamaged) {
		t.Errorf("opened: %v", err)
	}
}

// TestHangingSave: who asks for the state of a store does not wait for a Save on a disk
// that hangs.
func TestHangingSave(t *testing.T) {
	p := newPlaces(t)
	s := p.open()
	s.mu.RLock() // as a Save has them
	s.cur.mu.Lock()
	done := make(chan error, 1)
	go func() { done <- errors.Join(s.Writable(), s.Away()) }()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it waits")
	}
	s.cur.mu.Unlock()
	s.mu.RUnlock()
}

func TestPrepare(t *testing.T) {
	p := newPlaces(t)
	whose := safedir.Access{UID: 0, GID: 65534, Mode: 0o660}
	check := func(want bool) {
		t.Helper()
		made, given, err := File(p.path()).Prepare(whose)
		if err != nil || made != want || given == want {
			t.Fatal(made, given, err)
		}
		info, err := os.Stat(p.path())
		if err != nil {
			t.Fatal(err)
		}
		if st := info.Sys().(*syscall.Stat_t); info.Mode() != 0o660 || st.Uid != 0 || st.Gid != 65534 {
			t.Errorf("%v, owner %d:%d", info.Mode(), st.Uid, st.Gid)
		}
	}
	check(true)
	s := p.open()
	p.save(s, a(0, 1))
	if err := os.Chmod(p.path(), 0o600); err != nil {
		t.Fatal(err)
	}
	check(false)
	p.expect(p.restart(s), false, a(1, 1))
	link := filepath.Join(p.second, "link")
	if err := os.Symlink(p.path(), link); err != nil {
		t.Fatal(err)
	}
	if _, _, err := File(link).Prepare(whose); !errors.Is(err, safedir.ErrLink) {
		t.Errorf("a link: %v", err)
	}
	hard := filepath.Join(p.dir, "hard")
	if err := os.Link(p.path(), hard); err != nil {
		t.Fatal(err)
	}
	if _, _, err := File(hard).Prepare(whose); !errors.Is(err, safedir.ErrShared) {
		t.Errorf("a file with two names: %v", err)
	}
	if _, err := Open(hard); !errors.Is(err, safedir.ErrShared) {
		t.Errorf("a store with two names: %v", err)
	}
	if _, _, err := File(filepath.Join(p.second, "none", "x")).Prepare(whose); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
