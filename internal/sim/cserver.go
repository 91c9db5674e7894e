// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"cmp"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/timing"
	"github.com/quorate/quorate/internal/wire"
)

// cServer is a model of the rules of corosync-qnetd 3.0.3 for ffsplit: a silent
// client is given up after 1.5 heartbeats, a restart forgets who had the vote, a
// vote info's answer ends whatever the client is in the middle of, and a closed
// connection's vote is given away at once. It is here to be caught.
type cServer struct {
	cfg     qnetd.Config
	clients []*cClient // by node ID, those without one first
	quorate []qnet.NodeID
	out     []qnetd.Output
}

// round is what a client is in the middle of.
type round uint8

const (
	idle round = iota
	toNACK
	toACK
	sentNACK
	sentACK
)

type cClient struct {
	conn       qnetd.ConnID
	node       qnet.NodeID // 0 until Init
	heartbeat  time.Duration
	lastHeard  time.Time
	tieBreaker qnet.TieBreaker
	kap        bool
	config     []qnet.NodeID
	ring       qnet.RingID
	members    []qnet.NodeID
	seq        uint32
	round      round
}

func newCServer(cfg qnetd.Config) *cServer { return &cServer{cfg: cfg} }

// dpdAt is when the client is given up.
func (s *cServer) dpdAt(c *cClient) time.Time {
	return c.lastHeard.Add(time.Duration(s.cfg.DPDFactor * float64(c.heartbeat)))
}

// Deadline implements server.
func (s *cServer) Deadline() (at time.Time) {
	for _, c := range s.clients {
		if c.node != 0 {
			at = timing.Earliest(at, s.dpdAt(c))
		}
	}
	return at
}

// Step implements server.
func (s *cServer) Step(now time.Time, in qnetd.Input) []qnetd.Output {
	s.out = s.out[:0]
	switch in := in.(type) {
	case qnetd.Connected:
		s.clients = slices.Insert(s.clients, 0, &cClient{conn: in.Conn, lastHeard: now})
	case qnetd.Disconnected:
		if c := s.client(in.Conn); c != nil {
			s.drop(c)
		}
	case qnetd.Received:
		if c := s.client(in.Conn); c != nil {
			c.lastHeard = now
			s.received(c, in.Msg)
		}
	}
	for _, c := range slices.Clone(s.clients) {
		if c.node != 0 && !now.Before(s.dpdAt(c)) {
			s.out = append(s.out, qnetd.Close{Conn: c.conn, Why: "silent"})
			s.drop(c)
		}
	}
	return s.out
}

func (s *cServer) client(id qnetd.ConnID) *cClient {
	for _, c := range s.clients {
		if c.conn == id {
			return c
		}
	}
	return nil
}

func (s *cServer) drop(c *cClient) {
	s.clients = slices.DeleteFunc(s.clients, func(o *cClient) bool { return o == c })
	if c.node != 0 {
		s.evaluate()
	}
}

func (s *cServer) send(c *cClient, m wire.Message) {
	s.out = append(s.out, qnetd.Send{Conn: c.conn, Msg: m})
}

func (s *cServer) received(c *cClient, m wire.Message) {
	switch m := m.(type) {
	case wire.Preinit:
		s.send(c, wire.PreinitReply{Seq: m.Seq, TLS: wire.Some(wire.TLSUnsupported), ClientCertRequired: wire.Some(uint8(1))})
	case wire.Init:
		s.init(c, m)
	case wire.EchoRequest:
		s.send(c, wire.EchoReply{Seq: m.Seq})
	case wire.SetOption:
		if m.KeepActivePartition.Set {
			c.kap = m.KeepActivePartition.V == 1
		}
		s.send(c, wire.SetOptionReply{Seq: m.Seq, KeepActivePartition: m.KeepActivePartition})
	case wire.NodeList:
		s.nodeList(c, m)
	case wire.VoteInfoReply:
		s.confirmed(c, m.Seq.V)
	}
}

func (s *cServer) init(c *cClient, m wire.Init) {
	code := wire.NoError
	if slices.ContainsFunc(s.clients, func(o *cClient) bool { return o.node == m.NodeID.V }) {
		code = wire.ErrDuplicateNodeID
	} else {
		c.node, c.ring, c.tieBreaker = m.NodeID.V, m.RingID.V, m.TieBreaker.V
		c.heartbeat = time.Duration(m.Heartbeat.V) * time.Millisecond
		slices.SortStableFunc(s.clients, func(a, b *cClient) int { return cmp.Compare(a.node, b.node) })
	}
	s.send(c, wire.InitReply{
		Seq: m.Seq, Code: wire.Some(code), MaxRequestSize: wire.Some(s.cfg.MaxRequestSize), MaxReplySize: wire.Some(s.cfg.MaxReplySize),
		SupportedMessages: wire.Some(wire.SupportedMessages()), SupportedOptions: wire.Some(wire.SupportedOptions()),
		SupportedAlgorithms: wire.Some([]uint16{uint16(qnet.Test), uint16(qnet.FFSplit), uint16(qnet.TwoNodeLMS), uint16(qnet.LMS)}),
	})
}

