// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package store

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"hash/crc32"

	"go.etcd.io/bbolt"

	"github.com/quorate/quorate/internal/qnet"
)

// The register's ID is in a bucket of its own: a CRC-32C of the ID, and the ID. A
// file of before there were IDs has no such bucket and gets one.
var register, idKey = []byte("register"), []byte("id")

var errWrongID = errors.New("the register's ID has a wrong checksum")

// ID implements Store.
func (b *Bolt) ID() qnet.RegisterID {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.id
}

// readID reads the ID, if there is one.
func (b *Bolt) readID(tx *bbolt.Tx) error {
	bucket := tx.Bucket(register)
	if bucket == nil {
		return nil
	}
	v := bucket.Get(idKey)
	if !intact(nil, v) || len(v) != 4+len(b.id) {
		return damaged(b.path, errWrongID)
	}
	b.id = qnet.RegisterID(v[4:])
	return nil
}

// makeID reads the ID, or makes one. A file that was removed under a running process
// and is made anew keeps the ID that the process has told.
func (b *Bolt) makeID(tx *bbolt.Tx) error {
	if tx.Bucket(register) != nil {
		return b.readID(tx)
	}
	id := b.id
	if id.IsZero() {
		_, _ = rand.Read(id[:]) // it never fails
	}
	return b.takeID(tx, id)
}

// takeID gives the register an ID; zero leaves it the one that it has.
func (b *Bolt) takeID(tx *bbolt.Tx, id qnet.RegisterID) error {
	if id.IsZero() {
		return nil
	}
	bucket, err := tx.CreateBucketIfNotExists(register)
	if err != nil {
		return err
	}
	b.id = id
	return bucket.Put(idKey, append(binary.BigEndian.AppendUint32(nil, crc32.Checksum(id[:], castagnoli)), id[:]...))
}
