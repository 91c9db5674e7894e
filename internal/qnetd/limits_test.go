// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/wire"
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

// crowd plays a cluster whose nodes do what they like.
type crowd struct {
	t    *testing.T
	s    *qnetd.Server
	now  time.Time
	conn map[qnet.NodeID]qnetd.ConnID
	last qnetd.ConnID
	seq  uint32
}

func newCrowd(t *testing.T) *crowd {
	now := time.Unix(1_000_000, 0)
	c := &crowd{t: t, s: qnetd.New(modelConfig(), now, nil), now: now.Add(time.Minute), conn: map[qnet.NodeID]qnetd.ConnID{}}
	return c // nothing is presumed any more (H6)
}

func (c *crowd) number() wire.Opt[uint32] {
	c.seq++
	return wire.Some(c.seq)
}

// send lets a node say something. Grants are on disk at once.
func (c *crowd) send(node qnet.NodeID, m wire.Message) (out []qnetd.Output) {
	out = slices.Clone(c.s.Step(c.now, qnetd.Received{Conn: c.conn[node], Msg: m}))
	return append(out, c.persist(out)...)
}

func (c *crowd) persist(out []qnetd.Output) (more []qnetd.Output) {
	for _, o := range out {
		if p, ok := o.(qnetd.Persist); ok {
			next := slices.Clone(c.s.Step(c.now, qnetd.Persisted{ID: p.ID}))
			more = append(more, next...)
			more = append(more, c.persist(next)...)
		}
	}
	return more
}

// init takes a node as far as its Init, which change may change, and returns the answer.
func (c *crowd) init(node qnet.NodeID, change func(*wire.Init)) wire.InitReply {
	c.t.Helper()
	c.last++
	c.conn[node] = c.last
	c.s.Step(c.now, qnetd.Connected{Conn: c.last})
	c.send(node, wire.Preinit{Seq: c.number(), ClusterName: wire.Some("prod")})
	m := wire.Init{
		Seq: c.number(), NodeID: wire.Some(node), Algorithm: wire.Some(qnet.LMS), Heartbeat: wire.Some(uint32(8000)),
		TieBreaker: wire.Some(qnet.TieBreaker{Mode: qnet.TieBreakerLowest}), RingID: wire.Some(qnet.RingID{Node: node, Seq: 4}),
		SupportedOptions: wire.Some(wire.NodeOptions()),
	}
	if change != nil {
		change(&m)
	}
	for _, o := range c.send(node, m) {
		if send, ok := o.(qnetd.Send); ok {
			if reply, ok := send.Msg.(wire.InitReply); ok {
				return reply
			}
		}
	}
	c.t.Fatalf("node %d has no answer to its Init", node)
	return wire.InitReply{}
}

// join takes a node as far as its Init, which must succeed.
func (c *crowd) join(node qnet.NodeID, change func(*wire.Init)) {
	c.t.Helper()
	if r := c.init(node, change); r.Code.V != wire.NoError {
		c.t.Fatalf("node %d was refused: %v (%s)", node, r.Code.V, r.Reason.V)
	}
}

func (c *crowd) list(node qnet.NodeID, kind qnet.ListType, ring qnet.RingID, ids ...qnet.NodeID) []qnetd.Output {
	return c.send(node, wire.NodeList{
		Seq: c.number(), ListType: wire.Some(kind), RingID: wire.Some(ring), Quorate: wire.Some(uint8(0)), Nodes: nodeList(ids),
	})
}

func stillCasting(m *wire.Init) { m.StillCasting = wire.Some(uint8(1)) }

func upTo(n int) (ids []qnet.NodeID) {
	for id := range qnet.NodeID(n) {
		ids = append(ids, id+1)
	}
	return ids
}

// refusal returns the code with which a list was refused.
func refusal(out []qnetd.Output) wire.ReplyError {
	for _, o := range out {
		if send, ok := o.(qnetd.Send); ok {
			if e, ok := send.Msg.(wire.ServerError); ok {
				return e.Code.V
			}
		}
	}
	return wire.NoError
}

