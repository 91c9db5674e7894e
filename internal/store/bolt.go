// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"quorate/internal/qnet"
	"quorate/internal/safedir"
)

// ErrDamaged is returned by Open and Load when the file is no intact store.
var ErrDamaged = errors.New("store is damaged")

// ErrReadOnly is returned by Save when the file or its directory can't be written.
var ErrReadOnly = errors.New("store can't be written")

// lockTime is how long Open waits for another process to let go of the file.
const lockTime = time.Second

var grants = []byte("grants")

// Bolt is a Store in one bbolt file. Save returns after the file is synced. Its
// methods may be called from several goroutines.
type Bolt struct {
	path string

	mu     sync.Mutex
	db     *bbolt.DB       // nil if there is no file and none can be made
	broken error           // why Save can't work; nil if it can
	id     qnet.RegisterID // zero: none yet
}

// Open opens the store at path and makes it if it does not exist, with mode
// 0600. Where it can be read but not written, or neither exists nor can be
// made, Open succeeds, and each Save tries again and returns an error that
// wraps ErrReadOnly until it can be. A file that is no intact store is
// ErrDamaged and is left as it is.
func Open(path string) (*Bolt, error) {
	b := &Bolt{path: path}
	if err := b.open(); err != nil {
		return nil, err
	}
	return b, nil
}

func (b *Bolt) open() error {
	b.db, b.broken = nil, nil
	err := guard(b.path, func() (err error) {
		b.db, err = bbolt.Open(b.path, 0o600, &bbolt.Options{Timeout: lockTime, OpenFile: openFile})
		if err != nil && unwritable(err) {
			b.broken = fmt.Errorf("%w: %w", ErrReadOnly, err)
			if info, serr := os.Stat(b.path); serr != nil || info.Size() == 0 {
				return nil
			}
			b.db, err = bbolt.Open(b.path, 0o400, &bbolt.Options{Timeout: lockTime, ReadOnly: true, PreLoadFreelist: true, OpenFile: openFile})
		}
		return b.opened(err)
	})
	if err != nil && b.db != nil {
		_ = b.db.Close() // the first error is the one to tell
		b.db = nil
	}
	return err
}

// opened words the error of bbolt's Open, and syncs a new file's directory.
func (b *Bolt) opened(err error) error {
	var perr *fs.PathError
	switch {
	case errors.Is(err, bbolt.ErrTimeout):
		return fmt.Errorf("store %s is in use by another process", b.path)
	case errors.As(err, &perr), errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("store %s: %w", b.path, err)
	case err != nil:
		return damaged(b.path, err)
	case b.broken != nil:
		return b.db.View(b.readID)
	}
	id := b.id
	err = b.db.Update(func(tx *bbolt.Tx) error {
		if _, err := tx.CreateBucketIfNotExists(grants); err != nil {
			return err
		}
		return b.makeID(tx)
	})
	switch {
	case errors.Is(err, ErrDamaged):
		return err
	case err != nil:
		b.id = id // what was made may not be on disk
		b.broken = fmt.Errorf("%w: %w", ErrReadOnly, err)
		return nil
	}
	_ = syncDir(filepath.Dir(b.path)) // some file systems can't; the file itself is synced
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// openFile opens a store. Root opens no link there, and nothing that has another name:
// the directory may be somebody else's.
func openFile(path string, flag int, mode fs.FileMode) (*os.File, error) {
	if os.Geteuid() != 0 {
		return os.OpenFile(path, flag, mode)
	}
	r, err := safedir.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	f, err := safedir.OpenFile(r, filepath.Base(path), flag, mode)
	if err == nil {
		err = safedir.Single(f)
	}
	if err = errors.Join(err, r.Close()); err != nil {
		if f != nil {
			_ = f.Close()
		}
		return nil, err
	}
	return f, nil
}

func unwritable(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.ENOSPC)
}

func damaged(path string, err error) error {
	return fmt.Errorf("%w: %s: %w; move the file away and start again: until a hold time has passed, "+
		"the vote then goes only to clusters whose nodes have all reported", ErrDamaged, path, err)
}

// guard turns what a damaged file does to its reader, panics and memory
// faults alike, into ErrDamaged.
func guard(path string, f func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(old)
	defer func() {
		if p := recover(); p != nil {
			err = damaged(path, fmt.Errorf("%v", p))
		}
	}()
	return f()
}

// Load returns all records. It reads and checks every page of the file.
func (b *Bolt) Load(_ context.Context) ([]Record, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.db == nil {
		return nil, nil
	}
	var recs []Record
	err := guard(b.path, func() error {
		return b.db.View(func(tx *bbolt.Tx) error {
			if err := checkPages(tx); err != nil {
				return damaged(b.path, err)
			}
			bucket := tx.Bucket(grants)
			if bucket == nil {
				return nil
			}
			return bucket.ForEach(func(k, v []byte) error {
				rec, err := decode(string(k), v)
				if err != nil {
					return damaged(b.path, err)
				}
				recs = append(recs, rec)
				return nil
			})
		})
	})
	return recs, err
}

