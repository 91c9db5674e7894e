// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package quorum

import (
	"reflect"
	"testing"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
)

// nodeList is an event as a daemon sends it.
func nodeList() qb.Message {
	m := qb.NewAnswer(kindNodeList, 64+4*4, corosync.OK)
	m.U32(24, 1)
	m.U64(32, 12)
	m.U32(40, 2)
	m.U32(48, 1)
	m.U32(56, 1)
	for i, id := range []uint32{1, 3, 3, 2} {
		m.U32(60+4*i, id)
	}
	return m
}

// TestShort reads an event that lacks something.
func TestShort(t *testing.T) {
	m := nodeList()
	want := NodeList{Ring: corosync.RingID{Node: 1, Seq: 12}, Members: []uint32{1, 3}, Joined: []uint32{3}, Left: []uint32{2}}
	if got, err := parseEvent(m); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for n := range len(m) - 4 { // the last four are a gap
		if got, err := parseEvent(m[:n]); got != nil || err == nil && n >= 4 {
			t.Errorf("%d of %d bytes are read as %+v", n, len(m), got)
		}
	}
}

func FuzzEvent(f *testing.F) {
	f.Add([]byte(nodeList()))
	q := qb.NewAnswer(kindQuorum, 60, corosync.OK)
	q.U32(48, 1)
	f.Add([]byte(q))
	q = qb.NewAnswer(kindOldQuorum, 52, corosync.OK)
	q.U32(40, 1)
	f.Add([]byte(q))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := parseEvent(b)
		if e != nil && err != nil {
			t.Errorf("both %+v and %v", e, err)
		}
		if n, ok := e.(NodeList); ok && 4*(len(n.Members)+len(n.Joined)+len(n.Left)) > len(b) {
			t.Errorf("%+v from %d bytes", n, len(b))
		}
	})
}
