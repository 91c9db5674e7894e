// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cpg

import (
	"fmt"
	"slices"

	"github.com/quorate/quorate/corosync"
)

// Which part of a long message a fragment is.
const (
	first  = 1
	middle = 2
	last   = 3
)

// assembler puts long messages together. A sender's fragments come in their order,
// with those of others in between.
type assembler struct {
	members map[Address]bool
	parts   map[Address][]byte // what has come of each sender's message
}

func newAssembler() *assembler {
	return &assembler{members: map[Address]bool{}, parts: map[Address][]byte{}}
}

// change takes note of a new membership. What those who went have left
// unfinished is dropped: nobody gets it.
func (a *assembler) change(m Membership) {
	clear(a.members)
	for _, x := range m.Members {
		a.members[x] = true
	}
	for x := range a.parts {
		if !a.members[x] || slices.ContainsFunc(m.Left, func(c Change) bool { return c.Address == x }) {
			delete(a.parts, x)
		}
	}
}

// add takes a fragment, and returns the message that it completes. A fragment
// whose message began before this member joined is passed over, and a message whose
// sender has begun another one is dropped.
func (a *assembler) add(f fragment) (m Message, complete bool, err error) {
	buf, begun := a.parts[f.from]
	if f.part == first {
		buf, begun = nil, a.members[f.from]
	}
	if !begun {
		return Message{}, false, nil
	}
	if f.total > MaxMessage {
		return Message{}, false, fmt.Errorf("message of %d bytes from %s, can be %d: %w", f.total, f.from, MaxMessage, corosync.ErrTooBig)
	}
	if uint64(len(buf))+uint64(len(f.data)) > uint64(f.total) || f.part == last && len(buf)+len(f.data) != int(f.total) {
		return Message{}, false, fmt.Errorf("message of %d bytes from %s has %d: %w", f.total, f.from, len(buf)+len(f.data), corosync.ErrMessage)
	}
	buf = append(buf, f.data...)
	if f.part != last {
		a.parts[f.from] = buf
		return Message{}, false, nil
	}
	delete(a.parts, f.from)
	return Message{From: f.from, Data: buf}, true, nil
}
