// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package store

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// A file has two heads. A transaction writes its pages, syncs, writes its number and its
// root into the head of the transaction before the last, and syncs; only then does Save
// return and the ACK leave. So after each crash that spares what was synced both heads
// are intact and follow each other, or the one that was being written is torn.
//
// bbolt takes the intact head of two, and by that forgets a transaction if it was the
// newest head that the disk has damaged, and the ACK has left. A torn head, whose ACK has
// not, looks the same. So neither is loaded: it is as if nothing were on record (H6),
// which costs a hold time and needs nobody. Damage anywhere else is refused.
//
// All this is looked at before bbolt opens the file: it trusts what it reads, and may
// take all memory over a damaged list of free pages.

// errTornHead is why the records of a file are not believed.
var errTornHead = errors.New("one of the two heads of the file is damaged, so it may lack the last votes that were given")

// errBlank likewise: the machine failed before anything was recorded, or the disk has lost
// it all.
var errBlank = errors.New("there is nothing in the file, as if it had just been made")

// examine reads a file that is not empty, and changes nothing. With doubt, which is
// errTornHead or errBlank, what is in the file may not be the newest. An error says what
// is damaged.
func examine(r io.ReaderAt, size int64) (doubt, err error) {
	m, doubt := newest(r, size)
	if doubt != nil && !errors.Is(doubt, errTornHead) {
		if blank(r, size) {
			return errBlank, nil
		}
		return nil, doubt
	}
	var c contents
	g := image{r: r, size: size, meta: m, record: c.add}
	if err := g.check(); err != nil {
		if m.txid < 2 && doubt == nil {
			return errBlank, nil // the rest of a new file was not on disk yet
		}
		return nil, err
	}
	if err := complete(&g, &c); err != nil {
		return nil, err
	}
	return doubt, nil
}

// complete checks that all is there.
func complete(g *image, c *contents) error {
	has := map[string]bool{}
	for _, b := range g.buckets {
		has[b.name] = true
	}
	// The first transaction makes the buckets.
	want := []map[string]bool{{string(grants): true, string(register): true}, {string(grants): true}}
	if g.txid < 2 {
		want = []map[string]bool{{}}
	}
	if !slices.ContainsFunc(want, func(w map[string]bool) bool { return maps.Equal(has, w) }) || has[string(register)] && c.id == nil {
		return errors.New("it lacks what each store has")
	}
	return c.check(g.txid)
}

// newest returns the newest head. errTornHead says that it is the only one.
func newest(r io.ReaderAt, size int64) (meta, error) {
	first, ok := headAt(r, size, 0)
	if !ok {
		for at := int64(minPageSize); at <= maxPageSize; at *= 2 {
			if second, ok := headAt(r, size, at); ok && second.pageSize == at {
				return fitting(second, 1, errTornHead)
			}
		}
		return meta{}, errors.New("both heads of the file are damaged, or this is not a store")
	}
	second, ok := headAt(r, size, first.pageSize)
	if !ok {
		return fitting(first, 0, errTornHead)
	}
	a, err := fitting(first, 0, nil)
	if err != nil {
		return a, err
	}
	b, err := fitting(second, 1, nil)
	if err != nil {
		return b, err
	}
	switch {
	case a.pageSize != b.pageSize:
		return a, errors.New("the two heads of the file do not belong together")
	case a.txid == b.txid+1:
		return a, nil
	case b.txid == a.txid+1:
		return b, nil
	}
	return a, fmt.Errorf("the heads of the file are of transactions %d and %d, which do not follow each other", a.txid, b.txid)
}

// fitting returns a head, and err if it can be that of page.
func fitting(m meta, page uint64, err error) (meta, error) {
	if m.txid%2 != page || m.pageSize < minPageSize || m.pageSize > maxPageSize || m.pageSize&(m.pageSize-1) != 0 {
		return m, fmt.Errorf("the head in page %d is another one's", page)
	}
	return m, err
}

func headAt(r io.ReaderAt, size, at int64) (meta, bool) {
	b := make([]byte, pageHead+metaSize)
	if at < 0 || at+int64(len(b)) > size {
		return meta{}, false
	}
	if _, err := r.ReadAt(b, at); err != nil {
		return meta{}, false
	}
	return parseMeta(b)
}

// blankSize is how large a file may be of which it is found out whether it has nothing but
// zeros: a store of 1,000 clusters has less. It bounds how long the daemon reads at its start.
const blankSize = 16 << 20

// blank reports whether a file has nothing but zeros, and is not larger than a store gets.
func blank(r io.ReaderAt, size int64) bool {
	if size > blankSize {
		return false
	}
	b := make([]byte, 64<<10)
	for at := int64(0); at < size; at += int64(len(b)) {
		n, err := r.ReadAt(b, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return false
		}
		for _, c := range b[:n] {
			if c != 0 {
				return false
			}
		}
	}
	return true
}
