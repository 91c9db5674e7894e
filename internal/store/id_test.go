// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package store

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/quorate/quorate/internal/qnet"
)

// TestID: each register has an ID of its own, and keeps it.
func TestID(t *testing.T) {
	dir := t.TempDir()
	seen := map[qnet.RegisterID]bool{{}: true}
	for _, name := range []string{"a.db", "b.db"} {
		b := open(t, filepath.Join(dir, name))
		id := b.ID()
		if seen[id] {
			t.Errorf("%s: %s is none, or another register's", name, id)
		}
		seen[id] = true
		if err := b.Save(context.Background(), []Record{a(0, 1)}); err != nil {
			t.Fatal(err)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		b = open(t, filepath.Join(dir, name))
		if got := b.ID(); got != id {
			t.Errorf("%s: %s, and after a restart %s", name, id, got)
		}
		if recs := load(t, b); len(recs) != 1 {
			t.Errorf("%s: %+v", name, recs)
		}
	}
}

// old makes a file as it was before registers had IDs, or with what is put into it.
func old(t *testing.T, fill func(*bbolt.Tx) error) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "grants.db")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		bucket, err := tx.CreateBucket(grants)
		if err != nil {
			return err
		}
		v, err := encode(a(3, 7))
		if err != nil {
			return err
		}
		binary.BigEndian.PutUint32(v, checksum(nil, v[4:]))
		if err := bucket.Put([]byte("a"), v); err != nil || fill == nil {
			return err
		}
		return fill(tx)
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestOldFormat: a file without an ID gets one, and loses nothing.
func TestOldFormat(t *testing.T) {
	path := old(t, nil)
	b := open(t, path)
	if recs := load(t, b); !reflect.DeepEqual(recs, []Record{a(3, 7)}) {
		t.Errorf("taken over: %+v", recs)
	}
	id := b.ID()
	if err := b.Save(context.Background(), []Record{a(3, 8)}); err != nil || id.IsZero() {
		t.Errorf("ID %s, %v", id, err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = open(t, path)
	if recs := load(t, b); !reflect.DeepEqual(recs, []Record{a(4, 8)}) || b.ID() != id {
		t.Errorf("after a restart: %+v, ID %s and then %s", recs, id, b.ID())
	}
}

// TestOldFormatReadOnly: where nothing can be written there is no ID yet, and no
// grant either.
func TestOldFormatReadOnly(t *testing.T) {
	dir := small(t, "1m")
	p := places{t, dir, t.TempDir()}
	content, err := os.ReadFile(old(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.path(), content, 0o600); err != nil {
		t.Fatal(err)
	}
	p.readOnly(true)
	b := open(t, p.path())
	if recs := load(t, b); len(recs) != 1 || !b.ID().IsZero() || b.Writable() == nil {
		t.Errorf("%+v, ID %s, %v", recs, b.ID(), b.Writable())
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	p.readOnly(false)
	b = open(t, p.path())
	id := b.ID()
	if err := b.Close(); err != nil || id.IsZero() {
		t.Fatal(id, err)
	}
	p.readOnly(true)
	if b = open(t, p.path()); b.ID() != id {
		t.Errorf("%s, and where it can only be read %s", id, b.ID())
	}
}

// TestDamagedID: an ID that is not intact is no ID, and no reason to make another.
func TestDamagedID(t *testing.T) {
	for name, v := range map[string]string{"short": "x", "wrong checksum": "\x00\x00\x00\x000123456789abcdef", "empty": ""} {
		path := old(t, func(tx *bbolt.Tx) error {
			bucket, err := tx.CreateBucket(register)
			if err != nil {
				return err
			}
			return bucket.Put(idKey, []byte(v))
		})
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
		if after, err := os.ReadFile(path); err != nil || !reflect.DeepEqual(after, before) {
			t.Errorf("%s: the file was changed, %v", name, err)
		}
	}
}

// TestStandbyID: the ID goes with the grants, to the first file and into it.
func TestStandbyID(t *testing.T) {
	p := newPlaces(t)
	p.readOnly(true)
	s := p.open()
	id := s.ID()
	if id.IsZero() {
		t.Fatal("no ID in the second file")
	}
	p.save(s, a(0, 1))
	s = p.restart(s)
	p.readOnly(false)
	if moved, err := s.Return(); !moved || err != nil || s.ID() != id {
		t.Errorf("returned: %v, %v, ID %s, before %s", moved, err, s.ID(), id)
	}
	if s = p.restart(s); s.ID() != id {
		t.Errorf("after a restart: ID %s, before %s", s.ID(), id)
	}

	p = newPlaces(t)
	p.readOnly(true)
	s = p.open()
	id = s.ID()
	p.save(s, a(0, 1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	p.readOnly(false)
	if s = p.open(); s.ID() != id {
		t.Errorf("taken up: ID %s, before %s", s.ID(), id)
	}
	p.expect(s, false, a(1, 1))
}
