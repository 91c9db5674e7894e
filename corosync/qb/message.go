// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qb

import (
	"encoding/binary"
	"fmt"

	"github.com/quorate/quorate/corosync"
)

// Lengths in bytes of what stands before the fields of every message.
const (
	RequestHeader = 16 // id and size, eight bytes each
	AnswerHeader  = 24 // the same, and the code; also on events, and on requests of cpg's multicast
)

// nameSize is the length of the name type: u16 length, 6 bytes of gap, 256 of value.
const nameSize = 264

var native = binary.NativeEndian

// Message is a message under construction, in the byte order of the machine.
// Fields are put at their offset from the start of the message; a field that
// is not put is zero. An offset outside the message panics: it is a constant of
// the program, or was checked by it.
type Message []byte

// NewMessage returns a message of size bytes, header included.
func NewMessage(id int32, size int) Message {
	m := make(Message, size)
	native.PutUint32(m, uint32(id))
	native.PutUint32(m[8:], uint32(size))
	return m
}

// NewAnswer returns an answer of size bytes with its code. Only servers need it.
func NewAnswer(id int32, size int, code corosync.Code) Message {
	m := NewMessage(id, size)
	native.PutUint32(m[16:], uint32(code))
	return m
}

// U8 puts an 8-bit integer.
func (m Message) U8(off int, v uint8) { m[off] = v }

// U16 puts a 16-bit integer.
func (m Message) U16(off int, v uint16) { native.PutUint16(m[off:], v) }

// U32 puts a 32-bit integer.
func (m Message) U32(off int, v uint32) { native.PutUint32(m[off:], v) }

// U64 puts a 64-bit integer.
func (m Message) U64(off int, v uint64) { native.PutUint64(m[off:], v) }

// Bytes puts b.
func (m Message) Bytes(off int, b []byte) { _ = m[off : off+len(b)]; copy(m[off:], b) }

// Text puts s without a length; the zero that ends it is there already.
func (m Message) Text(off int, s string) { _ = m[off : off+len(s)]; copy(m[off:], s) }

// Name puts the name type: a length, and at most 255 bytes.
func (m Message) Name(off int, s string) {
	_ = m[off : off+nameSize]
	m.U16(off, uint16(min(len(s), 255)))
	copy(m[off+8:off+nameSize-1], s)
}

// Reader reads the fields of a message at their offsets. The first field that
// does not lie within the message makes it fail; from then on all fields are
// zero, and [Reader.Err] says so.
type Reader struct {
	b       []byte
	service string
	call    string
	err     error
}

// NewReader reads b, which is kept. Service and call are for the error.
func NewReader(service, call string, b []byte) *Reader {
	return &Reader{b: b, service: service, call: call}
}

// Err returns nil, or a [*corosync.Error] with code [corosync.ErrMessage] that
// names the first field that was not there.
func (r *Reader) Err() error { return r.err }

// Fail makes the reader fail for a reason of the caller's, unless it has failed already.
func (r *Reader) Fail(format string, args ...any) {
	if r.err == nil {
		r.err = &corosync.Error{Service: r.service, Call: r.call, Code: corosync.ErrMessage, Err: fmt.Errorf(format, args...)}
	}
}

// Len returns the length of the message in bytes.
func (r *Reader) Len() int { return len(r.b) }

// ID returns the number of the message's kind.
func (r *Reader) ID() int32 { return r.I32(0) }

// Code returns the code of an answer.
func (r *Reader) Code() corosync.Code { return corosync.Code(r.U32(16)) }

// Bytes returns n bytes of the message, not a copy; nil if they are not there.
func (r *Reader) Bytes(off, n int) []byte {
	if r.err != nil {
		return nil
	}
	if off < 0 || n < 0 || off > len(r.b) || n > len(r.b)-off {
		r.Fail("message of %d bytes lacks the %d at %d", len(r.b), n, off)
		return nil
	}
	return r.b[off : off+n : off+n]
}

// U8 returns an 8-bit integer.
func (r *Reader) U8(off int) uint8 {
	if b := r.Bytes(off, 1); b != nil {
		return b[0]
	}
	return 0
}

// U16 returns a 16-bit integer.
func (r *Reader) U16(off int) uint16 {
	if b := r.Bytes(off, 2); b != nil {
		return native.Uint16(b)
	}
	return 0
}

// U32 returns a 32-bit integer.
func (r *Reader) U32(off int) uint32 {
	if b := r.Bytes(off, 4); b != nil {
		return native.Uint32(b)
	}
	return 0
}

// I32 returns a signed 32-bit integer.
func (r *Reader) I32(off int) int32 { return int32(r.U32(off)) }

// U64 returns a 64-bit integer.
func (r *Reader) U64(off int) uint64 {
	if b := r.Bytes(off, 8); b != nil {
		return native.Uint64(b)
	}
	return 0
}

// U32s returns n 32-bit integers that stand one behind the other.
func (r *Reader) U32s(off int, n uint32) []uint32 {
	if uint64(n) > uint64(len(r.b))/4 {
		r.Fail("message of %d bytes can't hold %d entries", len(r.b), n)
		return nil
	}
	b := r.Bytes(off, 4*int(n))
	if len(b) == 0 {
		return nil
	}
	list := make([]uint32, n)
	for i := range list {
		list[i] = native.Uint32(b[4*i:])
	}
	return list
}

// Text returns the string within n bytes, up to its zero if it has one.
func (r *Reader) Text(off, n int) string {
	b := r.Bytes(off, n)
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

// Name returns a name type, whose length must be below 256.
func (r *Reader) Name(off int) string {
	n := r.U16(off)
	if n > 255 {
		r.Fail("name of %d bytes", n)
		return ""
	}
	r.Bytes(off, nameSize)
	return r.Text(off+8, int(n))
}
