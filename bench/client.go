// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// client plays one node.
type client struct {
	node    qnet.NodeID
	cluster string
	conn    net.Conn
	seq     uint32
	acked   chan ack       // each ACK that comes
	echoed  chan time.Time // each echo's answer; it is dropped when nobody waits for it

	mu sync.Mutex // of writes
}

type ack struct {
	ring qnet.RingID
	at   time.Time
}

// dial connects and retries: C's short backlog is not what is measured. An
// arbiter that refuses has ended.
func dial() (net.Conn, error) {
	var err error
	for range 50 {
		var c net.Conn
		if c, err = net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), 10*time.Second); err == nil || errors.Is(err, unix.ECONNREFUSED) {
			return c, err
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil, err
}

// hello takes a node up to its Init.
func hello(cluster string, node qnet.NodeID, ring qnet.RingID, cert *tls.Certificate) (*client, error) {
	conn, err := dial()
	if err != nil {
		return nil, err
	}
	c := &client{node: node, cluster: cluster, conn: conn, acked: make(chan ack, 16), echoed: make(chan time.Time, 1)}
	if err := c.handshake(ring, cert); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("%s node %d: %w", cluster, node, err)
	}
	return c, nil
}

// connect takes a node through everything up to its membership list.
func connect(cluster string, node qnet.NodeID, ring qnet.RingID, cert *tls.Certificate) (*client, error) {
	c, err := hello(cluster, node, ring, cert)
	if err != nil {
		return nil, err
	}
	go c.read()
	list := qnet.NodeList{{ID: 1}, {ID: 2}}
	c.send(wire.NodeList{Seq: c.next(), ListType: wire.Some(qnet.InitialConfig), ConfigVersion: wire.Some(uint64(1)), Nodes: list})
	c.report(ring, 1, 2)
	return c, nil
}

func (c *client) handshake(ring qnet.RingID, cert *tls.Certificate) error {
	stream := wire.NewStream(1 << 20)
	if _, err := c.ask(stream, wire.Preinit{Seq: c.next(), ClusterName: wire.Some(c.cluster)}); err != nil {
		return err
	}
	if cert != nil {
		c.send(wire.StartTLS{Seq: c.next()})
		t := tls.Client(c.conn, &tls.Config{
			InsecureSkipVerify:   true, //nolint:gosec // the load does not check whom it loads
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return cert, nil },
		})
		if err := t.Handshake(); err != nil {
			return err
		}
		c.conn = t
	}
	m, err := c.ask(stream, wire.Init{
		Seq: c.next(), SupportedMessages: wire.Some(wire.SupportedMessages()), SupportedOptions: wire.Some(wire.SupportedOptions()),
		NodeID: wire.Some(c.node), Algorithm: wire.Some(qnet.FFSplit), Heartbeat: wire.Some(uint32(8000)),
		TieBreaker: wire.Some(qnet.TieBreaker{Mode: qnet.TieBreakerLowest}), RingID: wire.Some(ring),
	})
	if err != nil {
		return err
	}
	if r, ok := m.(wire.InitReply); !ok || r.Code.V != wire.NoError {
		return fmt.Errorf("answered with %+v", m)
	}
	return nil
}

func (c *client) next() wire.Opt[uint32] {
	c.seq++
	return wire.Some(c.seq)
}

func (c *client) ask(s *wire.Stream, m wire.Message) (wire.Message, error) {
	c.send(m)
	buf := make([]byte, 1024)
	for {
		if m, bad, ok := s.Next(); ok {
			if bad != nil {
				return nil, bad.Err
			}
			return m, nil
		}
		n, err := c.conn.Read(buf)
		if err != nil {
			return nil, err
		}
		s.Push(buf[:n])
	}
}

// send writes a message. An error shows in the next read.
func (c *client) send(m wire.Message) {
	b, err := wire.Append(nil, m)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = c.conn.Write(b)
}

func (c *client) report(ring qnet.RingID, ids ...qnet.NodeID) {
	var list qnet.NodeList
	for _, id := range ids {
		list = append(list, qnet.Node{ID: id})
	}
	c.send(wire.NodeList{Seq: c.next(), ListType: wire.Some(qnet.Membership), RingID: wire.Some(ring), Nodes: list})
}

// read answers votes until the connection ends.
func (c *client) read() {
	stream := wire.NewStream(1 << 20)
	buf := make([]byte, 256)
	for {
		n, err := c.conn.Read(buf)
		if err != nil {
			close(c.acked)
			close(c.echoed)
			return
		}
		at := time.Now()
		stream.Push(buf[:n])
		for {
			m, _, ok := stream.Next()
			if !ok {
				break
			}
			if _, ok := m.(wire.EchoReply); ok {
				select {
				case c.echoed <- at:
				default:
				}
			}
			if v, ok := m.(wire.VoteInfo); ok {
				c.send(wire.VoteInfoReply{Seq: v.Seq})
				if v.Vote.V == qnet.VoteACK {
					c.acked <- ack{ring: v.RingID.V, at: at}
				}
			}
		}
	}
}

// await waits for the ACK for a ring and returns when it came.
func (c *client) await(ring qnet.RingID) (time.Time, error) {
	limit := time.After(60 * time.Second)
	for {
		select {
		case a, ok := <-c.acked:
			if !ok {
				return time.Time{}, fmt.Errorf("%s node %d was disconnected", c.cluster, c.node)
			}
			if a.ring == ring {
				return a.at, nil
			}
		case <-limit:
			return time.Time{}, fmt.Errorf("%s node %d got no vote for ring %s", c.cluster, c.node, ring)
		}
	}
}

// pair is a cluster of two nodes.
type pair struct {
	nodes [2]*client
	ring  uint64
}

func together(seq uint64) qnet.RingID            { return qnet.RingID{Node: 1, Seq: seq} }
func alone(id qnet.NodeID, n uint64) qnet.RingID { return qnet.RingID{Node: id, Seq: n} }

// connectPairs connects n clusters, at most width connections at a time, and
// waits until all have their vote.
func connectPairs(n, width int, certs []*tls.Certificate) ([]*pair, error) {
	pairs := make([]*pair, n)
	errs := make(chan error, n)
	slots := make(chan struct{}, width)
	for i := range n {
		go func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			var cert *tls.Certificate
			if certs != nil {
				cert = certs[i]
			}
			p := &pair{ring: 5}
			var err error
			for j := range p.nodes {
				for try := range 50 { // a full backlog shows as a reset, too: a node would try again
					if p.nodes[j], err = connect(clusterName(i), qnet.NodeID(j+1), together(p.ring), cert); err == nil || try == 49 || errors.Is(err, unix.ECONNREFUSED) {
						break
					}
					time.Sleep(100 * time.Millisecond)
				}
				if err != nil {
					errs <- err
					return
				}
			}
			for _, c := range p.nodes {
				if _, err = c.await(together(p.ring)); err != nil {
					break
				}
			}
			pairs[i] = p
			errs <- err
		}()
	}
	var first error
	for range n {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return slices.DeleteFunc(pairs, func(p *pair) bool { return p == nil }), first
}

func closeAll(pairs []*pair) {
	for _, p := range pairs {
		for _, c := range p.nodes {
			_ = c.conn.Close()
		}
	}
}