// acked reports whether a node was told ACK.
func (c *crowd) acked(node qnet.NodeID, out []qnetd.Output) bool {
	return slices.ContainsFunc(out, func(o qnetd.Output) bool {
		send, ok := o.(qnetd.Send)
		info, is := send.Msg.(wire.VoteInfo)
		return ok && is && send.Conn == c.conn[node] && info.Vote.V == qnet.VoteACK
	})
}

// TestListsAreLimited: no list names more nodes than a cluster can have, nor do all
// configured nodes together.
func TestListsAreLimited(t *testing.T) {
	c := newCrowd(t)
	c.join(1, nil)
	c.join(400, nil)
	ring := qnet.RingID{Node: 1, Seq: 8}
	for _, kind := range []qnet.ListType{qnet.InitialConfig, qnet.ChangedConfig, qnet.Membership, qnet.Quorum} {
		if got := refusal(c.list(1, kind, ring, upTo(qnet.MaxNodes+1)...)); got != wire.ErrMessageTooLong {
			t.Errorf("%v of %d nodes: %v", kind, qnet.MaxNodes+1, got)
		}
		if got := refusal(c.list(1, kind, ring, upTo(qnet.MaxNodes)...)); got != wire.NoError {
			t.Errorf("%v of %d nodes: %v", kind, qnet.MaxNodes, got)
		}
	}
	if got := refusal(c.list(400, qnet.InitialConfig, ring, 400)); got != wire.ErrInvalidConfigNodeList {
		t.Errorf("one configured node more: %v", got)
	}
}

// TestNodesAreLimited: no more nodes are connected than a cluster can have.
func TestNodesAreLimited(t *testing.T) {
	c := newCrowd(t)
	for _, id := range upTo(qnet.MaxNodes) {
		c.join(id, nil)
	}
	r := c.init(qnet.MaxNodes+1, nil)
	if r.Code.V == wire.NoError || !r.Reason.Set {
		t.Errorf("one node more: %v, %q", r.Code.V, r.Reason.V)
	}
	c.s.Step(c.now, qnetd.Disconnected{Conn: c.conn[1]})
	c.join(qnet.MaxNodes+1, nil)
}

// TestHoldersAreLimited: no more nodes are taken at their word that they still cast the
// vote than are configured; but they may do so, and nobody else has the vote until that
// has ended (H9).
func TestHoldersAreLimited(t *testing.T) {
	c := newCrowd(t)
	c.join(1, stillCasting)
	c.list(1, qnet.InitialConfig, qnet.RingID{}, 1, 2)
	c.join(2, stillCasting)
	c.list(2, qnet.InitialConfig, qnet.RingID{}, 1, 2)
	if r := c.init(3, stillCasting); r.Code.V == wire.NoError || !r.Reason.Set {
		t.Fatalf("a third holder of two configured nodes: %v, %q", r.Code.V, r.Reason.V)
	}
	c.join(4, nil) // which says nothing of the kind
	ring := qnet.RingID{Node: 1, Seq: 12}
	out := append(c.list(1, qnet.Membership, ring, 1, 2), c.list(2, qnet.Membership, ring, 1, 2)...)
	if c.acked(1, out) || c.acked(2, out) {
		t.Fatal("the vote was given while node 3 may be casting it")
	}
	begin, at := c.now, time.Duration(0)
	for ; at == 0 && c.now.Before(begin.Add(time.Minute)); c.now = c.now.Add(time.Second) {
		for _, id := range []qnet.NodeID{1, 2} {
			out = append(c.send(id, wire.EchoRequest{Seq: c.number()}), c.send(id, wire.VoteInfoReply{Seq: wire.Some(uint32(1))})...)
			out = append(out, c.s.Step(c.now, qnetd.Tick{})...)
			if out = append(out, c.persist(out)...); c.acked(1, out) {
				at = c.now.Sub(begin)
			}
		}
	}
	if at < 28*time.Second || at > 30*time.Second {
		t.Errorf("the vote came after %v", at)
	}
}

