// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/quorate/quorate/internal/qnet"
)

// smallPage is the size of the pages in a test's file: more of them come into play.
const smallPage = 1024

// sample is a real file after many transactions.
type sample struct {
	file   []byte
	before []byte // it, before the last transaction
	id     qnet.RegisterID
	recs   []Record // all that are in it
}

// ram is a directory in memory if there is one: thousands of files are synced there.
func ram(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "store")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// openSmall opens a new store with small pages.
func openSmall(t testing.TB, path string) *Bolt {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{PageSize: smallPage})
	must(t, err)
	must(t, db.Close())
	b, err := Open(path)
	must(t, err)
	return b
}

// newSample saves grants of so many clusters, each twice.
func newSample(t testing.TB, clusters int) sample {
	t.Helper()
	path := filepath.Join(ram(t), "grants.db")
	b := openSmall(t, path)
	var s sample
	for round := range uint64(2) {
		for i := range clusters {
			file, err := os.ReadFile(path)
			must(t, err)
			s.before = file
			rec := Record{Cluster: fmt.Sprintf("cluster %02d", i), Revision: round, Grant: grant(100*round + uint64(i))}
			must(t, b.Save(context.Background(), []Record{rec}))
			if round == 1 {
				rec.Revision++
				s.recs = append(s.recs, rec)
			}
		}
	}
	s.id = b.ID()
	must(t, b.Close())
	file, err := os.ReadFile(path)
	must(t, err)
	s.file = file
	return s
}

// logical returns what is in a file that was not refused.
func logical(file []byte) (recs map[string]string, id string, err error) {
	m, err := newest(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, "", err
	}
	recs = map[string]string{}
	g := image{r: bytes.NewReader(file), size: int64(len(file)), meta: m, record: func(bucket string, key, value []byte) error {
		switch {
		case bucket == string(grants):
			recs[string(key)] = string(value)
		case string(key) == "id":
			id = string(value)
		}
		return nil
	}}
	return recs, id, g.check()
}

// TestEachBit turns over each bit of a real file, and many of a larger one. It must be
// refused, or be as if nothing were on record, or have all that was in it.
func TestEachBit(t *testing.T) {
	doubted := newSample(t, 12).flip(t, 1)
	if want := 2 * 8 * metaSize; doubted != want { // page numbers and flags do not matter
		t.Errorf("%d bits of the heads are in doubt, not %d", doubted, want)
	}
	newSample(t, 400).flip(t, 1009)
}

// flip turns over every so many bits, and returns how many left the file in doubt.
func (s sample) flip(t *testing.T, every int) int {
	t.Helper()
	recs, id, err := logical(s.file)
	if err != nil || len(recs) != len(s.recs) {
		t.Fatal(len(recs), err)
	}
	var refused, doubted, kept [2]int
	var wg sync.WaitGroup
	for half := range 2 {
		wg.Go(func() {
			file := slices.Clone(s.file)
			for bit := half * every; bit < 8*len(file); bit += 2 * every {
				file[bit/8] ^= 1 << (bit % 8)
				doubt, err := examine(bytes.NewReader(file), int64(len(file)))
				switch {
				case err != nil:
					refused[half]++
				case doubt != nil:
					doubted[half]++
				default:
					kept[half]++
					if r, i, err := logical(file); err != nil || i != id || !maps.Equal(r, recs) {
						t.Errorf("bit %d of byte %d: %d records, %v", bit%8, bit/8, len(r), err)
					}
				}
				file[bit/8] ^= 1 << (bit % 8)
			}
		})
	}
	wg.Wait()
	t.Logf("%d bytes: refused %d, doubted %d, kept %d", len(s.file), refused[0]+refused[1], doubted[0]+doubted[1], kept[0]+kept[1])
	if min(refused[0], refused[1]) < 100 {
		t.Errorf("%d refused prove nothing", refused)
	}
	return doubted[0] + doubted[1]
}

