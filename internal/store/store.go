// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package store

import (
	"context"
	"errors"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/safedir"
)

// Record is the last grant of one cluster, with the revision under which it is stored.
type Record struct {
	Cluster  string
	Revision uint64 // 0: not stored yet
	Grant    qnet.Grant
	Gone     bool // a Save removes the record
}

// Errors that a caller tells apart. What it gets wraps them.
var (
	// ErrChanged is returned by Save when a record's revision is not the stored one: another
	// writer has changed the record. Load has what is stored now.
	ErrChanged = errors.New("store: record was changed by another writer")

	// ErrReadOnly is returned by Save when the store can't be written at all, for now: no
	// smaller Save would do better.
	ErrReadOnly = errors.New("store can't be written")

	// ErrDamaged is returned by Open, Load and Save when what is stored is not intact.
	ErrDamaged = errors.New("store is damaged")
)

// Store keeps the last grant of each cluster, in a file ([File]) or wherever else a Place is. It
// may have other writers: each record has a revision, so nobody replaces a record that it has not
// read.
//
// The arbiter calls Load, ID, Shared and Doubt after Open, and then Save, and Load after an
// ErrChanged, from one goroutine, where they may wait for a disk. It calls Return from another
// one, where it may wait, too. Writable and Away are called from any goroutine, also while a Save
// hangs, and must wait for nothing. Close comes last, when no call is under way.
type Store interface {
	// Load returns all records as they are stored at this moment, sorted by cluster name, or
	// none if there is a Doubt. Its error may wrap ErrDamaged.
	Load(ctx context.Context) ([]Record, error)

	// Save writes recs, each of another cluster, in one transaction if every stored revision
	// is the one in the record, and returns once all is where no crash of this machine can
	// lose it. Each stored revision grows by one. On an error nothing was written, or it is
	// not known what was. The error wraps ErrChanged if a revision was another one, ErrReadOnly or
	// ErrDamaged; with any other one the rest of recs may be accepted without the bad one.
	Save(ctx context.Context, recs []Record) error

	// ID tells this register from any other: it is made with it, and stored before it is
	// returned. All who share a store get the same. Zero: there is none, and none can be made
	// now.
	ID() qnet.RegisterID

	// Shared reports whether there may be other writers while this process has the store open.
	Shared() bool

	// Doubt returns why the records that were stored are not those that Load returns: the last
	// of them may have been lacking, so there are none. It is nil if they are.
	Doubt() error

	// Writable returns nil, or why a Save would fail now; that error wraps ErrReadOnly.
	Writable() error

	// Away returns why the records are kept in a temporary place, where they may be lost with
	// the service; nil if they are where they belong.
	Away() error

	// Return moves them to where they belong, if that can be written by now, and reports
	// whether it did. If not, Away says why. With true an error is about what is left of the
	// temporary place.
	Return() (moved bool, err error)

	// Close lets go of the store.
	Close() error
}

// Spare is a temporary place for records, for a process that may not write where they belong.
type Spare struct {
	Dir  string       // a directory on this machine; empty: there is none
	Make func() error // makes Dir; it is called before anything is put there
}

// Place is where a store is kept, before it is opened: what an arbiter is told of it. Its
// methods but Prepare are called by the arbiter, from one goroutine.
type Place interface {
	// String names the place for people.
	String() string

	// File is the path of a file that has to belong to the arbiter's user, for what is to be
	// done about owners and modes. It is empty if there is none.
	File() string

	// Open opens the store, and makes it if there is none. One that can't be written is no
	// error: its Writable says so. One that is not intact is ErrDamaged, and is left as it is.
	Open(ctx context.Context, spare Spare) (Store, error)

	// Prepare makes an empty store, or gives the one that is there its owner and mode. It
	// reports whether it made one, and whether one that was there had another owner or mode.
	// It is for root, who sets up what another user's arbiter will use.
	Prepare(access safedir.Access) (made, given bool, err error)
}
