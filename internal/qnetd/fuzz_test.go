// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/random"
	"github.com/quorate/quorate/internal/wire"
)

// fuzzed plays what a fuzzer makes up to an arbiter, and looks at what must always hold.
type fuzzed struct {
	random.Bytes // what the fuzzer has made up

	t       *testing.T
	s       *qnetd.Server
	now     time.Time
	live    map[qnetd.ConnID]string // with the cluster that it has named
	last    qnetd.ConnID
	pending map[string]qnetd.Persist // of each cluster, under way
	told    []string                 // everything that came out
}

// ids is a list of up to eight nodes, or of one too many for a cluster.
func (f *fuzzed) ids() (list qnet.NodeList) {
	bits := f.Byte()
	for i := range qnet.NodeID(8) {
		if bits>>i&1 == 1 {
			list = append(list, qnet.Node{ID: i + 1})
		}
	}
	if bits == 0xaa {
		for i := range qnet.NodeID(qnet.MaxNodes) {
			list = append(list, qnet.Node{ID: 1000 + i})
		}
	}
	return list
}

func (f *fuzzed) ring() qnet.RingID {
	c := f.Byte()
	return qnet.RingID{Node: qnet.NodeID(c&7 + 1), Seq: uint64(c >> 3)}
}

// message is one that a node sends, well-formed or not.
func (f *fuzzed) message() (wire.Message, *wire.Malformed) {
	seq := wire.Some(uint32(f.Byte()))
	switch f.Byte() % 10 {
	case 0:
		return wire.Preinit{Seq: seq, ClusterName: wire.Some(string('a' + rune(f.Byte()%2)))}, nil
	case 1:
		m := wire.Init{
			Seq: seq, NodeID: wire.Some(qnet.NodeID(f.Byte()%8 + 1)), Algorithm: wire.Some(qnet.Algorithm(f.Byte() % 5)),
			Heartbeat: wire.Some(uint32(1000 * int(f.Byte()))), RingID: wire.Some(f.ring()),
			TieBreaker: wire.Some(qnet.TieBreaker{Mode: qnet.TieBreakerMode(1 + f.Byte()%3), ID: 2}),
		}
		switch c := f.Byte(); c % 4 {
		case 1:
			m.StillCasting = wire.Some(uint8(1))
		case 2:
			m.DeviceTimeout = wire.Some(uint32(c) << 24)
		case 3:
			m.SupportedOptions = wire.Some(wire.NodeOptions())
		}
		return m, nil
	case 2, 3:
		return wire.NodeList{
			Seq: seq, ListType: wire.Some(qnet.ListType(f.Byte() % 4)), RingID: wire.Some(f.ring()), Nodes: f.ids(),
			Quorate: wire.Some(f.Byte() & 1), Heuristics: qnet.Heuristics(f.Byte() % 3),
		}, nil
	case 4:
		return wire.VoteInfoReply{Seq: seq}, nil
	case 5:
		return wire.AskForVote{Seq: seq}, nil
	case 6:
		return wire.HeuristicsChange{Seq: seq, Heuristics: qnet.Heuristics(f.Byte() % 3)}, nil
	case 7:
		return wire.SetOption{Seq: seq, Heartbeat: wire.Some(uint32(1000 * int(f.Byte()))), KeepActivePartition: wire.Some(f.Byte() & 1)}, nil
	case 8:
		return wire.EchoRequest{Seq: seq}, nil
	}
	n := min(int(f.Byte()), len(f.Bytes))
	body := f.Bytes[:n]
	f.Bytes = f.Bytes[n:]
	return wire.Decode(wire.MessageType(seq.V%18), body)
}