// TestHoldersWithoutLists: where no node has told who is configured, as many may say that
// they still cast the vote as a cluster can have nodes.
func TestHoldersWithoutLists(t *testing.T) {
	c := newCrowd(t)
	for _, id := range upTo(qnet.MaxNodes) {
		c.join(id, stillCasting)
		if id > 1 { // one keeps the cluster in memory
			c.s.Step(c.now, qnetd.Disconnected{Conn: c.conn[id]})
		}
	}
	if r := c.init(1000, stillCasting); r.Code.V == wire.NoError {
		t.Error("one holder more was taken")
	}
	if n := len(c.s.Status(c.now).Clusters[0].Holders); n != qnet.MaxNodes {
		t.Errorf("%d holders", n)
	}
}

// TestGrantsMakeNoMoreHolders: a cluster whose nodes get the vote one after the other and
// go away has no more holders than a cluster can have nodes.
func TestGrantsMakeNoMoreHolders(t *testing.T) {
	c := newCrowd(t)
	c.join(1, nil)
	for id := qnet.NodeID(2); id < 2*qnet.MaxNodes; id++ {
		c.join(id, nil)
		ring := qnet.RingID{Node: 1, Seq: uint64(4 * id)}
		for _, n := range []qnet.NodeID{1, id} {
			c.list(n, qnet.InitialConfig, ring, 1, id)
		}
		c.list(1, qnet.Membership, ring, 1, id)
		acked := c.acked(id, c.list(id, qnet.Membership, ring, 1, id))
		if want := id <= qnet.MaxNodes; acked != want {
			t.Fatalf("node %d: acknowledged: %v", id, acked)
		}
		c.s.Step(c.now, qnetd.Disconnected{Conn: c.conn[id]})
	}
	if n := len(c.s.Status(c.now).Clusters[0].Holders); n != qnet.MaxNodes {
		t.Errorf("%d holders", n)
	}
}

// TestDeviceTimeoutIsLimited: a node whose last word would count for longer than 10 min
// is refused, and told why: a shorter hold would break the promise (H2).
func TestDeviceTimeoutIsLimited(t *testing.T) {
	c := newCrowd(t)
	timeout := func(ms uint32) func(*wire.Init) {
		return func(m *wire.Init) { m.DeviceTimeout = wire.Some(ms) }
	}
	for _, ms := range []uint32{600_001, 4_000_000_000} {
		r := c.init(1, timeout(ms))
		if r.Code.V != wire.ErrInvalidHeartbeat || !strings.Contains(r.Reason.V, "at most 600 s") {
			t.Errorf("%d ms: %v, %q", ms, r.Code.V, r.Reason.V)
		}
	}
	c.join(1, timeout(600_000))
	if r := c.init(2, func(m *wire.Init) { timeout(4_000_000_000)(m); m.SupportedOptions.V = wire.SupportedOptions() }); r.Reason.Set {
		t.Error("a node that takes no reasons was told one")
	}
}

// TestWorstCluster: with as many nodes as a cluster can have, each in a ring of its own
// with as many members, and all of them holders of it, no message takes so long that
// another cluster's echo would notice.
func TestWorstCluster(t *testing.T) {
	c := newCrowd(t)
	all := upTo(qnet.MaxNodes)
	for _, id := range all {
		c.join(id, stillCasting)
		c.list(id, qnet.InitialConfig, qnet.RingID{}, all...)
	}
	least := make([]time.Duration, 4)
	for round := range 2 { // the machine may be busy: the fastest of them counts
		for i, id := range all {
			ring := qnet.RingID{Node: 1, Seq: uint64(1000*(round+1) + i)}
			for k, f := range []func(){
				func() { c.list(id, qnet.Membership, ring, all...) },
				func() { c.list(id, qnet.ChangedConfig, qnet.RingID{}, all...) },
				func() {
					c.send(id, wire.HeuristicsChange{Seq: c.number(), Heuristics: qnet.Heuristics(1 + (round+i)%2)})
				},
				func() { c.send(id, wire.AskForVote{Seq: c.number()}) },
			} {
				begin := time.Now()
				f()
				if d := time.Since(begin); round == 1 && i > qnet.MaxNodes/2 && (least[k] == 0 || d < least[k]) {
					least[k] = d
				}
			}
		}
	}
	t.Logf("a membership, a config list, heuristics, a question: %v", least)
	for k, d := range least {
		if d > slower*10*time.Millisecond {
			t.Errorf("message %d took %v", k, d)
		}
	}
}

