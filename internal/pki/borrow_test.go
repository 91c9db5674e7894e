// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestBorrowArbiter copies what a daemon needs and no more, once for each state of
// the database, which stays as it is.
func TestBorrowArbiter(t *testing.T) {
	t.Parallel()
	c := newCTools(t)
	private := filepath.Join(t.TempDir(), "nssdb")
	if did, err := BorrowArbiter(c.arbiter(), private); did != Present || !errors.Is(err, ErrNoCA) {
		t.Errorf("without a database: %v, %v", did, err)
	}
	borrow := func(want Ensured) *Arbiter {
		t.Helper()
		if did, err := BorrowArbiter(c.arbiter(), private); did != want || err != nil {
			t.Fatal(did, err)
		}
		a, err := LoadArbiter(private)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	c.qnetd("-i")
	before := snapshot(t, c.arbiter())
	first := borrow(TakenOver)
	if added := untouched(t, c.arbiter(), before); len(added) > 0 {
		t.Errorf("left %q", added)
	}
	for name := range snapshot(t, private) {
		if !slices.Contains([]string{CACertFile, serverCertFile, serverKeyFile, lockFile, borrowedFile}, name) {
			t.Errorf("%s is there", name)
		}
		if info, err := os.Stat(filepath.Join(private, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if info, err := os.Stat(private); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if again := borrow(Present); !again.CA.Equal(first.CA) {
		t.Error("another CA")
	}
	if err := os.RemoveAll(c.arbiter()); err != nil {
		t.Fatal(err)
	}
	c.qnetd("-i")
	if other := borrow(TakenOver); other.CA.Equal(first.CA) {
		t.Error("the old CA is still in use")
	}

	// The takeover for good has the same keys, and a reloader goes on with it.
	r, err := NewReloader(private, true, func(err error) { t.Errorf("reported %v", err) })
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Move(c.arbiter()); !errors.Is(err, ErrNSS) {
		t.Errorf("moved: %v", err)
	}
	if did, err := TakeOverArbiter(c.arbiter()); did != TakenOver || err != nil {
		t.Fatal(did, err)
	}
	if err := r.Move(c.arbiter()); err != nil {
		t.Error(err)
	}
	a, err := LoadArbiter(c.arbiter())
	if err != nil || !a.Server.Leaf.Equal(borrow(Present).Server.Leaf) {
		t.Errorf("another server certificate: %v", err)
	}
}
