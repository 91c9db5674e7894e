// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/safedir"
)

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
	doubt  error           // why what was in the file is not believed; nil if it is
	stale  bool            // it is still there
	opened bool            // Open has succeeded
	lost   error           // why the file is not open any more

	known atomic.Pointer[error] // broken, for those who do not wait for a Save
}

// Open opens the store at path and makes it if it does not exist, with mode
// 0600. Where it can be read but not written, or neither exists nor can be
// made, Open succeeds, and each Save tries again and returns an error that
// wraps ErrReadOnly until it can be. A file that is no intact store is
// ErrDamaged and is left as it is. One that may not be the newest is emptied:
// see Doubt.
func Open(path string) (*Bolt, error) {
	b := &Bolt{path: path}
	if err := b.open(); err != nil {
		return nil, err
	}
	b.opened = true
	b.publish()
	return b, nil
}

// Shared implements Store: the file is locked.
func (b *Bolt) Shared() bool { return false }

// Doubt implements Store.
func (b *Bolt) Doubt() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.doubt
}

func (b *Bolt) open() error {
	b.db, b.broken = nil, nil
	f, err := openFile(b.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil && unwritable(err) {
		b.broken = fmt.Errorf("%w: %w", ErrReadOnly, err)
		if info, serr := os.Stat(b.path); serr != nil || info.Size() == 0 {
			return nil
		}
		f, err = openFile(b.path, os.O_RDONLY, 0)
	}
	switch {
	case errors.Is(err, syscall.EISDIR):
		return damaged(b.path, errors.New("it is a directory"))
	case err != nil:
		return fmt.Errorf("store %s: %w", b.path, err)
	}
	defer f.Close() // bbolt has a descriptor of its own
	err = guard(b.path, func() error {
		fresh, err := b.examine(f)
		if err != nil || fresh && b.broken != nil {
			return err
		}
		return b.openBolt(f, fresh)
	})
	if err != nil && b.db != nil {
		_ = b.db.Close() // the first error is the one to tell
		b.db = nil
	}
	return err
}

// examine locks the file, so that nobody writes to it, and looks whether it is whole and
// the newest. A fresh one has nothing yet.
func (b *Bolt) examine(f *os.File) (fresh bool, err error) {
	if err := lockFile(f, b.broken == nil); err != nil {
		return false, fmt.Errorf("store %s: %w", b.path, err)
	}
	info, err := f.Stat()
	if err != nil {
		return false, fmt.Errorf("store %s: %w", b.path, err)
	}
	if !info.Mode().IsRegular() {
		return false, damaged(b.path, errors.New("it is not a regular file"))
	}
	if info.Size() == 0 {
		return true, nil
	}
	doubt, err := examine(f, info.Size())
	switch {
	case err != nil:
		return false, damaged(b.path, err)
	case doubt == nil:
		return false, nil
	case b.opened && !b.stale:
		return false, damaged(b.path, doubt) // this process has believed what was there
	}
	b.doubt, b.stale = doubt, true
	if !errors.Is(doubt, errBlank) {
		return false, nil
	}
	if b.broken == nil {
		err = f.Truncate(0)
	}
	return true, err
}

// openBolt opens the file that was examined, brings what is in it up to date, and syncs a
// new file's directory.
func (b *Bolt) openBolt(f *os.File, fresh bool) (err error) {
	b.db, err = bbolt.Open(b.path, 0o600, &bbolt.Options{
		Timeout: lockTime, ReadOnly: b.broken != nil, PreLoadFreelist: true,
		OpenFile: func(string, int, fs.FileMode) (*os.File, error) { return again(f) },
	})
	switch {
	case err != nil && fresh: // it can't be made
		b.db, b.broken = nil, fmt.Errorf("%w: %w", ErrReadOnly, errors.Join(err, f.Truncate(0)))
		return nil
	case err != nil:
		return damaged(b.path, err)
	case b.broken != nil:
		return b.db.View(b.readID)
	}
	id := b.id
	switch err := b.db.Update(b.begin); {
	case errors.Is(err, ErrDamaged):
		return err
	case err != nil:
		b.id = id // what was made may not be on disk
		b.broken = fmt.Errorf("%w: %w", ErrReadOnly, err)
		return nil
	}
	b.stale = false
	_ = syncDir(filepath.Dir(b.path)) // some file systems can't; the file itself is synced
	return nil
}

// begin is a process's first transaction.
func (b *Bolt) begin(tx *bbolt.Tx) error {
	if err := b.makeID(tx); err != nil {
		return err
	}
	if b.stale || tx.Bucket(grants) == nil {
		return fill(tx, nil)
	}
	s, err := sealOf(tx)
	if err != nil {
		return damaged(b.path, err)
	}
	if s != nil {
		return s.put(tx)
	}
	recs, err := b.records(tx) // of before there were seals
	if err != nil {
		return err
	}
	return fill(tx, recs)
}

// lockFile takes bbolt's lock on a file, which bbolt then finds taken by the same file.
func lockFile(f *os.File, exclusive bool) error {
	how := unix.LOCK_SH
	if exclusive {
		how = unix.LOCK_EX
	}
	for end := time.Now().Add(lockTime); ; time.Sleep(lockTime / 20) {
		err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("it is in use by another process. %s", advice.OtherStore)
		}
	}
}

