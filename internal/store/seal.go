// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"go.etcd.io/bbolt"

	"github.com/quorate/quorate/internal/qnet"
)

// A seal says what is in the file: each transaction writes it with its own number, so
// that a page that is missing, old or another one's is found even where it is intact.
// It is in the bucket of the ID, which is in the root page that each transaction writes
// anyway. A file of before there were seals gets one when it is opened, and then the
// checksums of its records cover their names, too.
type seal struct {
	txid    uint64 // of the transaction that wrote it
	records uint64
	sum     uint64 // of hashOf of all records
}

var sealKey = []byte("seal")

const sealSize = 4 + 3*8 // bytes

// hashOf tells a record from any other. That of a file is the sum of all, which a Save
// can bring up to date without reading them.
func hashOf(cluster, value []byte) uint64 {
	h := sha256.New()
	_, _ = h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(cluster))))
	_, _ = h.Write(cluster)
	_, _ = h.Write(value)
	return binary.BigEndian.Uint64(h.Sum(nil))
}

func (s *seal) add(cluster, value []byte) {
	s.records, s.sum = s.records+1, s.sum+hashOf(cluster, value)
}

func (s *seal) remove(cluster, value []byte) {
	s.records, s.sum = s.records-1, s.sum-hashOf(cluster, value)
}

// encode returns the seal as it is on disk: a CRC-32C of the rest and of the ID, the
// transaction, the number of records, their sum.
func (s seal) encode(id []byte) []byte {
	b := make([]byte, 4, sealSize)
	for _, n := range []uint64{s.txid, s.records, s.sum} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	binary.BigEndian.PutUint32(b, crc32.Update(crc32.Checksum(b[4:], castagnoli), castagnoli, id))
	return b
}

// parseSeal reads the seal of a register with that ID, as it is on disk.
func parseSeal(b, id []byte) (s seal, err error) {
	if len(b) != sealSize {
		return s, fmt.Errorf("the seal has %d bytes", len(b))
	}
	n := binary.BigEndian
	s = seal{n.Uint64(b[4:]), n.Uint64(b[12:]), n.Uint64(b[20:])}
	if !bytes.Equal(s.encode(id), b) {
		return s, errors.New("the seal has a wrong checksum")
	}
	return s, nil
}

// sealOf reads the seal that a transaction finds; nil if the file has none yet.
func sealOf(tx *bbolt.Tx) (*seal, error) {
	bucket := tx.Bucket(register)
	if bucket == nil || bucket.Get(sealKey) == nil {
		return nil, nil
	}
	s, err := parseSeal(bucket.Get(sealKey), bucket.Get(idKey))
	return &s, err
}

// put writes the seal of a transaction that writes.
func (s seal) put(tx *bbolt.Tx) error {
	s.txid = uint64(tx.ID())
	bucket := tx.Bucket(register)
	return bucket.Put(sealKey, s.encode(bucket.Get(idKey)))
}

// fill makes recs, with their revisions, all that is stored.
func fill(tx *bbolt.Tx, recs []Record) error {
	if tx.Bucket(grants) != nil {
		if err := tx.DeleteBucket(grants); err != nil {
			return err
		}
	}
	bucket, err := tx.CreateBucket(grants)
	if err != nil {
		return err
	}
	var s seal
	for _, rec := range recs {
		v, err := encode(rec)
		if err != nil {
			return err
		}
		if err := bucket.Put([]byte(rec.Cluster), v); err != nil {
			return fmt.Errorf("cluster %q: %w", rec.Cluster, err)
		}
		s.add([]byte(rec.Cluster), v)
	}
	return s.put(tx)
}

// contents is what a file has, as an image tells it.
type contents struct {
	id, seal []byte // nil: none
	found    seal   // what the records come to
	bad      error  // the first record with a wrong checksum, if there is a seal
	old      error  // likewise if there is none
}

// add is an image's record.
func (c *contents) add(bucket string, key, value []byte) error {
	switch {
	case bucket == string(grants):
		c.found.add(key, value)
		if c.bad == nil && !intact(key, value) {
			c.bad = wrongSum(string(key))
		}
		if c.old == nil && !intact(nil, value) {
			c.old = wrongSum(string(key))
		}
	case bucket == string(register) && bytes.Equal(key, idKey):
		if c.id = bytes.Clone(value); !intact(nil, value) || len(value) != 4+len(qnet.RegisterID{}) {
			return errWrongID
		}
	case bucket == string(register) && bytes.Equal(key, sealKey):
		c.seal = bytes.Clone(value)
	default:
		return fmt.Errorf("%.20q is none of a store's", key)
	}
	return nil
}

// check holds what was found against the seal, and the seal against the transaction that
// the head of the file names.
func (c *contents) check(txid uint64) error {
	if c.seal == nil {
		return c.old
	}
	s, err := parseSeal(c.seal, c.id)
	if err != nil {
		return err
	}
	c.found.txid = txid
	if s != c.found {
		return fmt.Errorf("transaction %d sealed %d records, and there are %d others of transaction %d", s.txid, s.records, c.found.records, txid)
	}
	return c.bad
}
