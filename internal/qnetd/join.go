// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import (
	"slices"
	"strconv"
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/hold"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// init handles Init (section 2.3). The first check that fails decides the
// code (Q2), and nothing of a refused Init is kept.
func (s *Server) init(now time.Time, c *client, m wire.Init) {
	if c.cluster != nil {
		s.refuse(c, m.Seq, wire.ErrUnexpectedMessage) // one Init a connection (SEC-3)
		return
	}
	code, why := s.checkInit(now, c, m)
	reply := wire.InitReply{
		Code:                wire.Some(code),
		Seq:                 m.Seq,
		MaxRequestSize:      wire.Some(s.cfg.MaxRequestSize),
		MaxReplySize:        wire.Some(s.cfg.MaxReplySize),
		SupportedAlgorithms: wire.Some([]uint16{uint16(qnet.Test), uint16(qnet.FFSplit), uint16(qnet.TwoNodeLMS), uint16(qnet.LMS)}),
	}
	if m.SupportedMessages.Set {
		reply.SupportedMessages = wire.Some(wire.SupportedMessages())
	}
	if m.SupportedOptions.Set {
		reply.SupportedOptions = wire.Some(wire.SupportedOptions())
	}
	if code != wire.NoError {
		s.note(s.refused(c, m.NodeID.V, code, why))
		if wire.TakesReasons(m.SupportedOptions.V) {
			reply.Reason = wire.Reason(why)
		}
		s.send(c, reply)
		s.countRefused(c)
		return
	}
	if s.cfg.MaxClients > 0 && s.nodes >= s.cfg.MaxClients {
		s.note(c.event(event.Error, event.ClientRefused).WithReason(reasonFull))
		s.close(c, "limit of clients reached")
		return
	}
	if g := s.cfg.holdTimes().Grace(paceOf(m)); g > 0 {
		reply.Grace = wire.Some(uint32(g.Milliseconds()))
	}
	if r := s.cfg.Register; !r.IsZero() && wire.TakesRegister(m.SupportedOptions.V) {
		reply.Register = wire.Some(r)
	}
	s.send(c, reply)
	s.join(now, c, m)
}

// refused is the event of a node's being refused.
func (s *Server) refused(c *client, id qnet.NodeID, code wire.ReplyError, why string) event.Event {
	if why == "" {
		why = code.Sentence()
	}
	e := c.event(event.Error, event.NodeRefused).WithReason(why)
	if e.Node = id; s.clusters[c.name] != nil {
		e.Names = s.clusters[c.name].names
	}
	return e
}

// checkInit returns the code with which an Init is refused, or NoError, and the reason
// where the code does not say it.
func (s *Server) checkInit(now time.Time, c *client, m wire.Init) (code wire.ReplyError, why string) {
	switch {
	case !c.preinit:
		return wire.ErrPreinitRequired, ""
	case !m.NodeID.Set || m.NodeID.V == 0, !m.RingID.Set, !m.Heartbeat.Set:
		return wire.ErrRequiredOptionMissing, ""
	case m.Heartbeat.V < s.cfg.HeartbeatMin || m.Heartbeat.V > s.cfg.HeartbeatMax:
		return wire.ErrInvalidHeartbeat, ""
	case !m.TieBreaker.Set, !m.Algorithm.Set:
		return wire.ErrRequiredOptionMissing, ""
	case !m.Algorithm.V.Known():
		return wire.ErrUnsupportedAlgorithm, ""
	case m.DeviceTimeout.V > s.cfg.deviceTimeoutMax():
		return wire.ErrInvalidHeartbeat, "quorum.device.timeout is " + seconds(m.DeviceTimeout.V) + ", and the arbiter accepts at most " +
			seconds(s.cfg.deviceTimeoutMax()) + ": after a crash it would keep the vote from everybody else for that long"
	}
	cl := s.clusters[c.name]
	if cl == nil {
		return s.checkClusters(now, c)
	}
	for _, o := range cl.clients {
		switch {
		case !o.tieBreaker.Equal(m.TieBreaker.V):
			return wire.ErrTieBreakerDiffers, ""
		case o.algorithm != m.Algorithm.V:
			return wire.ErrAlgorithmDiffers, ""
		case o.node == m.NodeID.V:
			s.suspect(now, o)
			return wire.ErrDuplicateNodeID, "another connection, from " + event.Host(o.addr) + ", is " + cl.names.Of(o.node) + " already. " +
				"Either two machines have the same nodeid in corosync.conf, or two clusters have the same name; " +
				"if this node has only just lost its connection, the old one is dropped within seconds"
		}
	}
	return s.checkRoom(now, cl, m)
}