// opened opens a damaged file as an arbiter does, goes on with it, and opens it again. It
// returns what became of it.
func (s sample) opened(t *testing.T, dir, name string, file []byte) string {
	t.Helper()
	path := filepath.Join(dir, "grants.db")
	must(t, os.WriteFile(path, file, 0o600))
	outcome := make(chan string, 1)
	go func() { outcome <- s.play(t, path, name, file) }()
	select {
	case o := <-outcome:
		return o
	case <-time.After(30 * time.Second):
		t.Fatalf("%s: hangs", name)
		return ""
	}
}

func (s sample) play(t *testing.T, path, name string, file []byte) string {
	b, err := Open(path)
	if err != nil {
		after, rerr := os.ReadFile(path)
		if !errors.Is(err, ErrDamaged) || rerr != nil || !bytes.Equal(after, file) {
			t.Errorf("%s: %v; changed: %v, %v", name, err, !bytes.Equal(after, file), rerr)
		}
		return "refused"
	}
	recs, err := b.Load(context.Background())
	outcome, want := "kept", s.recs
	if b.Doubt() != nil {
		outcome, want = "doubted", nil
	}
	if err != nil || !reflect.DeepEqual(recs, want) || outcome == "kept" && !s.id.IsZero() && b.ID() != s.id {
		t.Errorf("%s: %s, with %d records, %v", name, outcome, len(recs), err)
	}
	next := Record{Cluster: "next", Grant: grant(1000)}
	if err := errors.Join(b.Save(context.Background(), []Record{next}), b.Close()); err != nil {
		t.Errorf("%s: %s, and then %v", name, outcome, err)
	}
	next.Revision++
	if b, err = Open(path); err != nil {
		t.Errorf("%s: %s, and then %v", name, outcome, err)
		return outcome
	}
	recs, err = b.Load(context.Background())
	if want = append(slices.Clone(want), next); err != nil || b.Doubt() != nil || !reflect.DeepEqual(recs, want) {
		t.Errorf("%s: %s, and then %d records, %v, doubt %v", name, outcome, len(recs), err, b.Doubt())
	}
	must(t, b.Close())
	return outcome
}

// TestDamagedFiles opens files that are damaged in all ways, and goes on with those that
// are taken.
func TestDamagedFiles(t *testing.T) {
	s := newSample(t, 12)
	dir, count := ram(t), map[string]int{}
	try := func(name string, file []byte) {
		t.Helper()
		count[s.opened(t, dir, name, file)]++
	}
	with := func(change func(file []byte)) []byte {
		file := slices.Clone(s.file)
		change(file)
		return file
	}
	for bit := range 8 * len(s.file) {
		if at := bit / 8 % smallPage; bit%307 == 0 || bit/8 < 2*smallPage && at < pageHead+metaSize && bit%5 == 0 || at < 64 && bit%11 == 0 {
			try(fmt.Sprintf("bit %d", bit), with(func(f []byte) { f[bit/8] ^= 1 << (bit % 8) }))
		}
	}
	pages := len(s.file) / smallPage
	page := func(f []byte, n int) []byte { return f[n*smallPage : (n+1)*smallPage] }
	for n := range pages {
		try(fmt.Sprintf("page %d zero", n), with(func(f []byte) { clear(page(f, n)) }))
		try(fmt.Sprintf("page %d ones", n), with(func(f []byte) { copy(page(f, n), bytes.Repeat([]byte{0xff}, smallPage)) }))
		for o := range n {
			try(fmt.Sprintf("pages %d and %d in each other's place", n, o), with(func(f []byte) {
				copy(page(f, n), page(s.file, o))
				copy(page(f, o), page(s.file, n))
			}))
			try(fmt.Sprintf("page %d is a copy of %d", n, o), with(func(f []byte) { copy(page(f, n), page(s.file, o)) }))
		}
		for _, size := range []int{n*smallPage - 1, n * smallPage, n*smallPage + 1} {
			if size > 0 {
				try(fmt.Sprintf("cut to %d bytes", size), s.file[:size])
			}
		}
	}
	try("no store", bytes.Repeat([]byte("this is not a store\n"), 2000))
	try("zeros", make([]byte, len(s.file)))
	try("heads of zeros", with(func(f []byte) { clear(f[:2*smallPage]) }))
	t.Log(count)
	if count["refused"] < 100 || count["doubted"] < 100 || count["kept"] < 100 {
		t.Errorf("%v proves nothing", count)
	}
}

