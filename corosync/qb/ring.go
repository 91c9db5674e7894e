// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/quorate/quorate/corosync"
)

// Words that say in what state a chunk of a ring is.
const (
	chunkWriting = 0xA110CED0
	chunkValid   = 0xA1A1A1A1
	chunkDead    = 0xD0D0D0D0
)

// chunkSpace is what has to be free beyond a chunk's bytes to write it.
const chunkSpace = 12

// maxWords bounds the length of a ring that is mapped, in words of four bytes.
const maxWords = maxGrant

// Ring is one of the rings in shared memory over which messages go, one way.
// One goroutine may write and one may read at a time. Clients get it with their
// [Conn]; by itself it is of use to a server for tests.
type Ring struct {
	path   string
	layout Layout
	header []byte
	data   []byte
	words  uint32
	sem    semaphore
	over   atomic.Bool
}

// errInterrupted is returned by Read after Interrupt.
var errInterrupted = errors.New("interrupted")

// CreateRing makes a ring for messages of size bytes in two new files, path and
// "-header" and "-data". Only servers do that.
func CreateRing(path string, size int, l Layout) (*Ring, error) {
	page := os.Getpagesize()
	bytes := (size + chunkSpace + 1 + page - 1) / page * page
	if size < 0 || bytes/4 > maxWords {
		return nil, fmt.Errorf("ring of %d bytes", size)
	}
	r := &Ring{path: path, layout: l, words: uint32(bytes / 4)}
	var err error
	if r.header, err = mapFile(path+"-header", l.size(), true); err != nil {
		return nil, err
	}
	if r.data, err = mapFile(path+"-data", bytes, true); err != nil {
		r.Release()
		return nil, err
	}
	*u32at(r.header, offWords) = r.words
	copy(r.header[offHeader:offData-1], path+"-header")
	copy(r.header[offData:offData+pathSize-1], path+"-data")
	r.sem = newSemaphore(r.header, l)
	*r.sem.marker = semShared
	atomic.StoreUint32(u32at(r.header, offRefs), 1)
	return r, nil
}

// OpenRing attaches to a ring that a server has made.
func OpenRing(path string, l Layout) (*Ring, error) {
	r := &Ring{path: path, layout: l}
	var err error
	if r.header, err = mapFile(path+"-header", l.size(), false); err != nil {
		return nil, err
	}
	if err = r.attach(); err != nil {
		r.Release()
		return nil, fmt.Errorf("ring %s: %w", filepath.Base(path), err)
	}
	return r, nil
}

// attach checks what the header says and maps the data.
func (r *Ring) attach() error {
	r.words = atomic.LoadUint32(u32at(r.header, offWords))
	if r.words < 4 || r.words > maxWords {
		return fmt.Errorf("%d words long: %w", r.words, corosync.ErrNotSupported)
	}
	rd := NewReader("", "", r.header)
	if got := rd.Text(offData, pathSize); got != r.path+"-data" {
		return fmt.Errorf("its data is in %.200q: %w", got, corosync.ErrMessage)
	}
	r.sem = newSemaphore(r.header, r.layout)
	if m := atomic.LoadUint32(r.sem.marker); m != semShared {
		return fmt.Errorf("semaphore of another C library (%#x): %w", m, corosync.ErrNotSupported)
	}
	var err error
	if r.data, err = mapFile(r.path+"-data", int(r.words)*4, false); err != nil {
		return err
	}
	atomic.AddUint32(u32at(r.header, offRefs), 1)
	return nil
}

// mapFile maps size bytes of a file, which has to have them. If create is set
// the file is made, and must not exist.
func mapFile(path string, size int, create bool) ([]byte, error) {
	flags := unix.O_RDWR | unix.O_CLOEXEC | unix.O_NOFOLLOW
	if create {
		flags |= unix.O_CREAT | unix.O_EXCL
	}
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if create {
		if err := f.Truncate(int64(size)); err != nil {
			return nil, err
		}
	}
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() || st.Size() < int64(size) {
		return nil, &fs.PathError{Op: "map", Path: path, Err: fmt.Errorf("%d bytes, wants %d: %w", st.Size(), size, corosync.ErrMessage)}
	}
	return unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
}

func (r *Ring) word(i uint32) *uint32 { return u32at(r.data, int(i%r.words)*4) }

