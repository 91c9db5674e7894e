// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package wire

import (
	"fmt"
	"math"
)

// Stream cuts the bytes of one connection into messages, however they arrive.
//
// An incomplete message is kept until the rest has come; a stream without one
// holds no memory. The body of a message that is too long, or of an unknown
// type, is dropped as it arrives, and the message is reported at its end, as
// in C.
type Stream struct {
	limit uint32 // bytes of a message with its header
	in    []byte // pushed and not yet taken; the caller's
	part  []byte // an incomplete message; ours
	skip  uint32 // bytes of body still to be dropped
	bad   *Malformed
}

// NewStream returns a stream of messages of at most limit bytes, header included.
// A limit above 2 GiB counts as that: no slice of a 32-bit machine is longer.
func NewStream(limit uint32) *Stream { return &Stream{limit: min(limit, math.MaxInt32)} }

// SetLimit changes how long a message may be, from the next one on.
func (s *Stream) SetLimit(limit uint32) { s.limit = limit }

// Push adds bytes that have arrived. p must not change until Next has returned
// false or Keep was called, and one of them must have happened before the next Push.
func (s *Stream) Push(p []byte) { s.in = p }

// Keep keeps a copy of what was pushed and not yet taken, for a caller that takes the rest
// of it later. Next goes on as before.
func (s *Stream) Keep() {
	s.part = append(s.part, s.in...)
	s.in = nil
}

// Next returns the next message, or what came in the place of one, or false
// when no more is complete.
func (s *Stream) Next() (Message, *Malformed, bool) {
	for {
		if s.bad != nil {
			if !s.drop() {
				return nil, nil, false
			}
			bad := s.bad
			s.bad = nil
			return nil, bad, true
		}
		head, ok := s.peek(HeaderSize)
		if !ok {
			return nil, nil, false
		}
		t, n := MessageType(be.Uint16(head)), be.Uint32(head[2:])
		if s.bad = s.refuse(t, n); s.bad != nil {
			s.discard(HeaderSize)
			s.skip = n
			continue
		}
		whole, ok := s.peek(HeaderSize + int(n))
		if !ok {
			return nil, nil, false
		}
		m, bad := Decode(t, whole[HeaderSize:])
		s.discard(HeaderSize + int(n))
		return m, bad, true
	}
}

// refuse says why a message must be dropped, going by its header.
func (s *Stream) refuse(t MessageType, n uint32) *Malformed {
	switch {
	case t > TypeHeuristicsChangeReply:
		return &Malformed{Fault: FaultUnknownType, Type: t, Err: fmt.Errorf("message type %d is unknown", uint16(t))}
	case uint64(n)+HeaderSize > uint64(s.limit):
		return &Malformed{Fault: FaultTooLong, Type: t, Err: fmt.Errorf("%s: %d bytes are more than %d", t, uint64(n)+HeaderSize, s.limit)}
	}
	return nil
}

// drop drops what has come of a body and reports whether that was all of it.
func (s *Stream) drop() bool {
	n := min(uint64(s.skip), uint64(len(s.part)+len(s.in)))
	s.discard(int(n))
	s.skip -= uint32(n)
	return s.skip == 0
}

// peek returns the next n bytes. Where they have not all come yet it keeps
// those that have.
func (s *Stream) peek(n int) ([]byte, bool) {
	if len(s.part) == 0 && len(s.in) >= n {
		return s.in[:n], true
	}
	if more := n - len(s.part); more > 0 {
		more = min(more, len(s.in))
		s.part = append(s.part, s.in[:more]...)
		s.in = s.in[more:]
	}
	if len(s.part) < n {
		s.in = nil
		return nil, false
	}
	return s.part[:n], true
}

// discard drops n bytes, which are there.
func (s *Stream) discard(n int) {
	if k := min(n, len(s.part)); k > 0 {
		s.part = s.part[k:]
		n -= k
	}
	if len(s.part) == 0 {
		s.part = nil
	}
	s.in = s.in[n:]
	if len(s.in) == 0 {
		s.in = nil
	}
}

// Buffered returns how many bytes of an incomplete message are kept.
func (s *Stream) Buffered() int { return len(s.part) }

// Rest returns the bytes that have arrived and were not taken, and forgets them.
func (s *Stream) Rest() []byte {
	rest := append(append([]byte(nil), s.part...), s.in...)
	s.part, s.in = nil, nil
	return rest
}