// again is another descriptor of the same open file, which has its lock.
func again(f *os.File) (*os.File, error) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("dup", err)
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
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
	return fmt.Errorf("%w: %s: %w. %s", ErrDamaged, path, err, advice.MoveStore.WithWord("file", path))
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

// Load returns all records, or none if there is a Doubt.
func (b *Bolt) Load(_ context.Context) ([]Record, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.db == nil || b.stale {
		return nil, b.lost
	}
	var recs []Record
	err := guard(b.path, func() error {
		return b.db.View(func(tx *bbolt.Tx) (err error) {
			recs, err = b.records(tx)
			return err
		})
	})
	return recs, err
}

// records reads all records, and holds them against the seal.
func (b *Bolt) records(tx *bbolt.Tx) (recs []Record, err error) {
	s, err := sealOf(tx)
	if err != nil {
		return nil, damaged(b.path, err)
	}
	var found seal
	if bucket := tx.Bucket(grants); bucket != nil {
		err = bucket.ForEach(func(k, v []byte) error {
			found.add(k, v)
			rec, err := decode(string(k), v, s != nil)
			recs = append(recs, rec)
			return err
		})
	}
	if err == nil && s != nil && (s.records != found.records || s.sum != found.sum) {
		err = fmt.Errorf("%d records were sealed, and there are %d others", s.records, found.records)
	}
	if err != nil {
		return nil, damaged(b.path, err)
	}
	return recs, nil
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
			s, err := sealOf(tx)
			if err == nil && s == nil {
				err = errors.New("its seal is gone")
			}
			if err != nil {
				return damaged(b.path, err)
			}
			for _, rec := range recs {
				if err := b.put(tx.Bucket(grants), s, rec); err != nil {
					return err
				}
			}
			return s.put(tx)
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
			if err := b.takeID(tx, id); err != nil {
				return err
			}
			return fill(tx, recs)
		})
	})
}

// put writes one record if the stored revision is the record's.
func (b *Bolt) put(bucket *bbolt.Bucket, s *seal, rec Record) error {
	key := []byte(rec.Cluster)
	var stored uint64
	if old := bucket.Get(key); old != nil {
		var err error
		if stored, err = revisionOf(rec.Cluster, old); err != nil {
			return damaged(b.path, err)
		}
		s.remove(key, old)
	}
	if stored != rec.Revision {
		return fmt.Errorf("cluster %q: %w", rec.Cluster, ErrChanged)
	}
	if rec.Gone {
		return bucket.Delete(key)
	}
	rec.Revision++
	v, err := encode(rec)
	if err != nil {
		return err
	}
	if err := bucket.Put(key, v); err != nil {
		return fmt.Errorf("cluster %q: %w", rec.Cluster, err)
	}
	s.add(key, v)
	return nil
}

// reopen tries whether the file can be written by now: a disk may have been
// cleared, a directory's mode mended.
func (b *Bolt) reopen() error {
	defer b.publish()
	broken := b.broken
	if b.db != nil {
		if err := b.db.Close(); err != nil {
			return err
		}
	}
	if b.lost = b.open(); b.lost != nil {
		b.broken = broken
		return b.lost
	}
	return b.broken
}

// publish lets Writable return what is broken.
func (b *Bolt) publish() {
	err := b.broken
	b.known.Store(&err)
}

// Writable implements Store. A Save on a disk that hangs does not keep it back.
func (b *Bolt) Writable() error { return *b.known.Load() }

// Away implements Store: a Bolt is where it belongs.
func (b *Bolt) Away() error { return nil }

// Return implements Store: there is nothing to move.
func (b *Bolt) Return() (moved bool, err error) { return false, nil }

// Close closes the file and lets go of its lock.
func (b *Bolt) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.db == nil {
		return nil
	}
	return b.db.Close()
}