// TestNewestHead: without the newest head the file is as bbolt sees it intact, and lacks
// the last grant.
func TestNewestHead(t *testing.T) {
	s := newSample(t, 3)
	m, err := newest(bytes.NewReader(s.file), int64(len(s.file)))
	must(t, err)
	file := slices.Clone(s.file)
	file[int(m.txid%2)*smallPage+pageHead+20] ^= 1
	path := filepath.Join(t.TempDir(), "grants.db")
	must(t, os.WriteFile(path, file, 0o600))
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	must(t, err)
	must(t, db.Close())
	b := open(t, path)
	if recs := load(t, b); len(recs) != 0 || !errors.Is(b.Doubt(), errTornHead) || b.ID() != s.id {
		t.Errorf("%d records, doubt %v, ID %s for %s", len(recs), b.Doubt(), b.ID(), s.id)
	}
}

// TestOldPages puts pages of earlier times into a file, as a disk does that has lost a
// write: each is intact, and was in that place. The newest head alone can't be told from
// one that was never written.
func TestOldPages(t *testing.T) {
	const clusters = 9
	path := filepath.Join(ram(t), "grants.db")
	b := openSmall(t, path)
	var times [][]byte
	for i := range uint64(3 * clusters) {
		rec := Record{Cluster: fmt.Sprintf("cluster %02d", i%clusters), Revision: i / clusters, Grant: grant(i)}
		must(t, b.Save(context.Background(), []Record{rec}))
		file, err := os.ReadFile(path)
		must(t, err)
		times = append(times, file)
	}
	must(t, b.Close())
	last := times[len(times)-1]
	recs, _, err := logical(last)
	must(t, err)
	refused := 0
	for at, old := range times {
		for n := 2; n < min(len(old), len(last))/smallPage; n++ {
			file := slices.Clone(last)
			copy(file[n*smallPage:], old[n*smallPage:(n+1)*smallPage])
			doubt, err := examine(bytes.NewReader(file), int64(len(file)))
			if err != nil || doubt != nil {
				refused++
				continue
			}
			if got, _, err := logical(file); err != nil || !maps.Equal(got, recs) {
				t.Errorf("page %d of time %d: %d records, %v", n, at, len(got), err)
			}
		}
	}
	if refused < 100 {
		t.Errorf("%d refused", refused)
	}
}

// TestCrash: a Save is cut short at each point. What was there before is there, unless the
// head was being written; nothing is refused.
func TestCrash(t *testing.T) {
	s := newSample(t, 12)
	head := 0 // of the last transaction
	var data []int
	for n := range len(s.file) / smallPage {
		page := s.file[n*smallPage : (n+1)*smallPage]
		switch end := (n + 1) * smallPage; {
		case end <= len(s.before) && bytes.Equal(page, s.before[n*smallPage:end]):
		case n < 2:
			head = n
		default:
			data = append(data, n)
		}
	}
	if len(data) < 2 || len(data) > 12 { // one that is as it was is not among them
		t.Fatalf("pages %v were written", data)
	}
	earlier := s
	earlier.recs = slices.Clone(s.recs)
	last := &earlier.recs[len(s.recs)-1]
	last.Revision, last.Grant = 1, grant(uint64(len(s.recs)-1))
	dir := ram(t)
	for mask := range 1 << len(data) {
		file := slices.Clone(s.before)
		file = append(file, make([]byte, len(s.file)-len(file))...)
		for i, n := range data {
			if mask&(1<<i) != 0 {
				copy(file[n*smallPage:], s.file[n*smallPage:(n+1)*smallPage])
			}
		}
		name := fmt.Sprintf("pages %b of %v", mask, data)
		if got := earlier.opened(t, dir, name, file); got != "kept" {
			t.Errorf("%s: %s", name, got)
		}
		if mask != 1<<len(data)-1 {
			continue
		}
		count := map[string]int{}
		for n := 1; n < pageHead+metaSize; n++ {
			torn := slices.Clone(file)
			copy(torn[head*smallPage:], s.file[head*smallPage:head*smallPage+n])
			who := earlier
			if bytes.Equal(torn, s.file) {
				who = s
			}
			count[who.opened(t, dir, fmt.Sprintf("%d bytes of the head", n), torn)]++
		}
		if count["doubted"] < 10 || count["refused"] > 0 {
			t.Errorf("torn heads: %v", count)
		}
	}
}