// turn plays one input.
func (f *fuzzed) turn() {
	c := f.Byte()
	conn := qnetd.ConnID(c>>4) + 1
	f.now = f.now.Add(time.Duration(f.Byte()) * 20 * time.Millisecond)
	switch c & 15 {
	case 0, 1:
		f.last++
		f.live[f.last] = ""
		f.step(qnetd.Connected{Conn: f.last, Addr: "192.0.2.1:1"})
	case 2:
		if _, ok := f.live[conn]; ok {
			delete(f.live, conn)
			f.step(qnetd.Disconnected{Conn: conn, Why: "gone"})
		}
	case 3:
		for _, cluster := range []string{"a", "b"} {
			if p, ok := f.pending[cluster]; ok {
				delete(f.pending, cluster)
				var err error
				if f.Byte()%4 == 0 {
					err = fmt.Errorf("no space")
				}
				f.step(qnetd.Persisted{ID: p.ID, Err: err})
			}
		}
	case 4:
		f.now = f.now.Add(time.Duration(f.Byte()) * time.Second)
		f.step(qnetd.Tick{})
	default:
		if _, ok := f.live[conn]; !ok {
			return
		}
		switch m, bad := f.message(); {
		case bad != nil:
			f.step(qnetd.Garbled{Conn: conn, Malformed: *bad})
		default:
			f.step(qnetd.Received{Conn: conn, Msg: m})
		}
	}
}

// step applies an input, and looks at what comes out.
func (f *fuzzed) step(in qnetd.Input) {
	for _, o := range f.s.Step(f.now, in) {
		f.told = append(f.told, fmt.Sprintf("%#v", o))
		switch o := o.(type) {
		case qnetd.Send:
			if _, ok := f.live[o.Conn]; !ok {
				f.t.Fatalf("%+v to a connection that is gone", o.Msg)
			}
			if b, err := wire.Append(nil, o.Msg); err != nil || len(b) > 32768 {
				f.t.Fatalf("%+v can't be sent: %d bytes, %v", o.Msg, len(b), err)
			}
		case qnetd.Close:
			delete(f.live, o.Conn)
		case qnetd.Persist:
			if _, ok := f.pending[o.Cluster]; ok {
				f.t.Fatalf("two grants of cluster %s are being written", o.Cluster)
			}
			f.pending[o.Cluster] = o
		case qnetd.Notice:
			if o.Text() == "" {
				f.t.Fatalf("an event without words: %+v", o)
			}
		}
	}
	st := f.s.Status(f.now)
	for _, cl := range st.Clusters {
		if len(cl.Holders) > qnet.MaxNodes || len(cl.Nodes) > qnet.MaxNodes {
			f.t.Fatalf("%d holders and %d nodes", len(cl.Holders), len(cl.Nodes))
		}
	}
	if at := f.s.Deadline(); !at.IsZero() && !at.After(f.now) {
		f.t.Fatalf("at %v a timer of %v is still to come", f.now, at)
	}
}

// FuzzServer plays anything that nodes can send, in any order and at any pace, to the
// arbiter machine. It may not panic, talk to connections that are gone, write two grants
// of a cluster at once, or take two histories that are equal for different ones.
func FuzzServer(f *testing.F) {
	f.Add([]byte{0, 1, 0, 1})
	// Two nodes of a cluster that come, report, get the vote and part.
	hello := func(conn, node byte) []byte {
		c := (conn-1)<<4 | 5
		return []byte{
			0, 0, c, 0, 1, 0, 0, // connect, preinit "a"
			c, 0, 2, 1, node - 1, 1, 8, 8, 0, 3, // init: ffsplit, 8 s, ring 1.1, reasons
			c, 0, 3, 2, 0, 8, 3, 0, 0, // config list of nodes 1 and 2
			c, 0, 4, 2, 2, 8, 3, 0, 0, // membership
			3, 1, 1, // the grant is written
		}
	}
	f.Add(append(append(hello(1, 1), hello(2, 2)...), 5, 0, 5, 2, 2, 16, 1, 0, 0, 21, 0, 5, 2, 2, 17, 2, 0, 0, 4, 0, 40, 3, 0, 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4096 {
			return
		}
		var runs [2]*fuzzed
		for i := range runs {
			now := time.Unix(1_000_000, 0)
			runs[i] = &fuzzed{
				t: t, s: qnetd.New(modelConfig(), now, nil), Bytes: b, now: now,
				live: map[qnetd.ConnID]string{}, pending: map[string]qnetd.Persist{},
			}
			for len(runs[i].Bytes) > 0 {
				runs[i].turn()
			}
		}
		for i := range runs[0].told {
			if i >= len(runs[1].told) || runs[0].told[i] != runs[1].told[i] {
				t.Fatalf("output %d of equal histories differs: %s", i, runs[0].told[i])
			}
		}
	})
}
