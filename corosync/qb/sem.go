// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qb

import (
	"runtime"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Layout is how a daemon's compiler laid out the structures that it shares.
type Layout uint8

// The layouts of glibc. All of Corosync's own messages are alike in both.
const (
	Layout64 Layout = iota // 64-bit daemons
	Layout32               // 32-bit daemons
)

// paths returns the offset of the first path in the handshake's answer.
func (l Layout) paths() int {
	if l == Layout32 {
		return 36
	}
	return 40
}

// I386 reports whether the layout is that of a 32-bit daemon on an x86 machine,
// where 64-bit integers within votequorum's ring IDs are aligned to four bytes.
func (l Layout) I386() bool {
	return l == Layout32 && (runtime.GOARCH == "386" || runtime.GOARCH == "amd64")
}

// Offsets within a ring's header file that do not depend on the layout.
const (
	offWrite   = 0
	offRead    = 4
	offWords   = 8
	offHeader  = 12
	offData    = offHeader + pathSize
	offRefs    = 8204
	offSem     = 8208
	semShared  = 0x80 // marks a glibc semaphore that processes share
	waiter     = 1 << 32
	futexWait  = 0
	futexWake  = 1
	futexSlice = 2 // seconds of one wait; libqb looks around as often
)

// flow returns the offset of the word that regulates the flow.
func (l Layout) flow() int {
	if l == Layout32 {
		return 8224
	}
	return 8240
}

// size returns the length of a ring's header file.
func (l Layout) size() int { return l.flow() + 12 }

// semaphore is a sem_t of glibc in shared memory. One goroutine at a time waits.
type semaphore struct {
	layout Layout
	wide   *uint64 // 64: value in the low half, waiters in the high one
	word   *uint32 // the half that holds the value; 32: value<<1 | waiters are there
	marker *uint32
	count  *uint32 // 32: number of waiters
}

func u32at(b []byte, off int) *uint32 { return (*uint32)(unsafe.Pointer(&b[off])) }

// newSemaphore finds the semaphore in a ring's header, which is mapped.
func newSemaphore(header []byte, l Layout) semaphore {
	if l == Layout32 {
		return semaphore{layout: l, word: u32at(header, offSem), marker: u32at(header, offSem+4), count: u32at(header, offSem+12)}
	}
	low := offSem
	if native.Uint16([]byte{0, 1}) == 1 { // big endian
		low += 4
	}
	return semaphore{
		layout: l, wide: (*uint64)(unsafe.Pointer(&header[offSem])), word: u32at(header, low), marker: u32at(header, offSem+8),
	}
}

// post adds one and wakes a waiter.
func (s *semaphore) post() {
	if s.layout == Layout32 {
		if (atomic.AddUint32(s.word, 2)-2)&1 != 0 {
			futex(s.word, futexWake, 1)
		}
		return
	}
	if (atomic.AddUint64(s.wide, 1)-1)>>32 != 0 {
		futex(s.word, futexWake, 1)
	}
}

// value returns how often the semaphore can be taken.
func (s *semaphore) value() uint32 {
	if s.layout == Layout32 {
		return atomic.LoadUint32(s.word) >> 1
	}
	return uint32(atomic.LoadUint64(s.wide))
}

// try takes one if there is one.
func (s *semaphore) try() bool {
	if s.layout == Layout32 {
		for {
			v := atomic.LoadUint32(s.word)
			if v>>1 == 0 {
				return false
			}
			if atomic.CompareAndSwapUint32(s.word, v, v-2) {
				return true
			}
		}
	}
	for {
		v := atomic.LoadUint64(s.wide)
		if uint32(v) == 0 {
			return false
		}
		if atomic.CompareAndSwapUint64(s.wide, v, v-1) {
			return true
		}
	}
}

// wait takes one, or returns once over is set and the semaphore posted.
func (s *semaphore) wait(over *atomic.Bool) {
	if over.Load() || s.try() {
		return
	}
	s.enter()
	defer s.leave()
	for !over.Load() && !s.try() {
		s.sleep()
	}
}

func (s *semaphore) enter() {
	if s.layout == Layout32 {
		atomic.AddUint32(s.count, 1)
		return
	}
	atomic.AddUint64(s.wide, waiter)
}

func (s *semaphore) leave() {
	if s.layout == Layout32 {
		atomic.AddUint32(s.count, ^uint32(0))
		atomic.AndUint32(s.word, ^uint32(1)) // nobody else waits here
		return
	}
	atomic.AddUint64(s.wide, ^uint64(waiter-1))
}

// sleep waits until the value may have changed.
func (s *semaphore) sleep() {
	expected := uint32(0)
	if s.layout == Layout32 {
		atomic.OrUint32(s.word, 1)
		expected = 1
	}
	futex(s.word, futexWait, expected)
}

// futex waits in the kernel for a change of *w from v, or wakes v waiters. It
// may return early: the callers look again.
func futex(w *uint32, op int, v uint32) {
	slice := unix.Timespec{Sec: futexSlice}
	_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(w)), uintptr(op), uintptr(v), uintptr(unsafe.Pointer(&slice)), 0, 0)
}