// TestNewFileCrash: a file whose making was cut short is made anew.
func TestNewFileCrash(t *testing.T) {
	path := filepath.Join(ram(t), "grants.db")
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{PageSize: smallPage})
	must(t, err)
	must(t, db.Close())
	file, err := os.ReadFile(path)
	must(t, err)
	dir := ram(t)
	for mask := range 16 {
		cut := slices.Clone(file)
		for n := range 4 {
			if mask&(1<<n) == 0 {
				clear(cut[n*smallPage : (n+1)*smallPage])
			}
		}
		got := sample{}.opened(t, dir, fmt.Sprintf("pages %04b", mask), cut)
		if heads := mask & 3; got == "refused" && (heads != 0 || mask == 0) && heads != 1 && heads != 2 {
			t.Errorf("pages %04b: %s", mask, got)
		}
	}
}

// TestDoubtReadOnly: a torn head in a file that can only be read: nothing is on record,
// nothing can be saved, and when it can be written it is emptied.
func TestDoubtReadOnly(t *testing.T) {
	s := newSample(t, 3)
	file := slices.Clone(s.file)
	file[pageHead+20] ^= 1
	p := newPlaces(t)
	must(t, os.WriteFile(p.path(), file, 0o600))
	p.readOnly(true)
	st := p.open()
	p.expect(st, false)
	rec := Record{Cluster: "a", Grant: grant(1)}
	if err := st.Save(context.Background(), []Record{rec}); !errors.Is(err, ErrReadOnly) || st.Doubt() == nil {
		t.Errorf("saved: %v, doubt %v", err, st.Doubt())
	}
	if after, err := os.ReadFile(p.path()); err != nil || !bytes.Equal(after, file) {
		t.Errorf("it was changed, %v", err)
	}
	p.readOnly(false)
	p.save(st, rec)
	if st = p.restart(st); st.Doubt() != nil {
		t.Errorf("doubt is left: %v", st.Doubt())
	}
	p.expect(st, false, a(1, 1))
}

// TestDoubtIsForgotten: what an earlier process has left in the second file may be older
// than what the first one has lost.
func TestDoubtIsForgotten(t *testing.T) {
	p := newPlaces(t)
	p.save(open(t, p.away()), a(0, 1))
	s := newSample(t, 3)
	s.file[pageHead+20] ^= 1
	must(t, os.WriteFile(p.path(), s.file, 0o600))
	p.expect(p.open(), false)
}

// TestDamagedWhileOpen: a store that can't be written, and is damaged meanwhile, is not
// emptied under the process that has believed it, nor taken for an empty one.
func TestDamagedWhileOpen(t *testing.T) {
	s := newSample(t, 3)
	p := newPlaces(t)
	must(t, os.WriteFile(p.path(), s.file, 0o600))
	p.readOnly(true)
	b := open(t, p.path())
	if got := load(t, b); len(got) != len(s.recs) {
		t.Fatal(len(got))
	}
	p.readOnly(false)
	s.file[pageHead+20] ^= 1
	must(t, os.WriteFile(p.path(), s.file, 0o600))
	for range 2 {
		if err := b.Save(context.Background(), s.recs); !errors.Is(err, ErrDamaged) {
			t.Errorf("saved: %v", err)
		}
		if recs, err := b.Load(context.Background()); !errors.Is(err, ErrDamaged) {
			t.Errorf("%d records, %v", len(recs), err)
		}
	}
	if after, err := os.ReadFile(p.path()); err != nil || !bytes.Equal(after, s.file) {
		t.Errorf("it was changed, %v", err)
	}
}

