// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qdevice_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qdevice"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/random"
	"github.com/quorate/quorate/internal/wire"
)

// fuzzedNode plays what a fuzzer makes up to a node: Corosync, and any arbiter.
type fuzzedNode struct {
	random.Bytes // what the fuzzer has made up

	t     *testing.T
	n     *qdevice.Node
	now   time.Time
	up    bool        // there is a connection
	seq   uint32      // of the node's last message
	ring  qnet.RingID // Corosync's
	sure  bool        // an ACK for that ring has come since it was told
	again int         // ticks at one instant
	told  []string    // everything that came out
}

func (f *fuzzedNode) ids() (list qnet.NodeList) {
	bits := f.Byte()
	for i := range qnet.NodeID(8) {
		if bits>>i&1 == 1 {
			list = append(list, qnet.Node{ID: i + 1})
		}
	}
	return list
}

// turn plays one input.
func (f *fuzzedNode) turn() {
	f.now = f.now.Add(time.Duration(f.Byte()) * 20 * time.Millisecond)
	switch f.Byte() % 12 {
	case 0:
		f.step(qdevice.Configured{Nodes: f.ids(), Version: wire.Some(uint64(f.Byte()))})
	case 1:
		c := f.Byte()
		if ring := (qnet.RingID{Node: 1, Seq: uint64(c >> 2)}); ring != f.ring {
			f.ring, f.sure = ring, false
		}
		f.step(qdevice.Membership{Ring: f.ring, Members: qnet.SortIDs(append(f.ids().IDs(), 1))})
	case 2:
		f.step(qdevice.Quorum{Quorate: f.Byte()&1 == 1, Nodes: f.ids()})
	case 3:
		f.step(qdevice.HeuristicsDone{ID: uint64(f.Byte()), Result: qnet.Heuristics(f.Byte() % 3)})
	case 4:
		f.up = true
		f.step(qdevice.Connected{Host: "a", Address: "192.0.2.1:5403"})
	case 5:
		f.step(qdevice.Secured{})
	case 6:
		if f.up {
			f.up = false
			f.step(qdevice.Disconnected{Why: "gone"})
		}
	case 7:
		f.now = f.now.Add(time.Duration(f.Byte()) * time.Second)
		f.step(qdevice.Tick{})
	default:
		if f.up {
			f.received()
		}
	}
}

// received plays a message of an arbiter, well-formed or not.
func (f *fuzzedNode) received() {
	seq, c := wire.Some(f.seq), f.Byte()
	if c&64 != 0 {
		seq = wire.Some(uint32(f.Byte()))
	}
	ring, vote := wire.Some(f.ring), wire.Some(qnet.Vote(f.Byte()%6))
	if c&32 != 0 {
		ring = wire.Some(qnet.RingID{Node: 1, Seq: uint64(f.Byte() >> 2)})
	}
	var m wire.Message
	switch c % 9 {
	case 0:
		m = wire.PreinitReply{Seq: seq, TLS: wire.Some(wire.TLSSupport(f.Byte() % 3)), ClientCertRequired: wire.Some(uint8(1))}
	case 1:
		reply := wire.InitReply{
			Seq: seq, Code: wire.Some(wire.ReplyError(f.Byte() % 2)), MaxRequestSize: wire.Some(uint32(32768)), MaxReplySize: wire.Some(uint32(32768)),
			SupportedMessages: wire.Some(wire.SupportedMessages()), SupportedOptions: wire.Some(wire.SupportedOptions()),
			SupportedAlgorithms: wire.Some([]uint16{0, 1, 2, 3}), Reason: wire.Reason("so"),
		}
		if g := f.Byte(); g > 0 {
			reply.Grace = wire.Some(uint32(g) << 16)
		}
		m = reply
	case 2:
		m = wire.NodeListReply{Seq: seq, ListType: wire.Some(qnet.ListType(f.Byte() % 4)), RingID: ring, Vote: vote}
	case 3, 4:
		m = wire.VoteInfo{Seq: seq, RingID: ring, Vote: vote, Reason: wire.Reason("so")}
	case 5:
		m = wire.EchoReply{Seq: wire.Some(uint32(f.Byte()))}
	case 6:
		m = wire.AskForVoteReply{Seq: seq, RingID: ring, Vote: vote}
	case 7:
		m = wire.HeuristicsChangeReply{Seq: seq, RingID: ring, Vote: vote, Heuristics: qnet.Heuristics(f.Byte() % 3)}
	default:
		n := min(int(f.Byte()), len(f.Bytes))
		msg, bad := wire.Decode(wire.MessageType(seq.V%18), f.Bytes[:n])
		f.Bytes = f.Bytes[n:]
		if bad != nil {
			f.step(qdevice.Garbled{Malformed: *bad})
			return
		}
		m = msg
	}
	if acks(m, f.ring) {
		f.sure = true
	}
	f.step(qdevice.Received{Msg: m})
}

