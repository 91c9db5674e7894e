// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"quorate/internal/qnet"
	"quorate/internal/qnetd"
	"quorate/internal/wire"
)

// TestReportersAreMembers: clients that claim thousands of node IDs in a ring
// leave nothing in what is recorded of it (SEC-6), and supersede nothing (H4).
func TestReportersAreMembers(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	s := qnetd.New(modelConfig(), now, nil)
	now = now.Add(time.Minute) // nothing is presumed any more (H6)
	ring := qnet.RingID{Node: 1, Seq: 9}
	conn := qnetd.ConnID(0)
	join := func(node qnet.NodeID) []qnetd.Output {
		conn++
		s.Step(now, qnetd.Connected{Conn: conn})
		var out []qnetd.Output
		for _, m := range []wire.Message{
			wire.Preinit{Seq: wire.Some(uint32(1)), ClusterName: wire.Some("prod")},
			wire.Init{
				Seq: wire.Some(uint32(2)), NodeID: wire.Some(node), Algorithm: wire.Some(qnet.FFSplit), Heartbeat: wire.Some(uint32(8000)),
				TieBreaker: wire.Some(qnet.TieBreaker{Mode: qnet.TieBreakerLowest}), RingID: wire.Some(ring),
			},
			wire.NodeList{Seq: wire.Some(uint32(3)), ListType: wire.Some(qnet.InitialConfig), Nodes: qnet.NodeList{{ID: 1}, {ID: 2}, {ID: node}}},
			wire.NodeList{Seq: wire.Some(uint32(4)), ListType: wire.Some(qnet.Membership), RingID: wire.Some(ring), Nodes: qnet.NodeList{{ID: 1}, {ID: 2}}},
		} {
			out = append(out, slices.Clone(s.Step(now, qnetd.Received{Conn: conn, Msg: m}))...)
		}
		return out
	}
	join(99_999) // keeps the cluster in memory
	for id := range qnet.NodeID(3000) {
		join(id + 3) // its membership list is refused: the node is not in it
		s.Step(now, qnetd.Disconnected{Conn: conn})
	}
	out := join(1)
	at := slices.IndexFunc(out, func(o qnetd.Output) bool { _, ok := o.(qnetd.Persist); return ok })
	if at < 0 {
		t.Fatal("no grant was to be recorded")
	}
	if got := fmt.Sprint(out[at].(qnetd.Persist).Grant.Rings); got != "[{1.9 [1 2] [1]}]" {
		t.Errorf("recorded rings %.200s", got)
	}
}
