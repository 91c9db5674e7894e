// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/quorate/quorate/internal/qnet"
)

var _ Store = (*Bolt)(nil)

func grant(seq uint64) qnet.Grant {
	ring := qnet.RingID{Node: 1, Seq: seq}
	return qnet.Grant{
		Ring:    ring,
		Members: []qnet.NodeID{1, 2},
		Holders: []qnet.Holder{{Node: 1, Ring: ring, Heartbeat: 8000}},
		Rings:   []qnet.Ring{{ID: ring, Members: []qnet.NodeID{1, 2}, Reporters: []qnet.NodeID{1}}},
	}
}

func open(t *testing.T, path string) *Bolt {
	t.Helper()
	b, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func load(t *testing.T, b *Bolt) []Record {
	t.Helper()
	recs, err := b.Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return recs
}

func TestSaveLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "grants.db")
	b := open(t, path)
	if recs := load(t, b); len(recs) != 0 {
		t.Fatalf("new store has %v", recs)
	}
	ctx := context.Background()
	// Names are any bytes but none: they come from the network.
	names := []string{"a", "b\x00\xff", strings.Repeat("n", 30000)}
	for i, n := range names {
		if err := b.Save(ctx, []Record{{Cluster: n, Grant: grant(uint64(i))}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Save(ctx, []Record{{Cluster: "a", Revision: 1, Grant: grant(9)}}); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	want := []Record{
		{Cluster: "a", Revision: 2, Grant: grant(9)},
		{Cluster: names[1], Revision: 1, Grant: grant(1)},
		{Cluster: names[2], Revision: 1, Grant: grant(2)},
	}
	if got := load(t, open(t, path)); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestSaveIsAtomic(t *testing.T) {
	b := open(t, filepath.Join(t.TempDir(), "grants.db"))
	ctx := context.Background()
	if err := b.Save(ctx, []Record{{Cluster: "a", Grant: grant(1)}}); err != nil {
		t.Fatal(err)
	}
	err := b.Save(ctx, []Record{{Cluster: "b", Grant: grant(1)}, {Cluster: "a", Grant: grant(2)}})
	if !errors.Is(err, ErrChanged) || !strings.Contains(err.Error(), `"a"`) {
		t.Fatalf("got %v, want ErrChanged that names the cluster", err)
	}
	want := []Record{{Cluster: "a", Revision: 1, Grant: grant(1)}}
	if got := load(t, b); !reflect.DeepEqual(got, want) {
		t.Errorf("after a refused save: %+v", got)
	}
}

func TestOpenTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "grants.db")
	open(t, path)
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("got %v", err)
	}
}

// TestDamaged breaks an intact store in many places. It must be refused, or
// load what was saved; it may never load anything else, nor crash.
func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "grants.db")
	b := open(t, path)
	var want []Record
	for i := range 20 {
		rec := Record{Cluster: fmt.Sprintf("c%02d", i), Grant: grant(uint64(i))}
		if err := b.Save(context.Background(), []Record{rec}); err != nil {
			t.Fatal(err)
		}
		rec.Revision = 1
		want = append(want, rec)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	check := func(name string, data []byte) {
		bad := filepath.Join(t.TempDir(), "bad.db") // a file that bbolt gave up on stays locked
		if err := os.WriteFile(bad, data, 0o600); err != nil {
			t.Fatal(err)
		}
		recs, err := openAndLoad(bad)
		switch {
		case errors.Is(err, ErrDamaged):
			refused++
			if !strings.Contains(err.Error(), "bad.db.damaged") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: no advice on one line: %v", name, err)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case len(recs) > 0 && !reflect.DeepEqual(recs, want):
			t.Errorf("%s: loaded %+v", name, recs)
		}
	}
	for at := 0; at < len(good); at += 97 {
		data := append([]byte(nil), good...)
		data[at] ^= 0xff
		check(fmt.Sprintf("byte %d turned over", at), data)
	}
	for _, n := range []int{1, 100, 4096, 8192, 8193, 12288, len(good) / 2} {
		check(fmt.Sprintf("cut to %d bytes", n), good[:n])
	}
	check("text", []byte(strings.Repeat("this is not a store\n", 2000)))
	zero := append([]byte(nil), good...)
	clear(zero[:8192])
	check("both meta pages zero", zero)
	if refused < 10 {
		t.Errorf("only %d damaged files were refused", refused)
	}
}