// pointers returns where is written and read next, as word indexes.
func (r *Ring) pointers() (w, rd uint32, err error) {
	w, rd = atomic.LoadUint32(u32at(r.header, offWrite)), atomic.LoadUint32(u32at(r.header, offRead))
	if w >= r.words || rd >= r.words {
		return 0, 0, fmt.Errorf("ring: pointers %d and %d of %d words: %w", w, rd, r.words, corosync.ErrMessage)
	}
	return w, rd, nil
}

// Write puts one message into the ring. If there is no room the error is
// [corosync.ErrTryAgain].
func (r *Ring) Write(b []byte) error {
	w, rd, err := r.pointers()
	if err != nil {
		return err
	}
	free := uint64(rd+r.words-w) % uint64(r.words) * 4
	if w == rd && r.sem.value() == 0 {
		free = uint64(r.words) * 4
	}
	if free < uint64(len(b))+chunkSpace {
		return corosync.ErrTryAgain
	}
	atomic.StoreUint32(r.word(w), 0)
	atomic.StoreUint32(r.word(w+1), chunkWriting)
	at := int((w+2)%r.words) * 4
	if n := copy(r.data[at:], b); n < len(b) {
		copy(r.data, b[n:])
	}
	atomic.StoreUint32(r.word(w), uint32(len(b)))
	atomic.StoreUint32(u32at(r.header, offWrite), (w+2+uint32(len(b)+3)/4)%r.words)
	atomic.StoreUint32(r.word(w+1), chunkValid)
	r.sem.post()
	return nil
}

// Read waits for the next message of at most limit bytes, and appends it to buf.
// After Interrupt it returns an error unless there is one.
func (r *Ring) Read(buf []byte, limit int) ([]byte, error) {
	r.sem.wait(&r.over)
	b, err := r.receive(buf, limit)
	if err != nil && r.over.Load() {
		return buf, errInterrupted
	}
	return b, err
}

// TryRead is Read without the waiting: ok is false if there is no message.
func (r *Ring) TryRead(buf []byte, limit int) (b []byte, ok bool, err error) {
	if !r.sem.try() {
		return buf, false, nil
	}
	b, err = r.receive(buf, limit)
	return b, err == nil, err
}

// receive copies the next chunk, which the semaphore has promised.
func (r *Ring) receive(buf []byte, limit int) ([]byte, error) {
	_, rd, err := r.pointers()
	if err != nil {
		return buf, err
	}
	if m := atomic.LoadUint32(r.word(rd + 1)); m != chunkValid {
		r.sem.post()
		return buf, fmt.Errorf("ring: chunk marked %#x: %w", m, corosync.ErrMessage)
	}
	size := atomic.LoadUint32(r.word(rd))
	if uint64(size) > uint64(limit) || uint64(size)+8 > uint64(r.words)*4 {
		r.sem.post()
		return buf, fmt.Errorf("ring: message of %d bytes, can be %d: %w", size, limit, corosync.ErrTooBig)
	}
	at, n := int((rd+2)%r.words)*4, int(size)
	first := min(n, len(r.data)-at)
	buf = append(buf, r.data[at:at+first]...)
	buf = append(buf, r.data[:n-first]...)
	atomic.StoreUint32(r.word(rd), 0)
	atomic.StoreUint32(r.word(rd+1), chunkDead)
	atomic.StoreUint32(u32at(r.header, offRead), (rd+2+(size+3)/4)%r.words)
	return buf, nil
}

// Interrupt makes Read return, now and from now on. What is in the ring can still be read.
func (r *Ring) Interrupt() {
	r.over.Store(true)
	r.sem.post() // so that a reader that is about to sleep does not
}

// Flow returns the flow control word: 0 if requests may be sent.
func (r *Ring) Flow() uint32 { return atomic.LoadUint32(u32at(r.header, r.layout.flow())) }

// SetFlow sets the flow control word. Only servers do that.
func (r *Ring) SetFlow(v uint32) { atomic.StoreUint32(u32at(r.header, r.layout.flow()), v) }

// Release unmaps the ring. Nobody may be using it.
func (r *Ring) Release() {
	if r.header != nil {
		_ = unix.Munmap(r.header)
	}
	if r.data != nil {
		_ = unix.Munmap(r.data)
	}
	r.header, r.data = nil, nil
}

// Remove deletes the ring's files.
func (r *Ring) Remove() {
	_ = os.Remove(r.path + "-header")
	_ = os.Remove(r.path + "-data")
}