// stranger connects a client that is no node yet.
func (c *crowd) stranger() qnetd.ConnID {
	c.last++
	c.s.Step(c.now, qnetd.Connected{Conn: c.last})
	return c.last
}

// TestNamesAreLimited: no cluster's name is longer than one in a corosync.conf can be, and
// what is said of a longer one does not quote it.
func TestNamesAreLimited(t *testing.T) {
	c := newCrowd(t)
	for length, want := range map[int]bool{1: true, 497: true, 498: false, 32_000: false} {
		conn := c.stranger()
		out := c.s.Step(c.now, qnetd.Received{Conn: conn, Msg: wire.Preinit{Seq: c.number(), ClusterName: wire.Some(strings.Repeat("n", length))}})
		if code := refusal(out); (code == wire.NoError) != want {
			t.Errorf("%d bytes: %v", length, code)
		}
		for _, o := range out {
			if n, ok := o.(qnetd.Notice); ok && len(n.Text())+len(n.Cluster)+len(n.Reason) > 400 {
				t.Errorf("%d bytes: a line of %d", length, len(n.Text())+len(n.Cluster)+len(n.Reason))
			}
		}
	}
}

// TestStrangersAreNotToleratedForEver: a connection that is no node is given up when
// nothing that it sends can be used.
func TestStrangersAreNotToleratedForEver(t *testing.T) {
	c := newCrowd(t)
	for _, m := range []wire.Message{wire.EchoRequest{Seq: c.number()}, wire.Init{Seq: c.number()}, wire.StartTLS{Seq: c.number()}} {
		conn, sent := c.stranger(), 0
		closed := false
		for ; !closed && sent < 1000; sent++ {
			closed = slices.ContainsFunc(c.s.Step(c.now, qnetd.Received{Conn: conn, Msg: m}), func(o qnetd.Output) bool {
				_, ok := o.(qnetd.Close)
				return ok
			})
		}
		if sent != 33 {
			t.Errorf("%v: given up after %d messages", m.Type(), sent)
		}
	}
	conn := c.stranger()
	for range 1000 {
		c.s.Step(c.now, qnetd.Garbled{Conn: conn, Malformed: wire.Malformed{Fault: wire.FaultUnknownType}})
	}
	if n := c.s.Status(c.now).Clients; n != 0 {
		t.Errorf("%d clients are left", n)
	}
}

// TestSecurityPage: SECURITY.md states the limits that the tests of this package hold.
func TestSecurityPage(t *testing.T) {
	b, err := os.ReadFile("../../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	page := strings.Join(strings.Fields(string(b)), " ")
	for _, want := range []string{
		fmt.Sprintf("| connected nodes | %d,", qnet.MaxNodes), fmt.Sprintf("| nodes on a list | %d;", qnet.MaxNodes),
		fmt.Sprintf("| nodes that may be using the vote | %d; no more than are configured", qnet.MaxNodes),
		"| 10 minutes; a node with a longer one is refused", "| a cluster's name | 497 bytes", "| refused messages | 32,",
		"at most 1,000 clusters without a certificate, and forgets each of them a day after",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("SECURITY.md does not say %q", want)
		}
	}
}
