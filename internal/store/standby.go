// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"syscall"

	"github.com/quorate/quorate/internal/qnet"
)

// Standby is a Store for a process that may not be allowed to write where its
// grants belong. Then, and if there is no record at that place, they are kept in
// a second file until Return finds that the first one can be written. Its
// methods may be called from several goroutines.
//
// A record that could not be brought up to date would be worse than none once
// the second file is lost: it names holders that are not the last ones. So where
// there is a record that can't be written, nothing is kept elsewhere, and Save
// fails as [Bolt]'s does.
type Standby struct {
	path, second string

	mu   sync.RWMutex // written by Return: a Save on a disk that hangs keeps nobody else back
	cur  *Bolt
	away error // see Away
}

// OpenStandby opens the store at path as Open does, or the one at second while
// path is free of records and may not be written (EACCES or EROFS; a full disk is
// no reason). Before that it calls makeDir, which makes the directory of second;
// after an error of that the store at path stays in use, and can't be written.
// What an earlier process left in second is taken up into path, in one
// transaction, unless there are records, or a Doubt of those that were there: they may
// be newer.
func OpenStandby(path, second string, makeDir func() error) (*Standby, error) {
	s := &Standby{path: path, second: second}
	first, err := Open(path)
	if err != nil {
		return nil, err
	}
	recs, err := first.Load(context.Background())
	if err != nil {
		return nil, errors.Join(err, first.Close())
	}
	s.cur = first
	why := first.Writable()
	switch {
	case why == nil:
		err = s.mergeSecond(len(recs) > 0 || first.Doubt() != nil)
	case len(recs) == 0 && first.Doubt() == nil && Forbidden(why) && free(path):
		if makeDir() == nil {
			err = s.useSecond(why)
		}
	}
	if err != nil {
		return nil, errors.Join(err, s.cur.Close())
	}
	return s, nil
}

// Forbidden reports whether err means that a place may not be written by this
// process, as opposed to a disk that is full or broken.
func Forbidden(err error) bool {
	return errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EROFS)
}

// free reports whether it is certain that there is no record at path, where Load
// found none.
func free(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		info, lerr := os.Lstat(path)
		return errors.Is(lerr, fs.ErrNotExist) || lerr == nil && info.Mode().IsRegular() && info.Size() == 0
	}
	_ = f.Close() // Load has read it
	return true
}

// useSecond opens the second file. Where that can't be written either, the first
// one stays in use, and says why.
func (s *Standby) useSecond(why error) error {
	second, err := Open(s.second)
	if err != nil {
		return err
	}
	if err := second.Writable(); err != nil {
		return second.Close()
	}
	err = s.cur.Close()
	s.cur, s.away = second, why
	return err
}

// mergeSecond empties the second file, if there is one, into the first, which is
// writable.
func (s *Standby) mergeSecond(newer bool) error {
	if _, err := os.Lstat(s.second); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	if newer {
		return os.Remove(s.second)
	}
	second, err := Open(s.second)
	if err != nil {
		return err
	}
	recs, err := second.Load(context.Background())
	if err == nil {
		err = s.cur.replace(recs, second.ID())
	}
	if err = errors.Join(err, second.Close()); err != nil {
		return err
	}
	return os.Remove(s.second)
}

// Away implements Store: it is why the grants are in the second file.
func (s *Standby) Away() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.away
}

// Return implements Store: it moves the grants to the first file. What was there is replaced:
// the records of the running process are the newest.
func (s *Standby) Return() (moved bool, err error) {
	if s.Away() == nil {
		return false, nil
	}
	defer func() {
		if !moved {
			s.mu.Lock()
			s.away = err
			s.mu.Unlock()
		}
	}()
	first, err := Open(s.path) // may wait for a lock: nobody is kept from saving meanwhile
	if err != nil {
		return false, err
	}
	if err := first.Writable(); err != nil {
		return false, errors.Join(err, first.Close())
	}
	if _, err = first.Load(context.Background()); err == nil { // it checks the whole file
		err = s.swap(first)
	}
	if err != nil {
		return false, errors.Join(err, first.Close())
	}
	return true, os.Remove(s.second)
}

// swap puts first, with all records, in the place of the second file.
func (s *Standby) swap(first *Bolt) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	recs, err := s.cur.Load(context.Background())
	if err == nil {
		err = first.replace(recs, s.cur.ID())
	}
	if err != nil {
		return err
	}
	_ = s.cur.Close() // nothing more is written to it
	s.cur, s.away = first, nil
	return nil
}

// ID implements Store. It is the same before and after Return.
func (s *Standby) ID() qnet.RegisterID {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.cur.ID()
}

// Load implements Store.
func (s *Standby) Load(ctx context.Context) ([]Record, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.cur.Load(ctx)
}

// Save implements Store.
func (s *Standby) Save(ctx context.Context, recs []Record) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.cur.Save(ctx, recs)
}

// Shared implements Store.
func (s *Standby) Shared() bool { return false }

// Doubt implements Store.
func (s *Standby) Doubt() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.cur.Doubt()
}

// Writable implements Store.
func (s *Standby) Writable() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.cur.Writable()
}

// Close implements Store.
func (s *Standby) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cur.Close()
}
