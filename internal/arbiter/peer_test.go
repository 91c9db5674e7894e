// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"crypto/tls"
	"net"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// peer is a client that a test plays by hand.
type peer struct {
	t      *testing.T
	c      net.Conn
	stream *wire.Stream
	seq    uint32
	node   qnet.NodeID
	cert   *tls.Certificate // nil: no TLS

	sessions tls.ClientSessionCache // nil: it keeps none, so it resumes none
}

func (a *arbiterUnderTest) dial(t *testing.T) *peer {
	t.Helper()
	c, err := net.Dial("tcp", a.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &peer{t: t, c: c, stream: wire.NewStream(1 << 20), cert: a.cert}
}

func (p *peer) send(m wire.Message) {
	p.t.Helper()
	b, err := wire.Append(nil, m)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.c.Write(b); err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) recv() (wire.Message, error) {
	buf := make([]byte, 4096)
	for {
		if m, bad, ok := p.stream.Next(); ok {
			if bad != nil {
				return nil, bad.Err
			}
			return m, nil
		}
		n, err := p.c.Read(buf)
		if err != nil {
			return nil, err
		}
		p.stream.Push(buf[:n])
	}
}

func (p *peer) next() wire.Message {
	p.t.Helper()
	m, err := p.recv()
	if err != nil {
		p.t.Fatalf("node %d: %v", p.node, err)
	}
	return m
}

func (p *peer) number() wire.Opt[uint32] {
	p.seq++
	return wire.Some(p.seq)
}

func initMessage(node qnet.NodeID, ring qnet.RingID) wire.Init {
	return wire.Init{
		NodeID: wire.Some(node), Algorithm: wire.Some(qnet.FFSplit), Heartbeat: wire.Some(uint32(8000)),
		TieBreaker: wire.Some(qnet.TieBreaker{Mode: qnet.TieBreakerLowest}), RingID: wire.Some(ring),
	}
}

// join takes a client through its Init.
func (p *peer) join(cluster string, node qnet.NodeID, ring qnet.RingID) wire.ReplyError {
	p.t.Helper()
	p.node = node
	p.send(wire.Preinit{Seq: p.number(), ClusterName: wire.Some(cluster)})
	p.next()
	if p.cert != nil {
		p.secure(p.cert)
	}
	init := initMessage(node, ring)
	init.Seq = p.number()
	p.send(init)
	switch m := p.next().(type) {
	case wire.InitReply:
		return m.Code.V
	case wire.ServerError:
		return m.Code.V
	}
	return wire.ErrInternal
}

func nodes(ids ...qnet.NodeID) (l qnet.NodeList) {
	for _, id := range ids {
		l = append(l, qnet.Node{ID: id})
	}
	return l
}

// enter joins the cluster prod of nodes 1 and 2, and reports a ring with these members.
func (p *peer) enter(node qnet.NodeID, ring qnet.RingID, members ...qnet.NodeID) {
	p.t.Helper()
	if code := p.join("prod", node, ring); code != wire.NoError {
		p.t.Fatal(code)
	}
	p.config(1, 2)
	p.report(ring, members...)
}

// config and report send the two lists that a vote needs.
func (p *peer) config(ids ...qnet.NodeID) {
	p.send(wire.NodeList{Seq: p.number(), ListType: wire.Some(qnet.InitialConfig), Nodes: nodes(ids...)})
}

func (p *peer) report(ring qnet.RingID, ids ...qnet.NodeID) {
	p.send(wire.NodeList{Seq: p.number(), ListType: wire.Some(qnet.Membership), RingID: wire.Some(ring), Nodes: nodes(ids...)})
}

// vote waits for a vote info with ACK or NACK and answers every one.
func (p *peer) vote() qnet.Vote {
	p.t.Helper()
	for {
		if v, ok := p.next().(wire.VoteInfo); ok {
			p.send(wire.VoteInfoReply{Seq: v.Seq})
			if v.Vote.V == qnet.VoteACK || v.Vote.V == qnet.VoteNACK {
				return v.Vote.V
			}
		}
	}
}

// echo proves that the connection works.
func (p *peer) echo() {
	p.t.Helper()
	seq := p.number()
	p.send(wire.EchoRequest{Seq: seq})
	for {
		if e, ok := p.next().(wire.EchoReply); ok {
			if e.Seq != seq {
				p.t.Fatalf("echo %v answered with %v", seq, e.Seq)
			}
			return
		}
	}
}

var whole = qnet.RingID{Node: 1, Seq: 9}

// pair joins two nodes that get their vote.
func (a *arbiterUnderTest) pair(t *testing.T, cluster string) [2]*peer {
	t.Helper()
	var ps [2]*peer
	for i := range ps {
		ps[i] = a.dial(t)
		if code := ps[i].join(cluster, qnet.NodeID(i+1), whole); code != wire.NoError {
			t.Fatalf("node %d: %v", i+1, code)
		}
		ps[i].config(1, 2)
		ps[i].report(whole, 1, 2)
	}
	for _, p := range ps {
		if v := p.vote(); v != qnet.VoteACK {
			t.Fatalf("node %d: %v", p.node, v)
		}
	}
	return ps
}