// acks reports whether a message gives the vote for a ring.
func acks(m wire.Message, ring qnet.RingID) bool {
	var r wire.Opt[qnet.RingID]
	var v wire.Opt[qnet.Vote]
	switch m := m.(type) {
	case wire.NodeListReply:
		r, v = m.RingID, m.Vote
	case wire.VoteInfo:
		r, v = m.RingID, m.Vote
	case wire.AskForVoteReply:
		r, v = m.RingID, m.Vote
	case wire.HeuristicsChangeReply:
		r, v = m.RingID, m.Vote
	}
	return v.V == qnet.VoteACK && r.V == ring
}

// step applies an input, and looks at what comes out.
func (f *fuzzedNode) step(in qdevice.Input) {
	for _, o := range f.n.Step(f.now, in) {
		f.told = append(f.told, fmt.Sprintf("%#v", o))
		switch o := o.(type) {
		case qdevice.Send:
			if b, err := wire.Append(nil, o.Msg); err != nil || len(b) > 32768 {
				f.t.Fatalf("%+v can't be sent: %d bytes, %v", o.Msg, len(b), err)
			}
			f.seq++
		case qdevice.Close:
			f.up = false
		case qdevice.Connect:
			f.seq = 0
		case qdevice.Poll:
			switch {
			case !o.Cast:
			case !f.sure:
				f.t.Fatalf("N1: the vote is cast in ring %v, for which no ACK has come", o.Ring)
			case o.Ring != f.ring:
				f.t.Fatalf("a poll for ring %v in ring %v", o.Ring, f.ring)
			}
		case qdevice.Notice:
			if o.Text() == "" {
				f.t.Fatalf("an event without words: %+v", o)
			}
		}
	}
	if at := f.n.Deadline(); !at.IsZero() && at.Before(f.now) {
		if f.again++; f.again > 3 {
			f.t.Fatalf("after %+v at %v a timer of %v is still to come", in, f.now, at)
		}
		f.step(qdevice.Tick{}) // as the shell does
	}
	f.again = 0
}

// FuzzNode plays anything that an arbiter can send, and anything that Corosync can tell, in
// any order and at any pace, to the node machine. It may not panic, cast a vote without an
// ACK for its ring (N1), or take two histories that are equal for different ones.
func FuzzNode(f *testing.F) {
	// A ring, the configuration, a connection without TLS, an ACK, echoes.
	start := []byte{
		0, 0, 3, 1, 0, 1, 20, 0, 0, 4, 0, 8, 0, 0, 0, 0, 8, 1, 0, 0, 200, 0, 8, 2, 4, 0, 0, 8, 2, 4, 2, 0, 8, 3, 1,
	}
	f.Add(start)
	f.Add(append(append([]byte{}, start...), 200, 7, 3, 0, 8, 5, 0, 1, 200, 7, 3, 0, 6, 0, 7, 30, 0, 1, 24, 0, 0, 2, 1, 3))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4096 {
			return
		}
		cfg := qdevice.Config{
			Cluster: "prod", Node: 1, Algorithm: qnet.FFSplit, TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerLowest},
			Timeout: 10 * time.Second, SyncTimeout: 30 * time.Second, Heartbeat: 8 * time.Second, ConnectTimeout: 8 * time.Second,
			WithdrawTime: 400 * time.Millisecond, HeuristicsTimeout: 5 * time.Second, HeuristicsSync: 15 * time.Second,
			HeuristicsInterval: 30 * time.Second, MinReplySize: 32768, MaxReplySize: 16 << 20, Seed: 1,
		}
		if len(b) > 0 {
			cfg.Heuristics, cfg.TLS = qdevice.HeuristicsMode(b[0]>>6%3), wire.TLSSupport(b[0]>>4%3)
		}
		var runs [2]*fuzzedNode
		for i := range runs {
			now := time.Unix(1_000_000, 0)
			runs[i] = &fuzzedNode{t: t, n: qdevice.New(cfg, now), Bytes: b, now: now}
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
