// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package store

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/quorate/quorate/internal/qnet"
)

// TestGone: a record that is removed is gone after the next start as well, the others are
// whole, and who knows an older revision of it removes nothing.
func TestGone(t *testing.T) {
	path, ctx := filepath.Join(t.TempDir(), "grants.db"), context.Background()
	open := func() *Bolt {
		t.Helper()
		b, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	b := open()
	grant := qnet.Grant{Ring: qnet.RingID{Node: 1, Seq: 4}, Members: []qnet.NodeID{1, 2}}
	for i := range uint64(2) {
		for _, name := range []string{"stays", "goes"} {
			if err := b.Save(ctx, []Record{{Cluster: name, Revision: i, Grant: grant}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := b.Save(ctx, []Record{{Cluster: "goes", Revision: 1, Gone: true}}); !errors.Is(err, ErrChanged) {
		t.Errorf("an older revision: %v", err)
	}
	if err := b.Save(ctx, []Record{{Cluster: "goes", Revision: 2, Gone: true}}); err != nil {
		t.Fatal(err)
	}
	if err := b.Save(ctx, []Record{{Cluster: "new", Grant: grant}}); err != nil {
		t.Errorf("after that: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = open()
	recs, err := b.Load(ctx)
	if err != nil || len(recs) != 2 || recs[0].Cluster != "new" || recs[1].Cluster != "stays" || recs[1].Revision != 2 {
		t.Errorf("loaded %+v, %v", recs, err)
	}
	if err := b.Doubt(); err != nil {
		t.Errorf("the register is doubted: %v", err)
	}
	if err := errors.Join(b.Save(ctx, []Record{{Cluster: "goes", Grant: grant}}), b.Close()); err != nil {
		t.Errorf("a cluster that comes back: %v", err)
	}
}
