// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package store

import (
	"context"
	"errors"

	"github.com/quorate/quorate/internal/qnet"
)

// Record is the last grant of one cluster, with the revision under which it is stored.
type Record struct {
	Cluster  string
	Revision uint64 // 0: not stored yet
	Grant    qnet.Grant
	Gone     bool // a Save removes the record
}

// ErrChanged is returned by Save when a record's revision is not the stored one.
var ErrChanged = errors.New("store: record was changed by another writer")

// Store keeps the last grant of each cluster.
type Store interface {
	// Load returns all records, sorted by cluster name.
	Load(ctx context.Context) ([]Record, error)

	// ID tells this register from any other: it is made with it, and on disk before
	// it is returned. Zero: there is none, and none can be made now.
	ID() qnet.RegisterID

	// Save writes recs in one transaction if every stored revision is the
	// one in the record, and returns once all is on disk. Each stored
	// revision grows by one. On an error nothing was written.
	Save(ctx context.Context, recs []Record) error

	Close() error
}
