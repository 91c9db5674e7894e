// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package votequorum

import (
	"reflect"
	"testing"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
)

// notices are events as a daemon sends them, and what they say.
func notices(i386 bool) []struct {
	m    qb.Message
	want Event
} {
	q := qb.NewAnswer(kindQuorum, 64, corosync.OK)
	q.U32(24, 1)
	q.U64(32, 7)
	q.U32(40, 2)
	for i, v := range []uint32{1, uint32(Member), 2, uint32(Dead)} {
		q.U32(48+4*i, v)
	}
	n := qb.NewAnswer(kindNodeList, 64, corosync.OK)
	n.U64(24, 7)
	n.U32(32, 1)
	n.U64(32+ringSeq(i386), 1<<40)
	n.U32(48, 2)
	n.U32(56, 1)
	n.U32(60, 0xffffffff)
	e := qb.NewAnswer(kindExpectedVotes, 40, corosync.OK)
	e.U64(24, 7)
	e.U32(32, 3)
	return []struct {
		m    qb.Message
		want Event
	}{
		{q, Quorum{Quorate: true, Nodes: []NodeState{{1, Member}, {2, Dead}}}},
		{n, NodeList{Ring: corosync.RingID{Node: 1, Seq: 1 << 40}, Members: []uint32{1, 0xffffffff}}},
		{e, ExpectedVotes{Votes: 3}},
		{qb.NewAnswer(7, 48, corosync.OK), nil}, // a device's extra information
	}
}

// TestParse reads events of both layouts, whole and cut short.
func TestParse(t *testing.T) {
	for _, i386 := range []bool{false, true} {
		for _, x := range notices(i386) {
			cookie, got, err := parseEvent(x.m, i386)
			if err != nil || !reflect.DeepEqual(got, x.want) || (got != nil && cookie != 7) {
				t.Errorf("got %+v with cookie %d, %v, want %+v", got, cookie, err, x.want)
			}
			for n := range x.m {
				if _, got, err := parseEvent(x.m[:n], i386); got != nil && n < 36 || (err == nil) != (got != nil || x.want == nil && n >= 4) {
					t.Errorf("%d of %d bytes are read as %+v, %v", n, len(x.m), got, err)
				}
			}
		}
	}
}

func FuzzEvent(f *testing.F) {
	for _, x := range notices(false) {
		f.Add([]byte(x.m), false)
	}
	for _, x := range notices(true) {
		f.Add([]byte(x.m), true)
	}
	f.Add([]byte{}, false)
	f.Fuzz(func(t *testing.T, b []byte, i386 bool) {
		_, e, err := parseEvent(b, i386)
		if e != nil && err != nil {
			t.Errorf("both %+v and %v", e, err)
		}
		switch e := e.(type) {
		case NodeList:
			if 4*len(e.Members) > len(b) {
				t.Errorf("%d members from %d bytes", len(e.Members), len(b))
			}
		case Quorum:
			if 8*len(e.Nodes) > len(b) {
				t.Errorf("%d nodes from %d bytes", len(e.Nodes), len(b))
			}
		}
	})
}
