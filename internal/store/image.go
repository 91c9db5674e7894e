// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
)

// The format of a bbolt file, as far as it is needed to check one. Numbers are in the
// machine's own byte order.
const (
	boltMagic   = 0xED0CDAED
	boltVersion = 2

	pageHead   = 16 // bytes: page ID, flags, number of elements, pages that follow
	metaSize   = 64 // bytes of the head of the file that are checked and used
	branchElem = 16 // bytes: position and size of the key, page
	leafElem   = 16 // bytes: flags, position, size of the key, size of the value
	bucketHead = 16 // bytes: root page, sequence

	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10
	bucketFlag   = 0x01

	minPageSize = 1 << 10
	maxPageSize = 1 << 24

	maxDepth = 32       // of a tree: with two keys a page that is more than any disk holds
	maxRun   = 64 << 20 // bytes of one page with those that follow it
)

// meta is one of the two heads of a file: transaction n writes the one in page n%2.
type meta struct {
	pageSize         int64
	root, free, high uint64 // pages: of the root bucket, of the free list, and the first one beyond all
	txid             uint64
}

// parseMeta returns the head in b, and whether it is intact as bbolt sees it.
func parseMeta(b []byte) (m meta, intact bool) {
	if len(b) < pageHead+metaSize {
		return m, false
	}
	b = b[pageHead:]
	sum := fnv.New64a()
	_, _ = sum.Write(b[:56])
	n := binary.NativeEndian
	if n.Uint32(b) != boltMagic || n.Uint32(b[4:]) != boltVersion || n.Uint64(b[56:]) != sum.Sum64() {
		return m, false
	}
	return meta{
		pageSize: int64(n.Uint32(b[8:])), root: n.Uint64(b[16:]),
		free: n.Uint64(b[32:]), high: n.Uint64(b[40:]), txid: n.Uint64(b[48:]),
	}, true
}

// image reads a bbolt file page by page, and trusts nothing in it.
type image struct {
	r    io.ReaderAt
	size int64 // bytes
	meta
	seen  []byte // a bit for each page
	count uint64 // of the bits

	buckets []bucket

	// record is called for each record of a bucket, in their order.
	record func(bucket string, key, value []byte) error
}

// bucket is what stands in the root of a file.
type bucket struct {
	name   string
	root   uint64 // page
	inline []byte // the page itself if root is 0
}

