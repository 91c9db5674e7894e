// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/wire"
)

// granted makes a cluster of one node with a record, whose node then goes away. It returns
// whether the node was taken, and the clusters whose records went.
func (c *crowd) granted(cluster string, cert bool) (code wire.ReplyError, gone []string) {
	conn := c.stranger()
	step := func(in qnetd.Input) {
		out := append([]qnetd.Output(nil), c.s.Step(c.now, in)...)
		for _, o := range append(out, c.persist(out)...) {
			switch o := o.(type) {
			case qnetd.Forget:
				gone = append(gone, o.Cluster)
			case qnetd.Send:
				if r, ok := o.Msg.(wire.InitReply); ok {
					code = r.Code.V
				}
			}
		}
	}
	step(qnetd.Received{Conn: conn, Msg: wire.Preinit{Seq: c.number(), ClusterName: wire.Some(cluster)}})
	if cert {
		step(qnetd.Secured{Conn: conn, Cert: true, CN: cluster})
	}
	ring := qnet.RingID{Node: 1, Seq: 4}
	step(qnetd.Received{Conn: conn, Msg: wire.Init{
		Seq: c.number(), NodeID: wire.Some(qnet.NodeID(1)), Algorithm: wire.Some(qnet.LMS), Heartbeat: wire.Some(uint32(8000)),
		TieBreaker: wire.Some(qnet.TieBreaker{Mode: qnet.TieBreakerLowest}), RingID: wire.Some(ring),
	}})
	for _, kind := range []qnet.ListType{qnet.InitialConfig, qnet.Membership} {
		step(qnetd.Received{Conn: conn, Msg: wire.NodeList{Seq: c.number(), ListType: wire.Some(kind), RingID: wire.Some(ring), Nodes: nodeList([]qnet.NodeID{1})}})
	}
	step(qnetd.Disconnected{Conn: conn})
	return code, gone
}

// mostClusters is how many clusters without a certificate are known at a time.
const mostClusters = 1000

// TestUnenrolledAreLimited: where no certificate is needed, no more clusters than that are
// known, on the disk or in memory. One that can't hold anything any more gives way, an
// enrolled one never, and one that may hold something neither (H6).
func TestUnenrolledAreLimited(t *testing.T) {
	c := newCrowd(t)
	if code, _ := c.granted("enrolled", true); code != wire.NoError {
		t.Fatal(code)
	}
	for i := range mostClusters {
		if code, gone := c.granted(fmt.Sprint("c", i), false); code != wire.NoError || len(gone) > 0 {
			t.Fatalf("cluster %d: %v, %v", i, code, gone)
		}
	}
	if code, _ := c.granted("one more", false); code == wire.NoError {
		t.Error("one more was taken while all may hold the vote")
	}
	if code, _ := c.granted("enrolled too", true); code != wire.NoError {
		t.Errorf("an enrolled cluster: %v", code)
	}
	if code, _ := c.granted("c7", false); code != wire.NoError {
		t.Errorf("a cluster that is known: %v", code)
	}
	c.now = c.now.Add(time.Minute)
	for i, want := range []string{"c0", "c1", "c2"} {
		if code, gone := c.granted(fmt.Sprint("later", i), false); code != wire.NoError || fmt.Sprint(gone) != "["+want+"]" {
			t.Errorf("one more: %v, and the records of %v go", code, gone)
		}
	}
}

// TestUnenrolledExpire: a day after its last node has gone a cluster without a certificate
// is forgotten, also one that was on record at the start; one with a certificate is not.
func TestUnenrolledExpire(t *testing.T) {
	c := newCrowd(t)
	c.granted("plain", false)
	c.granted("enrolled", true)
	old := qnet.Grant{Ring: qnet.RingID{Node: 1, Seq: 4}, Members: []qnet.NodeID{1}}
	kept := old
	kept.Enrolled = true
	restarted := qnetd.New(modelConfig(), c.now, []qnetd.Stored{{Cluster: "plain", Grant: old}, {Cluster: "enrolled", Grant: kept}})
	strict := modelConfig()
	strict.TLS = wire.TLSRequired
	for name, tt := range map[string]struct {
		s    *qnetd.Server
		want string
	}{
		"in use":    {c.s, "[plain]"},
		"restarted": {restarted, "[plain]"},
		"with TLS":  {qnetd.New(strict, c.now, []qnetd.Stored{{Cluster: "plain", Grant: old}}), "[]"},
	} {
		var gone []string
		for now := c.now; now.Before(c.now.Add(25 * time.Hour)); now = now.Add(10 * time.Minute) {
			for _, o := range tt.s.Step(now, qnetd.Tick{}) {
				if f, ok := o.(qnetd.Forget); ok {
					gone = append(gone, f.Cluster)
					if d := now.Sub(c.now); d < 24*time.Hour {
						t.Errorf("%s: %s after %v", name, f.Cluster, d)
					}
				}
			}
		}
		if fmt.Sprint(gone) != tt.want {
			t.Errorf("%s: the records of %v went, want %s", name, gone, tt.want)
		}
	}
}
