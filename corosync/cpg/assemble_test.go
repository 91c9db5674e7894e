// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cpg

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
)

// TestAssembleHistories plays random senders, some of which give up, or go and come
// again, to two members, one of which joins late: each gets every whole message
// that was begun after its join, and nothing else.
func TestAssembleHistories(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		senders := []Address{{1, 10}, {1, 11}, {2, 10}}
		everybody := Membership{Members: senders}
		early, late, joined := newAssembler(), newAssembler(), false
		early.change(everybody)
		rest := map[Address][]byte{}  // what each sender has still to send
		whole := map[Address][]byte{} // the message that it is part of
		since := map[Address]bool{}   // it was begun after the late one's join
		for range 200 {
			from := senders[rnd.IntN(len(senders))]
			switch rnd.IntN(10) {
			case 0: // goes and comes again
				delete(rest, from)
				gone := Membership{Members: senders, Left: []Change{{from, NodeDown}}}
				early.change(gone)
				if joined {
					late.change(gone)
				}
			case 1:
				joined = true
				late.change(everybody)
			case 2: // gives up
				delete(rest, from)
			}
			part := uint32(middle)
			if len(rest[from]) == 0 {
				whole[from] = make([]byte, 2+rnd.IntN(50))
				for i := range whole[from] {
					whole[from][i] = byte(rnd.Uint32())
				}
				rest[from], part, since[from] = whole[from], first, joined
			}
			n := 1 + rnd.IntN(len(rest[from]))
			if n == len(rest[from]) && part == first {
				n-- // in one piece it would be no long message
			} else if n == len(rest[from]) {
				part = last
			}
			f := fragment{from: from, total: uint32(len(whole[from])), part: part, data: rest[from][:n]}
			rest[from] = rest[from][n:]
			for _, a := range []*assembler{early, late} {
				want := part == last && (a == early || since[from])
				m, complete, err := a.add(f)
				if err != nil || complete != want || complete && (m.From != from || !bytes.Equal(m.Data, whole[from])) {
					t.Fatalf("seed %d, late %v: %+v gives %+v, %v, %v", seed, a == late, f, m, complete, err)
				}
			}
		}
	}
}

// TestAssembleNonsense: what can't be a message is an error, and keeps no memory.
func TestAssembleNonsense(t *testing.T) {
	from := Address{1, 10}
	for name, x := range map[string]struct {
		f    fragment
		code corosync.Code
	}{
		"huge":     {fragment{from, MaxMessage + 1, first, make([]byte, 10)}, corosync.ErrTooBig},
		"too much": {fragment{from, 5, first, make([]byte, 6)}, corosync.ErrMessage},
		"more":     {fragment{from, 10, middle, make([]byte, 8)}, corosync.ErrMessage},
		"less":     {fragment{from, 10, last, make([]byte, 6)}, corosync.ErrMessage},
	} {
		a := newAssembler()
		a.change(Membership{Members: []Address{from}})
		if _, _, err := a.add(fragment{from, 10, first, make([]byte, 3)}); err != nil {
			t.Fatal(err)
		}
		if _, complete, err := a.add(x.f); !errors.Is(err, x.code) || complete {
			t.Errorf("%s: %v, %v", name, complete, err)
		}
	}
	a := newAssembler()
	if _, _, err := a.add(fragment{from, 10, first, make([]byte, 3)}); err != nil || len(a.parts) != 0 {
		t.Errorf("a stranger: %v, %v", a.parts, err)
	}
}

// sample is an event as a daemon sends it, and what it says.
type sample struct {
	want Event
	m    qb.Message
}

// samples has one of each kind.
func samples() []sample {
	message := qb.NewAnswer(kindMessage, offData+2, corosync.OK)
	message.U32(160, 2)
	message.U32(168, 1)
	message.U32(176, 10)
	message.Text(offData, "hi")
	part := qb.NewAnswer(kindFragment, offFragment+2, corosync.OK)
	part.U32(160, 9)
	part.U32(168, 2)
	part.U32(176, 1)
	part.U32(184, 10)
	part.U32(192, last)
	part.Text(offFragment, "hi")
	members := qb.NewAnswer(kindMembership, offAddresses+4*addressLength, corosync.OK)
	members.U32(offCounts, 2)
	members.U32(offCounts+8, 1)
	members.U32(offCounts+16, 1)
	for i, c := range []Change{{Address{1, 10}, 0}, {Address{2, 20}, 0}, {Address{3, 30}, NodeDown}, {Address{2, 20}, Joined}} {
		members.U32(offAddresses+addressLength*i, c.Node)
		members.U32(offAddresses+addressLength*i+8, c.PID)
		members.U32(offAddresses+addressLength*i+16, uint32(c.Reason))
	}
	ring := qb.NewAnswer(kindRing, 56, corosync.OK)
	ring.U32(24, 1)
	ring.U64(32, 8)
	ring.U32(40, 2)
	ring.U32(44, 1)
	ring.U32(48, 2)
	return []sample{
		{Message{From: Address{1, 10}, Data: []byte("hi")}, message},
		{fragment{from: Address{1, 10}, total: 9, part: last, data: []byte("hi")}, part},
		{Membership{
			Members: []Address{{1, 10}, {2, 20}}, Left: []Change{{Address{3, 30}, NodeDown}}, Joined: []Change{{Address{2, 20}, Joined}},
		}, members},
		{Ring{Ring: corosync.RingID{Node: 1, Seq: 8}, Members: []uint32{1, 2}}, ring},
	}
}

// TestParse reads events, whole and cut short.
func TestParse(t *testing.T) {
	for _, x := range samples() {
		if got, err := parseEvent(x.m); err != nil || !reflect.DeepEqual(got, x.want) {
			t.Errorf("got %+v, %v, want %+v", got, err, x.want)
		}
		for n := range x.m {
			if got, err := parseEvent(x.m[:n]); got != nil && n < len(x.m)-4 || n >= 4 && (got == nil) == (err == nil) {
				t.Errorf("%d of %d bytes are read as %+v, %v", n, len(x.m), got, err)
			}
		}
	}
}

func FuzzEvent(f *testing.F) {
	for _, x := range samples() {
		f.Add([]byte(x.m))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := parseEvent(b)
		if e != nil && err != nil {
			t.Errorf("both %+v and %v", e, err)
		}
		switch e := e.(type) {
		case Membership:
			if addressLength*(len(e.Members)+len(e.Joined)+len(e.Left)) > len(b) {
				t.Errorf("%+v from %d bytes", e, len(b))
			}
		case fragment:
			a := newAssembler()
			a.change(Membership{Members: []Address{e.from}})
			if _, complete, err := a.add(e); complete || err == nil && e.part == first && len(a.parts[e.from]) != len(e.data) {
				t.Errorf("%+v: %v, %v", e, complete, err)
			}
		}
	})
}

// FuzzAnswers reads the answers that have lists and names.
func FuzzAnswers(f *testing.F) {
	m := qb.NewAnswer(kindMembersAnswer, 9248, corosync.OK)
	m.U32(24, 2)
	f.Add([]byte(m))
	m = qb.NewAnswer(kindNextAnswer, 168, corosync.OK)
	putName(m, 24, "group")
	f.Add([]byte(m))
	f.Fuzz(func(t *testing.T, b []byte) {
		if list, err := parseMembers(qb.NewReader(service, "", b)); len(list)*addressLength > len(b) || err != nil && list != nil {
			t.Errorf("%v, %v", list, err)
		}
		if p, err := parseProcess(qb.NewReader(service, "", b)); err == nil && len(p.Group) > MaxGroup {
			t.Errorf("%+v", p)
		}
	})
}