// checkPages checks that each page of the file is either in use or free, and
// none is both: a wrong free list would let a later Save write over a grant.
// bbolt's own check does this and more, but in a goroutine of its own, where a
// damaged file takes the process with it.
func checkPages(tx *bbolt.Tx) error {
	info, err := os.Stat(tx.DB().Path())
	if err != nil {
		return err
	}
	if info.Size() < tx.Size() {
		return fmt.Errorf("%d bytes are missing at its end", tx.Size()-info.Size())
	}
	st := tx.Cursor().Bucket().Stats()
	used := 2 + st.BranchPageN + st.BranchOverflowN + st.LeafPageN + st.LeafOverflowN // 2 are meta
	free, id := 0, 0
	for {
		page, err := tx.Page(id)
		if err != nil {
			return err
		}
		if page == nil {
			break
		}
		id++
		switch page.Type {
		case "free":
			free++
		case "freelist":
			used += 1 + page.OverflowCount
			id += page.OverflowCount
		}
	}
	if used+free != id {
		return fmt.Errorf("of %d pages %d are in use and %d free", id, used, free)
	}
	return nil
}

// Save writes recs in one transaction, synced to disk. An error of the disk
// wraps ErrReadOnly.
func (b *Bolt) Save(_ context.Context, recs []Record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken != nil {
		if err := b.reopen(); err != nil {
			return err
		}
	}
	return guard(b.path, func() error {
		err := b.db.Update(func(tx *bbolt.Tx) error {
			for _, rec := range recs {
				if err := b.put(tx.Bucket(grants), rec); err != nil {
					return err
				}
			}
			return nil
		})
		var errno syscall.Errno
		if errors.As(err, &errno) {
			return fmt.Errorf("%w: %s: %w", ErrReadOnly, b.path, err)
		}
		return err
	})
}

// replace makes recs all that is stored, in one transaction, with the revisions
// that they have, and id the register's, if there is one.
func (b *Bolt) replace(recs []Record, id qnet.RegisterID) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken != nil {
		return b.broken
	}
	return guard(b.path, func() error {
		return b.db.Update(func(tx *bbolt.Tx) error {
			if err := tx.DeleteBucket(grants); err != nil {
				return err
			}
			if err := b.takeID(tx, id); err != nil {
				return err
			}
			bucket, err := tx.CreateBucket(grants)
			if err != nil {
				return err
			}
			for _, rec := range recs {
				v, err := encode(rec)
				if err != nil {
					return err
				}
				if err := bucket.Put([]byte(rec.Cluster), v); err != nil {
					return fmt.Errorf("cluster %q: %w", rec.Cluster, err)
				}
			}
			return nil
		})
	})
}

// put writes one record if the stored revision is the record's.
func (b *Bolt) put(bucket *bbolt.Bucket, rec Record) error {
	var stored uint64
	if old := bucket.Get([]byte(rec.Cluster)); old != nil {
		var err error
		if stored, err = revisionOf(rec.Cluster, old); err != nil {
			return damaged(b.path, err)
		}
	}
	if stored != rec.Revision {
		return fmt.Errorf("cluster %q: %w", rec.Cluster, ErrChanged)
	}
	rec.Revision++
	v, err := encode(rec)
	if err != nil {
		return err
	}
	if err := bucket.Put([]byte(rec.Cluster), v); err != nil {
		return fmt.Errorf("cluster %q: %w", rec.Cluster, err)
	}
	return nil
}

// reopen tries whether the file can be written by now: a disk may have been
// cleared, a directory's mode mended.
func (b *Bolt) reopen() error {
	broken := b.broken
	if b.db != nil {
		if err := b.db.Close(); err != nil {
			return err
		}
	}
	if err := b.open(); err != nil {
		b.broken = broken
		return err
	}
	return b.broken
}

// Writable returns nil, or why Save can't work: an error that wraps ErrReadOnly.
func (b *Bolt) Writable() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.broken
}

// Close closes the file and lets go of its lock.
func (b *Bolt) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.db == nil {
		return nil
	}
	return b.db.Close()
}

// value is what a record looks like on disk: a CRC-32C of the rest, then JSON.
type value struct {
	Revision uint64
	Grant    qnet.Grant
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func encode(rec Record) ([]byte, error) {
	j, err := json.Marshal(value{Revision: rec.Revision, Grant: rec.Grant})
	if err != nil {
		return nil, fmt.Errorf("cluster %q: %w", rec.Cluster, err)
	}
	return append(binary.BigEndian.AppendUint32(nil, crc32.Checksum(j, castagnoli)), j...), nil
}

func intact(b []byte) bool {
	return len(b) >= 4 && binary.BigEndian.Uint32(b) == crc32.Checksum(b[4:], castagnoli)
}

// revisionOf is decode where nothing else is asked: it is what a Save reads of
// every record that it replaces.
func revisionOf(cluster string, b []byte) (uint64, error) {
	const head = `{"Revision":` // encode puts it first
	if intact(b) && bytes.HasPrefix(b[4:], []byte(head)) {
		digits, _, _ := bytes.Cut(b[4+len(head):], []byte(","))
		if n, err := strconv.ParseUint(string(digits), 10, 64); err == nil {
			return n, nil
		}
	}
	rec, err := decode(cluster, b)
	return rec.Revision, err
}

func decode(cluster string, b []byte) (Record, error) {
	if !intact(b) {
		return Record{}, fmt.Errorf("the record of cluster %q has a wrong checksum", cluster)
	}
	var v value
	if err := json.Unmarshal(b[4:], &v); err != nil {
		return Record{}, fmt.Errorf("the record of cluster %q: %w", cluster, err)
	}
	return Record{Cluster: cluster, Revision: v.Revision, Grant: v.Grant}, nil
}
