// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/quorate/quorate/internal/safedir"
)

// File is a Place: the path of a bbolt file. One process at a time has it open.
type File string

// String implements Place.
func (f File) String() string { return string(f) }

// File implements Place.
func (f File) File() string { return string(f) }

// Open implements Place.
func (f File) Open(_ context.Context, spare Spare) (Store, error) {
	if spare.Dir == "" {
		return unlessNil(Open(string(f)))
	}
	return unlessNil(OpenStandby(string(f), filepath.Join(spare.Dir, filepath.Base(string(f))), spare.Make))
}

// unlessNil returns a store as an interface, which is nil after an error.
func unlessNil[S Store](s S, err error) (Store, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Prepare implements Place. bbolt writes only to the file itself, so its directory may stay
// root's. The file must not be a link, nor have another name.
func (f File) Prepare(a safedir.Access) (made, given bool, err error) {
	path := string(f)
	r, err := safedir.Open(filepath.Dir(path))
	if err != nil {
		return false, false, err
	}
	defer r.Close()
	name := filepath.Base(path)
	_, err = r.Lstat(name)
	made = errors.Is(err, fs.ErrNotExist)
	file, err := safedir.OpenFile(r, name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return false, false, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return false, false, err
	}
	given = !made && (info.Mode() != a.Mode || safedir.UID(info) != a.UID || safedir.GID(info) != a.GID)
	if err := safedir.Own(file, a); err != nil {
		return false, false, err
	}
	_ = syncDir(filepath.Dir(path)) // an empty file that is lost is made again
	return made, given, nil
}