// nodeList takes a report. The votes that it causes go before its reply.
func (s *cServer) nodeList(c *cClient, m wire.NodeList) {
	vote := qnet.VoteNoChange
	switch m.ListType.V {
	case qnet.InitialConfig:
		c.config, vote = m.Nodes.IDs(), qnet.VoteAskLater
	case qnet.ChangedConfig:
		if c.config = m.Nodes.IDs(); c.members == nil {
			vote = qnet.VoteAskLater
		} else if !s.evaluate() {
			vote = qnet.VoteWaitForReply
		}
	case qnet.Membership:
		c.ring, c.members = m.RingID.V, m.Nodes.IDs()
		if c.config == nil {
			vote = qnet.VoteAskLater
		} else if !s.evaluate() {
			vote = qnet.VoteWaitForReply
		}
	}
	s.send(c, wire.NodeListReply{Seq: m.Seq, ListType: m.ListType, RingID: wire.Some(c.ring), Vote: wire.Some(vote)})
}

// nodes are the clients that have sent Init.
func (s *cServer) nodes() []*cClient {
	i := slices.IndexFunc(s.clients, func(c *cClient) bool { return c.node != 0 })
	if i < 0 {
		return nil
	}
	return s.clients[i:]
}

// stable reports whether what the nodes have reported goes together.
func (s *cServer) stable() bool {
	nodes := s.nodes()
	for _, p := range nodes {
		for _, m := range nodes {
			switch {
			case !slices.Equal(p.config, m.config):
				return false
			case !slices.Contains(p.members, m.node):
			case p.ring != m.ring || slices.ContainsFunc(p.members, func(id qnet.NodeID) bool { return !slices.Contains(m.members, id) }):
				return false
			}
		}
	}
	return true
}

// evaluate decides, and starts a new round of votes. It reports false while the
// reports do not go together.
func (s *cServer) evaluate() bool {
	if !s.stable() {
		return false
	}
	best := s.winner()
	s.quorate = nil
	if best != nil {
		s.quorate = best.members
	}
	for _, c := range s.nodes() {
		c.round = toNACK
		if slices.Contains(s.quorate, c.node) {
			c.round = toACK
		}
	}
	waiting := false
	for _, c := range s.nodes() {
		if c.round == toNACK {
			s.vote(c, qnet.VoteNACK)
			waiting = true
		}
	}
	if !waiting {
		s.sendACKs()
	}
	return true
}

func (s *cServer) vote(c *cClient, v qnet.Vote) {
	c.seq++
	if c.round = sentNACK; v == qnet.VoteACK {
		c.round = sentACK
	}
	s.send(c, wire.VoteInfo{Seq: wire.Some(c.seq), Vote: wire.Some(v), RingID: wire.Some(c.ring)})
	s.out = append(s.out, qnetd.Notice{Event: event.Event{Kind: event.VoteSent, Level: event.Info, Node: c.node, Ring: c.ring, Vote: v, Reason: "C's rules say so", What: "C's rules say so"}})
}

func (s *cServer) sendACKs() {
	for _, c := range s.nodes() {
		if c.round == toACK {
			s.vote(c, qnet.VoteACK)
		}
	}
}

// confirmed takes the answer to the latest vote info. Whichever round it
// belongs to, the client leaves the present one.
func (s *cServer) confirmed(c *cClient, seq uint32) {
	if seq != c.seq {
		return
	}
	c.round = idle
	if !slices.ContainsFunc(s.nodes(), func(o *cClient) bool { return o.round == toNACK || o.round == sentNACK }) {
		s.sendACKs()
	}
}

// winner walks the nodes and keeps the best partition.
func (s *cServer) winner() (best *cClient) {
	for _, c := range s.nodes() {
		if c.members == nil {
			continue
		}
		m, n := len(c.members), len(c.config)
		switch {
		case 2*m > n:
			best = c
		case n%2 == 1 || 2*m < n:
		case best == nil:
			best = c
		case slices.Equal(best.members, c.members):
		case s.better(c, best):
			best = c
		}
	}
	return best
}

// better compares two halves.
func (s *cServer) better(c, best *cClient) bool {
	if a, b := s.connected(c), s.connected(best); a != b {
		return a > b
	}
	kap := !slices.ContainsFunc(s.nodes(), func(o *cClient) bool { return !o.kap })
	if a, b := slices.Contains(s.quorate, c.node), slices.Contains(s.quorate, best.node); kap && a != b {
		return a
	}
	preferred := c.tieBreaker.ID
	switch c.tieBreaker.Mode {
	case qnet.TieBreakerLowest:
		preferred = slices.Min(c.config)
	case qnet.TieBreakerHighest:
		preferred = slices.Max(c.config)
	}
	return slices.Contains(c.members, preferred)
}

func (s *cServer) connected(p *cClient) (n int) {
	for _, c := range s.nodes() {
		if slices.Contains(p.members, c.node) {
			n++
		}
	}
	return n
}