func openAndLoad(path string) ([]Record, error) {
	b, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	return b.Load(context.Background())
}

// small mounts a file system of the given size, so that a disk can be full.
func small(t *testing.T, size string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("a full disk can only be tried as root")
		}
		t.Skip("a full disk can only be tried as root: needs to mount a tmpfs")
	}
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestDiskFull(t *testing.T) {
	dir := small(t, "1m")
	b := open(t, filepath.Join(dir, "grants.db"))
	ctx := context.Background()
	if err := b.Save(ctx, []Record{{Cluster: "a", Grant: grant(1)}}); err != nil {
		t.Fatal(err)
	}
	filler := filepath.Join(dir, "filler")
	_ = os.WriteFile(filler, make([]byte, 2<<20), 0o600) // fills what there is
	g := grant(2)
	for i := range 40000 {
		g.Members = append(g.Members, qnet.NodeID(i+1))
	}
	err := b.Save(ctx, []Record{{Cluster: "a", Revision: 1, Grant: g}})
	if !errors.Is(err, ErrReadOnly) || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("saved on a full disk: %v", err)
	}
	want := []Record{{Cluster: "a", Revision: 1, Grant: grant(1)}}
	if got := load(t, b); !reflect.DeepEqual(got, want) {
		t.Errorf("after a full disk: %+v", got)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := b.Save(ctx, []Record{{Cluster: "a", Revision: 1, Grant: g}}); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func TestDiskFullFromTheStart(t *testing.T) {
	dir := small(t, "64k")
	filler := filepath.Join(dir, "filler")
	_ = os.WriteFile(filler, make([]byte, 128<<10), 0o600)
	b := open(t, filepath.Join(dir, "grants.db"))
	if err := b.Writable(); !errors.Is(err, ErrReadOnly) {
		t.Fatalf("writable on a full disk: %v", err)
	}
	rec := []Record{{Cluster: "a", Grant: grant(1)}}
	if err := b.Save(context.Background(), rec); !errors.Is(err, ErrReadOnly) {
		t.Fatalf("saved on a full disk: %v", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := b.Save(context.Background(), rec); err != nil {
		t.Fatalf("with room again: %v", err)
	}
	if err := b.Writable(); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func TestReadOnlyDirectory(t *testing.T) {
	dir := small(t, "1m")
	path := filepath.Join(dir, "grants.db")
	b := open(t, path)
	rec := []Record{{Cluster: "a", Grant: grant(1)}}
	if err := b.Save(context.Background(), rec); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("none", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "size=1m"); err != nil {
		t.Fatal(err)
	}
	b = open(t, path)
	want := []Record{{Cluster: "a", Revision: 1, Grant: grant(1)}}
	if got := load(t, b); !reflect.DeepEqual(got, want) {
		t.Errorf("loaded %+v", got)
	}
	if err := b.Save(context.Background(), want); !errors.Is(err, ErrReadOnly) {
		t.Errorf("saved on a read-only file system: %v", err)
	}
	other := open(t, filepath.Join(dir, "other.db"))
	if err := other.Save(context.Background(), rec); !errors.Is(err, ErrReadOnly) {
		t.Errorf("made on a read-only file system: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	v, err := encode(Record{Cluster: "a", Revision: 3, Grant: grant(1)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(v)
	f.Add([]byte("1234{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rec, err := decode("a", b, true)
		if err != nil {
			return
		}
		again, err := encode(rec)
		if err != nil {
			t.Fatal(err)
		}
		if rec2, err := decode("a", again, true); err != nil || !reflect.DeepEqual(rec, rec2) {
			t.Errorf("%+v became %+v, %v", rec, rec2, err)
		}
		if n, err := revisionOf("a", again); err != nil || n != rec.Revision {
			t.Errorf("revision %d read as %d, %v", rec.Revision, n, err)
		}
	})
}
