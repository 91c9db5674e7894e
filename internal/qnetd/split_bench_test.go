// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd_test

import (
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/wire"
)

// BenchmarkSplit is what the machine itself takes for one split and its healing.
func BenchmarkSplit(b *testing.B) {
	s := qnetd.New(modelConfig(), scenarioStart, nil)
	now := scenarioStart
	var step func(in qnetd.Input)
	step = func(in qnetd.Input) {
		var next []qnetd.Input
		for _, o := range s.Step(now, in) {
			switch o := o.(type) {
			case qnetd.Send:
				if v, ok := o.Msg.(wire.VoteInfo); ok {
					next = append(next, qnetd.Received{Conn: o.Conn, Msg: wire.VoteInfoReply{Seq: v.Seq}})
				}
			case qnetd.Persist:
				next = append(next, qnetd.Persisted{ID: o.ID})
			}
		}
		for _, in := range next {
			step(in)
		}
	}
	report := func(conn qnetd.ConnID, ring qnet.RingID, ids ...qnet.NodeID) {
		var list qnet.NodeList
		for _, id := range ids {
			list = append(list, qnet.Node{ID: id})
		}
		step(qnetd.Received{Conn: conn, Msg: wire.NodeList{
			Seq: wire.Some(uint32(9)), ListType: wire.Some(qnet.Membership), RingID: wire.Some(ring), Nodes: list,
		}})
	}
	for c := qnetd.ConnID(1); c <= 2; c++ {
		step(qnetd.Connected{Conn: c})
		step(qnetd.Received{Conn: c, Msg: wire.Preinit{ClusterName: wire.Some("prod")}})
		step(qnetd.Received{Conn: c, Msg: wire.Init{
			NodeID: wire.Some(qnet.NodeID(c)), Algorithm: wire.Some(qnet.FFSplit), Heartbeat: wire.Some(uint32(8000)),
			TieBreaker: wire.Some(qnet.TieBreaker{Mode: qnet.TieBreakerLowest}), RingID: wire.Some(qnet.RingID{Node: 1, Seq: 1}),
		}})
		step(qnetd.Received{Conn: c, Msg: wire.NodeList{
			Seq: wire.Some(uint32(9)), ListType: wire.Some(qnet.InitialConfig), Nodes: qnet.NodeList{{ID: 1}, {ID: 2}},
		}})
	}
	seq := uint64(1)
	for b.Loop() {
		now = now.Add(time.Second)
		seq++
		report(2, qnet.RingID{Node: 2, Seq: seq}, 2)
		report(1, qnet.RingID{Node: 1, Seq: seq}, 1)
		seq++
		report(2, qnet.RingID{Node: 1, Seq: seq}, 1, 2)
		report(1, qnet.RingID{Node: 1, Seq: seq}, 1, 2)
	}
}