// checkRoom refuses nodes and holders beyond what a cluster can have.
func (s *Server) checkRoom(now time.Time, cl *cluster, m wire.Init) (code wire.ReplyError, why string) {
	if len(cl.clients) >= qnet.MaxNodes {
		return wire.ErrInternal, strconv.Itoa(qnet.MaxNodes) + " nodes of this cluster are connected already, and Corosync allows no more"
	}
	if !casts(m) || cl.ledger.Holding(m.NodeID.V) || cl.ledger.Count() < cl.mostHolders() {
		return wire.NoError, ""
	}
	// The node is not taken at its word, but it may be true: nobody gets the vote until what
	// it casts has ended (H9).
	cl.ledger.Refused(now, paceOf(m))
	return wire.ErrInternal, "the node says that it still casts the vote, but all nodes of this cluster that can are known already"
}

// casts reports whether a node says that it has kept its vote over a lost connection (H9).
func casts(m wire.Init) bool { return m.StillCasting.Set && m.StillCasting.V == 1 }

func paceOf(m wire.Init) hold.Pace {
	return hold.Pace{Heartbeat: m.Heartbeat.V, Timeout: m.DeviceTimeout.V}
}

// mostHolders is how many nodes may say that they are still casting: no more than are
// configured, as far as a connected node has told the arbiter.
func (cl *cluster) mostHolders() int {
	if n := len(cl.configured(nil)); n > 0 {
		return n
	}
	return qnet.MaxNodes
}

// configured returns the nodes in any connected node's config list, but for one node's.
func (cl *cluster) configured(but *client) (ids []qnet.NodeID) {
	for _, c := range cl.clients {
		if c != but {
			ids = qnet.Union(ids, c.config)
		}
	}
	return ids
}

func seconds(ms uint32) string { return strconv.FormatFloat(float64(ms)/1000, 'f', -1, 64) + " s" }

// join makes a connection a node of its cluster.
func (s *Server) join(now time.Time, c *client, m wire.Init) {
	cl := s.clusters[c.name]
	if cl == nil {
		cl = &cluster{name: c.name, ledger: hold.New(s.cfg.holdTimes(), s.started)}
		s.clusters[c.name] = cl
	}
	s.enrol(cl, c)
	if len(cl.clients) == 0 {
		s.idle = slices.DeleteFunc(s.idle, func(o *cluster) bool { return o == cl })
		s.firsts++
		cl.order = s.firsts
	}
	c.cluster = cl
	s.nodes++
	c.node, c.algorithm, c.tieBreaker = m.NodeID.V, m.Algorithm.V, m.TieBreaker.V
	c.ring, c.kap = m.RingID.V, s.cfg.KeepActivePartition
	c.reasons, c.reason = wire.TakesReasons(m.SupportedOptions.V), voteReason{clause: whyNoLists}
	at, _ := slices.BinarySearchFunc(cl.clients, c.node, byClient)
	cl.clients = slices.Insert(cl.clients, at, c)
	if cl.ledger.Joined(now, c.node, c.ring, paceOf(m), casts(m)) {
		c.remembered = qnet.VoteACK // no newcomer, whatever became of its connection or of the arbiter
	}
	if c.algorithm == qnet.Test {
		s.note(c.event(event.Warning, event.TestAlgorithm))
	}
	e := c.event(event.Info, event.NodeConnected)
	e.What = c.algorithm.String() + ", tie-breaker " + c.tieBreaker.String()
	s.note(e)
	s.armClient(c)
	s.settle(now, cl)
}