// check walks over all that belongs to the file's state, and calls record. Each page
// below the first unused one must be used once, or be on the list of free ones.
func (g *image) check() error {
	if g.high < 4 || g.high > uint64(g.size/g.pageSize) {
		return fmt.Errorf("it has %d bytes, and %d pages of %d are missing at its end or too many", g.size, g.high, g.pageSize)
	}
	g.seen = make([]byte, g.high/8+1)
	_ = g.mark(0, 2) // they are the first
	if err := g.freelist(); err != nil {
		return err
	}
	err := g.tree(g.root, 0, bounds{}, true, func(flags uint32, key, value []byte) error {
		if flags != bucketFlag || len(value) < bucketHead {
			return fmt.Errorf("%.20q in its root is not a bucket", key)
		}
		b := bucket{name: string(key), root: binary.NativeEndian.Uint64(value)}
		if b.root == 0 {
			b.inline = bytes.Clone(value[bucketHead:])
		} else if len(value) != bucketHead {
			return fmt.Errorf("bucket %.20q has a head of %d bytes", key, len(value))
		}
		g.buckets = append(g.buckets, b)
		if len(g.buckets) > 8 { // there are two
			return errors.New("it has more buckets than a store")
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, b := range g.buckets {
		if err := g.bucket(b); err != nil {
			return fmt.Errorf("bucket %.20q: %w", b.name, err)
		}
	}
	if g.count != g.high {
		return fmt.Errorf("%d of its %d pages are neither in use nor free", g.high-g.count, g.high)
	}
	return nil
}

func (g *image) bucket(b bucket) error {
	visit := func(flags uint32, key, value []byte) error {
		if flags != 0 {
			return fmt.Errorf("%.20q is not a record", key)
		}
		return g.record(b.name, key, value)
	}
	if b.root != 0 {
		return g.tree(b.root, 0, bounds{}, true, visit)
	}
	if len(b.inline) < pageHead || binary.NativeEndian.Uint64(b.inline) != 0 || binary.NativeEndian.Uint32(b.inline[12:]) != 0 {
		return errors.New("its page has a wrong head")
	}
	return leaf(b.inline, &bounds{}, true, visit)
}

// mark notes that n pages from id on are in use. Each page is in use once.
func (g *image) mark(id uint64, n int64) error {
	for i := range uint64(n) {
		p := id + i
		if p < id || p >= g.high {
			return fmt.Errorf("page %d is beyond the last one", p)
		}
		if g.seen[p/8]&(1<<(p%8)) != 0 {
			return fmt.Errorf("page %d is used twice", p)
		}
		g.seen[p/8] |= 1 << (p % 8)
		g.count++
	}
	return nil
}

// page reads a page with those that follow it, and marks them.
func (g *image) page(id uint64) ([]byte, error) {
	if id < 2 || id >= g.high {
		return nil, fmt.Errorf("page %d does not exist", id)
	}
	head := make([]byte, pageHead)
	if err := g.read(head, id); err != nil {
		return nil, err
	}
	if got := binary.NativeEndian.Uint64(head); got != id {
		return nil, fmt.Errorf("page %d says that it is page %d", id, got)
	}
	n := int64(binary.NativeEndian.Uint32(head[12:])) + 1
	if n > maxRun/g.pageSize || uint64(n) > g.high-id {
		return nil, fmt.Errorf("page %d goes on for %d pages", id, n)
	}
	if err := g.mark(id, n); err != nil {
		return nil, err
	}
	b := make([]byte, n*g.pageSize)
	return b, g.read(b, id)
}

func (g *image) read(b []byte, id uint64) error {
	if _, err := g.r.ReadAt(b, int64(id)*g.pageSize); err != nil {
		return fmt.Errorf("page %d can't be read: %w", id, err)
	}
	return nil
}

// freelist marks the free pages.
func (g *image) freelist() error {
	b, err := g.page(g.free)
	if err != nil {
		return fmt.Errorf("list of free pages: %w", err)
	}
	n := binary.NativeEndian
	if n.Uint16(b[8:]) != freelistPage {
		return errors.New("list of free pages: it is another kind of page")
	}
	ids, count := b[pageHead:], uint64(n.Uint16(b[10:]))
	if count == 0xffff { // then the number comes first
		count, ids = n.Uint64(ids), ids[8:]
	}
	if count > uint64(len(ids)/8) {
		return fmt.Errorf("list of free pages: there is no room for %d", count)
	}
	last := uint64(1)
	for i := range count {
		id := n.Uint64(ids[i*8:])
		if id <= last {
			return fmt.Errorf("list of free pages: page %d comes after page %d", id, last)
		}
		if err := g.mark(id, 1); err != nil {
			return fmt.Errorf("list of free pages: %w", err)
		}
		last = id
	}
	return nil
}

// bounds are those of a page's keys; nil is none.
type bounds struct {
	least []byte // and all keys are at least that
	limit []byte // and less than that
	last  []byte // and greater than that, the key before
}

// next takes the next key.
func (w *bounds) next(key []byte) error {
	if len(key) == 0 || bytes.Compare(key, w.least) < 0 || w.limit != nil && bytes.Compare(key, w.limit) >= 0 ||
		w.last != nil && bytes.Compare(key, w.last) <= 0 {
		return fmt.Errorf("key %.20q is out of order", key)
	}
	w.last = key
	return nil
}

// visitor is called for each element of a tree's leaves.
type visitor func(flags uint32, key, value []byte) error

// tree walks over the pages from id on, whose keys are within w.
func (g *image) tree(id uint64, depth int, w bounds, root bool, visit visitor) error {
	if depth > maxDepth {
		return errors.New("its pages lie too deep")
	}
	b, err := g.page(id)
	if err != nil {
		return err
	}
	switch flags := binary.NativeEndian.Uint16(b[8:]); flags {
	case leafPage:
		err = leaf(b, &w, root, visit)
	case branchPage:
		err = g.branch(b, depth, w, visit)
	default:
		err = fmt.Errorf("it is of the unknown kind %#x", flags)
	}
	if err != nil && depth == 0 {
		return fmt.Errorf("page %d: %w", id, err)
	}
	return err
}

// branch walks over the pages below one. The keys of each are not less than its own key
// here, and less than the next one's.
func (g *image) branch(b []byte, depth int, w bounds, visit visitor) error {
	n := binary.NativeEndian
	count := int(n.Uint16(b[10:]))
	if count == 0 || pageHead+count*branchElem > len(b) {
		return fmt.Errorf("there are %d pages below it", count)
	}
	key := func(i int) ([]byte, error) {
		at := pageHead + i*branchElem
		return cut(b, at, n.Uint32(b[at:]), n.Uint32(b[at+4:]), pageHead+count*branchElem)
	}
	for i := range count {
		k, err := key(i)
		if err == nil {
			err = w.next(k)
		}
		if err != nil {
			return err
		}
		below := bounds{least: k, limit: w.limit}
		if i+1 < count {
			if below.limit, err = key(i + 1); err != nil {
				return err
			}
		}
		if err := g.tree(n.Uint64(b[pageHead+i*branchElem+8:]), depth+1, below, false, visit); err != nil {
			return err
		}
	}
	return nil
}

// leaf visits the elements of a page. That of a root may be empty.
func leaf(b []byte, w *bounds, root bool, visit visitor) error {
	n := binary.NativeEndian
	if n.Uint16(b[8:]) != leafPage {
		return errors.New("it is not a leaf")
	}
	count := int(n.Uint16(b[10:]))
	table := pageHead + count*leafElem
	if count == 0 && !root || table > len(b) {
		return fmt.Errorf("it has %d elements", count)
	}
	for i := range count {
		at := pageHead + i*leafElem
		ksize, vsize := n.Uint32(b[at+8:]), n.Uint32(b[at+12:])
		if uint64(ksize)+uint64(vsize) > uint64(len(b)) {
			return fmt.Errorf("element %d has %d and %d bytes", i, ksize, vsize)
		}
		kv, err := cut(b, at, n.Uint32(b[at+4:]), ksize+vsize, table)
		if err != nil {
			return err
		}
		if err := w.next(kv[:ksize]); err != nil {
			return err
		}
		if err := visit(n.Uint32(b[at:]), kv[:ksize], kv[ksize:]); err != nil {
			return err
		}
	}
	return nil
}

// cut returns size bytes of a page, pos after the element at at. They lie behind the
// table of elements.
func cut(b []byte, at int, pos, size uint32, table int) ([]byte, error) {
	from := uint64(at) + uint64(pos)
	to := from + uint64(size)
	if from < uint64(table) || to > uint64(len(b)) {
		return nil, fmt.Errorf("the element at %d lies outside of its page", at)
	}
	return b[from:to:to], nil
}