// TestOtherName: a record is its cluster's and nobody else's.
func TestOtherName(t *testing.T) {
	v, err := encode(a(1, 1))
	must(t, err)
	if _, err := decode("b", v, true); err == nil {
		t.Error("loaded under another name")
	}
	if _, err := revisionOf("b", v); err == nil {
		t.Error("its revision was read under another name")
	}
	if _, err := decode("a", v, false); err == nil {
		t.Error("loaded as a record of before there were seals")
	}
}

// TestLostSeal: a file that had a seal is not taken for one of before there were any.
func TestLostSeal(t *testing.T) {
	for name, change := range map[string]func(*bbolt.Tx) error{
		"no seal":     func(tx *bbolt.Tx) error { return tx.Bucket(register).Delete(sealKey) },
		"no register": func(tx *bbolt.Tx) error { return tx.DeleteBucket(register) },
		"no ID":       func(tx *bbolt.Tx) error { return tx.Bucket(register).Delete(idKey) },
		"no grants":   func(tx *bbolt.Tx) error { return tx.DeleteBucket(grants) },
		"one record less": func(tx *bbolt.Tx) error {
			return tx.Bucket(grants).Delete([]byte("cluster 01"))
		},
		"another bucket": func(tx *bbolt.Tx) error {
			_, err := tx.CreateBucket([]byte("other"))
			return err
		},
		"a transaction of somebody else": func(*bbolt.Tx) error { return nil },
	} {
		s := newSample(t, 3)
		path := filepath.Join(t.TempDir(), "grants.db")
		must(t, os.WriteFile(path, s.file, 0o600))
		db, err := bbolt.Open(path, 0o600, nil)
		must(t, err)
		must(t, errors.Join(db.Update(change), db.Close()))
		if _, err := Open(path); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestGreedyFreelist: a list of free pages of any length takes no memory.
func TestGreedyFreelist(t *testing.T) {
	s := newSample(t, 3)
	m, err := newest(bytes.NewReader(s.file), int64(len(s.file)))
	must(t, err)
	list := s.file[int(m.free)*smallPage:]
	binary.NativeEndian.PutUint16(list[10:], 0xffff)
	for _, n := range []uint64{1 << 62, 1 << 40, 0xffff, 1 << 20} {
		binary.NativeEndian.PutUint64(list[pageHead:], n)
		least := testing.AllocsPerRun(10, func() {
			if _, err := examine(bytes.NewReader(s.file), int64(len(s.file))); err == nil {
				t.Errorf("%d free pages: taken", n)
			}
		})
		if least > 100 {
			t.Errorf("%v allocations", least)
		}
	}
}

func FuzzExamine(f *testing.F) {
	s := newSample(f, 12)
	f.Add(s.file)
	f.Add(newSample(f, 1).file)
	f.Add(s.file[:5*smallPage])
	dir := ram(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := examine(bytes.NewReader(b), int64(len(b)))
		if err != nil || len(b) == 0 {
			return
		}
		path := filepath.Join(dir, fmt.Sprint(os.Getpid()))
		must(t, os.WriteFile(path, b, 0o600))
		st, err := Open(path) // what was examined, bbolt can work with
		must(t, err)
		recs, err := st.Load(context.Background())
		if err == nil && len(recs) > 0 {
			err = st.Save(context.Background(), recs)
		}
		if err := errors.Join(err, st.Close()); err != nil {
			t.Errorf("%d bytes: %v", len(b), err)
		}
	})
}
